//! Writes the section.

use std::fmt::Write as _;

use super::{BEGIN, END};
use crate::finding::Level;
use crate::policy::{CachePattern, Class, KeyShape, Policy, quantity};
use crate::template::Template;

/// How the line with the project's own keys begins.
pub(super) const EXAMPLES: &str = "- In this project:";
/// Said where entries need no TTL.
pub(super) const FOR_EVER: &str = "A cache entry may live for ever";
/// Said where there is no table.
pub(super) const NO_CLASSES: &str = "No kind of data has demands of its own";
/// Keys that it names at most.
const MOST: usize = 4;

/// The rules as Markdown, markers included. `keys` are the project's own, of which those that fit are shown.
#[must_use]
pub fn render(policy: &Policy, keys: &[&Template]) -> String {
    let mut out = format!(
        "{BEGIN}\n## Caching\n\n`cache-lint` checks the rules of this section. It is written by `cache-lint rules-md`: \
         change the rule file, not\nthese lines.\n"
    );
    key_rules(&mut out, policy, keys);
    ttl_rules(&mut out, policy);
    class_table(&mut out, policy);
    pattern_rules(&mut out, policy);
    monitoring(&mut out, policy);
    out.push_str(
        "\n### Check\n\n\
         - Run `cache-lint` after a change of code that uses Redis, and mend its errors.\n\
         - `cache-lint explain RULE` says why, and what to write instead.\n\
         - `cache-lint inventory --by-key` lists all keys with their TTLs, readers and writers.\n\
         - A finding that is meant is silenced with a reason: `// cache-lint: ignore[RULE] -- REASON`.\n",
    );
    out.push_str(END);
    out.push('\n');
    out
}

fn key_rules(out: &mut String, policy: &Policy, keys: &[&Template]) {
    let format = &policy.keys.format.value;
    let _ = writeln!(out, "\n### Keys\n\n- Format: `{}`.", format.text);
    if policy.keys.separator.value != ':' {
        let _ = writeln!(out, "- Separator: `{}`.", policy.keys.separator.value);
    }
    if let Some(service) = &policy.keys.service {
        let _ = writeln!(out, "- Service: `{}`.", service.value);
    }
    if let Some(prefix) = &policy.keys.version_prefix {
        let _ = writeln!(
            out,
            "- Version: `{}{{n}}` behind the service where a struct is stored, raised when its fields change.",
            prefix.value
        );
    }
    for exception in &policy.keys.exceptions {
        let _ = writeln!(out, "- Exception: `{}` ({}).", exception.pattern.value.as_str(), one_line(&exception.reason));
    }
    let fitting = |key: &&&Template| {
        let verdict = policy.keys.check(key);
        verdict.shape == KeyShape::Conforms && !key.to_string().contains(['`', '\n'])
    };
    // Keys with a version show more.
    let mut shown: Vec<&&Template> = keys.iter().filter(fitting).collect();
    shown.sort_by_key(|key| (policy.keys.version(key).is_none(), key.to_string()));
    let shown: Vec<String> = shown.into_iter().take(MOST).map(|key| format!("`{key}`")).collect();
    if !shown.is_empty() {
        let _ = writeln!(out, "{EXAMPLES} {}.", shown.join(", "));
    }
}

fn ttl_rules(out: &mut String, policy: &Policy) {
    out.push_str("\n### TTLs\n\n");
    if policy.ttl.required.value {
        out.push_str("- Every cache entry has a TTL.\n");
    } else {
        let _ = writeln!(out, "- {FOR_EVER}.");
    }
    if policy.ttl.jitter.value > 0 {
        let _ =
            writeln!(out, "- Jitter: {}% (by this share a TTL may be longer than is said).", policy.ttl.jitter.value);
    }
    if let Some(min) = &policy.ttl.min {
        let _ = writeln!(out, "- Shortest TTL: {}.", quantity::show(min.value));
    }
    if let Some(max) = &policy.ttl.max {
        let _ = writeln!(out, "- Longest TTL: {}.", quantity::show(max.value));
    }
}

fn class_table(out: &mut String, policy: &Policy) {
    if policy.classes.is_empty() {
        let _ = writeln!(out, "- {NO_CLASSES}.");
        return;
    }
    out.push_str("\n| data | keys | TTL at most | pattern |\n|---|---|---|---|\n");
    for class in &policy.classes {
        let keys: Vec<String> = class.keys.iter().map(|key| format!("`{}`", cell(key.value.as_str()))).collect();
        let _ = writeln!(out, "| `{}` | {} | {} | {} |", class.name, keys.join(", "), ttl(class), pattern(class));
    }
}

fn ttl(class: &Class) -> String {
    let mut out = match &class.ttl {
        Some(ttl) if ttl.value.0 > 0 => {
            format!("{}, at least {}", quantity::show(ttl.value.1), quantity::show(ttl.value.0))
        }
        Some(ttl) => quantity::show(ttl.value.1),
        None if class.store => format!("none: {}", cell(&one_line(class.reason.as_deref().unwrap_or("-")))),
        None => "-".to_owned(),
    };
    if let Some(jitter) = &class.jitter {
        let _ = write!(out, ", jitter {}%", jitter.value);
    }
    out
}

fn pattern(class: &Class) -> String {
    let word = match &class.pattern {
        _ if class.store => "store",
        Some(pattern) => pattern.value.word(),
        None => "-",
    };
    if class.hot { format!("{word}, hot") } else { word.to_owned() }
}

fn pattern_rules(out: &mut String, policy: &Policy) {
    let of = |wanted: CachePattern| {
        policy.classes.iter().any(|class| class.pattern.as_ref().is_some_and(|pattern| pattern.value == wanted))
    };
    out.push_str("\n### Patterns\n\n");
    if of(CachePattern::CacheAside) || !of(CachePattern::ReadThrough) {
        out.push_str(
            "- Cache-Aside: on a miss one caller loads and fills the entry, and a change of the source deletes it.\n",
        );
    }
    if of(CachePattern::ReadThrough) {
        out.push_str(
            "- Read-Through: the cache itself loads on a miss, and a change of the source deletes the entry.\n",
        );
    }
    if of(CachePattern::WriteThrough) {
        out.push_str("- Write-Through: the entry is written after the commit of the database has succeeded.\n");
    }
    if of(CachePattern::WriteBehind) {
        out.push_str("- Write-Behind: the entry is written first, and the source follows later.\n");
    }
    out.push_str("- Pub/Sub: where several servers keep local copies, the change of a key is published and each drops its copy.\n");
}

fn monitoring(out: &mut String, policy: &Policy) {
    if policy.level("missing-hit-metric", "resilience", Level::Warning) == Level::Off {
        return;
    }
    out.push_str("\n### Monitoring\n\n");
    out.push_str(if policy.logs_count.value {
        "- Count hits and misses of every cached read, or at least log them.\n"
    } else {
        "- Count hits and misses of every cached read: the hit ratio is a metric, and a log line is none.\n"
    });
    out.push_str("- The service copes with a cold start: of an empty cache one caller loads, and the others wait.\n");
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A bar ends a cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
