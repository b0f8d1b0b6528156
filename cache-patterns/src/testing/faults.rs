//! A store that fails, hangs or is slow on demand.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;

use crate::slot::{Acquired, Filled, Invalidation, Settled, Settlement, Want};
use crate::store::{Confirm, Info, Store, StoreError, StoreFuture, Token};
use crate::sync::{Mutex, lock};

/// What a [`FaultStore`] does to its calls. Clones are the same switch.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    state: Arc<Mutex<State>>,
    calls: Arc<AtomicU64>,
    stopped: Arc<AtomicBool>,
}

#[derive(Debug, Clone, Copy, Default)]
struct State {
    delay: Duration,
    late: Duration,
    down: bool,
    hangs: bool,
    /// Answers are lost after the call was carried out.
    mute: bool,
    /// The call with this number fails, carried out or not.
    cut: Option<(u64, bool)>,
    /// The call with this number never ends.
    stop: Option<(u64, bool)>,
    /// Calls on behalf of a caller: without the questions that a cache asks by itself.
    number: u64,
}

impl Faults {
    /// Every call fails at once.
    pub fn down(&self, down: bool) {
        lock(&self.state).down = down;
    }

    /// Every call waits for ever, and is not carried out.
    pub fn hang(&self, hangs: bool) {
        lock(&self.state).hangs = hangs;
    }

    /// Every call is carried out, and its answer lost.
    pub fn mute(&self, mute: bool) {
        lock(&self.state).mute = mute;
    }

    /// The `nth` call from here on, beginning with 1, fails as it does when the connection is cut: before the store was
    /// told (`carried_out` is false), or on the way of the answer.
    pub fn cut(&self, nth: u64, carried_out: bool) {
        let mut state = lock(&self.state);
        state.cut = Some((state.number + nth, carried_out));
    }

    /// The `nth` call from here on, beginning with 1, never ends: before the store was told, or after. For processes that
    /// are killed there.
    pub fn stop(&self, nth: u64, carried_out: bool) {
        let mut state = lock(&self.state);
        state.stop = Some((state.number + nth, carried_out));
    }

    /// Whether a call has met [`Faults::stop`].
    #[must_use]
    pub fn has_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    async fn stopped(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        std::future::pending().await
    }

    /// What is to be done to the next call, and its number; 0: one that is not counted.
    fn next(&self, counted: bool) -> (State, u64) {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let mut state = lock(&self.state);
        state.number += u64::from(counted);
        (*state, if counted { state.number } else { 0 })
    }

    /// Every call takes this much longer.
    pub fn delay(&self, delay: Duration) {
        lock(&self.state).delay = delay;
    }

    /// Every call is carried out at once, and its answer takes this long.
    pub fn late(&self, late: Duration) {
        lock(&self.state).late = late;
    }

    /// Calls that reached the store so far, failed ones included.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }
}

/// A store in front of another one that does what its [`Faults`] say.
pub struct FaultStore<S> {
    store: S,
    faults: Faults,
}

impl<S: Store> FaultStore<S> {
    /// In front of `store`, without a fault at first.
    pub fn new(store: S) -> (Self, Faults) {
        let faults = Faults::default();
        (Self { store, faults: faults.clone() }, faults)
    }

    fn pass<'a, T: Send + 'a>(
        &'a self,
        call: impl FnOnce(&'a S) -> StoreFuture<'a, T> + Send + 'a,
    ) -> StoreFuture<'a, T> {
        self.pass_counted(true, call)
    }

    fn pass_counted<'a, T: Send + 'a>(
        &'a self,
        counted: bool,
        call: impl FnOnce(&'a S) -> StoreFuture<'a, T> + Send + 'a,
    ) -> StoreFuture<'a, T> {
        Box::pin(async move {
            let (state, number) = self.faults.next(counted);
            if !state.delay.is_zero() {
                tokio::time::sleep(state.delay).await;
            }
            if state.hangs {
                std::future::pending::<()>().await;
            }
            if state.down {
                return Err(StoreError::Unreachable("switched off by a test".to_owned()));
            }
            let stop = state.stop.filter(|(stop, _)| *stop == number);
            if stop.is_some_and(|(_, carried_out)| !carried_out) {
                self.faults.stopped().await;
            }
            let cut = state.cut.filter(|(cut, _)| *cut == number);
            let unreachable = || Err(StoreError::Unreachable("cut by a test".to_owned()));
            if cut.is_some_and(|(_, carried_out)| !carried_out) {
                return unreachable();
            }
            let answer = call(&self.store).await;
            if stop.is_some() {
                self.faults.stopped().await;
            }
            if cut.is_some() {
                return unreachable();
            }
            if !state.late.is_zero() {
                tokio::time::sleep(state.late).await;
            }
            if state.mute {
                std::future::pending::<()>().await;
            }
            answer
        })
    }
}

impl<S: Store> Store for FaultStore<S> {
    fn get<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Option<Bytes>> {
        self.pass(move |store| store.get(key))
    }

    fn get_many<'a>(&'a self, keys: &'a [String]) -> StoreFuture<'a, Vec<Option<Bytes>>> {
        self.pass(move |store| store.get_many(keys))
    }

    fn acquire<'a>(&'a self, key: &'a str, token: Token, lease: Duration, want: Want) -> StoreFuture<'a, Acquired> {
        self.pass(move |store| store.acquire(key, token, lease, want))
    }

    fn acquire_many<'a>(
        &'a self,
        keys: &'a [(String, Token)],
        lease: Duration,
        want: Want,
    ) -> StoreFuture<'a, Vec<Acquired>> {
        self.pass(move |store| store.acquire_many(keys, lease, want))
    }

    fn fill<'a>(&'a self, key: &'a str, token: Token, bytes: Bytes, ttl: Duration) -> StoreFuture<'a, Filled> {
        self.pass(move |store| store.fill(key, token, bytes, ttl))
    }

    fn fill_many<'a>(&'a self, fills: Vec<(String, Token, Bytes, Duration)>) -> StoreFuture<'a, Vec<Filled>> {
        self.pass(move |store| store.fill_many(fills))
    }

    fn renew<'a>(&'a self, key: &'a str, token: Token, lease: Duration) -> StoreFuture<'a, bool> {
        self.pass(move |store| store.renew(key, token, lease))
    }

    fn release<'a>(&'a self, key: &'a str, token: Token) -> StoreFuture<'a, ()> {
        self.pass(move |store| store.release(key, token))
    }

    fn invalidate<'a>(&'a self, key: &'a str, how: Invalidation, confirm: Option<Confirm>) -> StoreFuture<'a, u32> {
        self.pass(move |store| store.invalidate(key, how, confirm))
    }

    fn fence<'a>(&'a self, key: &'a str, token: Token, budget: Duration) -> StoreFuture<'a, ()> {
        self.pass(move |store| store.fence(key, token, budget))
    }

    fn settle<'a>(&'a self, key: &'a str, token: Option<Token>, how: Settlement) -> StoreFuture<'a, Settled> {
        self.pass(move |store| store.settle(key, token, how))
    }

    fn info(&self) -> StoreFuture<'_, Info> {
        self.pass_counted(false, |store| store.info())
    }

    fn raise_watermark(&self, server_seconds: u32) -> StoreFuture<'_, ()> {
        self.pass(move |store| store.raise_watermark(server_seconds))
    }

    fn now(&self) -> u64 {
        self.store.now()
    }

    fn node(&self, key: &str) -> usize {
        self.store.node(key)
    }

    fn nodes(&self) -> usize {
        self.store.nodes()
    }

    fn shared(&self) -> bool {
        self.store.shared()
    }
}
