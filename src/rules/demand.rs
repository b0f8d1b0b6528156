//! What the rule file demands of an operation's key: the only place where rules look into the policy's classes.

use super::report;
use crate::finding::{Label, Place};
use crate::inventory::Operation;
use crate::policy::{Class, Policy};
use crate::template::Template;

/// The demands on one key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Demand<'a> {
    policy: &'a Policy,
    class: Option<&'a Class>,
}

/// A limit in milliseconds and where the rule file states it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    pub(super) ms: i128,
    pub(super) place: Option<Place>,
    /// The class of the key states it, and not the rule file as a whole.
    pub(super) of_class: bool,
}

/// What is wrong with a key's format.
pub(super) struct KeyFault {
    /// Completes "the key `…` …".
    pub(super) message: String,
    /// The template as it should be.
    pub(super) repaired: Option<String>,
    /// The line of the rule file that it breaks.
    pub(super) place: Option<Place>,
}

impl<'a> Demand<'a> {
    /// The demands on the first key of `op`.
    pub(super) fn of(policy: &'a Policy, op: &Operation) -> Self {
        Self { policy, class: op.template().and_then(|template| policy.class_of(template)) }
    }

    /// The class's name; empty when there is none.
    pub(super) fn name(self) -> &'a str {
        self.class.map_or("", |class| &class.name)
    }

    /// Redis is the only home of this data: nothing about caches applies.
    pub(super) fn is_store(self) -> bool {
        false
    }

    /// Many callers want this key at once.
    pub(super) fn is_hot(self) -> bool {
        false
    }

    /// Loading may happen many times at once.
    pub(super) fn is_cheap(self, _load: &str) -> bool {
        false
    }

    /// Entries must have a TTL.
    pub(super) fn wants_ttl(self) -> bool {
        let _ = self.policy;
        true
    }

    /// The TTL of the class, which is the longest that it allows, without jitter.
    pub(super) fn ttl(self) -> Option<Limit> {
        None
    }

    /// The longest TTL that the class or the rule file as a whole allows, jitter included.
    pub(super) fn longest(self) -> Option<Limit> {
        None
    }

    /// The shortest TTL that the class or the rule file as a whole allows.
    pub(super) fn shortest(self) -> Option<Limit> {
        None
    }

    /// The line that gives the class its TTL, as a label.
    pub(super) fn ttl_label(self) -> Option<Label> {
        let limit = self.ttl()?;
        let message = format!("class `{}` has a TTL of {}", self.name(), report::duration(limit.ms));
        limit.place.map(|place| report::label(place, message))
    }

    /// The class itself, as a label.
    pub(super) fn label(self, _message: &str) -> Option<Label> {
        None
    }
}

/// What is wrong with the format of a key, if anything is known to be.
pub(super) fn key_fault(_policy: &Policy, _op: &Operation, _template: &Template) -> Option<KeyFault> {
    None
}

/// Whether a key carries a version, or is exempt from carrying one.
pub(super) fn is_versioned(_policy: &Policy, template: &Template) -> bool {
    template.holes().any(|hole| hole.version)
}

/// The key with the version segment where the rule file wants it.
pub(super) fn versioned(_policy: &Policy, _template: &Template) -> Option<String> {
    None
}

/// The line that demands versions, as a label.
pub(super) fn version_label(_policy: &Policy) -> Option<Label> {
    None
}
