//! ## What it does
//!
//! Reports a key that this program writes and never reads, and one that it reads and never writes. Locks, channels,
//! counters (whose reply is the read), queues, scripts, declared stores, and keys that a `SCAN` pattern may find are left
//! alone. A key is reported once, at its first operation.
//!
//! This rule is off by default: it is right only where everything that uses the Redis server is part of the run, and
//! where every key could be resolved. Another service, a dashboard or a person at `redis-cli` may be the reader.
//!
//! ## Why is this bad?
//!
//! What nobody reads fills memory and is paid for with a round trip at each write. What nobody writes is a miss at each
//! read: most often one of two spellings of a key has been changed, and the other not.
//!
//! ## Example
//!
//! ```rust,ignore
//! con.set_ex(format!("shop:tips:{user}:all"), tips, 60).await?;
//! // … and no read of `shop:tips:{user}:all` anywhere
//! ```
//!
//! ## Use instead
//!
//! Read it, or remove the write; and let one function make the key for both.
//!
//! ## Options
//!
//! `[levels]` `orphan-key = "note"` switches it on; `[[exceptions]]` names keys that another program reads.
//!
//! ## References
//!
//! - Redis documentation: `OBJECT FREQ`, "Key eviction"

use super::usage::Usage;
use super::{Category, Context, Meta, Rule, copies, docs, report};
use crate::finding::{Confidence, Finding, Level};
use crate::inventory::{Condition, Effect, Operation, Purpose};
use crate::template::{Piece, Template};

const SOURCE: &str = include_str!("orphan_key.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "orphan-key",
    summary: "a key is written and never read, or read and never written",
    level: Level::Off,
    category: Category::Correctness,
    confidence: Confidence::Likely,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct OrphanKey;

impl Rule for OrphanKey {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let usage = Usage::new(context.inventory);
        let scans: Vec<&Operation> =
            context.inventory.operations.iter().filter(|op| op.effect == Effect::Scan).collect();
        for (shape, users) in usage.shapes() {
            let users: Vec<&Operation> = users.iter().copied().filter(|op| !op.test && usage.chooses_key(op)).collect();
            let Some(first) = users.first() else { continue };
            let exempt = users.iter().any(|op| {
                matches!(op.effect, Effect::Script | Effect::Publish | Effect::Subscribe | Effect::Lock | Effect::Scan)
                    || matches!(op.purpose, Purpose::Lock | Purpose::Queue | Purpose::Counter | Purpose::Pubsub)
                    || op.condition != Condition::Always
                    || super::demand::Demand::of(context.policy, op).is_store()
            });
            // Programs that share nothing but a repository have keys of their own.
            let with = |op: &Operation| copies::in_one_program(context.workspace, op.place, first.place);
            let scanned = || {
                let mut finding = scans.iter().filter(|scan| scan.templates().any(|pattern| may_find(pattern, shape)));
                finding.any(|scan| with(scan))
            };
            if exempt || scanned() || has_relative(&usage, shape, with) {
                continue;
            }
            let reads =
                users.iter().any(|op| matches!(op.effect, Effect::Read | Effect::CollectionRead | Effect::Counter));
            let writes = users.iter().any(|op| op.creates());
            let (what, label) = match (reads, writes) {
                (false, true) => ("written and never read", "nothing in this run reads it"),
                (true, false) => ("read and never written", "nothing in this run writes it"),
                _ => continue,
            };
            let mut finding = report::finding(&META, first);
            finding.message = format!("{} is {what}", report::key(first));
            label.clone_into(&mut finding.primary_label);
            finding.labels = report::sites(first, users.iter().copied(), |op| format!("`{}` here", op.command));
            "let one function make the key for the writer and the reader, or remove what has no other half"
                .clone_into(&mut finding.help);
            findings.push(finding);
        }
    }
}

/// Whether a pattern of `SCAN` or `KEYS` may find keys of this shape: its literal front says so, or it has none.
fn may_find(pattern: &Template, shape: &str) -> bool {
    match pattern.pieces().first() {
        Some(Piece::Text(text)) => shape.starts_with(text.split(['*', '?', '[']).next().unwrap_or_default()),
        _ => true,
    }
}

/// Another template of the program that the same key may have been made by: with a hole where this one has text, or the
/// other way round.
fn has_relative(usage: &Usage<'_>, shape: &str, with: impl Fn(&Operation) -> bool) -> bool {
    let own: Vec<&str> = shape.split(':').collect();
    usage.shapes().any(|(other, users)| {
        let parts: Vec<&str> = other.split(':').collect();
        other != shape
            && parts.len() == own.len()
            && parts[..own.len().saturating_sub(1).min(2)] == own[..own.len().saturating_sub(1).min(2)]
            && parts.iter().zip(&own).all(|(a, b)| a == b || a.contains("{}") || b.contains("{}"))
            && users.iter().any(|user| with(user))
    })
}
