//! The rule file: what the team demands of keys, TTLs and patterns.
//!
//! `layer` reads one file with all its mistakes, `load` finds the files and lays them over each other (the project's own
//! over what it extends, over the embedded default), `grammar` and `pattern` judge key templates. Every value keeps its
//! place, so that a finding can point at the line that it breaks.

mod error;
pub mod grammar;
mod layer;
mod load;
pub mod pattern;
pub mod quantity;
mod reader;
mod schema;
mod show;

use std::collections::BTreeMap;

pub use error::{PolicyError, nearest};
pub use grammar::{KeyFault, KeyFormat};
pub use load::{DEFAULT, FILE_NAMES, PolicyOptions, TEMPLATE};
pub use pattern::Pattern;
pub use schema::json_schema;

use crate::clients::DeclaredClient;
use crate::finding::{FileId, Level, Place};
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
    /// `[loads] cheap`: functions whose repetition costs nothing.
    pub cheap_loads: Vec<Located<String>>,
    /// `[guards] functions`: the project's own single-flight and lock helpers.
    pub guards: Vec<Located<String>>,
    /// `[channels] external`: channels whose other end is another program.
    pub external_channels: Vec<Located<String>>,
    /// `[suppressions] require-until`.
    pub require_until: bool,
    /// `[paths] exclude`.
    pub exclude: Vec<Located<String>>,
    /// `[paths] tests`: test code is looked at as well.
    pub tests: bool,
    /// `[client.NAME]`: clients and external wrappers.
    pub clients: Vec<DeclaredClient>,
    /// The rule files that were read, the highest first; the embedded default last.
    pub sources: Vec<PolicySource>,
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
    /// `version-segment` without its `{n}`.
    pub version_prefix: Option<Located<String>>,
    /// `service`: the name to show in repairs.
    pub service: Option<Located<String>>,
    /// `exceptions`: patterns of keys that need not fit, with the reason.
    pub exceptions: Vec<(Located<Pattern>, String)>,
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
    /// Its header.
    pub place: Option<Place>,
    /// `keys`.
    pub keys: Vec<Located<Pattern>>,
    /// `tables`: where its data lives.
    pub tables: Vec<Located<String>>,
    /// `ttl`: shortest and longest, in milliseconds; the shortest is 0 where only one duration is given.
    pub ttl: Option<Located<(i128, i128)>>,
    /// `jitter`, in percent, instead of `[ttl] jitter`.
    pub jitter: Option<Located<u8>>,
    /// `pattern`.
    pub pattern: Option<Located<CachePattern>>,
    /// `store`: Redis is the only home of this data.
    pub store: bool,
    /// `hot`: many callers want one key at once.
    pub hot: bool,
    /// `reason`.
    pub reason: Option<String>,
}

/// How a class is kept in step with its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CachePattern {
    /// Filled on a miss, deleted on a write.
    CacheAside,
    /// Written with every write of the source.
    WriteThrough,
}

/// `[[exceptions]]`: where rules do not apply.
#[derive(Debug, Clone)]
pub struct Exception {
    /// Rules.
    pub rules: Vec<Located<String>>,
    /// Keys for which they do not apply.
    pub keys: Vec<Located<Pattern>>,
    /// Files.
    pub paths: Vec<Located<globset::GlobMatcher>>,
    /// Functions, by path; `*` stands for any text.
    pub functions: Vec<Located<String>>,
    /// Why.
    pub reason: String,
    /// The last day on which it holds, `2027-03-01`.
    pub until: Option<Located<String>>,
    /// Its place.
    pub place: Option<Place>,
}

/// An entry of the rule file that matches nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnusedEntry {
    /// Where.
    pub place: Place,
    /// What, for example "class `profile`".
    pub what: String,
}

impl CachePattern {
    /// The word of the rule file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::CacheAside => "cache-aside",
            Self::WriteThrough => "write-through",
        }
    }

    fn read(text: &str) -> Result<Self, String> {
        match text {
            "cache-aside" => Ok(Self::CacheAside),
            "write-through" => Ok(Self::WriteThrough),
            _ => Err(format!("`{text}` is no pattern: use `cache-aside` or `write-through`")),
        }
    }
}

impl Default for Policy {
    /// The embedded default.
    fn default() -> Self {
        load::embedded()
    }
}

impl Policy {
    /// Finds and reads the rule file.
    ///
    /// # Errors
    /// All mistakes of all files that were read.
    pub fn load(options: &PolicyOptions, vocabulary: &Vocabulary<'_>) -> Result<Self, Vec<PolicyError>> {
        load::load(options, vocabulary)
    }

    /// The class whose `keys` patterns match; the most specific one when several do.
    #[must_use]
    pub fn class_of(&self, template: &Template) -> Option<&Class> {
        let separator = self.keys.format.value.separator;
        let mut best: Option<(usize, &Class)> = None;
        for class in &self.classes {
            for pattern in class.keys.iter().filter(|pattern| pattern.value.matches(template, separator)) {
                let specificity = pattern.value.specificity();
                if best.is_none_or(|(known, _)| specificity > known) {
                    best = Some((specificity, class));
                }
            }
        }
        best.map(|(_, class)| class)
    }

    /// The level of a rule: what the rule file says of it, else of its category, else of `all`, else `default`.
    #[must_use]
    pub fn level(&self, rule: &str, category: &str, default: Level) -> Level {
        [rule, category, "all"].iter().find_map(|name| self.levels.get(*name)).map_or(default, |level| level.value)
    }

    /// Whether a rule file states a level for a rule, its category or all.
    #[must_use]
    pub fn states_level(&self, rule: &str, category: &str) -> bool {
        [rule, category, "all"].iter().any(|name| self.levels.contains_key(*name))
    }

    /// What is wrong with the format of a key; `None` when nothing is known to be, or the rule file exempts it.
    #[must_use]
    pub fn key_fault(&self, template: &Template) -> Option<KeyFault> {
        let format = &self.keys.format.value;
        if self.keys.exceptions.iter().any(|(pattern, _)| pattern.value.matches(template, format.separator)) {
            return None;
        }
        format.fault(template, self.keys.service.as_ref().map(|service| service.value.as_str()))
    }

    /// The longest TTL for a class, jitter included, in milliseconds.
    #[must_use]
    pub fn longest(&self, class: &Class) -> Option<Located<i128>> {
        let ttl = class.ttl.as_ref()?;
        let jitter = class.jitter.as_ref().map_or(self.ttl.jitter.value, |jitter| jitter.value);
        let (_, max) = ttl.value;
        Some(Located { value: max + max * i128::from(jitter) / 100, place: ttl.place })
    }

    /// The reason of the exception that takes this rule away from a place, if one does. `today` as `2027-03-01`.
    #[must_use]
    pub fn exception(
        &self,
        rule: &str,
        template: Option<&Template>,
        path: &str,
        function: &str,
        today: &str,
    ) -> Option<&str> {
        let separator = self.keys.format.value.separator;
        let holds = |exception: &&Exception| {
            exception.rules.iter().any(|named| named.value == rule || named.value == "all")
                && exception.until.as_ref().is_none_or(|until| today <= until.value.as_str())
                && (exception.keys.is_empty()
                    || template.is_some_and(|key| exception.keys.iter().any(|p| p.value.matches(key, separator))))
                && (exception.paths.is_empty() || exception.paths.iter().any(|glob| glob.value.is_match(path)))
                && (exception.functions.is_empty()
                    || exception.functions.iter().any(|f| pattern::glob(f.value.as_bytes(), function.as_bytes())))
        };
        self.exceptions.iter().find(holds).map(|exception| exception.reason.as_str())
    }

    /// Entries of the project's own files that match none of these templates.
    #[must_use]
    pub fn unused(&self, templates: &[&Template]) -> Vec<UnusedEntry> {
        let separator = self.keys.format.value.separator;
        let idle = |pattern: &Located<Pattern>| !templates.iter().any(|key| pattern.value.matches(key, separator));
        let own = |place: Option<Place>| place.filter(|place| self.is_own(place.file));
        let mut out = Vec::new();
        for class in &self.classes {
            if let Some(place) = own(class.place)
                && !class.keys.is_empty()
                && class.keys.iter().all(idle)
            {
                out.push(UnusedEntry { place, what: format!("class `{}`", class.name) });
            }
        }
        for (pattern, _) in &self.keys.exceptions {
            if let Some(place) = own(pattern.place)
                && idle(pattern)
            {
                out.push(UnusedEntry { place, what: format!("exception `{}`", pattern.value.as_str()) });
            }
        }
        for exception in &self.exceptions {
            for pattern in &exception.keys {
                if let Some(place) = own(pattern.place)
                    && idle(pattern)
                {
                    out.push(UnusedEntry { place, what: format!("exception `{}`", pattern.value.as_str()) });
                }
            }
        }
        out
    }

    fn is_own(&self, file: FileId) -> bool {
        self.sources.iter().any(|source| source.file == file && !source.embedded)
    }

    /// The rule file that a place refers to.
    #[must_use]
    pub fn source(&self, file: FileId) -> Option<&PolicySource> {
        self.sources.iter().find(|source| source.file == file)
    }

    /// Every value with its origin, for `cache-lint config`: (key, value, where it comes from).
    #[must_use]
    pub fn values(&self) -> Vec<(String, String, String)> {
        show::values(self)
    }
}
