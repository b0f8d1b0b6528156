//! Invalidations that could not reach the store: remembered, and replayed before its answers are trusted again. Pure.

use std::collections::HashMap;

use crate::slot::Invalidation;

/// A bounded set of keys whose invalidation is owed; the last demand for each key counts.
#[derive(Debug)]
pub struct DirtySet {
    owed: HashMap<String, Owed>,
    most: usize,
    overflowed: bool,
    tickets: u64,
}

/// One invalidation that is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owed {
    /// How.
    pub how: Invalidation,
    /// Tells a later demand for the same key from this one.
    pub ticket: u64,
}

impl DirtySet {
    /// An empty set of at most `most` keys.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { owed: HashMap::new(), most, overflowed: false, tickets: 0 }
    }

    /// Remembers an invalidation. Beyond the bound only that *something* was lost is remembered.
    pub fn add(&mut self, key: &str, how: Invalidation) {
        self.tickets += 1;
        let ticket = self.tickets;
        if let Some(owed) = self.owed.get_mut(key) {
            owed.how = stronger(owed.how, how);
            owed.ticket = ticket;
        } else if self.owed.len() < self.most {
            self.owed.insert(key.to_owned(), Owed { how, ticket });
        } else {
            self.overflowed = true;
        }
    }

    /// Whether the store's answer for `key` may be older than an invalidation.
    #[must_use]
    pub fn distrusts(&self, key: &str) -> bool {
        self.overflowed || self.owed.contains_key(key)
    }

    /// Up to `most` of what is owed to keys that are `wanted`.
    #[must_use]
    pub fn batch(&self, most: usize, wanted: impl Fn(&str) -> bool) -> Vec<(String, Owed)> {
        self.owed.iter().filter(|(key, _)| wanted(key)).take(most).map(|(key, owed)| (key.clone(), *owed)).collect()
    }

    /// One was replayed. A demand for the same key that came meanwhile stays.
    pub fn done(&mut self, key: &str, ticket: u64) {
        if self.owed.get(key).is_some_and(|owed| owed.ticket == ticket) {
            self.owed.remove(key);
        }
    }

    /// Whether more was owed than could be remembered.
    #[must_use]
    pub fn overflowed(&self) -> bool {
        self.overflowed
    }

    /// The overflow was dealt with: everything written before is distrusted by all.
    pub fn forgive_overflow(&mut self) {
        self.overflowed = false;
    }

    /// How many are owed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.owed.len()
    }

    /// Nothing is owed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.owed.is_empty() && !self.overflowed
    }
}

fn stronger(one: Invalidation, other: Invalidation) -> Invalidation {
    use Invalidation::{Floor, Hard, Soft};
    match (one, other) {
        (Floor { version: a, keep: x }, Floor { version: b, keep: y }) => Floor { version: a.max(b), keep: x.max(y) },
        (floor @ Floor { .. }, _) | (_, floor @ Floor { .. }) => floor,
        (Hard, _) | (_, Hard) => Hard,
        (Soft, Soft) => Soft,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demand_that_came_during_the_replay_is_not_forgotten() {
        let mut dirty = DirtySet::new(8);
        dirty.add("k", Invalidation::Hard);
        let batch = dirty.batch(8, |_| true);
        dirty.add("k", Invalidation::Hard);
        dirty.done("k", batch[0].1.ticket);
        assert!(dirty.distrusts("k"));
        dirty.done("k", dirty.batch(8, |_| true)[0].1.ticket);
        assert!(dirty.is_empty());
    }

    #[test]
    fn beyond_the_bound_everything_is_distrusted() {
        let mut dirty = DirtySet::new(1);
        dirty.add("a", Invalidation::Hard);
        dirty.add("b", Invalidation::Hard);
        assert!(dirty.overflowed() && dirty.distrusts("c"));
        dirty.forgive_overflow();
        assert!(!dirty.distrusts("c") && dirty.distrusts("a"));
    }

    #[test]
    fn a_floor_outlives_a_plain_removal() {
        let mut dirty = DirtySet::new(1);
        let floor = Invalidation::Floor { version: 3, keep: std::time::Duration::from_secs(1) };
        dirty.add("a", floor);
        dirty.add("a", Invalidation::Hard);
        assert_eq!(dirty.batch(1, |_| true)[0].1.how, floor);
    }
}
