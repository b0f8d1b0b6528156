//! What a key tells and a load asks for, in terms of a function's parameters.

use rustc_hash::FxHashMap;

use super::flow;
use crate::finding::Place;
use crate::inventory::inputs::{CallInputs, Input, argument};
use crate::inventory::{Effect, Event, FunctionEvents, Inventory, OpId, Operation, Purpose};

/// Calls in a function's own text.
pub(super) type Calls = FxHashMap<Place, CallInputs>;

/// Ids of what something with an id of its own lies in. Who asks is none: two people may see two sides of one thing.
pub(super) fn is_around(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    last.strip_suffix("_id").is_some_and(|what| {
        !["user", "viewer", "actor", "member", "account", "customer", "caller", "requester", "tenant"]
            .iter()
            .any(|who| what.ends_with(who))
    })
}

/// Whether the input, the whole it is a part of, or a part of it, is among these.
pub(super) fn related(among: &[Input], input: &Input) -> bool {
    among.iter().any(|other| other.covers(input) || input.covers(other))
}

/// The key's place, if it stands in the function itself.
pub(super) fn own_key(function: &FunctionEvents, op: &Operation) -> Option<crate::text::Span> {
    (op.function == function.function).then(|| op.keys.first()?.span).flatten()
}

/// What the key is made of, and what was looked at before it is read.
pub(super) fn key_inputs<'c>(
    calls: &'c Calls,
    function: &FunctionEvents,
    read: &Operation,
    read_at: Option<Place>,
) -> Option<(&'c [Input], &'c [Input])> {
    if let Some((call, inputs)) = argument(calls, read, own_key(function, read)) {
        return Some((inputs, &call.tested));
    }
    let call = calls.get(&read_at.unwrap_or(read.place))?;
    Some((&call.whole, &call.tested))
}

/// What the stored value is made of, where that can be told.
pub(super) fn stored_inputs<'c>(
    calls: &'c Calls,
    function: &FunctionEvents,
    write: &Operation,
    write_at: Option<Place>,
) -> Option<&'c [Input]> {
    let own = write.value.span.filter(|_| write.function == function.function);
    if let Some((_, inputs)) = argument(calls, write, own) {
        return Some(inputs);
    }
    calls.get(&write_at.unwrap_or(write.place)).filter(|call| call.args.len() > 1).map(|call| call.whole.as_slice())
}

/// The reads of copies that may miss in these events.
pub(super) fn missed<'a>(inventory: &'a Inventory, events: &[Event]) -> Vec<&'a Operation> {
    let mut missed: Vec<OpId> = Vec::new();
    flow::each(events, &mut |event| {
        if let Event::Miss(id) = event {
            missed.push(*id);
        }
    });
    missed.sort_unstable();
    missed.dedup();
    let reads = missed.iter().filter_map(|id| flow::operation(inventory, *id));
    reads.filter(|op| op.sent && matches!(op.effect, Effect::Read) && is_copy(op.purpose)).collect()
}

/// Keys that hold what was loaded. The others answer no question that has arguments.
fn is_copy(purpose: Purpose) -> bool {
    !matches!(
        purpose,
        Purpose::Lock | Purpose::Pubsub | Purpose::Admin | Purpose::Queue | Purpose::Counter | Purpose::Token
    )
}
