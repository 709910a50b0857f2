//! And-inverter graph with structural hashing.

use calque_ir::collections::HashMap;

/// A signed reference to a gate: twice its index, plus one where negated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Bit(pub(crate) u32);

pub(crate) const FALSE: Bit = Bit(0);
pub(crate) const TRUE: Bit = Bit(1);

impl Bit {
    pub(crate) fn not(self) -> Self {
        Self(self.0 ^ 1)
    }

    pub(crate) fn gate(self) -> usize {
        (self.0 >> 1) as usize
    }

    pub(crate) fn negated(self) -> bool {
        self.0 & 1 == 1
    }

    fn flip_if(self, flip: bool) -> Self {
        if flip { self.not() } else { self }
    }
}

/// A gate: nothing for the constant and inputs, two inputs for a conjunction.
pub(crate) type Gate = Option<(Bit, Bit)>;

pub(crate) struct Aig {
    pub(crate) gates: Vec<Gate>,
    ids: HashMap<(Bit, Bit), Bit>,
}

/// Beyond this many gates the answer is *budget*.
pub(crate) const GATE_LIMIT: usize = 600_000;

impl Aig {
    pub(crate) fn new() -> Self {
        Self {
            gates: vec![None],
            ids: HashMap::default(),
        }
    }

    pub(crate) fn full(&self) -> bool {
        self.gates.len() > GATE_LIMIT
    }

    pub(crate) fn input(&mut self) -> Bit {
        self.gates.push(None);
        Bit((self.gates.len() as u32 - 1) * 2)
    }

    pub(crate) fn and(&mut self, a: Bit, b: Bit) -> Bit {
        let (a, b) = if a < b { (a, b) } else { (b, a) };
        if a == FALSE || a == b.not() {
            return FALSE;
        }
        if a == TRUE || a == b {
            return b;
        }
        if let Some(&bit) = self.ids.get(&(a, b)) {
            return bit;
        }
        if self.full() {
            return FALSE;
        }
        self.gates.push(Some((a, b)));
        let bit = Bit((self.gates.len() as u32 - 1) * 2);
        self.ids.insert((a, b), bit);
        bit
    }

    pub(crate) fn or(&mut self, a: Bit, b: Bit) -> Bit {
        self.and(a.not(), b.not()).not()
    }

    pub(crate) fn xor(&mut self, a: Bit, b: Bit) -> Bit {
        // One polarity, so that equal gates meet.
        let flip = a.negated() != b.negated();
        let (a, b) = (Bit(a.0 & !1), Bit(b.0 & !1));
        let (one, other) = (self.and(a, b.not()), self.and(a.not(), b));
        self.or(one, other).flip_if(flip)
    }

    pub(crate) fn choose(&mut self, c: Bit, a: Bit, b: Bit) -> Bit {
        if a == b {
            return a;
        }
        if a == b.not() {
            return self.xor(c, b);
        }
        let (yes, no) = (self.and(c, a), self.and(c.not(), b));
        self.or(yes, no)
    }
}
