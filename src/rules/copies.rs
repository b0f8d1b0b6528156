//! Cached copies and the tables that they are copies of: questions of the rules that join database writes with keys.

use rustc_hash::{FxHashMap, FxHashSet};

use super::demand::Demand;
use super::{Context, flow};
use crate::facts::Name;
use crate::finding::Place;
use crate::inventory::event::walk;
use crate::inventory::origin::Source;
use crate::inventory::{DatabaseAction, DatabaseEvent, Effect, Event, Inventory, Operation, Purpose};
use crate::policy::CachePattern;
use crate::source::Workspace;
use crate::stores::{Access, Verb, Write, same_table};

/// Statements from which a copy is put together.
const MOST_STATEMENTS: usize = 2;

/// A key that holds copies of rows of a table.
pub(super) struct Copy<'a> {
    pub(super) shape: String,
    /// The write that stores it, or the operation that stands for a declared class.
    pub(super) op: &'a Operation,
    /// What is read to fill it.
    pub(super) load: Access,
    /// Where; none when the table is declared.
    pub(super) loaded: Option<Place>,
}

impl Copy<'_> {
    /// The table whose rows are copied, the first of several.
    pub(super) fn table(&self) -> &str {
        self.load.reads.first().map_or("", Name::as_str)
    }

    /// What of a statement changes what the copy was made of.
    pub(super) fn change<'w>(&self, write: &'w Access) -> Option<&'w Write> {
        // A new row changes no copy of another row, but it changes a copy of all of them.
        let lists = self.op.template().is_some_and(|key| key.holes().next().is_none());
        write.writes.iter().find(|write| {
            let adds = write.verb == Verb::Insert && lists && same_table(&write.table, self.table());
            (write.verb.changes_rows() || adds) && write.shows_in(&self.load)
        })
    }

    /// Whether a statement changes what the copy was made of.
    pub(super) fn is_changed_by(&self, write: &Access) -> bool {
        self.change(write).is_some()
    }
}

/// Every key that is known to hold copies of rows: by what a miss loads, and by what the rule file declares.
pub(super) fn copies<'a>(context: Context<'a>) -> Vec<Copy<'a>> {
    let Context { inventory, policy, .. } = context;
    let mut copies: Vec<Copy<'a>> = Vec::new();
    for (shape, origins) in &inventory.origins {
        // What is made of many statements, or of an answer from elsewhere, is a report of its time.
        for origin in origins.iter().filter(|origin| !origin.derived && origin.statements <= MOST_STATEMENTS) {
            let (Source::Tables(load), Some(op)) = (&origin.source, flow::operation(inventory, origin.fill)) else {
                continue;
            };
            copies.push(Copy { shape: shape.clone(), op, load: load.clone(), loaded: Some(origin.load) });
        }
    }
    for op in inventory.operations.iter().filter(|op| op.effect == Effect::Write && !op.forwards_key) {
        let Some(template) = op.template().filter(|template| template.has_literal()) else { continue };
        let shape = template.shape();
        for table in policy.class_of(template).into_iter().flat_map(|class| &class.tables) {
            let known = |copy: &Copy<'_>| copy.shape == shape && same_table(copy.table(), &table.value);
            if !copies.iter().any(known) {
                let load = Access::of(Verb::Select, Name::new(&table.value));
                copies.push(Copy { shape: shape.clone(), op, load, loaded: None });
            }
        }
    }
    copies.retain(|copy| {
        let demand = Demand::of(policy, copy.op);
        let private = matches!(
            copy.op.purpose,
            Purpose::Lock | Purpose::Pubsub | Purpose::Admin | Purpose::Session | Purpose::Token | Purpose::Queue
        );
        !copy.op.test && !private && !demand.is_store() && demand.pattern() != Some(CachePattern::WriteBehind)
    });
    copies
}

/// Whether two places can be parts of one program: a package depends on both of their packages, or is one of them. Tables
/// of one name in services that have nothing to do with each other are two tables.
pub(super) fn in_one_program(workspace: &Workspace, one: Place, other: Place) -> bool {
    if one.file == other.file {
        return true;
    }
    let package = |place: Place| workspace.file(place.file).map(|file| file.package);
    let (Some(one), Some(other)) = (package(one), package(other)) else { return false };
    one == other
        || workspace.packages.iter().any(|root| {
            let mut reached = vec![root.id];
            let mut at = 0;
            while let Some(package) = reached.get(at).and_then(|id| workspace.package(*id)) {
                at += 1;
                let local = package.dependencies.iter().filter(|dependency| !dependency.dev_only);
                for id in local.filter_map(|dependency| dependency.local) {
                    if !reached.contains(&id) {
                        reached.push(id);
                    }
                }
            }
            reached.contains(&one) && reached.contains(&other)
        })
}

/// The database events of a function with its callees.
pub(super) fn database(events: &[Event]) -> Vec<&DatabaseEvent> {
    let mut found = Vec::new();
    flow::each(events, &mut |event| {
        if let Event::Database(event) = event {
            found.push(event.as_ref());
        }
    });
    found
}

/// What a database event writes.
pub(super) fn written(event: &DatabaseEvent) -> Option<&Access> {
    match &event.action {
        DatabaseAction::Statement(access) if !access.writes.is_empty() => Some(access),
        _ => None,
    }
}

/// Whether an event clears, replaces or announces the copies of `shape`, or may do so out of sight.
pub(super) fn renews(inventory: &Inventory, event: &Event, shape: &str) -> bool {
    match event {
        Event::Unseen { .. } => true,
        Event::Operation(id) => flow::operation(inventory, *id).is_some_and(|op| renews_by(op, shape)),
        _ => false,
    }
}

/// Whether an operation clears, replaces or announces the copies of `shape`.
pub(super) fn renews_by(op: &Operation, shape: &str) -> bool {
    let known = || op.templates().any(crate::template::Template::has_literal);
    match op.effect {
        Effect::Publish | Effect::Flush | Effect::Script | Effect::Scan => true,
        Effect::Delete | Effect::Expire | Effect::Write | Effect::CollectionWrite | Effect::Other => {
            !known() && !op.keys.is_empty()
                || op.command == "XADD"
                || op.templates().any(|key| overlap(&key.shape(), shape))
        }
        // A generation that is part of the keys of a whole group.
        Effect::Counter => !known() || op.templates().any(|key| front(&key.shape()) == front(shape)),
        _ => false,
    }
}

fn front(shape: &str) -> &str {
    shape.split([':', '{', '/', '.', '_', '-']).next().unwrap_or("")
}

/// Whether two shapes may name one key; `{}` and `*` stand for any text.
pub(super) fn overlap(one: &str, other: &str) -> bool {
    one == other || covers(one, other) || covers(other, one)
}

fn covers(pattern: &str, text: &str) -> bool {
    let pattern = pattern.replace("{}", "*");
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut open = false;
    for part in parts {
        open = true;
        if part.is_empty() {
            continue;
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.is_empty() || (open && pattern.ends_with('*'))
}

/// Whether any path through these events renews the copies of `shape` other than by filling it after a miss.
pub(super) fn renewed(inventory: &Inventory, events: &[Event], shape: &str) -> bool {
    let mut renewed = false;
    changes(inventory, events, shape, &mut |_, _| renewed = true);
    renewed
}

/// Calls `visit` for everything that renews the copies of `shape`, with the tables' writes that went before on some
/// path. Fills after a miss are left out.
pub(super) fn changes<'e>(
    inventory: &Inventory,
    events: &'e [Event],
    shape: &str,
    visit: &mut impl FnMut(&Event, &[Place]),
) {
    #[derive(Clone, PartialEq, Eq, Hash, Default)]
    struct State {
        missed: bool,
        written: Vec<Place>,
    }
    let _: &'e [Event] = events;
    let of_shape = |id: &crate::inventory::OpId| {
        flow::operation(inventory, *id).is_some_and(|op| op.templates().any(|key| key.shape() == shape))
    };
    walk(events, vec![State::default()], &mut |event, mut state| {
        match event {
            Event::Miss(id) if of_shape(id) => state.missed = true,
            Event::Hit(id) if of_shape(id) => state.missed = false,
            Event::Database(event)
                if written(event).is_some() && !state.written.contains(&event.place) && state.written.len() < 6 =>
            {
                state.written.push(event.place);
            }
            Event::Operation(id) if renews(inventory, event, shape) => {
                let fills = state.missed
                    && flow::operation(inventory, *id)
                        .is_some_and(|op| matches!(op.effect, Effect::Write | Effect::CollectionWrite));
                if !fills {
                    visit(event, &state.written);
                }
            }
            _ if renews(inventory, event, shape) => visit(event, &state.written),
            _ => {}
        }
        Some(state)
    });
}

/// Which functions call which, by path: the callers of each.
pub(super) struct Callers<'a>(FxHashMap<&'a str, FxHashSet<&'a str>>);

impl<'a> Callers<'a> {
    pub(super) fn new(inventory: &'a Inventory) -> Self {
        let mut callers: FxHashMap<&str, FxHashSet<&str>> = FxHashMap::default();
        for function in &inventory.functions {
            flow::each(&function.events, &mut |event| {
                if let Event::Call { function: callee, .. } = event
                    && callee != &function.function
                {
                    callers.entry(callee).or_default().insert(&function.function);
                }
            });
        }
        Self(callers)
    }

    /// Whether something calls it.
    pub(super) fn has(&self, function: &str) -> bool {
        self.0.get(function).is_some_and(|callers| !callers.is_empty())
    }
}
