//! Which data is cached where: what a miss loads before it stores a key tells where the key's value comes from.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::event::walk;
use super::{DatabaseAction, DatabaseEvent, Effect, Event, Inventory, LoadKind, OpId, Operation};
use crate::finding::Place;
use crate::stores::{Access, Verb};

/// Statements between a miss and its write that are told apart.
const MOST_LOADS: usize = 4;

/// Where the value of a key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// What is loaded.
    pub source: Source,
    /// Where.
    pub load: Place,
    /// The read that misses.
    pub read: OpId,
    /// The write that stores what was loaded.
    pub fill: OpId,
    /// What the source calls the values that the load is given.
    pub given: Vec<String>,
    /// How many statements stand on its way from the miss to the write.
    pub statements: usize,
    /// Something remote or out of sight was asked after it: what is stored may be its answer rather than the rows.
    pub derived: bool,
}

/// What a cached value is a copy of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Rows of tables.
    Tables(Access),
    /// The answer of a remote call, as written.
    Remote(String),
}

/// The origins by the shape of the key, each load once.
pub type Origins = BTreeMap<String, Vec<Origin>>;

#[derive(Clone, PartialEq, Eq, Hash)]
enum Stage {
    Before,
    Missed(Way),
}

/// What happened since a read found nothing.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
struct Way {
    loads: Vec<Place>,
    derived: bool,
}

/// The loads on the way from a miss to a write of the same key, in every function.
pub(super) fn origins(inventory: &Inventory) -> Origins {
    let mut origins = Origins::new();
    // Callees first: a miss that is filled inside a call needs no second look in its callers.
    let mut functions: Vec<_> = inventory.functions.iter().map(|function| (size(&function.events), function)).collect();
    functions.sort_by_key(|(size, _)| *size);
    let mut filled: FxHashSet<(&str, OpId)> = FxHashSet::default();
    for (_, function) in functions {
        let mut survey = Survey { filled: &filled, missed: BTreeMap::new(), loads: FxHashMap::default() };
        survey.look(&function.events, &mut Vec::new());
        let Survey { missed, loads, .. } = survey;
        if loads.is_empty() {
            continue;
        }
        for (read, at_home) in missed {
            if !at_home {
                filled.insert((&function.function, read));
                continue;
            }
            let Some(read) = inventory.operations.get(read.0 as usize) else { continue };
            let mut fills = fills(inventory, &function.events, read, &loads);
            if !fills.is_empty() {
                filled.insert((&function.function, read.id));
            }
            leave_out_asides(&mut fills, &loads);
            for (fill, way) in fills {
                note(&mut origins, read, fill, &way, &loads);
            }
        }
    }
    origins
}

fn size(events: &[Event]) -> usize {
    let inner = |event: &Event| match event {
        Event::Branch(arms) => arms.iter().map(|arm| size(arm)).sum(),
        Event::Call { events, .. } | Event::Loop(events) | Event::Spawn(events) => size(events),
        _ => 0,
    };
    events.iter().map(|event| 1 + inner(event)).sum()
}

/// What there is to look for in a function.
struct Survey<'a> {
    /// Misses that are filled inside these functions.
    filled: &'a FxHashSet<(&'a str, OpId)>,
    /// Reads that find nothing, and whether one of their misses is not yet filled inside a callee.
    missed: BTreeMap<OpId, bool>,
    loads: FxHashMap<Place, (Source, Vec<String>)>,
}

impl Survey<'_> {
    fn look<'e>(&mut self, events: &'e [Event], calls: &mut Vec<&'e str>) {
        for event in events {
            match event {
                Event::Miss(id) => {
                    let elsewhere = calls.iter().any(|callee| self.filled.contains(&(*callee, *id)));
                    *self.missed.entry(*id).or_default() |= !elsewhere;
                }
                Event::Database(event) => {
                    if let Some(access) = selects(event) {
                        self.loads.insert(event.place, (Source::Tables(access.clone()), event.given.clone()));
                    }
                }
                Event::Load { kind: LoadKind::Remote, place, name } => {
                    self.loads.entry(*place).or_insert_with(|| (Source::Remote(name.clone()), Vec::new()));
                }
                Event::Branch(arms) => arms.iter().for_each(|arm| self.look(arm, calls)),
                Event::Loop(events) | Event::Spawn(events) => self.look(events, calls),
                Event::Call { function, events, .. } => {
                    calls.push(function);
                    self.look(events, calls);
                    calls.pop();
                }
                _ => {}
            }
        }
    }
}

fn selects(event: &Arc<DatabaseEvent>) -> Option<&Access> {
    match &event.action {
        DatabaseAction::Statement(access) if access.verb == Verb::Select && !access.reads.is_empty() => Some(access),
        _ => None,
    }
}

fn fills(
    inventory: &Inventory,
    events: &[Event],
    read: &Operation,
    loads: &FxHashMap<Place, (Source, Vec<String>)>,
) -> Vec<(OpId, Way)> {
    let shapes: FxHashSet<String> =
        read.templates().filter(|key| key.has_literal()).map(crate::template::Template::shape).collect();
    let mut found = Vec::new();
    if shapes.is_empty() {
        return found;
    }
    walk(events, vec![Stage::Before], &mut |event, stage| match (event, stage) {
        (Event::Miss(id), Stage::Before) if *id == read.id => Some(Stage::Missed(Way::default())),
        (Event::Hit(id), _) if *id == read.id => None,
        (Event::Database(_) | Event::Load { .. }, Stage::Missed(mut way)) => {
            let place = match event {
                Event::Database(event) => event.place,
                Event::Load { place, kind, .. } => {
                    let outside = matches!(kind, LoadKind::Remote | LoadKind::Unresolved);
                    way.derived |= outside && !way.loads.is_empty();
                    *place
                }
                _ => return Some(Stage::Missed(way)),
            };
            if loads.contains_key(&place) && !way.loads.contains(&place) && way.loads.len() < MOST_LOADS {
                way.loads.push(place);
            }
            Some(Stage::Missed(way))
        }
        (Event::Operation(id), Stage::Missed(way)) => {
            let stores = inventory.operations.get(id.0 as usize).is_some_and(|op| {
                matches!(op.effect, Effect::Write | Effect::CollectionWrite)
                    && op.templates().any(|key| shapes.contains(&key.shape()))
            });
            if stores {
                found.push((*id, way));
                return None;
            }
            Some(Stage::Missed(way))
        }
        (_, stage) => Some(stage),
    });
    found
}

/// Leaves out the loads that stand on some ways to a write only, beside others: what is stored is not made of them each
/// time, and whether it is for this key is not known.
fn leave_out_asides(fills: &mut [(OpId, Way)], loads: &FxHashMap<Place, (Source, Vec<String>)>) {
    let is_statement = |place: &&Place| matches!(loads.get(*place), Some((Source::Tables(_), _)));
    let ways: Vec<(OpId, Vec<Place>)> = fills
        .iter()
        .map(|(fill, way)| (*fill, way.loads.iter().filter(is_statement).copied().collect()))
        .filter(|(_, statements): &(OpId, Vec<Place>)| !statements.is_empty())
        .collect();
    for (fill, way) in fills {
        let same = ways.iter().filter(|(other, _)| other == fill).map(|(_, statements)| statements);
        way.loads.retain(|load| {
            !is_statement(&load)
                || same.clone().any(|statements| statements == &[*load])
                || same.clone().all(|statements| statements.contains(load))
        });
    }
}

fn note(
    origins: &mut Origins,
    read: &Operation,
    fill: OpId,
    way: &Way,
    loads: &FxHashMap<Place, (Source, Vec<String>)>,
) {
    let shapes: FxHashSet<String> =
        read.templates().filter(|key| key.has_literal()).map(crate::template::Template::shape).collect();
    for shape in shapes {
        let known = origins.entry(shape).or_default();
        let is_statement = |place: &&Place| matches!(loads.get(*place), Some((Source::Tables(_), _)));
        let statements = way.loads.iter().filter(is_statement).count();
        for place in &way.loads {
            let Some((source, given)) = loads.get(place) else { continue };
            if let Some(origin) = known.iter_mut().find(|origin| origin.load == *place) {
                origin.statements = origin.statements.min(statements);
            } else {
                known.push(Origin {
                    statements,
                    source: source.clone(),
                    load: *place,
                    read: read.id,
                    fill,
                    given: given.clone(),
                    derived: way.derived,
                });
            }
        }
    }
    origins.retain(|_, known| !known.is_empty());
}

impl Origin {
    /// What it is called in messages and reports: the tables, else the call.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        match &self.source {
            Source::Tables(access) => access.reads.iter().map(crate::facts::Name::as_str).collect(),
            Source::Remote(call) => vec![call.as_str()],
        }
    }
}
