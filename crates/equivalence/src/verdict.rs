//! What a check answers.

use crate::json::Writer;
use crate::parting::Place;

/// The class of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The relation holds, within `Verdict::bounds` if there are any.
    Proved,
    /// It does not, and `Verdict::counterexample` shows it.
    Refuted,
    /// Neither, for `Verdict::reason`.
    Unknown,
}

impl Decision {
    /// `proved`, `refuted` or `unknown`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Proved => "proved",
            Self::Refuted => "refuted",
            Self::Unknown => "unknown",
        }
    }
}

/// An input on which the two functions part, replayed in the interpreter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counterexample {
    /// Parameter and its value, in order.
    pub arguments: Vec<(String, String)>,
    /// Memory block and its bytes in hexadecimal, `..` for poison.
    pub memory: Vec<(String, String)>,
    /// What the source does.
    pub source: String,
    /// What the target does.
    pub target: String,
    /// Where the source parts from the target, and where the target from the source, if that can be said: the first instruction that
    /// computes what the other side never does.
    pub parts_at: [Option<Place>; 2],
}

/// The answer to a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Proved, refuted or unknown.
    pub decision: Decision,
    /// How it was decided: `structural`, `loop-bisimulation`, `sat`, `exhaustive`, `concrete`.
    pub method: Option<&'static str>,
    /// Limits of a proof; empty means unbounded.
    pub bounds: Vec<(&'static str, u64)>,
    /// Assumptions that were asked for.
    pub assumptions: Vec<String>,
    /// For a refutation.
    pub counterexample: Option<Counterexample>,
    /// For unknown: `parse-error`, `signature-mismatch`, `unsupported-instruction`, `floating-point`, `external-call`, `memory-model`,
    /// `undef`, `loop-bound`, `budget`, `internal-disagreement`.
    pub reason: Option<&'static str>,
    /// More words for `reason`, or for where the two part.
    pub detail: Option<String>,
}

impl Verdict {
    pub(crate) fn proved(method: &'static str) -> Self {
        Self {
            method: Some(method),
            ..Self::blank(Decision::Proved)
        }
    }

    pub(crate) fn refuted(
        method: &'static str,
        counterexample: Counterexample,
        detail: String,
    ) -> Self {
        Self {
            method: Some(method),
            counterexample: Some(counterexample),
            detail: Some(detail),
            ..Self::blank(Decision::Refuted)
        }
    }

    pub(crate) fn unknown(reason: &'static str, detail: impl Into<String>) -> Self {
        Self {
            reason: Some(reason),
            detail: Some(detail.into()),
            ..Self::blank(Decision::Unknown)
        }
    }

    fn blank(decision: Decision) -> Self {
        Self {
            decision,
            method: None,
            bounds: Vec::new(),
            assumptions: Vec::new(),
            counterexample: None,
            reason: None,
            detail: None,
        }
    }

    /// One JSON object with the keys `verdict`, `method`, `bounds`, `assumptions`, `counterexample`, `reason`, `detail`; those that do not apply are absent.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut w = Writer::default();
        w.open();
        w.text("verdict", self.decision.name());
        if let Some(method) = self.method {
            w.text("method", method);
        }
        if !self.bounds.is_empty() {
            w.key("bounds");
            w.open();
            for (name, value) in &self.bounds {
                w.number(name, *value);
            }
            w.close();
        }
        if !self.assumptions.is_empty() {
            w.list("assumptions", &self.assumptions);
        }
        if let Some(c) = &self.counterexample {
            w.key("counterexample");
            w.open();
            w.key("arguments");
            w.open();
            c.arguments
                .iter()
                .for_each(|(name, value)| w.text(name, value));
            w.close();
            if !c.memory.is_empty() {
                w.key("memory");
                w.open();
                c.memory
                    .iter()
                    .for_each(|(name, value)| w.text(name, value));
                w.close();
            }
            w.text("source", &c.source);
            w.text("target", &c.target);
            if c.parts_at.iter().any(Option::is_some) {
                w.key("parts_at");
                w.open();
                for (side, place) in ["source", "target"].iter().zip(&c.parts_at) {
                    let Some(place) = place else { continue };
                    w.key(side);
                    w.open();
                    w.number("line", place.line.into());
                    w.text("instruction", &place.instruction);
                    if let Some(value) = &place.value {
                        w.text("value", value);
                    }
                    w.close();
                }
                w.close();
            }
            w.close();
        }
        if let Some(reason) = self.reason {
            w.text("reason", reason);
        }
        if let Some(detail) = &self.detail {
            w.text("detail", detail);
        }
        w.close();
        w.finish()
    }
}
