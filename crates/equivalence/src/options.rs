//! What a check is asked.

use crate::signature::Signature;

/// How the two functions are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Relation {
    /// The target's behaviours are among the source's: what a correct compiler pass guarantees. Not symmetric.
    #[default]
    Refines,
    /// Each refines the other.
    Equivalent,
    /// Same result wherever both are defined. Symmetric, not transitive.
    Agrees,
}

impl Relation {
    /// From `refines`, `equivalent` or `agrees`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "refines" => Some(Self::Refines),
            "equivalent" => Some(Self::Equivalent),
            "agrees" => Some(Self::Agrees),
            _ => None,
        }
    }
}

/// Settings of one check.
#[derive(Clone, Debug)]
pub struct Options {
    /// Name of the function on both sides; without it the only one defined, or `src` and `tgt`.
    pub function: Option<String>,
    /// What the functions take and give in common, where their languages pass it differently; without it as it stands in the texts.
    pub signature: Option<Signature>,
    /// How to compare.
    pub relation: Relation,
    /// Iterations to unroll loops that no unbounded proof covers; 0 unrolls nothing.
    pub unroll: u32,
    /// No argument is undef or poison.
    pub noundef_arguments: bool,
    /// No two pointer arguments reach the same memory.
    pub disjoint_arguments: bool,
    /// Conflicts that the SAT solver may spend on one check.
    pub conflicts: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            function: None,
            signature: None,
            relation: Relation::Refines,
            unroll: 0,
            noundef_arguments: false,
            disjoint_arguments: false,
            conflicts: 40_000,
        }
    }
}

impl Options {
    /// Turns on one of the names of `assume`: `noundef-arguments` or `disjoint-arguments`. False for an unknown name.
    pub fn assume(&mut self, name: &str) -> bool {
        match name {
            "noundef-arguments" => self.noundef_arguments = true,
            "disjoint-arguments" => self.disjoint_arguments = true,
            _ => return false,
        }
        true
    }

    /// The names of the assumptions that are on.
    #[must_use]
    pub fn assumptions(&self) -> Vec<String> {
        let all = [
            (self.noundef_arguments, "noundef-arguments"),
            (self.disjoint_arguments, "disjoint-arguments"),
        ];
        all.iter()
            .filter(|(on, _)| *on)
            .map(|(_, name)| (*name).to_string())
            .collect()
    }
}
