//! Reads tables with their places, collecting every mistake instead of stopping at the first.

use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Mistake, PolicyError, all_of, nearest};
use super::{Located, PolicySource};
use crate::finding::{FileId, Place};
use crate::text::{LineIndex, Span};

/// A file that is being read.
pub(super) struct Reader {
    path: String,
    text: Arc<str>,
    file: FileId,
    lines: LineIndex,
    /// Lines on which the syntax is broken: what is said of them beside that only confuses.
    broken: Vec<u32>,
    errors: Vec<PolicyError>,
}

/// A value of a table, with the key's place.
pub(super) struct Entry<'t, 'i> {
    pub(super) name: &'t str,
    pub(super) key: Span,
    pub(super) value: &'t Spanned<DeValue<'i>>,
}

impl Reader {
    pub(super) fn new(source: &PolicySource) -> Self {
        Self {
            path: source.path.clone(),
            text: source.text.as_str().into(),
            file: source.file,
            lines: LineIndex::new(&source.text),
            broken: Vec::new(),
            errors: Vec::new(),
        }
    }

    /// Reports a mistake at `span`.
    pub(super) fn error(&mut self, span: Span, mistake: impl Into<Mistake>) {
        let Mistake { message, help } = mistake.into();
        let span = self.inside(span);
        let line = self.lines.position(&self.text, span.start).line;
        if self.broken.contains(&line) {
            return;
        }
        self.errors.push(PolicyError {
            path: self.path.clone(),
            text: self.text.clone(),
            span: Some(span),
            message,
            help,
        });
    }

    /// Reports that something is not there, which is nothing to say of a file that could be read only in part.
    pub(super) fn missing(&mut self, span: Span, mistake: impl Into<Mistake>) {
        if self.broken.is_empty() {
            self.error(span, mistake);
        }
    }

    /// Reports what the TOML parser does not understand.
    pub(super) fn syntax(&mut self, error: &toml::de::Error) {
        let span = error.span().map(|range| Span::new(range.start, range.end)).unwrap_or_default();
        let line = self.lines.position(&self.text, self.inside(span).start).line;
        let help = self.syntax_help(line);
        let message = error.message().lines().next().unwrap_or("this is no TOML").to_owned();
        self.error(span, Mistake { message, help });
        self.broken.push(line);
    }

    /// The usual reason why a line is no TOML: a text without quotes.
    fn syntax_help(&self, line: u32) -> Option<String> {
        let text = self.lines.line_span(&self.text, line).of(&self.text);
        let (key, value) = text.split_once('=')?;
        let value = value.split('#').next().unwrap_or(value).trim();
        let is_bare = !value.is_empty() && !value.contains(['"', '\'', '[', ']', '=', ',']);
        (is_bare && value.parse::<f64>().is_err()).then(|| format!("write `{} = \"{value}\"`", key.trim()))
    }

    /// `span`, cut to the text and to whole characters.
    fn inside(&self, span: Span) -> Span {
        let floor = |at: u32| {
            let mut at = (at as usize).min(self.text.len());
            while !self.text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        Span::new(floor(span.start), floor(span.end))
    }

    /// All mistakes, in the order of the file.
    pub(super) fn into_errors(mut self) -> Vec<PolicyError> {
        self.errors.sort_by_key(|error| error.span);
        self.errors.dedup();
        self.errors
    }

    pub(super) fn place(&self, span: Span) -> Place {
        Place { file: self.file, span }
    }

    pub(super) fn located<T>(&self, value: T, span: Span) -> Located<T> {
        Located { value, place: Some(self.place(span)) }
    }

    /// The line, from 1, on which a place of this file begins.
    pub(super) fn line(&self, place: Option<Place>) -> u32 {
        place.map_or(0, |place| self.lines.position(&self.text, place.span.start).line)
    }

    /// The entries of a table in the order of the file; a name that is not among `known` is a mistake.
    pub(super) fn entries<'t, 'i>(&mut self, table: &'t DeTable<'i>, known: &[&str], what: &str) -> Vec<Entry<'t, 'i>> {
        let mut out = named(table);
        out.retain(|entry| {
            let is_known = known.contains(&entry.name);
            if !is_known {
                let help = match nearest(entry.name, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("{what} has {}", all_of(known)),
                };
                self.error(entry.key, Mistake::with_help(format!("unknown key `{}` in {what}", entry.name), help));
            }
            is_known
        });
        out
    }

    pub(super) fn table<'t, 'i>(&mut self, entry: &Entry<'t, 'i>) -> Option<&'t DeTable<'i>> {
        match entry.value.get_ref() {
            DeValue::Table(table) => Some(table),
            other => {
                self.wrong_type(entry, "a table", other);
                None
            }
        }
    }

    /// The tables of a list of tables; `what` says how one is written.
    pub(super) fn tables<'t, 'i>(&mut self, entry: &Entry<'t, 'i>, what: &str) -> Vec<(&'t DeTable<'i>, Span)> {
        let DeValue::Array(items) = entry.value.get_ref() else {
            self.wrong_type(entry, what, entry.value.get_ref());
            return Vec::new();
        };
        let mut out = Vec::new();
        for item in items.iter() {
            match item.get_ref() {
                DeValue::Table(table) => out.push((table, span_of(item))),
                other => self.wrong(span_of(item), entry.name, what, other),
            }
        }
        out
    }

    pub(super) fn text(&mut self, entry: &Entry<'_, '_>) -> Option<Located<String>> {
        match entry.value.get_ref() {
            DeValue::String(text) => Some(self.located(text.to_string(), span_of(entry.value))),
            other => {
                self.wrong_type(entry, "a text", other);
                None
            }
        }
    }

    /// A text that says something.
    pub(super) fn reason(&mut self, entry: &Entry<'_, '_>) -> Option<Located<String>> {
        let text = self.text(entry)?;
        if text.value.trim().is_empty() {
            self.error(span_of(entry.value), format!("`{}` is empty", entry.name));
        }
        Some(text)
    }

    pub(super) fn flag(&mut self, entry: &Entry<'_, '_>) -> Option<Located<bool>> {
        match entry.value.get_ref() {
            DeValue::Boolean(flag) => Some(self.located(*flag, span_of(entry.value))),
            other => {
                self.wrong_type(entry, "`true` or `false`", other);
                None
            }
        }
    }

    /// A list of texts; a single text counts as a list of one.
    pub(super) fn texts(&mut self, entry: &Entry<'_, '_>) -> Vec<Located<String>> {
        let items = match entry.value.get_ref() {
            DeValue::String(text) => return vec![self.located(text.to_string(), span_of(entry.value))],
            DeValue::Array(items) => items,
            other => {
                self.wrong_type(entry, "a list of texts", other);
                return Vec::new();
            }
        };
        let mut out = Vec::new();
        for item in items.iter() {
            match item.get_ref() {
                DeValue::String(text) => out.push(self.located(text.to_string(), span_of(item))),
                other => self.wrong(span_of(item), entry.name, "a list of texts", other),
            }
        }
        out
    }

    /// A list of texts, each read by `parse`.
    pub(super) fn all<T>(
        &mut self,
        entry: &Entry<'_, '_>,
        parse: impl Fn(&str) -> Result<T, Mistake>,
    ) -> Vec<Located<T>> {
        let texts = self.texts(entry);
        texts.into_iter().filter_map(|text| self.parse(&text, &parse)).collect()
    }

    /// A text, read by `parse`, whose error becomes a mistake at its place.
    pub(super) fn parsed<T>(
        &mut self,
        entry: &Entry<'_, '_>,
        parse: impl FnOnce(&str) -> Result<T, Mistake>,
    ) -> Option<Located<T>> {
        let text = self.text(entry)?;
        self.parse(&text, parse)
    }

    /// A duration or share: like [`Self::parsed`], and a bare number is told its unit.
    pub(super) fn quantity<T>(
        &mut self,
        entry: &Entry<'_, '_>,
        unit: &str,
        parse: impl FnOnce(&str) -> Result<T, Mistake>,
    ) -> Option<Located<T>> {
        if let DeValue::Integer(number) = entry.value.get_ref() {
            let help = format!("write `{} = \"{number}{unit}\"`", entry.name);
            let message = format!("`{}` wants a text with a unit, not a number", entry.name);
            self.error(span_of(entry.value), Mistake::with_help(message, help));
            return None;
        }
        self.parsed(entry, parse)
    }

    pub(super) fn parse<T>(
        &mut self,
        text: &Located<String>,
        parse: impl FnOnce(&str) -> Result<T, Mistake>,
    ) -> Option<Located<T>> {
        match parse(&text.value) {
            Ok(value) => Some(Located { value, place: text.place }),
            Err(mistake) => {
                self.error(text.place.map(|place| place.span).unwrap_or_default(), mistake);
                None
            }
        }
    }

    fn wrong_type(&mut self, entry: &Entry<'_, '_>, wanted: &str, given: &DeValue<'_>) {
        self.wrong(span_of(entry.value), entry.name, wanted, given);
    }

    fn wrong(&mut self, span: Span, name: &str, wanted: &str, given: &DeValue<'_>) {
        let given = match given {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "`true` or `false`",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.error(span, format!("`{name}` wants {wanted}, not {given}"));
    }
}

/// All entries of a table in the order of the file.
pub(super) fn named<'t, 'i>(table: &'t DeTable<'i>) -> Vec<Entry<'t, 'i>> {
    let mut out: Vec<_> =
        table.iter().map(|(key, value)| Entry { name: key.get_ref(), key: span_of(key), value }).collect();
    out.sort_by_key(|entry| entry.key);
    out
}

pub(super) fn span_of<T>(value: &Spanned<T>) -> Span {
    let range = value.span();
    Span::new(range.start, range.end)
}
