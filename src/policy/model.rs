//! What a rule file says, read and joined.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::Mistake;
use super::grammar::{KeyFormat, KeyShape, VersionInfo};
use super::paths::PathGlob;
use super::pattern::Pattern;
use crate::clients::DeclaredClient;
use crate::finding::{FileId, Level, Place};
use crate::stores::Store;
use crate::template::Template;

/// A value of the rule file and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where; `None` for what no file states.
    pub place: Option<Place>,
}

/// Names that a rule file may use.
#[derive(Debug, Clone, Copy)]
pub struct Vocabulary<'a> {
    /// Ids of rules.
    pub rules: &'a [&'a str],
    /// Names of categories.
    pub categories: &'a [&'a str],
}

/// The resolved policy: the default, what is extended, and the project's own file.
#[derive(Debug, Clone)]
pub struct Policy {
    /// `[keys]`.
    pub keys: KeyPolicy,
    /// `[ttl]`.
    pub ttl: TtlPolicy,
    /// `[class.NAME]`: the project's first.
    pub classes: Vec<Class>,
    /// `[levels]`: by rule, category or `all`.
    pub levels: BTreeMap<String, Located<Level>>,
    /// `[[exceptions]]`.
    pub exceptions: Vec<Exception>,
    /// `[loads] cheap`: functions whose repetition costs nothing. See [`Policy::is_cheap_load`].
    pub cheap_loads: Vec<Located<String>>,
    /// `[guards] functions`: the project's own single-flight and lock helpers. See [`Policy::is_guard`].
    pub guards: Vec<Located<String>>,
    /// `[channels] external`: channels whose other end is another program.
    pub external_channels: Vec<Located<Pattern>>,
    /// `[secrets]`: what is not to be stored.
    pub secrets: Secrets,
    /// `[metrics] logs`: a log line shows hits and misses as well as a metric does.
    pub logs_count: Located<bool>,
    /// `[suppressions] require-until`: a suppression comment needs a last day.
    pub require_until: bool,
    /// `[paths] exclude`. See [`Policy::exclude_globs`].
    pub exclude: Vec<Located<PathGlob>>,
    /// `[paths] tests`: test code is looked at as well.
    pub tests: bool,
    /// `baseline`: the file of known findings, absolute or relative to the working directory.
    pub baseline: Option<Located<PathBuf>>,
    /// `[undetermined] report`: findings that rest on something unresolved are shown.
    pub report_undetermined: bool,
    /// Where these three flags are stated.
    pub(super) flag_places: FlagPlaces,
    /// `[client.NAME]`: clients and external wrappers.
    pub clients: Vec<DeclaredClient>,
    /// Headers of the clients, by name.
    pub client_places: BTreeMap<String, Place>,
    /// `[store.NAME]`: database clients.
    pub stores: Vec<DeclaredStore>,
    /// `[values]`: what names of the code stand for.
    pub values: Vec<DeclaredValue>,
    /// The rule files that were read: the project's own first, the embedded default last.
    pub sources: Vec<PolicySource>,
}

/// `[secrets]`: what is not to be stored, or for a short time only.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Secrets {
    /// `types`, by last name.
    pub types: Vec<Located<String>>,
    /// `fields`, where `*` stands for any part of a name.
    pub fields: Vec<Located<String>>,
    /// `max-ttl`: for how long they may be stored all the same, in milliseconds.
    pub max_ttl: Option<Located<i128>>,
}

/// `[store.NAME]`: a database client.
#[derive(Debug, Clone)]
pub struct DeclaredStore {
    /// `NAME`.
    pub name: String,
    /// What its functions and methods do.
    pub store: Store,
    /// Its header.
    pub place: Place,
}

/// An entry of `[values]`: what a function, constant, static or field stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct DeclaredValue {
    /// Its path, or the end of it: `keys::user`, `Settings::ttl`, `crate::config::PREFIX`.
    pub path: String,
    /// What it stands for.
    pub content: DeclaredContent,
    /// As written.
    pub written: String,
    /// The name's place.
    pub place: Place,
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq)]
pub enum DeclaredContent {
    /// A text, which may have holes; `millis` where it reads as a duration as well.
    Text {
        /// The text.
        template: Template,
        /// The duration, in milliseconds.
        millis: Option<i128>,
    },
    /// A whole number, in whatever unit the code takes it for.
    Number(i128),
    /// `true` or `false`.
    Flag(bool),
}

/// Where the flags are stated that nothing points at but `cache-lint config`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct FlagPlaces {
    pub(super) require_until: Option<Place>,
    pub(super) tests: Option<Place>,
    pub(super) report_undetermined: Option<Place>,
}

/// A rule file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicySource {
    /// How places refer to it: numbered from the top (`u32::MAX` downwards), so never a source file's number.
    pub file: FileId,
    /// As shown, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
    /// It is part of the tool.
    pub embedded: bool,
}

/// `[keys]`.
#[derive(Debug, Clone)]
pub struct KeyPolicy {
    /// `format`.
    pub format: Located<KeyFormat>,
    /// `separator`.
    pub separator: Located<char>,
    /// `version-segment` without its `{n}`.
    pub version_prefix: Option<Located<String>>,
    /// `service`: the name to show in repairs.
    pub service: Option<Located<String>>,
    /// `exceptions`: keys that need not fit.
    pub exceptions: Vec<KeyException>,
}

/// Keys that need not fit the format.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyException {
    /// Which.
    pub pattern: Located<Pattern>,
    /// Why.
    pub reason: String,
}

/// What the rule file says of a key's format.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyVerdict<'a> {
    /// How the key stands to the format.
    pub shape: KeyShape,
    /// The exception that covers it, whatever the shape is.
    pub exception: Option<&'a KeyException>,
    /// Its version.
    pub version: Option<VersionInfo>,
}

/// `[ttl]`. Durations in milliseconds.
#[derive(Debug, Clone)]
pub struct TtlPolicy {
    /// `required`.
    pub required: Located<bool>,
    /// `jitter`, in percent: a TTL may be longer than its class says by this share.
    pub jitter: Located<u8>,
    /// `min`.
    pub min: Option<Located<i128>>,
    /// `max`.
    pub max: Option<Located<i128>>,
}

/// `[class.NAME]`: a kind of data with its own demands.
#[derive(Debug, Clone)]
pub struct Class {
    /// `master-data`, `profile`, ….
    pub name: String,
    /// Its header, in the highest file that has one.
    pub place: Option<Place>,
    /// `keys`.
    pub keys: Vec<Located<Pattern>>,
    /// `tables`: where its data lives.
    pub tables: Vec<Located<String>>,
    /// `ttl`: shortest and longest, in milliseconds; the shortest is 0 where only one duration is given. None for a
    /// store.
    pub ttl: Option<Located<(i128, i128)>>,
    /// `jitter`, in percent, instead of `[ttl] jitter`.
    pub jitter: Option<Located<u8>>,
    /// `pattern`. None for a store.
    pub pattern: Option<Located<CachePattern>>,
    /// `store`: Redis is the only home of this data.
    pub store: bool,
    /// `hot`: many callers want one key at once.
    pub hot: bool,
    /// `only-patterns`: its keys belong to the companion crate.
    pub only_patterns: Option<Located<bool>>,
    /// `reason`.
    pub reason: Option<String>,
}

/// A limit on a TTL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TtlLimit {
    /// Milliseconds.
    pub ms: i128,
    /// The line that states it.
    pub place: Option<Place>,
    /// The class states it, and not `[ttl]`.
    pub of_class: bool,
}

/// How a class is kept in step with its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CachePattern {
    /// Filled on a miss by the caller, deleted on a write.
    CacheAside,
    /// Filled on a miss by the cache itself.
    ReadThrough,
    /// Written with every write of the source, after its commit.
    WriteThrough,
    /// Written first; the source follows later.
    WriteBehind,
}

/// `[[exceptions]]`: where rules do not apply.
#[derive(Debug, Clone)]
pub struct Exception {
    /// Rules, categories or `all`.
    pub rules: Vec<Located<String>>,
    /// Keys for which they do not apply.
    pub keys: Vec<Located<Pattern>>,
    /// Files.
    pub paths: Vec<Located<PathGlob>>,
    /// Functions, by path; `*` stands for any text.
    pub functions: Vec<Located<String>>,
    /// Why.
    pub reason: String,
    /// The last day on which it holds, `2027-03-01`.
    pub until: Option<Located<String>>,
    /// Its place, by which a caller may remember that it was used.
    pub place: Option<Place>,
}

/// What an exception is held against: a finding, seen from the rule file.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The rule that speaks.
    pub rule: &'a str,
    /// Its category.
    pub category: &'a str,
    /// The key that it speaks of.
    pub template: Option<&'a Template>,
    /// The file, absolute or relative to the working directory.
    pub path: &'a Path,
    /// The enclosing function's path.
    pub function: &'a str,
}

impl CachePattern {
    const ALL: [Self; 4] = [Self::CacheAside, Self::ReadThrough, Self::WriteThrough, Self::WriteBehind];

    /// The word of the rule file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::CacheAside => "cache-aside",
            Self::ReadThrough => "read-through",
            Self::WriteThrough => "write-through",
            Self::WriteBehind => "write-behind",
        }
    }

    pub(super) fn read(text: &str) -> Result<Self, Mistake> {
        let known = Self::ALL.map(Self::word);
        let found = Self::ALL.into_iter().find(|pattern| pattern.word() == text);
        found.ok_or_else(|| Mistake::unknown(text, "pattern", &known))
    }
}

impl Exception {
    /// Whether its last day is over. `today` as `2027-03-01`.
    #[must_use]
    pub fn is_expired(&self, today: &str) -> bool {
        self.until.as_ref().is_some_and(|until| until.value.as_str() < today)
    }
}
