//! Which keys belong together.

use std::collections::BTreeMap;

use super::format::Format;
use super::keys::Key;
use crate::inventory::Purpose;
use crate::policy::quantity;
use crate::run::Analysis;

/// The classes of the rule file, and what stands in comments instead.
#[derive(Default)]
pub(super) struct Classes<'a> {
    /// Entries that expire.
    pub(super) expiring: Vec<Class<'a>>,
    /// Data that has no other home.
    pub(super) stores: Vec<Class<'a>>,
    /// Keys that never expire, and of which nothing tells whether that is meant.
    pub(super) enduring: Vec<&'a Key<'a>>,
    /// Keys whose TTL is only known at run time.
    pub(super) open: Vec<&'a Key<'a>>,
}

pub(super) struct Class<'a> {
    pub(super) name: String,
    pub(super) keys: Vec<(String, &'a Key<'a>)>,
    /// Milliseconds; none for a store.
    pub(super) ttl: Option<i128>,
    pub(super) cache_aside: bool,
    /// What the rules that come with the tool allow for some of its keys, if that is less.
    pub(super) usual: Option<(String, i128)>,
}

pub(super) fn of<'a>(keys: &'a [Key<'a>], format: &Format<'_>, analysis: &Analysis) -> Classes<'a> {
    let mut classes = Classes::default();
    let mut expiring: BTreeMap<(&str, i128), Vec<&Key<'_>>> = BTreeMap::new();
    let mut stores: BTreeMap<&str, Vec<&Key<'_>>> = BTreeMap::new();
    for key in keys {
        match (key.purpose(), key.ttls().last()) {
            (Purpose::Lock | Purpose::Pubsub | Purpose::Admin, _) => {}
            (Purpose::Queue, _) if key.endures() => stores.entry("queue").or_default().push(key),
            (Purpose::State, _) if key.endures() => stores.entry("state").or_default().push(key),
            // That a copy never expires is a finding, and no wish.
            (Purpose::Cache, _) if key.endures() => {}
            _ if key.endures() => classes.enduring.push(key),
            (purpose, Some(longest)) => expiring.entry((kind(purpose), *longest)).or_default().push(key),
            (_, None) if key.is_open() => classes.open.push(key),
            _ => {}
        }
    }
    let mut taken = Vec::new();
    for ((kind, ttl), keys) in expiring {
        let otherwise = format!("{kind}-{}", quantity::show(ttl));
        let name = name(&keys, format, otherwise, &mut taken);
        let cache_aside = keys.iter().all(|key| key.is_cache_aside());
        let usual = keys.iter().filter_map(|key| usual(key, ttl, analysis)).min_by_key(|(_, ms)| *ms);
        let keys = patterns(&keys, format.separator);
        if !keys.is_empty() {
            classes.expiring.push(Class { name, keys, ttl: Some(ttl), cache_aside, usual });
        }
    }
    for (kind, keys) in stores {
        let name = name(&keys, format, kind.to_owned(), &mut taken);
        let keys = patterns(&keys, format.separator);
        if !keys.is_empty() {
            classes.stores.push(Class { name, keys, ttl: None, cache_aside: false, usual: None });
        }
    }
    classes
}

/// The front of a class's name.
fn kind(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Session => "session",
        Purpose::Token => "token",
        Purpose::Cache => "cache",
        Purpose::Counter => "counter",
        _ => "entry",
    }
}

/// A class of the default that is stricter with this key than the code.
fn usual(key: &Key<'_>, ttl: i128, analysis: &Analysis) -> Option<(String, i128)> {
    let class = analysis.policy.class_of(key.template)?;
    let limit = analysis.policy.longest_ttl(Some(class)).filter(|limit| limit.of_class && limit.ms < ttl)?;
    let stated = class.ttl.as_ref().map_or(limit.ms, |ttl| ttl.value.1);
    Some((class.name.clone(), stated))
}

/// Each pattern once.
fn patterns<'a>(keys: &[&'a Key<'a>], separator: char) -> Vec<(String, &'a Key<'a>)> {
    let mut patterns: Vec<(String, &Key<'_>)> = Vec::new();
    for key in keys {
        if let Some(pattern) = key.pattern(separator)
            && !patterns.iter().any(|(known, _)| *known == pattern)
        {
            patterns.push((pattern, key));
        }
    }
    patterns
}

/// What the keys share: the words of the only one, or the first word behind the service; else `otherwise`.
fn name(keys: &[&Key<'_>], format: &Format<'_>, otherwise: String, taken: &mut Vec<String>) -> String {
    let words = |key: &Key<'_>| {
        let mut words = key.words(format.separator);
        if words.len() > 1 && words.first() == format.service.as_ref() {
            words.remove(0);
        }
        words
    };
    let first: Vec<Option<String>> = keys.iter().map(|key| words(key).first().cloned()).collect();
    let wish = match keys {
        [only] => slug(&words(only).join("-")),
        _ if first.windows(2).all(|pair| pair[0] == pair[1]) => first[0].as_deref().map(slug).unwrap_or_default(),
        _ => String::new(),
    };
    let usable = |name: &String| !name.is_empty() && !taken.contains(name);
    let name = [wish.clone(), otherwise.clone()].into_iter().find(usable);
    let name = name.or_else(|| (2..).map(|n| format!("{otherwise}-{n}")).find(usable)).unwrap_or(otherwise);
    taken.push(name.clone());
    name
}

/// In small letters, with hyphens.
fn slug(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    out.trim_end_matches('-').to_owned()
}
