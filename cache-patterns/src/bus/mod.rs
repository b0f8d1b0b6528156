//! How invalidations reach the local copies of other processes, and how it is noticed that some did not.

mod process;
mod receiver;
#[cfg(feature = "redis")]
mod redis;

use std::time::Duration;

use tokio::sync::mpsc;

pub use self::process::ProcessBus;
pub(crate) use self::receiver::{Copies, Publisher, receive};
#[cfg(feature = "redis")]
pub use self::redis::RedisBus;
use crate::store::StoreFuture;

/// Keys that were invalidated together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Who invalidated them; the sender ignores its own.
    pub origin: u64,
    /// When, wall milliseconds of the sender: for the lag metric only.
    pub at_ms: u64,
    /// The keys.
    pub keys: Vec<String>,
}

/// What a driver hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BusEvent {
    /// The subscription stands, and *after* that the counter was read.
    Connected {
        /// The last number that was given out.
        counter: u64,
    },
    /// A notice with its number.
    Notice {
        /// Numbers grow by one.
        number: u64,
        /// What was invalidated.
        notice: Notice,
    },
    /// The last number that was given out, repeated.
    Heartbeat {
        /// See there.
        number: u64,
    },
    /// The connection is gone; the driver tries again by itself.
    Lost,
    /// Messages may have been missed whatever the numbers say: dropped on this side, or numbered by another server.
    Overrun,
}

/// A channel of invalidations. The driver sends, receives and reconnects; what a missed message means is decided in one
/// place for all drivers.
pub trait Bus: Send + Sync + 'static {
    /// Gives out the next number and sends `notice` with it. The number.
    fn publish(&self, notice: Notice) -> StoreFuture<'_, u64>;

    /// Receives for ever, reconnecting as needed. Ends when `events` is closed.
    fn listen(&self, events: mpsc::Sender<BusEvent>) -> StoreFuture<'_, ()>;

    /// The notices `from`, `from + 1`, … `to`, if the driver keeps them; `None` when it does not, or not all of them.
    fn replay(&self, from: u64, to: u64) -> StoreFuture<'_, Option<Vec<Notice>>> {
        let _ = (from, to);
        Box::pin(std::future::ready(Ok(None)))
    }

    /// After how long without a message local copies are not to be trusted; `None`: the driver cannot fall silent.
    fn silence(&self) -> Option<Duration>;
}
