//! A value of the target as a linear expression of values of the source.

use calque_ir::collections::HashMap;

use calque_ir::interpreter::Scalar;
use calque_ir::{Function, Type, ValueId, fold};

use crate::graph::{Graph, Node};
use crate::prove::lane_violation;
use crate::symbolic::{Lane, Lanes, Stop, World};

/// How a source value is brought to the width of the target's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    Same,
    Sign,
    Zero,
    Cut,
}

/// `base + sum(coefficient * fit(value)) + constant`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expression {
    /// A pointer of the source; `None` for integers.
    pub(super) base: Option<ValueId>,
    pub(super) terms: Vec<(ValueId, Fit, i128)>,
    pub(super) constant: i128,
    pub(super) width: u32,
}

impl Expression {
    pub(super) fn of(value: ValueId, fit: Fit, width: u32) -> Self {
        Self {
            base: None,
            terms: vec![(value, fit, 1)],
            constant: 0,
            width,
        }
    }

    /// As a lane, given the source's values.
    pub(super) fn lane(
        &self,
        g: &mut Graph,
        lanes: &HashMap<ValueId, Lanes>,
    ) -> Result<Lane, Stop> {
        let find = |id: &ValueId| match lanes.get(id).map(Vec::as_slice) {
            Some([one]) => Ok(*one),
            _ => Stop::because("loop-bound", "a value of the relation is not available"),
        };
        let no = g.truth(false);
        let mut sum = g.constant(self.constant as u128, self.width);
        let mut poison = Vec::new();
        let mut provenance = g.constant(0, 32);
        if let Some(base) = &self.base {
            let lane = find(base)?;
            sum = g.add(sum, lane.value);
            poison.push(lane.poison);
            provenance = lane.provenance;
        }
        for (id, fit, coefficient) in &self.terms {
            let lane = find(id)?;
            let value = match fit {
                Fit::Same => lane.value,
                Fit::Sign => g.sign_extend(lane.value, self.width),
                Fit::Zero => g.zero_extend(lane.value, self.width),
                Fit::Cut => g.extract(lane.value, 0, self.width),
            };
            if self.base.is_none()
                && self.terms.len() == 1
                && *fit == Fit::Same
                && *coefficient == 1
            {
                provenance = lane.provenance;
            }
            let part = g.scale(value, *coefficient as u128);
            sum = g.add(sum, part);
            poison.push(lane.poison);
        }
        Ok(Lane {
            value: sum,
            poison: g.any(&poison),
            undef: no,
            provenance,
        })
    }
}

/// What a value of the target is at a cut: what the source's expression is, or whatever it likes where that is poison.
#[derive(Clone, Debug)]
pub(super) struct Counterpart {
    pub(super) expression: Expression,
    /// It never is poison itself, also where the source's is.
    pub(super) sound: bool,
}

impl Counterpart {
    /// All that the target's value can be, given the source's values.
    pub(super) fn target(
        &self,
        g: &mut Graph,
        lanes: &HashMap<ValueId, Lanes>,
    ) -> Result<Lane, Stop> {
        let lane = self.expression.lane(g, lanes)?;
        if !self.sound || g.is_false(lane.poison) {
            return Ok(lane);
        }
        let any = g.variable(self.expression.width);
        let provenance = match g.as_constant(lane.provenance) {
            Some(0) => lane.provenance,
            _ => World::foreign(g),
        };
        Ok(Lane {
            value: g.choose(lane.poison, any, lane.value),
            poison: g.truth(false),
            undef: lane.undef,
            provenance: g.choose(lane.poison, provenance, lane.provenance),
        })
    }

    /// Where a value of the target is not that.
    pub(super) fn broken(
        &self,
        g: &mut Graph,
        lanes: &HashMap<ValueId, Lanes>,
        found: Lane,
    ) -> Result<Node, Stop> {
        let expected = self.expression.lane(g, lanes)?;
        let mut wrong = vec![lane_violation(g, expected, found)];
        if self.sound {
            wrong.extend([found.poison, found.undef]);
        }
        Ok(g.any(&wrong))
    }
}

/// Values of the source and of one value of the target at the visits of a pair of cuts.
pub(super) struct Samples<'a> {
    pub(super) source: &'a Function,
    /// Source values in order of preference.
    pub(super) values: &'a [ValueId],
    /// Per visit: the source's values and the target's.
    pub(super) rows: Vec<(&'a HashMap<ValueId, Scalar>, Scalar)>,
}

impl Samples<'_> {
    /// What fits every row, best first.
    pub(super) fn counterparts(&self, ty: &Type) -> Vec<Counterpart> {
        let mut values = self.rows.iter().map(|(_, y)| y);
        let never = !values.any(|y| matches!(y, Scalar::Poison | Scalar::Undef));
        let claims: &[bool] = if never { &[true, false] } else { &[false] };
        let mut out = Vec::new();
        for expression in self.expressions(ty) {
            out.extend(claims.iter().map(|&sound| Counterpart {
                expression: expression.clone(),
                sound,
            }));
        }
        out
    }

    /// Expressions that fit every row, best first.
    fn expressions(&self, ty: &Type) -> Vec<Expression> {
        let mut out = Vec::new();
        match ty {
            Type::Pointer => self.pointers(&mut out),
            Type::Int(width) => self.integers(*width, &mut out),
            _ => {}
        }
        out.dedup();
        out.truncate(12);
        out
    }

    /// A column of integers, `None` where the row says nothing (poison).
    fn column(&self, id: ValueId, fit: Fit, width: u32) -> Option<Vec<Option<u128>>> {
        let from = self.source.ty(id).int_bits()?;
        self.rows
            .iter()
            .map(|(values, _)| match values.get(&id)? {
                Scalar::Int(bits) => Some(Some(match fit {
                    Fit::Sign => fold::signed(*bits, from) as u128 & fold::mask(width),
                    _ => bits & fold::mask(width),
                })),
                Scalar::Poison => Some(None),
                _ => None,
            })
            .collect()
    }

    fn columns(&self, width: u32) -> Vec<(ValueId, Fit, Vec<Option<u128>>)> {
        let mut out = Vec::new();
        for &id in self.values {
            let Some(from) = self.source.ty(id).int_bits() else {
                continue;
            };
            let fits: &[Fit] = match from.cmp(&width) {
                std::cmp::Ordering::Equal => &[Fit::Same],
                std::cmp::Ordering::Less => &[Fit::Sign, Fit::Zero],
                std::cmp::Ordering::Greater => &[Fit::Cut],
            };
            for &fit in fits {
                out.extend(self.column(id, fit, width).map(|c| (id, fit, c)));
            }
        }
        out
    }

    fn integers(&self, width: u32, out: &mut Vec<Expression>) {
        let Some(goal) = self.goal() else { return };
        let columns = self.columns(width);
        let matches = |column: &[Option<u128>], f: &dyn Fn(u128) -> u128| {
            column.iter().zip(&goal).all(|(x, y)| match (x, y) {
                (None, _) => true,
                (Some(x), Some(y)) => f(*x) & fold::mask(width) == *y,
                (Some(_), None) => false,
            })
        };
        for (id, fit, column) in &columns {
            if matches(column, &|x| x) {
                out.push(Expression::of(*id, *fit, width));
            }
        }
        for (id, fit, column) in &columns {
            if let Some((factor, constant)) = line(column, &goal, width) {
                let fits = matches(column, &|x| {
                    x.wrapping_mul(factor as u128)
                        .wrapping_add(constant as u128)
                });
                if fits && (factor, constant) != (1, 0) {
                    out.push(Expression {
                        base: None,
                        terms: vec![(*id, *fit, factor)],
                        constant,
                        width,
                    });
                }
            }
        }
        for (i, (a, fa, x)) in columns.iter().enumerate() {
            for (b, fb, y) in &columns[i + 1..] {
                for (ka, kb) in [
                    (1i128, 1i128),
                    (1, -1),
                    (-1, 1),
                    (4, 1),
                    (1, 4),
                    (-1, -1),
                    (2, 1),
                    (1, 2),
                ] {
                    let mixed: Vec<Option<u128>> = x
                        .iter()
                        .zip(y)
                        .map(|(x, y)| {
                            Some(
                                (*x)?
                                    .wrapping_mul(ka as u128)
                                    .wrapping_add((*y)?.wrapping_mul(kb as u128)),
                            )
                        })
                        .collect();
                    let Some(constant) = mixed
                        .iter()
                        .zip(&goal)
                        .find_map(|(m, g)| Some((*g)?.wrapping_sub((*m)?)))
                    else {
                        continue;
                    };
                    let constant = fold::signed(constant & fold::mask(width), width);
                    if constant.abs() <= 16
                        && matches(&mixed, &|m| m.wrapping_add(constant as u128))
                    {
                        out.push(Expression {
                            base: None,
                            terms: vec![(*a, *fa, ka), (*b, *fb, kb)],
                            constant,
                            width,
                        });
                    }
                }
            }
            if out.len() > 24 {
                break;
            }
        }
        if let Some(first) = goal.iter().flatten().next()
            && goal.iter().all(|g| *g == Some(*first))
        {
            out.push(Expression {
                base: None,
                terms: Vec::new(),
                constant: fold::signed(*first, width),
                width,
            });
        }
    }

    fn goal(&self) -> Option<Vec<Option<u128>>> {
        self.rows
            .iter()
            .map(|(_, y)| match y {
                Scalar::Int(bits) => Some(Some(*bits)),
                Scalar::Poison => Some(None),
                _ => None,
            })
            .collect()
    }

    fn pointers(&self, out: &mut Vec<Expression>) {
        for &base in self
            .values
            .iter()
            .filter(|v| *self.source.ty(**v) == Type::Pointer)
        {
            let mut offsets = Vec::new();
            for (values, y) in &self.rows {
                match (values.get(&base), y) {
                    (Some(Scalar::Pointer(p)), Scalar::Pointer(q)) if p.block == q.block => {
                        offsets.push(Some(
                            q.offset.wrapping_sub(p.offset) as u128 & fold::mask(64),
                        ));
                    }
                    (Some(Scalar::Poison), _) => offsets.push(None),
                    _ => break,
                }
            }
            if offsets.len() < self.rows.len() {
                continue;
            }
            let plain = |terms, constant| Expression {
                base: Some(base),
                terms,
                constant,
                width: 64,
            };
            if let Some(first) = offsets.iter().flatten().next()
                && offsets.iter().flatten().all(|o| o == first)
            {
                out.push(plain(Vec::new(), fold::signed(*first, 64)));
            }
            for (id, fit, column) in self.columns(64) {
                if let Some((factor, constant)) = line(&column, &offsets, 64) {
                    let fits = column.iter().zip(&offsets).all(|(x, y)| match (x, y) {
                        (Some(x), Some(y)) => {
                            x.wrapping_mul(factor as u128)
                                .wrapping_add(constant as u128)
                                & fold::mask(64)
                                == *y
                        }
                        _ => true,
                    });
                    if fits {
                        out.push(plain(vec![(id, fit, factor)], constant));
                    }
                }
            }
        }
    }
}

/// Factor and constant of the line through two rows with different x; both small.
fn line(x: &[Option<u128>], y: &[Option<u128>], width: u32) -> Option<(i128, i128)> {
    let mut points = x
        .iter()
        .zip(y)
        .filter_map(|(x, y)| Some((fold::signed((*x)?, width), fold::signed((*y)?, width))));
    let (x0, y0) = points.next()?;
    let (x1, y1) = points.find(|(x, _)| *x != x0)?;
    let (dx, dy) = (x1.checked_sub(x0)?, y1.checked_sub(y0)?);
    if dx == 0 || dy % dx != 0 {
        return None;
    }
    let factor = dy / dx;
    let constant = y0.checked_sub(factor.checked_mul(x0)?)?;
    (factor != 0 && factor.abs() <= 64 && constant.abs() <= 1 << 40).then_some((factor, constant))
}
