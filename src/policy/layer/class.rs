//! `[class.NAME]`.

use toml::de::DeValue;

use super::{Listed, Setting, names, positive};
use crate::finding::Place;
use crate::policy::error::Mistake;
use crate::policy::pattern::Pattern;
use crate::policy::reader::{Entry, Reader, named, span_of};
use crate::policy::{CachePattern, Located, quantity};

/// `[class.NAME]` as one file states it.
#[derive(Debug, Clone, Default)]
pub(in crate::policy) struct ClassLayer {
    pub(in crate::policy) name: String,
    pub(in crate::policy) place: Option<Place>,
    pub(in crate::policy) keys: Listed<Located<Pattern>>,
    pub(in crate::policy) tables: Listed<Located<String>>,
    pub(in crate::policy) ttl: Option<Located<(i128, i128)>>,
    pub(in crate::policy) jitter: Option<Located<u8>>,
    pub(in crate::policy) pattern: Option<Located<CachePattern>>,
    pub(in crate::policy) store: Option<Located<bool>>,
    pub(in crate::policy) hot: Option<Located<bool>>,
    pub(in crate::policy) only_patterns: Option<Located<bool>>,
    pub(in crate::policy) reason: Option<Located<String>>,
}

impl ClassLayer {
    fn patterns(&self) -> impl Iterator<Item = &Located<Pattern>> {
        self.keys.replace.iter().flatten().chain(&self.keys.extend)
    }
}

pub(super) fn classes(reader: &mut Reader, entry: &Entry<'_, '_>, setting: Setting<'_>) -> Vec<ClassLayer> {
    let Some(table) = reader.table(entry) else { return Vec::new() };
    let mut out: Vec<ClassLayer> = Vec::new();
    for entry in named(table) {
        let Some(class) = class(reader, &entry, setting) else { continue };
        overlaps(reader, &out, &class);
        out.push(class);
    }
    out
}

fn class(reader: &mut Reader, entry: &Entry<'_, '_>, setting: Setting<'_>) -> Option<ClassLayer> {
    let table = reader.table(entry)?;
    let mut class =
        ClassLayer { name: entry.name.to_owned(), place: Some(reader.place(entry.key)), ..ClassLayer::default() };
    let what = format!("[class.{}]", entry.name);
    if entry.name.trim().is_empty() {
        reader.error(entry.key, "the class has no name");
    }
    for entry in reader.entries(table, names::CLASS, &what) {
        match entry.name {
            "keys" | "extend-keys" => {
                let patterns = reader.all(&entry, |text| Pattern::new(text, setting.separator));
                class.keys.set(entry.name, patterns);
            }
            "tables" | "extend-tables" => {
                let tables = reader.all(&entry, read_table_name);
                class.tables.set(entry.name, tables);
            }
            "ttl" => class.ttl = class_ttl(reader, &entry),
            "jitter" => class.jitter = reader.quantity(&entry, "%", quantity::percent),
            "pattern" => class.pattern = reader.parsed(&entry, CachePattern::read),
            "store" => class.store = reader.flag(&entry),
            "hot" => class.hot = reader.flag(&entry),
            "only-patterns" => class.only_patterns = reader.flag(&entry),
            _ => class.reason = reader.reason(&entry),
        }
    }
    if let Some(store) = class.store.as_ref().filter(|store| store.value) {
        let span = store.place.map_or(entry.key, |place| place.span);
        if class.reason.is_none() {
            let help = "no rule about caches applies to a store: add `reason = \"…\"`, why Redis is its only home";
            reader.missing(span, Mistake::with_help(format!("{what} is a store without a `reason`"), help));
        }
        for (name, place) in [
            ("ttl", class.ttl.as_ref().and_then(|ttl| ttl.place)),
            ("pattern", class.pattern.as_ref().and_then(|pattern| pattern.place)),
        ] {
            if let Some(place) = place {
                let help = format!("remove `{name}`, or `store = true`");
                let message = format!("{what} is a store and has a `{name}`: a store is no copy of anything");
                reader.error(place.span, Mistake::with_help(message, help));
            }
        }
    }
    Some(class)
}

fn read_table_name(text: &str) -> Result<String, Mistake> {
    if text.trim().is_empty() { Err("the table's name is empty".into()) } else { Ok(text.to_owned()) }
}

/// `"15m"`: at most that. `{ min = "1m", max = "15m" }`: between.
fn class_ttl(reader: &mut Reader, entry: &Entry<'_, '_>) -> Option<Located<(i128, i128)>> {
    let DeValue::Table(table) = entry.value.get_ref() else {
        return reader.quantity(entry, "s", |text| positive(text).map(|max| (0, max)));
    };
    let (mut min, mut max) = (None, None);
    let mut is_stated = false;
    for entry in reader.entries(table, names::CLASS_TTL, "a range of TTLs") {
        let value = reader.quantity(&entry, "s", positive);
        if entry.name == "min" {
            min = value;
        } else {
            is_stated = true;
            max = value;
        }
    }
    let span = span_of(entry.value);
    if !is_stated {
        let help = "write `{ min = \"1m\", max = \"15m\" }`, or `\"15m\"` for the longest alone";
        reader.missing(span, Mistake::with_help("the range of TTLs has no `max`", help));
    }
    let max = max?;
    let shortest = min.as_ref().map_or(0, |min| min.value);
    if shortest > max.value {
        let span = min.and_then(|min| min.place).map_or(span, |place| place.span);
        let message = format!("`min` is longer than `max`, which is {}", quantity::show(max.value));
        reader.error(span, message);
        return None;
    }
    Some(reader.located((shortest, max.value), span))
}

/// A pattern that stands in two classes of one file, or twice in one, decides nothing.
fn overlaps(reader: &mut Reader, others: &[ClassLayer], class: &ClassLayer) {
    let own: Vec<&Located<Pattern>> = class.patterns().collect();
    for (at, pattern) in own.iter().enumerate() {
        let span = pattern.place.map(|place| place.span).unwrap_or_default();
        if own[..at].iter().any(|other| other.value == pattern.value) {
            reader.error(span, format!("the pattern `{}` stands twice in this class", pattern.value.as_str()));
        } else if let Some((other, place)) = others.iter().find_map(|other| {
            other.patterns().find(|known| known.value == pattern.value).map(|known| (&other.name, known.place))
        }) {
            let help = format!("class `{other}` has it on line {}: keep one of them", reader.line(place));
            let message = format!("the pattern `{}` stands in two classes", pattern.value.as_str());
            reader.error(span, Mistake::with_help(message, help));
        }
    }
}
