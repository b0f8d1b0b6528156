//! The rule file: what the team demands of keys, TTLs and patterns.
//!
//! | module | does |
//! |---|---|
//! | `discover` | finds the rule file of a folder |
//! | `load` | reads it, what it extends, and the embedded default |
//! | `layer`, `reader` | read one file with all its mistakes; `error` is what a mistake is |
//! | `merge`, `model` | lay the files over each other; what comes out |
//! | [`grammar`], [`pattern`], [`quantity`], `paths` | judge keys, durations and files |
//! | `schema`, `show`, `unused` | the JSON schema, `cache-lint config`, entries that match nothing |
//!
//! # Layers
//!
//! The project's own file lies over the files that it extends (of which a later one lies over an earlier one), and these
//! over the embedded `rules/default.toml`. A value holds from the highest file that states it. Classes and levels are
//! joined by name, and classes key by key; a list replaces the list below, unless it is spelled `extend-…`, which adds
//! to it; exceptions and clients of all files hold together. `default = false` leaves out the classes of the default;
//! its key format and TTL basics stay, because nothing can be judged without them.
//!
//! Every value keeps its place, so that a finding can point at the line that it breaks.

mod discover;
mod error;
pub mod grammar;
mod layer;
mod load;
mod merge;
mod model;
mod paths;
pub mod pattern;
pub mod quantity;
mod reader;
mod schema;
mod show;
#[cfg(test)]
mod tests;
mod unused;

use std::path::Path;

pub use discover::FILE_NAMES;
pub use error::{Mistake, PolicyError, nearest};
pub use grammar::{KeyFault, KeyFormat, KeyShape, VersionInfo, VersionSpelling};
pub use load::{DEFAULT, PolicyOptions, TEMPLATE};
pub use model::{
    CachePattern, Class, DeclaredContent, DeclaredStore, DeclaredValue, Exception, KeyException, KeyPolicy, KeyVerdict,
    Located, Policy, PolicySource, Secrets, Subject, TtlLimit, TtlPolicy, Vocabulary,
};
pub use paths::PathGlob;
pub use pattern::{Match, Pattern};
pub use schema::json_schema;
pub use unused::{Seen, UnusedEntry};

use crate::finding::{Confidence, FileId, Level, Place};
use crate::template::Template;

impl KeyPolicy {
    /// How versions are written.
    #[must_use]
    pub fn spelling(&self) -> VersionSpelling<'_> {
        self.version_prefix.as_ref().map_or_else(VersionSpelling::default, |prefix| VersionSpelling::new(&prefix.value))
    }

    /// Cuts a template, to hold many patterns against it.
    #[must_use]
    pub fn cut(&self, template: &Template) -> pattern::Cut {
        pattern::Cut::new(template, self.format.value.separator, &self.spelling())
    }

    /// Holds a key against the format.
    #[must_use]
    pub fn check(&self, template: &Template) -> KeyVerdict<'_> {
        let cut = self.cut(template);
        KeyVerdict {
            shape: self.format.value.check(template, &self.spelling(), self.service_name()),
            exception: self.exceptions.iter().find(|exception| exception.pattern.value.compare(&cut) == Match::Yes),
            version: self.version(template),
        }
    }

    /// The version of a key, wherever it stands.
    #[must_use]
    pub fn version(&self, template: &Template) -> Option<VersionInfo> {
        self.spelling().find(template, &self.format.value)
    }

    /// The key with a version where the format wants it, as text; `None` when the rule file knows no versions.
    #[must_use]
    pub fn versioned(&self, template: &Template) -> Option<String> {
        let prefix = self.version_prefix.as_ref()?;
        Some(self.format.value.versioned(template, &prefix.value, self.service_name()))
    }

    fn service_name(&self) -> Option<&str> {
        self.service.as_ref().map(|service| service.value.as_str())
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

    /// Reads a rule file from a text, over the embedded default. `path` is what messages call it, and what `extends` is
    /// relative to.
    ///
    /// # Errors
    /// All mistakes of it and of the files it extends.
    pub fn parse(path: &str, text: &str, vocabulary: &Vocabulary<'_>) -> Result<Self, Vec<PolicyError>> {
        load::from_text(path, text, vocabulary)
    }

    /// The class of a key: the one with the most specific pattern that surely matches. What the project states beats
    /// what comes with the tool, however specific; of equals the first holds.
    #[must_use]
    pub fn class_of(&self, template: &Template) -> Option<&Class> {
        self.class_match(template).map(|(class, _)| class)
    }

    /// The class of a key, and the pattern by which it is one.
    #[must_use]
    pub fn class_match(&self, template: &Template) -> Option<(&Class, &Located<Pattern>)> {
        let cut = self.keys.cut(template);
        let patterns = self.classes.iter().flat_map(|class| class.keys.iter().map(move |pattern| (class, pattern)));
        let matching: Vec<_> = patterns.filter(|(_, pattern)| pattern.value.compare(&cut) == Match::Yes).collect();
        // Reversed, because of equals the last is the maximum.
        matching.into_iter().rev().max_by_key(|(_, pattern)| (self.is_own(pattern.place), pattern.value.specificity()))
    }

    /// The level of a rule: what the rule file says of it, else of its category, else of `all`, else `default`.
    #[must_use]
    pub fn level(&self, rule: &str, category: &str, default: Level) -> Level {
        self.stated_level(rule, category).map_or(default, |level| level.value)
    }

    /// Whether the rule file states a level for a rule, its category or `all`.
    #[must_use]
    pub fn states_level(&self, rule: &str, category: &str) -> bool {
        self.stated_level(rule, category).is_some()
    }

    /// The level that the rule file states for a rule, its category or `all`, and where.
    #[must_use]
    pub fn stated_level(&self, rule: &str, category: &str) -> Option<&Located<Level>> {
        [rule, category, "all"].iter().find_map(|name| self.levels.get(*name))
    }

    /// The lowest confidence of findings that are shown where the command line says nothing.
    #[must_use]
    pub fn min_confidence(&self) -> Confidence {
        if self.report_undetermined { Confidence::Undetermined } else { Confidence::Likely }
    }

    /// What is wrong with the format of a key; `None` when nothing is known to be, or the rule file exempts it.
    #[must_use]
    pub fn key_fault(&self, template: &Template) -> Option<KeyFault> {
        match self.keys.check(template) {
            KeyVerdict { shape: KeyShape::Broken(fault), exception: None, .. } => Some(fault),
            _ => None,
        }
    }

    /// The longest TTL for keys of a class (or of none), jitter included: the class's, but never more than `ttl.max`.
    #[must_use]
    pub fn longest_ttl(&self, class: Option<&Class>) -> Option<TtlLimit> {
        let of_class = class.and_then(|class| {
            let ttl = class.ttl.as_ref()?;
            let jitter = class.jitter.as_ref().unwrap_or(&self.ttl.jitter).value;
            let (_, max) = ttl.value;
            Some(TtlLimit { ms: max + max * i128::from(jitter) / 100, place: ttl.place, of_class: true })
        });
        let of_all = self.ttl.max.as_ref().map(|max| TtlLimit { ms: max.value, place: max.place, of_class: false });
        // A store has no TTL to be bounded.
        of_class
            .into_iter()
            .chain(of_all.filter(|_| !class.is_some_and(|class| class.store)))
            .min_by_key(|limit| limit.ms)
    }

    /// The shortest TTL for keys of a class (or of none): the class's, but never less than `ttl.min`.
    #[must_use]
    pub fn shortest_ttl(&self, class: Option<&Class>) -> Option<TtlLimit> {
        let of_class = class.and_then(|class| {
            let ttl = class.ttl.as_ref().filter(|ttl| ttl.value.0 > 0)?;
            Some(TtlLimit { ms: ttl.value.0, place: ttl.place, of_class: true })
        });
        let of_all = self.ttl.min.as_ref().map(|min| TtlLimit { ms: min.value, place: min.place, of_class: false });
        of_all
            .filter(|_| !class.is_some_and(|class| class.store))
            .into_iter()
            .chain(of_class)
            .max_by_key(|limit| limit.ms)
    }

    /// Whether a load, by the function's path, the call as written or its name alone, is declared to cost nothing.
    #[must_use]
    pub fn is_cheap_load(&self, load: &str) -> bool {
        self.cheap_loads
            .iter()
            .any(|cheap| pattern::names_function(&cheap.value, load) || cheap.value.rsplit("::").next() == Some(load))
    }

    /// Whether a function, by its path, is declared to let one caller load.
    #[must_use]
    pub fn is_guard(&self, function: &str) -> bool {
        self.guards.iter().any(|guard| pattern::names_function(&guard.value, function))
    }

    /// Whether the other end of a channel is declared to be another program.
    #[must_use]
    pub fn is_external_channel(&self, channel: &Template) -> bool {
        let cut = self.keys.cut(channel);
        self.external_channels.iter().any(|pattern| pattern.value.compare(&cut) == Match::Yes)
    }

    /// Whether a file is left out of the run. `path` is absolute or relative to the working directory.
    #[must_use]
    pub fn is_excluded(&self, path: &Path) -> bool {
        self.exclude.iter().any(|glob| glob.value.matches(path))
    }

    /// `[paths] exclude` for a walk that begins in `cwd`, in the syntax of .gitignore and relative to `cwd`.
    #[must_use]
    pub fn exclude_globs(&self, cwd: &Path) -> Vec<String> {
        self.exclude.iter().filter_map(|glob| glob.value.relative_to(cwd)).collect()
    }

    /// The exception that takes a finding away, if one does. `today` as `2027-03-01`; expired ones do nothing.
    #[must_use]
    pub fn exception(&self, subject: Subject<'_>, today: &str) -> Option<&Exception> {
        let cut = subject.template.map(|template| self.keys.cut(template));
        let names_rule = |named: &str| named == subject.rule || named == subject.category || named == "all";
        let holds = |exception: &&Exception| {
            let has_key =
                |pattern: &Located<Pattern>| cut.as_ref().is_some_and(|cut| pattern.value.compare(cut) == Match::Yes);
            !exception.is_expired(today)
                && exception.rules.iter().any(|named| names_rule(&named.value))
                && (exception.keys.is_empty() || exception.keys.iter().any(has_key))
                && (exception.paths.is_empty() || exception.paths.iter().any(|glob| glob.value.matches(subject.path)))
                && (exception.functions.is_empty()
                    || exception.functions.iter().any(|named| pattern::names_function(&named.value, subject.function)))
        };
        self.exceptions.iter().find(holds)
    }

    /// Entries of the project's own files that match none of these keys.
    #[must_use]
    pub fn unused(&self, templates: &[&Template]) -> Vec<UnusedEntry> {
        self.unused_entries(&Seen { templates, ..Seen::default() })
    }

    /// Entries of the project's own files that match nothing of what a run has seen.
    #[must_use]
    pub fn unused_entries(&self, seen: &Seen<'_>) -> Vec<UnusedEntry> {
        unused::unused(self, seen)
    }

    /// Whether a place lies in a file of the project, and not in the tool's own.
    #[must_use]
    pub fn is_own(&self, place: Option<Place>) -> bool {
        place.and_then(|place| self.source(place.file)).is_some_and(|source| !source.embedded)
    }

    /// The rule file that a place refers to.
    #[must_use]
    pub fn source(&self, file: FileId) -> Option<&PolicySource> {
        self.sources.iter().find(|source| source.file == file)
    }

    /// Every value with its origin, for `cache-lint config`: dotted key, value as TOML, and `path:line` or `default`.
    #[must_use]
    pub fn values(&self) -> Vec<(String, String, String)> {
        show::values(self)
    }
}
