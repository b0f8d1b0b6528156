//! A source that lags behind what was committed, as a read replica does: with a version floor nothing older stays in the
//! cache; without one it does, which the same run has to show.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cache_patterns::breaker::BreakerPolicy;
use cache_patterns::store::{MemoryStore, RedisStore};
use cache_patterns::{Cache, Cached, Invalidated, Limits, Source as From};
use common::source::Down;
use common::{Profile, RedisServer};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// The longest lag of the replica.
const LAG: Duration = Duration::from_millis(4);

/// A row on a primary, and what its replica shows.
#[derive(Clone, Default)]
struct Row {
    /// Revisions with the time from which the replica shows them.
    commits: Arc<Mutex<VecDeque<(Instant, u64)>>>,
}

impl Row {
    fn commit(&self, revision: u64) {
        let lag = LAG.mul_f64(fastrand::f64());
        self.commits.lock().unwrap().push_back((Instant::now() + lag, revision));
    }

    /// As the replica has it; the revisions come to it in their order.
    async fn replica(self, id: u64) -> Result<Profile, Down> {
        tokio::time::sleep(Duration::from_micros(fastrand::u64(0..500))).await;
        let commits = self.commits.lock().unwrap();
        let shown = commits.iter().take_while(|(from, _)| *from <= Instant::now()).last();
        Ok(Profile::new(id, shown.map_or(0, |(_, revision)| *revision)))
    }
}

/// One row with three writes and readers beside them; how many reads out of the cache, then and at rest, were older than what
/// was invalidated before they began.
async fn run(cache: Cache, id: u64, floor: bool) -> usize {
    let row = Row::default();
    row.commits.lock().unwrap().push_back((Instant::now(), 1));
    let acknowledged = Arc::new(Mutex::new(1));
    let read = {
        let (cache, row, acknowledged) = (cache.clone(), row.clone(), Arc::clone(&acknowledged));
        async move || {
            let least = *acknowledged.lock().unwrap();
            let row = row.clone();
            let value: Cached<Profile> = cache.get_or_load(&id, move || row.replica(id)).await.unwrap();
            // A load shows what the source shows; what is promised is that the cache makes nothing of it.
            usize::from(value.source() != From::Loaded && value.revision < least)
        }
    };
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let read = read.clone();
            tokio::spawn(async move {
                let mut stale = 0;
                for _ in 0..12 {
                    stale += read().await;
                    tokio::time::sleep(Duration::from_micros(fastrand::u64(0..1_000))).await;
                }
                stale
            })
        })
        .collect();
    for revision in 2..5 {
        tokio::time::sleep(Duration::from_micros(fastrand::u64(0..2_000))).await;
        row.commit(revision);
        let done = if floor {
            cache.invalidate_below::<Profile>(&id, revision).await.unwrap()
        } else {
            cache.invalidate::<Profile>(&id).await.unwrap()
        };
        assert_eq!(done, Invalidated::Applied);
        *acknowledged.lock().unwrap() = revision;
    }
    let mut stale = 0;
    for reader in readers {
        stale += reader.await.unwrap();
    }
    tokio::time::sleep(LAG * 4).await;
    for _ in 0..2 {
        stale += read().await;
        cache.idle().await;
    }
    stale
}

async fn stale(cache: &Cache, runs: u64, at_once: u64, floor: bool) -> usize {
    let mut stale = 0;
    for first in (0..runs).step_by(usize::try_from(at_once).unwrap()) {
        let mut tasks = JoinSet::new();
        for id in first..(first + at_once).min(runs) {
            tasks.spawn(run(cache.clone(), id + if floor { 0 } else { runs }, floor));
        }
        stale += tasks.join_all().await.into_iter().sum::<usize>();
    }
    stale
}

fn limits() -> Limits {
    let long = Duration::from_secs(5);
    let breaker = BreakerPolicy { slow: Duration::from_secs(10), ..BreakerPolicy::default() };
    Limits {
        read: long,
        command: long,
        lease: Duration::from_secs(30),
        early_refresh: 0.0,
        breaker,
        ..Limits::default()
    }
}

#[tokio::test(start_paused = true)]
async fn below_the_floor_nothing_stays_in_memory() {
    let cache = Cache::builder(MemoryStore::default()).limits(limits()).build().await.unwrap();
    let with = stale(&cache, 10_000, 500, true).await;
    let without = stale(&cache, 1_000, 500, false).await;
    println!("a lagging source, memory: {with} stale in 10,000 runs with a floor, {without} in 1,000 without");
    assert_eq!(with, 0);
    assert!(without > 0, "the run shows what the floor is for");
}

#[tokio::test(flavor = "multi_thread")]
async fn below_the_floor_nothing_stays_in_redis() {
    let server = RedisServer::start();
    let store = RedisStore::connect(&server.url()).await.unwrap();
    let cache = Cache::builder(store).limits(limits()).build().await.unwrap();
    let with = stale(&cache, 500, 50, true).await;
    println!("a lagging source, Redis: {with} stale in 500 runs with a floor");
    assert_eq!(with, 0);
}
