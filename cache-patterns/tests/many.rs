//! Many values at once: as sound as one.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use cache_patterns::bus::ProcessBus;
use cache_patterns::store::{MemoryStore, Store};
use cache_patterns::testing::FaultStore;
use cache_patterns::{Cache, Invalidated, Limits};
use common::Profile;
use common::source::Source;

fn limits(lease: Duration) -> Limits {
    let slow = Duration::from_secs(20);
    Limits {
        read: slow,
        command: slow,
        lease,
        wait: slow,
        early_refresh: 0.0,
        breaker: cache_patterns::breaker::BreakerPolicy { slow, least_calls: 1000, ..Default::default() },
        ..Limits::default()
    }
}

/// Revisions by id.
async fn many(cache: &Cache, source: &Source, ids: &[u64]) -> Vec<u64> {
    let source = source.clone();
    let load = move |ids| source.clone().load_many(ids);
    let found = cache.get_many_or_load::<Profile, _, _, _>(ids, load).await.unwrap();
    ids.iter().map(|id| found[id].revision).collect()
}

#[tokio::test]
async fn a_load_that_takes_longer_than_a_lease_keeps_its_leases() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let cache = || async {
        let limits = limits(Duration::from_millis(300));
        Cache::builder_shared(Arc::clone(&store)).limits(limits).build().await.unwrap()
    };
    let (one, two) = (cache().await, cache().await);
    let source = Source::with_delay(Duration::from_millis(1500));
    let ids = [1, 2, 3];
    ids.iter().for_each(|id| _ = source.write(*id));
    let (first, second) = tokio::join!(many(&one, &source, &ids), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        many(&two, &source, &ids).await
    });
    assert_eq!((first, second), (vec![1; 3], vec![1; 3]));
    one.idle().await;
    assert_eq!(many(&one, &source, &ids).await, [1; 3]);
    assert_eq!(source.loads(), 1, "one load for both, and it was stored");
}

#[tokio::test]
async fn what_the_store_had_before_an_owed_invalidation_reached_it_is_not_served() {
    let (store, faults) = FaultStore::new(MemoryStore::default());
    let cache = Cache::builder(store).limits(limits(Duration::from_secs(5))).build().await.unwrap();
    let source = Source::default();
    source.write(7);
    many(&cache, &source, &[7]).await;
    cache.idle().await;
    faults.down(true);
    let newest = source.write(7);
    assert_eq!(cache.invalidate::<Profile>(&7).await.unwrap(), Invalidated::Queued);
    faults.down(false);
    // A read whose answer comes only after the invalidation was replayed.
    faults.late(Duration::from_secs(2));
    let (read, ()) = tokio::join!(many(&cache, &source, &[7]), async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        faults.late(Duration::ZERO);
    });
    assert_eq!(read, [newest]);
}

/// Over paused time: the waits are the cache's own, whatever the machine does.
#[tokio::test(start_paused = true)]
async fn invalidations_of_many_share_their_round_trips() {
    const ROUND_TRIP: Duration = Duration::from_millis(5);
    let (store, faults) = FaultStore::new(MemoryStore::default());
    let cache = Cache::builder(store).limits(limits(Duration::from_secs(5))).build().await.unwrap();
    let source = Source::default();
    let ids: Vec<u64> = (0..256).collect();
    ids.iter().for_each(|id| _ = source.write(*id));
    many(&cache, &source, &ids).await;
    cache.idle().await;
    ids.iter().for_each(|id| _ = source.write(*id));
    faults.delay(ROUND_TRIP);
    let began = tokio::time::Instant::now();
    assert_eq!(cache.invalidate_many::<Profile>(&ids).await.unwrap(), Invalidated::Applied);
    let took = began.elapsed();
    println!("256 invalidations over round trips of {ROUND_TRIP:?}: {took:?}");
    assert!(took >= ROUND_TRIP && took <= ROUND_TRIP * 12, "{took:?}");
    faults.delay(Duration::ZERO);
    assert_eq!(many(&cache, &source, &ids).await, vec![2; 256]);
}

#[tokio::test(start_paused = true)]
async fn what_is_owed_is_replayed_in_shared_round_trips() {
    const ROUND_TRIP: Duration = Duration::from_millis(20);
    let (store, faults) = FaultStore::new(MemoryStore::default());
    let cache = Cache::builder(store).limits(limits(Duration::from_secs(5))).build().await.unwrap();
    let ids: Vec<u64> = (0..256).collect();
    faults.down(true);
    assert_eq!(cache.invalidate_many::<Profile>(&ids).await.unwrap(), Invalidated::Queued);
    assert_eq!(cache.owed_invalidations(), 256);
    faults.delay(ROUND_TRIP);
    faults.down(false);
    let began = tokio::time::Instant::now();
    while cache.owed_invalidations() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let took = began.elapsed();
    println!("256 owed invalidations over round trips of {ROUND_TRIP:?}: {took:?}");
    assert!(took <= ROUND_TRIP * 20, "{took:?}");
}

/// Of a node on probation the breaker lets one call through, and then some: these do not get in each other's way.
#[tokio::test(start_paused = true)]
async fn many_invalidations_at_once_pass_a_breaker_that_is_half_open() {
    let (store, faults) = FaultStore::new(MemoryStore::default());
    let limits = Limits { early_refresh: 0.0, ..Limits::default() };
    let open = limits.breaker.open;
    let cache = Cache::builder(store).limits(limits).build().await.unwrap();
    let (source, ids) = (Source::default(), (0..200).collect::<Vec<u64>>());
    faults.down(true);
    for id in &ids {
        source.write(*id);
        let (source, id) = (source.clone(), *id);
        cache.get_or_load(&id, move || source.load(id)).await.unwrap();
    }
    faults.down(false);
    faults.delay(Duration::from_millis(5));
    tokio::time::sleep(open).await;
    assert_eq!(cache.invalidate_many::<Profile>(&ids).await.unwrap(), Invalidated::Applied);
}

#[tokio::test]
async fn of_many_invalidations_those_that_do_not_arrive_are_owed() {
    let (store, faults) = FaultStore::new(MemoryStore::default());
    let cache = Cache::builder(store).limits(limits(Duration::from_secs(5))).build().await.unwrap();
    let source = Source::default();
    let ids: Vec<u64> = (0..200).collect();
    ids.iter().for_each(|id| _ = source.write(*id));
    many(&cache, &source, &ids).await;
    cache.idle().await;
    ids.iter().for_each(|id| _ = source.write(*id));
    faults.cut(7, false);
    assert_eq!(cache.invalidate_many::<Profile>(&ids).await.unwrap(), Invalidated::Queued);
    assert_eq!(cache.owed_invalidations(), 1);
    assert_eq!(many(&cache, &source, &ids).await, vec![2; 200], "that one is distrusted, the others are gone");
}

#[tokio::test]
async fn others_are_told_of_many_invalidations_when_the_store_has_all_of_them() {
    let (store, bus) = (MemoryStore::default(), ProcessBus::new());
    let (slow, faults) = FaultStore::new(store.clone());
    let limits = || limits(Duration::from_secs(5));
    let one = Cache::builder(slow).local(1000).bus(bus.clone()).limits(limits()).build().await.unwrap();
    let two = Cache::builder(store).local(1000).bus(bus).limits(limits()).build().await.unwrap();
    let source = Source::default();
    let ids: Vec<u64> = (0..200).collect();
    ids.iter().for_each(|id| _ = source.write(*id));
    while !two.trusts_local_copies() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    many(&two, &source, &ids).await;
    two.idle().await;
    many(&two, &source, &ids).await;
    ids.iter().for_each(|id| _ = source.write(*id));
    faults.delay(Duration::from_millis(20));
    let reading = tokio::spawn({
        let (two, source, ids) = (two.clone(), source.clone(), ids.clone());
        async move {
            loop {
                many(&two, &source, &ids).await;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    });
    assert_eq!(one.invalidate_many::<Profile>(&ids).await.unwrap(), Invalidated::Applied);
    tokio::time::sleep(Duration::from_millis(500)).await;
    reading.abort();
    assert_eq!(many(&two, &source, &ids).await, vec![2; 200], "no copy was made of what was still in the store");
}

/// Two caches of one store, whose leases last for longer than anybody wants to wait.
async fn two_caches() -> (Cache, Cache) {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let build = || Cache::builder_shared(Arc::clone(&store)).limits(limits(Duration::from_secs(15))).build();
    (build().await.unwrap(), build().await.unwrap())
}

const LOAD: Duration = Duration::from_millis(200);

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_load_that_fails_does_not_wait_for_its_lease() {
    let (one, two) = two_caches().await;
    let source = Source::default();
    let ids = [1, 2, 3];
    ids.iter().for_each(|id| _ = source.write(*id));
    let failing = async {
        let load = |_: Vec<u64>| async {
            tokio::time::sleep(LOAD).await;
            Err::<Vec<Profile>, _>("no answer")
        };
        assert!(one.get_many_or_load::<Profile, _, _, _>(&ids, load).await.is_err());
    };
    let began = tokio::time::Instant::now();
    let waiting = async {
        tokio::time::sleep(LOAD / 2).await;
        assert_eq!(many(&two, &source, &ids).await, [1; 3]);
        began.elapsed()
    };
    let ((), took) = tokio::join!(failing, waiting);
    println!("served {took:?} after a load of {LOAD:?} began that failed");
    assert!(took < LOAD * 2, "{took:?}");
    two.idle().await;
    assert_eq!(many(&two, &source, &ids).await, [1; 3]);
    assert_eq!(source.loads(), 1, "it has taken the leases, and stored what it loaded");
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_load_that_brings_no_answer_does_not_wait_for_its_lease() {
    let (one, two) = two_caches().await;
    let (source, lagging) = (Source::default(), Source::with_delay(LOAD));
    lagging.write(7);
    (0..2).for_each(|_| _ = source.write(7));
    let began = tokio::time::Instant::now();
    let waiting = async {
        tokio::time::sleep(LOAD / 2).await;
        let newest = source.clone();
        assert_eq!(two.get_at_least(&7, 2, move || newest.load(7)).await.unwrap().revision, 2);
        began.elapsed()
    };
    let replica = lagging.clone();
    let (older, took) = tokio::join!(one.get_or_load(&7, move || replica.load(7)), waiting);
    println!("served {took:?} after a load of {LOAD:?} began that brought an older row");
    assert_eq!(older.unwrap().revision, 1);
    assert!(took < LOAD * 2, "{took:?}");
}
