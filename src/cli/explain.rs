//! `cache-lint explain RULE`.

use std::io::IsTerminal as _;

use super::args::Color;
use super::output::{Failure, color, print};
use crate::policy::nearest;
use crate::rules;
use crate::suppress;

pub(super) fn run(name: &str) -> Result<u8, Failure> {
    let meta = rules::find(name).map(|rule| rule.meta()).or_else(|| suppress::find(name));
    let Some(meta) = meta else {
        let ids = rules::REGISTRY.iter().map(|rule| rule.meta().id).chain(suppress::METAS.iter().map(|meta| meta.id));
        let help = match nearest(name, ids) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`cache-lint rules` lists them".to_owned(),
        };
        return Err(Failure::Message(format!("unknown rule `{name}`"), Some(help)));
    };
    let page = meta.page();
    print(&if color(Color::Auto, std::io::stdout().is_terminal()) { styled(&page) } else { page })?;
    Ok(0)
}

/// Markdown with bold headings and dimmed code blocks.
fn styled(page: &str) -> String {
    let mut out = String::new();
    let mut in_code = false;
    for line in page.lines() {
        if line.starts_with("```") {
            in_code = !in_code;
            continue;
        }
        let heading = line.trim_start_matches('#').trim_start();
        if in_code {
            out.push_str(&format!("    \x1b[2m{line}\x1b[0m\n"));
        } else if line.starts_with('#') {
            out.push_str(&format!("\x1b[1m{heading}\x1b[0m\n"));
        } else {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}
