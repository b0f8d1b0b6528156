//! How long is waited, and how much is done at once.

use std::time::Duration;

use crate::breaker::BreakerPolicy;
use crate::error::BuildError;
use crate::store::Confirm;

/// Deadlines and bounds of a cache. The defaults suit a store in the same data centre and loads under a second.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// A plain read of the store. After it the source is asked.
    pub read: Duration,
    /// Any other command to the store.
    pub command: Duration,
    /// After this time callers that may be served a stale value get it; the load goes on.
    pub load_soft: Duration,
    /// After this time a load has failed.
    pub load_hard: Duration,
    /// How long a lease lasts; it is renewed while the load runs. Three times the slowest usual load.
    pub lease: Duration,
    /// How long is waited for another process's load, before the source is asked here as well.
    pub wait: Duration,
    /// Loads at once.
    pub loads: usize,
    /// Loads at once while the store does not answer.
    pub loads_without_store: usize,
    /// How long a load waits for its turn.
    pub load_queue: Duration,
    /// How long a write's transaction may take; its fence lasts this long.
    pub transaction: Duration,
    /// How long older versions are refused after a deletion: longer than any writer or replica lags.
    pub tombstone: Duration,
    /// Weight of the early refresh; 1 is the optimum, 0 turns it off.
    pub early_refresh: f64,
    /// When calls to a node are held back.
    pub breaker: BreakerPolicy,
    /// Invalidations that are remembered while the store does not answer.
    pub dirty: usize,
    /// Replicas that have to confirm an invalidation; `None`: none.
    pub confirm: Option<Confirm>,
    /// A load is cancelled when its last caller has left. Default: it goes on, and the next caller finds its value.
    pub cancel_unwanted: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            read: Duration::from_millis(100),
            command: Duration::from_millis(500),
            load_soft: Duration::from_secs(1),
            load_hard: Duration::from_secs(10),
            lease: Duration::from_secs(3),
            wait: Duration::from_secs(5),
            loads: 512,
            loads_without_store: 64,
            load_queue: Duration::from_secs(2),
            transaction: Duration::from_secs(10),
            tombstone: Duration::from_secs(30),
            early_refresh: 1.0,
            breaker: BreakerPolicy::default(),
            dirty: 100_000,
            confirm: None,
            cancel_unwanted: false,
        }
    }
}

impl Limits {
    pub(super) fn check(&self) -> Result<(), BuildError> {
        let durations = [
            ("limits.read", self.read),
            ("limits.command", self.command),
            ("limits.load_soft", self.load_soft),
            ("limits.load_hard", self.load_hard),
            ("limits.lease", self.lease),
            ("limits.wait", self.wait),
            ("limits.load_queue", self.load_queue),
            ("limits.transaction", self.transaction),
            ("limits.tombstone", self.tombstone),
        ];
        for (setting, duration) in durations {
            if duration < Duration::from_millis(1) {
                return Err(BuildError::Setting { setting, problem: "must be at least 1 ms".to_owned() });
            }
        }
        let counts = [("limits.loads", self.loads), ("limits.loads_without_store", self.loads_without_store)];
        for (setting, count) in counts {
            if count == 0 {
                return Err(BuildError::Setting {
                    setting,
                    problem: "must be at least 1, or nothing is loaded".to_owned(),
                });
            }
        }
        if self.load_soft > self.load_hard {
            let problem = format!("({:?}) must not be over `limits.load_hard` ({:?})", self.load_soft, self.load_hard);
            return Err(BuildError::Setting { setting: "limits.load_soft", problem });
        }
        if !(0.0..=10.0).contains(&self.early_refresh) {
            let problem = format!("is {}, and must be between 0 (off) and 10", self.early_refresh);
            return Err(BuildError::Setting { setting: "limits.early_refresh", problem });
        }
        if !(0.0..=1.0).contains(&self.breaker.share) || self.breaker.share == 0.0 {
            let problem = format!("is {}, and must be over 0 and at most 1", self.breaker.share);
            return Err(BuildError::Setting { setting: "limits.breaker.share", problem });
        }
        Ok(())
    }
}
