//! ## What it does
//!
//! Reports a loop over a collection that sends one command for each element and waits for each answer, where one command
//! for all (`MGET`, `DEL` with several keys, `HDEL` or `SADD` of many under one key) or a pipeline would do. The command may
//! stand in a function that the loop calls. Loops are left alone that end early, that write to the database for each element, whose commands go into a
//! pipeline, are spawned or joined, or go to another connection each time; that run a transaction with `WATCH` for each
//! element; and loops over a few written-out values.
//!
//! ## Why is this bad?
//!
//! Every pass waits for a round trip. With half a millisecond to the server, a page of 200 products costs a tenth of a
//! second before anything is rendered, and the time grows with the data: the loop that took two passes in development
//! takes two thousand on the day of the sale. One command for all takes one round trip.
//!
//! ## Example
//!
//! ```rust,ignore
//! for id in &ids {
//!     prices.push(con.get::<_, Option<i64>>(format!("shop:price:{id}")).await?);
//! }
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! let keys: Vec<_> = ids.iter().map(|id| format!("shop:price:{id}")).collect();
//! let prices: Vec<Option<i64>> = con.mget(&keys).await?;
//! ```
//!
//! Cached rows are read with their loads by `cache.get_many_or_load(&ids, …)`, and dropped by
//! `cache.invalidate_many::<Price>(&ids)`.
//!
//! ## Options
//!
//! None.
//!
//! ## References
//!
//! - Redis documentation: "Redis pipelining", `MGET`

use rustc_hash::FxHashSet;

use super::{Category, Context, Meta, Rule, cure, docs, flow, report};
use crate::finding::{Confidence, Finding, Level, Place};
use crate::inventory::{Condition, DatabaseAction, Effect, Event, Inventory, Operation, takes_many};
use crate::provenance::Provenance;
use crate::template::Template;

const SOURCE: &str = include_str!("call_in_loop.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "call-in-loop",
    summary: "a loop waits for one command for each element",
    level: Level::Note,
    category: Category::Cost,
    confidence: Confidence::Likely,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

/// Commands of which several make sense at once, beside those that take many members.
const BATCHED: &[&str] = &[
    "GET", "SET", "SETEX", "PSETEX", "DEL", "UNLINK", "EXISTS", "EXPIRE", "PEXPIRE", "TTL", "HMGET", "HGETALL",
    "HMSET", "SCARD", "SMEMBERS", "ZCARD", "LLEN", "LRANGE", "PERSIST", "TOUCH", "STRLEN",
];

/// Depth of calls in which a command is looked for: what is further in is hardly to be sent at once.
const MOST_DEPTH: u8 = 3;

pub(super) struct CallInLoop;

impl Rule for CallInLoop {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let mut seen: FxHashSet<Place> = FxHashSet::default();
        for function in context.inventory.functions.iter().filter(|function| !function.test) {
            own_loops(&function.events, &mut |body| {
                let Some(found) = in_loop(context.inventory, body) else { return };
                if seen.insert(found.place) {
                    findings.push(finding(context, &function.function, &found));
                }
            });
        }
    }
}

/// A command for each element.
struct PerElement<'a> {
    op: &'a Operation,
    /// Where it stands in the loop's own text: the command, or the call of the function that sends it.
    place: Place,
    collection: Place,
}

/// The loops in a function's own text.
fn own_loops<'e>(events: &'e [Event], visit: &mut impl FnMut(&'e [Event])) {
    for event in events {
        match event {
            Event::Loop(body) => {
                visit(body);
                own_loops(body, visit);
            }
            Event::Branch(arms) => arms.iter().for_each(|arm| own_loops(arm, visit)),
            Event::Spawn(events) => own_loops(events, visit),
            Event::Call { function, events, .. } if function.is_empty() => own_loops(events, visit),
            _ => {}
        }
    }
}

fn in_loop<'a>(inventory: &'a Inventory, body: &[Event]) -> Option<PerElement<'a>> {
    let (collection, elements) = body.iter().find_map(|event| match event {
        Event::Pass { place, elements } => Some((*place, elements)),
        _ => None,
    })?;
    if ends_early(body) {
        return None;
    }
    let writes = |event: &Event| {
        matches!(event, Event::Database(event)
            if matches!(&event.action, DatabaseAction::Statement(access) if !access.writes.is_empty()))
    };
    let (mut changes_rows, mut watches) = (false, false);
    flow::each(body, &mut |event| {
        changes_rows |= writes(event);
        watches |= matches!(event, Event::Operation(id)
            if flow::operation(inventory, *id).is_some_and(|op| op.command == "WATCH"));
    });
    if watches {
        // What is read under a watch decides what the transaction of this very pass does.
        return None;
    }
    let (op, place) = waited_for(inventory, body, (None, 0), &|op| {
        (BATCHED.contains(&op.command.as_str()) || takes_many(&op.command).is_some())
            && op.effect != Effect::Lock
            && op.condition == Condition::Always
            && !(changes_rows && (op.creates() || op.effect == Effect::Delete))
            && !names(&op.receiver).any(|name| elements.iter().any(|element| element == name))
    })?;
    Some(PerElement { op, place, collection })
}

/// A `break`, `return` or `continue` of the loop: the passes depend on each other.
fn ends_early(events: &[Event]) -> bool {
    events.iter().any(|event| match event {
        Event::Leave(_) => true,
        Event::Branch(arms) => arms.iter().any(|arm| ends_early(arm)),
        _ => false,
    })
}

/// The first command with an element in its key whose answer is waited for in this very pass.
fn waited_for<'a>(
    inventory: &'a Inventory,
    events: &[Event],
    (call, depth): (Option<Place>, u8),
    fits: &impl Fn(&Operation) -> bool,
) -> Option<(&'a Operation, Place)> {
    events.iter().find_map(|event| match event {
        Event::Operation(id) => {
            let op = flow::operation(inventory, *id)?;
            let of_element = has_element(op) || of_one_key(op).is_some();
            let alone = op.sent && op.awaited && op.batch.is_none() && op.keys.len() == 1 && !op.keys[0].many;
            (of_element && alone && fits(op)).then_some((op, call.unwrap_or(op.place)))
        }
        Event::Branch(arms) => arms.iter().find_map(|arm| waited_for(inventory, arm, (call, depth), fits)),
        Event::Call { function, place, events, awaited: true, .. } if depth < MOST_DEPTH => {
            let own = if function.is_empty() { None } else { Some(*place) };
            waited_for(inventory, events, (call.or(own), depth + 1), fits)
        }
        _ => None,
    })
}

/// Another key for each element.
fn has_element(op: &Operation) -> bool {
    let of_element = |template: &Template| template.holes().any(|hole| hole.provenance.has(Provenance::ELEMENT));
    op.templates().any(|template| template.has_literal() && of_element(template))
}

/// The command that takes the members of all elements at once, where all are under one key.
fn of_one_key(op: &Operation) -> Option<&'static str> {
    let one = op.templates().all(|template| {
        template.has_literal() && template.holes().all(|hole| !hole.provenance.has(Provenance::ELEMENT))
    });
    let all = takes_many(&op.command)?;
    (one && op.template().is_some() && op.collection.of_element).then_some(all)
}

/// The names in an expression.
fn names(written: &str) -> impl Iterator<Item = &str> {
    written.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|name| !name.is_empty())
}

fn finding(context: Context<'_>, function: &str, found: &PerElement<'_>) -> Finding {
    let PerElement { op, place, collection } = *found;
    let mut finding = report::finding(&META, op);
    finding.primary = place;
    function.clone_into(&mut finding.function);
    finding.message = format!("each pass of the loop waits for one `{}` of {}", op.command, report::key(op));
    "one round trip for each element".clone_into(&mut finding.primary_label);
    finding.labels.push(report::label(collection, "the loop walks this"));
    if place != op.place {
        finding.labels.push(report::label(op.place, "sent here"));
    }
    let cure::Parts { receiver, .. } = cure::Parts::of(context, op);
    let receiver = if receiver == "cache" || place != op.place { "con" } else { receiver };
    finding.help = match op.command.as_str() {
        _ if op.cluster => format!("queue the commands in one {} and send it once behind the loop", cure::pipeline(op)),
        "GET" => cure::or_companion(
            op,
            format!("read all keys at once: `{receiver}.mget(&keys)`"),
            "; rows with their loads by `cache.get_many_or_load(…)`",
        ),
        "DEL" | "UNLINK" => cure::or_companion(
            op,
            format!("delete all keys at once: `{receiver}.{}(&keys)`", op.command.to_lowercase()),
            ", or `cache.invalidate_many(…)`",
        ),
        command if of_one_key(op).is_some() => format!(
            "send one `{}` for all of them behind the loop, or, where each answer counts, queue each `{command}` in one {}",
            of_one_key(op).unwrap_or(command),
            cure::pipeline(op)
        ),
        command => {
            format!("queue each `{command}` in one {} and send it once behind the loop", cure::pipeline(op))
        }
    };
    finding
}
