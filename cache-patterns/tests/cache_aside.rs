//! Cache-Aside: one load per key, whoever goes away. `invalidate_races.rs` has the invalidations that meet a load.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use cache_patterns::clock::ManualClock;
use cache_patterns::store::{MemoryStore, RedisStore, Store};
use cache_patterns::testing::FaultStore;
use cache_patterns::{Cache, CacheEntity, Cached, Invalidated, Key, Limits, LoadError, Source as From, Ttl};
use common::source::{Down, Source};
use common::{Profile, RedisServer, Stock};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

/// Deadlines that a busy machine keeps: time is not the subject here.
fn patient() -> Limits {
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

async fn cache_over(store: impl Store) -> Cache {
    Cache::builder(store).limits(patient()).build().await.unwrap()
}

async fn memory() -> Cache {
    cache_over(MemoryStore::default()).await
}

async fn get(cache: &Cache, source: &Source, id: u64) -> Result<Cached<Profile>, LoadError<Down>> {
    let source = source.clone();
    cache.get_or_load(&id, move || source.load(id)).await
}

/// `callers` at once; their values.
async fn crowd(cache: &Cache, source: &Source, callers: usize) -> Vec<Result<Cached<Profile>, LoadError<Down>>> {
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let (cache, source) = (cache.clone(), source.clone());
        tasks.spawn(async move { get(&cache, &source, 7).await });
    }
    tasks.join_all().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stampede_over_redis_is_one_load_for_all_caches() {
    let server = RedisServer::start();
    let source = Source::with_delay(Duration::from_millis(100));
    source.write(7);
    let mut tasks = JoinSet::new();
    for _ in 0..4 {
        let cache = cache_over(RedisStore::connect(&server.url()).await.unwrap()).await;
        let source = source.clone();
        tasks.spawn(async move { crowd(&cache, &source, 250).await });
    }
    let values = tasks.join_all().await.concat();
    println!("4 caches of 250 callers: loads {}", source.loads());
    assert_eq!((source.loads(), values.len()), (1, 1_000));
    assert!(values.iter().all(|value| value.as_ref().unwrap().revision == 1));
}

#[tokio::test]
async fn an_absence_is_remembered_and_a_creation_ends_it() {
    let (cache, source) = (memory().await, Source::default());
    let find = |id: u64| {
        let source = source.clone();
        let cache = cache.clone();
        async move { cache.get_or_load_opt(&id, move || source.load_opt(id)).await.unwrap() }
    };
    assert!(find(7).await.is_none());
    assert!(find(7).await.is_none());
    assert_eq!(source.loads(), 1, "the absence was remembered");
    assert_eq!(cache.stats().negative_hits, 1);
    source.write(7);
    let _ = cache.invalidate::<Profile>(&7).await.unwrap();
    assert_eq!(find(7).await.map(|profile| profile.revision), Some(1));
    // A reader that needs a value is not answered by a remembered absence.
    assert!(find(8).await.is_none());
    source.write(8);
    assert_eq!(get(&cache, &source, 8).await.unwrap().revision, 1);
}

#[tokio::test]
async fn many_are_read_with_one_call_of_the_loader() {
    let (cache, source) = (memory().await, Source::default());
    (0..10).for_each(|id| _ = source.write(id));
    let many = |ids: Vec<u64>| {
        let (cache, source) = (cache.clone(), source.clone());
        async move { cache.get_many_or_load(&ids, move |missing| source.clone().load_many(missing)).await.unwrap() }
    };
    assert_eq!(many((0..5).collect()).await.len(), 5);
    assert_eq!(source.loads(), 1);
    let found = many((0..12).chain(0..3).collect()).await;
    assert_eq!(source.loads(), 2, "one more call for what was missing");
    assert_eq!(found.len(), 10, "10 and 11 do not exist");
    assert!(found.iter().all(|(id, profile)| profile.id == *id));
    assert_eq!(found[&0].source(), From::Store);
    many((0..12).collect()).await;
    assert_eq!(source.loads(), 2, "the absence of 10 and 11 was remembered");
    let stats = cache.stats();
    assert_eq!((stats.store_hits, stats.misses, stats.negative_hits), (15, 12, 2), "{stats:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_of_one_and_of_many_share_their_loads() {
    let (cache, source) = (memory().await, Source::with_delay(Duration::from_millis(50)));
    (0..10).for_each(|id| _ = source.write(id));
    let mut tasks = JoinSet::new();
    for _ in 0..50 {
        let (cache, source) = (cache.clone(), source.clone());
        tasks.spawn(async move {
            let ids: Vec<u64> = (0..10).collect();
            cache.get_many_or_load(&ids, move |missing| source.clone().load_many(missing)).await.unwrap().len()
        });
    }
    assert!(tasks.join_all().await.into_iter().all(|found| found == 10));
    assert!(source.loads() <= 10, "at most one call of the loader for each id: {}", source.loads());
}

/// Stale for a minute, and for an hour when the source fails.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Price {
    id: u64,
    cents: u64,
}

impl CacheEntity for Price {
    type Id = u64;
    const SERVICE: &'static str = "shop";
    const ENTITY: &'static str = "price";
    const VERSION: u32 = 1;
    const TTL: Ttl = Ttl::secs(60);
    const JITTER: cache_patterns::Jitter = cache_patterns::Jitter::NONE;
    const STALE: Duration = Duration::from_secs(60);
    const STALE_IF_ERROR: Duration = Duration::from_secs(3600);

    fn id(&self) -> u64 {
        self.id
    }
}

async fn price(cache: &Cache, cents: Result<u64, Down>) -> Result<Cached<Price>, LoadError<Down>> {
    cache.get_or_load(&1, move || async move { cents.map(|cents| Price { id: 1, cents }) }).await
}

#[tokio::test]
async fn a_stale_value_is_served_while_one_caller_refreshes_it() {
    let clock = ManualClock::at(1_000_000);
    let store = MemoryStore::with_clock(100, Arc::new(clock.clone()));
    let cache = Cache::builder(store).clock(Arc::new(clock.clone())).limits(patient()).build().await.unwrap();
    assert_eq!(price(&cache, Ok(1)).await.unwrap().cents, 1);
    clock.advance(Duration::from_secs(61));
    let stale = price(&cache, Ok(2)).await.unwrap();
    assert_eq!((stale.cents, stale.source()), (1, From::Stale));
    assert_eq!(stale.age(), Duration::from_secs(61));
    // The refresh runs in a task of its own.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    let fresh = price(&cache, Ok(3)).await.unwrap();
    assert_eq!((fresh.cents, fresh.source()), (2, From::Store));
    clock.advance(Duration::from_secs(121));
    assert_eq!(price(&cache, Ok(4)).await.unwrap().cents, 4, "past the stale time a load is waited for");
}

#[tokio::test]
async fn a_value_past_its_ttl_is_served_when_the_source_fails() {
    let clock = ManualClock::at(1_000_000);
    let store = MemoryStore::with_clock(100, Arc::new(clock.clone()));
    let cache = Cache::builder(store).clock(Arc::new(clock.clone())).limits(patient()).build().await.unwrap();
    price(&cache, Ok(1)).await.unwrap();
    clock.advance(Duration::from_secs(600));
    let stale = price(&cache, Err(Down)).await.unwrap();
    assert_eq!((stale.cents, stale.source()), (1, From::Stale));
    let _ = cache.expire::<Price>(&1).await.unwrap();
    assert_eq!(price(&cache, Err(Down)).await.unwrap().cents, 1, "a soft invalidation keeps it for that case");
    assert_eq!(price(&cache, Ok(2)).await.unwrap().cents, 2, "and only for that");
    let _ = cache.invalidate::<Price>(&1).await.unwrap();
    assert!(price(&cache, Err(Down)).await.is_err(), "a plain one does not");
    price(&cache, Ok(3)).await.unwrap();
    clock.advance(Duration::from_secs(60 + 3_601));
    assert!(price(&cache, Err(Down)).await.is_err(), "past the time for errors there is nothing to serve");
}

#[tokio::test]
async fn a_slow_source_does_not_hold_up_callers_that_may_be_served_stale() {
    let limits = Limits { load_soft: Duration::from_millis(50), ..patient() };
    let clock = ManualClock::at(1_000_000);
    let store = MemoryStore::with_clock(100, Arc::new(clock.clone()));
    let cache = Cache::builder(store).clock(Arc::new(clock.clone())).limits(limits).build().await.unwrap();
    price(&cache, Ok(1)).await.unwrap();
    clock.advance(Duration::from_secs(600));
    let slow = cache
        .get_or_load(&1, || async {
            tokio::time::sleep(Duration::from_millis(400)).await;
            Ok::<_, Down>(Price { id: 1, cents: 2 })
        })
        .await
        .unwrap();
    assert_eq!((slow.cents, slow.source()), (1, From::Stale));
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(price(&cache, Ok(3)).await.unwrap().cents, 2, "the slow load went on and was stored");
}

#[tokio::test]
async fn a_load_past_the_hard_deadline_fails_and_frees_the_lease() {
    let limits = Limits { load_soft: Duration::from_millis(20), load_hard: Duration::from_millis(40), ..patient() };
    let cache = Cache::builder(MemoryStore::default()).limits(limits).build().await.unwrap();
    let never = cache.get_or_load::<Profile, Down, _, _>(&7, std::future::pending).await;
    assert!(matches!(never, Err(LoadError::TimedOut(_))), "{never:?}");
    let source = Source::default();
    source.write(7);
    assert_eq!(get(&cache, &source, 7).await.unwrap().revision, 1, "at once: nobody waits for a dead lease");
}

#[tokio::test]
async fn an_early_refresh_leaves_no_gap() {
    let clock = ManualClock::at(1_000_000);
    let store = MemoryStore::with_clock(100, Arc::new(clock.clone()));
    let limits = Limits { early_refresh: 10.0, ..patient() };
    let cache = Cache::builder(store).clock(Arc::new(clock.clone())).limits(limits).build().await.unwrap();
    // A load of 40 ms at weight 10 makes the last seconds likely ones.
    let load = |cents| {
        let cache = cache.clone();
        async move {
            let load = move || async move {
                tokio::time::sleep(Duration::from_millis(40)).await;
                Ok::<_, Down>(Price { id: 1, cents })
            };
            cache.get_or_load(&1, load).await.unwrap()
        }
    };
    load(1).await;
    clock.advance(Duration::from_millis(59_900));
    for _ in 0..200 {
        assert_eq!(load(2).await.source(), From::Store, "hits go on");
        if cache.stats().loads == 2 {
            break;
        }
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(cache.stats().loads, 2, "one of them refreshed");
    clock.advance(Duration::from_secs(5));
    let value = load(3).await;
    assert_eq!((value.cents, value.source()), (2, From::Store), "past the first TTL it is a hit");
}

#[tokio::test]
async fn the_loader_can_shorten_the_ttl_and_keep_a_value_out() {
    let clock = ManualClock::at(1_000_000);
    let store = MemoryStore::with_clock(100, Arc::new(clock.clone()));
    let cache = Cache::builder(store).clock(Arc::new(clock.clone())).limits(patient()).build().await.unwrap();
    for cents in 1..3 {
        let load = move |context: cache_patterns::LoadContext| async move {
            context.not_cacheable();
            Ok::<_, Down>(Price { id: 1, cents })
        };
        assert_eq!(cache.get_or_load_with(&1, load).await.unwrap().cents, cents, "never stored");
    }
    let load = |context: cache_patterns::LoadContext| async move {
        context.ttl(Duration::from_secs(5));
        context.ttl(Duration::from_secs(500));
        Ok::<_, Down>(Price { id: 1, cents: 9 })
    };
    cache.get_or_load_with(&1, load).await.unwrap();
    clock.advance(Duration::from_secs(4));
    assert_eq!(price(&cache, Ok(10)).await.unwrap().source(), From::Store);
    clock.advance(Duration::from_secs(2));
    assert_eq!(price(&cache, Ok(10)).await.unwrap().source(), From::Stale);
}

#[tokio::test]
async fn a_caller_that_has_seen_a_version_gets_nothing_older() {
    let (cache, source) = (memory().await, Source::default());
    source.write(7);
    get(&cache, &source, 7).await.unwrap();
    // Committed elsewhere; nobody told this cache.
    let seen = source.write(7);
    let at_least = |version| {
        let (cache, source) = (cache.clone(), source.clone());
        async move { cache.get_at_least(&7, version, move || source.load(7)).await }
    };
    assert_eq!(at_least(seen).await.unwrap().revision, seen);
    assert_eq!(get(&cache, &source, 7).await.unwrap().revision, seen, "and it was refilled");
    let lagging = at_least(seen + 1).await;
    assert!(matches!(lagging, Err(LoadError::TooOld { .. })), "{lagging:?}");
}

#[tokio::test]
async fn a_row_of_another_id_is_not_stored_under_this_one() {
    let cache = Cache::builder(MemoryStore::default()).local(100).limits(patient()).build().await.unwrap();
    let source = Source::default();
    (7..9).for_each(|id| _ = source.write(id));
    let wrong = || {
        let source = source.clone();
        cache.get_or_load(&7, move || source.load(8))
    };
    for _ in 0..2 {
        assert_eq!(wrong().await.unwrap().id, 8, "who asks for it so has it");
        cache.idle().await;
    }
    assert_eq!(source.loads(), 2, "and nobody else");
    let (right, other) = (get(&cache, &source, 7).await.unwrap(), get(&cache, &source, 8).await.unwrap());
    assert_eq!((right.id, right.source()), (7, From::Loaded), "at once: no lease is left behind");
    assert_eq!((other.id, other.source()), (8, From::Loaded));
    // In a batch it answers no question that was asked.
    let load = |_: Vec<u64>| async { Ok::<_, Down>(vec![Profile::new(9, 1)]) };
    assert!(cache.get_many_or_load::<Profile, _, _, _>(&[10], load).await.unwrap().is_empty());
}

/// The same key with another structure.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct OtherProfile {
    id: u64,
    nickname: String,
}

impl CacheEntity for OtherProfile {
    type Id = u64;
    const SERVICE: &'static str = "user";
    const ENTITY: &'static str = "profile";
    const VERSION: u32 = 2;
    const TTL: Ttl = Ttl::mins(15);
    const FINGERPRINT: u32 = 99;

    fn id(&self) -> u64 {
        self.id
    }
}

#[tokio::test]
async fn another_structure_under_the_same_version_is_a_miss_and_no_error() {
    let (cache, source) = (memory().await, Source::default());
    source.write(7);
    for round in 1..4 {
        let value = get(&cache, &source, 7).await.unwrap();
        assert_eq!(value.name, "user 7");
        let other = || async { Ok::<_, Down>(OtherProfile { id: 7, nickname: "seven".to_owned() }) };
        let value = cache.get_or_load(&7, other).await.unwrap();
        assert_eq!(value.nickname, "seven");
        assert!(cache.stats().shape_mismatches >= 2 * round - 1, "{:?}", cache.stats());
    }
    assert_eq!(cache.stats().errors, 0);
}

#[tokio::test]
async fn bytes_of_somebody_else_are_a_miss() {
    let store = MemoryStore::default();
    let cache = cache_over(store.clone()).await;
    let source = Source::default();
    source.write(7);
    let key = Key::<Profile>::of(&7);
    let mut undecodable = get(&cache, &source, 7).await.map(|_| store.peek(key.as_str()).unwrap().to_vec()).unwrap();
    undecodable.truncate(60);
    for bytes in [b"plain text".to_vec(), Vec::new(), vec![0xff; 200], b"C1".to_vec(), undecodable] {
        store.put_raw(key.as_str(), bytes, Duration::from_secs(60));
        assert_eq!(get(&cache, &source, 7).await.unwrap().source(), From::Loaded);
        assert_eq!(get(&cache, &source, 7).await.unwrap().source(), From::Store, "and it was mended");
    }
}

#[tokio::test]
async fn without_the_store_one_load_still_serves_a_crowd() {
    let (store, faults) = FaultStore::new(MemoryStore::default());
    let cache = Cache::builder(store).limits(patient()).build().await.unwrap();
    faults.down(true);
    let source = Source::with_delay(Duration::from_millis(50));
    source.write(7);
    let values = crowd(&cache, &source, 200).await;
    assert!(values.iter().all(Result::is_ok), "trouble with the store is not the caller's");
    assert!(source.loads() <= 2, "{} loads", source.loads());
}

#[tokio::test]
async fn an_invalidation_that_cannot_reach_the_store_is_owed_and_distrusted_until_it_did() {
    let (store, faults) = FaultStore::new(MemoryStore::default());
    let cache = Cache::builder(store).limits(patient()).build().await.unwrap();
    let source = Source::default();
    source.write(7);
    get(&cache, &source, 7).await.unwrap();
    faults.down(true);
    let revision = source.write(7);
    assert_eq!(cache.invalidate::<Profile>(&7).await.unwrap(), Invalidated::Queued);
    faults.down(false);
    assert_eq!(get(&cache, &source, 7).await.unwrap().revision, revision, "before the replay");
    let mut waited = 0;
    while cache.owed_invalidations() > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        waited += 1;
        assert!(waited < 500, "the invalidation is replayed");
    }
    assert_eq!(get(&cache, &source, 7).await.unwrap().revision, revision, "after it");
}

#[tokio::test]
async fn loads_are_bounded_when_the_store_is_away() {
    let (store, faults) = FaultStore::new(MemoryStore::default());
    let limits = Limits { loads_without_store: 8, ..patient() };
    let cache = Cache::builder(store).limits(limits).build().await.unwrap();
    faults.down(true);
    let source = Source::with_delay(Duration::from_millis(10));
    let mut tasks = JoinSet::new();
    for id in 0..200 {
        source.write(id);
        let (cache, source) = (cache.clone(), source.clone());
        tasks.spawn(async move { get(&cache, &source, id).await.is_ok() });
    }
    assert!(tasks.join_all().await.into_iter().all(|served| served));
    println!("at most {} loads at once, allowed 8", source.most_running());
    assert!(source.most_running() <= 8);
}

#[tokio::test]
async fn a_load_that_nobody_wants_is_cancelled_on_demand() {
    let limits = Limits { cancel_unwanted: true, ..patient() };
    let cache = Cache::builder(MemoryStore::default()).limits(limits).build().await.unwrap();
    let source = Source::with_delay(Duration::from_millis(300));
    source.write(7);
    let abandoned = tokio::time::timeout(Duration::from_millis(50), get(&cache, &source, 7)).await;
    assert!(abandoned.is_err());
    tokio::time::sleep(Duration::from_millis(100)).await;
    let again = tokio::time::timeout(Duration::from_secs(10), get(&cache, &source, 7)).await.unwrap().unwrap();
    assert_eq!((again.revision, source.loads()), (1, 2), "the first was given up, the second began at once");
}

#[tokio::test]
async fn a_cold_cache_is_warmed_at_the_rate_that_was_asked_for() {
    let (cache, source) = (memory().await, Source::default());
    (0..20).for_each(|id| _ = source.write(id));
    get(&cache, &source, 3).await.unwrap();
    let from = source.clone();
    let warmed = cache.warm(0..21, 200, move |id| from.clone().load(id)).await;
    assert_eq!((warmed.loaded, warmed.present, warmed.failed), (19, 1, 1));
    assert!(warmed.took >= Duration::from_millis(95), "20 pauses of 5 ms: {:?}", warmed.took);
}

#[tokio::test]
async fn the_numbers_add_up() {
    let (cache, source) =
        (Cache::builder(MemoryStore::default()).local(100).limits(patient()).build().await.unwrap(), Source::default());
    (0..10).for_each(|id| _ = source.write(id));
    for round in 0..3 {
        for id in 0..12 {
            let _ = (round, get(&cache, &source, id).await);
        }
    }
    let stats = cache.stats_of::<Profile>();
    assert_eq!((stats.local_hits, stats.misses, stats.errors, stats.loads), (20, 10, 6, 16), "{stats:?}");
    assert_eq!(stats.reads(), 36);
    assert!((stats.hit_ratio() - 20.0 / 36.0).abs() < 1e-9);
    assert_eq!(cache.stats_of::<Stock>().reads(), 0);
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_by_name() {
    let limits = Limits { loads: 0, ..Limits::default() };
    let error = Cache::builder(MemoryStore::default()).limits(limits).build().await.unwrap_err();
    assert!(error.to_string().contains("`limits.loads`"), "{error}");
    let server = RedisServer::start();
    let store = RedisStore::connect(&server.url()).await.unwrap();
    let error = Cache::builder(store).local(10).build().await.unwrap_err();
    assert!(error.to_string().contains("`local` needs `.bus(…)`"), "{error}");
    let error = RedisStore::connect("redis://user:secret@host:port").await.unwrap_err();
    assert!(!error.to_string().contains("secret"), "{error}");
}
