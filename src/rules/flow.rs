//! Questions about the order of events that more than one rule asks.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::inventory::{DatabaseAction, Effect, Event, FunctionEvents, GuardKind, Inventory, OpId, Operation, Purpose};
use crate::policy::Policy;
use crate::stores::Verb;

/// The operation with this id; `None` for an event that refers to nothing.
pub(super) fn operation(inventory: &Inventory, id: OpId) -> Option<&Operation> {
    inventory.operations.get(id.0 as usize)
}

/// Every event of the tree, outer ones first.
pub(super) fn each<'e>(events: &'e [Event], visit: &mut impl FnMut(&'e Event)) {
    for event in events {
        visit(event);
        match event {
            Event::Branch(arms) => arms.iter().for_each(|arm| each(arm, visit)),
            Event::Call { events, .. } | Event::Loop(events) | Event::Spawn(events) => each(events, visit),
            _ => {}
        }
    }
}

/// Writes that store what was loaded after their key was read, by the address of the event: copies of what the source
/// holds, also where hit and miss cannot be told apart. Told by the order alone, whatever branches and loops there are.
pub(super) fn fills(inventory: &Inventory, events: &[Event]) -> FxHashSet<*const Event> {
    let mut read: Vec<&Operation> = Vec::new();
    let mut loaded: Vec<&Operation> = Vec::new();
    let mut fills = FxHashSet::default();
    each(events, &mut |event| match event {
        Event::Operation(id) => match operation(inventory, *id) {
            Some(op) if matches!(op.effect, Effect::Read | Effect::CollectionRead) => read.push(op),
            Some(op)
                if matches!(op.effect, Effect::Write | Effect::CollectionWrite)
                    && loaded.iter().any(|read| same_key(read, op)) =>
            {
                fills.insert(std::ptr::from_ref(event));
            }
            _ => {}
        },
        Event::Load { .. } => loaded.append(&mut read),
        Event::Database(event) => match &event.action {
            DatabaseAction::Statement(access) if access.verb == Verb::Select && access.writes.is_empty() => {
                loaded.append(&mut read);
            }
            // What is written after the row changed is no copy of what was loaded before.
            DatabaseAction::Statement(_) => loaded.clear(),
            DatabaseAction::Begin | DatabaseAction::Commit | DatabaseAction::Rollback => {}
        },
        _ => {}
    });
    fills
}

/// The loads of tasks that are spawned and not waited for, by the address of the event.
pub(super) fn spawned_loads(events: &[Event]) -> FxHashSet<*const Event> {
    fn note(events: &[Event], spawned: bool, loads: &mut FxHashSet<*const Event>) {
        for event in events {
            match event {
                Event::Spawn(body) | Event::Call { events: body, awaited: false, .. } => note(body, true, loads),
                Event::Branch(arms) => arms.iter().for_each(|arm| note(arm, spawned, loads)),
                Event::Loop(events) | Event::Call { events, .. } => note(events, spawned, loads),
                Event::Load { .. } if spawned => drop(loads.insert(std::ptr::from_ref(event))),
                _ => {}
            }
        }
    }
    let mut loads = FxHashSet::default();
    note(events, false, &mut loads);
    loads
}

/// The loads of other tasks than the one in which it is decided whether the read hit, by the address of the event: they
/// happen whatever it found. None where the function itself decides.
pub(super) fn loads_of_other_tasks(events: &[Event], read: OpId) -> FxHashSet<*const Event> {
    fn tasks<'e>(events: &'e [Event], found: &mut Vec<&'e [Event]>) {
        for event in events {
            match event {
                // A future that is not awaited where it is made may be another's to wait for.
                Event::Spawn(body) | Event::Call { events: body, awaited: false, .. } => found.push(body),
                Event::Branch(arms) => arms.iter().for_each(|arm| tasks(arm, found)),
                Event::Loop(events) | Event::Call { events, .. } => tasks(events, found),
                _ => {}
            }
        }
    }
    let decides =
        |body: &[Event]| any(body, &mut |event| matches!(event, Event::Hit(id) | Event::Miss(id) if *id == read));
    let mut found = Vec::new();
    tasks(events, &mut found);
    let (deciding, others): (Vec<&[Event]>, Vec<&[Event]>) = found.into_iter().partition(|body| decides(body));
    let mut loads = FxHashSet::default();
    if !deciding.is_empty() {
        for body in others {
            each(body, &mut |event| {
                if matches!(event, Event::Load { .. }) {
                    loads.insert(std::ptr::from_ref(event));
                }
            });
        }
    }
    loads
}

/// Whether there is such an event in the tree.
pub(super) fn any(events: &[Event], wanted: &mut impl FnMut(&Event) -> bool) -> bool {
    let mut found = false;
    each(events, &mut |event| found |= wanted(event));
    found
}

/// Whether two operations use the same key: the same shape, or, where the key is wholly a parameter or unknown, the
/// same expression in the same function.
pub(super) fn same_key(one: &Operation, other: &Operation) -> bool {
    let shaped = |op: &Operation| op.templates().any(crate::template::Template::has_literal);
    if shaped(one) && shaped(other) {
        return one
            .templates()
            .filter(|template| template.has_literal())
            .any(|key| other.templates().any(|template| template.shape() == key.shape()));
    }
    if shaped(one) != shaped(other) || one.function != other.function {
        return false;
    }
    // Of two keys that have names, one may be written as the other is because a variable was bound anew.
    let named = one.templates().next().is_some() && other.templates().next().is_some();
    let names = |op: &Operation| -> FxHashSet<String> {
        let templates = op.templates().map(ToString::to_string);
        if named {
            return templates.collect();
        }
        let written = op.keys.iter().map(|key| bare(&key.written)).filter(|written| !written.is_empty());
        templates.chain(written).collect()
    };
    !names(one).is_disjoint(&names(other))
}

/// Whether two operations with one key each use the same one, also where that is one of several: then both are of the same.
pub(super) fn surely_same_key(one: &Operation, other: &Operation) -> bool {
    let shapes = |op: &Operation| op.templates().map(crate::template::Template::shape).collect::<FxHashSet<String>>();
    same_key(one, other) && (one.keys.len().max(other.keys.len()) == 1 || shapes(one) == shapes(other))
}

/// Whether the same function writes the same expression for the keys of both.
pub(super) fn written_alike(one: &Operation, other: &Operation) -> bool {
    let written = |op: &Operation| op.keys.iter().map(|key| bare(&key.written)).find(|key| !key.is_empty());
    one.function == other.function && written(one).is_some() && written(one) == written(other)
}

/// Whether both happen inside the same call of a wrapper, which is reported itself, once.
pub(super) fn inside_one_call(one: &Operation, other: &Operation) -> bool {
    one.wrapper.is_some() && other.wrapper.is_some() && one.place == other.place
}

/// A key expression without what does not change its value: `&key`, `key.clone()`, `key.as_str()` are `key`.
fn bare(written: &str) -> String {
    let mut text = written.trim().trim_start_matches(['&', '*']).trim_start_matches("mut ").trim();
    while let Some(shorter) = [".clone()", ".as_str()", ".to_string()", ".to_owned()", ".as_ref()", ".into()", "[..]"]
        .iter()
        .find_map(|suffix| text.strip_suffix(suffix))
    {
        text = shorter;
    }
    text.to_owned()
}

/// Whether this event makes all but one caller wait or leave.
pub(super) fn holds_back(inventory: &Inventory, policy: &Policy, event: &Event) -> bool {
    match event {
        Event::Guard { .. } => true,
        Event::Call { function, .. } => !function.is_empty() && policy.is_guard(function),
        Event::Operation(id) => operation(inventory, *id).is_some_and(|op| {
            op.effect == Effect::Lock || (op.purpose == Purpose::Lock && (op.creates() || op.effect == Effect::Script))
        }),
        _ => false,
    }
}

/// Functions of which every call stands behind a guard, directly or further up.
pub(super) struct Protected<'a>(FxHashSet<&'a str>);

impl<'a> Protected<'a> {
    pub(super) fn new(inventory: &'a Inventory, policy: &Policy) -> Self {
        // By callee: the caller, and whether the call itself stands behind a guard.
        let mut calls: FxHashMap<&str, Vec<(&str, bool)>> = FxHashMap::default();
        for function in &inventory.functions {
            note_calls((inventory, policy), function, &function.events, false, &mut calls);
        }
        // Grown from nothing, so that functions that only call each other are not protected.
        let mut protected: FxHashSet<&str> = FxHashSet::default();
        loop {
            let more: Vec<&str> = calls
                .iter()
                .filter(|(callee, by)| {
                    !protected.contains(*callee)
                        && by.iter().all(|(caller, guarded)| *guarded || protected.contains(caller))
                })
                .map(|(callee, _)| *callee)
                .collect();
            if more.is_empty() {
                return Self(protected);
            }
            protected.extend(more);
        }
    }

    pub(super) fn contains(&self, function: &str) -> bool {
        self.0.contains(function)
    }
}

/// Notes the calls that stand in the function itself; those of its callees are noted for the callees.
fn note_calls<'a>(
    (inventory, policy): (&Inventory, &Policy),
    function: &'a FunctionEvents,
    events: &'a [Event],
    mut guarded: bool,
    calls: &mut FxHashMap<&'a str, Vec<(&'a str, bool)>>,
) -> bool {
    for event in events {
        match event {
            Event::Branch(arms) => {
                let mut all = !arms.is_empty();
                for arm in arms {
                    all &= note_calls((inventory, policy), function, arm, guarded, calls);
                }
                guarded |= all;
            }
            Event::Loop(body) | Event::Spawn(body) => {
                note_calls((inventory, policy), function, body, guarded, calls);
            }
            // A closure or block of the function itself.
            Event::Call { function: callee, events, .. } if callee.is_empty() => {
                guarded = note_calls((inventory, policy), function, events, guarded, calls);
            }
            Event::Call { function: callee, events, .. } => {
                let guards = holds_back(inventory, policy, event);
                calls.entry(callee.as_str()).or_default().push((function.function.as_str(), guarded || guards));
                // A lock that a callee takes in Redis is still held when it returns.
                each(events, &mut |event| guarded |= is_redis_lock(inventory, policy, event));
            }
            _ => guarded |= holds_back(inventory, policy, event),
        }
    }
    guarded
}

fn is_redis_lock(inventory: &Inventory, policy: &Policy, event: &Event) -> bool {
    match event {
        Event::Guard { kind, .. } => *kind == GuardKind::RedisLock,
        // A declared helper holds others back while it runs.
        Event::Call { .. } => false,
        _ => holds_back(inventory, policy, event),
    }
}
