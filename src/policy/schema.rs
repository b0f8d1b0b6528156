//! The JSON schema of the rule file, for editors.

use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The rules for what a project keeps in Redis.
#[derive(JsonSchema, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "cache-lint.toml")]
#[allow(dead_code, reason = "only the shape matters: this is what the schema is made from")]
struct RuleFile {
    /// Version of this format; 1.
    version: Option<u32>,
    /// Other rule files over which this one lies, relative to this one. Tables are joined by key, lists replaced.
    #[serde(default)]
    extends: OneOrMany,
    /// `false`: leave out the classes and levels that come with the tool.
    default: Option<bool>,
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
    suppressions: Option<Suppressions>,
    paths: Option<Paths>,
    /// Clients, and wrappers in crates outside the workspace, in the words of the tool's own tables.
    #[serde(default)]
    client: BTreeMap<String, crate::clients::DeclaredClient>,
}

/// What keys look like.
#[derive(JsonSchema, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[allow(dead_code)]
struct Keys {
    /// Segments of a key: `{service}:{entity}:{id}`.
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
#[allow(dead_code)]
struct KeyException {
    /// Patterns.
    keys: OneOrMany,
    /// Why.
    reason: String,
}

/// What holds for every TTL.
#[derive(JsonSchema, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
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
#[allow(dead_code)]
struct Class {
    /// Patterns of its keys: `*` is one segment, `**` the rest, versions are passed over.
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
    /// Why.
    reason: Option<String>,
}

/// A duration, or a range.
#[derive(JsonSchema, Deserialize)]
#[serde(untagged)]
#[allow(dead_code)]
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
#[allow(dead_code)]
enum PatternWord {
    /// Filled on a miss, deleted when the source changes.
    CacheAside,
    /// Written with every write of the source, after its commit.
    WriteThrough,
}

/// A level.
#[derive(JsonSchema, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(dead_code)]
enum LevelWord {
    /// Fails the run.
    #[serde(alias = "deny")]
    Error,
    /// Shown.
    #[serde(alias = "warning")]
    Warn,
    /// Shown on demand.
    Note,
    /// Not looked for.
    #[serde(alias = "allow")]
    Off,
}

/// Where rules do not apply.
#[derive(JsonSchema, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Exception {
    /// Rules.
    #[serde(alias = "rule")]
    rules: OneOrMany,
    /// Patterns of keys.
    #[serde(default)]
    keys: OneOrMany,
    /// Globs of files.
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
#[allow(dead_code)]
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
#[allow(dead_code)]
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
#[allow(dead_code)]
struct Channels {
    /// Channels whose other end is another program.
    #[serde(default)]
    external: OneOrMany,
    /// More of them.
    #[serde(default)]
    extend_external: OneOrMany,
}

/// Suppression comments.
#[derive(JsonSchema, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[allow(dead_code)]
struct Suppressions {
    /// A suppression needs a last day.
    require_until: Option<bool>,
}

/// Files.
#[derive(JsonSchema, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[allow(dead_code)]
struct Paths {
    /// Globs of files that are left out.
    #[serde(default)]
    exclude: OneOrMany,
    /// More of them.
    #[serde(default)]
    extend_exclude: OneOrMany,
    /// Look at test code as well.
    tests: Option<bool>,
}

/// One text or a list of texts.
#[derive(JsonSchema, Deserialize)]
#[serde(untagged)]
#[allow(dead_code)]
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
    use super::RuleFile;

    #[test]
    fn the_embedded_files_fit_the_schema_s_own_types() {
        for text in [super::super::DEFAULT, super::super::TEMPLATE] {
            toml::from_str::<RuleFile>(text).unwrap();
        }
    }
}
