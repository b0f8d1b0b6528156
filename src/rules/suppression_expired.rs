//! ## What it does
//!
//! Reports a comment whose `until=` lies in the past. It suppresses nothing any more, so the finding is back as well.
//! Days are those of UTC; the last day still counts.
//!
//! ## Why is this bad?
//!
//! Somebody promised to be done by that day.
//!
//! ## Example
//!
//! ```rust,ignore
//! // cache-lint: ignore[missing-ttl] until=2025-06-30 -- until the migration is over
//! con.set(&key, &row).await?;
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! con.set_ex(&key, &row, 900).await?;
//! ```
//!
//! or a later day, when it takes longer than was thought.
//!
//! ## Options
//!
//! - `[suppressions] require-until = true` demands a last day of every suppression.
//!
//! ## References
//!
//! - `cache-lint explain suppression-malformed`: the forms of the comment

use super::{Category, Context, Meta, Rule, docs};
use crate::finding::{Confidence, Finding, Level};

const SOURCE: &str = include_str!("suppression_expired.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "suppression-expired",
    summary: "a suppression comment is past its last day",
    level: Level::Warning,
    category: Category::Run,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct SuppressionExpired;

impl Rule for SuppressionExpired {
    fn meta(&self) -> &'static Meta {
        &META
    }

    /// Comments are judged by `suppress`, which knows what they took away.
    fn check(&self, _: Context<'_>, _: &mut Vec<Finding>) {}
}
