//! ## What it does
//!
//! Reports a cached value whose decoding error leaves the function (`?`, `unwrap`, `expect`), although the function would
//! load the value if it were not there.
//!
//! Silent where the error is turned into a miss (`.ok()`, `if let Ok(value) = …`), where nothing would be loaded (sessions,
//! tokens, messages), and where what is decoded did not come out of Redis.
//!
//! ## Why is this bad?
//!
//! The entry was written by another version of the program. A field was added, the deploy is half through, and every
//! request that meets an old entry fails until its TTL ends, while the row is there and could be loaded. Rolling back makes
//! it worse: now the new entries do not decode.
//!
//! ## Example
//!
//! ```rust,ignore
//! if let Some(json) = con.get::<_, Option<String>>(&key).await? {
//!     return Ok(serde_json::from_str(&json)?);
//! }
//! db::user_profile(&pool, id).await
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! let cached: Option<String> = con.get(&key).await.unwrap_or_default();
//! if let Some(profile) = cached.and_then(|json| serde_json::from_str(&json).ok()) {
//!     return Ok(profile);
//! }
//! db::user_profile(&pool, id).await
//! ```
//!
//! `cache.get_or_load` of `cache-patterns` counts what does not decode as a miss, and the entity's version in the key keeps
//! two forms apart.
//!
//! ## Options
//!
//! - `[class.NAME] store = true` declares keys whose only home is Redis.
//!
//! ## References
//!
//! - serde documentation: "Field attributes" (`default`)

use rustc_hash::FxHashMap;

use super::demand::Demand;
use super::flow;
use super::report::{self, label};
use super::{Category, Context, Meta, Rule, cure, docs};
use crate::finding::{Confidence, Finding, Level, Place};
use crate::inventory::event::walk;
use crate::inventory::{Effect, Event, OpId, Operation, Purpose};

const SOURCE: &str = include_str!("decode_error_fails_request.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "decode-error-fails-request",
    summary: "a stored value that no longer decodes fails a request that the database could answer",
    level: Level::Warning,
    category: Category::Resilience,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct DecodeErrorFailsRequest;

impl Rule for DecodeErrorFailsRequest {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let inventory = context.inventory;
        let mut found: FxHashMap<Place, (OpId, String)> = FxHashMap::default();
        for function in inventory.functions.iter().filter(|function| !function.test) {
            let mut leaving: Vec<(OpId, Place)> = Vec::new();
            errors(&function.events, &mut leaving);
            for (read, place) in leaving {
                let Some(op) = flow::operation(inventory, read).filter(|op| is_cached_read(context, op)) else {
                    continue;
                };
                if let Some(load) = load_on_miss(&function.events, op) {
                    found.entry(place).or_insert((read, load));
                }
            }
        }
        let mut found: Vec<_> = found.into_iter().collect();
        found.sort_unstable_by_key(|(place, _)| *place);
        for (place, (read, load)) in found {
            findings.extend(flow::operation(inventory, read).map(|read| describe(read, place, &load)));
        }
    }
}

/// The decoding errors that leave this function: its own, and those of a call whose error it hands on.
fn errors(events: &[Event], leaving: &mut Vec<(OpId, Place)>) {
    for (at, event) in events.iter().enumerate() {
        match event {
            Event::Undecoded { read, place } => leaving.push((*read, *place)),
            Event::Call { function, events: inner, .. } => {
                let mut own = Vec::new();
                errors(inner, &mut own);
                // A closure's `?` leaves the closure; what is made of its result is not known.
                let handed_on = |read: &OpId| {
                    !function.is_empty()
                        && events[at + 1..].iter().any(|event| matches!(event, Event::Fails(failed) if failed == read))
                };
                leaving.extend(own.into_iter().filter(|(read, _)| handed_on(read)));
            }
            Event::Branch(arms) => arms.iter().for_each(|arm| errors(arm, leaving)),
            Event::Loop(events) => errors(events, leaving),
            _ => {}
        }
    }
}

fn is_cached_read(context: Context<'_>, op: &Operation) -> bool {
    let read = matches!(op.effect, Effect::Read | Effect::CollectionRead);
    op.sent && !op.test && read && op.purpose == Purpose::Cache && !Demand::of(context.policy, op).is_store()
}

/// What the function loads when the read finds nothing.
fn load_on_miss(events: &[Event], read: &Operation) -> Option<String> {
    let mut found = None;
    // What is begun in the background answers no request: there is nothing to load instead.
    let spawned = flow::spawned_loads(events);
    walk(events, vec![false], &mut |event, missed| {
        Some(match event {
            Event::Miss(id) if *id == read.id => true,
            Event::Hit(id) if *id == read.id => false,
            Event::Load { name, .. } => {
                if missed && found.is_none() && !spawned.contains(&std::ptr::from_ref(event)) {
                    found = Some(name.clone());
                }
                missed
            }
            _ => missed,
        })
    });
    found
}

fn describe(read: &Operation, place: Place, load: &str) -> Finding {
    let mut finding = report::finding(&META, read);
    finding.primary = place;
    finding.message =
        format!("an entry of {} that does not decode fails the request instead of being loaded", report::key(read));
    "the error leaves the function, for as long as the entry lives".clone_into(&mut finding.primary_label);
    finding.help = format!(
        "treat it as a miss: `.ok()` instead of handing the error on; {} of `cache-patterns` does",
        cure::get_or_load(read, load)
    );
    finding.labels.push(label(read.place, "read here"));
    finding
}
