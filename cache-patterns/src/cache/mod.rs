//! The cache handle.

mod builder;
mod entry;
mod invalidate;
mod lead;
mod limits;
mod load;
mod many;
mod read;
mod warm;
mod write;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::AbortHandle;

pub use self::builder::Builder;
pub use self::entry::{Cached, Source};
pub use self::invalidate::{Invalidated, Invalidator};
pub use self::limits::Limits;
pub use self::load::LoadContext;
pub use self::warm::Warmed;
pub use self::write::{Committed, WriteError, Writer, Written, WrittenTo};
use crate::breaker::BreakerState;
use crate::bus::{Copies, Publisher};
use crate::entity::CacheEntity;
use crate::flight::Flights;
use crate::guard::Guard;
use crate::local::Local;
use crate::observe::{Meters, Stats};
use crate::store::Store;

/// A cache: a store, the copies and loads of this process, and a bus to others. Clones are the same cache.
///
/// Nothing in it is global: two caches over two stores do not meet. All methods need a tokio runtime.
#[derive(Clone)]
pub struct Cache {
    inner: Arc<Inner>,
}

/// How often is looked whether loads are under way, before the end.
const IDLE: Duration = Duration::from_millis(5);

/// The result of a load, whatever its types.
type Erased = Arc<dyn Any + Send + Sync>;

struct Inner {
    guard: Guard,
    local: Local,
    flights: Arc<Flights<Erased>>,
    limits: Limits,
    meters: Meters,
    publisher: Option<Publisher>,
    loads: Semaphore,
    loads_without_store: Semaphore,
    origin: u64,
    tasks: std::sync::OnceLock<Vec<AbortHandle>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.tasks.get().into_iter().flatten().for_each(AbortHandle::abort);
    }
}

impl Copies for Inner {
    fn dropped(&self, keys: &[String]) {
        for key in keys {
            self.flights.supersede(key);
            self.local.drop_copy(key);
        }
    }

    fn dropped_all(&self) {
        self.flights.supersede_all();
        self.local.drop_all();
    }

    fn trusted_for(&self, millis: Option<u64>) {
        self.local.trust(millis);
    }

    fn is_own(&self, origin: u64) -> bool {
        origin == self.origin
    }
}

impl Cache {
    /// A cache over `store`, to be completed by [`Builder::build`].
    pub fn builder(store: impl Store) -> Builder {
        Builder::new(Arc::new(store))
    }

    /// A cache over a store that others hold as well.
    pub fn builder_shared(store: Arc<dyn Store>) -> Builder {
        Builder::new(store)
    }

    /// Reads, hits and loads of one entity so far.
    #[must_use]
    pub fn stats_of<E: CacheEntity>(&self) -> Stats {
        self.inner.meters.stats_of::<E>()
    }

    /// Reads, hits and loads of all entities so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.inner.meters.stats()
    }

    /// The state of a node's breaker.
    #[must_use]
    pub fn breaker(&self, node: usize) -> BreakerState {
        self.inner.guard.breaker(node)
    }

    /// Invalidations that could not reach the store yet.
    #[must_use]
    pub fn owed_invalidations(&self) -> usize {
        self.inner.guard.owed()
    }

    /// Waits until no load is under way here: to be awaited before the process ends.
    ///
    /// Callers have their value before the store has it. A process that ends in between leaves its lease behind, and
    /// the others wait for that to end before they load again.
    pub async fn idle(&self) {
        while !self.inner.flights.is_empty() {
            tokio::time::sleep(IDLE).await;
        }
    }

    /// Whether local copies are served: the bus was heard within its time.
    #[must_use]
    pub fn trusts_local_copies(&self) -> bool {
        self.inner.local.on() && self.inner.local.trusted()
    }
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
