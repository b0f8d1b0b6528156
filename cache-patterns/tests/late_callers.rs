//! A caller that comes after an invalidation by *another process* is not given what a flight here had asked for before:
//! this process does not know of the invalidation, so the flight must not be more certain than the store.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use cache_patterns::breaker::BreakerPolicy;
use cache_patterns::store::{MemoryStore, Store};
use cache_patterns::testing::{FaultStore, Faults};
use cache_patterns::{Cache, Key, Limits};
use common::Profile;
use common::source::Source;

/// Longer than anything here takes by itself, so that what is late is late by the test's will.
const LATE: Duration = Duration::from_millis(200);

fn patient() -> Limits {
    Limits {
        read: Duration::from_secs(5),
        command: Duration::from_secs(5),
        lease: Duration::from_secs(10),
        early_refresh: 0.0,
        breaker: BreakerPolicy { slow: Duration::from_secs(10), ..BreakerPolicy::default() },
        ..Limits::default()
    }
}

/// A store, a cache that reads over a slow line to it, and another process's cache that invalidates.
async fn two_processes() -> (MemoryStore, Faults, Cache, Cache) {
    let store = MemoryStore::default();
    let (line, faults) = FaultStore::new(store.clone());
    let reader = Cache::builder(line).limits(patient()).build().await.unwrap();
    let writer = Cache::builder(store.clone()).limits(patient()).build().await.unwrap();
    (store, faults, reader, writer)
}

async fn revision(cache: &Cache, source: &Source, id: u64) -> u64 {
    let source = source.clone();
    cache.get_or_load(&id, move || source.load(id)).await.unwrap().revision
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let end = std::time::Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(std::time::Instant::now() < end, "{what}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_store_has_taken_the_value_and_its_answer_is_on_the_way() {
    let (store, faults, reader, writer) = two_processes().await;
    let source = Source::default();
    source.write(7);
    faults.late(LATE);
    let early = tokio::spawn({
        let (reader, source) = (reader.clone(), source.clone());
        async move { revision(&reader, &source, 7).await }
    });
    let key = Key::<Profile>::of(&7);
    let filled = || store.peek(key.as_str()).is_some_and(|bytes| bytes.len() > cache_patterns::envelope::HEADER);
    until("the store has the value", filled).await;
    faults.late(Duration::ZERO);
    let newest = source.write(7);
    let _ = writer.invalidate::<Profile>(&7).await.unwrap();
    assert_eq!(revision(&reader, &source, 7).await, newest, "joined the flight after the store had taken its value");
    assert_eq!(early.await.unwrap(), 1);
}

#[tokio::test]
async fn the_store_had_another_process_s_value_and_its_answer_is_on_the_way() {
    let (_, faults, reader, writer) = two_processes().await;
    let source = Source::default();
    source.write(7);
    faults.late(LATE);
    let before = faults.calls();
    let early = tokio::spawn({
        let (reader, source) = (reader.clone(), source.clone());
        async move { revision(&reader, &source, 7).await }
    });
    until("it has looked and found nothing", || faults.calls() > before).await;
    assert_eq!(revision(&writer, &source, 7).await, 1, "the other process loads and stores");
    until("it has asked for the lease", || faults.calls() > before + 1).await;
    faults.late(Duration::ZERO);
    let newest = source.write(7);
    let _ = writer.invalidate::<Profile>(&7).await.unwrap();
    assert_eq!(revision(&reader, &source, 7).await, newest, "joined the flight after it was answered");
    assert_eq!(early.await.unwrap(), 1);
}

#[tokio::test]
async fn the_same_for_many() {
    let (store, faults, reader, writer) = two_processes().await;
    let source = Source::default();
    source.write(7);
    let many = || {
        let (reader, source) = (reader.clone(), source.clone());
        async move {
            let found = reader.get_many_or_load(&[7], move |ids| source.clone().load_many(ids)).await.unwrap();
            found[&7].revision
        }
    };
    faults.late(LATE);
    let early = tokio::spawn(many());
    let key = Key::<Profile>::of(&7);
    let filled = || store.peek(key.as_str()).is_some_and(|bytes| bytes.len() > cache_patterns::envelope::HEADER);
    until("the store has the value", filled).await;
    faults.late(Duration::ZERO);
    let newest = source.write(7);
    let _ = writer.invalidate::<Profile>(&7).await.unwrap();
    assert_eq!(many().await, newest, "joined the flight after the store had taken its value");
    assert_eq!(early.await.unwrap(), 1);
}

/// As above without a hand on the clock: the invalidation falls at any point of the load.
#[tokio::test(flavor = "multi_thread")]
async fn an_invalidation_by_another_cache_does_not_reach_callers_that_came_later() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let reader = Cache::builder_shared(Arc::clone(&store)).limits(patient()).build().await.unwrap();
    let writer = Cache::builder_shared(store).limits(patient()).build().await.unwrap();
    for id in 0..500 {
        let source = Source::with_delay(Duration::from_millis(2));
        source.write(id);
        let early = tokio::spawn({
            let (reader, source) = (reader.clone(), source.clone());
            async move { revision(&reader, &source, id).await }
        });
        tokio::time::sleep(Duration::from_micros(fastrand::u64(0..2_500))).await;
        let newest = source.write(id);
        let _ = writer.invalidate::<Profile>(&id).await.unwrap();
        let late = revision(&reader, &source, id).await;
        assert_eq!(late, newest, "came after the invalidation, joined a load that began before");
        early.await.unwrap();
    }
}
