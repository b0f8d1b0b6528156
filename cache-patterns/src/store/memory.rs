//! The store inside the process: the default, for one process without a server.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use quick_cache::sync::Cache as Slots;

use super::{Acquired, Confirm, Filled, Info, Invalidation, Settled, Settlement, Store, StoreFuture, Token, Want};
use crate::clock::{Clock, SystemClock};
use crate::slot::{self, Stored};

/// Locks that make an operation on one slot atomic.
const LOCKS: usize = 256;

/// A bounded store in this process's memory. Clones share their slots.
#[derive(Clone)]
pub struct MemoryStore {
    inner: Arc<Inner>,
}

struct Inner {
    slots: Slots<String, Stored>,
    locks: Vec<Mutex<()>>,
    hasher: RandomState,
    clock: Arc<dyn Clock>,
    watermark: AtomicU32,
}

impl MemoryStore {
    /// A store of at most about `entries` entries; the ones that are used least give way.
    #[must_use]
    pub fn new(entries: usize) -> Self {
        Self::with_clock(entries, Arc::new(SystemClock::new()))
    }

    /// The same with a clock of your own.
    #[must_use]
    pub fn with_clock(entries: usize, clock: Arc<dyn Clock>) -> Self {
        Self {
            inner: Arc::new(Inner {
                slots: Slots::new(entries.max(1)),
                locks: (0..LOCKS).map(|_| Mutex::new(())).collect(),
                hasher: RandomState::new(),
                clock,
                watermark: AtomicU32::new(0),
            }),
        }
    }

    /// Removes an entry as a full store would, without the meaning of an invalidation.
    pub fn evict(&self, key: &str) {
        let _lock = self.inner.lock(key);
        self.inner.slots.remove(key);
    }

    /// The bytes of a slot that has not expired.
    #[must_use]
    pub fn peek(&self, key: &str) -> Option<Bytes> {
        let now = self.inner.clock.wall_ms();
        self.inner.slots.get(key).filter(|stored| now < stored.expires).map(|stored| stored.bytes)
    }

    /// Puts any bytes into a slot: for tests of what foreign bytes do.
    pub fn put_raw(&self, key: &str, bytes: impl Into<Bytes>, ttl: Duration) {
        let _lock = self.inner.lock(key);
        let millis = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        let expires = self.inner.clock.wall_ms().saturating_add(millis);
        self.inner.slots.insert(key.to_owned(), Stored { bytes: bytes.into(), expires });
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new(100_000)
    }
}

impl Inner {
    fn lock(&self, key: &str) -> MutexGuard<'_, ()> {
        let at = usize::try_from(self.hasher.hash_one(key) % LOCKS as u64).unwrap_or(0);
        // Nothing is left half done under the lock, so a panic elsewhere did no harm.
        self.locks[at].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, key: &str, change: impl FnOnce(&mut Option<Stored>, u64) -> T) -> T {
        let _lock = self.lock(key);
        let before = self.slots.get(key);
        let had = before.is_some();
        let mut slot = before;
        let answer = change(&mut slot, self.clock.wall_ms());
        match slot {
            Some(stored) => self.slots.insert(key.to_owned(), stored),
            None if had => {
                self.slots.remove(key);
            }
            None => {}
        }
        answer
    }
}

fn ready<'a, T: Send + 'a>(answer: T) -> StoreFuture<'a, T> {
    Box::pin(std::future::ready(Ok(answer)))
}

impl Store for MemoryStore {
    fn get<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Option<Bytes>> {
        ready(self.peek(key))
    }

    fn get_many<'a>(&'a self, keys: &'a [String]) -> StoreFuture<'a, Vec<Option<Bytes>>> {
        ready(keys.iter().map(|key| self.peek(key)).collect())
    }

    fn acquire<'a>(&'a self, key: &'a str, token: Token, lease: Duration, want: Want) -> StoreFuture<'a, Acquired> {
        ready(self.inner.change(key, |slot, now| slot::acquire(slot, token, lease, want, now)))
    }

    fn acquire_many<'a>(
        &'a self,
        keys: &'a [(String, Token)],
        lease: Duration,
        want: Want,
    ) -> StoreFuture<'a, Vec<Acquired>> {
        let acquire = |(key, token): &(String, Token)| {
            self.inner.change(key, |slot, now| slot::acquire(slot, *token, lease, want, now))
        };
        ready(keys.iter().map(acquire).collect())
    }

    fn fill<'a>(&'a self, key: &'a str, token: Token, bytes: Bytes, ttl: Duration) -> StoreFuture<'a, Filled> {
        ready(self.inner.change(key, |slot, now| slot::fill(slot, token, &bytes, ttl, now)))
    }

    fn fill_many<'a>(&'a self, fills: Vec<(String, Token, Bytes, Duration)>) -> StoreFuture<'a, Vec<Filled>> {
        let fill = |(key, token, bytes, ttl): &(String, Token, Bytes, Duration)| {
            self.inner.change(key, |slot, now| slot::fill(slot, *token, bytes, *ttl, now))
        };
        ready(fills.iter().map(fill).collect())
    }

    fn renew<'a>(&'a self, key: &'a str, token: Token, lease: Duration) -> StoreFuture<'a, bool> {
        ready(self.inner.change(key, |slot, now| slot::renew(slot, token, lease, now)))
    }

    fn release<'a>(&'a self, key: &'a str, token: Token) -> StoreFuture<'a, ()> {
        self.inner.change(key, |slot, now| slot::release(slot, token, now));
        ready(())
    }

    fn invalidate<'a>(&'a self, key: &'a str, how: Invalidation, _confirm: Option<Confirm>) -> StoreFuture<'a, u32> {
        self.inner.change(key, |slot, now| slot::invalidate(slot, how, now));
        ready(0)
    }

    fn fence<'a>(&'a self, key: &'a str, token: Token, budget: Duration) -> StoreFuture<'a, ()> {
        self.inner.change(key, |slot, now| slot::fence(slot, token, budget, now));
        ready(())
    }

    fn settle<'a>(&'a self, key: &'a str, token: Option<Token>, how: Settlement) -> StoreFuture<'a, Settled> {
        ready(self.inner.change(key, |slot, now| slot::settle(slot, token, &how, now)))
    }

    fn info(&self) -> StoreFuture<'_, Info> {
        let watermark = self.inner.watermark.load(Ordering::Relaxed);
        ready(Info { identities: vec![Some("memory".to_owned())], watermark })
    }

    fn raise_watermark(&self, server_seconds: u32) -> StoreFuture<'_, ()> {
        self.inner.watermark.fetch_max(server_seconds, Ordering::Relaxed);
        ready(())
    }

    fn now(&self) -> u64 {
        self.inner.clock.wall_ms()
    }

    fn shared(&self) -> bool {
        false
    }
}
