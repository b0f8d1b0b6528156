//! An invalidation at a random point of a load: after it nothing older is stored or served, not by the store and not by
//! local copies. A cache that is SET after the load, raced in the same way, does serve it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use std::ops::AddAssign;
use std::time::{Duration, Instant};

use cache_patterns::bus::{ProcessBus, RedisBus};
use cache_patterns::store::{MemoryStore, RedisStore};
use cache_patterns::{Cache, Cached, Invalidated, Limits, Source as From};
use common::source::Source;
use common::{Profile, RedisServer};
use redis::AsyncCommands as _;
use redis::aio::MultiplexedConnection;
use tokio::task::JoinSet;

/// Races that run at once, each on caches of its own: an invalidation also drops copies that share its stripe.
const LANES: u64 = 20;
/// How many each runs one after the other; and after how many the copies are looked at.
const RUNS: u64 = 500;
const BATCH: usize = 25;
const LOAD: Duration = Duration::from_micros(400);

/// Deadlines that a busy machine keeps: time is not the subject here.
fn limits() -> Limits {
    Limits {
        read: Duration::from_secs(5),
        command: Duration::from_secs(5),
        load_hard: Duration::from_secs(30),
        load_soft: Duration::from_secs(30),
        lease: Duration::from_secs(10),
        wait: Duration::from_secs(30),
        load_queue: Duration::from_secs(30),
        early_refresh: 0.0,
        breaker: cache_patterns::breaker::BreakerPolicy { slow: Duration::from_secs(10), ..Default::default() },
        ..Limits::default()
    }
}

async fn get(cache: &Cache, source: &Source, id: u64) -> Cached<Profile> {
    let source = source.clone();
    cache.get_or_load(&id, move || source.load(id)).await.unwrap()
}

/// Somewhere in a load, whose pauses are those of the timer.
async fn pause() {
    match fastrand::u64(0..8) {
        millis @ 0..4 => tokio::time::sleep(Duration::from_millis(millis)).await,
        steps => {
            for _ in 0..steps * 8 {
                tokio::task::yield_now().await;
            }
        }
    }
}

#[derive(Debug, Default)]
struct Outcome {
    runs: usize,
    /// Reads after the invalidation that were answered with something older.
    stale: usize,
    /// Local copies that were served at rest.
    copies: usize,
}

impl AddAssign for Outcome {
    fn add_assign(&mut self, other: Self) {
        self.runs += other.runs;
        self.stale += other.stale;
        self.copies += other.copies;
    }
}

/// `reader` loads while `other` invalidates; they may be one cache.
async fn race(reader: Cache, other: Cache, base: u64) -> Outcome {
    let mut outcome = Outcome::default();
    let source = Source::with_delay(LOAD);
    for first in (0..RUNS).step_by(BATCH) {
        let ids = base + first..base + first + BATCH as u64;
        for id in ids.clone() {
            outcome.stale += race_once(&reader, &other, &source, id).await;
            outcome.runs += 1;
        }
        // The reader's process hears of everything soon; what it still serves then it would serve until the TTL.
        let heard = Instant::now() + Duration::from_secs(10);
        for id in ids {
            let mut value = get(&reader, &source, id).await;
            while value.revision < source.revision(id) && Instant::now() < heard {
                tokio::time::sleep(Duration::from_millis(2)).await;
                value = get(&reader, &source, id).await;
            }
            outcome.stale += usize::from(value.revision < source.revision(id));
            outcome.copies += usize::from(get(&reader, &source, id).await.source() == From::Local);
        }
    }
    outcome
}

/// How many of the reads after the invalidation were answered with something older.
async fn race_once(reader: &Cache, other: &Cache, source: &Source, id: u64) -> usize {
    source.write(id);
    let reading = tokio::spawn({
        let (reader, source) = (reader.clone(), source.clone());
        async move { get(&reader, &source, id).await }
    });
    pause().await;
    let revision = source.write(id);
    assert_eq!(other.invalidate::<Profile>(&id).await.unwrap(), Invalidated::Applied);
    // A reader that comes after the invalidation, while the old load may still be running.
    let after = get(other, source, id).await;
    reading.await.unwrap();
    let at_rest = get(other, source, id).await;
    usize::from(after.revision < revision) + usize::from(at_rest.revision < revision)
}

async fn races(pairs: &[[Cache; 2]]) -> Outcome {
    let mut lanes = JoinSet::new();
    for (lane, [reader, other]) in (0..).zip(pairs) {
        lanes.spawn(race(reader.clone(), other.clone(), lane * RUNS));
    }
    let mut outcome = Outcome::default();
    while let Some(lane) = lanes.join_next().await {
        outcome += lane.unwrap();
    }
    outcome
}

async fn trusted(cache: Cache) -> Cache {
    let end = Instant::now() + Duration::from_secs(20);
    while !cache.trusts_local_copies() {
        assert!(Instant::now() < end, "the bus is heard");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    cache
}

/// Nothing stale in 10,000 runs, and the invalidation did meet the load in many of them.
async fn leave_nothing_stale(name: &str, pairs: &[[Cache; 2]], local: bool) {
    let outcome = races(pairs).await;
    let refused: u64 = pairs.iter().map(|[reader, _]| reader.stats().fills_refused).sum();
    println!("invalidate during load, {name}: {outcome:?}; fills refused {refused}");
    assert_eq!((outcome.stale, outcome.runs), (0, (LANES * RUNS) as usize));
    assert!(refused > 500, "the race did happen: {refused}");
    assert_eq!(outcome.copies > 1_000, local, "{outcome:?}");
}

/// A cache that invalidates what it loads itself, and two of which one invalidates what the other loads.
async fn pairs(build: impl AsyncFn(u64) -> Cache) -> Vec<[Cache; 2]> {
    let mut pairs = Vec::new();
    for lane in 0..LANES {
        let one = build(lane).await;
        let other = if lane % 2 == 0 { one.clone() } else { build(lane).await };
        pairs.push([one, other]);
    }
    pairs
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalidation_during_a_load_leaves_nothing_stale_in_memory() {
    let shared: Vec<_> = (0..LANES).map(|_| (MemoryStore::default(), ProcessBus::new())).collect();
    let pairs = pairs(async |lane| {
        let (store, bus) = shared[lane as usize].clone();
        trusted(Cache::builder(store).local(10_000).bus(bus).limits(limits()).build().await.unwrap()).await
    });
    leave_nothing_stale("memory, local copies", &pairs.await, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalidation_during_a_load_leaves_nothing_stale_in_redis() {
    for local in [false, true] {
        let server = RedisServer::start();
        let pairs = pairs(async |lane| {
            let builder = Cache::builder(RedisStore::connect(&server.url()).await.unwrap()).limits(limits());
            if !local {
                return builder.build().await.unwrap();
            }
            let bus = RedisBus::connect(&server.url(), &format!("lane{lane}")).await.unwrap();
            trusted(builder.local(10_000).bus(bus).build().await.unwrap()).await
        });
        leave_nothing_stale(if local { "Redis, local copies" } else { "Redis" }, &pairs.await, local).await;
    }
}

async fn naive(mut redis: MultiplexedConnection, key: String, source: Source, id: u64) {
    if redis.get::<_, Option<u64>>(&key).await.unwrap().is_none() {
        let row = source.load(id).await.unwrap();
        let _: () = redis.set(key, row.revision).await.unwrap();
    }
}

/// What people write without this crate: GET, load, SET; and DEL after a change.
#[tokio::test(flavor = "multi_thread")]
async fn an_invalidation_during_a_load_leaves_stale_values_where_they_are_set_after_the_load() {
    let server = RedisServer::start();
    let client = redis::Client::open(server.url()).unwrap();
    let mut lanes = JoinSet::new();
    for lane in 0..LANES {
        let mut redis = client.get_multiplexed_async_connection().await.unwrap();
        lanes.spawn(async move {
            let (source, mut stale) = (Source::with_delay(LOAD), 0);
            for run in 0..100 {
                let key = format!("naive:{lane}:{run}");
                source.write(run);
                let reading = tokio::spawn(naive(redis.clone(), key.clone(), source.clone(), run));
                pause().await;
                let revision = source.write(run);
                let _: () = redis.del(&key).await.unwrap();
                reading.await.unwrap();
                stale += usize::from(redis.get::<_, Option<u64>>(&key).await.unwrap().is_some_and(|at| at < revision));
            }
            stale
        });
    }
    let stale: usize = lanes.join_all().await.into_iter().sum();
    println!("SET after the load: stale at rest after {stale} of {} runs", LANES * 100);
    assert!(stale > 200, "{stale}");
}
