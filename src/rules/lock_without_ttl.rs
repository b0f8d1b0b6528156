//! ## What it does
//!
//! Reports a lock taken with `SETNX` or `SET … NX` that carries no expiry. A lock whose `EXPIRE` follows as a command
//! of its own is reported by `non-atomic-expiry` instead.
//!
//! ## Why is this bad?
//!
//! Only the holder releases such a lock. When the holder panics, is killed, loses its connection or has its future
//! dropped by a timeout, nobody ever takes the lock again, and the job behind it stands still until a person deletes
//! the key.
//!
//! ## Example
//!
//! ```rust,ignore
//! let taken: bool = con.set_nx("report:nightly:lock", token).await?;
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! let options = SetOptions::default().conditional_set(ExistenceCheck::NX).with_expiration(SetExpiry::PX(30_000));
//! let taken: bool = con.set_options("report:nightly:lock", token, options).await?;
//! ```
//!
//! The expiry bounds how long a dead holder blocks the others. Work that may take longer renews the lock, or checks
//! that it still holds it before it commits.
//!
//! ## Options
//!
//! - `[class.NAME] store = true` declares keys that are meant to stay, for example a marker "was done once".
//!
//! ## References
//!
//! - Redis documentation: `SET`, "Distributed Locks with Redis"
//! - Martin Kleppmann, "How to do distributed locking", 2016

use super::cure::Parts;
use super::demand::Demand;
use super::gap::gaps;
use super::report;
use super::usage::Usage;
use super::{Category, Context, Meta, Rule, docs};
use crate::finding::{Confidence, Finding, Level};
use crate::inventory::{Condition, Effect, Operation, Purpose, Via};

const SOURCE: &str = include_str!("lock_without_ttl.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "lock-without-ttl",
    summary: "a lock is taken without an expiry",
    level: Level::Error,
    category: Category::Resilience,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct LockWithoutTtl;

impl Rule for LockWithoutTtl {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let usage = Usage::new(context.inventory);
        for gap in gaps(context.inventory, &usage, takes_lock) {
            let op = gap.op;
            if gap.subjects().iter().all(|subject| Demand::of(context.policy, subject).is_store()) {
                continue;
            }
            let mut finding = report::finding(&META, op);
            // SETNX of a key that nothing calls a lock may also be a marker that is meant to stay.
            if gap.maybe || op.purpose == Purpose::Unknown {
                finding.level = Level::Warning;
                finding.confidence = finding.confidence.min(Confidence::Likely);
            }
            let path = if gap.maybe { " on some path" } else { "" };
            finding.message = format!("the lock {} is taken without an expiry{path}", report::key(op));
            "stays taken for ever when its holder dies".clone_into(&mut finding.primary_label);
            finding.help = cure(context, op);
            if op.forwards_key {
                let call = |call: &Operation| format!("takes {} through it", report::key(call));
                finding.labels = report::sites(op, gap.calls.iter().copied(), call);
            }
            findings.push(finding);
        }
    }
}

fn takes_lock(op: &Operation) -> bool {
    match op.effect {
        Effect::Lock => matches!(op.purpose, Purpose::Lock | Purpose::Unknown),
        Effect::Write => op.purpose == Purpose::Lock && op.condition == Condition::IfAbsent,
        _ => false,
    }
}

fn cure(context: Context<'_>, op: &Operation) -> String {
    let Parts { receiver, key, value } = Parts::of(context, op);
    let why = "so that the lock ends with its holder";
    match op.via {
        Via::Wrapper => format!("pass an expiry to `{receiver}.{}({key}, …)`, {why}", op.spelled),
        Via::Command if op.command == "SET" => format!("add `.arg(\"PX\").arg(30_000)` after the value, {why}"),
        Via::Command | Via::Script => format!("send `SET {key} token NX PX 30000`, {why}"),
        _ if op.client.contains("fred") => {
            format!(
                "write `{receiver}.set({key}, {value}, Some(Expiration::PX(30_000)), Some(SetOptions::NX), false)`, {why}"
            )
        }
        _ if op.client.contains("rustis") => {
            format!(
                "write `{receiver}.set_with_options({key}, {value}, SetCondition::NX, SetExpiration::Px(30_000))`, {why}"
            )
        }
        _ if op.spelled == "set_options" => {
            format!("add `.with_expiration(SetExpiry::PX(30_000))` to the options, {why}")
        }
        _ => format!(
            "write `{receiver}.set_options({key}, {value}, \
             SetOptions::default().conditional_set(ExistenceCheck::NX).with_expiration(SetExpiry::PX(30_000)))`, {why}"
        ),
    }
}
