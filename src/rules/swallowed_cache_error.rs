//! ## What it does
//!
//! Reports a write or delete whose error nobody hears of: `let _ = …await`, `.ok();`, `.unwrap_or_default();`, an
//! `Err(_) => {}`, a task that is spawned and forgotten. Where the calls of a wrapper throw its error away, each is
//! reported; where the wrapper does, it is, once.
//!
//! A delete is a warning, since what it was to remove stays; a write is a note, and so is a delete of what the same
//! function has read. Silent where the error is logged, counted, returned or looked at, where the function called logs it
//! itself (`#[instrument(err)]`), for locks, counters, queues and state, and for `cache-patterns`, which counts its errors.
//!
//! ## Why is this bad?
//!
//! That a request goes on without its cache is right; that nobody knows is not. A delete that failed is a user who keeps
//! the rights that were taken from him until the TTL ends, and the log of that day is empty. And when every write fails,
//! because the server is full or a password was changed, the program works as before, only on the database alone.
//!
//! ## Example
//!
//! ```rust,ignore
//! let _ = con.del::<_, ()>(format!("shop:v1:profile:{id}")).await;
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! if let Err(error) = con.del::<_, ()>(format!("shop:v1:profile:{id}")).await {
//!     tracing::error!(%error, id, "the profile stays in the cache until its TTL ends");
//!     metrics::counter!("cache_errors", "operation" => "delete").increment(1);
//! }
//! ```
//!
//! `cache.invalidate` of `cache-patterns` keeps an invalidation that did not arrive, says it again when the server is
//! back, and trusts no copy of the key meanwhile.
//!
//! ## Options
//!
//! - `[class.NAME] store = true` declares keys whose only home is Redis.
//!
//! ## References
//!
//! - The Rust standard library: `std::result` ("Results must be used")

use std::collections::BTreeMap;

use super::demand::Demand;
use super::flow;
use super::report::{self, key};
use super::{Category, Context, Meta, Rule, cure, docs};
use crate::finding::{Confidence, Finding, Level, Place};
use crate::inventory::{Effect, Event, FunctionEvents, OpId, Operation, Purpose};

const SOURCE: &str = include_str!("swallowed_cache_error.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "swallowed-cache-error",
    summary: "nobody hears of the error of a write or delete",
    level: Level::Note,
    category: Category::Resilience,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct SwallowedCacheError;

/// What is thrown away at one place.
struct Swallowed<'a> {
    op: &'a Operation,
    level: Level,
    /// Where it throws the result away.
    function: &'a str,
}

impl Rule for SwallowedCacheError {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let mut found: BTreeMap<Place, Swallowed<'_>> = BTreeMap::new();
        for function in context.inventory.functions.iter().filter(|function| !function.test) {
            flow::each(&function.events, &mut |event| {
                let Event::Swallowed { operation, place } = event else { return };
                let Some(op) = flow::operation(context.inventory, *operation) else { return };
                if let Some(level) = severity(context, function, op) {
                    join(&mut found, *place, Swallowed { op, level, function: &function.function });
                }
            });
        }
        findings.extend(found.into_iter().map(|(place, swallowed)| describe(place, &swallowed)));
    }
}

/// A wrapper that throws an error away does so for all its callers: one finding, at the command that stands there, as
/// grave as the gravest.
fn join<'a>(found: &mut BTreeMap<Place, Swallowed<'a>>, place: Place, next: Swallowed<'a>) {
    let Some(known) = found.get_mut(&place) else {
        found.insert(place, next);
        return;
    };
    let better = |one: &Operation, other: &Operation| {
        (stands_in(one, place), one.effect == Effect::Delete, std::cmp::Reverse(one.id))
            > (stands_in(other, place), other.effect == Effect::Delete, std::cmp::Reverse(other.id))
    };
    known.level = known.level.max(next.level);
    if better(next.op, known.op) {
        known.op = next.op;
    }
}

fn stands_in(op: &Operation, place: Place) -> bool {
    op.place.file == place.file && place.span.contains(op.place.span)
}

fn severity(context: Context<'_>, function: &FunctionEvents, op: &Operation) -> Option<Level> {
    // The errors of the companion crate are counted, and what it owes is kept.
    let judged = op.sent && !op.test && !report::is_companion(op) && !Demand::of(context.policy, op).is_store();
    let copy = matches!(op.purpose, Purpose::Cache | Purpose::Session | Purpose::Token);
    match op.effect {
        _ if !judged || !copy => None,
        Effect::Delete if !reads_first(context, function, op) => Some(Level::Warning),
        Effect::Delete | Effect::Write => Some(Level::Note),
        _ => None,
    }
}

/// What was looked at and then removed was no longer wanted by this function alone: nothing has changed elsewhere.
fn reads_first(context: Context<'_>, function: &FunctionEvents, delete: &Operation) -> bool {
    let reads = |id: &OpId| {
        flow::operation(context.inventory, *id)
            .is_some_and(|op| op.effect == Effect::Read && op.id < delete.id && flow::same_key(op, delete))
    };
    flow::any(&function.events, &mut |event| matches!(event, Event::Operation(id) if reads(id)))
}

fn describe(place: Place, swallowed: &Swallowed<'_>) -> Finding {
    let Swallowed { op, level, function } = *swallowed;
    let mut finding = report::finding(&META, op);
    if !stands_in(op, place) {
        // The function that sends it hands its error on, to one that throws it away.
        finding.primary = place;
        function.clone_into(&mut finding.function);
        finding.labels.push(report::label(op.place, if op.batch.is_some() { "queued here" } else { "sent here" }));
    }
    finding.level = level;
    let (what, effect) = match op.effect {
        Effect::Delete => ("deleting", "if it fails, the old copy stays, and nothing tells"),
        _ => ("writing", "if it fails, nothing tells"),
    };
    finding.message = format!("nobody hears of an error of {what} {}", key(op));
    effect.clone_into(&mut finding.primary_label);
    let log = "count and log it: `if let Err(error) = … { tracing::warn!(%error, …) }`";
    finding.help = match op.effect {
        // Of a session or a code there is no other copy: who asked for it has to know.
        _ if !cure::may_be_copy(op) => format!("{log}, or hand it on"),
        Effect::Delete => format!("{log}; {} of `cache-patterns` says it again until it arrives", cure::invalidate(op)),
        _ => format!("{log}; `cache-patterns` counts what it could not store"),
    };
    finding
}
