//! Findings that a project has decided to live with for now, kept in a file: what a run finds is held against it.

mod file;

use std::collections::BTreeSet;

use rustc_hash::FxHashSet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use file::{BaselineError, FILE_NAME};

/// A finding as a baseline keeps it. The fingerprint identifies it; the rest is for whoever reviews the file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Relative to the repository's root, with `/`.
    pub path: String,
    /// The rule's id.
    pub rule: String,
    /// The enclosing function's path; empty outside of functions.
    pub function: String,
    /// What the rule speaks of: the key's shape, the command, the class.
    pub subject: String,
    /// Stays the same when the code moves.
    pub fingerprint: String,
}

/// The findings that are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    entries: BTreeSet<Entry>,
}

/// What a run says of a baseline.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Findings that the baseline does not hold.
    pub new: Vec<Entry>,
    /// Entries that the run has found again, or could not have found: it looked elsewhere, or the rule did not run.
    pub kept: Vec<Entry>,
    /// Entries that the run should have found and has not.
    pub fixed: Vec<Entry>,
}

impl Baseline {
    /// Whether a finding is known.
    #[must_use]
    pub fn holds(&self, fingerprint: &str) -> bool {
        self.entries.iter().any(|entry| entry.fingerprint == fingerprint)
    }

    /// The fingerprints of all entries.
    #[must_use]
    pub fn fingerprints(&self) -> FxHashSet<&str> {
        self.entries.iter().map(|entry| entry.fingerprint.as_str()).collect()
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// It holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Holds the findings of a run against it. `visible` says whether the run could have found an entry.
    #[must_use]
    pub fn compare(&self, found: &[Entry], visible: impl Fn(&Entry) -> bool) -> Comparison {
        let known = self.fingerprints();
        let seen: FxHashSet<&str> = found.iter().map(|entry| entry.fingerprint.as_str()).collect();
        let new = found.iter().filter(|entry| !known.contains(entry.fingerprint.as_str())).cloned().collect();
        let is_kept = |entry: &&Entry| seen.contains(entry.fingerprint.as_str()) || !visible(entry);
        let (kept, fixed) = self.entries.iter().partition::<Vec<&Entry>, _>(is_kept);
        Comparison { new, kept: kept.into_iter().cloned().collect(), fixed: fixed.into_iter().cloned().collect() }
    }
}

impl FromIterator<Entry> for Baseline {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        Self { entries: entries.into_iter().collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn entry(path: &str, fingerprint: &str) -> Entry {
        Entry {
            path: path.to_owned(),
            rule: "missing-ttl".to_owned(),
            function: "app::put".to_owned(),
            subject: "user:{}".to_owned(),
            fingerprint: fingerprint.to_owned(),
        }
    }

    #[test]
    fn what_is_found_is_new_or_known_and_what_is_not_found_is_fixed() {
        let baseline: Baseline = [entry("a.rs", "1"), entry("b.rs", "2"), entry("far.rs", "3")].into_iter().collect();
        let found = [entry("a.rs", "1"), entry("a.rs", "4")];
        let comparison = baseline.compare(&found, |entry| entry.path != "far.rs");
        assert_eq!(comparison.new, [entry("a.rs", "4")]);
        assert_eq!(comparison.kept, [entry("a.rs", "1"), entry("far.rs", "3")]);
        assert_eq!(comparison.fixed, [entry("b.rs", "2")]);
    }

    proptest::proptest! {
        /// Every entry is kept or fixed, every finding is known or new, and taking the new ones in leaves nothing open.
        #[test]
        fn nothing_is_lost(known in proptest::collection::btree_set(0_u8..20, 0..15),
                           found in proptest::collection::btree_set(0_u8..20, 0..15),
                           unseen in proptest::collection::btree_set(0_u8..20, 0..15)) {
            let make = |n: &u8| entry(&format!("{n}.rs"), &n.to_string());
            let baseline: Baseline = known.iter().map(make).collect();
            let found: Vec<Entry> = found.iter().map(make).collect();
            let visible = |entry: &Entry| !unseen.iter().any(|n| make(n) == *entry);
            let comparison = baseline.compare(&found, visible);
            proptest::prop_assert_eq!(comparison.kept.len() + comparison.fixed.len(), baseline.len());
            proptest::prop_assert!(comparison.fixed.iter().all(|entry| visible(entry) && !found.contains(entry)));
            let grown: Baseline = comparison.kept.into_iter().chain(comparison.new).collect();
            let again = grown.compare(&found, visible);
            proptest::prop_assert!(again.new.is_empty() && again.fixed.is_empty());
            proptest::prop_assert!(found.iter().all(|entry| grown.holds(&entry.fingerprint)));
        }
    }
}
