//! ## What it does
//!
//! Reports a cached copy that is written, deleted or announced while the transaction that changes its rows is still open,
//! and one that is deleted or written before the statement that changes the row, with nothing that does it again after.
//!
//! Deleting twice, before and after, is fine, and so is a fill after a miss. Locks, sessions, tokens, counters and queues
//! are no copies.
//!
//! ## Why is this bad?
//!
//! Between the deletion and the commit every reader still sees the old row, and the first one puts it back into the cache,
//! where it stays. A value that is written before the commit is wrong when the commit fails, and nothing takes it back.
//!
//! ## Example
//!
//! ```rust,ignore
//! let mut tx = pool.begin().await?;
//! sqlx::query("UPDATE users SET name = $1 WHERE id = $2").bind(name).bind(id).execute(&mut *tx).await?;
//! let _: () = con.del(format!("user:{id}")).await?;
//! tx.commit().await?;
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! tx.commit().await?;
//! let _: () = con.del(format!("user:{id}")).await?;
//! ```
//!
//! `cache.write(&id, |w| …)` of `cache-patterns` takes the commit itself (`w.commit(row, tx.commit())`), so that the order
//! cannot be wrong.
//!
//! ## Options
//!
//! - `[class.NAME] tables` declares the tables of which the keys of a class hold copies.
//! - `[class.NAME] store = true` declares keys whose only home is Redis.
//!
//! ## References
//!
//! - R. Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013, section 3.2.1

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;

use super::copies::{self, Copy};
use super::report::{self, label};
use super::transactions;
use super::way::{self, Way};
use super::{Category, Context, Meta, Rule, code, cure, docs, flow};
use crate::finding::{Confidence, Finding, Level, Place};
use crate::inventory::event::walk;
use crate::inventory::{Effect, Event, FunctionEvents, OpId, Operation, Purpose};

const SOURCE: &str = include_str!("write_before_commit.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "write-before-commit",
    summary: "the cache changes before the database does",
    level: Level::Error,
    category: Category::Correctness,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct WriteBeforeCommit;

/// What follows too late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Later {
    Commit(Place),
    Statement(Place),
}

impl Later {
    fn place(self) -> Place {
        let (Self::Commit(place) | Self::Statement(place)) = self;
        place
    }
}

/// A copy that is changed too early: in which function, and what follows there.
struct Early<'a> {
    /// Where the transaction begins, if one does.
    begun: Option<Place>,
    later: Later,
    to_copy: Way<'a>,
    to_later: Way<'a>,
}

impl<'a> Early<'a> {
    fn new(function: &'a FunctionEvents, op: OpId, begun: Option<Place>, later: Later) -> Self {
        let mut to_copy = way::to_operation(function, op, begun);
        let mut to_later = way::to_database(function, later.place());
        // What leads to both tells nothing of their order.
        let shared = to_copy.iter().zip(&to_later).take_while(|(one, other)| one.place == other.place).count();
        to_copy.drain(..shared);
        to_later.drain(..shared);
        Self { begun, later, to_copy, to_later }
    }

    /// The shorter the way, the nearer is who has to mend it.
    fn distance(&self) -> usize {
        self.to_copy.len() + self.to_later.len()
    }
}

impl Rule for WriteBeforeCommit {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let copies = copies::copies(context);
        let shapes: FxHashSet<&str> = copies.iter().map(|copy| copy.shape.as_str()).collect();
        let mut found: BTreeMap<OpId, Early<'_>> = BTreeMap::new();
        for function in context.inventory.functions.iter().filter(|function| !function.test) {
            if copies::database(&function.events).iter().all(|event| copies::written(event).is_none()) {
                continue;
            }
            let mut early: Vec<(OpId, Option<Place>, Later)> = inside(context, function, &shapes);
            let own = |copy: &&Copy<'_>| copies::in_one_program(context.workspace, function.place, copy.op.place);
            for copy in copies.iter().filter(own) {
                let before = before(context, function, copy).into_iter();
                early.extend(before.map(|(op, statement)| (op, None, Later::Statement(statement))));
            }
            for (op, begun, later) in early {
                let early = Early::new(function, op, begun, later);
                match found.get(&op) {
                    Some(known) if known.distance() <= early.distance() => {}
                    _ => drop(found.insert(op, early)),
                }
            }
        }
        for (op, early) in found {
            let Some(op) = flow::operation(context.inventory, op) else { continue };
            findings.push(describe(op, &early));
        }
    }
}

/// Operations on copies between a begin and a commit that has something to commit.
fn inside(
    context: Context<'_>,
    function: &FunctionEvents,
    shapes: &FxHashSet<&str>,
) -> Vec<(OpId, Option<Place>, Later)> {
    let is_copy = |op: &Operation| match op.effect {
        // The outbox: part of the transaction, and sent behind it.
        _ if op.after_commit => false,
        Effect::Publish => true,
        Effect::Write | Effect::Delete => {
            op.purpose == Purpose::Cache || op.templates().any(|key| shapes.contains(key.shape().as_str()))
        }
        _ => false,
    };
    let found = transactions::inside(context.inventory, function, &is_copy).into_iter();
    found.map(|one| (one.op, Some(one.begun), Later::Commit(one.committed))).collect()
}

/// Deletions and writes of a copy before the statement that changes its row, with none after it.
fn before(context: Context<'_>, function: &FunctionEvents, copy: &Copy<'_>) -> Vec<(OpId, Place)> {
    let inventory = context.inventory;
    let mut order: Vec<&Event> = Vec::new();
    flow::each(&function.events, &mut |event| order.push(event));
    let is_statement = |event: &Event| matches!(event, Event::Database(event) if copies::written(event).is_some_and(|access| copy.is_changed_by(access)));
    let Some(last) = order.iter().rposition(|event| is_statement(event)) else { return Vec::new() };
    if order[last..].iter().any(|event| copies::renews(inventory, event, &copy.shape)) {
        return Vec::new();
    }
    let of_shape = |id: &OpId| {
        flow::operation(inventory, *id).is_some_and(|op| op.templates().any(|key| key.shape() == copy.shape))
    };
    let fills = flow::fills(inventory, &function.events);
    let changes = |event: &Event, id: &OpId, missed: bool| {
        flow::operation(inventory, *id).is_some_and(|op| {
            let fill = missed || fills.contains(&std::ptr::from_ref(event));
            op.effect == Effect::Delete || (op.effect == Effect::Write && !fill)
        })
    };
    let mut found = Vec::new();
    walk(&function.events, vec![(false, None::<OpId>)], &mut |event, (mut missed, mut changed)| {
        match event {
            Event::Miss(id) if of_shape(id) => missed = true,
            Event::Operation(id) if of_shape(id) && changes(event, id, missed) => changed = Some(*id),
            Event::Database(statement) if is_statement(event) => {
                found.extend(changed.map(|op| (op, statement.place)));
            }
            _ => {}
        }
        Some((missed, changed))
    });
    found
}

fn describe(op: &Operation, early: &Early<'_>) -> Finding {
    let mut finding = report::finding(&META, op);
    let key = report::key(op);
    let (done, verb) = match op.effect {
        Effect::Publish => ("announced", "publish"),
        Effect::Delete => ("deleted", "delete"),
        _ => ("written", "write"),
    };
    let commits = matches!(early.later, Later::Commit(_));
    let what = if commits { "the transaction commits" } else { "the row changes" };
    finding.message = format!("{key} is {done} before {what}");
    finding.primary_label = format!("{done} here, while readers still see the old row");
    // Where all stands in one function, its text shows the order.
    let mut way = Vec::new();
    if early.distance() > 0 {
        way.extend(early.begun.map(|begin| label(begin, "the transaction begins here")));
    }
    way.extend(way::labels(&early.to_copy, if commits { "in it, calls" } else { "calls" }));
    let after = label(early.later.place(), if commits { "committed here" } else { "changed here" });
    let then: Vec<_> = way::labels(&early.to_later, "then calls").into_iter().chain([after]).collect();
    finding.flow = way.iter().cloned().chain([label(op.place, format!("{done} here"))]).chain(then.clone()).collect();
    finding.labels.extend(way.into_iter().chain(then));
    finding.help = format!(
        "{verb} after {}, or let {} of `cache-patterns` take the commit",
        if commits { "the commit" } else { "the statement" },
        code(&format!("cache.write(&{}, |w| …)", cure::id(op))),
    );
    finding
}
