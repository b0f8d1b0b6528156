//! The resolved policy as a list, for `cache-lint config`.

use super::{Policy, quantity};
use crate::finding::{Level, Place};
use crate::text::LineIndex;

pub(super) fn values(policy: &Policy) -> Vec<(String, String, String)> {
    let mut out = Vec::new();
    let origin = |place: Option<Place>| origin(policy, place);
    let mut add = |key: &str, value: String, place: Option<Place>| out.push((key.to_owned(), value, origin(place)));
    let text = |text: &str| format!("\"{text}\"");
    let keys = &policy.keys;
    add("keys.format", text(&keys.format.value.text), keys.format.place);
    add("keys.separator", text(&keys.format.value.separator.to_string()), None);
    if let Some(prefix) = &keys.version_prefix {
        add("keys.version-segment", text(&format!("{}{{n}}", prefix.value)), prefix.place);
    }
    if let Some(service) = &keys.service {
        add("keys.service", text(&service.value), service.place);
    }
    for (pattern, reason) in &keys.exceptions {
        add("keys.exceptions", format!("\"{}\" ({reason})", pattern.value.as_str()), pattern.place);
    }
    let ttl = &policy.ttl;
    add("ttl.required", ttl.required.value.to_string(), ttl.required.place);
    add("ttl.jitter", text(&format!("{}%", ttl.jitter.value)), ttl.jitter.place);
    for (key, limit) in [("ttl.min", &ttl.min), ("ttl.max", &ttl.max)] {
        if let Some(limit) = limit {
            add(key, text(&quantity::show(limit.value)), limit.place);
        }
    }
    for class in &policy.classes {
        let key = |name: &str| format!("class.{}.{name}", class.name);
        let patterns: Vec<String> = class.keys.iter().map(|pattern| text(pattern.value.as_str())).collect();
        add(&key("keys"), format!("[{}]", patterns.join(", ")), class.keys.first().and_then(|p| p.place));
        if let Some(ttl) = &class.ttl {
            let (min, max) = ttl.value;
            let shown = if min == 0 {
                text(&quantity::show(max))
            } else {
                format!("{{ min = \"{}\", max = \"{}\" }}", quantity::show(min), quantity::show(max))
            };
            add(&key("ttl"), shown, ttl.place);
        }
        if let Some(jitter) = &class.jitter {
            add(&key("jitter"), text(&format!("{}%", jitter.value)), jitter.place);
        }
        if let Some(pattern) = &class.pattern {
            add(&key("pattern"), text(pattern.value.word()), pattern.place);
        }
        if !class.tables.is_empty() {
            let tables: Vec<String> = class.tables.iter().map(|table| text(&table.value)).collect();
            add(&key("tables"), format!("[{}]", tables.join(", ")), class.tables.first().and_then(|t| t.place));
        }
        for (name, flag) in [("store", class.store), ("hot", class.hot)] {
            if flag {
                add(&key(name), "true".to_owned(), class.place);
            }
        }
    }
    for (name, level) in &policy.levels {
        let word = match level.value {
            Level::Off => "off",
            Level::Note => "note",
            Level::Warning => "warn",
            Level::Error => "error",
        };
        add(&format!("levels.{name}"), text(word), level.place);
    }
    for exception in &policy.exceptions {
        let rules: Vec<&str> = exception.rules.iter().map(|rule| rule.value.as_str()).collect();
        add("exceptions", format!("{} ({})", rules.join(", "), exception.reason), exception.place);
    }
    for (key, list) in [
        ("loads.cheap", &policy.cheap_loads),
        ("guards.functions", &policy.guards),
        ("channels.external", &policy.external_channels),
        ("paths.exclude", &policy.exclude),
    ] {
        for item in list {
            add(key, text(&item.value), item.place);
        }
    }
    add("suppressions.require-until", policy.require_until.to_string(), None);
    add("paths.tests", policy.tests.to_string(), None);
    for client in &policy.clients {
        add(&format!("client.{}", client.name), client.crates.join(", "), None);
    }
    out
}

/// `cache-lint.toml:12`, or `default`.
fn origin(policy: &Policy, place: Option<Place>) -> String {
    let Some(place) = place else { return "default".to_owned() };
    match policy.source(place.file) {
        Some(source) if source.embedded => "default".to_owned(),
        Some(source) => {
            let position = LineIndex::new(&source.text).position(&source.text, place.span.start);
            format!("{}:{}", source.path, position.line)
        }
        None => String::new(),
    }
}
