//! Who else uses a key: operations joined by the shape of their template.

use rustc_hash::FxHashMap;

use crate::inventory::{Effect, Inventory, OpId, Operation, TtlKind};
use crate::template::{Hole, Template};

/// Names of parameters that stand for a whole key or the end of one, with any number of segments.
const OPEN_ENDED: [&str; 5] = ["key", "k", "suffix", "rest", "cache_key"];

/// Operations by the shape of their key. Futures that are dropped unsent are not in it.
pub(super) struct Usage<'a> {
    inventory: &'a Inventory,
    by_shape: FxHashMap<String, Vec<&'a Operation>>,
    calls: FxHashMap<OpId, Vec<&'a Operation>>,
}

impl<'a> Usage<'a> {
    pub(super) fn new(inventory: &'a Inventory) -> Self {
        let mut by_shape: FxHashMap<String, Vec<&'a Operation>> = FxHashMap::default();
        let mut calls: FxHashMap<OpId, Vec<&'a Operation>> = FxHashMap::default();
        for op in inventory.operations.iter().filter(|op| op.sent) {
            for template in op.templates().filter(|template| template.has_literal()) {
                let users = by_shape.entry(template.shape()).or_default();
                if users.last().is_none_or(|last| last.id != op.id) {
                    users.push(op);
                }
            }
            if let Some(wrapper) = &op.wrapper {
                calls.entry(wrapper.definition).or_default().push(op);
            }
        }
        Self { inventory, by_shape, calls }
    }

    /// Operations on a key of the same shape as the first key of `op`, `op` itself included; empty when nothing is
    /// known of that key, or when it is wholly the caller's.
    pub(super) fn of(&self, op: &Operation) -> &[&'a Operation] {
        op.template().and_then(|template| self.by_shape.get(&template.shape())).map_or(&[], Vec::as_slice)
    }

    /// The same without `op` itself.
    pub(super) fn others<'s>(&'s self, op: &'s Operation) -> impl Iterator<Item = &'a Operation> + 's {
        self.of(op).iter().copied().filter(move |other| other.id != op.id)
    }

    /// Every shape with its operations.
    pub(super) fn shapes(&self) -> impl Iterator<Item = (&str, &[&'a Operation])> {
        self.by_shape.iter().map(|(shape, ops)| (shape.as_str(), ops.as_slice()))
    }

    /// The calls of a wrapper that end in `definition`, through wrappers of wrappers as well.
    pub(super) fn calls_of(&self, definition: OpId) -> Vec<&'a Operation> {
        let mut found: Vec<&'a Operation> = Vec::new();
        let mut open = vec![definition];
        while let Some(next) = open.pop() {
            for &call in self.calls.get(&next).map_or(&[][..], Vec::as_slice) {
                if call.id != definition && !found.iter().any(|known| known.id == call.id) {
                    found.push(call);
                    open.push(call.id);
                }
            }
        }
        found.sort_by_key(|op| op.id);
        found
    }

    /// Whether the key is chosen here. Not by a wrapper that leaves it, or a part with segments of its own, to its
    /// callers; and not by the call of a wrapper that chooses it.
    pub(super) fn chooses_key(&self, op: &Operation) -> bool {
        let inner =
            op.wrapper.as_ref().and_then(|wrapper| self.inventory.operations.get(wrapper.definition.0 as usize));
        let chosen_inside = inner.is_some_and(|inner| inner.id != op.id && !self.leaves_key_open(inner));
        !chosen_inside && !self.leaves_key_open(op)
    }

    fn leaves_key_open(&self, op: &Operation) -> bool {
        let Some(template) = op.template().filter(|_| !op.forwards_key) else { return true };
        let mut parameters = template.holes().filter(|hole| hole.parameter).peekable();
        if parameters.peek().is_none() {
            return false;
        }
        let segments = |template: &Template| template.segments(':').len();
        parameters.any(is_open_ended)
            || self
                .calls_of(op.id)
                .iter()
                .any(|call| call.template().is_some_and(|full| segments(full) != segments(template)))
    }
}

/// Whether a hole stands for a whole key or the end of one, by its name.
pub(super) fn is_open_ended(hole: &Hole) -> bool {
    OPEN_ENDED.contains(&hole.name.as_str())
}

/// Whether this operation gives its key a TTL.
pub(super) fn gives_ttl(op: &Operation) -> bool {
    match op.ttl.kind {
        TtlKind::Constant(_) | TtlKind::Range(..) | TtlKind::Dynamic | TtlKind::Separate(_) => true,
        TtlKind::Maybe => op.effect == Effect::Expire,
        TtlKind::None | TtlKind::Keep | TtlKind::Undetermined | TtlKind::NotApplicable => {
            op.effect == Effect::Expire
                || op.script_commands.iter().any(|command| {
                    matches!(command.as_str(), "EXPIRE" | "PEXPIRE" | "EXPIREAT" | "PEXPIREAT" | "SETEX" | "PSETEX")
                })
        }
    }
}

/// Whether the key is one single key, not a family with a varying part.
pub(super) fn is_fixed(op: &Operation) -> bool {
    op.template().is_some_and(|template| template.holes().next().is_none())
}
