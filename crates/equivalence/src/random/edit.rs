//! One small change of a function's text.

use crate::inputs::Random;

const SWAPS: &[(&str, &[&str])] = &[
    (" nsw ", &[" "]),
    (" nuw ", &[" "]),
    (" exact ", &[" "]),
    (" disjoint ", &[" "]),
    (" nneg ", &[" "]),
    (
        "= add ",
        &["= sub ", "= add nsw ", "= add nuw ", "= xor ", "= or "],
    ),
    ("= sub ", &["= add ", "= sub nsw ", "= sub nuw ", "= xor "]),
    ("= mul ", &["= mul nsw ", "= mul nuw ", "= shl ", "= and "]),
    ("= and ", &["= or ", "= xor ", "= mul "]),
    ("= or ", &["= or disjoint ", "= xor ", "= add "]),
    ("= xor ", &["= or ", "= sub ", "= add "]),
    ("= shl ", &["= shl nsw ", "= shl nuw ", "= lshr "]),
    ("= lshr ", &["= ashr ", "= lshr exact ", "= udiv "]),
    ("= ashr ", &["= lshr ", "= ashr exact "]),
    ("= udiv ", &["= sdiv ", "= udiv exact ", "= lshr "]),
    ("= sdiv ", &["= udiv ", "= sdiv exact "]),
    ("= urem ", &["= srem ", "= and "]),
    ("= srem ", &["= urem "]),
    ("= zext ", &["= sext ", "= zext nneg "]),
    ("= sext ", &["= zext "]),
    ("= trunc ", &["= trunc nsw ", "= trunc nuw "]),
    ("icmp eq ", &["icmp ne ", "icmp ule ", "icmp sge "]),
    ("icmp ne ", &["icmp eq ", "icmp ugt ", "icmp slt "]),
    ("icmp ult ", &["icmp ule ", "icmp slt ", "icmp ne "]),
    ("icmp ule ", &["icmp ult ", "icmp sle "]),
    ("icmp ugt ", &["icmp uge ", "icmp sgt ", "icmp ne "]),
    ("icmp uge ", &["icmp ugt ", "icmp sge "]),
    ("icmp slt ", &["icmp sle ", "icmp ult "]),
    ("icmp sle ", &["icmp slt ", "icmp ule "]),
    ("icmp sgt ", &["icmp sge ", "icmp ugt "]),
    ("icmp sge ", &["icmp sgt ", "icmp uge "]),
    ("= freeze i1 ", &["= and i1 true, ", "= or i1 false, "]),
    (".smax.", &[".umax.", ".smin."]),
    (".smin.", &[".umin.", ".smax."]),
    (".umax.", &[".smax."]),
    (".umin.", &[".smin."]),
    (".fshl.", &[".fshr."]),
    (".sadd.sat.", &[".uadd.sat.", ".ssub.sat."]),
    (" 0", &[" 1"]),
    (" 1", &[" 0", " 2", " -1"]),
    (" 2", &[" 1", " 3"]),
    (" -1", &[" 1", " 0"]),
    (", true", &[", false"]),
    (", false", &[", true"]),
    (" noundef ", &[" "]),
    ("align 1", &["align 2"]),
];

/// A function that differs from this one in one place, if a place is found; the change need not be well-formed.
pub(super) fn edit(text: &str, random: &mut Random) -> Option<String> {
    for _ in 0..20 {
        let (from, to) = SWAPS[random.below(SWAPS.len() as u64) as usize];
        let places: Vec<usize> = text.match_indices(from).map(|(at, _)| at).collect();
        if places.is_empty() {
            continue;
        }
        let at = places[random.below(places.len() as u64) as usize];
        let end = at + from.len();
        // A number ends where its digits do.
        let digit = |c: u8| c.is_ascii_digit();
        if from.as_bytes()[from.len() - 1].is_ascii_digit()
            && text.as_bytes().get(end).copied().is_some_and(digit)
        {
            continue;
        }
        let to = to[random.below(to.len() as u64) as usize];
        return Some(format!("{}{to}{}", &text[..at], &text[end..]));
    }
    None
}
