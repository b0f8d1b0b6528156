//! ## What it does
//!
//! Reports a write that leaves a key without an expiry: no TTL argument, no option that carries one, and no later
//! `EXPIRE` of the same key in the function, the pipeline, the script or a caller.
//!
//! Where a wrapper takes the TTL from its caller, the call that chose "no TTL" is reported. A wrapper that writes
//! without a TTL whatever it is given is reported once, in the wrapper.
//!
//! What the implementors of a public trait decide, in a library that no program of the run uses, is not known here:
//! `--show-undetermined` tells it.
//!
//! It is an error where the key is known to be a cache entry or a session, or belongs to a class with a TTL; a warning
//! where nothing tells what the key is for and it has a varying part, so that the number of such keys grows; a note for
//! a single fixed key, for state, or where the TTL is an option that may be absent. Locks, counters and collections have
//! rules of their own.
//!
//! ## Why is this bad?
//!
//! A cache entry without a TTL outlives every mistake: an invalidation that was lost, a row that was changed by a
//! migration, a user who was deleted. Nothing ever corrects it. And memory grows with every key that was ever asked
//! for, until the server evicts what is still needed, or, under `noeviction` and the `volatile-*` policies (which only
//! evict keys that have a TTL), refuses every write.
//!
//! ## Example
//!
//! ```rust,ignore
//! let json = serde_json::to_string(&profile)?;
//! let _: () = con.set(format!("user:v2:profile:{id}"), json).await?;
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! let json = serde_json::to_string(&profile)?;
//! let _: () = con.set_ex(format!("user:v2:profile:{id}"), json, 900).await?;
//! ```
//!
//! or let the companion crate write it, whose entries cannot be declared without a TTL:
//!
//! ```rust,ignore
//! let profile = cache.get_or_load(&id, || db::user_profile(&pool, id)).await?;
//! ```
//!
//! ## Options
//!
//! - `[ttl] required = false` switches the demand off for keys of no class.
//! - `[class.NAME] ttl` gives the TTL that the help text shows.
//! - `[class.NAME] store = true` declares keys whose only home is Redis; they are never reported.
//!
//! ## References
//!
//! - Redis documentation: `SET`, `EXPIRE`, "Key eviction"

use super::cure;
use super::demand::Demand;
use super::gap::{self, Gap, gaps, givers};
use super::report::{self, duration};
use super::usage::{Usage, gives_ttl, is_fixed};
use super::{Category, Context, Meta, Rule, docs};
use crate::finding::{Confidence, Finding, Level};
use crate::inventory::{Condition, Effect, Operation, Purpose, TtlKind};

const SOURCE: &str = include_str!("missing_ttl.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "missing-ttl",
    summary: "a cached value is stored without an expiry",
    level: Level::Error,
    category: Category::Policy,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct MissingTtl;

impl Rule for MissingTtl {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let usage = Usage::new(context.inventory);
        for gap in gaps(context.inventory, &usage, |op| creates_value(op, &usage)) {
            let unseen = gap::expires_unseen(context, gap.op);
            findings.extend(if unseen { undetermined(context, gap.op) } else { judge_gap(context, &usage, &gap) });
        }
        for op in context.inventory.operations.iter().filter(|op| op.sent && creates_value(op, &usage)) {
            match op.ttl.kind {
                TtlKind::Keep if !op.forwards_key => findings.extend(kept(context, &usage, op)),
                TtlKind::Undetermined => findings.extend(undetermined(context, op)),
                _ => {}
            }
        }
    }
}

/// Whether `op` makes a string value, so that this rule and not one for locks, counters or collections judges it.
fn creates_value(op: &Operation, usage: &Usage<'_>) -> bool {
    if matches!(op.condition, Condition::IfPresent | Condition::IfEqual) || op.purpose == Purpose::Lock {
        return false;
    }
    match op.effect {
        Effect::Write => match op.command.as_str() {
            // The TTL travels with the key, or is an argument that cannot be left out.
            "RENAME" | "RENAMENX" | "MOVE" | "COPY" | "RESTORE" => false,
            // These change a value in place and leave the TTL that others gave it; so does JSON.SET.
            "APPEND" | "SETRANGE" | "SETBIT" | "BITFIELD" => !usage.others(op).any(gives_ttl),
            command if command.starts_with("JSON.") => !usage.others(op).any(gives_ttl),
            // A collection, although the command replaces it like a string.
            command => !command.ends_with("STORE"),
        },
        Effect::Lock => op.purpose != Purpose::Unknown,
        Effect::Script => {
            let makes = |command: &String| matches!(command.as_str(), "SET" | "SETNX" | "GETSET" | "MSET");
            op.script_commands.iter().any(makes) && !gives_ttl(op)
        }
        _ => false,
    }
}

/// How bad it is that this key has no expiry; `None`: it is as it should be.
fn severity(demand: Demand<'_>, op: &Operation) -> Option<Level> {
    if demand.is_store() || !demand.wants_ttl() {
        return None;
    }
    if demand.ttl().is_some() {
        return Some(Level::Error);
    }
    match op.purpose {
        Purpose::Cache | Purpose::Session => Some(Level::Error),
        Purpose::Token => Some(Level::Warning),
        // One fixed key cannot fill the server; a family of keys does.
        Purpose::Unknown | Purpose::Counter | Purpose::Lock => {
            Some(if is_fixed(op) { Level::Note } else { Level::Warning })
        }
        Purpose::State | Purpose::Index | Purpose::Queue => (!is_fixed(op)).then_some(Level::Note),
        Purpose::Pubsub | Purpose::Admin => None,
    }
}

fn judge_gap(context: Context<'_>, usage: &Usage<'_>, gap: &Gap<'_>) -> Option<Finding> {
    let op = gap.op;
    // A TTL that this write takes away again is the business of `ttl-cleared`.
    if !gap.maybe && !givers(context, usage, op).is_empty() {
        return None;
    }
    let subjects = gap.subjects();
    let judged = subjects.iter().filter_map(|&subject| {
        let demand = Demand::of(context.policy, subject);
        severity(demand, subject).map(|level| (level, subject, demand))
    });
    // `max_by_key` would give the last of equals; the first one reads better.
    let (mut level, subject, demand) = judged.reduce(|best, next| if next.0 > best.0 { next } else { best })?;

    let mut finding = report::finding(&META, op);
    let expiring: Vec<_> = usage.others(subject).filter(|other| other.effect == Effect::Expire).collect();
    if gap.maybe || !expiring.is_empty() {
        level = level.min(Level::Warning);
    }
    // An optional TTL is often the operator's to choose; only where the key is known to need one it is more than a remark.
    if gap.maybe && subject.purpose == Purpose::Unknown && demand.ttl().is_none() {
        level = level.min(Level::Note);
    }
    // A wrapper that nobody in sight calls is an offer: what it will be used for is not known.
    let offered = op.forwards_key && gap.calls.is_empty() && demand.ttl().is_none();
    level = if offered { level.min(Level::Warning) } else { level };
    if offered || gap.maybe || !expiring.is_empty() || subject.purpose == Purpose::Unknown {
        finding.confidence = finding.confidence.min(Confidence::Likely);
    }
    finding.level = level;

    let key = report::key(if op.forwards_key { op } else { subject });
    let command = format!("`{}`", op.command);
    (finding.message, finding.primary_label) = if gap.maybe {
        (format!("{command} stores {key} without a TTL on some path"), "no TTL when the option is absent".to_owned())
    } else if !gap.calls.is_empty() && op.forwards_key {
        let calls = gap.calls.len();
        let plural = if calls == 1 { "call" } else { "calls" };
        (
            format!("{command} stores {key} without a TTL, for {calls} {plural}"),
            "whatever the caller asks for".to_owned(),
        )
    } else {
        (format!("{command} stores {key} without a TTL"), "this entry never expires".to_owned())
    };

    let siblings: Vec<_> =
        usage.others(subject).filter(|other| other.creates() && known_ttl(other).is_some()).collect();
    let class_ttl = demand.ttl().map(|limit| limit.ms);
    let seconds = cure::seconds([class_ttl].into_iter().chain(siblings.iter().copied().map(known_ttl)));
    let wanted = gap.calls.iter().filter_map(|call| Demand::of(context.policy, call).ttl());
    finding.help = cure::for_callers(op, wanted.map(|limit| limit.ms))
        .unwrap_or_else(|| cure::write_with_ttl(context, op, seconds));
    if matches!(subject.purpose, Purpose::Cache) {
        finding.help += &format!("; or fill it through `cache-patterns`: {}", cure::get_or_load(subject, ""));
    }

    finding.labels.extend(demand.ttl_label());
    if op.forwards_key {
        let call = |call: &Operation| format!("stores {} through it", report::key(call));
        finding.labels.extend(report::sites(op, gap.calls.iter().copied(), call));
    }
    let with = |other: &Operation| format!("stored with {} here", known_ttl(other).map_or_else(String::new, duration));
    finding.labels.extend(report::sites(op, siblings.into_iter(), with));
    finding.labels.extend(report::sites(op, expiring.into_iter(), |_| "gets an expiry only here".to_owned()));
    let mut readers = usage.others(subject).filter(|other| other.effect == Effect::Read);
    finding.labels.extend(readers.next().map(|reader| report::label(reader.place, "read here")));
    Some(finding)
}

fn known_ttl(op: &Operation) -> Option<i128> {
    match op.ttl.kind {
        TtlKind::Constant(ms) | TtlKind::Range(ms, _) | TtlKind::Separate(Some(ms)) if ms > 0 => Some(ms),
        _ => None,
    }
}

/// KEEPTTL keeps nothing where nobody gives the key a TTL.
fn kept(context: Context<'_>, usage: &Usage<'_>, op: &Operation) -> Option<Finding> {
    if op.template().is_none() || usage.of(op).iter().any(|&other| gives_ttl(other)) {
        return None;
    }
    let demand = Demand::of(context.policy, op);
    let level = severity(demand, op)?.min(Level::Warning);
    let mut finding = report::finding(&META, op);
    finding.level = level;
    finding.confidence = finding.confidence.min(Confidence::Likely);
    finding.message = format!("`{}` keeps the TTL of {}, but nothing gives it one", op.command, report::key(op));
    "a new key gets no TTL from this".clone_into(&mut finding.primary_label);
    finding.help = cure::write_with_ttl(context, op, cure::seconds([demand.ttl().map(|limit| limit.ms)]));
    finding.labels.extend(demand.ttl_label());
    Some(finding)
}

/// What could not be resolved; shown only when asked for.
fn undetermined(context: Context<'_>, op: &Operation) -> Option<Finding> {
    if op.forwards_ttl || op.forwards_key || severity(Demand::of(context.policy, op), op)? < Level::Error {
        return None;
    }
    let mut finding = report::finding(&META, op);
    finding.level = Level::Note;
    finding.confidence = Confidence::Undetermined;
    finding.message = format!("whether `{}` gives {} a TTL could not be resolved", op.command, report::key(op));
    "not resolved".clone_into(&mut finding.primary_label);
    "check by hand that this write carries a TTL on every path".clone_into(&mut finding.help);
    Some(finding)
}
