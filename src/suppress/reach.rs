//! What each directive is for: the next statement, its line, a range, the file.

use super::units::Units;
use crate::facts::FileFacts;
use crate::finding::FileId;
use crate::source::{Content, Directive, DirectiveKind, directives};
use crate::text::Span;

/// The directives of one file.
#[derive(Debug, Clone)]
pub struct FileDirectives {
    /// The file.
    pub file: FileId,
    /// In the order in which they stand.
    pub placed: Vec<Placed>,
    /// Spans of test code in the file.
    pub tests: Vec<Span>,
    /// The file was understood: without that, nothing was looked for in it.
    pub parsed: bool,
}

/// A directive and what it is for.
#[derive(Debug, Clone)]
pub struct Placed {
    /// The comment.
    pub directive: Directive,
    /// What it is for.
    pub reach: Reach,
}

/// What a directive is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// What lies in these bytes.
    Span(Span),
    /// Nothing, since nothing follows it, or since it is for the file and does not stand at its top.
    Misplaced,
    /// Nothing: a start without end, or an end without start.
    Unmatched,
    /// Nothing: it ends the range that the start has.
    End,
}

/// The directives of a file, if it has any. Recurses with the nesting of the code.
#[must_use]
pub fn collect(file: FileId, content: &Content, facts: Option<&FileFacts>) -> Option<FileDirectives> {
    let text: &str = &content.text;
    let directives = directives(text);
    if directives.is_empty() {
        return None;
    }
    let units = facts.map(Units::of).unwrap_or_default();
    let ends = pairs(&directives);
    let placed = directives.iter().enumerate().map(|(at, directive)| {
        let reach = match directive.kind {
            DirectiveKind::Ignore if directive.own_line => following(text, content, directive, &units),
            DirectiveKind::Ignore => Reach::Span(lines(text, content, directive.span)),
            DirectiveKind::IgnoreFile => whole_file(text, directive),
            DirectiveKind::IgnoreStart => match ends.iter().find(|(start, _)| *start == at) {
                Some(&(_, end)) => Reach::Span(lines(text, content, directive.span.to(directives[end].span))),
                None => Reach::Unmatched,
            },
            DirectiveKind::IgnoreEnd if ends.iter().any(|(_, end)| *end == at) => Reach::End,
            DirectiveKind::IgnoreEnd => Reach::Unmatched,
        };
        Placed { directive: directive.clone(), reach }
    });
    let placed = placed.collect();
    Some(FileDirectives { file, placed, tests: units.tests, parsed: facts.is_some() })
}

/// Starts with their ends, by index. An end that names rules ends the innermost start that names the same.
fn pairs(directives: &[Directive]) -> Vec<(usize, usize)> {
    let names = |at: usize| {
        let mut names: Vec<&str> = directives[at].rules.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names
    };
    let mut open: Vec<usize> = Vec::new();
    let mut pairs = Vec::new();
    for (at, directive) in directives.iter().enumerate().filter(|(_, directive)| directive.malformed.is_none()) {
        match directive.kind {
            DirectiveKind::IgnoreStart => open.push(at),
            DirectiveKind::IgnoreEnd => {
                let start = open.iter().rposition(|&start| directive.rules.is_empty() || names(start) == names(at));
                pairs.extend(start.map(|start| (open.remove(start), at)));
            }
            DirectiveKind::Ignore | DirectiveKind::IgnoreFile => {}
        }
    }
    pairs
}

/// The whole lines that a span touches.
fn lines(text: &str, content: &Content, span: Span) -> Span {
    let line = |offset| content.lines.line_span(text, content.lines.position(text, offset).line);
    line(span.start).to(line(span.end.max(span.start + 1) - 1))
}

/// The whole file, for a directive above all code.
fn whole_file(text: &str, directive: &Directive) -> Reach {
    let first = code_after(text, 0);
    let above = directive.own_line && first.is_none_or(|first| directive.span.start as usize <= first);
    if above { Reach::Span(Span::new(0, text.len())) } else { Reach::Misplaced }
}

/// What follows a directive on a line of its own: the statement or item that begins there, else (inside a chain of
/// calls, a list of arguments) that line.
fn following(text: &str, content: &Content, directive: &Directive, units: &Units) -> Reach {
    let end = directive.span.end as usize;
    let Some(code) = code_after(text, end) else { return Reach::Misplaced };
    if text.get(code..).is_none_or(|rest| rest.starts_with(['}', ')', ']'])) {
        return Reach::Misplaced;
    }
    // Attributes may or may not be part of a unit's span.
    let begins = |span: &&Span| (end..=code).contains(&(span.start as usize));
    let unit = units.spans.iter().filter(begins).max_by_key(|span| span.end);
    let line = lines(text, content, Span::new(code, code + 1));
    Reach::Span(unit.map_or(line, |unit| unit.to(line)))
}

/// The offset of the first code at or after `from`: white space, comments and attributes are passed over.
fn code_after(text: &str, mut from: usize) -> Option<usize> {
    loop {
        let rest = text.get(from..)?;
        let trimmed = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        from += rest.len() - trimmed.len();
        let skipped = if trimmed.is_empty() {
            return None;
        } else if trimmed.starts_with("//") || (from == 0 && trimmed.starts_with("#!") && !trimmed.starts_with("#![")) {
            trimmed.find('\n')?
        } else if trimmed.starts_with("/*") {
            block_comment(trimmed)
        } else if trimmed.starts_with("#[") || trimmed.starts_with("#![") {
            attribute(trimmed)
        } else {
            return Some(from);
        };
        from += skipped;
    }
}

/// The length of the block comment that `text` begins with; they nest.
fn block_comment(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while at < bytes.len() {
        match bytes.get(at..at + 2) {
            Some(b"/*") => (at, depth) = (at + 2, depth + 1),
            Some(b"*/") if depth == 1 => return at + 2,
            Some(b"*/") => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
    }
    text.len()
}

/// The length of the attribute that `text` begins with. Brackets in its strings do not count.
fn attribute(text: &str) -> usize {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' if !in_string => depth += 1,
            b']' if !in_string => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    text.len()
}
