//! Single-flight within the process: one load per key, whose callers may come and go. Pure but for the waking of tasks;
//! runs unchanged under the model checker.
//!
//! The load itself runs in a task of its own, so that no caller's cancellation hurts another. A flight has two ends:
//! its value is *published* when the source has answered, and it is *settled* when it is known whether the store took
//! the value. A caller that joined before the source was read may have the value at once. One that joined later may
//! have it only if the store took it: otherwise something was invalidated meanwhile, and the value may be older than
//! the caller's arrival.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use xxhash_rust::xxh3::xxh3_64;

use crate::sync::{AtomicBool, AtomicUsize, Mutex, Ordering, lock};

/// Parts of the table, each under its own lock.
const SHARDS: usize = 64;

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
    /// Whether late callers may have the value.
    settled: Option<bool>,
    abandoned: bool,
    wakers: Vec<Option<Waker>>,
}

/// One load under way.
#[derive(Debug)]
pub struct Flight<R> {
    state: Mutex<State<R>>,
    /// The source is being read, or was.
    begun: AtomicBool,
    waiting: AtomicUsize,
}

impl<R: Clone> Flight<R> {
    fn new() -> Self {
        let state = State { value: None, settled: None, abandoned: false, wakers: Vec::new() };
        Self { state: Mutex::new(state), begun: AtomicBool::new(false), waiting: AtomicUsize::new(0) }
    }

    /// From here on the source is read; who joins now may be answered with something older than their arrival.
    pub fn begin(&self) {
        self.begun.store(true, Ordering::SeqCst);
    }

    /// The source has answered.
    pub fn publish(&self, value: R) {
        let mut state = lock(&self.state);
        state.value = Some(value);
        wake(state);
    }

    fn settle(&self, certain: bool) {
        let mut state = lock(&self.state);
        state.settled = Some(certain);
        wake(state);
    }

    fn abandon(&self) {
        let mut state = lock(&self.state);
        if state.settled.is_none() {
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

    /// The end. `certain`: nothing was invalidated between the source's answer and now, so that late callers may have
    /// the value. To be called after the local copy was made.
    pub fn land(mut self, certain: bool) {
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
    late: bool,
    seat: Option<usize>,
}

impl<R: Clone> Passenger<R> {
    fn new(flight: Arc<Flight<R>>) -> Self {
        flight.waiting.fetch_add(1, Ordering::SeqCst);
        let late = flight.begun.load(Ordering::SeqCst);
        Self { flight, late, seat: None }
    }

    /// What can be said now.
    #[must_use]
    pub fn look(&self) -> Option<Landing<R>> {
        Self::landing(&lock(&self.flight.state), self.late)
    }

    fn landing(state: &State<R>, late: bool) -> Option<Landing<R>> {
        match (&state.value, state.settled) {
            (Some(value), Some(true)) => Some(Landing::Value(value.clone())),
            (Some(value), _) if !late => Some(Landing::Value(value.clone())),
            (_, Some(_)) => Some(Landing::Retry),
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
        if let Some(landing) = Self::landing(&state, self.late) {
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
    fn early_callers_have_the_value_at_once_and_late_ones_when_the_store_took_it() {
        let table = table();
        let (pilot, leader) = lead(&table);
        let early = follow(&table);
        pilot.flight().begin();
        let late = follow(&table);
        pilot.flight().publish(7);
        assert_eq!(
            (leader.look(), early.look(), late.look()),
            (Some(Landing::Value(7)), Some(Landing::Value(7)), None)
        );
        pilot.land(true);
        assert_eq!(late.look(), Some(Landing::Value(7)));
        assert!(table.is_empty());
    }

    #[test]
    fn a_refused_fill_sends_late_callers_round_again() {
        let table = table();
        let (pilot, leader) = lead(&table);
        pilot.flight().begin();
        let late = follow(&table);
        pilot.flight().publish(7);
        pilot.land(false);
        assert_eq!((leader.look(), late.look()), (Some(Landing::Value(7)), Some(Landing::Retry)));
    }

    #[test]
    fn a_superseded_flight_is_not_joined_and_does_not_remove_its_successor() {
        let table = table();
        let (old, _) = lead(&table);
        table.supersede("k");
        let (new, _) = lead(&table);
        old.land(false);
        assert_eq!(table.len(), 1, "the successor is still there");
        new.land(true);
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
