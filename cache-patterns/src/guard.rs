//! The store behind deadlines, a breaker for each node, the set of invalidations that it owes and the watermark below
//! which its answers are not trusted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::breaker::{Breaker, BreakerPolicy, BreakerState, Permit};
use crate::clock::{Clock, millis};
use crate::dirty::DirtySet;
use crate::slot::Invalidation;
use crate::store::{Store, StoreError, StoreFuture};
use crate::sync::{Mutex, lock};

/// How many owed invalidations are replayed at once.
const REPLAY: usize = 256;

pub(crate) struct Guard {
    pub(crate) store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    policy: BreakerPolicy,
    breakers: Mutex<Vec<Breaker>>,
    dirty: Mutex<DirtySet>,
    /// By node: what was written up to this server second is not trusted.
    watermarks: Mutex<Vec<u32>>,
    identities: Mutex<Vec<Option<String>>>,
    /// For all nodes.
    watermark: AtomicU32,
    /// Of the loudest overflow: raised in the store at recovery.
    owed_watermark: AtomicU32,
}

/// Frees the permit of a call whose future was dropped.
struct Outstanding<'a> {
    guard: &'a Guard,
    node: usize,
    permit: Permit,
    reported: bool,
}

impl Drop for Outstanding<'_> {
    fn drop(&mut self) {
        if !self.reported {
            self.guard.with_breaker(self.node, |breaker| breaker.forget(self.permit));
        }
    }
}

impl Guard {
    pub(crate) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, policy: BreakerPolicy, most_dirty: usize) -> Self {
        Self {
            store,
            clock,
            policy,
            breakers: Mutex::new(Vec::new()),
            dirty: Mutex::new(DirtySet::new(most_dirty)),
            watermarks: Mutex::new(Vec::new()),
            identities: Mutex::new(Vec::new()),
            watermark: AtomicU32::new(0),
            owed_watermark: AtomicU32::new(0),
        }
    }

    fn with_breaker<T>(&self, node: usize, ask: impl FnOnce(&mut Breaker) -> T) -> T {
        let mut breakers = lock(&self.breakers);
        while breakers.len() <= node {
            breakers.push(Breaker::new(self.policy));
        }
        ask(&mut breakers[node])
    }

    /// Sends one call, if the breaker lets it, and waits for it no longer than `deadline`.
    pub(crate) async fn call<T>(
        &self,
        node: usize,
        deadline: Duration,
        call: StoreFuture<'_, T>,
    ) -> Result<T, StoreError> {
        let permit = self.with_breaker(node, |breaker| breaker.ask(self.clock.steady_ms()));
        if permit == Permit::Refused {
            return Err(StoreError::HeldBack);
        }
        let mut outstanding = Outstanding { guard: self, node, permit, reported: false };
        let began = Instant::now();
        let answer = tokio::time::timeout(deadline, call).await.unwrap_or(Err(StoreError::TimedOut(deadline)));
        outstanding.reported = true;
        // A refused command is an answer: the node is well.
        let failed = matches!(answer, Err(StoreError::TimedOut(_) | StoreError::Unreachable(_) | StoreError::HeldBack));
        self.with_breaker(node, |breaker| breaker.report(permit, began.elapsed(), failed, self.clock.steady_ms()));
        answer
    }

    /// Whether the store's answer for `key` may be older than an invalidation that it has not received.
    pub(crate) fn distrusts(&self, key: &str) -> bool {
        let dirty = lock(&self.dirty);
        !dirty.is_empty() && dirty.distrusts(key)
    }

    /// What was written at or before this server second is not served as fresh.
    pub(crate) fn watermark(&self, node: usize) -> u32 {
        let own = lock(&self.watermarks).get(node).copied().unwrap_or(0);
        own.max(self.watermark.load(Ordering::Relaxed))
    }

    /// Remembers an invalidation that did not reach the store.
    pub(crate) fn owe(&self, key: &str, how: Invalidation) {
        let mut dirty = lock(&self.dirty);
        dirty.add(key, how);
        if dirty.overflowed() {
            self.owed_watermark.fetch_max(self.server_seconds(), Ordering::Relaxed);
        }
        metrics::gauge!("cache_dirty_keys").set(small(dirty.len()));
    }

    pub(crate) fn owed(&self) -> usize {
        let dirty = lock(&self.dirty);
        dirty.len() + usize::from(dirty.overflowed())
    }

    /// Whether more is owed than could be remembered by key.
    pub(crate) fn overflowed(&self) -> bool {
        lock(&self.dirty).overflowed()
    }

    fn server_seconds(&self) -> u32 {
        u32::try_from(self.store.now() / 1000).unwrap_or(u32::MAX)
    }

    /// Sends what is owed. To be called often; returns the keys that are clean now.
    pub(crate) async fn replay(&self, deadline: Duration) -> Vec<String> {
        let mut done = Vec::new();
        loop {
            let batch = lock(&self.dirty).batch(REPLAY);
            if batch.is_empty() {
                break;
            }
            for (key, owed) in batch {
                let node = self.store.node(&key);
                if self.call(node, deadline, self.store.invalidate(&key, owed.how, None)).await.is_err() {
                    return done;
                }
                let mut dirty = lock(&self.dirty);
                dirty.done(&key, owed.ticket);
                metrics::gauge!("cache_dirty_keys").set(small(dirty.len()));
                drop(dirty);
                done.push(key);
            }
        }
        let overflowed = lock(&self.dirty).overflowed();
        if overflowed {
            let seconds = self.owed_watermark.load(Ordering::Relaxed);
            if self.call(0, deadline, self.store.raise_watermark(seconds)).await.is_ok() {
                self.watermark.fetch_max(seconds, Ordering::Relaxed);
                lock(&self.dirty).forgive_overflow();
            }
        }
        done
    }

    /// Asks the nodes who they are, and distrusts what was written before a node changed.
    pub(crate) async fn inspect(&self, deadline: Duration) {
        let Ok(Ok(info)) = tokio::time::timeout(deadline, self.store.info()).await else { return };
        self.watermark.fetch_max(info.watermark, Ordering::Relaxed);
        let now = self.server_seconds();
        let mut known = lock(&self.identities);
        let mut watermarks = lock(&self.watermarks);
        let nodes = info.identities.len().max(known.len());
        known.resize(nodes, None);
        watermarks.resize(nodes, 0);
        for (node, identity) in info.identities.into_iter().enumerate() {
            let Some(identity) = identity else { continue };
            if known[node].as_ref().is_some_and(|before| *before != identity) {
                tracing::warn!(node, "a cache node was restarted or replaced: what was written before is refreshed");
                watermarks[node] = now;
            }
            known[node] = Some(identity);
        }
        drop((known, watermarks));
        for node in 0..self.store.nodes() {
            let state = self.breaker(node);
            let number = match state {
                BreakerState::Closed => 0.0,
                BreakerState::HalfOpen => 1.0,
                BreakerState::Open => 2.0,
            };
            metrics::gauge!("cache_breaker_state", "node" => node.to_string()).set(number);
        }
    }

    pub(crate) fn breaker(&self, node: usize) -> BreakerState {
        let now = self.clock.steady_ms();
        self.with_breaker(node, |breaker| breaker.state(now))
    }

    /// Milliseconds of the server's clock.
    pub(crate) fn now(&self) -> u64 {
        self.store.now()
    }

    /// This much later by the server's clock.
    pub(crate) fn after(&self, duration: Duration) -> u64 {
        self.now().saturating_add(millis(duration))
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge")]
fn small(number: usize) -> f64 {
    number as f64
}
