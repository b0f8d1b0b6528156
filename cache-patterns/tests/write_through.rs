//! Write-Through: only what was committed reaches the cache. `write_races.rs` has the writers that meet each other.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use std::time::Duration;

use cache_patterns::store::{MemoryStore, Store};
use cache_patterns::testing::FaultStore;
use cache_patterns::{Cache, CacheEntity, Key, Limits, WriteError, WrittenTo};
use common::rows::{Row, Table, read, write};
use common::source::Down;
use common::{Profile, Stock};

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
    assert_eq!(write::<Stock>(&cache, &table, 7).await.version, 1);
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
