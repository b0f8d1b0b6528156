//! Where "no TTL" was decided. A wrapper that forwards its caller's TTL decides nothing: the call does. A wrapper that
//! writes without a TTL whatever it is given decides for all its calls, and is reported once.

use super::usage::Usage;
use crate::inventory::{Inventory, Operation, TtlKind};

/// A place that decided to store something without a TTL.
pub(super) struct Gap<'a> {
    /// The deciding operation.
    pub(super) op: &'a Operation,
    /// For an operation inside a wrapper: the calls of it that end without a TTL.
    pub(super) calls: Vec<&'a Operation>,
    /// Only some path is without a TTL.
    pub(super) maybe: bool,
}

impl<'a> Gap<'a> {
    /// The operations whose keys are at stake: the calls, where the wrapper takes its key from them.
    pub(super) fn subjects(&self) -> Vec<&'a Operation> {
        if self.op.forwards_key && !self.calls.is_empty() { self.calls.clone() } else { vec![self.op] }
    }
}

/// All such places among the operations that are `wanted`.
pub(super) fn gaps<'a>(
    inventory: &'a Inventory,
    usage: &Usage<'a>,
    wanted: impl Fn(&Operation) -> bool,
) -> Vec<Gap<'a>> {
    let mut gaps = Vec::new();
    for op in inventory.operations.iter().filter(|op| op.sent && lacks_ttl(op) && !op.forwards_ttl) {
        if !wanted(op) || decided_by_definition(inventory, op) {
            continue;
        }
        let calls = usage.calls_of(op.id);
        let lacking: Vec<_> = calls.iter().copied().filter(|call| lacks_ttl(call)).collect();
        if lacking.is_empty() && !calls.is_empty() {
            // Every caller sends an EXPIRE of its own.
            continue;
        }
        gaps.push(Gap { op, calls: lacking, maybe: op.ttl.kind == TtlKind::Maybe });
    }
    gaps
}

fn lacks_ttl(op: &Operation) -> bool {
    matches!(op.ttl.kind, TtlKind::None | TtlKind::Maybe)
}

/// Whether `op` is the call of a wrapper that never gives a TTL.
fn decided_by_definition(inventory: &Inventory, op: &Operation) -> bool {
    op.wrapper
        .as_ref()
        .and_then(|wrapper| inventory.operations.get(wrapper.definition.0 as usize))
        .is_some_and(|definition| definition.id != op.id && lacks_ttl(definition) && !definition.forwards_ttl)
}
