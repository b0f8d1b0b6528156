//! Single-flight within the process: one load per key, whose callers may come and go. Pure but for the waking of tasks;
//! runs unchanged under the model checker.
//!
//! The load itself runs in a task of its own, so that no caller's cancellation hurts another. A flight has two ends:
//! its value is *published* when the source has answered, and it is *settled* when it is known whether the store took
//! the value.
//!
//! Who may have the value depends on when they joined, for a caller must not be given what was invalidated before it
//! came, by whatever process. The task [marks](Flight::mark) the moment before it asks the source or the store. What the
//! source answers is good for those who joined before it was asked. That the store took the value shows that nothing was
//! invalidated until then, so it is good for those as well who joined before the store was sent it. Whoever joined
//! after that asks again: the answer may be on its way for long, and another process may have invalidated the entry since.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use xxhash_rust::xxh3::xxh3_64;

use crate::sync::{AtomicUsize, Mutex, Ordering, lock};

/// Parts of the table, each under its own lock.
const SHARDS: usize = 64;

/// A point in the course of a flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(usize);

impl Moment {
    /// Before which everybody has joined, whenever they did: for what is as true for those who came late.
    pub const END: Self = Self(usize::MAX);
    /// Before which nobody has joined: for what is known of nobody.
    pub const START: Self = Self(0);
}

/// How a flight ended for one caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Landing<R> {
    /// With this value or error.
    Value(R),
    /// With a value that may be older than this caller's arrival: ask again.
    Retry,
    /// Without an answer: the task was dropped.
    Abandoned,
}

#[derive(Debug)]
struct State<R> {
    value: Option<R>,
    /// Who joined before may have the value.
    until: Moment,
    settled: bool,
    abandoned: bool,
    wakers: Vec<Option<Waker>>,
}

/// One load under way.
#[derive(Debug)]
pub struct Flight<R> {
    state: Mutex<State<R>>,
    now: AtomicUsize,
    waiting: AtomicUsize,
}

impl<R: Clone> Flight<R> {
    fn new() -> Self {
        let state = State { value: None, until: Moment::START, settled: false, abandoned: false, wakers: Vec::new() };
        Self { state: Mutex::new(state), now: AtomicUsize::new(0), waiting: AtomicUsize::new(0) }
    }

    /// To be called right before the source or the store is asked: what they answer may be older than the arrival of
    /// those who join from here on.
    pub fn mark(&self) -> Moment {
        Moment(self.now.fetch_add(1, Ordering::SeqCst) + 1)
    }

    /// The source has answered, or the store with what another process loaded; it was asked at `asked`.
    pub fn publish(&self, value: R, asked: Moment) {
        let mut state = lock(&self.state);
        state.value = Some(value);
        state.until = state.until.max(asked);
        wake(state);
    }

    fn settle(&self, until: Moment) {
        let mut state = lock(&self.state);
        state.settled = true;
        state.until = state.until.max(until);
        wake(state);
    }

    fn abandon(&self) {
        let mut state = lock(&self.state);
        if !state.settled {
            state.abandoned = true;
            wake(state);
        }
    }
}

fn wake<R>(mut state: crate::sync::MutexGuard<'_, State<R>>) {
    let wakers: Vec<Waker> = state.wakers.iter_mut().filter_map(Option::take).collect();
    drop(state);
    wakers.into_iter().for_each(Waker::wake);
}

type Shard<R> = HashMap<String, Arc<Flight<R>>>;

/// The flights of one cache, by key.
#[derive(Debug)]
pub struct Flights<R> {
    shards: Vec<Mutex<Shard<R>>>,
}

/// What [`Flights::join`] made of the caller.
#[derive(Debug)]
pub enum Role<R: Clone> {
    /// The first: starts the load with the guard, and waits like the others.
    Leader(Pilot<R>, Passenger<R>),
    /// One of the others.
    Follower(Passenger<R>),
}

impl<R: Clone> Flights<R> {
    /// No flights.
    #[must_use]
    pub fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::new(HashMap::new())).collect() }
    }

    /// Joins the flight of `key`, or starts one.
    pub fn join(self: &Arc<Self>, key: &str) -> Role<R> {
        let mut shard = lock(self.shard(key));
        if let Some(flight) = shard.get(key) {
            return Role::Follower(Passenger::new(Arc::clone(flight)));
        }
        let flight = Arc::new(Flight::new());
        shard.insert(key.to_owned(), Arc::clone(&flight));
        drop(shard);
        let passenger = Passenger::new(Arc::clone(&flight));
        Role::Leader(Pilot { table: Arc::clone(self), key: key.to_owned(), flight, landed: false }, passenger)
    }

    /// Starts a flight that nobody waits for; `None` when one is under way.
    pub fn start(self: &Arc<Self>, key: &str) -> Option<Pilot<R>> {
        let mut shard = lock(self.shard(key));
        if shard.contains_key(key) {
            return None;
        }
        let flight = Arc::new(Flight::new());
        shard.insert(key.to_owned(), Arc::clone(&flight));
        drop(shard);
        Some(Pilot { table: Arc::clone(self), key: key.to_owned(), flight, landed: false })
    }

    /// The entry was invalidated: who comes from here on must not join the flight that is under way.
    pub fn supersede(&self, key: &str) {
        lock(self.shard(key)).remove(key);
    }

    /// Every entry was invalidated.
    pub fn supersede_all(&self) {
        self.shards.iter().for_each(|shard| lock(shard).clear());
    }

    /// How many are under way.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).len()).sum()
    }

    /// None is under way.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn shard(&self, key: &str) -> &Mutex<Shard<R>> {
        let at = usize::try_from(xxh3_64(key.as_bytes()) % SHARDS as u64).unwrap_or(0);
        &self.shards[at]
    }

    /// Removes this flight, not a successor of it.
    fn remove(&self, key: &str, flight: &Arc<Flight<R>>) {
        let mut shard = lock(self.shard(key));
        if shard.get(key).is_some_and(|current| Arc::ptr_eq(current, flight)) {
            shard.remove(key);
        }
    }
}

impl<R: Clone> Default for Flights<R> {
    fn default() -> Self {
        Self::new()
    }
}

/// Held by the task that loads. Dropped before the end, for whatever reason, it tells the callers.
#[derive(Debug)]
pub struct Pilot<R: Clone> {
    table: Arc<Flights<R>>,
    key: String,
    flight: Arc<Flight<R>>,
    landed: bool,
}

impl<R: Clone> Pilot<R> {
    /// The flight.
    #[must_use]
    pub fn flight(&self) -> &Flight<R> {
        &self.flight
    }

    /// Whether no caller is left.
    #[must_use]
    pub fn unwanted(&self) -> bool {
        self.flight.waiting.load(Ordering::SeqCst) == 0
    }

    /// The end. Until the moment `certain` nothing was invalidated, so that those who joined before may have the value.
    /// To be called after the local copy was made.
    pub fn land(mut self, certain: Moment) {
        self.landed = true;
        self.table.remove(&self.key, &self.flight);
        self.flight.settle(certain);
    }
}

impl<R: Clone> Drop for Pilot<R> {
    fn drop(&mut self) {
        if !self.landed {
            self.table.remove(&self.key, &self.flight);
            self.flight.abandon();
        }
    }
}

/// A caller that waits. Dropping it changes nothing for the others.
#[derive(Debug)]
pub struct Passenger<R: Clone> {
    flight: Arc<Flight<R>>,
    joined: Moment,
    seat: Option<usize>,
}

impl<R: Clone> Passenger<R> {
    fn new(flight: Arc<Flight<R>>) -> Self {
        flight.waiting.fetch_add(1, Ordering::SeqCst);
        let joined = Moment(flight.now.load(Ordering::SeqCst));
        Self { flight, joined, seat: None }
    }

    /// What can be said now.
    #[must_use]
    pub fn look(&self) -> Option<Landing<R>> {
        Self::landing(&lock(&self.flight.state), self.joined)
    }

    fn landing(state: &State<R>, joined: Moment) -> Option<Landing<R>> {
        match &state.value {
            Some(value) if joined < state.until => Some(Landing::Value(value.clone())),
            _ if state.settled => Some(Landing::Retry),
            _ if state.abandoned => Some(Landing::Abandoned),
            _ => None,
        }
    }
}

impl<R: Clone> Future for Passenger<R> {
    type Output = Landing<R>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let flight = Arc::clone(&self.flight);
        let mut state = lock(&flight.state);
        if let Some(landing) = Self::landing(&state, self.joined) {
            return Poll::Ready(landing);
        }
        let waker = Some(cx.waker().clone());
        match self.seat {
            Some(seat) => state.wakers[seat] = waker,
            None => {
                self.seat = Some(state.wakers.len());
                state.wakers.push(waker);
            }
        }
        Poll::Pending
    }
}

impl<R: Clone> Drop for Passenger<R> {
    fn drop(&mut self) {
        self.flight.waiting.fetch_sub(1, Ordering::SeqCst);
        if let Some(seat) = self.seat {
            lock(&self.flight.state).wakers[seat] = None;
        }
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use super::*;

    fn table() -> Arc<Flights<u32>> {
        Arc::new(Flights::new())
    }

    fn lead(table: &Arc<Flights<u32>>) -> (Pilot<u32>, Passenger<u32>) {
        match table.join("k") {
            Role::Leader(pilot, passenger) => (pilot, passenger),
            Role::Follower(_) => panic!("somebody else leads"),
        }
    }

    fn follow(table: &Arc<Flights<u32>>) -> Passenger<u32> {
        match table.join("k") {
            Role::Leader(..) => panic!("nobody leads"),
            Role::Follower(passenger) => passenger,
        }
    }

    #[test]
    fn early_callers_have_the_value_at_once_and_later_ones_when_the_store_took_it() {
        let table = table();
        let (pilot, leader) = lead(&table);
        let early = follow(&table);
        let asked = pilot.flight().mark();
        let late = follow(&table);
        pilot.flight().publish(7, asked);
        assert_eq!(
            (leader.look(), early.look(), late.look()),
            (Some(Landing::Value(7)), Some(Landing::Value(7)), None)
        );
        let sent = pilot.flight().mark();
        let last = follow(&table);
        pilot.land(sent);
        assert_eq!((late.look(), last.look()), (Some(Landing::Value(7)), Some(Landing::Retry)));
        assert!(table.is_empty());
    }

    #[test]
    fn a_refused_fill_sends_late_callers_round_again() {
        let table = table();
        let (pilot, leader) = lead(&table);
        let asked = pilot.flight().mark();
        let late = follow(&table);
        pilot.flight().publish(7, asked);
        pilot.land(asked);
        assert_eq!((leader.look(), late.look()), (Some(Landing::Value(7)), Some(Landing::Retry)));
    }

    #[test]
    fn an_error_is_for_all() {
        let table = table();
        let (pilot, _leader) = lead(&table);
        let asked = pilot.flight().mark();
        let late = follow(&table);
        pilot.flight().publish(7, asked);
        pilot.land(Moment::END);
        assert_eq!(late.look(), Some(Landing::Value(7)));
    }

    #[test]
    fn a_superseded_flight_is_not_joined_and_does_not_remove_its_successor() {
        let table = table();
        let (old, _) = lead(&table);
        table.supersede("k");
        let (new, _) = lead(&table);
        old.land(Moment::START);
        assert_eq!(table.len(), 1, "the successor is still there");
        new.land(Moment::END);
        assert!(table.is_empty());
    }

    #[test]
    fn a_dropped_task_tells_everybody() {
        let table = table();
        let (pilot, leader) = lead(&table);
        drop(pilot);
        assert_eq!(leader.look(), Some(Landing::Abandoned));
        assert!(table.is_empty());
    }
}
