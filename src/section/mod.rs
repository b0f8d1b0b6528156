//! The rule file as a section of CLAUDE.md or AGENTS.md, between two markers, and back.
//!
//! | module | does |
//! |---|---|
//! | `render` | writes the section |
//! | [`import`] | reads a section, ours or one that people wrote, into a rule file |

pub mod import;
mod render;
#[cfg(test)]
mod tests;

pub use render::render;

/// Stands above the section.
pub const BEGIN: &str = "<!-- cache-lint:begin -->";
/// Stands below it.
pub const END: &str = "<!-- cache-lint:end -->";

/// The bytes of the section in a document, markers included; `None` when it has none, or a marker without the other.
#[must_use]
pub fn find(document: &str) -> Option<std::ops::Range<usize>> {
    let start = document.find(BEGIN)?;
    let end = start + document[start..].find(END)? + END.len();
    Some(start..end)
}

/// The document with this section in the place of the one that it has, or at its end.
#[must_use]
pub fn placed(document: &str, section: &str) -> String {
    let section = section.trim_end();
    match find(document) {
        Some(range) => format!("{}{section}{}", &document[..range.start], &document[range.end..]),
        None if document.trim().is_empty() => format!("{section}\n"),
        None => format!("{}\n\n{section}\n", document.trim_end()),
    }
}

/// Whether two sections say the same rules. Examples follow the code, which may change where the rules do not.
#[must_use]
pub fn agree(a: &str, b: &str) -> bool {
    let rules = |text: &str| -> Vec<String> {
        let lines = text.lines().map(str::trim_end);
        lines.filter(|line| !line.is_empty() && !line.starts_with(render::EXAMPLES)).map(str::to_owned).collect()
    };
    rules(a) == rules(b)
}
