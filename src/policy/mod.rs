//! The rule file: what the team demands of keys, TTLs and patterns.

use crate::finding::{FileId, Level, Place};
use crate::template::Template;

/// A value of the rule file and where it stands, so that a finding can point at the line it breaks.
#[derive(Debug, Clone, PartialEq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where; `None` for a built-in default that no file states.
    pub place: Option<Place>,
}

/// The resolved policy: default, `extends` and the project's own file merged.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// `[keys]`.
    pub keys: KeyPolicy,
    /// `[ttl]`.
    pub ttl: TtlPolicy,
    /// `[class.NAME]`, in file order (the project's before the default's).
    pub classes: Vec<Class>,
    /// The rule files that were read, in order of precedence.
    pub sources: Vec<PolicySource>,
}

/// A rule file that was read.
#[derive(Debug, Clone)]
pub struct PolicySource {
    /// How places refer to it. Policy files are numbered from the top (`u32::MAX` downwards) so they never collide with
    /// source files.
    pub file: FileId,
    /// As shown in messages, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// `[keys]`.
#[derive(Debug, Clone, Default)]
pub struct KeyPolicy {}

/// `[ttl]`.
#[derive(Debug, Clone, Default)]
pub struct TtlPolicy {}

/// `[class.NAME]`: a kind of data with its own demands.
#[derive(Debug, Clone)]
pub struct Class {
    /// `master-data`, `profile`, ….
    pub name: String,
}

impl Policy {
    /// The class whose `keys` patterns match; the most specific one when several do.
    #[must_use]
    pub fn class_of(&self, _template: &Template) -> Option<&Class> {
        None
    }

    /// The level of a rule: the rule file's if it states one, else `default`.
    #[must_use]
    pub fn level(&self, _rule: &str, default: Level) -> Level {
        default
    }
}
