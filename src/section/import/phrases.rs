//! What a sentence says.
//!
//! A sentence that forbids something (`never`, `not`) is not read: to take it for its opposite would be worse than to
//! hand it back.

use super::rules::Rules;
use crate::policy::{KeyFormat, VersionSpelling, quantity};
use crate::section::render::{FOR_EVER, NO_CLASSES};
use crate::template::Template;

/// Words of people for the classes that come with the tool.
const KNOWN: [(&str, &[&str]); 4] = [
    ("master-data", &["master data", "reference data", "product", "catalogue", "catalog", "category", "configuration"]),
    ("profile", &["session", "profile"]),
    ("aggregation", &["aggregation", "aggregate", "statistic", "stats", "count", "summary"]),
    ("inventory", &["inventory", "stock", "balance"]),
];

const PATTERNS: [(&str, &[&str]); 4] = [
    ("cache-aside", &["cache-aside", "cache aside", "lazy loading", "lazy-loading"]),
    ("read-through", &["read-through", "read through"]),
    ("write-through", &["write-through", "write through"]),
    ("write-behind", &["write-behind", "write behind", "write-back", "write back"]),
];

const HIT_RATIO: &[&str] = &["hit ratio", "hit rate", "hit and miss", "hits and misses"];

/// What is seen to by rules that nobody has to switch on: words, what they are about, the rules.
const SEEN_TO: [(&[&str], &str, &str); 6] = [
    (&["pub/sub", "pubsub", "invalidat"], "invalidation", "missing-invalidation"),
    (HIT_RATIO, "the hit ratio", "missing-hit-metric"),
    (&["cold start", "empty cache", "stampede", "thundering herd"], "cold starts", "stampede-prone-miss"),
    (&["version"], "versions", "unversioned-key"),
    (&["commit"], "the order of commit and write", "write-before-commit"),
    (&["cache-lint"], "this tool", "cache-lint rules"),
];

const SEPARATORS: [char; 4] = [':', '/', '.', '|'];
const NUMBERS: [(&str, i128); 9] = [
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("five", 5),
    ("ten", 10),
    ("fifteen", 15),
    ("twenty", 20),
    ("thirty", 30),
    ("sixty", 60),
];
/// Words around a subject that say nothing of it.
const FILLERS: [&str; 40] = [
    "a", "an", "the", "of", "is", "are", "for", "to", "with", "have", "has", "get", "gets", "live", "lives", "expire",
    "expires", "after", "in", "at", "most", "max", "maximum", "up", "cached", "cache", "caches", "entries", "entry",
    "ttl", "ttls", "keys", "all", "by", "about", "keep", "kept", "use", "should", "must",
];

/// Reads a sentence; false when it says nothing that is understood.
pub(super) fn read(label: &str, text: &str, rules: &mut Rules) -> bool {
    match text {
        FOR_EVER => rules.required = Some(false),
        NO_CLASSES => rules.whole_table = true,
        _ => {
            if let Some(understood) = stated(text, rules) {
                return understood;
            }
            return said(label, text, rules);
        }
    }
    true
}

/// A sentence in people's own words.
fn said(label: &str, text: &str, rules: &mut Rules) -> bool {
    let lower = text.to_lowercase();
    let mut understood = keys(text, rules);
    if lower.contains("every") && lower.contains("ttl") || lower.contains("no permanent") {
        rules.required = Some(true);
        understood = true;
    }
    let forbids = ["never", "not", "don't", "avoid"].iter().any(|no| words(&lower).any(|word| word == *no));
    if !forbids {
        understood |= patterns(&lower, rules);
        understood |= ttls(label, &lower, rules);
        // Whoever asks for a metric does not mean a log line.
        let metric = words(&lower).any(|word| matches!(word, "metric" | "metrics" | "counter" | "counters"));
        if metric && HIT_RATIO.iter().any(|sign| lower.contains(sign)) {
            rules.logs_count = Some(false);
        }
    }
    for (signs, what, rule) in SEEN_TO {
        if signs.iter().any(|sign| lower.contains(sign)) {
            rules.see_to(what, rule);
            understood = true;
        }
    }
    understood
}

/// The lines that `render` writes: `Format: …`, `Jitter: …`.
fn stated(text: &str, rules: &mut Rules) -> Option<bool> {
    let (name, value) = text.split_once(": ")?;
    let spans = code_spans(value);
    let first = spans.first().copied();
    let before_bracket = value.split('(').next().unwrap_or(value).trim();
    match name {
        "Separator" => rules.separator = first.and_then(|text| text.chars().next()),
        "Service" => rules.service = first.map(str::to_owned),
        "Version" if first.is_some_and(|text| text.ends_with("{n}")) => rules.version = first.map(str::to_owned),
        "Exception" => {
            let reason = value.split_once(" (").map_or("", |(_, rest)| rest);
            let reason = reason.strip_suffix(')').unwrap_or(reason);
            rules.exceptions.push((first?.to_owned(), reason.to_owned()));
        }
        "Jitter" => rules.jitter = Some(quantity::percent(before_bracket).ok()?),
        "Shortest TTL" => rules.min = Some(any_duration(before_bracket)?),
        "Longest TTL" => rules.max = Some(any_duration(before_bracket)?),
        "In this project" => {}
        _ => return None,
    }
    Some(true)
}

/// Formats, versions and examples of keys, which stand in code.
fn keys(text: &str, rules: &mut Rules) -> bool {
    let mut understood = false;
    for span in code_spans(text) {
        let separators = rules.separator.into_iter().chain(SEPARATORS);
        let Some(separator) = separators.into_iter().find(|separator| span.contains(*separator)) else {
            if span.starts_with('v') && span.ends_with('}') {
                rules.version.get_or_insert_with(|| "v{n}".to_owned());
                understood = true;
            }
            continue;
        };
        if span.contains(char::is_whitespace) {
            continue;
        }
        understood = true;
        let spelling = VersionSpelling::default();
        let is_version = |part: &&str| {
            spelling.is_version(&Template::text(*part)) || (part.starts_with("v{") && part.ends_with('}'))
        };
        if span.split(separator).any(|part| is_version(&part)) {
            rules.version.get_or_insert_with(|| "v{n}".to_owned());
        }
        let plain: Vec<&str> = span.split(separator).filter(|part| !is_version(part)).collect();
        let plain = plain.join(&separator.to_string());
        if rules.format.is_none() && span.contains('{') && KeyFormat::new(&plain, separator).is_ok() {
            rules.format = Some(plain);
            rules.separator = rules.separator.or(Some(separator).filter(|separator| *separator != ':'));
        }
    }
    understood
}

/// `Write-Through for data that must be consistent (balances, inventory)`.
fn patterns(lower: &str, rules: &mut Rules) -> bool {
    let Some(pattern) = PATTERNS.iter().find(|(_, words)| words.iter().any(|word| lower.contains(word))) else {
        return false;
    };
    let listed = lower.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map(|(inner, _)| inner);
    let mut any = false;
    for subject in listed.into_iter().flat_map(subjects) {
        let (name, keys) = class_of(&subject, rules);
        rules.class(&name, &keys).pattern = Some(pattern.0);
        any = true;
    }
    if !any {
        for name in KNOWN.iter().filter(|(_, words)| words.iter().any(|word| holds(lower, word))).map(|(name, _)| *name)
        {
            rules.class(name, &[]).pattern = Some(pattern.0);
            any = true;
        }
    }
    if !any {
        rules.see_to("patterns", "missing-invalidation, write-before-commit, stampede-prone-miss");
    }
    true
}

/// `sessions and profiles 15 minutes`, `15 minutes for sessions`, `TTL: 15 minutes` under a heading.
fn ttls(label: &str, lower: &str, rules: &mut Rules) -> bool {
    let found = durations(lower);
    let mut understood = false;
    let mut from = 0;
    for (at, (range, ms)) in found.iter().enumerate() {
        let until = found.get(at + 1).map_or(lower.len(), |(next, _)| next.start);
        let before = lower.get(from..range.start).unwrap_or_default();
        let after = lower.get(range.end..until).unwrap_or_default();
        from = range.end;
        let mut about = subjects(before);
        if about.is_empty() && words(after).next() == Some("for") {
            about = subjects(after);
            from = until;
        }
        if about.is_empty() {
            about = subjects(&label.to_lowercase());
        }
        for subject in about {
            let (name, keys) = class_of(&subject, rules);
            let taken = rules.classes.iter().any(|class| class.name == name && class.ttl.is_some_and(|ttl| ttl != *ms));
            let (name, keys) = if taken { own(&subject, rules) } else { (name, keys) };
            rules.class(&name, &keys).ttl = Some(*ms);
            understood = true;
        }
    }
    understood
}

/// The kinds of data that a text names, without the words around them.
fn subjects(text: &str) -> Vec<String> {
    let text = text.split(['(', ')']).next().unwrap_or(text);
    let parts =
        text.split([',', '&', '/', '|']).flat_map(|part| part.split(" and ")).flat_map(|part| part.split(" or "));
    let kept = parts.map(|part| words(part).filter(|word| !FILLERS.contains(word)).collect::<Vec<_>>().join(" "));
    // Whoever needs more words than that tells a story.
    kept.filter(|part| !part.is_empty() && part != "data" && part.split(' ').count() <= 3).collect()
}

/// The class of a kind of data: one that comes with the tool, or one of its own.
fn class_of(subject: &str, rules: &Rules) -> (String, Vec<String>) {
    let known = KNOWN.iter().find(|(_, words)| words.iter().any(|word| holds(subject, word)));
    known.map_or_else(|| own(subject, rules), |(name, _)| ((*name).to_owned(), Vec::new()))
}

/// A class of its own, with keys that are guessed from its name.
fn own(subject: &str, rules: &Rules) -> (String, Vec<String>) {
    let name = slug(subject);
    let separator = rules.separator.unwrap_or(':');
    let entity = singular(&name);
    (name, vec![format!("{entity}{separator}**"), format!("*{separator}{entity}{separator}**")])
}

/// Whether a text holds a word, in the singular or the plural.
fn holds(text: &str, word: &str) -> bool {
    let singulars: Vec<String> = words(text).map(singular).collect();
    let wanted: Vec<String> = words(word).map(singular).collect();
    singulars.windows(wanted.len()).any(|window| window == wanted)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '\'')))
        .map(|word| word.trim_matches(['-', '_']))
        .filter(|word| !word.is_empty())
}

fn singular(word: &str) -> String {
    if let Some(front) = word.strip_suffix("ies") {
        return format!("{front}y");
    }
    let plural = word.ends_with('s') && !["ss", "us", "is"].iter().any(|end| word.ends_with(end));
    if plural { word[..word.len() - 1].to_owned() } else { word.to_owned() }
}

/// In small letters, with hyphens.
pub(super) fn slug(text: &str) -> String {
    words(&text.to_lowercase()).collect::<Vec<_>>().join("-")
}

/// The pattern that a word names.
pub(super) fn pattern(word: &str) -> Option<&'static str> {
    PATTERNS.iter().find(|(_, words)| words.contains(&word)).map(|(name, _)| *name)
}

/// The texts between backticks.
pub(super) fn code_spans(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).map(str::trim).filter(|span| !span.is_empty()).collect()
}

/// Whether a cell is a duration and nothing else.
pub(super) fn is_duration(text: &str) -> bool {
    only_duration(text).is_some()
}

pub(super) fn only_duration(text: &str) -> Option<i128> {
    let lower = text.trim().trim_matches('`').to_lowercase();
    let found = durations(&lower);
    match found.as_slice() {
        [(range, ms)] if range.start == 0 && range.end == lower.len() => Some(*ms),
        _ => None,
    }
}

fn any_duration(text: &str) -> Option<i128> {
    let text = text.trim().trim_matches('`');
    quantity::duration(text).ok().or_else(|| only_duration(text))
}

/// The durations in a text in small letters, in milliseconds: `15 minutes`, `one hour`, `1h30m`.
fn durations(text: &str) -> Vec<(std::ops::Range<usize>, i128)> {
    let mut found: Vec<(std::ops::Range<usize>, i128)> = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let fresh = text[..at].chars().next_back().is_none_or(|c| !(c.is_alphanumeric() || matches!(c, '.' | ',')));
        let joined = found.last().is_some_and(|(range, _)| range.end == at);
        match one_duration(rest).filter(|_| fresh || joined) {
            Some((length, ms)) => {
                match found.last_mut().filter(|(range, _)| range.end == at) {
                    Some((range, total)) => {
                        range.end = at + length;
                        *total += ms;
                    }
                    None => found.push((at..at + length, ms)),
                }
                at += length;
            }
            None => at += rest.chars().next().map_or(1, char::len_utf8),
        }
    }
    found
}

/// A number and a unit at the start of a text: the bytes they take, and milliseconds.
fn one_duration(text: &str) -> Option<(usize, i128)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, length) = if digits > 0 {
        (text[..digits].parse::<i128>().ok()?, digits)
    } else {
        let (word, number) = NUMBERS.iter().find(|(word, _)| text.starts_with(word))?;
        (*number, word.len())
    };
    let rest = &text[length..];
    let gap = rest.len() - rest.trim_start_matches([' ', '-', '\u{a0}']).len();
    let unit: &str = rest[gap..].split(|c: char| !c.is_alphabetic()).next()?;
    let size = match unit {
        "ms" | "millisecond" | "milliseconds" => 1,
        "s" | "sec" | "secs" | "second" | "seconds" => 1_000,
        "m" | "min" | "mins" | "minute" | "minutes" => 60_000,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600_000,
        "d" | "day" | "days" => 86_400_000,
        "w" | "week" | "weeks" => 604_800_000,
        _ => return None,
    };
    (number > 0).then_some(())?;
    Some((length + gap + unit.len(), number.checked_mul(size)?))
}
