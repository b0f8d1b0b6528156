//! ## What it does
//!
//! Reports an `ignore-start` without an `ignore-end` after it, and an `ignore-end` without a start before it. An end
//! that names rules ends the start that names the same ones. A start without end suppresses nothing.
//!
//! ## Why is this bad?
//!
//! If it hid everything to the end of the file, code that is added below would never be looked at.
//!
//! ## Example
//!
//! ```rust,ignore
//! // cache-lint: ignore-start[key-format] -- keys of the old service
//! con.set_ex("legacy", value, 60).await?;
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! // cache-lint: ignore-start[key-format] -- keys of the old service
//! con.set_ex("legacy", value, 60).await?;
//! // cache-lint: ignore-end
//! ```
//!
//! ## Options
//!
//! None.
//!
//! ## References
//!
//! - `cache-lint explain suppression-malformed`: the forms of the comment

use super::{Category, Context, Meta, Rule, docs};
use crate::finding::{Confidence, Finding, Level};

const SOURCE: &str = include_str!("suppression_unmatched_range.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "suppression-unmatched-range",
    summary: "`ignore-start` and `ignore-end` do not pair up",
    level: Level::Warning,
    category: Category::Run,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct SuppressionUnmatchedRange;

impl Rule for SuppressionUnmatchedRange {
    fn meta(&self) -> &'static Meta {
        &META
    }

    /// Comments are judged by `suppress`, which knows what they took away.
    fn check(&self, _: Context<'_>, _: &mut Vec<Finding>) {}
}
