//! ## What it does
//!
//! Reports `// cache-lint: ignore -- …` without rules in brackets, and `ignore[all]`, in all forms of the comment.
//!
//! ## Why is this bad?
//!
//! It hides the finding that was looked at, and every other one that is ever made at this place: the next change may
//! drop the TTL, and nobody is told.
//!
//! ## Example
//!
//! ```rust,ignore
//! // cache-lint: ignore -- the importer deletes these keys
//! con.set(&key, &row).await?;
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! // cache-lint: ignore[missing-ttl] -- the importer deletes these keys
//! con.set(&key, &row).await?;
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

const SOURCE: &str = include_str!("suppression_blanket.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "suppression-blanket",
    summary: "a suppression comment names no rule",
    level: Level::Warning,
    category: Category::Run,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct SuppressionBlanket;

impl Rule for SuppressionBlanket {
    fn meta(&self) -> &'static Meta {
        &META
    }

    /// Comments are judged by `suppress`, which knows what they took away.
    fn check(&self, _: Context<'_>, _: &mut Vec<Finding>) {}
}
