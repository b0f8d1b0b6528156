//! ## What it does
//!
//! Reports `INCR`, `INCRBY`, `INCRBYFLOAT`, `DECR` and `DECRBY` of a key that nothing in the run ever gives an expiry:
//! no `EXPIRE`, no `SET … EX` of the same key. Once per key.
//!
//! A single fixed key, and counters that are durable by their name (sequences, epochs, totals), are a note. What is
//! declared or recognised as state, a queue or an index is not reported.
//!
//! ## Why is this bad?
//!
//! `INCR` creates a missing key, without a TTL. A rate limit whose window never ends blocks its client for good. A
//! cached count that is deleted or evicted starts again at one, and stays wrong, because nothing makes it load again.
//! And one counter per user, address or day adds up to keys that nobody will ever read.
//!
//! ## Example
//!
//! ```rust,ignore
//! let hits: u64 = con.incr(format!("limit:login:{ip}"), 1).await?;
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! let (hits,): (u64,) = redis::pipe()
//!     .atomic()
//!     .incr(&key, 1)
//!     .cmd("EXPIRE").arg(&key).arg(60).arg("NX").ignore()
//!     .query_async(&mut con)
//!     .await?;
//! ```
//!
//! `EXPIRE … NX` (Redis 7.0) sets the TTL once, so the window does not slide.
//!
//! ## Options
//!
//! - `[class.NAME] ttl` demands a TTL of its counters, whatever they are called.
//! - `[class.NAME] store = true` declares counters that are meant to stay.
//!
//! ## References
//!
//! - Redis documentation: `INCR` (pattern "Rate limiter"), `EXPIRE`

use super::cure;
use super::demand::Demand;
use super::report::{self, label};
use super::usage::{Usage, gives_ttl, is_fixed};
use super::{Category, Context, Meta, Rule, docs};
use crate::finding::{Confidence, Finding, Level};
use crate::inventory::{Effect, Operation, Purpose, TtlKind, Via};
use crate::template::Piece;

const SOURCE: &str = include_str!("counter_without_ttl.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "counter-without-ttl",
    summary: "a counter is never given an expiry",
    level: Level::Warning,
    category: Category::Resilience,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

/// Words in a key that say that its counter is meant to stay.
const DURABLE: [&str; 11] =
    ["seq", "sequence", "next", "epoch", "version", "generation", "revision", "total", "totals", "alltime", "lifetime"];

pub(super) struct CounterWithoutTtl;

impl Rule for CounterWithoutTtl {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let usage = Usage::new(context.inventory);
        let mut shapes: Vec<_> = usage.shapes().collect();
        shapes.sort_unstable_by_key(|(shape, _)| *shape);
        for (_, users) in shapes {
            let mut counts = users.iter().copied().filter(|op| counts_up(op));
            let Some(op) = counts.next() else { continue };
            if users.iter().any(|user| gives_ttl(user) || unresolved(user)) {
                continue;
            }
            let Some(level) = severity(context, op) else { continue };
            let mut finding = report::finding(&META, op);
            finding.level = level;
            finding.message = format!("nothing ever gives the counter {} a TTL", report::key(op));
            "makes a missing key, without a TTL".clone_into(&mut finding.primary_label);
            finding.help = help(context, op);
            finding.labels.extend(Demand::of(context.policy, op).ttl_label());
            finding.labels.extend(report::sites(op, counts, |_| "counted here as well".to_owned()));
            let mut writers = users.iter().filter(|user| user.effect == Effect::Write);
            finding.labels.extend(writers.next().map(|writer| label(writer.place, "set here, without a TTL")));
            findings.push(finding);
        }
    }
}

fn counts_up(op: &Operation) -> bool {
    let family = matches!(op.command.as_str(), "INCR" | "INCRBY" | "INCRBYFLOAT" | "DECR" | "DECRBY" | "INCREX");
    op.effect == Effect::Counter && family && !op.forwards_key && !op.forwards_ttl
}

/// Whether a TTL may be there that could not be seen.
fn unresolved(op: &Operation) -> bool {
    matches!(op.ttl.kind, TtlKind::Undetermined | TtlKind::Maybe)
        || (op.effect == Effect::Script && op.script_commands.is_empty())
}

fn severity(context: Context<'_>, op: &Operation) -> Option<Level> {
    let demand = Demand::of(context.policy, op);
    if demand.is_store() || !demand.wants_ttl() {
        return None;
    }
    if demand.ttl().is_some() {
        return Some(Level::Warning);
    }
    match op.purpose {
        Purpose::State | Purpose::Index | Purpose::Queue | Purpose::Admin | Purpose::Pubsub => None,
        // A sequence or an epoch that expires starts again and hands out old numbers: worse than a key that stays.
        _ if is_fixed(op) || is_durable(op) => Some(Level::Note),
        _ => Some(Level::Warning),
    }
}

fn is_durable(op: &Operation) -> bool {
    op.template().is_some_and(|template| {
        template.pieces().iter().any(|piece| match piece {
            Piece::Text(text) => text
                .split(|c: char| !c.is_alphanumeric())
                .any(|word| DURABLE.iter().any(|durable| word.eq_ignore_ascii_case(durable))),
            Piece::Hole(_) => false,
        })
    })
}

fn help(context: Context<'_>, op: &Operation) -> String {
    let demand = Demand::of(context.policy, op);
    let seconds = cure::seconds([demand.ttl().map(|limit| limit.ms)]);
    let cure::Parts { receiver, key, .. } = cure::Parts::of(context, op);
    match op.via {
        Via::Wrapper => format!("give the key an expiry of, say, {seconds} seconds in `{receiver}.{}`", op.spelled),
        Via::Script => format!("call `EXPIRE` with {seconds} in the script when the count is 1"),
        _ => format!(
            "send it with `EXPIRE {key} {seconds} NX` in one transaction, {}, so that the key ends",
            cure::transaction(op)
        ),
    }
}
