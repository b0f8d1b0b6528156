//! ## What it does
//!
//! Reports a comment, or a rule in its list, at whose place there is no finding of that rule. Rules that did not run
//! (`--skip`, level off) and test code that was not looked at are left out of account.
//!
//! ## Why is this bad?
//!
//! The code was mended and the comment stayed. It will hide the same mistake when somebody makes it again.
//!
//! ## Example
//!
//! ```rust,ignore
//! // cache-lint: ignore[missing-ttl] -- the importer deletes these keys
//! con.set_ex(&key, &row, 900).await?;
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! con.set_ex(&key, &row, 900).await?;
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

const SOURCE: &str = include_str!("suppression_unused.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "suppression-unused",
    summary: "a suppression comment has nothing to suppress",
    level: Level::Warning,
    category: Category::Run,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct SuppressionUnused;

impl Rule for SuppressionUnused {
    fn meta(&self) -> &'static Meta {
        &META
    }

    /// Comments are judged by `suppress`, which knows what they took away.
    fn check(&self, _: Context<'_>, _: &mut Vec<Finding>) {}
}
