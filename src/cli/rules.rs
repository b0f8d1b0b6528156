//! `cache-lint rules`.

use std::fmt::Write as _;

use super::output::{Failure, print};
use crate::report::level_word;
use crate::rules::{Meta, REGISTRY};
use crate::suppress;

pub(super) fn run(json: bool) -> Result<u8, Failure> {
    let mut metas: Vec<&Meta> = REGISTRY.iter().map(|rule| rule.meta()).chain(&suppress::METAS).collect();
    metas.sort_by_key(|meta| meta.id);
    let mut out = String::new();
    if json {
        let all: Vec<_> = metas
            .iter()
            .map(|meta| {
                serde_json::json!({
                    "id": meta.id,
                    "level": level_word(meta.level),
                    "category": meta.category.word(),
                    "summary": meta.summary,
                    "since": meta.since,
                })
            })
            .collect();
        out = serde_json::to_string_pretty(&serde_json::json!({ "schema": 1, "rules": all })).unwrap_or_default();
        out.push('\n');
    } else {
        let widest = metas.iter().map(|meta| meta.id.len()).max().unwrap_or(0);
        for meta in metas {
            let _ = writeln!(
                out,
                "{:<widest$}  {:<7}  {:<11}  {}",
                meta.id,
                level_word(meta.level),
                meta.category.word(),
                meta.summary
            );
        }
    }
    print(&out)?;
    Ok(0)
}
