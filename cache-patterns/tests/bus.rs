//! Local copies of several caches over one store: what one invalidates, the others do not go on serving.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use cache_patterns::bus::{ProcessBus, RedisBus};
use cache_patterns::store::{MemoryStore, RedisStore, Store};
use cache_patterns::testing::Proxy;
use cache_patterns::{Cache, Limits, Source as From};
use common::source::Source;
use common::{Profile, RedisServer};

fn patient() -> Limits {
    Limits {
        read: Duration::from_secs(5),
        command: Duration::from_secs(5),
        early_refresh: 0.0,
        breaker: cache_patterns::breaker::BreakerPolicy { slow: Duration::from_secs(10), ..Default::default() },
        ..Limits::default()
    }
}

async fn revision(cache: &Cache, source: &Source, id: u64) -> (u64, From) {
    let source = source.clone();
    let value = cache.get_or_load(&id, move || source.load(id)).await.unwrap();
    (value.revision, value.source())
}

async fn over_redis(server: &RedisServer, replay: u32) -> Cache {
    let bus = RedisBus::connect(&server.url(), "test").await.unwrap().with_replay(replay);
    let store = RedisStore::connect(&server.url()).await.unwrap();
    let cache = Cache::builder(store).local(10_000).bus(bus).limits(patient()).build().await.unwrap();
    trusted(&cache).await;
    cache
}

async fn trusted(cache: &Cache) {
    let until = Instant::now() + Duration::from_secs(20);
    while !cache.trusts_local_copies() {
        assert!(Instant::now() < until, "the bus is heard");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Reads until a local copy is served: the first caller has its value before the store has taken it.
async fn copied(cache: &Cache, source: &Source, id: u64) {
    let began = Instant::now();
    while revision(cache, source, id).await.1 != From::Local {
        assert!(began.elapsed() < Duration::from_secs(20), "a copy is made");
        tokio::task::yield_now().await;
    }
}

/// Reads until the value is this new; how long it took.
async fn until(cache: &Cache, source: &Source, id: u64, newest: u64) -> Duration {
    let began = Instant::now();
    while revision(cache, source, id).await.0 < newest {
        assert!(began.elapsed() < Duration::from_secs(20), "the invalidation arrives");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    began.elapsed()
}

#[tokio::test]
async fn caches_of_one_process_hear_each_other() {
    let (store, bus): (Arc<dyn Store>, _) = (Arc::new(MemoryStore::default()), ProcessBus::new());
    let build = || Cache::builder_shared(Arc::clone(&store)).local(100).bus(bus.clone()).limits(patient()).build();
    let (one, two) = (build().await.unwrap(), build().await.unwrap());
    trusted(&one).await;
    trusted(&two).await;
    let source = Source::default();
    source.write(7);
    copied(&two, &source, 7).await;
    let newest = source.write(7);
    let _ = one.invalidate::<Profile>(&7).await.unwrap();
    until(&two, &source, 7, newest).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn caches_over_redis_hear_each_other() {
    let server = RedisServer::start();
    let (one, two) = (over_redis(&server, 0).await, over_redis(&server, 0).await);
    let source = Source::default();
    let mut longest = Duration::ZERO;
    for id in 0..100 {
        source.write(id);
        copied(&two, &source, id).await;
        let newest = source.write(id);
        let _ = one.invalidate::<Profile>(&id).await.unwrap();
        assert_eq!(revision(&one, &source, id).await.0, newest, "the one who invalidated, at once");
        longest = longest.max(until(&two, &source, id, newest).await);
    }
    println!("the other cache heard of an invalidation after at most {longest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_bus_is_kept_alive_by_heartbeats() {
    let server = RedisServer::start();
    let (one, two) = (over_redis(&server, 0).await, over_redis(&server, 0).await);
    let (began, mut looks, mut trusted) = (Instant::now(), 0, 0);
    while began.elapsed() < Duration::from_secs(6) {
        looks += 1;
        trusted += u32::from(one.trusts_local_copies() && two.trusts_local_copies());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!("a quiet bus was trusted at {trusted} of {looks} looks");
    // Without heartbeats it would be half of them; a machine that stands still for two seconds costs a few.
    assert!(trusted * 10 > looks * 7, "{trusted} of {looks}");
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_messages_do_not_end_the_subscription() {
    let server = RedisServer::start();
    let (one, two) = (over_redis(&server, 0).await, over_redis(&server, 0).await);
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    for message in ["not json", "7 {\"keys\":", "{}", ""] {
        let _: i64 = redis::cmd("PUBLISH")
            .arg("cache-patterns:{test}:bus")
            .arg(message)
            .query_async(&mut connection)
            .await
            .unwrap();
    }
    let source = Source::default();
    source.write(7);
    revision(&two, &source, 7).await;
    let newest = source.write(7);
    let _ = one.invalidate::<Profile>(&7).await.unwrap();
    until(&two, &source, 7, newest).await;
    assert!(two.trusts_local_copies());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_bus_ends_the_trust_in_local_copies_within_its_time() {
    let server = RedisServer::start();
    let bus_server = RedisServer::start();
    let bus = RedisBus::connect(&bus_server.url(), "test").await.unwrap();
    let store = RedisStore::connect(&server.url()).await.unwrap();
    let cache = Cache::builder(store).local(100).bus(bus).limits(patient()).build().await.unwrap();
    trusted(&cache).await;
    let source = Source::default();
    source.write(7);
    copied(&cache, &source, 7).await;
    bus_server.freeze();
    let frozen = Instant::now();
    while cache.trusts_local_copies() {
        assert!(frozen.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    println!("local copies were bypassed {:?} after the bus froze", frozen.elapsed());
    // 3 s are promised; the rest is for a busy machine.
    assert!(frozen.elapsed() < Duration::from_secs(5));
    assert_eq!(revision(&cache, &source, 7).await.1, From::Store);
    bus_server.thaw();
    trusted(&cache).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn missed_messages_are_replayed_from_the_log() {
    for replay in [0, 10_000] {
        let server = RedisServer::start();
        let (one, two) = (over_redis(&server, replay).await, over_redis(&server, replay).await);
        let source = Source::default();
        for id in 0..50 {
            source.write(id);
            copied(&two, &source, id).await;
        }
        // The subscriptions are cut; what is invalidated before they stand again is missed.
        let client = redis::Client::open(server.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let _: i64 =
            redis::cmd("CLIENT").arg("KILL").arg("TYPE").arg("pubsub").query_async(&mut connection).await.unwrap();
        for id in 0..10 {
            source.write(id);
            let _ = one.invalidate::<Profile>(&id).await.unwrap();
        }
        trusted(&two).await;
        for id in 0..50 {
            assert_eq!(revision(&two, &source, id).await.0, source.revision(id), "{id}, replay {replay}");
        }
    }
}

/// As a failover does that loses numbers: when the subscriber is back, others have been given out up to the same one.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_number_of_another_server_is_not_taken_for_the_last_one() {
    let (server, mut bus_server) = (RedisServer::start(), RedisServer::start());
    let proxy = Proxy::start(format!("127.0.0.1:{}", bus_server.port)).await.unwrap();
    let over = async |port: u16| {
        let bus = RedisBus::connect(&format!("redis://127.0.0.1:{port}/"), "test").await.unwrap();
        let store = RedisStore::connect(&server.url()).await.unwrap();
        Cache::builder(store).local(100).bus(bus).limits(patient()).build().await.unwrap()
    };
    let (one, two) = (over(bus_server.port).await, over(proxy.port()).await);
    trusted(&one).await;
    trusted(&two).await;
    let source = Source::default();
    (6..8).for_each(|id| _ = source.write(id));
    for _ in 0..5 {
        let _ = one.invalidate::<Profile>(&6).await.unwrap();
    }
    copied(&two, &source, 7).await;
    let last: u64 = bus_server.cli(&["GET", "cache-patterns:{test}:number"]).trim().parse().unwrap();
    assert!(last >= 5, "{last}");
    proxy.refuse(true);
    proxy.reset();
    bus_server.restart();
    bus_server.cli(&["SET", "cache-patterns:{test}:number", &(last - 1).to_string()]);
    trusted(&one).await;
    let newest = source.write(7);
    let _ = one.invalidate::<Profile>(&7).await.unwrap();
    let number = || bus_server.cli(&["GET", "cache-patterns:{test}:number"]).trim().parse::<u64>().unwrap();
    let told = Instant::now() + Duration::from_secs(20);
    while number() < last {
        assert!(Instant::now() < told, "the others are told");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(number(), last, "the subscriber will find the number that it knows");
    proxy.refuse(false);
    trusted(&two).await;
    assert_eq!(revision(&two, &source, 7).await.0, newest);
}

#[tokio::test]
async fn what_is_distrusted_after_a_failover_is_not_served_from_copies_either() {
    let store = Arc::new(MemoryStore::default());
    let cache = Cache::builder_shared(Arc::clone(&store) as _).local(100).limits(patient()).build().await.unwrap();
    let source = Source::default();
    source.write(7);
    copied(&cache, &source, 7).await;
    // As after an outage in which an invalidation was lost: its value may be in the store and in copies of it.
    let newest = source.write(7);
    let now = u32::try_from(store.now() / 1000).unwrap();
    store.raise_watermark(now).await.unwrap();
    let took = until(&cache, &source, 7, newest).await;
    println!("a copy of a distrusted value was served for {took:?}");
    assert!(took < Duration::from_secs(10));
}
