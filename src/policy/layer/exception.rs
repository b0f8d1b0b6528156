//! `[levels]` and `[[exceptions]]`.

use super::{Layer, Setting, function, names};
use crate::finding::Level;
use crate::policy::error::{Mistake, nearest};
use crate::policy::paths::PathGlob;
use crate::policy::pattern::Pattern;
use crate::policy::reader::{Entry, Reader, named};
use crate::policy::{Exception, Located, Vocabulary};
use crate::text::Span;

/// Words for levels, the usual ones first.
const LEVELS: [(&str, Level); 7] = [
    ("error", Level::Error),
    ("warn", Level::Warning),
    ("note", Level::Note),
    ("off", Level::Off),
    ("warning", Level::Warning),
    ("deny", Level::Error),
    ("allow", Level::Off),
];

pub(super) fn levels(reader: &mut Reader, entry: &Entry<'_, '_>, layer: &mut Layer, vocabulary: &Vocabulary<'_>) {
    let Some(table) = reader.table(entry) else { return };
    for entry in named(table) {
        check_rule(reader, entry.name, entry.key, vocabulary);
        if let Some(level) = reader.parsed(&entry, read_level) {
            // The whole line is what a finding points at.
            let span = entry.key.to(level.place.map_or(entry.key, |place| place.span));
            layer.levels.insert(entry.name.to_owned(), reader.located(level.value, span));
        }
    }
}

fn read_level(text: &str) -> Result<Level, Mistake> {
    match LEVELS.iter().find(|(word, _)| *word == text) {
        Some((_, level)) => Ok(*level),
        None => Err(Mistake::unknown(text, "level", &LEVELS[..4].iter().map(|(word, _)| *word).collect::<Vec<_>>())),
    }
}

fn check_rule(reader: &mut Reader, name: &str, span: Span, vocabulary: &Vocabulary<'_>) {
    let known = || vocabulary.rules.iter().chain(vocabulary.categories).copied().chain(["all"]);
    if known().any(|known| known == name) {
        return;
    }
    let help = match nearest(name, known()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`cache-lint rules` lists them".to_owned(),
    };
    reader.error(span, Mistake::with_help(format!("unknown rule or category `{name}`"), help));
}

pub(super) fn exceptions(reader: &mut Reader, entry: &Entry<'_, '_>, setting: Setting<'_>) -> Vec<Exception> {
    let tables = reader.tables(entry, "`[[exceptions]]` tables");
    tables.into_iter().filter_map(|(table, span)| exception(reader, table, span, setting)).collect()
}

fn exception(
    reader: &mut Reader,
    table: &toml::de::DeTable<'_>,
    span: Span,
    setting: Setting<'_>,
) -> Option<Exception> {
    let mut exception = Exception {
        rules: Vec::new(),
        keys: Vec::new(),
        paths: Vec::new(),
        functions: Vec::new(),
        reason: String::new(),
        until: None,
        place: Some(reader.place(span)),
    };
    let mut stated: Vec<&str> = Vec::new();
    for entry in reader.entries(table, names::EXCEPTION, "[[exceptions]]") {
        stated.push(entry.name);
        match entry.name {
            "rule" | "rules" => {
                for rule in reader.texts(&entry) {
                    let span = rule.place.map(|place| place.span).unwrap_or_default();
                    check_rule(reader, &rule.value, span, setting.vocabulary);
                    exception.rules.push(rule);
                }
            }
            "keys" => exception.keys = reader.all(&entry, |text| Pattern::new(text, setting.separator)),
            "paths" => exception.paths = reader.all(&entry, |text| PathGlob::new(text, setting.folder)),
            "functions" => exception.functions = reader.all(&entry, function),
            "reason" => exception.reason = reader.reason(&entry).map_or_else(String::new, |text| text.value),
            _ => exception.until = until(reader, &entry),
        }
    }
    let has = |names: &[&str]| names.iter().any(|name| stated.contains(name));
    for (names, message, help) in [
        (&["reason"][..], "the exception has no `reason`", "say why the rule does not apply here"),
        (&["rule", "rules"], "the exception names no `rules`", "for example `rules = [\"missing-ttl\"]`"),
        (
            &["keys", "paths", "functions"],
            "the exception holds everywhere",
            "add `keys`, `paths` or `functions`; [levels] turns a rule off everywhere",
        ),
    ] {
        if !has(names) {
            reader.missing(span, Mistake::with_help(message, help));
        }
    }
    let is_bounded = !(exception.keys.is_empty() && exception.paths.is_empty() && exception.functions.is_empty());
    (is_bounded && !exception.rules.is_empty()).then_some(exception)
}

/// A date, with or without quotes.
fn until(reader: &mut Reader, entry: &Entry<'_, '_>) -> Option<Located<String>> {
    let bare = match entry.value.get_ref() {
        toml::de::DeValue::Datetime(date) => Some(date.to_string()),
        _ => None,
    };
    match bare {
        Some(text) => {
            let located = reader.located(text, crate::policy::reader::span_of(entry.value));
            reader.parse(&located, read_date)
        }
        None => reader.parsed(entry, read_date),
    }
}

/// `2027-03-01`.
fn read_date(text: &str) -> Result<String, Mistake> {
    let wrong = || Mistake::with_help(format!("`{text}` is no date"), "write for example `2027-03-01`");
    let date: toml::value::Datetime = text.parse().map_err(|_| wrong())?;
    match (date.date, date.time) {
        (Some(_), None) => Ok(text.to_owned()),
        _ => Err(wrong()),
    }
}
