//! Taking entries away: in the store, here and in other processes.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::{Cache, Inner};
use crate::entity::{CacheEntity, Versioned};
use crate::error::StoreError;
use crate::guard::{AT_ONCE, growing};
use crate::key::Key;
use crate::slot::{Invalidation, Settlement};

/// What became of an invalidation.
#[must_use = "a queued invalidation has not reached the store yet: other processes may still read the old value"]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Invalidated {
    /// No older value is served from here on: not by the store, not in this process, and by local copies of other
    /// processes only until the message arrives.
    Applied,
    /// The store or the bus does not answer: other processes may still read the old value. It is sent as soon as they
    /// answer again; until then this process does not trust the store for the key.
    Queued,
    /// Applied, but by fewer replicas than asked: a failover now could bring the old value back.
    Unconfirmed {
        /// Replicas that have confirmed.
        replicas: u32,
    },
}

impl Invalidated {
    fn worse(self, other: Self) -> Self {
        match (self, other) {
            (Self::Queued, _) | (_, Self::Queued) => Self::Queued,
            (Self::Unconfirmed { replicas: a }, Self::Unconfirmed { replicas: b }) => {
                Self::Unconfirmed { replicas: a.min(b) }
            }
            (unconfirmed @ Self::Unconfirmed { .. }, _) | (_, unconfirmed) => unconfirmed,
        }
    }
}

impl Cache {
    /// Takes the value with this id away: to be called after the change of its source was committed.
    ///
    /// Loads that are under way will not be stored, here or elsewhere. Goes on when the caller is dropped.
    ///
    /// # Errors
    /// Only when the store does not answer and so many invalidations are owed already that this one cannot be
    /// remembered by its key. Then everything is distrusted until the store has answered again.
    pub async fn invalidate<E: CacheEntity>(&self, id: &E::Id) -> Result<Invalidated, StoreError> {
        self.forget::<E>(vec![Key::<E>::of(id).into_string()], Invalidation::Hard).await
    }

    /// As [`Cache::invalidate`], for many at once: they share their round trips, and one message to the other processes.
    ///
    /// # Errors
    /// As there.
    pub async fn invalidate_many<E: CacheEntity>(&self, ids: &[E::Id]) -> Result<Invalidated, StoreError> {
        let keys = ids.iter().map(|id| Key::<E>::of(id).into_string()).collect();
        self.forget::<E>(keys, Invalidation::Hard).await
    }

    /// As [`Cache::invalidate`], but the value is kept for the case that the source fails, for as long as the entity's
    /// `STALE_IF_ERROR` says.
    ///
    /// # Errors
    /// As there.
    pub async fn expire<E: CacheEntity>(&self, id: &E::Id) -> Result<Invalidated, StoreError> {
        self.forget::<E>(vec![Key::<E>::of(id).into_string()], Invalidation::Soft).await
    }

    /// As [`Cache::invalidate`], where the source is read from replicas that lag: versions below `version` are refused
    /// for the time of `Limits::tombstone`.
    ///
    /// # Errors
    /// As there.
    pub async fn invalidate_below<E: Versioned>(&self, id: &E::Id, version: u64) -> Result<Invalidated, StoreError> {
        let how = Invalidation::Floor { version, keep: self.inner.limits.tombstone };
        self.forget::<E>(vec![Key::<E>::of(id).into_string()], how).await
    }

    async fn forget<E: CacheEntity>(&self, keys: Vec<String>, how: Invalidation) -> Result<Invalidated, StoreError> {
        let meter = self.inner.meters.of::<E>();
        keys.iter().for_each(|_| meter.invalidated());
        tracing::debug!(service = E::SERVICE, entity = E::ENTITY, keys = keys.len(), "cache invalidate");
        self.inner.forget_detached(keys, how).await
    }

    /// See [`Invalidator::invalidate_recorded`].
    pub(crate) async fn deliver(&self, key: &str, version: u64) -> Invalidated {
        let (inner, key) = (Arc::clone(&self.inner), key.to_owned());
        let task = tokio::spawn(async move { inner.forget_older(&key, version).await });
        task.await.unwrap_or(Invalidated::Queued)
    }

    /// A handle that can only invalidate, for jobs and consumers of change logs.
    #[must_use]
    pub fn invalidator(&self) -> Invalidator {
        Invalidator { cache: self.clone() }
    }
}

impl Inner {
    /// In a task of its own: half an invalidation is none.
    pub(super) async fn forget_detached(
        self: &Arc<Self>,
        keys: Vec<String>,
        how: Invalidation,
    ) -> Result<Invalidated, StoreError> {
        let inner = Arc::clone(self);
        let task = tokio::spawn(async move {
            let outcome = inner.forget_many(&keys, how).await;
            if outcome == Invalidated::Queued && inner.guard.overflowed() {
                return Err(StoreError::HeldBack);
            }
            Ok(outcome)
        });
        task.await.unwrap_or_else(|_| Err(StoreError::Unreachable("the runtime is shutting down".to_owned())))
    }

    pub(super) async fn forget_many(&self, keys: &[String], how: Invalidation) -> Invalidated {
        // Replicas are asked about what their connection wrote last: one after the other.
        let at_once = if self.limits.confirm.is_some() { 1 } else { AT_ONCE };
        let mut outcome = Invalidated::Applied;
        for some in growing(keys, at_once) {
            let outcomes = join_all(some.iter().map(|key| self.forget_one(key, how))).await;
            outcome = outcomes.into_iter().fold(outcome, Invalidated::worse);
        }
        // After all of them: who hears of one and reads again must not find it in the store.
        let spread = self.spread(keys).await;
        outcome.worse(if spread { Invalidated::Applied } else { Invalidated::Queued })
    }

    async fn forget_one(&self, key: &str, how: Invalidation) -> Invalidated {
        let confirm = self.limits.confirm;
        let deadline = self.limits.command + confirm.map_or(Duration::ZERO, |confirm| confirm.within);
        let node = self.guard.store.node(key);
        match (self.guard.call(node, deadline, self.guard.store.invalidate(key, how, confirm)).await, confirm) {
            (Ok(replicas), Some(confirm)) if replicas < confirm.replicas => {
                metrics::counter!("cache_unconfirmed_writes_total").increment(1);
                Invalidated::Unconfirmed { replicas }
            }
            (Ok(_), _) => Invalidated::Applied,
            (Err(error), _) => {
                tracing::warn!(%error, "an invalidation is queued until the cache store answers");
                self.guard.owe(key, how);
                Invalidated::Queued
            }
        }
    }

    /// Takes the entry away unless it is as new as `version`, as if the row had been deleted then; 0: in any case.
    async fn forget_older(&self, key: &str, version: u64) -> Invalidated {
        let keys = [key.to_owned()];
        if version == 0 {
            return self.forget_many(&keys, Invalidation::Hard).await;
        }
        let keep = self.limits.tombstone;
        let how = Settlement::Deleted { version, keep };
        let node = self.guard.store.node(key);
        let answer = self.guard.call(node, self.limits.command, self.guard.store.settle(key, None, how)).await;
        if answer.is_err() {
            self.guard.owe(key, Invalidation::Floor { version, keep });
        }
        // Also where the store had it: whoever put it there may have died before saying so.
        let spread = self.spread(&keys).await;
        if answer.is_ok() && spread { Invalidated::Applied } else { Invalidated::Queued }
    }

    /// After the store was changed: ends loads and copies here, then tells the others; whether they were told.
    pub(super) async fn spread(&self, keys: &[String]) -> bool {
        for key in keys {
            self.flights.supersede(key);
            self.local.drop_copy(key);
        }
        match &self.publisher {
            // On an error the publisher says it again.
            Some(publisher) => publisher.publish(keys.to_vec()).await.is_ok(),
            None => true,
        }
    }
}

/// Invalidates, and nothing else. See [`Cache::invalidator`].
#[derive(Debug, Clone)]
pub struct Invalidator {
    cache: Cache,
}

impl Invalidator {
    /// See [`Cache::invalidate`].
    ///
    /// # Errors
    /// As there.
    pub async fn invalidate<E: CacheEntity>(&self, id: &E::Id) -> Result<Invalidated, StoreError> {
        self.cache.invalidate::<E>(id).await
    }

    /// Takes away the entry with a key that was recorded earlier, by a consumer of a change log for example, unless it
    /// is as new as `version`, which was committed; 0: in any case. What is older is refused for the time of
    /// `Limits::tombstone`. Of a row that was deleted, the version after its last.
    ///
    /// # Errors
    /// As [`Cache::invalidate`].
    pub async fn invalidate_recorded(&self, key: &str, version: u64) -> Result<Invalidated, StoreError> {
        match self.cache.deliver(key, version).await {
            Invalidated::Queued if self.cache.inner.guard.overflowed() => Err(StoreError::HeldBack),
            outcome => Ok(outcome),
        }
    }
}
