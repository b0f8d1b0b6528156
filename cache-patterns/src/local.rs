//! Copies in this process: decoded values that are served while nothing invalidated their stripe.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::Cache as Container;
use xxhash_rust::xxh3::xxh3_64;

use crate::clock::Clock;
use crate::epochs::{Epochs, Stamp};

/// A copy, of whatever type.
#[derive(Clone)]
struct Copy {
    value: Arc<dyn Any + Send + Sync>,
    hash: u64,
    stamp: Stamp,
    /// Milliseconds of the steady clock.
    made: u64,
    /// The same.
    until: u64,
}

/// The copies of one cache.
pub(crate) struct Local {
    copies: Option<Container<String, Copy>>,
    epochs: Epochs,
    clock: Arc<dyn Clock>,
    /// Until then nothing can have been missed; milliseconds of the steady clock.
    trusted_until: AtomicU64,
}

/// Taken before the store is read; what is read after may be kept under it.
#[derive(Clone, Copy)]
pub(crate) struct Ticket {
    hash: u64,
    stamp: Stamp,
}

impl Local {
    /// Room for `entries` copies; 0: none are kept. Without a bus they are always trusted.
    pub(crate) fn new(entries: usize, clock: Arc<dyn Clock>, trusted: bool) -> Self {
        Self {
            copies: (entries > 0).then(|| Container::new(entries)),
            epochs: Epochs::new(),
            clock,
            trusted_until: AtomicU64::new(if trusted { u64::MAX } else { 0 }),
        }
    }

    pub(crate) fn on(&self) -> bool {
        self.copies.is_some()
    }

    /// The copy, and how many milliseconds ago it was made.
    pub(crate) fn get<T: Send + Sync + 'static>(&self, key: &str) -> Option<(Arc<T>, u64)> {
        let now = self.clock.steady_ms();
        if now >= self.trusted_until.load(Ordering::Acquire) {
            return None;
        }
        let copy = self.copies.as_ref()?.get(key)?;
        let good = now < copy.until && self.epochs.holds(copy.hash, copy.stamp);
        if good { Some((copy.value.downcast().ok()?, now.saturating_sub(copy.made))) } else { None }
    }

    pub(crate) fn ticket(&self, key: &str) -> Ticket {
        if !self.on() {
            // Nothing will be kept under it.
            return Ticket { hash: 0, stamp: self.epochs.stamp(0) };
        }
        let hash = xxh3_64(key.as_bytes());
        Ticket { hash, stamp: self.epochs.stamp(hash) }
    }

    /// Keeps `value` for `millis`, unless something was invalidated since the ticket was taken.
    pub(crate) fn put<T: Send + Sync + 'static>(&self, key: &str, ticket: Ticket, value: Arc<T>, millis: u64) {
        let Some(copies) = &self.copies else { return };
        if millis > 0 && self.epochs.holds(ticket.hash, ticket.stamp) {
            let made = self.clock.steady_ms();
            let copy = Copy { value, hash: ticket.hash, stamp: ticket.stamp, made, until: made.saturating_add(millis) };
            copies.insert(key.to_owned(), copy);
        }
    }

    /// The entry was invalidated. To be called after the store was changed.
    pub(crate) fn drop_copy(&self, key: &str) {
        self.epochs.bump(xxh3_64(key.as_bytes()));
        if let Some(copies) = &self.copies {
            copies.remove(key);
        }
    }

    /// Anything may have been invalidated.
    pub(crate) fn drop_all(&self) {
        self.epochs.bump_all();
    }

    /// The bus was heard: copies are good until `millis` from now. `None`: not at all, until it is heard again.
    pub(crate) fn trust(&self, millis: Option<u64>) {
        let until = millis.map_or(0, |millis| self.clock.steady_ms().saturating_add(millis));
        self.trusted_until.store(until, Ordering::Release);
    }

    pub(crate) fn trusted(&self) -> bool {
        self.clock.steady_ms() < self.trusted_until.load(Ordering::Acquire)
    }
}
