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

/// How far a path has come through a transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Open {
    begun: Option<Place>,
    wrote: bool,
    operations: Vec<OpId>,
}

/// The `wanted` operations between a begin and a commit that has something to commit.
pub(super) fn inside(
    inventory: &Inventory,
    function: &FunctionEvents,
    wanted: &impl Fn(&Operation) -> bool,
) -> Vec<Inside> {
    let fills = flow::fills(inventory, &function.events);
    let mut found: Vec<Inside> = Vec::new();
    walk(&function.events, vec![Open::default()], &mut |event, mut state| {
        match event {
            Event::Database(event) => match &event.action {
                DatabaseAction::Begin => state = Open { begun: Some(event.place), ..Open::default() },
                DatabaseAction::Commit => {
                    let done = std::mem::take(&mut state);
                    if let Some(begun) = done.begun.filter(|_| done.wrote) {
                        let inside = |op| Inside { op, begun, committed: event.place };
                        found.extend(done.operations.into_iter().map(inside));
                    }
                }
                DatabaseAction::Rollback => state = Open::default(),
                DatabaseAction::Statement(access) => {
                    state.wrote |=
                        state.begun.is_some() && event.in_transaction != Some(false) && !access.writes.is_empty();
                }
            },
            Event::Operation(id)
                if state.begun.is_some()
                    && !state.operations.contains(id)
                    && !fills.contains(&std::ptr::from_ref(event))
                    && flow::operation(inventory, *id).is_some_and(wanted) =>
            {
                state.operations.push(*id);
            }
            _ => {}
        }
        Some(state)
    });
    found.retain(|one| is_one(function, one) && !is_settled(function, one));
    found
}

/// Whether begin and commit can be those of one transaction: it is handed around, but begun or committed by whoever
/// holds it, with a helper for each at most.
fn is_one(function: &FunctionEvents, one: &Inside) -> bool {
    let [begin, commit] = [one.begun, one.committed].map(|place| way::to_database(function, place));
    let shared = begin.iter().zip(&commit).take_while(|(begin, commit)| begin.place == commit.place).count();
    let (begin, commit) = (begin.len() - shared, commit.len() - shared);
    begin.min(commit) == 0 || begin.max(commit) == 1
}

/// What a callee commits itself before it changes the copy is none of the transaction around, whichever way it goes.
fn is_settled(function: &FunctionEvents, one: &Inside) -> bool {
    let Some(events) = way::first_call(function, one.op, one.begun) else { return false };
    let (mut begun, mut committed, mut reached) = (false, false, false);
    flow::each(events, &mut |event| match event {
        Event::Operation(id) => reached |= *id == one.op,
        Event::Database(event) if !reached && event.place != one.begun => match event.action {
            DatabaseAction::Begin => begun = true,
            DatabaseAction::Commit => committed |= begun && event.place != one.committed,
            _ => {}
        },
        _ => {}
    });
    committed && reached
}
