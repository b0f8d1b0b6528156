//! ## What it does
//!
//! Reports a suppression comment, or a rule in its list, for a place at which an earlier comment suppresses the same
//! rule.
//!
//! ## Why is this bad?
//!
//! When one of the two is taken away, because its reason no longer holds, the other one goes on hiding the finding.
//!
//! ## Example
//!
//! ```text
//! // cache-lint: ignore-file[key-format] -- keys are those of the old service
//!
//! // cache-lint: ignore[key-format] -- the old service reads this
//! con.set_ex("legacy", value, 60).await?;
//! ```
//!
//! ## Use instead
//!
//! ```text
//! // cache-lint: ignore-file[key-format] -- keys are those of the old service
//!
//! con.set_ex("legacy", value, 60).await?;
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

const SOURCE: &str = include_str!("suppression_duplicate.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "suppression-duplicate",
    summary: "a rule is suppressed twice at the same place",
    level: Level::Warning,
    category: Category::Run,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct SuppressionDuplicate;

impl Rule for SuppressionDuplicate {
    fn meta(&self) -> &'static Meta {
        &META
    }

    /// Comments are judged by `suppress`, which knows what they took away.
    fn check(&self, _: Context<'_>, _: &mut Vec<Finding>) {}
}
