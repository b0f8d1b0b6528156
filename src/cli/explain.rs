//! `cache-lint explain RULE`.

use serde_json::json;

use super::args::ExplainArgs;
use super::failure::Failure;
use super::format::Format;
use super::terminal;
use crate::report::{confidence_word, json, level_word, page};
use crate::rules::find;

pub(super) fn run(args: &ExplainArgs) -> Result<(), Failure> {
    // The parser of the flag lets only ids through.
    let Some(meta) = find(args.rule).map(|rule| rule.meta()) else { return Ok(()) };
    let style = terminal::of_stdout(args.shown.color);
    let text = match args.shown.format {
        Format::Json => json::pretty(&json!({
            "schema": json::SCHEMA,
            "id": meta.id,
            "summary": meta.summary,
            "level": level_word(meta.level),
            "category": meta.category.word(),
            "confidence": confidence_word(meta.confidence),
            "since": meta.since,
            "docs": meta.docs,
        })),
        Format::Concise => format!("{}: {}\n", meta.id, meta.summary),
        Format::Graphical => {
            let head = style.level(meta.level, meta.id);
            let facts = format!("{}, {}, since {}", level_word(meta.level), meta.category.word(), meta.since);
            let docs = page::render(meta.docs, style);
            format!("{head} {}\n{}\n\n{docs}", style.dim(&format!("({facts})")), meta.summary)
        }
    };
    terminal::print(&text, style)
}
