//! The resolved policy as a list, for `cache-lint config`.

use super::{CachePattern, Class, Located, Policy, quantity};
use crate::finding::{Level, Place};
use crate::text::LineIndex;

/// Rows of key, value as TOML, and origin.
struct Rows<'p> {
    policy: &'p Policy,
    lines: Vec<(crate::finding::FileId, LineIndex)>,
    out: Vec<(String, String, String)>,
}

pub(super) fn values(policy: &Policy) -> Vec<(String, String, String)> {
    let lines = policy.sources.iter().map(|source| (source.file, LineIndex::new(&source.text))).collect();
    let mut rows = Rows { policy, lines, out: Vec::new() };
    rows.keys();
    for class in &policy.classes {
        rows.class(class);
    }
    for (name, level) in &policy.levels {
        let word = match level.value {
            Level::Off => "off",
            Level::Note => "note",
            Level::Warning => "warn",
            Level::Error => "error",
        };
        rows.add(&format!("levels.{name}"), text(word), level.place);
    }
    for exception in &policy.exceptions {
        let mut parts = vec![format!("rules = {}", array(exception.rules.iter().map(|rule| &rule.value)))];
        if !exception.keys.is_empty() {
            parts.push(format!("keys = {}", array(exception.keys.iter().map(|key| key.value.as_str()))));
        }
        if !exception.paths.is_empty() {
            parts.push(format!("paths = {}", array(exception.paths.iter().map(|path| path.value.as_str()))));
        }
        if !exception.functions.is_empty() {
            parts.push(format!("functions = {}", array(exception.functions.iter().map(|name| &name.value))));
        }
        parts.extend(exception.until.as_ref().map(|until| format!("until = {}", text(&until.value))));
        parts.push(format!("reason = {}", text(&exception.reason)));
        rows.add("exceptions", format!("{{ {} }}", parts.join(", ")), exception.place);
    }
    rows.each("loads.cheap", &policy.cheap_loads, |name| name);
    rows.each("guards.functions", &policy.guards, |name| name);
    rows.each("channels.external", &policy.external_channels, |pattern| pattern.as_str());
    rows.each("secrets.types", &policy.secrets.types, |name| name);
    rows.each("secrets.fields", &policy.secrets.fields, |name| name);
    if let Some(max) = &policy.secrets.max_ttl {
        rows.add("secrets.max-ttl", text(&quantity::show(max.value)), max.place);
    }
    rows.add("metrics.logs", policy.logs_count.value.to_string(), policy.logs_count.place);
    let places = policy.flag_places;
    rows.add("suppressions.require-until", policy.require_until.to_string(), places.require_until);
    rows.each("paths.exclude", &policy.exclude, |glob| glob.as_str());
    rows.add("paths.tests", policy.tests.to_string(), places.tests);
    if let Some(baseline) = &policy.baseline {
        rows.add(
            "baseline",
            text(&super::error::shown(&std::env::current_dir().unwrap_or_default(), &baseline.value)),
            baseline.place,
        );
    }
    rows.add("undetermined.report", policy.report_undetermined.to_string(), places.report_undetermined);
    for client in &policy.clients {
        let place = policy.client_places.get(&client.name).copied();
        rows.add(&format!("client.{}.crates", client.name), array(&client.crates), place);
    }
    for store in &policy.stores {
        rows.add(&format!("store.{}.packages", store.name), array(&store.store.packages), Some(store.place));
    }
    for value in &policy.values {
        rows.add(&format!("values.{}", text(&value.path)), value.written.clone(), Some(value.place));
    }
    rows.out
}

impl Rows<'_> {
    fn keys(&mut self) {
        let keys = &self.policy.keys;
        self.add("keys.format", text(&keys.format.value.text), keys.format.place);
        self.add("keys.separator", text(&keys.separator.value.to_string()), keys.separator.place);
        if let Some(prefix) = &keys.version_prefix {
            self.add("keys.version-segment", text(&format!("{}{{n}}", prefix.value)), prefix.place);
        }
        if let Some(service) = &keys.service {
            self.add("keys.service", text(&service.value), service.place);
        }
        for exception in &keys.exceptions {
            let pattern = &exception.pattern;
            let value = format!("{{ keys = {}, reason = {} }}", text(pattern.value.as_str()), text(&exception.reason));
            self.add("keys.exceptions", value, pattern.place);
        }
        let ttl = &self.policy.ttl;
        self.add("ttl.required", ttl.required.value.to_string(), ttl.required.place);
        self.add("ttl.jitter", share(ttl.jitter.value), ttl.jitter.place);
        for (key, limit) in [("ttl.min", &ttl.min), ("ttl.max", &ttl.max)] {
            if let Some(limit) = limit {
                self.add(key, text(&quantity::show(limit.value)), limit.place);
            }
        }
    }

    fn class(&mut self, class: &Class) {
        let key = |name: &str| format!("class.{}.{name}", class.name);
        let place = |list: Option<Place>| list.or(class.place);
        let keys = array(class.keys.iter().map(|pattern| pattern.value.as_str()));
        self.add(&key("keys"), keys, place(class.keys.first().and_then(|pattern| pattern.place)));
        if !class.tables.is_empty() {
            let tables = array(class.tables.iter().map(|table| &table.value));
            self.add(&key("tables"), tables, place(class.tables.first().and_then(|table| table.place)));
        }
        if let Some(ttl) = &class.ttl {
            let (min, max) = (text(&quantity::show(ttl.value.0)), text(&quantity::show(ttl.value.1)));
            let value = if ttl.value.0 == 0 { max } else { format!("{{ min = {min}, max = {max} }}") };
            self.add(&key("ttl"), value, ttl.place);
        }
        if let Some(jitter) = &class.jitter {
            self.add(&key("jitter"), share(jitter.value), jitter.place);
        }
        if let Some(Located { value, place }) = &class.pattern {
            self.add(&key("pattern"), text(CachePattern::word(*value)), *place);
        }
        for (name, flag) in [("store", class.store), ("hot", class.hot)] {
            if flag {
                self.add(&key(name), "true".to_owned(), class.place);
            }
        }
        if let Some(Located { value, place }) = &class.only_patterns {
            self.add(&key("only-patterns"), value.to_string(), *place);
        }
        if let Some(reason) = &class.reason {
            self.add(&key("reason"), text(reason), class.place);
        }
    }

    fn add(&mut self, key: &str, value: String, place: Option<Place>) {
        let origin = self.origin(place);
        self.out.push((key.to_owned(), value, origin));
    }

    /// Lists may come from several files, so each item has a row.
    fn each<T>(&mut self, key: &str, list: &[Located<T>], show: impl Fn(&T) -> &str) {
        for item in list {
            self.add(key, text(show(&item.value)), item.place);
        }
    }

    /// `cache-lint.toml:12`, or `default`.
    fn origin(&self, place: Option<Place>) -> String {
        let source = place.and_then(|place| Some((place, self.policy.source(place.file)?)));
        match source {
            Some((place, source)) if !source.embedded => {
                let lines = self.lines.iter().find(|(file, _)| *file == source.file).map(|(_, lines)| lines);
                let line = lines.map_or(1, |lines| lines.position(&source.text, place.span.start).line);
                format!("{}:{line}", source.path)
            }
            _ => "default".to_owned(),
        }
    }
}

fn text(text: &str) -> String {
    // JSON's escapes are those of a basic TOML string.
    serde_json::Value::from(text).to_string()
}

fn array(items: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| text(item.as_ref())).collect();
    format!("[{}]", items.join(", "))
}

fn share(percent: u8) -> String {
    text(&format!("{percent}%"))
}
