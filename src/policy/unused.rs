//! Entries of a rule file that match nothing: they look as if they protected something.

use std::path::Path;

use super::pattern::{Cut, glob, names_function};
use super::{Located, Match, Pattern, Policy};
use crate::finding::Place;
use crate::template::Template;

/// What a run has seen, for [`Policy::unused`].
///
/// A list that is `None` was not gathered, and entries that would be held against it are not judged.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seen<'a> {
    /// Templates of keys.
    pub templates: &'a [&'a Template],
    /// Templates of channels.
    pub channels: Option<&'a [&'a Template]>,
    /// Files of the run.
    pub paths: Option<&'a [&'a Path]>,
    /// Paths of functions that were looked at or called.
    pub functions: Option<&'a [&'a str]>,
    /// Loads, by path or as written.
    pub loads: Option<&'a [&'a str]>,
    /// Places of the exceptions that took a finding away.
    pub exceptions_used: Option<&'a [Place]>,
    /// Places of the entries of `[values]` that name something.
    pub values_used: Option<&'a [Place]>,
    /// Names of types, and of fields.
    pub types: Option<&'a [&'a str]>,
    /// See `types`.
    pub fields: Option<&'a [&'a str]>,
    /// Packages that the code depends on.
    pub packages: Option<&'a [&'a str]>,
}

/// An entry of the rule file that matches nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnusedEntry {
    /// Where.
    pub place: Place,
    /// What, for example "the class `profile`".
    pub what: String,
    /// What it misses, for example "matches no key of the code".
    pub misses: &'static str,
    /// What to do.
    pub help: &'static str,
}

const KEY: &str = "matches no key of the code";

pub(super) fn unused(policy: &Policy, seen: &Seen<'_>) -> Vec<UnusedEntry> {
    let keys: Vec<Cut> = seen.templates.iter().map(|template| policy.keys.cut(template)).collect();
    let channels: Option<Vec<Cut>> =
        seen.channels.map(|channels| channels.iter().map(|template| policy.keys.cut(template)).collect());
    let mut out = Vec::new();
    let mut add_as = |place: Option<Place>, what: String, misses: &'static str| {
        if let Some(place) = place.filter(|place| policy.is_own(Some(*place))) {
            let help = if misses == KEY {
                "correct the pattern, or remove the entry"
            } else {
                "correct the entry, or remove it"
            };
            out.push(UnusedEntry { place, what, misses, help });
        }
    };
    if let Some(used) = seen.values_used {
        for value in policy.values.iter().filter(|value| !used.contains(&value.place)) {
            let what = format!("the value of `{}`", value.path);
            add_as(Some(value.place), what, "names no function, constant, static or field of the code");
        }
    }
    for (list, known, what, misses) in [
        (&policy.secrets.types, seen.types, "the secret type", "names no type of the code"),
        (&policy.secrets.fields, seen.fields, "the secret field", "matches no field of the code"),
    ] {
        let Some(known) = known else { continue };
        for name in list.iter().filter(|name| !known.iter().any(|known| glob(&name.value, known))) {
            add_as(name.place, format!("{what} `{}`", name.value), misses);
        }
    }
    if let Some(packages) = seen.packages {
        for store in &policy.stores {
            if !store.store.packages.iter().any(|package| packages.contains(&package.as_str())) {
                add_as(Some(store.place), format!("the store `{}`", store.name), "is for no package of the code");
            }
        }
        for client in &policy.clients {
            if !client.crates.iter().any(|package| packages.contains(&package.as_str())) {
                let place = policy.client_places.get(&client.name).copied();
                add_as(place, format!("the client `{}`", client.name), "is for no package of the code");
            }
        }
    }
    let mut add = |place: Option<Place>, what: String| add_as(place, what, KEY);
    for class in &policy.classes {
        let idle: Vec<&Located<Pattern>> = class.keys.iter().filter(|pattern| is_idle(pattern, &keys)).collect();
        if idle.len() == class.keys.len() {
            add(class.place, format!("the class `{}`", class.name));
        } else {
            for pattern in idle {
                add(pattern.place, format!("the pattern `{}` of class `{}`", pattern.value.as_str(), class.name));
            }
        }
    }
    for exception in policy.keys.exceptions.iter().filter(|exception| is_idle(&exception.pattern, &keys)) {
        let pattern = &exception.pattern;
        add(pattern.place, format!("the exception of keys `{}`", pattern.value.as_str()));
    }
    if let Some(used) = seen.exceptions_used {
        for exception in &policy.exceptions {
            if !exception.place.is_some_and(|place| used.contains(&place)) {
                let rules: Vec<String> = exception.rules.iter().map(|rule| format!("`{}`", rule.value)).collect();
                add(exception.place, format!("the exception from {}", rules.join(", ")));
            }
        }
    }
    // An exception that was never needed is told as a whole; where that is not known, its keys are.
    if seen.exceptions_used.is_none() {
        let patterns = policy.exceptions.iter().flat_map(|exception| &exception.keys);
        for pattern in patterns.filter(|pattern| is_idle(pattern, &keys)) {
            add(pattern.place, format!("the key `{}` of an exception", pattern.value.as_str()));
        }
    }
    if let Some(channels) = &channels {
        for pattern in policy.external_channels.iter().filter(|pattern| is_idle(pattern, channels)) {
            add(pattern.place, format!("the external channel `{}`", pattern.value.as_str()));
        }
    }
    for (list, known, what) in
        [(&policy.guards, seen.functions, "the guard"), (&policy.cheap_loads, seen.loads, "the cheap load")]
    {
        let Some(known) = known else { continue };
        for name in list.iter().filter(|name| !known.iter().any(|path| names_function(&name.value, path))) {
            add(name.place, format!("{what} `{}`", name.value));
        }
    }
    if let Some(paths) = seen.paths {
        for exception in &policy.exceptions {
            for glob in exception.paths.iter().filter(|glob| !paths.iter().any(|path| glob.value.matches(path))) {
                add(glob.place, format!("the path `{}` of an exception", glob.value.as_str()));
            }
        }
    }
    out.sort_by_key(|entry| entry.place);
    out
}

/// Whether no key can match; one that may match is use enough.
fn is_idle(pattern: &Located<Pattern>, keys: &[Cut]) -> bool {
    !keys.iter().any(|key| pattern.value.compare(key) >= Match::Maybe)
}
