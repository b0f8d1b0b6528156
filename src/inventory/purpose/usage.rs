//! What the order and the company of commands tell: copies are filled on a miss, records are changed where they are found
//! or kept in step with others.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::finding::Place;
use crate::inventory::event::{refuses_what_is_there, walk};
use crate::inventory::operation::{Effect, OpId, Operation};
use crate::inventory::{Event, Inventory, LoadKind, build, separate};
use crate::template::Template;

/// Operations by what stands around them.
pub(super) struct Known {
    /// Reads whose miss is filled, and the writes that fill them.
    pub(super) read_through: FxHashSet<OpId>,
    /// Writes of what a read found: a record is read, changed and written.
    pub(super) updated: FxHashSet<OpId>,
    /// Writes of records that come and go with others.
    pub(super) transacted: FxHashSet<OpId>,
}

impl Known {
    pub(super) fn of(inventory: &Inventory) -> Self {
        let (read_through, updated) = read_through(inventory);
        let mut transacted = transacted(inventory);
        transacted.extend(kept_beside_members(inventory));
        Self { read_through, updated, transacted }
    }
}

/// Writes that a transaction, or what may be one, does together with writes to collections under other keys: their
/// values must agree, so they are records that belong together and no copies.
fn transacted(inventory: &Inventory) -> FxHashSet<OpId> {
    let mut by_batch: FxHashMap<u32, Vec<&Operation>> = FxHashMap::default();
    for op in &inventory.operations {
        if let Some(batch) = op.batch
            && batch.atomic != Some(false)
        {
            by_batch.entry(batch.batch).or_default().push(op);
        }
    }
    let mut found = FxHashSet::default();
    for ops in by_batch.values() {
        let shape = |op: &Operation| op.template().map(Template::shape);
        for op in ops.iter().filter(|op| op.effect == Effect::Write) {
            let beside = |other: &&&Operation| other.effect == Effect::CollectionWrite && shape(other) != shape(op);
            if ops.iter().any(|other| beside(&other)) {
                found.insert(op.id);
            }
        }
    }
    found
}

/// Writes that one pipeline sends together with a new member of a collection, where another one deletes the key together
/// with such a member: the entry is there as long as the member is.
fn kept_beside_members(inventory: &Inventory) -> FxHashSet<OpId> {
    let mut by_batch: FxHashMap<u32, Vec<&Operation>> = FxHashMap::default();
    for op in &inventory.operations {
        if let Some(batch) = op.batch {
            by_batch.entry(batch.batch).or_default().push(op);
        }
    }
    let shapes = |op: &Operation| -> Vec<String> {
        op.templates().filter(|template| template.has_literal()).map(Template::shape).collect()
    };
    // Pairs of a key and the collection beside it, for each pipeline that has both.
    let pairs = |key: fn(&Operation) -> bool, collection: &[&str]| {
        let mut pairs: Vec<(OpId, String, String)> = Vec::new();
        for ops in by_batch.values() {
            let members = ops.iter().filter(|op| collection.contains(&&*op.command)).flat_map(|op| shapes(op));
            for member in members {
                for op in ops.iter().filter(|op| key(op)) {
                    pairs.extend(shapes(op).into_iter().map(|shape| (op.id, shape, member.clone())));
                }
            }
        }
        pairs
    };
    let gone: FxHashSet<(String, String)> = pairs(|op| op.effect == Effect::Delete, &["SREM", "ZREM", "HDEL"])
        .into_iter()
        .map(|(_, key, member)| (key, member))
        .collect();
    let made = pairs(|op| op.effect == Effect::Write, &["SADD", "ZADD", "HSET"]);
    made.into_iter()
        .filter(|(_, key, member)| gone.contains(&(key.clone(), member.clone())))
        .map(|(id, ..)| id)
        .collect()
}

/// Reads whose miss is followed by a write of the same template, and those writes: a cache by what it does.
/// Second, writes of what was found: a record is read, changed and written.
fn read_through(inventory: &Inventory) -> (FxHashSet<OpId>, FxHashSet<OpId>) {
    let (mut found, mut updated) = (FxHashSet::default(), FxHashSet::default());
    for function in &inventory.functions {
        let mut reads = Vec::new();
        let mut order = Vec::new();
        separate::flatten(&function.events, &mut order);
        for &id in &order {
            let op = inventory.operation(id);
            // How long a key will live is no value that could be missed.
            let of_a_value = !matches!(&*op.command, "TTL" | "PTTL" | "EXPIRETIME" | "PEXPIRETIME");
            if of_a_value && matches!(op.effect, Effect::Read | Effect::CollectionRead) && op.template().is_some() {
                reads.push(id);
            }
        }
        if reads.is_empty() {
            continue;
        }
        let near = near_loads(&function.events);
        for read in reads {
            let op = inventory.operation(read);
            let writes: Vec<OpId> = order
                .iter()
                .copied()
                .filter(|&id| {
                    let write = inventory.operation(id);
                    write.effect == Effect::Write && write.id != read && build::same_key(&op.keys, &write.keys)
                })
                .collect();
            if writes.is_empty() {
                continue;
            }
            let mut seen = Seen::default();
            walk(&function.events, vec![State::Before], &mut |event, state| {
                Some(step(event, state, read, (&writes, &near), &mut seen))
            });
            if refuses_what_is_there(&function.events, read) {
                continue;
            }
            updated.extend(seen.updates);
            for (load, write) in seen.fills {
                if !seen.anyway.contains(&load) {
                    found.extend([read, write]);
                }
            }
        }
    }
    (found, updated)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum State {
    Before,
    Found,
    Missed,
    /// On the miss path, and this was fetched.
    Loaded(Place),
}

/// What the paths behind a read do.
#[derive(Default)]
struct Seen {
    /// A load on the miss path, and the write behind it.
    fills: Vec<(Place, OpId)>,
    /// Writes on a hit.
    updates: FxHashSet<OpId>,
    /// Loads that happen on a hit as well: a cursor is read, work is fetched, the cursor moves on.
    anyway: FxHashSet<Place>,
}

/// Loads in the function itself and in what it calls. What is awaited further down, and not known to ask a database or
/// another service, says nothing of why this function reads and writes.
fn near_loads(events: &[Event]) -> FxHashSet<Place> {
    fn note(events: &[Event], deep: u32, found: &mut FxHashSet<Place>) {
        for event in events {
            match event {
                Event::Load { place, .. } => {
                    found.insert(*place);
                }
                Event::Branch(arms) => arms.iter().for_each(|arm| note(arm, deep, found)),
                Event::Loop(events) | Event::Spawn(events) => note(events, deep, found),
                Event::Call { function, events, .. } if function.is_empty() => note(events, deep, found),
                Event::Call { events, .. } if deep == 0 => note(events, 1, found),
                _ => {}
            }
        }
    }
    let mut found = FxHashSet::default();
    note(events, 0, &mut found);
    found
}

fn step(
    event: &Event,
    state: State,
    read: OpId,
    (writes, near): (&[OpId], &FxHashSet<Place>),
    seen: &mut Seen,
) -> State {
    match event {
        Event::Miss(id) if *id == read => State::Missed,
        Event::Hit(id) if *id == read => State::Found,
        Event::Load { place, kind, .. } if *kind == LoadKind::Unresolved && !near.contains(place) => state,
        Event::Load { place, .. } => match state {
            State::Missed => State::Loaded(*place),
            State::Found => {
                seen.anyway.insert(*place);
                state
            }
            State::Before | State::Loaded(_) => state,
        },
        // What is written is made of what was read, whether or not it was asked if there was something.
        Event::WriteBack { read: from, write } if *from == read && writes.contains(write) => {
            if matches!(state, State::Before | State::Found) {
                seen.updates.insert(*write);
            }
            state
        }
        Event::Operation(id) if writes.contains(id) => {
            match state {
                State::Loaded(place) => seen.fills.push((place, *id)),
                State::Found => {
                    seen.updates.insert(*id);
                }
                State::Before | State::Missed => {}
            }
            state
        }
        _ => state,
    }
}
