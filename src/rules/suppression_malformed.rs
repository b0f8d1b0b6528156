//! ## What it does
//!
//! Reports a comment that begins with `cache-lint:` and is none of the forms: an unknown word, a bracket that is not
//! closed, a reason without ` -- ` before it, a day that is not in the calendar, a doc comment. It suppresses nothing.
//!
//! ## Why is this bad?
//!
//! Whoever wrote it believes that the finding is dealt with.
//!
//! ## Example
//!
//! ```rust,ignore
//! // cache-lint: ignroe[missing-ttl] -- the importer deletes these keys
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
//! The forms are `ignore`, `ignore-file`, `ignore-start` and `ignore-end`, each with rules in brackets, an optional
//! `until=YYYY-MM-DD`, and the reason after ` -- `.
//!
//! ## Options
//!
//! None.
//!
//! ## References
//!
//! - `cache-lint check --help`: `--no-ignores`, `--show-suppressed`

use super::{Category, Context, Meta, Rule, docs};
use crate::finding::{Confidence, Finding, Level};

const SOURCE: &str = include_str!("suppression_malformed.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "suppression-malformed",
    summary: "a comment looks like a suppression but cannot be read as one",
    level: Level::Warning,
    category: Category::Run,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct SuppressionMalformed;

impl Rule for SuppressionMalformed {
    fn meta(&self) -> &'static Meta {
        &META
    }

    /// Comments are judged by `suppress`, which knows what they took away.
    fn check(&self, _: Context<'_>, _: &mut Vec<Finding>) {}
}
