//! ## What it does
//!
//! Reports a name in the brackets of a suppression that is no rule, with the nearest one that is; also rules about the
//! run itself (category `run`), which cannot be suppressed.
//!
//! ## Why is this bad?
//!
//! The comment hides nothing, or less than its author thinks. After a rule was renamed, it is a leftover.
//!
//! ## Example
//!
//! ```rust,ignore
//! // cache-lint: ignore[mising-ttl] -- the importer deletes these keys
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

const SOURCE: &str = include_str!("suppression_unknown_rule.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "suppression-unknown-rule",
    summary: "a suppression comment names a rule that there is not",
    level: Level::Warning,
    category: Category::Run,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct SuppressionUnknownRule;

impl Rule for SuppressionUnknownRule {
    fn meta(&self) -> &'static Meta {
        &META
    }

    /// Comments are judged by `suppress`, which knows what they took away.
    fn check(&self, _: Context<'_>, _: &mut Vec<Finding>) {}
}
