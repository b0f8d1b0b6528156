//! ## What it does
//!
//! Reports a subscriber that deletes from Redis what the publisher has already deleted. The loop waits for messages of a
//! channel, and every publisher of that channel in the workspace deletes the same key on its way to the message or behind
//! it: a key of the same shape, or the key that the message carries. Or the publisher has stored the key anew before it
//! publishes: then what every server deletes is the fresh entry.
//!
//! Silent where a publisher deletes nothing and leaves that to the subscriber, may publish somewhere else, or is another
//! program; where the subscriber deletes another key, in another Redis (a region's own, by its name), after a while or
//! after a look at the entry; for sessions, tokens, state and declared stores, which nobody fills again; and for what the
//! server itself announces (`__keyevent@0__:…`). The rule stands beside `local-invalidation-only`, which tells of copies
//! that no message reaches: this one tells of the delete that is one too many, copies or not.
//!
//! ## Why is this bad?
//!
//! There is one Redis, and the entry is gone from it when the message is sent. Each of N servers then deletes it once
//! more, each a little later than the other, and with it the entry that somebody has loaded and stored in between. One
//! change costs up to N further misses on the key that is wanted most, all of them just after each other.
//!
//! ## Example
//!
//! ```rust,ignore
//! con.del(key).await?;
//! con.publish("cache:invalidation", key).await?;
//!
//! // on every server
//! while let Some(message) = messages.next().await {
//!     let key: String = message.get_payload()?;
//!     con.del(&key).await?;
//! }
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! con.del(key).await?;
//! con.publish("cache:invalidation", key).await?;
//!
//! // on every server
//! while let Some(message) = messages.next().await {
//!     local.remove(&message.get_payload::<String>().unwrap_or_default());
//! }
//! ```
//!
//! `Cache::builder(store).local(10_000).bus(bus)` of `cache-patterns` with a `RedisBus` deletes once and drops the copy of
//! every server. Without copies in the process there is nothing to subscribe for.
//!
//! ## Options
//!
//! - `[class.NAME] store = true` declares keys whose only home is Redis.
//! - `[channels] external` names channels to which other programs publish as well: they are left alone.
//!
//! ## References
//!
//! - Redis documentation: "Pub/Sub" (every subscriber gets every message)

use rustc_hash::FxHashSet;

use super::announced::Announced;
use super::demand::Demand;
use super::report;
use super::{Category, Context, Meta, Rule, docs};
use crate::finding::{Confidence, Finding, Level, Place};
use crate::inventory::{Effect, Event, ExitKind, MessageStep, OpId, Operation, Purpose};
use crate::rules::flow;

const SOURCE: &str = include_str!("redundant_invalidation.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "redundant-invalidation",
    summary: "every server deletes from Redis what the publisher of the change has deleted or stored anew already",
    level: Level::Warning,
    category: Category::Correctness,
    confidence: Confidence::Likely,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct RedundantInvalidation;

impl Rule for RedundantInvalidation {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let announced = Announced::new(context);
        let mut told: FxHashSet<OpId> = FxHashSet::default();
        for function in context.inventory.functions.iter().filter(|function| !function.test) {
            let mut channels: Vec<&Operation> = Vec::new();
            let mut deletes: Vec<(OpId, Place)> = Vec::new();
            flow::each(&function.events, &mut |event| match event {
                Event::Operation(id) => channels.extend(
                    flow::operation(context.inventory, *id).filter(|op| op.effect == Effect::Subscribe && op.sent),
                ),
                Event::Loop(body) => {
                    let mut pass = Pass { context, reads: Vec::new(), deletes: &mut deletes };
                    pass.scan(body, None);
                }
                _ => {}
            });
            for (id, awaited) in deletes {
                let Some(deleted) = flow::operation(context.inventory, id).filter(|op| is_of_message(op)) else {
                    continue;
                };
                if told.contains(&id) || is_no_copy(context, deleted) || waits_between(context, awaited, deleted.place)
                {
                    continue;
                }
                let Some(before) = announced.settled_by_all(&channels, deleted) else { continue };
                told.insert(id);
                findings.push(describe(deleted, &before));
            }
        }
    }
}

/// One pass of a loop that waits for messages.
struct Pass<'a, 'd> {
    context: Context<'a>,
    /// What was looked at so far.
    reads: Vec<&'a Operation>,
    deletes: &'d mut Vec<(OpId, Place)>,
}

impl Pass<'_, '_> {
    /// Notes the deletes behind the wait for a message, with the place of the wait. Gives the wait that is behind
    /// everything that comes next, or nothing where nothing does.
    fn scan(&mut self, events: &[Event], mut awaited: Option<Place>) -> Option<Option<Place>> {
        for event in events {
            match event {
                Event::Message { step: MessageStep::Awaited { .. }, place, .. } => awaited = Some(*place),
                Event::Operation(id) => {
                    let Some(op) = flow::operation(self.context.inventory, *id) else { continue };
                    // Who looks at the entry first takes away only what is older than the change.
                    let looked_at = self.reads.iter().any(|read| flow::same_key(read, op));
                    match op.effect {
                        Effect::Read => self.reads.push(op),
                        Effect::Delete if op.sent && !op.test && !looked_at => {
                            self.deletes.extend(awaited.map(|awaited| (*id, awaited)));
                        }
                        _ => {}
                    }
                }
                Event::Branch(arms) => {
                    // What stands behind `select!` is done whatever has woken it.
                    let ends: Vec<Option<Place>> = arms.iter().filter_map(|arm| self.scan(arm, awaited)).collect();
                    if ends.is_empty() && !arms.is_empty() {
                        return None;
                    }
                    awaited = if ends.iter().all(Option::is_some) { ends.first().copied().flatten() } else { None };
                }
                Event::Call { events, .. } => {
                    // Who leaves a callee comes back.
                    let after = self.scan(events, awaited).flatten();
                    awaited = awaited.or(after);
                }
                Event::Loop(body) | Event::Spawn(body) => drop(self.scan(body, awaited)),
                Event::Leave(ExitKind::Break | ExitKind::Return | ExitKind::Error | ExitKind::Abort) => return None,
                _ => {}
            }
        }
        Some(awaited)
    }
}

/// Whether a key may come out of a message: it is neither the caller's nor a field of what has the loop.
fn is_of_message(op: &Operation) -> bool {
    let own = |name: &str| name == "self" || name.starts_with("self.");
    let is_delete = matches!(op.command.as_str(), "DEL" | "UNLINK");
    is_delete
        && !op.forwards_key
        && op.templates().flat_map(|key| key.holes()).all(|hole| !hole.parameter && !own(&hole.name))
}

/// Whether nobody fills the key again who misses it: a session that has ended, a token, the state of something.
fn is_no_copy(context: Context<'_>, op: &Operation) -> bool {
    !matches!(op.purpose, Purpose::Cache | Purpose::Unknown) || Demand::of(context.policy, op).is_store()
}

/// Whether the delete is put off, to catch what was stored in the meantime: a second one is meant then.
fn waits_between(context: Context<'_>, awaited: Place, deleted: Place) -> bool {
    let text = context.workspace.file(awaited.file).and_then(|file| file.content.as_ref());
    awaited.file == deleted.file
        && text
            .and_then(|content| content.text.get(awaited.span.end as usize..deleted.span.start as usize))
            .is_some_and(|between| between.contains("sleep") || between.contains("delay"))
}

fn describe(deleted: &Operation, before: &[(&Operation, &Operation)]) -> Finding {
    let mut finding = report::finding(&META, deleted);
    let stored = before.iter().all(|(settled, _)| settled.effect == Effect::Write);
    finding.message = if stored {
        format!("every server deletes {} from Redis, though the publisher has just stored it", report::key(deleted))
    } else {
        format!("every server deletes {} from Redis again, though the publisher has deleted it", report::key(deleted))
    };
    if stored { "takes away the new value" } else { "takes away what another server may just have filled" }
        .clone_into(&mut finding.primary_label);
    "leave Redis to the publisher, and drop only the copy that this process keeps; `RedisBus` and `.local(…)` of \
     `cache-patterns` do so"
        .clone_into(&mut finding.help);
    for (settled, told) in before {
        if !finding.labels.iter().any(|label| label.place == settled.place) {
            let done = if settled.effect == Effect::Write { "stored in" } else { "deleted from" };
            finding.labels.push(report::label(settled.place, format!("{done} the same Redis here")));
        }
        if !finding.labels.iter().any(|label| label.place == told.place) {
            finding.labels.push(report::label(told.place, "and published here"));
        }
    }
    finding.confidence = before.iter().fold(finding.confidence, |least, (settled, _)| least.min(settled.confidence));
    finding
}
