//! ## What it does
//!
//! Reports a write whose expiry is sent as a command of its own: `SET` then `EXPIRE`, `SETNX` then `EXPIRE`, `INCR` then
//! `EXPIRE`, `HSET`, `SADD`, `LPUSH`, `ZADD`, `XADD` then `EXPIRE` of the same key. Also where the `EXPIRE` is sent by a
//! function that is called, or only when the count is one.
//!
//! A pipeline without `atomic()` counts as separate commands. `MULTI`/`EXEC` and scripts are atomic and not reported,
//! and neither is the renewal of a key that was read or that got a TTL before.
//!
//! ## Why is this bad?
//!
//! Between the two commands the process can be killed, the connection can break, a `?` can return, or a timeout can
//! drop the future. The key then never expires: a lock that nobody can take, a rate limit that blocks its client for
//! good, a session that never ends. It happens rarely, under load, and is not visible in any log.
//!
//! ## Example
//!
//! ```rust,ignore
//! let count: i64 = con.incr(&key, 1).await?;
//! if count == 1 {
//!     let _: () = con.expire(&key, 60).await?;
//! }
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! let (count,): (i64,) = redis::pipe()
//!     .atomic()
//!     .incr(&key, 1)
//!     .cmd("EXPIRE").arg(&key).arg(60).arg("NX").ignore()
//!     .query_async(&mut con)
//!     .await?;
//! ```
//!
//! A string takes its TTL with the value: `con.set_ex(&key, value, 60)`.
//!
//! ## Options
//!
//! - `[class.NAME] store = true` does not switch this off: who sends `EXPIRE` wants the key to expire.
//!
//! ## References
//!
//! - Redis documentation: `SET`, `INCR` (pattern "Rate limiter"), "Transactions"

use rustc_hash::FxHashMap;

use super::flow;
use super::report::{self, label};
use super::usage::gives_ttl;
use super::{Category, Context, Meta, Rule, cure, docs};
use crate::finding::{Confidence, Finding, Level};
use crate::inventory::event::walk;
use crate::inventory::{Effect, Event, Inventory, OpId, Operation, TtlKind};

const SOURCE: &str = include_str!("non_atomic_expiry.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "non-atomic-expiry",
    summary: "a value and its expiry are sent as separate commands",
    level: Level::Warning,
    category: Category::Resilience,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

/// Between the commands of one pipeline only a lost connection or another client can come. Still a warning: what is left
/// behind lives for ever, and the cure is one word (`.atomic()`).
const IN_PIPELINE: Level = Level::Warning;

pub(super) struct NonAtomicExpiry;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Stage {
    /// Nothing is known of the key.
    Before,
    /// The key has a TTL, which the write keeps: an EXPIRE renews it.
    Expiring,
    /// The key may stand there without a TTL.
    Written,
}

impl Rule for NonAtomicExpiry {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let inventory = context.inventory;
        let mut pairs: FxHashMap<OpId, Vec<OpId>> = FxHashMap::default();
        for function in &inventory.functions {
            let mut sent = Vec::new();
            flow::each(&function.events, &mut |event| {
                if let Event::Operation(id) = event {
                    sent.push(*id);
                }
            });
            sent.sort_unstable();
            sent.dedup();
            let expires = sent.iter().any(|id| flow::operation(inventory, *id).is_some_and(expires));
            for write in sent.iter().filter_map(|id| flow::operation(inventory, *id)).filter(|op| expires_later(op)) {
                if expires {
                    pairs.entry(write.id).or_default().extend(expiries_after(inventory, &function.events, write));
                }
            }
        }
        let mut pairs: Vec<_> = pairs.into_iter().collect();
        pairs.sort_unstable_by_key(|(write, _)| *write);
        for (write, mut expiries) in pairs {
            expiries.sort_unstable();
            expiries.dedup();
            let expiries: Vec<_> = expiries.iter().filter_map(|id| flow::operation(inventory, *id)).collect();
            if let Some(write) = flow::operation(inventory, write) {
                findings.extend(describe(context, write, &expiries));
            }
        }
    }
}

/// Whether `op` creates its key without a TTL. Options that could not be resolved may hold one.
fn expires_later(op: &Operation) -> bool {
    let without = match op.ttl.kind {
        TtlKind::None | TtlKind::Separate(_) => true,
        TtlKind::Undetermined => matches!(op.effect, Effect::Counter | Effect::CollectionWrite),
        _ => false,
    };
    // Of the stream commands with a TTL of their own to lack, only these make a stream.
    let makes = !op.command.starts_with('X') || matches!(op.command.as_str(), "XADD" | "XGROUP CREATE");
    op.sent && op.creates() && without && makes
}

fn expires(op: &Operation) -> bool {
    op.sent && op.effect == Effect::Expire
}

/// Every expiry of the key of `write` that a path reaches after it.
fn expiries_after(inventory: &Inventory, events: &[Event], write: &Operation) -> Vec<OpId> {
    let mut found = Vec::new();
    walk(events, vec![Stage::Before], &mut |event, stage| {
        let Event::Operation(id) = event else { return Some(stage) };
        if *id == write.id {
            return Some(if stage == Stage::Before { Stage::Written } else { stage });
        }
        let Some(op) = flow::operation(inventory, *id).filter(|op| flow::same_key(op, write)) else {
            return Some(stage);
        };
        if expires(op) {
            if stage == Stage::Written {
                found.push(op.id);
            }
            // Kept as it is after a write, so that a second EXPIRE on the path is found as well; the one in the write's
            // own batch settles it, and those behind it renew.
            let settled = matches!((write.batch, op.batch), (Some(a), Some(b)) if a.batch == b.batch);
            return Some(if stage == Stage::Before || settled { Stage::Expiring } else { stage });
        }
        Some(match op.effect {
            Effect::Delete | Effect::Persist => Stage::Before,
            Effect::Write if gives_ttl(op) && !matches!(op.ttl.kind, TtlKind::Separate(_)) => Stage::Expiring,
            _ => stage,
        })
    });
    found
}

fn describe(context: Context<'_>, write: &Operation, expiries: &[&Operation]) -> Option<Finding> {
    let batched = |expiry: &Operation| match (write.batch, expiry.batch) {
        (Some(one), Some(other)) if one.batch == other.batch => Some(one.atomic),
        _ => None,
    };
    // Batches that two functions fill are two steps in the life of the key: the later one ends what is done with.
    let later_step =
        |expiry: &Operation| write.batch.is_some() && expiry.batch.is_some() && write.function != expiry.function;
    // One transaction, or a batch that may be one.
    let apart: Vec<_> = expiries
        .iter()
        .copied()
        .filter(|expiry| !flow::inside_one_call(write, expiry) && !later_step(expiry))
        .filter(|expiry| matches!(batched(expiry), None | Some(Some(false))))
        .collect();
    let first = *apart.first()?;
    let in_pipeline = apart.iter().all(|expiry| batched(expiry).is_some());

    let mut finding = report::finding(&META, write);
    finding.confidence = finding.confidence.min(first.confidence);
    finding.discriminator = format!("{} {}", write.command, report::subject(write));
    let (command, expire, key) = (&write.command, &first.command, report::key(write));
    if in_pipeline {
        finding.level = IN_PIPELINE;
        finding.message =
            format!("`{command}` and `{expire}` of {key} are queued in a pipeline that is not a transaction");
    } else {
        finding.message =
            format!("`{command}` and `{expire}` of {key} are two commands: a failure between them leaves no TTL");
    }
    "written here".clone_into(&mut finding.primary_label);
    finding.help = help(context, write, first, in_pipeline);
    for expiry in apart {
        finding.labels.push(label(expiry.place, "gets its expiry only here"));
        if let Some(definition) = expiry.wrapper.as_ref().and_then(|w| flow::operation(context.inventory, w.definition))
        {
            finding.labels.push(label(definition.place, format!("`{}` is sent here", definition.command)));
        }
    }
    Some(finding)
}

fn help(context: Context<'_>, write: &Operation, expiry: &Operation, in_pipeline: bool) -> String {
    if in_pipeline {
        return "add `.atomic()` to the pipeline".to_owned();
    }
    let key = cure::Parts::of(context, write).key;
    let seconds = match expiry.ttl.kind {
        TtlKind::Constant(ms) => Some(ms),
        _ => None,
    };
    // How long the key is to live is already said, where it is not known here.
    let own = |help: String| match (seconds, cure::seconds([seconds])) {
        (Some(_), _) => help,
        (None, example) => format!("{help}, with the TTL that `{}` is given in place of {example}", expiry.command),
    };
    if write.effect == Effect::Counter {
        return own(format!(
            "queue both in {}, with `EXPIRE {key} {} NX`, or send one script",
            cure::transaction(write),
            cure::seconds([seconds])
        ));
    }
    match write.command.as_str() {
        "SET" | "SETNX" | "GETSET" | "MSET" => own(cure::write_with_ttl(context, write, cure::seconds([seconds]))),
        command => {
            format!("queue `{command}` and `{}` in one transaction: {}", expiry.command, cure::transaction(write))
        }
    }
}
