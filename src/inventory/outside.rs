//! TTLs that whoever implements a trait or uses a derived builder decides, where it cannot be seen: whether there is one is
//! not known.

use super::build::same_key;
use super::operation::{OpId, Operation, TtlKind};
use super::separate::flatten;
use super::{Event, Inventory};
use crate::link::Program;
use crate::link::losses::Kind;
use crate::link::ty::Ty;
use crate::loss::Lost;

/// A write that may have such a TTL, or stands beside one that has it (`match ttl { Some(ttl) => …, None => … }`), is no
/// write without TTL.
pub(super) fn leave_open(program: &Program<'_>, inventory: &mut Inventory) {
    let decided = |op: &Operation| {
        let mut loss = program.losses.get(op.ttl.lost);
        while let Some(found) = loss {
            match &found.kind {
                Kind::Outside(_) => return true,
                Kind::Field(Ty::Adt(def, _), _) if program.world.has_derived_builder(*def) => return true,
                _ => {}
            }
            loss = program.losses.get(found.from);
        }
        false
    };
    let mut changes: Vec<(OpId, Lost)> = inventory
        .operations
        .iter()
        .filter(|op| op.ttl.kind == TtlKind::Maybe && decided(op))
        .map(|op| (op.id, op.ttl.lost))
        .collect();
    for function in &inventory.functions {
        each_branch(&function.events, &mut |arms| {
            let writes: Vec<Vec<&Operation>> = arms
                .iter()
                .map(|arm| {
                    let mut ids = Vec::new();
                    flatten(arm, &mut ids);
                    ids.into_iter().map(|id| inventory.operation(id)).filter(|op| op.creates()).collect()
                })
                .collect();
            for (at, arm) in writes.iter().enumerate() {
                for op in arm.iter().filter(|op| op.ttl.kind == TtlKind::None) {
                    let others = writes.iter().enumerate().filter(|(other, _)| *other != at).flat_map(|(_, arm)| arm);
                    let other = others.copied().find(|other| decided(other) && same_key(&op.keys, &other.keys));
                    changes.extend(other.map(|other| (op.id, other.ttl.lost)));
                }
            }
        });
    }
    for (id, lost) in changes {
        let ttl = &mut inventory.operations[id.0 as usize].ttl;
        (ttl.kind, ttl.lost) = (TtlKind::Undetermined, lost);
    }
}

fn each_branch<'e>(events: &'e [Event], visit: &mut impl FnMut(&'e [Vec<Event>])) {
    for event in events {
        match event {
            Event::Branch(arms) => {
                visit(arms);
                arms.iter().for_each(|arm| each_branch(arm, visit));
            }
            Event::Loop(events) | Event::Spawn(events) | Event::Call { events, .. } => each_branch(events, visit),
            _ => {}
        }
    }
}
