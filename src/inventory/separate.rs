//! TTLs that are set by a second command: `SET` then `EXPIRE` on one key, in one function, pipeline or script.

use super::build::same_key;
use super::operation::{Effect, OpId, Operation, Ttl, TtlKind};
use super::{Event, Inventory, ttl};

/// Finds, for each write without TTL, an EXPIRE of the same key in the same function (callees folded in).
pub(super) fn join(inventory: &mut Inventory) {
    let mut changes: Vec<(OpId, Ttl)> = Vec::new();
    for function in &inventory.functions {
        let mut order = Vec::new();
        flatten(&function.events, &mut order);
        for (at, &id) in order.iter().enumerate() {
            let write = inventory.operation(id);
            if !(write.creates() && write.ttl.kind == TtlKind::None) {
                continue;
            }
            let same_batch = |other: &Operation| match (write.batch, other.batch) {
                (Some(a), Some(b)) => a.batch == b.batch,
                _ => false,
            };
            let expire = order.iter().enumerate().find_map(|(other_at, &other)| {
                let other = inventory.operation(other);
                let expires = other.effect == Effect::Expire && (other_at > at || same_batch(other));
                (expires && other.id != write.id && same_key(&write.keys, &other.keys)).then_some(other)
            });
            if let Some(expire) = expire {
                let span = (expire.place.file == write.place.file).then_some(expire.place.span);
                let kind = TtlKind::Separate(ttl::constant_of(&expire.ttl));
                changes.push((id, Ttl { kind, span, written: expire.ttl.written.clone(), ..expire.ttl.clone() }));
            }
        }
    }
    for (id, ttl) in changes {
        inventory.operations[id.0 as usize].ttl = ttl;
    }
}

/// Operations in the order in which they are written, every path one after the other.
pub(super) fn flatten(events: &[Event], out: &mut Vec<OpId>) {
    for event in events {
        match event {
            Event::Operation(id) => {
                if !out.contains(id) {
                    out.push(*id);
                }
            }
            Event::Branch(arms) => arms.iter().for_each(|arm| flatten(arm, out)),
            Event::Loop(events) | Event::Spawn(events) | Event::Call { events, .. } => flatten(events, out),
            Event::Hit(_)
            | Event::Miss(_)
            | Event::Fails(_)
            | Event::Swallowed { .. }
            | Event::Undecoded { .. }
            | Event::Load { .. }
            | Event::Guard { .. }
            | Event::WriteBack { .. }
            | Event::Signal { .. }
            | Event::Database(_)
            | Event::Unseen { .. }
            | Event::Local(_)
            | Event::Message { .. }
            | Event::Pass { .. }
            | Event::Connect(_)
            | Event::Leave(_) => {}
        }
    }
}
