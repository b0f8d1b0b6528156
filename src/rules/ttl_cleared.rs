//! ## What it does
//!
//! Reports a command that takes away the TTL that other functions give a key: `SET`, `GETSET`, `MSET`, `SET … XX` and the
//! `…STORE` commands without a TTL or `KEEPTTL`, and `PERSIST`.
//!
//! A write without a TTL of a key that no other write gives one is `missing-ttl`; where another function does give one,
//! this rule speaks and `missing-ttl` does not. Silent for locks, queues and state, where one function chooses between the
//! two, where an `EXPIRE` follows, and for commands that leave the TTL alone (`APPEND`, `SETRANGE`, `INCR`).
//!
//! ## Why is this bad?
//!
//! `SET` replaces the entry with everything that belongs to it. The session that was stored for a quarter of an hour is
//! written again when the user changes the language, and from then on it never ends. It happens to some entries only, so
//! the code that sets the TTL looks right and the memory grows all the same.
//!
//! ## Example
//!
//! ```rust,ignore
//! // login.rs
//! con.set_ex(format!("shop:session:{id}"), &session, 900).await?;
//! // settings.rs
//! con.set(format!("shop:session:{id}"), &session).await?;
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! // settings.rs
//! let keep = SetOptions::default().with_expiration(SetExpiry::KEEPTTL);
//! con.set_options(format!("shop:session:{id}"), &session, keep).await?;
//! ```
//!
//! `KEEPTTL` is there since Redis 6.0. With `cache-patterns` the TTL belongs to the entity and no write can leave it out.
//!
//! ## Options
//!
//! - `[class.NAME] store = true` declares keys that are meant to stay.
//!
//! ## References
//!
//! - Redis documentation: `SET` (`KEEPTTL`), `EXPIRE` (which commands clear the timeout), `PERSIST`

use super::demand::Demand;
use super::gap::{gaps, givers};
use super::report;
use super::usage::{Usage, gives_ttl};
use super::{Category, Context, Meta, Rule, cure, docs};
use crate::finding::{Confidence, Finding, Level};
use crate::inventory::{Effect, Operation, TtlKind};

const SOURCE: &str = include_str!("ttl_cleared.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "ttl-cleared",
    summary: "a command takes away the TTL that other code gives the key",
    level: Level::Error,
    category: Category::Correctness,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct TtlCleared;

impl Rule for TtlCleared {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let usage = Usage::new(context.inventory);
        for gap in gaps(context.inventory, &usage, |op| op.effect == Effect::Write) {
            let givers = givers(context, &usage, gap.op);
            if !gap.maybe && !givers.is_empty() {
                findings.push(describe(context, gap.op, &givers));
            }
        }
        let persisting = |op: &&Operation| op.effect == Effect::Persist && op.sent;
        for op in context.inventory.operations.iter().filter(persisting) {
            // `PERSIST`, then another TTL.
            let renewed = usage.others(op).any(|other| other.function == op.function && gives_ttl(other));
            let givers = givers(context, &usage, op);
            if !renewed && !givers.is_empty() {
                findings.push(describe(context, op, &givers));
            }
        }
    }
}

fn describe(context: Context<'_>, op: &Operation, givers: &[&Operation]) -> Finding {
    let mut finding = report::finding(&META, op);
    let key = report::key(op);
    finding.message = format!("`{}` takes the TTL of {key} away, which other code gives it", op.command);
    "from here on this entry never expires".clone_into(&mut finding.primary_label);
    let known = givers.iter().map(|giver| known_ttl(giver));
    let seconds = cure::seconds([Demand::of(context.policy, op).ttl().map(|limit| limit.ms)].into_iter().chain(known));
    finding.help = if op.effect == Effect::Persist {
        format!(
            "give it another TTL instead: `{}.expire({}, {seconds})`",
            op.receiver,
            cure::Parts::of(context, op).key
        )
    } else {
        cure::keep_ttl(context, op, seconds)
    };
    finding.labels = report::sites(op, givers.iter().copied(), |giver| match known_ttl(giver) {
        Some(ms) => format!("stored for {} here", report::duration(ms)),
        None => "stored with a TTL here".to_owned(),
    });
    finding
}

fn known_ttl(op: &Operation) -> Option<i128> {
    match op.ttl.kind {
        TtlKind::Constant(ms) | TtlKind::Range(ms, _) | TtlKind::Separate(Some(ms)) if ms > 0 => Some(ms),
        _ => None,
    }
}
