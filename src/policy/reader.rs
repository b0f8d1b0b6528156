//! Reads tables with their places, collecting every mistake instead of stopping at the first.

use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{PolicyError, nearest};
use super::{Located, PolicySource};
use crate::finding::{FileId, Place};
use crate::text::Span;

/// A file that is being read.
pub(super) struct Reader {
    path: String,
    text: Arc<str>,
    file: FileId,
    /// Added to all offsets: the file's own, when the table stands inside another document.
    pub(super) errors: Vec<PolicyError>,
}

/// A value of a table, with the key's place.
pub(super) struct Entry<'t, 'i> {
    pub(super) name: &'t str,
    pub(super) key: Span,
    pub(super) value: &'t Spanned<DeValue<'i>>,
}

impl Reader {
    pub(super) fn new(source: &PolicySource) -> Self {
        Self { path: source.path.clone(), text: source.text.as_str().into(), file: source.file, errors: Vec::new() }
    }

    pub(super) fn error(&mut self, span: Span, message: impl Into<String>, help: Option<String>) {
        self.errors.push(PolicyError {
            path: self.path.clone(),
            text: self.text.clone(),
            span: Some(span),
            message: message.into(),
            help,
        });
    }

    pub(super) fn place(&self, span: Span) -> Place {
        Place { file: self.file, span }
    }

    pub(super) fn located<T>(&self, value: T, span: Span) -> Located<T> {
        Located { value, place: Some(self.place(span)) }
    }

    /// The entries of a table; a name that is not among `known` is a mistake.
    pub(super) fn entries<'t, 'i>(&mut self, table: &'t DeTable<'i>, known: &[&str], what: &str) -> Vec<Entry<'t, 'i>> {
        let mut out = Vec::new();
        for (key, value) in table.iter() {
            let name: &str = key.get_ref();
            let entry = Entry { name, key: span_of(key), value };
            if known.contains(&name) {
                out.push(entry);
            } else {
                let help = match nearest(name, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("known here: {}", list(known)),
                };
                self.error(entry.key, format!("unknown key `{name}` in {what}"), Some(help));
            }
        }
        out
    }

    /// All entries of a table whose names are the user's.
    pub(super) fn named<'t, 'i>(&mut self, table: &'t DeTable<'i>) -> Vec<Entry<'t, 'i>> {
        table.iter().map(|(key, value)| Entry { name: key.get_ref(), key: span_of(key), value }).collect()
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

    pub(super) fn text(&mut self, entry: &Entry<'_, '_>) -> Option<Located<String>> {
        match entry.value.get_ref() {
            DeValue::String(text) => Some(self.located(text.to_string(), span_of(entry.value))),
            other => {
                self.wrong_type(entry, "a text", other);
                None
            }
        }
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
        match entry.value.get_ref() {
            DeValue::String(text) => vec![self.located(text.to_string(), span_of(entry.value))],
            DeValue::Array(items) => {
                let mut out = Vec::new();
                for item in items.iter() {
                    match item.get_ref() {
                        DeValue::String(text) => out.push(self.located(text.to_string(), span_of(item))),
                        other => self.wrong(span_of(item), entry.name, "a list of texts", other),
                    }
                }
                out
            }
            other => {
                self.wrong_type(entry, "a list of texts", other);
                Vec::new()
            }
        }
    }

    /// A text, read by `parse`, whose error becomes a mistake at its place.
    pub(super) fn parsed<T>(
        &mut self,
        entry: &Entry<'_, '_>,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<Located<T>> {
        let text = self.text(entry)?;
        self.parse(&text, parse)
    }

    pub(super) fn parse<T>(
        &mut self,
        text: &Located<String>,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<Located<T>> {
        match parse(&text.value) {
            Ok(value) => Some(Located { value, place: text.place }),
            Err(message) => {
                self.error(text.place.map(|place| place.span).unwrap_or_default(), message, None);
                None
            }
        }
    }

    fn wrong_type(&mut self, entry: &Entry<'_, '_>, wanted: &str, given: &DeValue<'_>) {
        self.wrong(span_of(entry.value), entry.name, wanted, given);
    }

    pub(super) fn wrong(&mut self, span: Span, name: &str, wanted: &str, given: &DeValue<'_>) {
        let given = match given {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "`true` or `false`",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.error(span, format!("`{name}` wants {wanted}, not {given}"), None);
    }
}

pub(super) fn span_of<T>(value: &Spanned<T>) -> Span {
    let range = value.span();
    Span::new(range.start, range.end)
}

pub(super) fn list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
