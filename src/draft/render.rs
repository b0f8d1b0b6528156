//! How the rule file reads.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::classes::{Class, Classes};
use super::format::Format;
use super::keys::Key;
use crate::policy::{TEMPLATE, quantity};
use crate::report::counted;
use crate::run::Analysis;

/// Names in a comment at most.
const MOST: usize = 12;

pub(super) fn text(analysis: &Analysis, keys: &[Key<'_>], format: &Format<'_>, classes: &Classes<'_>) -> String {
    let mut out = String::new();
    head(&mut out, analysis, keys);
    key_format(&mut out, format);
    out.push_str(TTL);
    if !classes.expiring.is_empty() {
        out.push_str(CLASSES);
    }
    for class in &classes.expiring {
        self::class(&mut out, class);
    }
    named(&mut out, "Keys whose TTL is only known at run time; a class with a `ttl` bounds it:", &classes.open);
    for class in &classes.stores {
        store(&mut out, class);
    }
    enduring(&mut out, classes, format.separator);
    out.push_str(rest());
    out
}

const TTL: &str = r#"
[ttl]
required = true                       # no entry without expiry
jitter = "10%"                        # a TTL may be longer than its class says by this share
# min = "10s"                         # no TTL is shorter than this
# max = "1d"                          # no TTL is longer than this
"#;

const CLASSES: &str = "
# A class is a kind of data with demands of its own. In `keys`, `*` is one segment and `**` any number of them; versions
# are passed over. The most specific pattern decides, and these go before the classes that come with the tool. The TTLs
# are the longest that the code gives today: shorten what is too long.
";

/// What the code does not tell is offered in comments, in the words of the general template.
fn rest() -> &'static str {
    TEMPLATE.find("# Error, warn").map_or("", |at| &TEMPLATE[at..])
}

fn head(out: &mut String, analysis: &Analysis, keys: &[Key<'_>]) {
    out.push_str(TEMPLATE.lines().next().unwrap_or_default());
    let operations: Vec<_> = analysis.operations().collect();
    let mut clients: BTreeMap<&str, usize> = BTreeMap::new();
    for op in &operations {
        *clients.entry(op.client.as_str()).or_default() += 1;
    }
    let clients: Vec<String> = clients.into_iter().map(|(client, count)| format!("{client} {count}")).collect();
    let _ = write!(
        out,
        "\n# Drawn up by `cache-lint init` from {} on {} (by client: {}).\n",
        counted(operations.len(), "operation"),
        counted(keys.len(), "key"),
        clients.join(", ")
    );
    out.push_str(
        "# It says what the code does today; make it say what you want. `cache-lint config` shows every value with its\n\
         # origin, `cache-lint explain RULE` what a rule is about. What is left out here keeps its default.\n\
         version = 1\n\n\
         # extends = [\"../cache-lint.toml\"]    # other rule files, over which this one lies\n\
         # default = false                     # leave out the classes that come with the tool\n\
         # baseline = \"cache-lint-baseline.json\"   # known findings, which `cache-lint baseline` writes: they are not \
         reported\n",
    );
}

fn key_format(out: &mut String, format: &Format<'_>) {
    let fitting = format.judged - format.misfits.len();
    out.push_str("\n[keys]\n");
    let said = match format.judged {
        0 => "what a key must look like; no key here is known well enough to tell".to_owned(),
        judged => format!("{fitting} of {} fit", counted(judged, "key")),
    };
    let _ = writeln!(out, "format = {:<29}# {said}", quoted(&format.text));
    if format.separator != ':' {
        let _ = writeln!(out, "separator = {}", quoted(&format.separator.to_string()));
    }
    named(out, "These do not; rename them, or name them in `exceptions`:", &format.misfits);
    out.push_str(
        "version-segment = \"v{n}\"              # stands behind the service; demanded where a struct is serialised\n",
    );
    match &format.service {
        Some(service) => {
            let _ = writeln!(out, "service = {:<28}# the name in keys that the tool shows", quoted(service));
        }
        None => out.push_str(
            "# service = \"shop\"                    # this project's name, for repairs that the tool shows\n",
        ),
    }
    out.push_str("# exceptions = [{ keys = \"legacy:**\", reason = \"written by the old billing service\" }]\n");
}

/// A comment that lists keys.
fn named(out: &mut String, what: &str, keys: &[&Key<'_>]) {
    if keys.is_empty() {
        return;
    }
    let in_table = out.ends_with("fit\n");
    let _ = writeln!(out, "{}# {what}", if in_table { "" } else { "\n" });
    for key in keys.iter().take(MOST) {
        let _ = writeln!(out, "#     {}", key.shown());
    }
    if keys.len() > MOST {
        let _ = writeln!(out, "#     and {} more: `cache-lint inventory --by-key`", keys.len() - MOST);
    }
}

fn class(out: &mut String, class: &Class<'_>) {
    let _ = writeln!(out, "\n[class.{}]", class.name);
    list(out, class);
    let ttl = quantity::show(class.ttl.unwrap_or_default());
    let line = format!("ttl = {}", quoted(&ttl));
    match &class.usual {
        Some((name, ms)) => {
            let _ = writeln!(out, "{line:<38}# the tool's own class `{name}` says {}", quantity::show(*ms));
        }
        None => {
            let _ = writeln!(out, "{line}");
        }
    }
    if class.cache_aside {
        out.push_str("pattern = \"cache-aside\"               # filled on a miss, deleted when the source changes\n");
    }
}

fn list(out: &mut String, class: &Class<'_>) {
    out.push_str("keys = [\n");
    for (pattern, key) in &class.keys {
        let ttls: Vec<String> = key.ttls().into_iter().map(quantity::show).collect();
        let ttls = if ttls.len() > 1 { format!(" ({})", ttls.join(", ")) } else { String::new() };
        let _ = writeln!(out, "    {:<34}# {}{ttls}", format!("{},", quoted(pattern)), key.shown());
    }
    out.push_str("]\n");
}

fn store(out: &mut String, class: &Class<'_>) {
    let mut commands: Vec<&str> = class.keys.iter().flat_map(|(_, key)| key.commands()).collect();
    commands.sort_unstable();
    commands.dedup();
    let _ = writeln!(
        out,
        "\n# Redis is the only home of this data: no rule about caches applies to it.\n[class.{}]",
        class.name
    );
    list(out, class);
    out.push_str("store = true\n");
    let reason = format!("never expires, and looks like data without another home ({})", commands.join(", "));
    let _ = writeln!(out, "reason = {}", quoted(&reason));
}

/// An offer in a comment.
fn enduring(out: &mut String, classes: &Classes<'_>, separator: char) {
    let patterns: Vec<String> =
        classes.enduring.iter().filter_map(|key| Some(quoted(&key.pattern(separator)?))).collect();
    if patterns.is_empty() {
        out.push_str(
            "\n# Redis as the only home of some data: no rule about caches applies to it.\n# [class.job-queue]\n\
             # keys = [\"jobs:**\"]\n# store = true\n# reason = \"the queue is the primary store\"\n\n",
        );
        return;
    }
    out.push_str(
        "\n# These never expire. Where Redis is the only home of such data, say so, and no rule about caches applies to it:\n\
         # [class.store]\n# keys = [\n",
    );
    for pattern in &patterns {
        let _ = writeln!(out, "#     {pattern},");
    }
    out.push_str("# ]\n# store = true\n# reason = \"…\"\n\n");
}

/// A TOML string. JSON's escapes are among those of TOML.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}
