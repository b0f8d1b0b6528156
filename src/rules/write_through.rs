//! Copies that are written together with their rows: which statement stands before a write of a key.

use super::copies::{self, Copy};
use super::demand::Demand;
use super::{Context, flow};
use crate::inventory::event::walk;
use crate::inventory::{DatabaseEvent, Effect, Event, FunctionEvents, Operation, Purpose};
use crate::stores::{Verb, Write, same_table};
use crate::template::{Piece, Template};

/// Whether an operation stores something that may be a copy of a row.
pub(super) fn stores_copy(op: &Operation) -> bool {
    let private = matches!(
        op.purpose,
        Purpose::Lock | Purpose::Pubsub | Purpose::Admin | Purpose::Session | Purpose::Token | Purpose::Queue
    );
    let set = matches!(op.command.as_str(), "SET" | "SETEX" | "PSETEX" | "HSET" | "HMSET" | "JSON.SET");
    op.sent && !op.test && !private && !op.forwards_key && set && op.templates().any(Template::has_literal)
}

/// What is asked: which statements change rows of which `op` stores a copy.
pub(super) struct Changes<'a> {
    pub(super) context: Context<'a>,
    pub(super) copies: &'a [Copy<'a>],
    pub(super) op: &'a Operation,
    /// Those behind a lock count as well.
    pub(super) guarded: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Way {
    /// Index of the statement among those that were seen.
    changed: Option<usize>,
    /// The key was read and not there: what follows fills it.
    missed: bool,
}

impl<'a> Changes<'a> {
    /// A statement on some path to the write that is no fill of a miss, in any function.
    pub(super) fn before(&self) -> Option<&'a DatabaseEvent> {
        self.context.inventory.functions.iter().filter(|function| !function.test).find_map(|f| self.within(f))
    }

    fn within(&self, function: &'a FunctionEvents) -> Option<&'a DatabaseEvent> {
        let Context { inventory, policy, .. } = self.context;
        let mut holds = false;
        flow::each(&function.events, &mut |event| {
            holds |= matches!(event, Event::Operation(id) if *id == self.op.id);
        });
        let statements: Vec<&DatabaseEvent> = if holds { copies::database(&function.events) } else { Vec::new() };
        let changing: Vec<&DatabaseEvent> = statements.into_iter().filter(|event| self.is_change(event)).collect();
        if changing.is_empty() {
            return None;
        }
        let mut found = None;
        walk(&function.events, vec![Way { changed: None, missed: false }], &mut |event, mut way| {
            match event {
                _ if !self.guarded && flow::holds_back(inventory, policy, event) => return None,
                Event::Miss(id) => {
                    way.missed |= flow::operation(inventory, *id).is_some_and(|read| flow::same_key(read, self.op));
                }
                Event::Database(event) => {
                    if let Some(at) = changing.iter().position(|one| one.place == event.place) {
                        way.changed = Some(at);
                    }
                }
                Event::Operation(id) if *id == self.op.id && !way.missed => found = found.or(way.changed),
                _ => {}
            }
            Some(way)
        });
        found.and_then(|at| changing.get(at).copied())
    }

    /// Whether a statement changes rows of which the key holds copies.
    fn is_change(&self, event: &DatabaseEvent) -> bool {
        self.change(event).is_some()
    }

    /// What of a statement changes rows of which the key holds copies.
    pub(super) fn change<'e>(&self, event: &'e DatabaseEvent) -> Option<&'e Write> {
        let access = copies::written(event)?;
        let changes = |write: &&Write| matches!(write.verb, Verb::Update | Verb::Upsert);
        let shapes: Vec<String> = self.op.templates().map(Template::shape).collect();
        let mut known = self.copies.iter().filter(|copy| shapes.contains(&copy.shape)).peekable();
        if known.peek().is_some() {
            return known.find_map(|copy| copy.change(access).filter(changes));
        }
        let mut writes = access.writes.iter().filter(changes);
        let tables = Demand::of(self.context.policy, self.op).tables();
        if !tables.is_empty() {
            return writes.find(|write| tables.iter().any(|declared| same_table(&write.table, &declared.value)));
        }
        writes.find(|write| names_table(self.op, &write.table))
    }
}

/// Whether a word of the key, or the type of what is stored, is the name of a table.
fn names_table(op: &Operation, table: &str) -> bool {
    let words = op.templates().flat_map(Template::pieces).filter_map(|piece| match piece {
        Piece::Text(text) => Some(text.split(|c: char| !c.is_alphanumeric() && c != '_')),
        Piece::Hole(_) => None,
    });
    let words: Vec<&str> = words.flatten().filter(|word| !word.is_empty()).chain(op.value.ty.as_deref()).collect();
    words.iter().any(|word| same_table(table, word))
}

/// Whether an operation makes the key go, for others to load it again.
pub(super) fn drops(op: &Operation) -> bool {
    op.sent && !op.test && matches!(op.effect, Effect::Delete | Effect::Expire) && op.command != "GETDEL"
}
