//! From the positions of `proc_macro2` to byte offsets into the text of the file.

use proc_macro2::LineColumn;

use crate::text::Span;

/// Converts positions of one parsed text.
///
/// `proc_macro2` counts in characters of what it was given, which is the text without its byte order mark and its
/// shebang line. `Span::byte_range` would remember every answer in a tree of its own; a table of lines is cheaper.
pub(super) struct SpanMap<'a> {
    /// What was parsed.
    parsed: &'a str,
    /// Bytes in front of it.
    prefix: usize,
    /// Byte offsets of line starts in `parsed`.
    lines: Vec<usize>,
    /// Every character is one byte long.
    ascii: bool,
}

impl<'a> SpanMap<'a> {
    /// Makes the table for `parsed`, which starts `prefix` bytes into the file.
    pub(super) fn new(parsed: &'a str, prefix: usize) -> Self {
        let mut lines = vec![0];
        lines.extend(memchr::memchr_iter(b'\n', parsed.as_bytes()).map(|at| at + 1));
        Self { parsed, prefix, lines, ascii: parsed.is_ascii() }
    }

    /// The bytes of the file that a span covers.
    pub(super) fn span(&self, span: proc_macro2::Span) -> Span {
        Span::new(self.offset(span.start()), self.offset(span.end()))
    }

    /// The offset in the file of a line and column.
    pub(super) fn offset(&self, at: LineColumn) -> usize {
        let start = self.lines.get(at.line.saturating_sub(1)).copied().unwrap_or(self.parsed.len());
        let inside = if self.ascii {
            start + at.column
        } else {
            let line = self.parsed.get(start..).unwrap_or("");
            start + line.char_indices().nth(at.column).map_or(line.len(), |(byte, _)| byte)
        };
        self.prefix + inside.min(self.parsed.len())
    }

    /// The text between two offsets of the file.
    pub(super) fn slice(&self, start: usize, end: usize) -> &'a str {
        self.parsed.get(start.saturating_sub(self.prefix)..end.saturating_sub(self.prefix)).unwrap_or("")
    }
}
