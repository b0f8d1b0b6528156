//! Who else uses a key: operations joined by the shape of their template.

use rustc_hash::FxHashMap;

use crate::inventory::{Effect, Inventory, OpId, Operation, TtlKind};

/// Operations by the shape of their key. Futures that are dropped unsent are not in it.
pub(super) struct Usage<'a> {
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
        Self { by_shape, calls }
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
