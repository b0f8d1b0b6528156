//! Warming: filling a cold cache at a rate that the source bears.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior};

use super::{Cache, Source};
use crate::entity::CacheEntity;

/// What came of warming.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Warmed {
    /// Loaded and stored.
    pub loaded: u64,
    /// In the cache already.
    pub present: u64,
    /// Could not be loaded.
    pub failed: u64,
    /// How long it took.
    pub took: Duration,
}

impl Cache {
    /// Loads the values with these ids, the most wanted first, one after another and at most `per_second` in a second.
    ///
    /// Each goes the way of [`Cache::get_or_load`]: one load over all processes, jittered TTL. So several instances
    /// may warm the same list at once. A failed load is logged and passed over.
    pub async fn warm<E, Er, F, Fut>(&self, ids: impl IntoIterator<Item = E::Id>, per_second: u32, load: F) -> Warmed
    where
        E: CacheEntity,
        Er: std::fmt::Display + Send + Sync + 'static,
        F: Fn(E::Id) -> Fut,
        Fut: Future<Output = Result<E, Er>> + Send + 'static,
    {
        let began = Instant::now();
        let mut turn = tokio::time::interval(Duration::from_secs(1) / per_second.max(1));
        turn.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut warmed = Warmed::default();
        for id in ids {
            turn.tick().await;
            let loading = load(id.clone());
            match self.get_or_load(&id, move || loading).await {
                Ok(value) if value.source() == Source::Loaded => warmed.loaded += 1,
                Ok(_) => warmed.present += 1,
                Err(error) => {
                    tracing::warn!(entity = E::ENTITY, %error, "warming passes over a value");
                    warmed.failed += 1;
                }
            }
        }
        warmed.took = began.elapsed();
        warmed
    }
}
