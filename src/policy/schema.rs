//! The JSON schema of the rule file, for editors. The types here say what a file may hold and nothing else: `layer` reads
//! it by hand, so that it can tell every mistake, and a test holds the two together.

#![expect(dead_code, reason = "only the shape matters: this is what the schema is made from")]

use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The rules for what a project keeps in Redis.
#[derive(JsonSchema, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "cache-lint.toml")]
struct RuleFile {
    /// Version of this format; 1.
    version: Option<u32>,
    /// Other rule files over which this one lies, relative to this one. Tables are joined by key, lists replaced.
    #[serde(default)]
    extends: OneOrMany,
    /// `false`: leave out the classes and levels that come with the tool.
    default: Option<bool>,
    /// The file of known findings that `cache-lint baseline` writes, relative to this one.
    baseline: Option<String>,
    keys: Option<Keys>,
    ttl: Option<Ttl>,
    /// Kinds of data with demands of their own, by name.
    #[serde(default)]
    class: BTreeMap<String, Class>,
    /// Levels by rule, category or `all`.
    #[serde(default)]
    levels: BTreeMap<String, LevelWord>,
    /// Where rules do not apply.
    #[serde(default)]
    exceptions: Vec<Exception>,
    loads: Option<Loads>,
    guards: Option<Guards>,
    channels: Option<Channels>,
    secrets: Option<Secrets>,
    metrics: Option<Metrics>,
    suppressions: Option<Suppressions>,
    paths: Option<Paths>,
    undetermined: Option<Undetermined>,
    /// Clients, and wrappers in crates outside the workspace, in the words of the tool's own tables.
    #[serde(default)]
    client: BTreeMap<String, crate::clients::DeclaredClient>,
    /// Database clients, in the words of the tool's own tables.
    #[serde(default)]
    store: BTreeMap<String, crate::stores::Store>,
    /// What functions, constants, statics and fields stand for, by path or the end of it: `Settings::ttl = "15m"`.
    #[serde(default)]
    values: BTreeMap<String, ValueWord>,
}

/// What a name of the code stands for.
#[derive(JsonSchema, Deserialize)]
#[serde(untagged)]
enum ValueWord {
    /// A text, in which `{name}` is a part that is known at run time only; a duration (`15m`) for a number or a
    /// `Duration`.
    Text(String),
    /// A number, in whatever unit the code takes it for.
    Number(i64),
    /// A flag.
    Flag(bool),
}

/// What keys look like.
#[derive(JsonSchema, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Keys {
    /// Segments of a key: `{service}:{entity}:{id}`. Further placeholders are `{version}`, `{tenant}`, `{env}`,
    /// `{region}`, `{locale}` and `{namespace}`; anything else is a fixed word.
    format: Option<String>,
    /// One character between segments.
    separator: Option<String>,
    /// The version behind the service: `v{n}`.
    version_segment: Option<String>,
    /// This project's name, for repairs that the tool shows.
    service: Option<String>,
    /// Keys that need not fit the format.
    #[serde(default)]
    exceptions: Vec<KeyException>,
    /// More of them, beside those of the file that this one extends.
    #[serde(default)]
    extend_exceptions: Vec<KeyException>,
}

/// Keys that need not fit the format.
#[derive(JsonSchema, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyException {
    /// Patterns.
    keys: OneOrMany,
    /// Why.
    reason: String,
}

/// What holds for every TTL.
#[derive(JsonSchema, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ttl {
    /// No entry without expiry.
    required: Option<bool>,
    /// A TTL may be longer than its class says by this share: `10%`.
    jitter: Option<String>,
    /// The shortest TTL: `10s`.
    min: Option<String>,
    /// The longest TTL: `1d`.
    max: Option<String>,
}

/// A kind of data.
#[derive(JsonSchema, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Class {
    /// Patterns of its keys: `*` is one segment, `**` any number of them, versions are passed over.
    #[serde(default)]
    keys: OneOrMany,
    /// More patterns, beside those of the file that this one extends.
    #[serde(default)]
    extend_keys: OneOrMany,
    /// Tables of the database that its data comes from.
    #[serde(default)]
    tables: OneOrMany,
    /// More tables.
    #[serde(default)]
    extend_tables: OneOrMany,
    /// The longest TTL, or shortest and longest.
    ttl: Option<ClassTtl>,
    /// Instead of `[ttl] jitter`.
    jitter: Option<String>,
    /// How it is kept in step with its source.
    pattern: Option<PatternWord>,
    /// Redis is the only home of this data: no rule about caches applies. Needs a `reason`.
    store: Option<bool>,
    /// Many callers want one key at once: `stampede-prone-miss` is an error.
    hot: Option<bool>,
    /// Keys of the class belong to `cache-patterns`: `bypassed-pattern` reports what a client sends itself.
    only_patterns: Option<bool>,
    /// Why.
    reason: Option<String>,
}

/// What is not to be stored: `sensitive-value`.
#[derive(JsonSchema, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Secrets {
    /// Types, by last name.
    #[serde(default)]
    types: OneOrMany,
    /// More types, beside those of the file that this one extends.
    #[serde(default)]
    extend_types: OneOrMany,
    /// Fields; `*` stands for any part of a name: `password*`.
    #[serde(default)]
    fields: OneOrMany,
    /// More fields.
    #[serde(default)]
    extend_fields: OneOrMany,
    /// For how long they may be stored all the same: `1m`.
    max_ttl: Option<String>,
}

/// A duration, or a range.
#[derive(JsonSchema, Deserialize)]
#[serde(untagged)]
enum ClassTtl {
    /// The longest TTL: `15m`.
    Longest(String),
    /// Shortest and longest.
    Range {
        /// The shortest.
        min: Option<String>,
        /// The longest.
        max: String,
    },
}

/// How a class is kept in step with its source.
#[derive(JsonSchema, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum PatternWord {
    /// Filled on a miss by the caller, deleted when the source changes.
    CacheAside,
    /// Filled on a miss by the cache itself.
    ReadThrough,
    /// Written with every write of the source, after its commit.
    WriteThrough,
    /// Written first; the source follows later.
    WriteBehind,
}

/// A level.
#[derive(JsonSchema, Deserialize)]
#[serde(rename_all = "lowercase")]
enum LevelWord {
    /// Fails the run.
    Error,
    /// The same as `error`.
    Deny,
    /// Shown; fails the run on demand.
    Warn,
    /// The same as `warn`.
    Warning,
    /// Worth knowing; never fails the run.
    Note,
    /// Not looked for.
    Off,
    /// The same as `off`.
    Allow,
}

/// Where rules do not apply.
#[derive(JsonSchema, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    /// Rules, categories or `all`.
    #[serde(default)]
    rules: OneOrMany,
    /// The same as `rules`.
    #[serde(default)]
    rule: OneOrMany,
    /// Patterns of keys.
    #[serde(default)]
    keys: OneOrMany,
    /// Globs of files, as in .gitignore, relative to this file.
    #[serde(default)]
    paths: OneOrMany,
    /// Functions by path; `*` stands for any text.
    #[serde(default)]
    functions: OneOrMany,
    /// Why.
    reason: String,
    /// The last day: `2027-03-01`.
    until: Option<String>,
}

/// Loads.
#[derive(JsonSchema, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Loads {
    /// Functions that may well run a hundred times at once.
    #[serde(default)]
    cheap: OneOrMany,
    /// More of them.
    #[serde(default)]
    extend_cheap: OneOrMany,
}

/// Guards.
#[derive(JsonSchema, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Guards {
    /// Functions of the project that let one caller load.
    #[serde(default)]
    functions: OneOrMany,
    /// More of them.
    #[serde(default)]
    extend_functions: OneOrMany,
}

/// Channels.
#[derive(JsonSchema, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Channels {
    /// Channels whose other end is another program.
    #[serde(default)]
    external: OneOrMany,
    /// More of them.
    #[serde(default)]
    extend_external: OneOrMany,
}

/// How hits and misses are made visible.
#[derive(JsonSchema, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Metrics {
    /// A log line shows hits and misses well enough; `false`: they have to be counted.
    logs: Option<bool>,
}

/// Suppression comments.
#[derive(JsonSchema, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Suppressions {
    /// A suppression needs a last day.
    require_until: Option<bool>,
}

/// Files.
#[derive(JsonSchema, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Paths {
    /// Globs of files that are left out, as in .gitignore, relative to this file.
    #[serde(default)]
    exclude: OneOrMany,
    /// More of them.
    #[serde(default)]
    extend_exclude: OneOrMany,
    /// Look at test code as well.
    tests: Option<bool>,
}

/// What could not be resolved.
#[derive(JsonSchema, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Undetermined {
    /// Show findings that rest on something that could not be resolved.
    report: Option<bool>,
}

/// One text or a list of texts.
#[derive(JsonSchema, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Default for OneOrMany {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

/// The schema, as pretty JSON with a line feed at the end.
#[must_use]
pub fn json_schema() -> String {
    let schema = schemars::schema_for!(RuleFile);
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::RuleFile;
    use crate::policy::layer::names;

    const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/cache-lint.schema.json");

    #[test]
    fn the_committed_schema_is_up_to_date() {
        if std::env::var_os("CACHE_LINT_BLESS").is_some() {
            std::fs::write(PATH, super::json_schema()).unwrap();
        }
        let committed = std::fs::read_to_string(PATH).unwrap();
        assert!(
            committed == super::json_schema(),
            "cache-lint.schema.json is not what the types say; write it with \
             `CACHE_LINT_BLESS=1 cargo test --lib policy::schema`"
        );
    }

    #[test]
    fn the_embedded_files_fit_the_schema_s_own_types() {
        for text in [crate::policy::DEFAULT, crate::policy::TEMPLATE] {
            toml::from_str::<RuleFile>(text).unwrap();
        }
    }

    #[test]
    fn the_schema_knows_the_keys_that_the_reader_knows() {
        let schema: Value = serde_json::from_str(&super::json_schema()).unwrap();
        let keys =
            |table: &Value| -> BTreeSet<String> { table["properties"].as_object().unwrap().keys().cloned().collect() };
        let known = |names: &[&str]| -> BTreeSet<String> { names.iter().map(|&name| name.to_owned()).collect() };
        assert_eq!(keys(&schema), known(names::TOP));
        for (name, names) in [
            ("Keys", names::KEYS),
            ("KeyException", names::KEY_EXCEPTION),
            ("Ttl", names::TTL),
            ("Class", names::CLASS),
            ("Exception", names::EXCEPTION),
            ("Loads", names::LOADS),
            ("Guards", names::GUARDS),
            ("Channels", names::CHANNELS),
            ("Metrics", names::METRICS),
            ("Suppressions", names::SUPPRESSIONS),
            ("Paths", names::PATHS),
            ("Undetermined", names::UNDETERMINED),
        ] {
            assert_eq!(keys(&schema["$defs"][name]), known(names), "{name}");
        }
    }
}
