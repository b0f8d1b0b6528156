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
use super::{Category, Context, Meta, Rule, code, cure, docs, flow};
use crate::finding::{Confidence, Finding, Level, Place};
use crate::inventory::event::walk;
use crate::inventory::{DatabaseAction, Effect, Event, FunctionEvents, OpId, Operation, Purpose};

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

/// How far a path has come through a transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Open {
    open: bool,
    wrote: bool,
    changed: Vec<OpId>,
}

impl Rule for WriteBeforeCommit {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let copies = copies::copies(context);
        let shapes: FxHashSet<&str> = copies.iter().map(|copy| copy.shape.as_str()).collect();
        let mut found: BTreeMap<OpId, Later> = BTreeMap::new();
        for function in context.inventory.functions.iter().filter(|function| !function.test) {
            if copies::database(&function.events).iter().all(|event| copies::written(event).is_none()) {
                continue;
            }
            for (op, commit) in inside(context, function, &shapes) {
                found.entry(op).or_insert(Later::Commit(commit));
            }
            let own = |copy: &&Copy<'_>| copies::in_one_program(context.workspace, function.place, copy.op.place);
            for copy in copies.iter().filter(own) {
                for (op, statement) in before(context, function, copy) {
                    found.entry(op).or_insert(Later::Statement(statement));
                }
            }
        }
        for (op, later) in found {
            let Some(op) = flow::operation(context.inventory, op) else { continue };
            findings.push(describe(op, later));
        }
    }
}

/// Operations on copies between a begin and a commit that has something to commit.
fn inside(context: Context<'_>, function: &FunctionEvents, shapes: &FxHashSet<&str>) -> Vec<(OpId, Place)> {
    let inventory = context.inventory;
    let is_copy = |op: &Operation| match op.effect {
        // The outbox: part of the transaction, and sent behind it.
        _ if op.after_commit => false,
        Effect::Publish => true,
        Effect::Write | Effect::Delete => {
            op.purpose == Purpose::Cache || op.templates().any(|key| shapes.contains(key.shape().as_str()))
        }
        _ => false,
    };
    let fills = flow::fills(inventory, &function.events);
    let mut found = Vec::new();
    walk(&function.events, vec![Open::default()], &mut |event, mut state| {
        match event {
            Event::Database(event) => match &event.action {
                DatabaseAction::Begin => state = Open { open: true, ..Open::default() },
                DatabaseAction::Commit => {
                    if state.open && state.wrote {
                        found.extend(state.changed.iter().map(|op| (*op, event.place)));
                    }
                    state = Open::default();
                }
                DatabaseAction::Rollback => state = Open::default(),
                DatabaseAction::Statement(access) => {
                    state.wrote |= state.open && event.in_transaction != Some(false) && !access.writes.is_empty();
                }
            },
            Event::Operation(id)
                if state.open
                    && !state.changed.contains(id)
                    && !fills.contains(&std::ptr::from_ref(event))
                    && flow::operation(inventory, *id).is_some_and(&is_copy) =>
            {
                state.changed.push(*id);
            }
            _ => {}
        }
        Some(state)
    });
    found
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

fn describe(op: &Operation, later: Later) -> Finding {
    let mut finding = report::finding(&META, op);
    let key = report::key(op);
    let done = match op.effect {
        Effect::Publish => "announced",
        Effect::Delete => "deleted",
        _ => "written",
    };
    let (what, at) = match later {
        Later::Commit(place) => ("the transaction commits", place),
        Later::Statement(place) => ("the row changes", place),
    };
    finding.message = format!("{key} is {done} before {what}");
    finding.primary_label = format!("{done} here, while readers still see the old row");
    let after = label(at, if matches!(later, Later::Commit(_)) { "committed here" } else { "changed here" });
    finding.flow = vec![label(op.place, format!("{done} here")), after.clone()];
    finding.labels.push(after);
    let verb = match op.effect {
        Effect::Publish => "publish",
        Effect::Delete => "delete",
        _ => "write",
    };
    finding.help = format!(
        "{verb} after {}, or let {} of `cache-patterns` take the commit",
        if matches!(later, Later::Commit(_)) { "the commit" } else { "the statement" },
        code(&format!("cache.write(&{}, |w| …)", cure::id(op))),
    );
    finding
}
