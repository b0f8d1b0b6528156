//! ## What it does
//!
//! Reports an in-process cache in front of a key: a local read, on its miss a read of Redis, whose answer is kept locally;
//! where the key is deleted in Redis, and no subscription of the workspace drops the local copy. Known are moka, mini-moka,
//! quick_cache, lru and the stores of `cached`, as well as DashMap and HashMap in a field or static that are used in this
//! way. A subscriber that deletes from Redis instead is shown; `redundant-invalidation` is about that delete itself.
//!
//! Silent where local entries expire (`time_to_live`, `time_to_idle`), nothing deletes the key, or CLIENT TRACKING is on.
//!
//! ## Why is this bad?
//!
//! DEL reaches Redis, and the copy of the process that sent it. Every other server goes on answering from its own, which
//! has no TTL: a changed price is old on all servers but one until they are restarted. A subscriber that deletes the key
//! in Redis once more does not help, and takes away the entry that somebody may just have filled.
//!
//! ## Example
//!
//! ```rust,ignore
//! if let Some(value) = self.local.get(key) {
//!     return Ok(Some(value.clone()));
//! }
//! let value: Option<String> = self.redis.get(key).await?;
//! self.local.insert(key.to_owned(), value.clone());
//!
//! // elsewhere
//! self.redis.del(key).await?;
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! self.redis.del(key).await?;
//! self.redis.publish("cache:invalidation", key).await?;
//!
//! // on every server
//! while let Some(message) = messages.next().await {
//!     self.local.remove(&message.get_payload::<String>().unwrap_or_default());
//! }
//! ```
//!
//! `Cache::builder(store).local(10_000).bus(…)` of `cache-patterns` keeps copies that every invalidation reaches.
//!
//! ## Options
//!
//! None.
//!
//! ## References
//!
//! - Redis documentation: "Client-side caching"

use super::copies::in_one_program;
use super::report::label;
use super::usage::Usage;
use super::{Category, Context, Meta, Rule, code, docs, flow};
use crate::finding::{Confidence, Finding, Level, Place};
use crate::inventory::event::walk;
use crate::inventory::{Effect, Event, FunctionEvents, LocalAction, LocalEvent, OpId, Operation};

const SOURCE: &str = include_str!("local_invalidation_only.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "local-invalidation-only",
    summary: "an in-process copy of a key that no invalidation of another server reaches",
    level: Level::Warning,
    category: Category::Correctness,
    confidence: Confidence::Likely,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct LocalInvalidationOnly;

impl Rule for LocalInvalidationOnly {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let inventory = context.inventory;
        if inventory.operations.iter().any(|op| op.command.starts_with("CLIENT TRACKING")) {
            return;
        }
        let functions: Vec<&FunctionEvents> = inventory.functions.iter().filter(|function| !function.test).collect();
        let usage = Usage::new(inventory);
        let mut told: Vec<(&str, &str)> = Vec::new();
        for function in &functions {
            for (cache, read) in fronts(context, &function.events) {
                if told.contains(&(&cache.cache, &cache.ty)) {
                    continue;
                }
                told.push((&cache.cache, &cache.ty));
                let op = inventory.operation(read);
                let Some(deleted) = deletion(context, &usage, op, function) else { continue };
                let listeners = functions.iter().filter(|other| {
                    in_one_program(context.workspace, other.place, function.place) && listens(context, other)
                });
                let mut deaf = None;
                let heard = listeners.into_iter().any(|function| {
                    let drops = drops(&function.events, cache);
                    let beside = function.place.file == cache.place.file;
                    deaf = deaf.or_else(|| again(context, &function.events).filter(|_| beside));
                    drops
                });
                if !heard {
                    findings.push(describe(cache, op, deleted, deaf, function));
                }
            }
        }
    }
}

/// Local caches that are read first and filled from a read of Redis, with that read.
fn fronts<'e>(context: Context<'_>, events: &'e [Event]) -> Vec<(&'e LocalEvent, OpId)> {
    let mut fills: Vec<&'e LocalEvent> = Vec::new();
    flow::each(events, &mut |event| {
        if let Event::Local(local) = event
            && local.action == LocalAction::Fill
            && !local.bounded
        {
            fills.push(local);
        }
    });
    let mut found: Vec<(&'e LocalEvent, OpId)> = Vec::new();
    for fill in fills {
        // Before the local read, behind it, behind the read of Redis.
        let start: Vec<(bool, Option<OpId>)> = vec![(false, None)];
        walk(events, start, &mut |event, (missed, read)| match event {
            Event::Local(local) if local.is(fill) => {
                match (local.action, read) {
                    (LocalAction::Fill, Some(op))
                        if local.place == fill.place && !found.iter().any(|(known, _)| known.place == fill.place) =>
                    {
                        found.push((fill, op));
                    }
                    (LocalAction::Read, _) => return Some((true, None)),
                    _ => {}
                }
                Some((missed, read))
            }
            Event::Operation(id) if missed => {
                let reads = flow::operation(context.inventory, *id).is_some_and(|op| {
                    matches!(op.effect, Effect::Read | Effect::CollectionRead) && !op.keys.is_empty()
                });
                Some((missed, if reads { Some(*id) } else { read }))
            }
            _ => Some((missed, read)),
        });
    }
    found
}

/// A delete of the key that `read` reads. Of a key that the callers choose: in a function beside it.
fn deletion<'a>(
    context: Context<'a>,
    usage: &Usage<'a>,
    read: &'a Operation,
    function: &FunctionEvents,
) -> Option<&'a Operation> {
    let deletes = |op: &&Operation| op.effect == Effect::Delete && !op.test && op.sent;
    if read.template().is_some_and(crate::template::Template::has_literal) {
        return usage.of(read).iter().copied().find(deletes);
    }
    let owner = |path: &str| path.rsplit_once("::").map(|(owner, _)| owner.to_owned());
    let own = owner(&function.function);
    context.inventory.operations.iter().filter(deletes).find(|op| owner(&op.function) == own)
}

/// Whether a function hears of messages.
fn listens(context: Context<'_>, function: &FunctionEvents) -> bool {
    let mut hears = false;
    flow::each(&function.events, &mut |event| {
        hears |= match event {
            Event::Message { .. } => true,
            Event::Operation(id) => {
                flow::operation(context.inventory, *id).is_some_and(|op| op.effect == Effect::Subscribe)
            }
            _ => false,
        };
    });
    hears
}

/// Whether a function drops copies of this cache, or may do so out of sight.
fn drops(events: &[Event], cache: &LocalEvent) -> bool {
    let mut found = false;
    flow::each(events, &mut |event| {
        found |= match event {
            Event::Local(local) => {
                let same_type = local.ty == cache.ty && local.ty.contains("Cache");
                local.action == LocalAction::Drop && (local.cache == cache.cache || same_type)
            }
            Event::Unseen { .. } => true,
            _ => false,
        };
    });
    found
}

/// The place where a subscriber deletes from Redis.
fn again(context: Context<'_>, events: &[Event]) -> Option<Place> {
    let mut found = None;
    flow::each(events, &mut |event| {
        if let Event::Operation(id) = event
            && let Some(op) = flow::operation(context.inventory, *id)
            && op.effect == Effect::Delete
        {
            found = found.or(Some(op.place));
        }
    });
    found
}

fn describe(
    cache: &LocalEvent,
    read: &Operation,
    deleted: &Operation,
    deaf: Option<Place>,
    function: &FunctionEvents,
) -> Finding {
    let name = code(&cache.cache).into_owned();
    let mut labels = vec![label(read.place, "copied from here")];
    let message = match deaf {
        Some(place) => {
            labels.push(label(place, "the subscriber deletes from Redis once more, and no copy"));
            format!("the subscriber drops no copy of {name}, which other servers keep after a delete")
        }
        None => format!("copies in {name} stay on every other server when the key is deleted"),
    };
    if deaf != Some(deleted.place) {
        labels.push(label(deleted.place, "deleted in Redis here"));
    }
    Finding {
        rule: META.id,
        level: META.level,
        confidence: META.confidence.min(read.confidence),
        message,
        help: format!(
            "publish the key with the delete, and drop it from {name} where the message arrives; \
             `Cache::builder(store).local(…).bus(…)` of `cache-patterns` does both"
        ),
        primary: cache.place,
        primary_label: "kept in this process, without an end".to_owned(),
        function: function.function.clone(),
        labels,
        flow: Vec::new(),
        discriminator: cache.cache.clone(),
        fix: None,
    }
}
