//! What both sides do on concrete inputs: which cut candidates they pass, with which values.

use calque_ir::collections::HashMap;

use calque_ir::interpreter::{Choice, Input, Outcome, Scalar, run};
use calque_ir::{BlockId, Function, Module, ValueId};

use crate::concrete::FUEL;

/// Visits kept of one run.
const VISIT_LIMIT: usize = 400;

/// Values at one visit of a block.
#[derive(Clone)]
pub(super) struct Visit {
    pub(super) block: BlockId,
    pub(super) values: HashMap<ValueId, Scalar>,
}

/// The visits of one run that ended.
pub(super) type Trace = Vec<Visit>;

/// Runs a function and keeps the values that `wanted` names at each of its blocks.
pub(super) fn trace(
    module: &Module,
    function: &Function,
    input: &Input,
    wanted: &HashMap<BlockId, Vec<ValueId>>,
) -> Option<Trace> {
    let mut out = Vec::new();
    let outcome = run(
        module,
        function,
        input,
        FUEL,
        Choice::Refuse,
        &mut |block, frame| {
            let Some(ids) = wanted.get(&block) else {
                return;
            };
            if out.len() > VISIT_LIMIT {
                return;
            }
            let mut values = HashMap::default();
            for &id in ids {
                if let Some([one]) = frame.get(id).as_deref() {
                    values.insert(id, *one);
                }
            }
            out.push(Visit { block, values });
        },
    );
    (matches!(outcome, Outcome::Return { .. }) && out.len() <= VISIT_LIMIT).then_some(out)
}
