//! What the rule file demands of an operation's key: the only place where rules look into the policy's classes.

use super::report;
use crate::finding::{Label, Place};
use crate::inventory::Operation;
pub(super) use crate::policy::TtlLimit as Limit;
use crate::policy::{CachePattern, Class, Located, Policy};
use crate::template::Template;

/// The demands on one key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Demand<'a> {
    policy: &'a Policy,
    class: Option<&'a Class>,
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
        self.class.is_some_and(|class| class.store)
    }

    /// Many callers want this key at once.
    pub(super) fn is_hot(self) -> bool {
        self.class.is_some_and(|class| class.hot)
    }

    /// How the class is kept in step with its source.
    pub(super) fn pattern(self) -> Option<CachePattern> {
        Some(self.class?.pattern.as_ref()?.value)
    }

    /// The line that says so, as a label.
    pub(super) fn pattern_label(self) -> Option<Label> {
        let pattern = self.class?.pattern.as_ref()?;
        let message = format!("class `{}` is declared here", self.name());
        pattern.place.map(|place| report::label(place, message))
    }

    /// The tables of which the class declares its keys to hold copies.
    pub(super) fn tables(self) -> &'a [Located<String>] {
        self.class.map_or(&[], |class| &class.tables)
    }

    /// Loading may happen many times at once.
    pub(super) fn is_cheap(self, load: &str) -> bool {
        self.policy.is_cheap_load(load)
    }

    /// Entries must have a TTL.
    pub(super) fn wants_ttl(self) -> bool {
        self.policy.ttl.required.value
    }

    /// The TTL of the class, which is the longest that it allows, without jitter.
    pub(super) fn ttl(self) -> Option<Limit> {
        let ttl = self.class?.ttl.as_ref()?;
        Some(Limit { ms: ttl.value.1, place: ttl.place, of_class: true })
    }

    /// The longest TTL that the class or the rule file as a whole allows, jitter included.
    pub(super) fn longest(self) -> Option<Limit> {
        self.policy.longest_ttl(self.class)
    }

    /// The shortest TTL that the class or the rule file as a whole allows.
    pub(super) fn shortest(self) -> Option<Limit> {
        self.policy.shortest_ttl(self.class)
    }

    /// The line that gives the class its TTL, as a label.
    pub(super) fn ttl_label(self) -> Option<Label> {
        let limit = self.ttl()?;
        let message = format!("class `{}` has a TTL of {}", self.name(), report::duration(limit.ms));
        limit.place.map(|place| report::label(place, message))
    }

    /// The class itself, as a label.
    pub(super) fn label(self, message: &str) -> Option<Label> {
        self.class?.place.map(|place| report::label(place, message.to_owned()))
    }
}

/// What is wrong with the format of a key, if anything is known to be.
pub(super) fn key_fault(policy: &Policy, _op: &Operation, template: &Template) -> Option<KeyFault> {
    let fault = policy.key_fault(template)?;
    Some(KeyFault { message: fault.message, repaired: Some(fault.repaired), place: policy.keys.format.place })
}

/// Whether a key carries a version, or is exempt from carrying one.
pub(super) fn is_versioned(policy: &Policy, template: &Template) -> bool {
    policy.keys.version_prefix.is_none() || policy.keys.version(template).is_some()
}

/// The key with the version segment where the rule file wants it.
pub(super) fn versioned(policy: &Policy, template: &Template) -> Option<String> {
    policy.keys.versioned(template)
}

/// The line that demands versions, as a label.
pub(super) fn version_label(policy: &Policy) -> Option<Label> {
    let place = policy.keys.version_prefix.as_ref()?.place?;
    Some(report::label(place, "a serialised struct needs a version behind the service".to_owned()))
}
