//! How a cache is put together.

use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use tokio::sync::Semaphore;

use super::{Cache, Inner, Limits};
use crate::bus::{Bus, Copies as _, Publisher, receive};
use crate::clock::{Clock, SystemClock};
use crate::error::BuildError;
use crate::flight::Flights;
use crate::guard::Guard;
use crate::local::Local;
use crate::observe::{self, Meters};
use crate::store::Store;

/// How often owed invalidations are replayed.
const REPLAY: Duration = Duration::from_millis(100);
/// How often the nodes are asked who they are, in replays.
const INSPECT: u32 = 10;

/// Settings of a cache. See [`Cache::builder`].
#[must_use = "nothing is built before `build().await`"]
pub struct Builder {
    store: Arc<dyn Store>,
    local: usize,
    bus: Option<Arc<dyn Bus>>,
    limits: Limits,
    clock: Option<Arc<dyn Clock>>,
}

impl Builder {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, local: 0, bus: None, limits: Limits::default(), clock: None }
    }

    /// Keeps up to `entries` decoded copies in this process, for entities that state a `LOCAL` time.
    ///
    /// Over a store that other processes write to, a bus is needed as well: only it can tell that a copy is old.
    pub fn local(mut self, entries: usize) -> Self {
        self.local = entries;
        self
    }

    /// The bus that carries invalidations to and from other processes.
    pub fn bus(mut self, bus: impl Bus) -> Self {
        self.bus = Some(Arc::new(bus));
        self
    }

    /// Deadlines and bounds.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// A clock of your own, for tests. The store has one as well.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// The cache. Asks the store who it is, but does not fail when it does not answer: the service starts, and loads
    /// from the source.
    ///
    /// # Errors
    /// When a setting cannot work; the error names it.
    pub async fn build(self) -> Result<Cache, BuildError> {
        self.limits.check()?;
        if self.local > 0 && self.bus.is_none() && self.store.shared() {
            return Err(BuildError::Setting {
                setting: "local",
                problem: "needs `.bus(…)`, because other processes write to this store and their invalidations would \
                          not reach the local copies"
                    .to_owned(),
            });
        }
        observe::describe();
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock::new()));
        let origin = fastrand::u64(1..);
        let publisher = self
            .bus
            .as_ref()
            .map(|bus| Publisher::start(Arc::clone(bus), origin, Arc::clone(&clock), self.limits.command));
        let inner = Arc::new(Inner {
            guard: Guard::new(self.store, Arc::clone(&clock), self.limits.breaker, self.limits.dirty),
            local: Local::new(self.local, Arc::clone(&clock), self.bus.is_none()),
            flights: Arc::new(Flights::new()),
            loads: Semaphore::new(self.limits.loads.min(Semaphore::MAX_PERMITS)),
            loads_without_store: Semaphore::new(self.limits.loads_without_store.min(Semaphore::MAX_PERMITS)),
            limits: self.limits,
            meters: Meters::default(),
            publisher,
            origin,
            tasks: OnceLock::new(),
        });
        inner.guard.inspect(inner.limits.command).await;
        let mut tasks = vec![tokio::spawn(maintain(Arc::downgrade(&inner))).abort_handle()];
        if let Some(bus) = self.bus {
            tasks.push(tokio::spawn(receive(bus, Arc::downgrade(&inner), clock)).abort_handle());
        }
        // The cell is new.
        let _ = inner.tasks.set(tasks);
        Ok(Cache { inner })
    }
}

/// Replays what is owed and watches the nodes, until the cache is gone.
async fn maintain(inner: Weak<Inner>) {
    let mut round = 0u32;
    loop {
        tokio::time::sleep(REPLAY).await;
        round = round.wrapping_add(1);
        let Some(inner) = inner.upgrade() else { return };
        let deadline = inner.limits.command;
        if inner.guard.owed() > 0 {
            let replayed = inner.guard.replay(deadline).await;
            if let Some(publisher) = inner.publisher.as_ref().filter(|_| !replayed.is_empty()) {
                // On an error the publisher says them again by itself.
                let _ = publisher.publish(replayed).await;
            }
        }
        if round.is_multiple_of(INSPECT) && inner.guard.inspect(deadline).await {
            // Copies were made of what is distrusted now, and the numbers of the bus may have gone back with the data.
            inner.dropped_all();
        }
    }
}
