//! How one gets from a function's own text to what happens further down: the calls between.

use super::code;
use super::report::label;
use crate::finding::{Label, Place};
use crate::inventory::{Event, FunctionEvents, OpId};
use crate::link::ty::last_segment;

/// A call on the way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'e> {
    pub(super) place: Place,
    /// The path of the function that is called.
    callee: &'e str,
}

/// The calls that lead from a function's own text to an event, the outermost first.
pub(super) type Way<'e> = Vec<Call<'e>>;

/// The way to an operation; of several the first that does not begin before `begin`.
pub(super) fn to_operation<'e>(function: &'e FunctionEvents, op: OpId, begin: Option<Place>) -> Way<'e> {
    let ways = ways(&function.events, &|event| matches!(event, Event::Operation(id) if *id == op));
    let after = |way: &&Way<'_>| match (way.first(), begin) {
        (Some(call), Some(begin)) => call.place.file != begin.file || call.place > begin,
        _ => true,
    };
    ways.iter().find(after).or(ways.first()).cloned().unwrap_or_default()
}

/// What happens in the first call on the way to an operation.
pub(super) fn first_call(function: &FunctionEvents, op: OpId, begin: Place) -> Option<&[Event]> {
    fn find(events: &[Event], at: Place) -> Option<&[Event]> {
        events.iter().find_map(|event| match event {
            Event::Branch(arms) => arms.iter().find_map(|arm| find(arm, at)),
            Event::Loop(events) | Event::Spawn(events) => find(events, at),
            Event::Call { function, place, events, .. } if *place == at && !function.is_empty() => Some(events),
            Event::Call { function, events, .. } if function.is_empty() => find(events, at),
            _ => None,
        })
    }
    let first = to_operation(function, op, Some(begin)).first()?.place;
    find(&function.events, first)
}

/// The way to what is done in a database at `place`.
pub(super) fn to_database(function: &FunctionEvents, place: Place) -> Way<'_> {
    let is_it = |event: &Event| matches!(event, Event::Database(event) if event.place == place);
    ways(&function.events, &is_it).into_iter().next().unwrap_or_default()
}

fn ways<'e>(events: &'e [Event], is_it: &impl Fn(&Event) -> bool) -> Vec<Way<'e>> {
    let mut found = Vec::new();
    for event in events {
        match event {
            Event::Branch(arms) => arms.iter().for_each(|arm| found.extend(ways(arm, is_it))),
            Event::Loop(events) | Event::Spawn(events) => found.extend(ways(events, is_it)),
            Event::Call { function, place, events, .. } => {
                let call = (!function.is_empty()).then_some(Call { place: *place, callee: function });
                found.extend(ways(events, is_it).into_iter().map(|inner| call.into_iter().chain(inner).collect()));
            }
            event if is_it(event) => found.push(Vec::new()),
            _ => {}
        }
    }
    found
}

/// What is written at the calls of a way; `first` is said of the first.
pub(super) fn labels(way: &[Call<'_>], first: &str) -> Vec<Label> {
    let told = |(at, call): (usize, &Call<'_>)| {
        let callee = code(last_segment(call.callee));
        label(call.place, if at == 0 { format!("{first} {callee}") } else { format!("which calls {callee}") })
    };
    way.iter().enumerate().map(told).collect()
}
