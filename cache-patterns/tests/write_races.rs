//! Writers race with each other and with readers while the store loses entries: at rest nothing older than the source is
//! served. A cache that is SET after the commit, raced in the same way, does serve it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use std::ops::{AddAssign, Range};
use std::time::Duration;

use cache_patterns::store::{MemoryStore, RedisStore};
use cache_patterns::{Cache, Key, Limits, WrittenTo};
use common::rows::{Row, Table, pause, read, write};
use common::{Profile, RedisServer, Stock};
use redis::AsyncCommands as _;
use redis::aio::MultiplexedConnection;
use tokio::task::JoinSet;

/// Races that run at once, and how many each runs one after the other.
const LANES: u64 = 20;
const RUNS: u64 = 500;

fn limits() -> Limits {
    Limits {
        read: Duration::from_secs(5),
        command: Duration::from_secs(5),
        load_soft: Duration::from_secs(30),
        load_hard: Duration::from_secs(30),
        early_refresh: 0.0,
        breaker: cache_patterns::breaker::BreakerPolicy { slow: Duration::from_secs(10), ..Default::default() },
        ..Limits::default()
    }
}

/// What takes an entry away as a full store does.
#[derive(Clone)]
enum Evictor {
    Memory(MemoryStore),
    Redis(MultiplexedConnection),
}

impl Evictor {
    async fn evict(&self, key: &str) {
        match self {
            Self::Memory(store) => store.evict(key),
            Self::Redis(connection) => connection.clone().unlink(key).await.unwrap(),
        }
    }
}

async fn raw(server: &RedisServer) -> MultiplexedConnection {
    redis::Client::open(server.url()).unwrap().get_multiplexed_async_connection().await.unwrap()
}

/// What came of the races.
#[derive(Debug, Default)]
struct Outcome {
    runs: usize,
    /// Runs after which something older than the source was served.
    stale: usize,
    /// Writes that came to the store after a newer one, or while others were at it.
    met: usize,
    evictions: usize,
}

impl AddAssign for Outcome {
    fn add_assign(&mut self, other: Self) {
        self.runs += other.runs;
        self.stale += other.stale;
        self.met += other.met;
        self.evictions += other.evictions;
    }
}

/// Writers and two readers on the caches of several processes; the store loses the entry in half of the runs.
async fn race<E: Row>(caches: [Cache; 2], evictor: Evictor, ids: Range<u64>, writers: usize) -> Outcome {
    let mut outcome = Outcome::default();
    for id in ids {
        let table = Table::default();
        let key = Key::<E>::of(&id).into_string();
        let (mut writing, mut reading) = (JoinSet::new(), JoinSet::new());
        for writer in 0..writers {
            let (cache, table) = (caches[writer % 2].clone(), table.clone());
            writing.spawn(async move { write::<E>(&cache, &table, id).await.cached });
        }
        for cache in caches.clone() {
            let table = table.clone();
            reading.spawn(async move { read::<E>(&cache, &table, id).await });
        }
        if fastrand::bool() {
            pause().await;
            evictor.evict(&key).await;
            outcome.evictions += 1;
        }
        let written = writing.join_all().await;
        reading.join_all().await;
        let own = if E::FENCED { WrittenTo::Absent } else { WrittenTo::Newer };
        outcome.met += written.iter().filter(|to| **to == own).count();
        outcome.runs += 1;
        for cache in &caches {
            outcome.stale += usize::from(read::<E>(cache, &table, id).await < table.version());
        }
    }
    outcome
}

async fn races<E: Row>(caches: &[[Cache; 2]], evictor: Evictor, writers: usize) -> Outcome {
    let mut lanes = JoinSet::new();
    for (lane, caches) in (0..LANES).zip(caches.iter().cycle()) {
        let ids = writers as u64 * 1_000_000 + lane * RUNS..writers as u64 * 1_000_000 + (lane + 1) * RUNS;
        lanes.spawn(race::<E>(caches.clone(), evictor.clone(), ids, writers));
    }
    let mut outcome = Outcome::default();
    while let Some(lane) = lanes.join_next().await {
        outcome += lane.unwrap();
    }
    println!("{writers} writers of {}: {outcome:?}", std::any::type_name::<E>());
    outcome
}

async fn leave_nothing_older(caches: &[[Cache; 2]], evictor: Evictor) {
    for writers in [2, 3] {
        for outcome in [
            races::<Profile>(caches, evictor.clone(), writers).await,
            races::<Stock>(caches, evictor.clone(), writers).await,
        ] {
            assert_eq!((outcome.stale, outcome.runs), (0, (LANES * RUNS) as usize));
            assert!(outcome.met > 100 && outcome.evictions > 100, "they did race: {outcome:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_writers_leave_nothing_older_in_memory() {
    let store = MemoryStore::default();
    let build = || Cache::builder(store.clone()).limits(limits()).build();
    let caches = [[build().await.unwrap(), build().await.unwrap()]];
    leave_nothing_older(&caches, Evictor::Memory(store.clone())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_writers_leave_nothing_older_in_redis() {
    let server = RedisServer::start();
    let build = async || {
        let store = RedisStore::connect(&server.url()).await.unwrap();
        Cache::builder(store).limits(limits()).build().await.unwrap()
    };
    let mut caches = Vec::new();
    for _ in 0..4 {
        caches.push([build().await, build().await]);
    }
    leave_nothing_older(&caches, Evictor::Redis(raw(&server).await)).await;
}

/// What people write without this crate: SET after the commit, and after a load.
#[tokio::test(flavor = "multi_thread")]
async fn racing_writers_leave_older_rows_where_they_are_set_after_the_commit() {
    let server = RedisServer::start();
    let mut lanes = JoinSet::new();
    for lane in 0..LANES {
        let connections = [raw(&server).await, raw(&server).await];
        lanes.spawn(async move {
            let mut stale = 0;
            for run in 0..100 {
                let (table, key) = (Table::default(), format!("naive:{lane}:{run}"));
                let mut writing = JoinSet::new();
                for mut connection in connections.clone() {
                    let (table, key) = (table.clone(), key.clone());
                    writing.spawn(async move {
                        let version = table.update().await;
                        pause().await;
                        let _: () = connection.set(key, version).await.unwrap();
                    });
                }
                writing.join_all().await;
                let at_rest: u64 = connections[0].clone().get(&key).await.unwrap();
                stale += usize::from(at_rest < table.version());
            }
            stale
        });
    }
    let stale: usize = lanes.join_all().await.into_iter().sum();
    println!("2 writers that SET after the commit: an older row at rest after {stale} of {} runs", LANES * 100);
    assert!(stale > 20, "{stale}");
}
