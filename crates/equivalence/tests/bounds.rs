//! What a bound excuses, and what it does not.

use calque_equivalence::{Decision, Options, check};

/// A loop that counts in three bits while `condition` holds of the counter.
fn counts(condition: &str) -> String {
    format!(
        "define i8 @f(i8 noundef %x) {{
entry:
  br label %loop
loop:
  %i = phi i3 [ 0, %entry ], [ %next, %loop ]
  %next = add nuw i3 %i, 1
  %more = icmp {condition}
  br i1 %more, label %loop, label %exit
exit:
  ret i8 %x
}}"
    )
}

#[test]
fn undefined_behaviour_before_the_bound_is_seen() {
    let options = Options {
        unroll: 9,
        ..Options::default()
    };
    // Always true: the eighth turn overflows, and the branch on it is undefined.
    let verdict = check(
        &counts("ule i3 %next, 3"),
        &counts("sle i3 %next, 3"),
        &options,
    );
    assert_ne!(verdict.decision, Decision::Proved, "{}", verdict.to_json());
}
