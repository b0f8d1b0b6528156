//! The rules: one file each. A rule reads the inventory and the policy and writes findings; it knows no syntax and no
//! output format.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod announced;
mod asked;
mod blocking_client_in_async;
mod bulk;
mod bypassed_pattern;
mod cache_error_fails_request;
mod cached_failure;
mod call_in_loop;
mod channel_mismatch;
mod channels;
mod cold_start;
mod collection_without_ttl;
mod connection_per_call;
mod copies;
mod counter_without_ttl;
mod cross_slot_keys;
mod cure;
mod decode_error_fails_request;
mod demand;
mod docs;
mod dropped_future;
mod duplicate_template;
mod flow;
mod flush_command;
mod gap;
mod get_then_set;
mod incomplete_key;
mod invalidation_key_mismatch;
mod key_collision;
mod key_format;
mod keys_command;
mod local_invalidation_only;
mod lock_release_without_token;
mod lock_without_ttl;
mod missing_hit_metric;
mod missing_invalidation;
mod missing_timeout;
mod missing_ttl;
mod mixed_ttl;
mod nearness;
mod no_ttl_jitter;
mod non_atomic_expiry;
mod non_deterministic_key;
mod orphan_key;
mod parse_error;
mod pattern_invalidation;
mod race;
mod redundant_invalidation;
mod report;
mod schema_changed;
mod sensitive_value;
mod set_after_write_race;
mod stampede_prone_miss;
mod startup;
mod suppression_blanket;
mod suppression_duplicate;
mod suppression_expired;
mod suppression_malformed;
mod suppression_misplaced;
mod suppression_no_reason;
mod suppression_unknown_rule;
mod suppression_unmatched_range;
mod suppression_unused;
mod swallowed_cache_error;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod transactions;
mod ttl_cleared;
mod ttl_policy;
mod ttl_unit_mismatch;
mod unbounded_read;
mod unguarded_subscriber;
mod unsanitised_key_input;
mod unused_policy_entry;
mod unversioned_key;
mod usage;
mod way;
mod write_before_commit;
mod write_through;
mod wrong_pattern;

use std::borrow::Cow;

use rustc_hash::FxHashSet;

use crate::finding::{Confidence, Finding, Level};
use crate::inventory::{Inventory, Operation};
use crate::policy::Policy;
use crate::schema::LockFile;
use crate::source::Workspace;
pub use report::duration;

/// What a rule is, apart from its check.
#[derive(Debug, Clone, Copy)]
pub struct Meta {
    /// Kebab-case; reads as "allow NAME" and names the fault.
    pub id: &'static str,
    /// One sentence, lower-case start, no final full stop.
    pub summary: &'static str,
    /// The default level.
    pub level: Level,
    /// What kind of fault it finds.
    pub category: Category,
    /// The highest confidence that its findings reach.
    pub confidence: Confidence,
    /// The first version that has it.
    pub since: &'static str,
    /// The documentation page in Markdown, from the rule file's doc comment: what it does, why it is bad, example, use
    /// instead, options, references.
    pub docs: &'static str,
}

impl Meta {
    /// The whole page of the rule, with its name and a table of its properties before [`Meta::docs`].
    #[must_use]
    pub fn page(&self) -> String {
        docs::page(self)
    }

    /// [`Meta::docs`] for readers other than rustdoc.
    #[must_use]
    pub fn markdown(&self) -> String {
        docs::markdown(self)
    }

    /// The first paragraph of what it does, as one line.
    #[must_use]
    pub fn what(&self) -> String {
        docs::what(self)
    }
}

/// What kind of fault a rule finds; also a name for levels (`-W correctness`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// Keys and TTLs against the policy.
    Policy,
    /// Wrong or stale data.
    Correctness,
    /// Failure, cold start, monitoring.
    Resilience,
    /// Cost and safety of the server.
    Cost,
    /// The run itself: suppressions, rule file, unparsable files.
    Run,
}

impl Category {
    /// Every category.
    pub const ALL: [Self; 5] = [Self::Policy, Self::Correctness, Self::Resilience, Self::Cost, Self::Run];

    /// Its name on the command line and in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Correctness => "correctness",
            Self::Resilience => "resilience",
            Self::Cost => "cost",
            Self::Run => "run",
        }
    }
}

/// What a rule may look at.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Operations and events.
    pub inventory: &'a Inventory,
    /// The rule file.
    pub policy: &'a Policy,
    /// The files, for names in messages.
    pub workspace: &'a Workspace,
    /// The lock files of stored structures.
    pub locks: &'a [LockFile],
}

/// A rule.
pub trait Rule: Sync {
    /// What it is.
    fn meta(&self) -> &'static Meta;
    /// Reports what it finds, in any order.
    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>);
}

/// Every rule, sorted by id.
pub static REGISTRY: &[&dyn Rule] = &[
    &blocking_client_in_async::BlockingClientInAsync,
    &bypassed_pattern::BypassedPattern,
    &cache_error_fails_request::CacheErrorFailsRequest,
    &cached_failure::CachedFailure,
    &call_in_loop::CallInLoop,
    &channel_mismatch::ChannelMismatch,
    &cold_start::ColdStart,
    &collection_without_ttl::CollectionWithoutTtl,
    &connection_per_call::ConnectionPerCall,
    &counter_without_ttl::CounterWithoutTtl,
    &cross_slot_keys::CrossSlotKeys,
    &decode_error_fails_request::DecodeErrorFailsRequest,
    &dropped_future::DroppedFuture,
    &duplicate_template::DuplicateTemplate,
    &flush_command::FlushCommand,
    &get_then_set::GetThenSet,
    &incomplete_key::IncompleteKey,
    &invalidation_key_mismatch::InvalidationKeyMismatch,
    &key_collision::KeyCollision,
    &key_format::KeyFormat,
    &keys_command::KeysCommand,
    &local_invalidation_only::LocalInvalidationOnly,
    &lock_release_without_token::LockReleaseWithoutToken,
    &lock_without_ttl::LockWithoutTtl,
    &missing_hit_metric::MissingHitMetric,
    &missing_invalidation::MissingInvalidation,
    &missing_timeout::MissingTimeout,
    &missing_ttl::MissingTtl,
    &mixed_ttl::MixedTtl,
    &no_ttl_jitter::NoTtlJitter,
    &non_atomic_expiry::NonAtomicExpiry,
    &non_deterministic_key::NonDeterministicKey,
    &orphan_key::OrphanKey,
    &parse_error::ParseError,
    &pattern_invalidation::PatternInvalidation,
    &redundant_invalidation::RedundantInvalidation,
    &schema_changed::SchemaChanged,
    &sensitive_value::SensitiveValue,
    &set_after_write_race::SetAfterWriteRace,
    &stampede_prone_miss::StampedeProneMiss,
    &suppression_blanket::SuppressionBlanket,
    &suppression_duplicate::SuppressionDuplicate,
    &suppression_expired::SuppressionExpired,
    &suppression_malformed::SuppressionMalformed,
    &suppression_misplaced::SuppressionMisplaced,
    &suppression_no_reason::SuppressionNoReason,
    &suppression_unknown_rule::SuppressionUnknownRule,
    &suppression_unmatched_range::SuppressionUnmatchedRange,
    &suppression_unused::SuppressionUnused,
    &swallowed_cache_error::SwallowedCacheError,
    &ttl_cleared::TtlCleared,
    &ttl_policy::TtlPolicy,
    &ttl_unit_mismatch::TtlUnitMismatch,
    &unbounded_read::UnboundedRead,
    &unguarded_subscriber::UnguardedSubscriber,
    &unsanitised_key_input::UnsanitisedKeyInput,
    &unused_policy_entry::UnusedPolicyEntry,
    &unversioned_key::UnversionedKey,
    &write_before_commit::WriteBeforeCommit,
    &wrong_pattern::WrongPattern,
];

/// Everything that the rules have to say, in stable order: by file, place, rule.
///
/// `wanted` picks the rules to run. What stands in test code is left out unless `tests` asks for it.
#[must_use]
pub fn run(context: Context<'_>, tests: bool, wanted: impl Fn(&Meta) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in REGISTRY.iter().filter(|rule| wanted(rule.meta())) {
        rule.check(context, &mut findings);
    }
    if !tests {
        let in_tests: FxHashSet<_> =
            context.inventory.operations.iter().filter(|op| op.test).map(|op| op.place).collect();
        findings.retain(|finding| !in_tests.contains(&finding.primary));
    }
    findings.sort_by(|a, b| (a.primary, a.rule, &a.discriminator).cmp(&(b.primary, b.rule, &b.discriminator)));
    findings
}

/// The TTL, in milliseconds, that the class of an operation's key has in the rule file; none for a store.
#[must_use]
pub fn class_ttl(policy: &Policy, op: &Operation) -> Option<i128> {
    let demand = demand::Demand::of(policy, op);
    if demand.is_store() { None } else { demand.ttl().map(|limit| limit.ms) }
}

/// The rule with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static dyn Rule> {
    REGISTRY.iter().copied().find(|rule| rule.meta().id == id)
}

/// Something quoted in backticks, cut where it would fill the line.
#[must_use]
pub fn code(text: &str) -> Cow<'_, str> {
    const LIMIT: usize = 60;
    match text.char_indices().nth(LIMIT) {
        Some((cut, _)) => Cow::Owned(format!("`{}…`", &text[..cut])),
        None => Cow::Owned(format!("`{text}`")),
    }
}
