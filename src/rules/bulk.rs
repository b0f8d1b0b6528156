//! Writes of many entries in one go: in a loop, all with one constant TTL.

use super::demand::Demand;
use super::{Context, flow};
use crate::finding::Place;
use crate::inventory::{Effect, Event, FunctionEvents, GuardKind, OpId, Operation, Purpose, TtlKind};

/// Words in a function's name that say that it fills the cache before anybody asks.
const WARMS: [&str; 12] = [
    "warm", "warmup", "prewarm", "preload", "prefill", "prefetch", "prime", "populate", "hydrate", "seed", "rebuild",
    "refill",
];

/// A write in a loop.
#[derive(Clone, Copy)]
pub(super) struct Bulk<'a> {
    pub(super) op: &'a Operation,
    /// What the loop was filled from, if it is a warm-up: a load before it, or the function by its name.
    pub(super) warm_up: Option<Warm<'a>>,
    /// A load in a task that the loop spawns, with nothing that limits how many run.
    pub(super) unlimited: Option<Place>,
}

#[derive(Clone, Copy)]
pub(super) enum Warm<'a> {
    Loaded(Place),
    Named(&'a str),
}

/// The writes of cache entries that stand in a loop of their own function, each once.
pub(super) fn bulks<'a>(context: Context<'a>) -> Vec<Bulk<'a>> {
    let mut found: Vec<Bulk<'a>> = Vec::new();
    for function in context.inventory.functions.iter().filter(|function| !function.test) {
        let name = function.function.rsplit("::").next().unwrap_or("");
        let named = name.split('_').any(|word| WARMS.contains(&word)).then_some(name);
        let mut search = Search { context, function, named, loaded: None, found: &mut found };
        search.events(&function.events, Inside::default());
    }
    found.sort_by_key(|bulk| bulk.op.id);
    found
}

#[derive(Clone, Copy, Default)]
struct Inside {
    /// In a function that was called: its loops are its own business.
    called: bool,
    repeated: bool,
    spawned: bool,
    limited: bool,
    /// Behind a miss of some key: filled because somebody asked.
    missed: bool,
    /// Loaded in a spawned task of the loop.
    load: Option<Place>,
}

struct Search<'a, 'f> {
    context: Context<'a>,
    function: &'a FunctionEvents,
    named: Option<&'a str>,
    /// The last load outside a loop.
    loaded: Option<Place>,
    found: &'f mut Vec<Bulk<'a>>,
}

impl Search<'_, '_> {
    fn events(&mut self, events: &[Event], mut inside: Inside) {
        for (at, event) in events.iter().enumerate() {
            match event {
                Event::Loop(body) => {
                    self.events(body, Inside { repeated: !inside.called || inside.repeated, ..inside })
                }
                // A task for each pass. A loop inside of one task waits for each load before the next.
                Event::Spawn(body) => {
                    self.events(body, Inside { spawned: inside.spawned || inside.repeated, ..inside })
                }
                Event::Branch(arms) => arms.iter().for_each(|arm| self.events(arm, inside)),
                Event::Call { function, events, .. } => {
                    self.events(events, Inside { called: inside.called || !function.is_empty(), ..inside });
                }
                Event::Miss(_) => inside.missed = true,
                Event::Guard { kind, .. } => inside.limited |= *kind != GuardKind::RedisLock,
                Event::Load { place, .. } if inside.repeated => {
                    inside.load = inside.spawned.then_some(*place).or(inside.load);
                }
                Event::Load { place, .. } => self.loaded = Some(*place),
                Event::Operation(id) if inside.repeated => {
                    // A loop that ends once it has stored something tries again; it does not go through a list.
                    let again = &mut |event: &Event| matches!(event, Event::Leave(_));
                    if !flow::any(&events[at..], again) {
                        self.operation(*id, inside);
                    }
                }
                _ => {}
            }
        }
    }

    fn operation(&mut self, id: OpId, inside: Inside) {
        let Some(op) = flow::operation(self.context.inventory, id).filter(|op| stores_many(self.context, op)) else {
            return;
        };
        if op.function != self.function.function || self.found.iter().any(|bulk| bulk.op.id == id) {
            return;
        }
        // Read before, and only what was missing is stored: that is asked for.
        let read = flow::any(&self.function.events, &mut |event| match event {
            Event::Operation(id) => flow::operation(self.context.inventory, *id).is_some_and(|read| {
                matches!(read.effect, Effect::Read | Effect::CollectionRead) && flow::same_key(read, op)
            }),
            _ => false,
        });
        let loaded = self.loaded.filter(|_| !inside.missed && !read).map(Warm::Loaded);
        let warm_up = self.named.map(Warm::Named).or(loaded);
        let unlimited = inside.load.filter(|_| !inside.limited);
        self.found.push(Bulk { op, warm_up, unlimited });
    }
}

/// Whether an operation stores one of many cache entries.
fn stores_many(context: Context<'_>, op: &Operation) -> bool {
    let kept = matches!(op.purpose, Purpose::Cache | Purpose::Unknown | Purpose::Counter);
    let varies = op.template().is_some_and(|key| key.has_literal() && key.holes().next().is_some());
    let demand = Demand::of(context.policy, op);
    let stored = matches!(op.effect, Effect::Write | Effect::CollectionWrite);
    op.sent && !op.test && !op.forwards_key && kept && varies && stored && !demand.is_store()
}

/// The constant TTL of an entry in milliseconds, if nothing random is added to it.
pub(super) fn constant_ttl(op: &Operation) -> Option<i128> {
    match op.ttl.kind {
        TtlKind::Constant(ms) | TtlKind::Separate(Some(ms)) if ms > 0 && !op.ttl.jitter => Some(ms),
        _ => None,
    }
}
