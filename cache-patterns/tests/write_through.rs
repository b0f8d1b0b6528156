//! Write-Through: only what was committed reaches the cache, and of two writers the newer stays.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cache_patterns::store::{MemoryStore, RedisStore, Store};
use cache_patterns::testing::FaultStore;
use cache_patterns::{Cache, CacheEntity, Key, Limits, Versioned, WriteError, WrittenTo};
use common::source::Down;
use common::{Profile, RedisServer, Stock};
use tokio::task::JoinSet;

fn patient() -> Limits {
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

async fn cache_over(store: impl Store) -> Cache {
    Cache::builder(store).limits(patient()).build().await.unwrap()
}

/// A row with a version, as a database has it.
#[derive(Clone, Default)]
struct Table {
    row: Arc<Mutex<u64>>,
}

impl Table {
    /// A transaction that takes its time before and after the commit becomes visible. The version that it committed.
    async fn update(&self) -> u64 {
        pause().await;
        let mut row = self.row.lock().unwrap();
        *row += 1;
        *row
    }

    fn version(&self) -> u64 {
        *self.row.lock().unwrap()
    }
}

async fn pause() {
    for _ in 0..fastrand::usize(0..4) {
        tokio::task::yield_now().await;
    }
}

trait Row: Versioned<Id = u64> {
    fn row(id: u64, revision: u64) -> Self;
}

impl Row for Profile {
    fn row(id: u64, revision: u64) -> Self {
        Self::new(id, revision)
    }
}

impl Row for Stock {
    fn row(id: u64, revision: u64) -> Self {
        Self { id, units: 1, revision }
    }
}

async fn write<E: Row>(cache: &Cache, table: &Table, id: u64) -> u64 {
    let written = cache
        .write::<E, Down, _>(&id, async |writer| {
            let version = table.update().await;
            // The commit itself: what comes back late is what makes the caches' order differ from the database's.
            writer
                .commit(E::row(id, version), async {
                    pause().await;
                    Ok(())
                })
                .await
        })
        .await
        .unwrap();
    written.version
}

async fn read<E: Row>(cache: &Cache, table: &Table, id: u64) -> u64 {
    let table = table.clone();
    let load = move || async move {
        pause().await;
        let version = table.version();
        pause().await;
        Ok::<_, Down>(E::row(id, version))
    };
    cache.get_or_load(&id, load).await.unwrap().data_version()
}

/// Writers and readers race; the store loses entries; at rest nothing older than the table is served.
async fn race<E: Row>(cache: Cache, evict: impl Fn(&str), runs: u64, base: u64, writers: usize) -> usize {
    let mut stale = 0;
    for id in base..base + runs {
        let table = Table::default();
        let key = Key::<E>::of(&id).into_string();
        let mut tasks = JoinSet::new();
        for _ in 0..writers {
            let (cache, table) = (cache.clone(), table.clone());
            tasks.spawn(async move { write::<E>(&cache, &table, id).await });
        }
        for _ in 0..2 {
            let (cache, table) = (cache.clone(), table.clone());
            tasks.spawn(async move { read::<E>(&cache, &table, id).await });
        }
        if fastrand::bool() {
            pause().await;
            evict(&key);
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        stale += usize::from(read::<E>(&cache, &table, id).await < table.version());
    }
    stale
}

async fn races_in_memory<E: Row>(writers: usize) -> usize {
    let store = MemoryStore::default();
    let cache = cache_over(store.clone()).await;
    let mut tasks = JoinSet::new();
    for part in 0..10u64 {
        let (cache, store) = (cache.clone(), store.clone());
        tasks.spawn(async move { race::<E>(cache, move |key| store.evict(key), 1_000, part * 10_000, writers).await });
    }
    tasks.join_all().await.into_iter().sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_writers_leave_nothing_older_in_memory() {
    for writers in [2, 3] {
        let light = races_in_memory::<Profile>(writers).await;
        let fenced = races_in_memory::<Stock>(writers).await;
        println!("{writers} racing writers with evictions, 10,000 runs: {light} stale light, {fenced} stale fenced");
        assert_eq!((light, fenced), (0, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_writers_leave_nothing_older_in_redis() {
    let server = RedisServer::start();
    let mut tasks = JoinSet::new();
    for part in 0..8u64 {
        // Each with a cache of its own, as processes have.
        let cache = cache_over(RedisStore::connect(&server.url()).await.unwrap()).await;
        tasks.spawn(async move {
            let light = race::<Profile>(cache.clone(), |_| (), 100, part * 10_000, 2).await;
            light + race::<Stock>(cache, |_| (), 100, part * 10_000, 2).await
        });
    }
    let stale: usize = tasks.join_all().await.into_iter().sum();
    println!("2 racing writers over Redis, 1,600 runs: {stale} stale");
    assert_eq!(stale, 0);
}

#[tokio::test]
async fn what_was_committed_is_stored_where_something_was() {
    let (cache, table) = (cache_over(MemoryStore::default()).await, Table::default());
    *table.row.lock().unwrap() = 1;
    assert_eq!(read::<Profile>(&cache, &table, 7).await, 1);
    let written = cache
        .write::<Profile, Down, _>(&7, async |writer| {
            let version = table.update().await;
            writer.commit(Profile::new(7, version), async { Ok(()) }).await
        })
        .await
        .unwrap();
    assert_eq!((written.version, written.cached), (2, WrittenTo::Stored));
    assert_eq!(written.row.unwrap().revision, 2);
    assert_eq!(read::<Profile>(&cache, &table, 7).await, 2);
    assert_eq!(cache.stats().loads, 1, "the second read was a hit");
}

#[tokio::test]
async fn a_fenced_write_stores_its_row_also_where_nothing_was() {
    let (cache, table) = (cache_over(MemoryStore::default()).await, Table::default());
    assert_eq!(write::<Stock>(&cache, &table, 7).await, 1);
    assert_eq!(read::<Stock>(&cache, &table, 7).await, 1);
    assert_eq!(cache.stats().loads, 0);
}

#[tokio::test]
async fn a_rollback_leaves_the_cache_as_it_was() {
    let (cache, table) = (cache_over(MemoryStore::default()).await, Table::default());
    *table.row.lock().unwrap() = 1;
    read::<Profile>(&cache, &table, 7).await;
    let failed = cache.write::<Profile, Down, _>(&7, async |_writer| Err(Down)).await;
    assert!(matches!(failed, Err(WriteError::Failed(Down))));
    read::<Profile>(&cache, &table, 7).await;
    assert_eq!(cache.stats().loads, 1);
}

#[tokio::test]
async fn an_unknown_outcome_takes_the_entry_away() {
    let (cache, table) = (cache_over(MemoryStore::default()).await, Table::default());
    *table.row.lock().unwrap() = 1;
    read::<Profile>(&cache, &table, 7).await;
    let failed = cache
        .write::<Profile, Down, _>(&7, async |writer| {
            // Committed, but the answer was lost.
            let version = table.update().await;
            writer.commit(Profile::new(7, version), async { Err(Down) }).await
        })
        .await;
    assert!(matches!(failed, Err(WriteError::Failed(Down))));
    assert_eq!(read::<Profile>(&cache, &table, 7).await, 2);
}

#[tokio::test]
async fn a_writer_that_is_dropped_in_mid_commit_takes_the_entry_away() {
    for fenced in [false, true] {
        let limits = Limits { transaction: Duration::from_millis(100), ..patient() };
        let cache = Cache::builder(MemoryStore::default()).limits(limits).build().await.unwrap();
        let table = Table::default();
        *table.row.lock().unwrap() = 1;
        async fn dropped<E: Row>(cache: &Cache, table: &Table) -> u64 {
            read::<E>(cache, table, 7).await;
            let writing = cache.write::<E, Down, _>(&7, async |writer| {
                let version = table.update().await;
                writer.commit(E::row(7, version), std::future::pending()).await
            });
            assert!(tokio::time::timeout(Duration::from_millis(20), writing).await.is_err());
            tokio::time::sleep(Duration::from_millis(150)).await;
            read::<E>(cache, table, 7).await
        }
        let version =
            if fenced { dropped::<Stock>(&cache, &table).await } else { dropped::<Profile>(&cache, &table).await };
        assert_eq!(version, 2, "fenced: {fenced}");
    }
}

#[tokio::test]
async fn a_deletion_keeps_older_rows_out() {
    let (cache, table) = (cache_over(MemoryStore::default()).await, Table::default());
    *table.row.lock().unwrap() = 1;
    read::<Profile>(&cache, &table, 7).await;
    let version = table.update().await;
    let written = cache
        .write::<Profile, Down, _>(&7, async |writer| writer.delete(version, async { Ok(()) }).await)
        .await
        .unwrap();
    assert_eq!((written.version, written.row.is_none()), (2, true));
    // A replica that lags answers with the deleted row: its callers get it, nobody stores it.
    let lagging = || async { Ok::<_, Down>(Profile::new(7, 1)) };
    cache.get_or_load(&7, lagging).await.unwrap();
    assert_eq!(cache.stats().fills_refused, 1);
    *table.row.lock().unwrap() = 3;
    assert_eq!(read::<Profile>(&cache, &table, 7).await, 3);
}

#[tokio::test]
async fn a_row_that_is_deleted_under_its_last_version_is_gone() {
    let (cache, table) = (cache_over(MemoryStore::default()).await, Table::default());
    *table.row.lock().unwrap() = 5;
    read::<Profile>(&cache, &table, 7).await;
    let last = table.version();
    cache.write::<Profile, Down, _>(&7, async |writer| writer.delete(last, async { Ok(()) }).await).await.unwrap();
    let found = cache.get_or_load_opt(&7, || async { Ok::<Option<Profile>, Down>(None) }).await.unwrap();
    assert!(found.is_none(), "the deleted row is not served");
    // It comes again with the next version.
    *table.row.lock().unwrap() = 6;
    assert_eq!(read::<Profile>(&cache, &table, 7).await, 6);
}

#[tokio::test]
async fn a_row_with_another_id_is_not_stored_under_this_one() {
    async fn write_other<E: Row + Clone>(cache: &Cache, table: &Table) {
        *table.row.lock().unwrap() = 1;
        assert_eq!((read::<E>(cache, table, 7).await, read::<E>(cache, table, 8).await), (1, 1));
        let written = cache
            .write::<E, Down, _>(&7, async |writer| {
                let version = table.update().await;
                writer.commit(E::row(8, version), async { Ok(()) }).await
            })
            .await
            .unwrap();
        assert_eq!((written.version, written.cached), (2, WrittenTo::Absent));
        for id in [7, 8] {
            let table = table.clone();
            let load = move || async move { Ok::<_, Down>(E::row(id, table.version())) };
            let row = cache.get_or_load::<E, _, _, _>(&id, load).await.unwrap();
            assert_eq!((row.id(), row.data_version()), (id, 2), "fenced: {}", E::FENCED);
        }
    }
    write_other::<Profile>(&cache_over(MemoryStore::default()).await, &Table::default()).await;
    write_other::<Stock>(&cache_over(MemoryStore::default()).await, &Table::default()).await;
}

#[tokio::test]
async fn without_the_store_a_write_succeeds_and_the_entry_is_taken_away_later() {
    let (store, faults) = FaultStore::new(MemoryStore::default());
    let cache = cache_over(store).await;
    let table = Table::default();
    *table.row.lock().unwrap() = 1;
    read::<Profile>(&cache, &table, 7).await;
    faults.down(true);
    let written = cache
        .write::<Profile, Down, _>(&7, async |writer| {
            let version = table.update().await;
            writer.commit(Profile::new(7, version), async { Ok(()) }).await
        })
        .await
        .unwrap();
    assert_eq!(written.cached, WrittenTo::Queued);
    faults.down(false);
    assert_eq!(read::<Profile>(&cache, &table, 7).await, 2);
    // A fence is a promise: without it the transaction is not begun.
    faults.down(true);
    let refused = cache.write::<Stock, Down, _>(&7, async |_| panic!("must not begin")).await;
    assert!(matches!(refused, Err(WriteError::NoFence(_))));
}

#[test]
fn entities_state_what_the_linter_demands() {
    assert_eq!(Key::<Profile>::of(&7).as_str(), "user:v2:profile:7");
    assert_eq!(Stock::TTL.as_secs(), 300);
}
