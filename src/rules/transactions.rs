//! What is done between the begin and the commit of a transaction.

use super::{flow, way};
use crate::finding::Place;
use crate::inventory::event::walk;
use crate::inventory::{DatabaseAction, Event, FunctionEvents, Inventory, OpId, Operation};

/// An operation inside a transaction.
pub(super) struct Inside {
    pub(super) op: OpId,
    pub(super) begun: Place,
    pub(super) committed: Place,
}

/// How far a path has come through its transactions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Path {
    /// Those that are open, the outermost first.
    open: Vec<Open>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Open {
    begun: Place,
    wrote: bool,
    operations: Vec<OpId>,
    /// Where another one began that was committed meanwhile.
    other: Option<Place>,
}

/// The `wanted` operations between a begin and a commit that has something to commit.
pub(super) fn inside(
    inventory: &Inventory,
    function: &FunctionEvents,
    wanted: &impl Fn(&Operation) -> bool,
) -> Vec<Inside> {
    let fills = flow::fills(inventory, &function.events);
    let mut found = Vec::new();
    let mut settled: Vec<(OpId, Place)> = Vec::new();
    walk(&function.events, vec![Path::default()], &mut |event, mut path| {
        match event {
            Event::Database(event) => match &event.action {
                DatabaseAction::Begin => {
                    path.open.push(Open { begun: event.place, wrote: false, operations: Vec::new(), other: None });
                }
                DatabaseAction::Commit => {
                    let Some(done) = path.open.pop() else { return Some(path) };
                    if let Some(around) = path.open.last_mut() {
                        around.other = Some(done.begun);
                    }
                    let inside = |&op: &OpId| Inside { op, begun: done.begun, committed: event.place };
                    found.extend(done.operations.iter().filter(|_| done.wrote).map(inside));
                }
                DatabaseAction::Rollback => drop(path.open.pop()),
                DatabaseAction::Statement(access) => {
                    if let Some(open) = path.open.last_mut() {
                        open.wrote |= event.in_transaction != Some(false) && !access.writes.is_empty();
                    }
                }
            },
            Event::Operation(id) => {
                if let Some(open) = path.open.last_mut()
                    && !open.operations.contains(id)
                    && !fills.contains(&std::ptr::from_ref(event))
                    && flow::operation(inventory, *id).is_some_and(wanted)
                {
                    match open.other {
                        Some(other) => settled.push((*id, other)),
                        None => open.operations.push(*id),
                    }
                }
            }
            _ => {}
        }
        Some(path)
    });
    // What a callee commits itself before it changes the copy is none of the transaction around, whichever way it goes.
    let is_settled = |one: &Inside| {
        let own = way::to_operation(function, one.op, Some(one.begun));
        own.first().is_some_and(|call| {
            let mut others = settled.iter().filter(|(op, _)| *op == one.op);
            others.any(|(_, begun)| way::to_database(function, *begun).first().is_some_and(|to| to.place == call.place))
        })
    };
    found.retain(|one| !is_settled(one));
    found
}
