//! ## What it does
//!
//! Reports a write in a loop or a pipeline that gives many entries the same constant TTL. Off unless asked for.
//!
//! A fill of what was just loaded, and a function that is called a warm-up, are reported by `cold-start` and not here.
//!
//! ## Why is this bad?
//!
//! Entries that were stored within a second and live equally long expire within a second, and are loaded again within one.
//! Whether that matters depends on how many there are and on what a load costs, which no linter can see: hence off.
//!
//! ## Example
//!
//! ```rust,ignore
//! for item in basket.items() {
//!     pipe.set_ex(format!("shop:price:{}", item.id), item.price, 300);
//! }
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! for item in basket.items() {
//!     pipe.set_ex(format!("shop:price:{}", item.id), item.price, 300 + rand::random_range(0..30));
//! }
//! ```
//!
//! Entities of `cache-patterns` are given `jitter = "10%"` once.
//!
//! ## Options
//!
//! - `[levels] no-ttl-jitter = "note"` switches it on.
//! - `[ttl] jitter` says how much longer than its class a TTL may be.
//!
//! ## References
//!
//! - AWS Architecture Blog, "Exponential Backoff And Jitter"

use super::bulk::{bulks, constant_ttl};
use super::cure;
use super::report::{self, duration};
use super::{Category, Context, Meta, Rule, docs};
use crate::finding::{Confidence, Finding, Level};

const SOURCE: &str = include_str!("no_ttl_jitter.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "no-ttl-jitter",
    summary: "many entries are stored at once with one constant TTL",
    level: Level::Off,
    category: Category::Resilience,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct NoTtlJitter;

impl Rule for NoTtlJitter {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        for bulk in bulks(context).into_iter().filter(|bulk| bulk.warm_up.is_none()) {
            let Some(ms) = constant_ttl(bulk.op) else { continue };
            let mut finding = report::finding(&META, bulk.op);
            finding.message = format!("this loop stores many entries of {} with one TTL", report::key(bulk.op));
            finding.primary_label = format!("{} for each", duration(ms));
            let seconds = (ms / 1000).max(1);
            finding.help = cure::or_companion(
                bulk.op,
                format!("add a random part: `{seconds} + rand::random_range(0..{})`", (seconds / 10).max(2)),
                "; entities of `cache-patterns` have `jitter`",
            );
            findings.push(finding);
        }
    }
}
