//! What can be seen from outside: counters by entity, as metrics and as numbers of their own.
//!
//! Labels are `service`, `entity` and a few words of this module. Never a key: keys are unbounded, and may be secret.

use std::any::TypeId;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

use crate::entity::CacheEntity;
use crate::sync::{Mutex, lock};

/// How a read ended. Every read counts once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    LocalHit,
    StoreHit,
    /// The absence was known.
    Negative,
    /// Served past its TTL.
    Stale,
    /// Loaded, by this caller or by another one that it waited for.
    Miss,
    /// No value.
    Error,
}

/// Reads of one entity, or of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Answered from this process's copies.
    pub local_hits: u64,
    /// Answered from the store.
    pub store_hits: u64,
    /// Answered by a known absence.
    pub negative_hits: u64,
    /// Answered by a value past its TTL.
    pub stale: u64,
    /// Loaded, or waited for a load.
    pub misses: u64,
    /// Ended without a value.
    pub errors: u64,
    /// Calls of loaders.
    pub loads: u64,
    /// Loaded values that the store refused, because the entry was invalidated or written meanwhile.
    pub fills_refused: u64,
    /// Invalidations asked for here.
    pub invalidations: u64,
    /// Stored values of another structure.
    pub shape_mismatches: u64,
}

impl Stats {
    /// All reads.
    #[must_use]
    pub fn reads(&self) -> u64 {
        self.local_hits + self.store_hits + self.negative_hits + self.stale + self.misses + self.errors
    }

    /// The share of reads that needed no load, 0 to 1; 0 before the first read.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a ratio")]
    pub fn hit_ratio(&self) -> f64 {
        let hits = self.local_hits + self.store_hits + self.negative_hits + self.stale;
        if self.reads() == 0 { 0.0 } else { hits as f64 / self.reads() as f64 }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            local_hits: self.local_hits + other.local_hits,
            store_hits: self.store_hits + other.store_hits,
            negative_hits: self.negative_hits + other.negative_hits,
            stale: self.stale + other.stale,
            misses: self.misses + other.misses,
            errors: self.errors + other.errors,
            loads: self.loads + other.loads,
            fills_refused: self.fills_refused + other.fills_refused,
            invalidations: self.invalidations + other.invalidations,
            shape_mismatches: self.shape_mismatches + other.shape_mismatches,
        }
    }
}

/// A number of our own beside the recorder's, so that the hit ratio is there without a recorder.
struct Count {
    own: AtomicU64,
    metric: Counter,
}

impl Count {
    fn new(metric: Counter) -> Self {
        Self { own: AtomicU64::new(0), metric }
    }

    fn add(&self, many: u64) {
        self.own.fetch_add(many, Ordering::Relaxed);
        self.metric.increment(many);
    }

    fn get(&self) -> u64 {
        self.own.load(Ordering::Relaxed)
    }
}

/// The counters of one entity.
pub(crate) struct Meter {
    pub(crate) service: &'static str,
    pub(crate) entity: &'static str,
    local_hits: Count,
    store_hits: Count,
    negative_hits: Count,
    stale: Count,
    misses: Count,
    errors: Count,
    loads: Count,
    load_failures: Counter,
    load_seconds: Histogram,
    refused: Count,
    invalidations: Count,
    shape: Count,
    undecodable: Counter,
    waiters: Gauge,
}

impl Meter {
    fn new<E: CacheEntity>() -> Self {
        let (service, entity) = (E::SERVICE, E::ENTITY);
        let requests = |outcome: &'static str, tier: &'static str| {
            Count::new(
                counter!("cache_requests_total", "service" => service, "entity" => entity, "outcome" => outcome, "tier" => tier),
            )
        };
        let labels = [("service", service), ("entity", entity)];
        Self {
            service,
            entity,
            local_hits: requests("hit", "local"),
            store_hits: requests("hit", "store"),
            negative_hits: requests("negative", "store"),
            stale: requests("stale", "store"),
            misses: requests("miss", "source"),
            errors: requests("error", "source"),
            loads: Count::new(counter!("cache_loads_total", &labels)),
            load_failures: counter!("cache_load_failures_total", &labels),
            load_seconds: histogram!("cache_load_seconds", &labels),
            refused: Count::new(counter!("cache_fills_refused_total", &labels)),
            invalidations: Count::new(counter!("cache_invalidations_total", &labels)),
            shape: Count::new(counter!("cache_shape_mismatch_total", &labels)),
            undecodable: counter!("cache_undecodable_total", &labels),
            waiters: gauge!("cache_waiters", &labels),
        }
    }

    pub(crate) fn read(&self, outcome: Outcome) {
        match outcome {
            Outcome::LocalHit => &self.local_hits,
            Outcome::StoreHit => &self.store_hits,
            Outcome::Negative => &self.negative_hits,
            Outcome::Stale => &self.stale,
            Outcome::Miss => &self.misses,
            Outcome::Error => &self.errors,
        }
        .add(1);
    }

    pub(crate) fn loaded(&self, took: Duration, failed: bool) {
        self.loads.add(1);
        self.load_seconds.record(took.as_secs_f64());
        if failed {
            self.load_failures.increment(1);
        }
    }

    pub(crate) fn refused(&self) {
        self.refused.add(1);
    }

    pub(crate) fn invalidated(&self) {
        self.invalidations.add(1);
    }

    pub(crate) fn shape_mismatch(&self) {
        self.shape.add(1);
    }

    pub(crate) fn undecodable(&self) {
        self.undecodable.increment(1);
    }

    /// Counts a waiting caller for as long as the guard lives.
    pub(crate) fn waiting(&self) -> Waiting<'_> {
        self.waiters.increment(1.0);
        Waiting(&self.waiters)
    }

    fn stats(&self) -> Stats {
        Stats {
            local_hits: self.local_hits.get(),
            store_hits: self.store_hits.get(),
            negative_hits: self.negative_hits.get(),
            stale: self.stale.get(),
            misses: self.misses.get(),
            errors: self.errors.get(),
            loads: self.loads.get(),
            fills_refused: self.refused.get(),
            invalidations: self.invalidations.get(),
            shape_mismatches: self.shape.get(),
        }
    }
}

pub(crate) struct Waiting<'a>(&'a Gauge);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

/// The meters of a cache.
#[derive(Default)]
pub(crate) struct Meters {
    /// Replaced when an entity is seen for the first time, so that reading it takes no lock.
    by_type: ArcSwap<ByType>,
    growing: Mutex<()>,
}

type ByType = HashMap<TypeId, Arc<Meter>, BuildHasherDefault<OfType>>;

/// A `TypeId` is a hash already.
#[derive(Default)]
struct OfType(u64);

impl Hasher for OfType {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, id: u64) {
        self.0 = id;
    }
}

impl Meters {
    pub(crate) fn of<E: CacheEntity>(&self) -> Arc<Meter> {
        self.with::<E, _>(Arc::clone)
    }

    /// Without counting a reference: on the way of a hit every count that all threads share is paid for.
    pub(crate) fn with<E: CacheEntity, T>(&self, ask: impl FnOnce(&Arc<Meter>) -> T) -> T {
        let id = TypeId::of::<E>();
        if let Some(meter) = self.by_type.load().get(&id) {
            return ask(meter);
        }
        let _growing = lock(&self.growing);
        let known = self.by_type.load_full();
        if let Some(meter) = known.get(&id) {
            return ask(meter);
        }
        let meter = Arc::new(Meter::new::<E>());
        let mut more = (*known).clone();
        more.insert(id, Arc::clone(&meter));
        self.by_type.store(Arc::new(more));
        ask(&meter)
    }

    pub(crate) fn stats_of<E: CacheEntity>(&self) -> Stats {
        self.of::<E>().stats()
    }

    pub(crate) fn stats(&self) -> Stats {
        self.by_type.load().values().map(|meter| meter.stats()).fold(Stats::default(), Stats::plus)
    }
}

/// Names and help texts of the metrics, for exporters that show them. Called by the cache's builder.
pub(crate) fn describe() {
    use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
    describe_counter!("cache_requests_total", "Reads by outcome (hit, negative, stale, miss, error) and tier");
    describe_counter!("cache_loads_total", "Calls of loaders");
    describe_counter!("cache_load_failures_total", "Loads that failed, timed out or panicked");
    describe_histogram!("cache_load_seconds", Unit::Seconds, "Time of a load");
    describe_counter!("cache_fills_refused_total", "Loaded values refused because the entry changed meanwhile");
    describe_counter!("cache_invalidations_total", "Invalidations asked for by this process");
    describe_counter!("cache_shape_mismatch_total", "Stored values of another structure");
    describe_counter!("cache_undecodable_total", "Stored values that do not decode");
    describe_gauge!("cache_waiters", "Callers that wait for a load");
    describe_counter!("cache_bus_messages_total", "Invalidation messages received");
    describe_counter!("cache_bus_gap_total", "Times that invalidation messages were missed and local copies dropped");
    describe_histogram!("cache_bus_lag_seconds", Unit::Seconds, "Age of invalidation messages on arrival");
    describe_gauge!("cache_bus_trusted", "1: local copies are served; 0: the bus is silent and they are bypassed");
    describe_gauge!("cache_breaker_state", "0 closed, 1 half open, 2 open");
    describe_gauge!("cache_dirty_keys", "Invalidations that the store still owes");
    describe_counter!(
        "cache_unconfirmed_writes_total",
        "Strict invalidations that fewer replicas confirmed than asked"
    );
    describe_gauge!("cache_outbox_lag_seconds", Unit::Seconds, "Age of the oldest record that is not delivered");
    describe_counter!("cache_outbox_delivered_total", "Records of the outbox that were delivered");
}
