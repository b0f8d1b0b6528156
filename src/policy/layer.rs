//! One rule file, read: what it states, with places; what it leaves out stays open for the layers below.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use super::error::nearest;
use super::pattern::Pattern;
use super::reader::{Entry, Reader, list, span_of};
use super::{CachePattern, Located, PolicySource, Vocabulary, quantity};
use crate::finding::{Level, Place};

/// A list that replaces the layer below, or adds to it.
#[derive(Debug, Clone)]
pub(super) struct Listed<T> {
    pub(super) replace: Option<Vec<T>>,
    pub(super) extend: Vec<T>,
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self { replace: None, extend: Vec::new() }
    }
}

/// A pattern with its place.
pub(super) type PatternAt = Located<Pattern>;

#[derive(Debug, Default)]
pub(super) struct Layer {
    pub(super) extends: Vec<Located<String>>,
    pub(super) default: Option<Located<bool>>,
    pub(super) format: Option<Located<String>>,
    pub(super) separator: Option<Located<char>>,
    pub(super) version_prefix: Option<Located<String>>,
    pub(super) service: Option<Located<String>>,
    pub(super) key_exceptions: Listed<(PatternAt, String)>,
    pub(super) ttl_required: Option<Located<bool>>,
    pub(super) ttl_jitter: Option<Located<u8>>,
    pub(super) ttl_min: Option<Located<i128>>,
    pub(super) ttl_max: Option<Located<i128>>,
    pub(super) classes: Vec<ClassLayer>,
    pub(super) levels: BTreeMap<String, Located<Level>>,
    pub(super) exceptions: Vec<ExceptionLayer>,
    pub(super) cheap_loads: Listed<Located<String>>,
    pub(super) guards: Listed<Located<String>>,
    pub(super) external_channels: Listed<Located<String>>,
    pub(super) require_until: Option<Located<bool>>,
    pub(super) exclude: Listed<Located<String>>,
    pub(super) tests: Option<Located<bool>>,
    pub(super) clients: Vec<crate::clients::DeclaredClient>,
}

#[derive(Debug, Default)]
pub(super) struct ClassLayer {
    pub(super) name: String,
    pub(super) place: Option<Place>,
    pub(super) keys: Listed<PatternAt>,
    pub(super) tables: Listed<Located<String>>,
    pub(super) ttl: Option<Located<(i128, i128)>>,
    pub(super) jitter: Option<Located<u8>>,
    pub(super) pattern: Option<Located<CachePattern>>,
    pub(super) store: Option<Located<bool>>,
    pub(super) hot: Option<Located<bool>>,
    pub(super) reason: Option<Located<String>>,
}

#[derive(Debug, Default)]
pub(super) struct ExceptionLayer {
    pub(super) rules: Vec<Located<String>>,
    pub(super) keys: Vec<PatternAt>,
    pub(super) paths: Vec<Located<globset::GlobMatcher>>,
    pub(super) functions: Vec<Located<String>>,
    pub(super) reason: String,
    pub(super) until: Option<Located<String>>,
    pub(super) place: Option<Place>,
}

const TOP: &[&str] = &[
    "version",
    "extends",
    "default",
    "keys",
    "ttl",
    "class",
    "levels",
    "exceptions",
    "loads",
    "guards",
    "channels",
    "suppressions",
    "paths",
    "client",
];

/// Reads one file; mistakes go to `reader`.
pub(super) fn read(reader: &mut Reader, source: &PolicySource, vocabulary: &Vocabulary<'_>) -> Layer {
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    for error in errors {
        let span = error.span().map(|range| crate::text::Span::new(range.start, range.end)).unwrap_or_default();
        reader.error(span, error.message().to_owned(), None);
    }
    read_table(reader, table.get_ref(), vocabulary)
}

/// Reads a rule file's table, which may stand inside a manifest.
pub(super) fn read_table(reader: &mut Reader, table: &DeTable<'_>, vocabulary: &Vocabulary<'_>) -> Layer {
    let mut layer = Layer::default();
    // The separator decides how patterns are cut, so it is read first.
    let separator = table
        .get("keys")
        .and_then(|keys| keys.get_ref().get("separator"))
        .and_then(|separator| separator.get_ref().as_str().and_then(|text| text.chars().next()))
        .unwrap_or(':');
    for entry in reader.entries(table, TOP, "the rule file") {
        match entry.name {
            "version" => match entry.value.get_ref() {
                DeValue::Integer(n) if n.as_str() == "1" => {}
                _ => reader.error(
                    span_of(entry.value),
                    "this version of cache-lint reads rule files of `version = 1`",
                    None,
                ),
            },
            "extends" => layer.extends = reader.texts(&entry),
            "default" => layer.default = reader.flag(&entry),
            "keys" => keys(reader, &entry, &mut layer, separator),
            "ttl" => ttl(reader, &entry, &mut layer),
            "class" => classes(reader, &entry, &mut layer, separator),
            "levels" => levels(reader, &entry, &mut layer, vocabulary),
            "exceptions" => exceptions(reader, &entry, &mut layer, separator, vocabulary),
            "loads" => layer.cheap_loads = lists(reader, &entry, "cheap", "[loads]"),
            "guards" => layer.guards = lists(reader, &entry, "functions", "[guards]"),
            "channels" => layer.external_channels = lists(reader, &entry, "external", "[channels]"),
            "suppressions" => {
                if let Some(table) = reader.table(&entry) {
                    for entry in reader.entries(table, &["require-until"], "[suppressions]") {
                        layer.require_until = reader.flag(&entry);
                    }
                }
            }
            "paths" => paths(reader, &entry, &mut layer),
            "client" => clients(reader, &entry, &mut layer),
            _ => {}
        }
    }
    layer
}

fn keys(reader: &mut Reader, entry: &Entry<'_, '_>, layer: &mut Layer, separator: char) {
    let Some(table) = reader.table(entry) else { return };
    let known = ["format", "separator", "version-segment", "service", "exceptions", "extend-exceptions"];
    for entry in reader.entries(table, &known, "[keys]") {
        match entry.name {
            "format" => {
                layer.format = reader
                    .parsed(&entry, |text| super::grammar::KeyFormat::new(text, separator).map(|_| text.to_owned()));
            }
            "separator" => {
                layer.separator = reader.parsed(&entry, |text| {
                    let mut chars = text.chars();
                    match (chars.next(), chars.next()) {
                        (Some(only), None) if !only.is_alphanumeric() => Ok(only),
                        _ => Err(format!("`{text}` is no separator: one character such as `:` is wanted")),
                    }
                });
            }
            "version-segment" => {
                layer.version_prefix = reader.parsed(&entry, |text| match text.strip_suffix("{n}") {
                    Some(prefix) if !prefix.is_empty() => Ok(prefix.to_owned()),
                    _ => {
                        Err(format!("`{text}` is no version segment: write a prefix and `{{n}}`, for example `v{{n}}`"))
                    }
                });
            }
            "service" => {
                layer.service = reader.parsed(&entry, |text| {
                    if text.is_empty() { Err("the service's name is empty".to_owned()) } else { Ok(text.to_owned()) }
                });
            }
            "exceptions" => layer.key_exceptions.replace = Some(key_exceptions(reader, &entry, separator)),
            _ => layer.key_exceptions.extend = key_exceptions(reader, &entry, separator),
        }
    }
}

/// `exceptions = [{ keys = "…", reason = "…" }]`.
fn key_exceptions(reader: &mut Reader, entry: &Entry<'_, '_>, separator: char) -> Vec<(PatternAt, String)> {
    let DeValue::Array(items) = entry.value.get_ref() else {
        reader.wrong(
            span_of(entry.value),
            entry.name,
            "a list of tables with `keys` and `reason`",
            entry.value.get_ref(),
        );
        return Vec::new();
    };
    let mut out = Vec::new();
    for item in items.iter() {
        let DeValue::Table(table) = item.get_ref() else {
            reader.wrong(span_of(item), entry.name, "a list of tables with `keys` and `reason`", item.get_ref());
            continue;
        };
        let (mut patterns, mut reason) = (Vec::new(), None);
        for entry in reader.entries(table, &["keys", "reason"], "a key exception") {
            match entry.name {
                "keys" => patterns = pattern_list(reader, &entry, separator),
                _ => reason = reader.text(&entry),
            }
        }
        match reason {
            Some(reason) if !reason.value.trim().is_empty() => {
                out.extend(patterns.into_iter().map(|pattern| (pattern, reason.value.clone())));
            }
            _ => reader.error(
                span_of(item),
                "an exception needs a `reason`",
                Some("say why these keys differ".to_owned()),
            ),
        }
    }
    out
}

fn pattern_list(reader: &mut Reader, entry: &Entry<'_, '_>, separator: char) -> Vec<PatternAt> {
    let texts = reader.texts(entry);
    texts.iter().filter_map(|text| reader.parse(text, |text| Pattern::new(text, separator))).collect()
}

fn ttl(reader: &mut Reader, entry: &Entry<'_, '_>, layer: &mut Layer) {
    let Some(table) = reader.table(entry) else { return };
    for entry in reader.entries(table, &["required", "jitter", "min", "max"], "[ttl]") {
        match entry.name {
            "required" => layer.ttl_required = reader.flag(&entry),
            "jitter" => layer.ttl_jitter = reader.parsed(&entry, quantity::percent),
            "min" => layer.ttl_min = reader.parsed(&entry, positive),
            _ => layer.ttl_max = reader.parsed(&entry, positive),
        }
    }
    if let (Some(min), Some(max)) = (&layer.ttl_min, &layer.ttl_max)
        && min.value > max.value
    {
        let span = min.place.map(|place| place.span).unwrap_or_default();
        reader.error(span, "`ttl.min` is longer than `ttl.max`", None);
    }
}

fn positive(text: &str) -> Result<i128, String> {
    match quantity::duration(text)? {
        0 => Err("a TTL of zero is an error on the server: give at least `1ms`".to_owned()),
        millis => Ok(millis),
    }
}

fn classes(reader: &mut Reader, entry: &Entry<'_, '_>, layer: &mut Layer, separator: char) {
    let Some(table) = reader.table(entry) else { return };
    for entry in reader.named(table) {
        let Some(table) = reader.table(&entry) else { continue };
        let mut class =
            ClassLayer { name: entry.name.to_owned(), place: Some(reader.place(entry.key)), ..ClassLayer::default() };
        let what = format!("[class.{}]", entry.name);
        let known =
            ["keys", "extend-keys", "tables", "extend-tables", "ttl", "jitter", "pattern", "store", "hot", "reason"];
        for entry in reader.entries(table, &known, &what) {
            match entry.name {
                "keys" => class.keys.replace = Some(pattern_list(reader, &entry, separator)),
                "extend-keys" => class.keys.extend = pattern_list(reader, &entry, separator),
                "tables" => class.tables.replace = Some(reader.texts(&entry)),
                "extend-tables" => class.tables.extend = reader.texts(&entry),
                "ttl" => class.ttl = class_ttl(reader, &entry),
                "jitter" => class.jitter = reader.parsed(&entry, quantity::percent),
                "pattern" => class.pattern = reader.parsed(&entry, CachePattern::read),
                "store" => class.store = reader.flag(&entry),
                "hot" => class.hot = reader.flag(&entry),
                _ => class.reason = reader.text(&entry),
            }
        }
        let store = class.store.as_ref().is_some_and(|store| store.value);
        if store && class.reason.as_ref().is_none_or(|reason| reason.value.trim().is_empty()) {
            let help = "a store is exempt from every cache rule: say why Redis is its only home".to_owned();
            reader.error(entry.key, format!("`{what}` is declared a store without a `reason`"), Some(help));
        }
        if store && class.ttl.is_some() {
            reader.error(entry.key, format!("`{what}` is a store and has a TTL: a store keeps its data"), None);
        }
        layer.classes.push(class);
    }
}

/// `"15m"`: at most that. `{ min = "1m", max = "15m" }`: between.
fn class_ttl(reader: &mut Reader, entry: &Entry<'_, '_>) -> Option<Located<(i128, i128)>> {
    if let DeValue::Table(table) = entry.value.get_ref() {
        let (mut min, mut max) = (None, None);
        for entry in reader.entries(table, &["min", "max"], "a class's `ttl`") {
            match entry.name {
                "min" => min = reader.parsed(&entry, positive),
                _ => max = reader.parsed(&entry, positive),
            }
        }
        let span = span_of(entry.value);
        let Some(max) = max else {
            reader.error(
                span,
                "a class's `ttl` needs a `max`",
                Some("write `ttl = \"15m\"` or `ttl = { min = \"1m\", max = \"15m\" }`".to_owned()),
            );
            return None;
        };
        let min = min.map_or(0, |min| min.value);
        if min > max.value {
            reader.error(span, "`min` is longer than `max`", None);
            return None;
        }
        return Some(reader.located((min, max.value), span));
    }
    reader.parsed(entry, |text| positive(text).map(|max| (0, max)))
}

fn levels(reader: &mut Reader, entry: &Entry<'_, '_>, layer: &mut Layer, vocabulary: &Vocabulary<'_>) {
    let Some(table) = reader.table(entry) else { return };
    for entry in reader.named(table) {
        rule_name(reader, entry.name, entry.key, vocabulary);
        if let Some(level) = reader.parsed(&entry, read_level) {
            layer.levels.insert(entry.name.to_owned(), level);
        }
    }
}

fn rule_name(reader: &mut Reader, name: &str, span: crate::text::Span, vocabulary: &Vocabulary<'_>) {
    let known = || vocabulary.rules.iter().chain(vocabulary.categories).copied().chain(["all"]);
    if !known().any(|known| known == name) {
        let help = match nearest(name, known()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`cache-lint rules` lists them".to_owned(),
        };
        reader.error(span, format!("unknown rule or category `{name}`"), Some(help));
    }
}

/// The words for levels.
pub(super) fn read_level(text: &str) -> Result<Level, String> {
    Ok(match text {
        "error" | "deny" => Level::Error,
        "warn" | "warning" => Level::Warning,
        "note" => Level::Note,
        "off" | "allow" => Level::Off,
        _ => return Err(format!("`{text}` is no level: use `error`, `warn`, `note` or `off`")),
    })
}

fn exceptions(
    reader: &mut Reader,
    entry: &Entry<'_, '_>,
    layer: &mut Layer,
    separator: char,
    vocabulary: &Vocabulary<'_>,
) {
    let DeValue::Array(items) = entry.value.get_ref() else {
        reader.wrong(span_of(entry.value), entry.name, "`[[exceptions]]` tables", entry.value.get_ref());
        return;
    };
    for item in items.iter() {
        let DeValue::Table(table) = item.get_ref() else {
            reader.wrong(span_of(item), entry.name, "`[[exceptions]]` tables", item.get_ref());
            continue;
        };
        let mut exception = ExceptionLayer { place: Some(reader.place(span_of(item))), ..ExceptionLayer::default() };
        let known = ["rule", "rules", "keys", "paths", "functions", "reason", "until"];
        for entry in reader.entries(table, &known, "[[exceptions]]") {
            match entry.name {
                "rule" | "rules" => {
                    exception.rules = reader.texts(&entry);
                    for rule in exception.rules.clone() {
                        let span = rule.place.map(|place| place.span).unwrap_or_default();
                        rule_name(reader, &rule.value, span, vocabulary);
                    }
                }
                "keys" => exception.keys = pattern_list(reader, &entry, separator),
                "paths" => {
                    let texts = reader.texts(&entry);
                    exception.paths = texts
                        .iter()
                        .filter_map(|text| {
                            reader.parse(text, |text| {
                                globset::Glob::new(text).map(|glob| glob.compile_matcher()).map_err(|e| e.to_string())
                            })
                        })
                        .collect();
                }
                "functions" => exception.functions = reader.texts(&entry),
                "reason" => exception.reason = reader.text(&entry).map(|text| text.value).unwrap_or_default(),
                _ => exception.until = reader.parsed(&entry, read_date),
            }
        }
        let span = span_of(item);
        if exception.reason.trim().is_empty() {
            reader.error(span, "an exception needs a `reason`", None);
        } else if exception.rules.is_empty() {
            let help = format!("for example `rules = [{}]`", list(&["missing-ttl"]).replace('`', "\""));
            reader.error(span, "an exception needs `rules`", Some(help));
        } else if exception.keys.is_empty() && exception.paths.is_empty() && exception.functions.is_empty() {
            reader.error(
                span,
                "an exception needs `keys`, `paths` or `functions`",
                Some("to turn a rule off everywhere use [levels]".to_owned()),
            );
        } else {
            layer.exceptions.push(exception);
        }
    }
}

/// `2027-03-01`.
pub(super) fn read_date(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split('-').collect();
    let fits = |part: &str, len: usize, most: u32| {
        part.len() == len && part.parse::<u32>().is_ok_and(|n| (1..=most).contains(&n))
    };
    match parts.as_slice() {
        [year, month, day] if fits(year, 4, 9999) && fits(month, 2, 12) && fits(day, 2, 31) => Ok(text.to_owned()),
        _ => Err(format!("`{text}` is no date: write for example `2027-03-01`")),
    }
}

fn lists(reader: &mut Reader, entry: &Entry<'_, '_>, key: &str, what: &str) -> Listed<Located<String>> {
    let mut out = Listed::default();
    let Some(table) = reader.table(entry) else { return out };
    let extend = format!("extend-{key}");
    for entry in reader.entries(table, &[key, &extend], what) {
        let texts = reader.texts(&entry);
        if entry.name == key {
            out.replace = Some(texts);
        } else {
            out.extend = texts;
        }
    }
    out
}

fn paths(reader: &mut Reader, entry: &Entry<'_, '_>, layer: &mut Layer) {
    let Some(table) = reader.table(entry) else { return };
    for entry in reader.entries(table, &["exclude", "extend-exclude", "tests"], "[paths]") {
        match entry.name {
            "tests" => layer.tests = reader.flag(&entry),
            name => {
                let texts = reader.texts(&entry);
                let valid = texts
                    .iter()
                    .filter_map(|text| {
                        reader.parse(text, |text| {
                            globset::Glob::new(text).map(|_| text.to_owned()).map_err(|e| e.to_string())
                        })
                    })
                    .collect();
                if name == "exclude" {
                    layer.exclude.replace = Some(valid);
                } else {
                    layer.exclude.extend = valid;
                }
            }
        }
    }
}

fn clients(reader: &mut Reader, entry: &Entry<'_, '_>, layer: &mut Layer) {
    let Some(table) = reader.table(entry) else { return };
    for entry in reader.named(table) {
        if reader.table(&entry).is_none() {
            continue;
        }
        let value = toml::de::ValueDeserializer::from(entry.value.clone());
        match <crate::clients::DeclaredClient as serde::Deserialize>::deserialize(value) {
            Ok(client) => {
                let name = entry.name.to_owned();
                layer.clients.push(crate::clients::DeclaredClient { name, ..client });
            }
            Err(error) => {
                let span = error.span().map_or(entry.key, |range| crate::text::Span::new(range.start, range.end));
                reader.error(span, format!("[client.{}]: {}", entry.name, error.message()), None);
            }
        }
    }
}
