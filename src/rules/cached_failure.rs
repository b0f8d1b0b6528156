//! ## What it does
//!
//! Reports a failure that is stored as if it were an answer, with the normal TTL: what takes the place of a value that
//! could not be serialised (`unwrap_or_default()`), and an `Option` that is stored whether or not there was a row.
//!
//! A wrapper that serialises for its callers is reported once. Silent where the same function stores the key a second
//! time with another TTL (a short one for "not found"), where only `Some` is stored, and where the default stands in for
//! input rather than for a failure.
//!
//! ## Why is this bad?
//!
//! A cache repeats what it was told. One failed serialisation is an empty string that every reader fails on until the TTL
//! ends; one read during a replica's lag is an hour of "no such user" for somebody who has just signed up.
//!
//! ## Example
//!
//! ```rust,ignore
//! let json = serde_json::to_string(&score).unwrap_or_default();
//! con.set_ex(&key, json, 3_600).await?;
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! if let Ok(json) = serde_json::to_string(&score) {
//!     con.set_ex(&key, json, 3_600).await?;
//! }
//! ```
//!
//! `cache.get_or_load` of `cache-patterns` stores nothing when the load fails; `get_or_load_opt` remembers "not found" for
//! a short time of its own.
//!
//! ## Options
//!
//! - `[class.NAME] store = true` declares keys whose only home is Redis.
//!
//! ## References
//!
//! - RFC 2308, "Negative Caching of DNS Queries"

use super::demand::Demand;
use super::flow;
use super::report;
use super::usage::Usage;
use super::{Category, Context, Meta, Rule, code, cure, docs};
use crate::finding::{Confidence, Finding, Level};
use crate::inventory::{Effect, Operation, Purpose, TtlKind};

const SOURCE: &str = include_str!("cached_failure.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "cached-failure",
    summary: "an error or an absent row is stored as if it were an answer",
    level: Level::Warning,
    category: Category::Resilience,
    confidence: Confidence::Likely,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct CachedFailure;

impl Rule for CachedFailure {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let usage = Usage::new(context.inventory);
        let writes = context.inventory.operations.iter().filter(|op| {
            let stores = matches!(op.effect, Effect::Write | Effect::CollectionWrite);
            op.sent && !op.test && stores && !Demand::of(context.policy, op).is_store()
        });
        // A wrapper that serialises by itself is reported once, in the wrapper.
        let inside = |op: &Operation| {
            let definition =
                op.wrapper.as_ref().and_then(|wrapper| flow::operation(context.inventory, wrapper.definition));
            definition.is_some_and(|definition| definition.id != op.id && definition.value.replaced)
        };
        for op in writes.filter(|op| !inside(op)) {
            // A second write beside it, with a TTL of its own, is for what was not found.
            let chosen = usage.others(op).any(|other| {
                other.function == op.function && other.effect == Effect::Write && other.ttl.kind != op.ttl.kind
            });
            // A `serde_json::Value` cannot fail to be written.
            if op.value.replaced && op.value.ty.as_deref() != Some("Value") {
                findings.push(replaced(op));
            } else if !chosen && stores_absence(op) {
                findings.push(absent(op));
            }
        }
    }
}

/// Whether `None` is stored like a row, for longer than a moment.
fn stores_absence(op: &Operation) -> bool {
    let option = op.value.ty.as_deref().is_some_and(|ty| ty.starts_with("Option<"));
    let long = match op.ttl.kind {
        TtlKind::Constant(ms) | TtlKind::Range(ms, _) | TtlKind::Separate(Some(ms)) => ms > 60_000,
        TtlKind::None => true,
        _ => false,
    };
    option && long && op.value.encoding.is_struct_format() && op.purpose == Purpose::Cache
}

fn replaced(op: &Operation) -> Finding {
    let mut finding = report::finding(&META, op);
    finding.message = format!("what is stored under {} may be the default of a failure", report::key(op));
    let how_long = if op.ttl.kind == TtlKind::None { "in its place" } else { "for the whole TTL" };
    finding.primary_label = format!("if serialising fails, something else is stored {how_long}");
    finding.discriminator += " replaced";
    finding.help = cure::or_companion(
        op,
        "give the error back, or store only on success: `if let Ok(json) = …`".to_owned(),
        "; `cache.get_or_load` of `cache-patterns` stores nothing that failed",
    );
    finding
}

fn absent(op: &Operation) -> Finding {
    let mut finding = report::finding(&META, op);
    let ty = op.value.ty.as_deref().unwrap_or("Option");
    finding.message = format!("{} is stored under {}, also when it is `None`", code(ty), report::key(op));
    "\"not found\" is remembered as long as a row".clone_into(&mut finding.primary_label);
    finding.discriminator += " none";
    finding.help = format!(
        "write only `Some`, or give `None` a short TTL: `cache.get_or_load_opt(&{}, || …)` of `cache-patterns` does",
        cure::id(op)
    );
    finding
}
