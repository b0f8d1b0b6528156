//! Histories of fenced writes, invalidations and reads of one key are those of a single versioned row: each operation
//! can be given one moment between its call and its return, and the row has a value at each moment.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cache_patterns::breaker::BreakerPolicy;
use cache_patterns::store::{MemoryStore, RedisStore};
use cache_patterns::{Cache, Limits};
use common::source::Down;
use common::{RedisServer, Stock};

/// Clients, and operations of each.
const CLIENTS: usize = 3;
const OPERATIONS: usize = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    /// Committed as this version.
    Write(u64),
    /// Answered with this version.
    Read(u64),
    Invalidate,
}

/// An operation with the moments of its call and its return.
#[derive(Debug, Clone, Copy)]
struct Event {
    operation: Operation,
    called: u64,
    returned: u64,
}

/// Whether the operations have an order that respects their moments and that one row could have answered (the search of
/// Wing and Gong: whoever was called before the first pending return may be next).
fn is_linearizable(history: &[Event]) -> bool {
    assert!(history.len() <= 64, "a bit for each event");
    let mut seen = HashSet::new();
    let mut open = vec![(0u64, 0u64)];
    while let Some((done, row)) = open.pop() {
        if done.count_ones() as usize == history.len() {
            return true;
        }
        if !seen.insert((done, row)) {
            continue;
        }
        let left = || history.iter().enumerate().filter(|(at, _)| done & (1 << at) == 0);
        let first_return = left().map(|(_, event)| event.returned).min().unwrap_or(u64::MAX);
        for (at, event) in left().filter(|(_, event)| event.called < first_return) {
            let next = match event.operation {
                Operation::Write(version) if version == row + 1 => version,
                Operation::Read(version) if version == row => row,
                Operation::Invalidate => row,
                _ => continue,
            };
            open.push((done | 1 << at, next));
        }
    }
    false
}

fn event(operation: Operation, called: u64, returned: u64) -> Event {
    Event { operation, called, returned }
}

#[test]
fn the_checker_tells_a_good_history_from_a_bad_one() {
    use Operation::{Read, Write};
    let overlapping = [event(Write(1), 0, 9), event(Read(1), 1, 2), event(Read(1), 3, 4), event(Read(0), 0, 3)];
    assert!(is_linearizable(&overlapping));
    let stale = [event(Write(1), 0, 1), event(Read(0), 2, 3)];
    assert!(!is_linearizable(&stale), "an older row after the write returned");
    let back = [event(Write(1), 0, 9), event(Read(1), 1, 2), event(Read(0), 3, 4)];
    assert!(!is_linearizable(&back), "the row went back");
}

/// The row, and what draws the delays.
#[derive(Clone)]
struct World {
    row: Arc<AtomicU64>,
    moment: Arc<AtomicU64>,
    random: Arc<Mutex<fastrand::Rng>>,
}

impl World {
    fn below(&self, most: u64) -> u64 {
        self.random.lock().unwrap().u64(0..most)
    }

    async fn pause(&self) {
        tokio::time::sleep(Duration::from_millis(self.below(4))).await;
    }

    fn now(&self) -> u64 {
        self.moment.fetch_add(1, SeqCst)
    }
}

fn stock(revision: u64) -> Stock {
    Stock { id: 1, units: 1, revision }
}

async fn client(cache: Cache, world: World, id: u64, told: bool) -> Vec<Event> {
    let mut events = Vec::new();
    let mut known = 0;
    for _ in 0..OPERATIONS {
        world.pause().await;
        let called = world.now();
        let source = world.clone();
        let load = move || async move {
            source.pause().await;
            let revision = source.row.load(SeqCst);
            source.pause().await;
            Ok::<_, Down>(stock(revision))
        };
        let operation = match world.below(8) {
            0..2 if told => {
                let written = cache.write::<Stock, Down, _>(&id, async |writer| {
                    world.pause().await;
                    let revision = world.row.fetch_add(1, SeqCst) + 1;
                    writer
                        .commit(stock(revision), async {
                            world.pause().await;
                            Ok(())
                        })
                        .await
                });
                Operation::Write(written.await.unwrap().version)
            }
            0..2 => Operation::Write(world.row.fetch_add(1, SeqCst) + 1),
            2 if told => {
                let _ = cache.invalidate::<Stock>(&id).await.unwrap();
                Operation::Invalidate
            }
            3 => Operation::Read(cache.get_at_least(&id, known, load).await.unwrap().revision),
            _ => Operation::Read(cache.get_or_load(&id, load).await.unwrap().revision),
        };
        if let Operation::Write(version) | Operation::Read(version) = operation {
            known = version;
        }
        events.push(event(operation, called, world.now()));
    }
    events
}

/// One history over caches of as many processes; `told`: writers tell the caches.
async fn history(caches: &[Cache], seed: u64, told: bool) -> Vec<Event> {
    let world = World {
        row: Arc::default(),
        moment: Arc::default(),
        random: Arc::new(Mutex::new(fastrand::Rng::with_seed(seed))),
    };
    let clients: Vec<_> = (0..CLIENTS)
        .map(|at| tokio::spawn(client(caches[at % caches.len()].clone(), world.clone(), seed, told)))
        .collect();
    let mut events = Vec::new();
    for client in clients {
        events.extend(client.await.unwrap());
    }
    events
}

fn limits() -> Limits {
    let breaker = BreakerPolicy { slow: Duration::from_secs(10), ..BreakerPolicy::default() };
    let long = Duration::from_secs(5);
    Limits { early_refresh: 0.0, read: long, command: long, breaker, ..Limits::default() }
}

async fn all_are_linearizable(name: &str, caches: &[Cache], histories: u64) {
    let first = fastrand::u64(..1 << 40);
    println!("{name}: {histories} histories from seed {first}");
    for seed in first..first + histories {
        let events = history(caches, seed, true).await;
        assert!(is_linearizable(&events), "{name}, seed {seed}: no order explains {events:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn fenced_writes_in_memory_are_linearizable() {
    let cache = Cache::builder(MemoryStore::default()).limits(limits()).build().await.unwrap();
    all_are_linearizable("one cache", &[cache], 3_000).await;
}

#[tokio::test(start_paused = true)]
async fn fenced_writes_of_two_caches_over_one_store_are_linearizable() {
    let store = MemoryStore::default();
    let one = Cache::builder(store.clone()).limits(limits()).build().await.unwrap();
    let other = Cache::builder(store).limits(limits()).build().await.unwrap();
    all_are_linearizable("two caches", &[one, other], 3_000).await;
}

#[tokio::test]
async fn fenced_writes_over_redis_are_linearizable() {
    let server = RedisServer::start();
    let store = RedisStore::connect(&server.url()).await.unwrap();
    let cache = Cache::builder(store).limits(limits()).build().await.unwrap();
    all_are_linearizable("Redis", &[cache], 60).await;
}

/// Writers that tell nobody: the checker has to see it.
#[tokio::test(start_paused = true)]
async fn writes_past_the_cache_are_not() {
    let cache = Cache::builder(MemoryStore::default()).limits(limits()).build().await.unwrap();
    for seed in 0..200 {
        if !is_linearizable(&history(std::slice::from_ref(&cache), seed, false).await) {
            return;
        }
    }
    panic!("200 histories of writers that tell nobody, and all look sound");
}
