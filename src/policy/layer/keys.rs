//! `[keys]` and `[ttl]`.

use super::{KeysLayer, Setting, TtlLayer, names, positive};
use crate::policy::error::Mistake;
use crate::policy::grammar::KeyFormat;
use crate::policy::pattern::Pattern;
use crate::policy::reader::{Entry, Reader};
use crate::policy::{KeyException, quantity};

pub(super) fn keys(reader: &mut Reader, entry: &Entry<'_, '_>, layer: &mut KeysLayer, setting: Setting<'_>) {
    let Some(table) = reader.table(entry) else { return };
    let separator = setting.separator;
    for entry in reader.entries(table, names::KEYS, "[keys]") {
        match entry.name {
            "format" => {
                layer.format = reader.parsed(&entry, |text| KeyFormat::new(text, separator).map(|_| text.to_owned()));
            }
            "separator" => layer.separator = reader.parsed(&entry, read_separator),
            "version-segment" => layer.version_prefix = reader.parsed(&entry, read_version_segment),
            "service" => layer.service = reader.parsed(&entry, |text| read_service(text, separator)),
            name => {
                let exceptions = key_exceptions(reader, &entry, separator);
                layer.exceptions.set(name, exceptions);
            }
        }
    }
}

/// One character that is no part of a word.
pub(super) fn read_separator(text: &str) -> Result<char, Mistake> {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(only), None) if !only.is_alphanumeric() && !only.is_whitespace() && !"{}*".contains(only) => Ok(only),
        _ => Err(Mistake::with_help(format!("`{text}` is no separator"), "use one character, for example `:`")),
    }
}

fn read_version_segment(text: &str) -> Result<String, Mistake> {
    match text.strip_suffix("{n}") {
        Some(prefix) if !prefix.is_empty() && prefix.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_') => {
            Ok(prefix.to_owned())
        }
        _ => Err(Mistake::with_help(
            format!("`{text}` is no version segment"),
            "write letters and `{n}` for the number, for example `v{n}`",
        )),
    }
}

fn read_service(text: &str, separator: char) -> Result<String, Mistake> {
    let is_word = |c: char| !c.is_uppercase() && !c.is_whitespace() && !c.is_control() && c != separator;
    if !text.is_empty() && text.chars().all(|c| is_word(c) && !"{}*".contains(c)) {
        Ok(text.to_owned())
    } else {
        Err(Mistake::with_help(
            format!("`{text}` is no name of a service"),
            "use one lower-case word, for example `shop`",
        ))
    }
}

/// `exceptions = [{ keys = "…", reason = "…" }]`.
fn key_exceptions(reader: &mut Reader, entry: &Entry<'_, '_>, separator: char) -> Vec<KeyException> {
    let mut out = Vec::new();
    for (table, span) in reader.tables(entry, "a list of `{ keys = …, reason = … }`") {
        let (mut patterns, mut reason) = (None, None);
        for entry in reader.entries(table, names::KEY_EXCEPTION, "a key exception") {
            match entry.name {
                "keys" => patterns = Some(reader.all(&entry, |text| Pattern::new(text, separator))),
                _ => reason = Some(reader.reason(&entry).map_or_else(String::new, |text| text.value)),
            }
        }
        if patterns.is_none() {
            reader
                .missing(span, Mistake::with_help("the exception has no `keys`", "say which: `keys = \"legacy:**\"`"));
        }
        let Some(reason) = reason else {
            reader.missing(span, Mistake::with_help("the exception has no `reason`", "say why these keys differ"));
            continue;
        };
        let patterns = patterns.unwrap_or_default();
        out.extend(patterns.into_iter().map(|pattern| KeyException { pattern, reason: reason.clone() }));
    }
    out
}

pub(super) fn ttl(reader: &mut Reader, entry: &Entry<'_, '_>, layer: &mut TtlLayer) {
    let Some(table) = reader.table(entry) else { return };
    for entry in reader.entries(table, names::TTL, "[ttl]") {
        match entry.name {
            "required" => layer.required = reader.flag(&entry),
            "jitter" => layer.jitter = reader.quantity(&entry, "%", quantity::percent),
            "min" => layer.min = reader.quantity(&entry, "s", positive),
            _ => layer.max = reader.quantity(&entry, "s", positive),
        }
    }
}
