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
        self.class.is_some_and(|class| class.store)
    }

    /// Many callers want this key at once.
    pub(super) fn is_hot(self) -> bool {
        self.class.is_some_and(|class| class.hot)
    }

    /// Loading may happen many times at once.
    pub(super) fn is_cheap(self, load: &str) -> bool {
        self.policy.cheap_loads.iter().any(|cheap| {
            let pattern = cheap.value.as_str();
            crate::policy::pattern::glob(pattern.as_bytes(), load.as_bytes())
                || pattern.rsplit("::").next().is_some_and(|last| last == load)
        })
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
        let of_class = self.class.and_then(|class| self.policy.longest(class));
        match of_class {
            Some(limit) => Some(Limit { ms: limit.value, place: limit.place, of_class: true }),
            None => {
                let max = self.policy.ttl.max.as_ref()?;
                Some(Limit { ms: max.value, place: max.place, of_class: false })
            }
        }
    }

    /// The shortest TTL that the class or the rule file as a whole allows.
    pub(super) fn shortest(self) -> Option<Limit> {
        let of_class = self.class.and_then(|class| class.ttl.as_ref()).filter(|ttl| ttl.value.0 > 0);
        match of_class {
            Some(ttl) => Some(Limit { ms: ttl.value.0, place: ttl.place, of_class: true }),
            None => {
                let min = self.policy.ttl.min.as_ref()?;
                Some(Limit { ms: min.value, place: min.place, of_class: false })
            }
        }
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
    policy.keys.version_prefix.is_none()
        || crate::policy::grammar::version_of(template, policy.keys.format.value.separator).is_some()
}

/// The key with the version segment where the rule file wants it.
pub(super) fn versioned(policy: &Policy, template: &Template) -> Option<String> {
    let prefix = policy.keys.version_prefix.as_ref()?;
    Some(policy.keys.format.value.versioned(template, &prefix.value))
}

/// The line that demands versions, as a label.
pub(super) fn version_label(policy: &Policy) -> Option<Label> {
    let place = policy.keys.version_prefix.as_ref()?.place?;
    Some(report::label(place, "a serialised struct needs a version behind the service".to_owned()))
}
