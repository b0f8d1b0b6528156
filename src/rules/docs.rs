//! The documentation of a rule is the doc comment of its file; here it is cut out of the source at compile time.

use super::Meta;

/// The headings that every rule's documentation has, in this order.
#[cfg(test)]
pub(super) const HEADINGS: [&str; 6] =
    ["What it does", "Why is this bad?", "Example", "Use instead", "Options", "References"];

/// The number of bytes that [`extract`] gives for `source`.
pub(super) const fn size(source: &str) -> usize {
    scan(source.as_bytes(), &mut [])
}

/// The `//!` lines at the top of `source`, without their marks.
pub(super) const fn extract<const N: usize>(source: &str) -> [u8; N] {
    let mut out = [0; N];
    scan(source.as_bytes(), &mut out);
    out
}

/// The text that [`extract`] gave.
pub(super) const fn text<const N: usize>(bytes: &'static [u8; N]) -> &'static str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        // The marks are ASCII, so cutting them out of UTF-8 leaves UTF-8.
        Err(_) => "",
    }
}

/// Writes the text into `out` as far as it has room, and returns how long the text is.
const fn scan(source: &[u8], out: &mut [u8]) -> usize {
    let mut at = 0;
    let mut len = 0;
    while at + 3 <= source.len() && source[at] == b'/' && source[at + 1] == b'/' && source[at + 2] == b'!' {
        at += 3;
        if at < source.len() && source[at] == b' ' {
            at += 1;
        }
        while at < source.len() {
            let byte = source[at];
            at += 1;
            if byte == b'\r' {
                continue;
            }
            if len < out.len() {
                out[len] = byte;
            }
            len += 1;
            if byte == b'\n' {
                break;
            }
        }
    }
    len
}

/// The page `docs/rules/ID.md`.
pub(super) fn page(meta: &Meta) -> String {
    let level = match meta.level {
        crate::finding::Level::Off => "off",
        crate::finding::Level::Note => "note",
        crate::finding::Level::Warning => "warning",
        crate::finding::Level::Error => "error",
    };
    format!(
        "<!-- Generated from the doc comment of src/rules/{file}.rs; edit that and run `UPDATE_DOCS=1 cargo test rules`. -->\n\n\
         # `{id}`\n\n{summary}.\n\n| level | category | since |\n|---|---|---|\n| {level} | {category} | {since} |\n\n{docs}",
        file = meta.id.replace('-', "_"),
        id = meta.id,
        summary = capitalised(meta.summary),
        category = meta.category.word(),
        since = meta.since,
        docs = markdown(meta),
    )
}

/// The text without what only rustdoc understands.
pub(super) fn markdown(meta: &Meta) -> String {
    meta.docs.replace("```rust,ignore", "```rust")
}

/// The first paragraph below the first heading.
pub(super) fn what(meta: &Meta) -> String {
    let lines = meta.docs.lines().skip_while(|line| line.starts_with('#') || line.is_empty());
    lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
