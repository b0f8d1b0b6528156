//! The documentation of a rule on a terminal: headings in bold, code indented, paragraphs as wide as the window.

use unicode_width::UnicodeWidthStr as _;

use super::Style;

/// Renders the Markdown that rules are documented in: headings, paragraphs, lists, fenced code, inline code.
#[must_use]
pub fn render(markdown: &str, style: Style) -> String {
    let mut out = Writer { out: String::new(), style };
    let mut paragraph = String::new();
    let mut in_code = false;
    for line in markdown.lines() {
        if line.starts_with("```") {
            out.paragraph(&mut paragraph);
            in_code = !in_code;
            if !in_code {
                out.blank();
            }
        } else if in_code {
            out.code(line);
        } else if let Some(heading) = line.strip_prefix('#').map(|rest| rest.trim_start_matches('#').trim()) {
            out.paragraph(&mut paragraph);
            out.blank();
            out.line(&style.bold(heading));
        } else if line.trim().is_empty() {
            out.paragraph(&mut paragraph);
        } else {
            if line.starts_with("- ") {
                out.paragraph(&mut paragraph);
            }
            if !paragraph.is_empty() {
                paragraph.push(' ');
            }
            paragraph.push_str(line.trim());
        }
    }
    out.paragraph(&mut paragraph);
    let text = out.out.trim_matches('\n');
    format!("{text}\n")
}

struct Writer {
    out: String,
    style: Style,
}

impl Writer {
    fn line(&mut self, text: &str) {
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    fn blank(&mut self) {
        if !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    fn code(&mut self, line: &str) {
        let line = self.style.code(line);
        self.line(&format!("      {line}"));
    }

    /// Writes what was gathered, wrapped, and clears it.
    fn paragraph(&mut self, text: &mut String) {
        if text.is_empty() {
            return;
        }
        let item = text.strip_prefix("- ");
        let (first, rest) = if item.is_some() { ("  - ", "    ") } else { ("  ", "  ") };
        let width = self.style.width.saturating_sub(rest.len()).max(20);
        let lines = wrapped(item.unwrap_or(text), width);
        for (at, line) in lines.iter().enumerate() {
            let painted = self.inline(line);
            self.line(&format!("{}{painted}", if at == 0 { first } else { rest }));
        }
        if item.is_none() {
            self.blank();
        }
        text.clear();
    }

    /// Inline code in its colour; with its backticks where there are no colours.
    fn inline(&self, line: &str) -> String {
        // A code that is broken over two lines keeps its backticks.
        if !self.style.color || line.matches('`').count() % 2 == 1 {
            return line.to_owned();
        }
        let parts = line.split('`').enumerate();
        parts.map(|(at, part)| if at % 2 == 1 { self.style.code(part) } else { part.to_owned() }).collect()
    }
}

/// Words in lines of at most so many columns; a longer word stands alone.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "## What it does\n\nReports `KEYS`,\nalso in scripts.\n\n- one\n- two `a\n  b` three\n\n## Example\n\n```rust,ignore\nlet a = \"# no heading\";\n\n- no item\n```\n\nAfter.\n";

    #[test]
    fn pages_are_plain_text_without_colours() {
        insta::assert_snapshot!(render(PAGE, Style { width: 30, ..Style::PLAIN }));
    }

    #[test]
    fn colours_take_the_place_of_marks() {
        let text = render(PAGE, Style { color: true, width: 80, ..Style::PLAIN });
        assert!(text.contains("\u{1b}[1mWhat it does\u{1b}[0m"), "{text:?}");
        assert!(text.contains("\u{1b}[36mKEYS\u{1b}[0m"), "{text:?}");
        assert!(!text.contains('#') || text.contains("# no heading"));
    }
}
