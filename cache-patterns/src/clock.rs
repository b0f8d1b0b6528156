//! Time, injected everywhere, so that tests need not sleep.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Where the time comes from.
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since 1970: comparable between processes, may jump.
    fn wall_ms(&self) -> u64;

    /// Milliseconds since some start: never goes back, only comparable within the process.
    fn steady_ms(&self) -> u64;
}

/// The machine's clocks. Under tokio's paused time both follow it.
#[derive(Debug, Clone)]
pub struct SystemClock {
    start: Instant,
    wall_at_start: u64,
}

impl SystemClock {
    /// The clocks from now on.
    #[must_use]
    pub fn new() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { start: Instant::now(), wall_at_start: millis(wall) }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn wall_ms(&self) -> u64 {
        // From the steady clock: a wall clock that jumps must not make leases end early within this process.
        self.wall_at_start.saturating_add(self.steady_ms())
    }

    fn steady_ms(&self) -> u64 {
        millis(self.start.elapsed())
    }
}

/// A clock that stands still until it is told otherwise. Clones share their time.
#[derive(Debug, Clone, Default)]
pub struct ManualClock {
    ms: Arc<AtomicU64>,
}

impl ManualClock {
    /// A clock that shows this many milliseconds.
    #[must_use]
    pub fn at(ms: u64) -> Self {
        Self { ms: Arc::new(AtomicU64::new(ms)) }
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.ms.fetch_add(millis(by), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn wall_ms(&self) -> u64 {
        self.ms.load(Ordering::SeqCst)
    }

    fn steady_ms(&self) -> u64 {
        self.ms.load(Ordering::SeqCst)
    }
}

pub(crate) fn millis(duration: Duration) -> u64 {
    // Not by `as_millis`: 128 bits would be a tenth of the way of a local hit.
    duration.as_secs().saturating_mul(1000).saturating_add(u64::from(duration.subsec_millis()))
}
