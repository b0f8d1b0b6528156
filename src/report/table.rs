//! Aligned columns.

use unicode_width::UnicodeWidthStr as _;

use super::Style;

/// A table with a heading, columns aligned by the width that characters take on a terminal.
#[derive(Debug, Clone, Default)]
pub struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    /// Columns whose texts are numbers.
    right: Vec<usize>,
}

impl Table {
    /// A table with these headings.
    #[must_use]
    pub fn new(head: &[&'static str]) -> Self {
        Self { head: head.to_vec(), ..Self::default() }
    }

    /// Aligns this column to the right.
    #[must_use]
    pub fn right(mut self, column: usize) -> Self {
        self.right.push(column);
        self
    }

    /// Adds a row, one text for each heading.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The text; a line feed ends each row. Columns in which nothing stands are left out.
    #[must_use]
    pub fn render(&self, style: Style) -> String {
        let used: Vec<usize> = (0..self.head.len())
            .filter(|&at| self.rows.iter().any(|row| row.get(at).is_some_and(|cell| !cell.is_empty())))
            .collect();
        let width = |at: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.width());
            cells.chain(self.head.get(at).map(|head| head.width())).max().unwrap_or(0)
        };
        let widths: Vec<usize> = used.iter().map(|&at| width(at)).collect();
        let line = |cell: &dyn Fn(usize) -> String, paint: &dyn Fn(&str) -> String| {
            let mut line = String::new();
            for (&at, &width) in used.iter().zip(&widths) {
                let text = cell(at);
                let gap = " ".repeat(width.saturating_sub(text.width()));
                let right = self.right.contains(&at);
                let (before, after) = if right { (gap.as_str(), "") } else { ("", gap.as_str()) };
                line.push_str(before);
                line.push_str(&paint(&text));
                line.push_str(after);
                line.push_str("  ");
            }
            line.truncate(line.trim_end().len());
            line.push('\n');
            line
        };
        let mut out = line(&|at| (*self.head.get(at).unwrap_or(&"")).to_owned(), &|text| style.bold(text));
        for row in &self.rows {
            out.push_str(&line(&|at| row.get(at).cloned().unwrap_or_default(), &str::to_owned));
        }
        out
    }
}

/// Cuts a text to so many columns, with an ellipsis at its end.
#[must_use]
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    for c in text.chars() {
        out.push(c);
        if out.width() >= width {
            out.pop();
            break;
        }
    }
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_by_what_a_terminal_shows() {
        let mut table = Table::new(&["KEY", "UNUSED", "N"]).right(2);
        table.row(vec!["日本:{id}".into(), String::new(), "1".into()]);
        table.row(vec!["user:{id}".into(), String::new(), "12".into()]);
        assert_eq!(table.render(Style::PLAIN), "KEY         N\n日本:{id}   1\nuser:{id}  12\n");
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(cut("user:{id}", 9), "user:{id}");
        assert_eq!(cut("user:{id}", 6), "user:…");
        assert_eq!(cut("日本語", 5), "日本…");
        assert!(cut("日本語", 4).width() <= 4);
    }
}
