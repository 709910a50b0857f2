//! What an instruction does; operands are `ValueId`s of the same function.

use crate::module::{BlockId, CallEffects, ParameterAttributes, ValueId};
use crate::types::Type;

/// Two-operand integer arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are the language's own")]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    UDiv,
    SDiv,
    URem,
    SRem,
    Shl,
    LShr,
    AShr,
    And,
    Or,
    Xor,
}

impl BinaryOp {
    /// Every operation with its keyword.
    pub const ALL: [(Self, &'static str); 13] = [
        (Self::Add, "add"),
        (Self::Sub, "sub"),
        (Self::Mul, "mul"),
        (Self::UDiv, "udiv"),
        (Self::SDiv, "sdiv"),
        (Self::URem, "urem"),
        (Self::SRem, "srem"),
        (Self::Shl, "shl"),
        (Self::LShr, "lshr"),
        (Self::AShr, "ashr"),
        (Self::And, "and"),
        (Self::Or, "or"),
        (Self::Xor, "xor"),
    ];

    /// The keyword.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(op, _)| *op == self)
            .map_or("", |(_, name)| name)
    }

    /// The operation of a keyword.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, n)| *n == name)
            .map(|(op, _)| *op)
    }
}

/// Conversions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the language's own")]
pub enum CastOp {
    ZExt,
    SExt,
    Trunc,
    BitCast,
    PtrToInt,
    IntToPtr,
    /// Anything that touches floating point or address spaces.
    Float(FloatOp),
}

/// Floating-point and other operations that are read, printed, and answered *unknown*.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FloatOp(pub &'static str);

/// Integer comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the language's own")]
pub enum Predicate {
    Eq,
    Ne,
    Ugt,
    Uge,
    Ult,
    Ule,
    Sgt,
    Sge,
    Slt,
    Sle,
}

impl Predicate {
    /// Every predicate with its keyword.
    pub const ALL: [(Self, &'static str); 10] = [
        (Self::Eq, "eq"),
        (Self::Ne, "ne"),
        (Self::Ugt, "ugt"),
        (Self::Uge, "uge"),
        (Self::Ult, "ult"),
        (Self::Ule, "ule"),
        (Self::Sgt, "sgt"),
        (Self::Sge, "sge"),
        (Self::Slt, "slt"),
        (Self::Sle, "sle"),
    ];

    /// The keyword.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(p, _)| *p == self)
            .map_or("", |(_, name)| name)
    }

    /// The predicate of a keyword.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, n)| *n == name).map(|(p, _)| *p)
    }
}

/// Flags that turn some inputs into poison.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "one per flag of the language"
)]
pub struct Flags {
    /// No unsigned wrap.
    pub nuw: bool,
    /// No signed wrap.
    pub nsw: bool,
    /// No bits lost.
    pub exact: bool,
    /// `or disjoint`.
    pub disjoint: bool,
    /// `zext nneg`.
    pub nneg: bool,
    /// `icmp samesign`.
    pub samesign: bool,
    /// `getelementptr inbounds`.
    pub inbounds: bool,
    /// `getelementptr nusw`.
    pub nusw: bool,
}

/// Whom a call reaches.
#[derive(Clone, Debug, PartialEq)]
pub enum Callee {
    /// `@name`.
    Named(String),
    /// A function pointer.
    Indirect(ValueId),
}

/// An instruction. Integer and pointer operations work lane by lane on vectors.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names are the language's own")]
pub enum Op {
    Binary {
        op: BinaryOp,
        flags: Flags,
        lhs: ValueId,
        rhs: ValueId,
    },
    Compare {
        predicate: Predicate,
        flags: Flags,
        lhs: ValueId,
        rhs: ValueId,
    },
    Select {
        condition: ValueId,
        yes: ValueId,
        no: ValueId,
    },
    Phi {
        incoming: Vec<(ValueId, BlockId)>,
    },
    Freeze {
        value: ValueId,
    },
    Cast {
        op: CastOp,
        flags: Flags,
        value: ValueId,
    },
    /// Floating-point arithmetic by its whole mnemonic, fast-math flags and predicate included.
    FloatArithmetic {
        mnemonic: String,
        operands: Vec<ValueId>,
    },
    Alloca {
        element: Type,
        count: Option<ValueId>,
        align: u64,
    },
    Load {
        pointer: ValueId,
        align: u64,
        /// What its metadata says of the value, in the words of a result's attributes.
        result: ParameterAttributes,
    },
    Store {
        value: ValueId,
        pointer: ValueId,
        align: u64,
    },
    GetElementPointer {
        element: Type,
        flags: Flags,
        base: ValueId,
        indices: Vec<ValueId>,
    },
    ExtractElement {
        vector: ValueId,
        index: ValueId,
    },
    InsertElement {
        vector: ValueId,
        element: ValueId,
        index: ValueId,
    },
    /// `None` in the mask is a poison lane.
    ShuffleVector {
        first: ValueId,
        second: ValueId,
        mask: Vec<Option<u32>>,
    },
    ExtractValue {
        aggregate: ValueId,
        indices: Vec<u32>,
    },
    InsertValue {
        aggregate: ValueId,
        element: ValueId,
        indices: Vec<u32>,
    },
    Call {
        callee: Callee,
        arguments: Vec<(ValueId, ParameterAttributes)>,
        result: ParameterAttributes,
        site: CallEffects,
    },
    Return {
        value: Option<ValueId>,
    },
    Branch {
        target: BlockId,
    },
    BranchIf {
        condition: ValueId,
        yes: BlockId,
        no: BlockId,
    },
    Switch {
        value: ValueId,
        default: BlockId,
        cases: Vec<(ValueId, BlockId)>,
    },
    Unreachable,
    /// Read, never given a meaning; the mnemonic says which.
    Unsupported {
        mnemonic: String,
        terminator: bool,
    },
}

impl Op {
    /// Whether the instruction ends a block.
    #[must_use]
    pub fn is_terminator(&self) -> bool {
        matches!(
            self,
            Self::Return { .. }
                | Self::Branch { .. }
                | Self::BranchIf { .. }
                | Self::Switch { .. }
                | Self::Unreachable
                | Self::Unsupported {
                    terminator: true,
                    ..
                }
        )
    }

    /// The blocks that may follow, in order, with repetition.
    #[must_use]
    pub fn successors(&self) -> Vec<BlockId> {
        match self {
            Self::Branch { target } => vec![*target],
            Self::BranchIf { yes, no, .. } => vec![*yes, *no],
            Self::Switch { default, cases, .. } => std::iter::once(*default)
                .chain(cases.iter().map(|(_, block)| *block))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Calls `visit` on each block reference.
    pub fn each_block_mut(&mut self, mut visit: impl FnMut(&mut BlockId)) {
        match self {
            Self::Branch { target } => visit(target),
            Self::BranchIf { yes, no, .. } => {
                visit(yes);
                visit(no);
            }
            Self::Switch { default, cases, .. } => {
                visit(default);
                for (_, block) in cases {
                    visit(block);
                }
            }
            Self::Phi { incoming } => {
                for (_, block) in incoming {
                    visit(block);
                }
            }
            _ => {}
        }
    }

    /// The operands, in order.
    #[must_use]
    pub fn operands(&self) -> Vec<ValueId> {
        let mut out = Vec::new();
        self.clone().each_operand_mut(|v| out.push(*v));
        out
    }

    /// Calls `visit` on each operand.
    pub fn each_operand_mut(&mut self, mut visit: impl FnMut(&mut ValueId)) {
        match self {
            Self::Binary { lhs, rhs, .. } | Self::Compare { lhs, rhs, .. } => {
                visit(lhs);
                visit(rhs);
            }
            Self::Select { condition, yes, no } => {
                visit(condition);
                visit(yes);
                visit(no);
            }
            Self::Phi { incoming } => incoming.iter_mut().for_each(|(v, _)| visit(v)),
            Self::Freeze { value } | Self::Cast { value, .. } => visit(value),
            Self::FloatArithmetic { operands, .. } => operands.iter_mut().for_each(visit),
            Self::Alloca { count, .. } => count.iter_mut().for_each(visit),
            Self::Load { pointer, .. } => visit(pointer),
            Self::Store { value, pointer, .. } => {
                visit(value);
                visit(pointer);
            }
            Self::GetElementPointer { base, indices, .. } => {
                visit(base);
                indices.iter_mut().for_each(visit);
            }
            Self::ExtractElement { vector, index } => {
                visit(vector);
                visit(index);
            }
            Self::InsertElement {
                vector,
                element,
                index,
            } => {
                visit(vector);
                visit(element);
                visit(index);
            }
            Self::ShuffleVector { first, second, .. } => {
                visit(first);
                visit(second);
            }
            Self::ExtractValue { aggregate, .. } => visit(aggregate),
            Self::InsertValue {
                aggregate, element, ..
            } => {
                visit(aggregate);
                visit(element);
            }
            Self::Call {
                callee, arguments, ..
            } => {
                if let Callee::Indirect(value) = callee {
                    visit(value);
                }
                for (v, _) in arguments {
                    visit(v);
                }
            }
            Self::Return { value } => value.iter_mut().for_each(visit),
            Self::BranchIf { condition, .. } => visit(condition),
            Self::Switch { value, cases, .. } => {
                visit(value);
                for (v, _) in cases {
                    visit(v);
                }
            }
            Self::Branch { .. } | Self::Unreachable | Self::Unsupported { .. } => {}
        }
    }
}
