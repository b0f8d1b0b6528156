//! ## What it does
//!
//! Reports a suppression whose reason is missing, has fewer than three words, or begins with `todo`, `fixme`, `temp`
//! and the like; and one without a last day, where the rule file demands that.
//!
//! ## Why is this bad?
//!
//! The reason is what tells the next reader whether the finding still may be ignored. Without one, nobody ever dares to
//! take the comment away.
//!
//! ## Example
//!
//! ```rust,ignore
//! con.set(&key, &row).await?; // cache-lint: ignore[missing-ttl]
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! con.set(&key, &row).await?; // cache-lint: ignore[missing-ttl] -- the importer deletes these keys
//! ```
//!
//! ## Options
//!
//! - `[suppressions] require-until = true` demands `until=YYYY-MM-DD` as well.
//!
//! ## References
//!
//! - `cache-lint explain suppression-malformed`: the forms of the comment

use super::{Category, Context, Meta, Rule, docs};
use crate::finding::{Confidence, Finding, Level};

const SOURCE: &str = include_str!("suppression_no_reason.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "suppression-no-reason",
    summary: "a suppression comment gives no reason",
    level: Level::Warning,
    category: Category::Run,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct SuppressionNoReason;

impl Rule for SuppressionNoReason {
    fn meta(&self) -> &'static Meta {
        &META
    }

    /// Comments are judged by `suppress`, which knows what they took away.
    fn check(&self, _: Context<'_>, _: &mut Vec<Finding>) {}
}
