//! ## What it does
//!
//! Reports a file of the run that could not be read as Rust: a syntax error, nesting that is too deep, text that is not
//! UTF-8. All other files are checked as usual, but what this one says is unknown: a constant or wrapper in it counts
//! as not resolved.
//!
//! ## Why is this bad?
//!
//! Whatever the file does with Redis was not looked at. A gate that is green because it saw nothing protects nobody.
//!
//! ## Example
//!
//! ```text
//! pub async fn store(con: &mut Connection {
//! ```
//!
//! ## Use instead
//!
//! ```text
//! pub async fn store(con: &mut Connection) {
//! ```
//!
//! ## Options
//!
//! - `--strict` ends a run in which this happens with exit code 2.
//! - `[paths] exclude` leaves out files that are not meant to be Rust.
//!
//! ## References
//!
//! - `cache-lint check --help`: exit codes

use super::{Category, Context, Meta, Rule, docs};
use crate::finding::{Confidence, Finding, Level, Place};
use crate::text::Span;

const SOURCE: &str = include_str!("parse_error.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "parse-error",
    summary: "a file could not be read as Rust and was not checked",
    level: Level::Warning,
    category: Category::Run,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct ParseError;

impl Rule for ParseError {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        for error in &context.workspace.errors {
            let Some(file) = error.file else { continue };
            let at = error.offset.unwrap_or(0);
            let cause = error.message.strip_prefix("parse error: ").unwrap_or(&error.message);
            findings.push(Finding {
                rule: META.id,
                level: META.level,
                confidence: META.confidence,
                message: format!("this file was not checked: {cause}"),
                help: "mend the file, or leave it out with `[paths] exclude` in the rule file".to_owned(),
                primary: Place { file, span: Span { start: at, end: at.saturating_add(1) } },
                primary_label: "reading ended here".to_owned(),
                function: String::new(),
                labels: Vec::new(),
                flow: Vec::new(),
                discriminator: "file".to_owned(),
                fix: None,
            });
        }
    }
}
