//! ## What it does
//!
//! Reports an `ignore` on a line of its own that no statement or item follows (at the end of a block or of the file),
//! and an `ignore-file` below the first item. It suppresses nothing.
//!
//! ## Why is this bad?
//!
//! Whoever wrote it believes that the finding is dealt with, and a reader believes that the place below or the file was
//! looked at.
//!
//! ## Example
//!
//! ```rust,ignore
//! fn store(con: &mut Connection) {
//!     con.set("a", 1);
//!     // cache-lint: ignore[missing-ttl] -- the importer deletes this key
//! }
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! fn store(con: &mut Connection) {
//!     // cache-lint: ignore[missing-ttl] -- the importer deletes this key
//!     con.set("a", 1);
//! }
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

const SOURCE: &str = include_str!("suppression_misplaced.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "suppression-misplaced",
    summary: "a suppression comment stands where it has no effect",
    level: Level::Warning,
    category: Category::Run,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct SuppressionMisplaced;

impl Rule for SuppressionMisplaced {
    fn meta(&self) -> &'static Meta {
        &META
    }

    /// Comments are judged by `suppress`, which knows what they took away.
    fn check(&self, _: Context<'_>, _: &mut Vec<Finding>) {}
}
