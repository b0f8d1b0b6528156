//! What networks do, by a proxy between the cache and its servers: subscribers that miss messages, sockets that are open
//! on one side only, answers that are cut or never come.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cache_patterns::breaker::{BreakerPolicy, BreakerState};
use cache_patterns::bus::RedisBus;
use cache_patterns::store::{Confirm, RedisStore};
use cache_patterns::testing::Proxy;
use cache_patterns::{Cache, Invalidated, Key, Limits, Source as From};
use common::source::Source;
use common::{Profile, RedisServer};

/// Not heard for so long, the bus is not trusted.
const SILENCE: Duration = Duration::from_secs(3);
/// For a busy machine, on top of what is promised.
const SLACK: Duration = Duration::from_secs(2);

fn patient() -> Limits {
    Limits {
        read: Duration::from_secs(5),
        command: Duration::from_secs(5),
        early_refresh: 0.0,
        breaker: BreakerPolicy { slow: Duration::from_secs(10), ..Default::default() },
        ..Limits::default()
    }
}

async fn proxied(server: &RedisServer) -> (Proxy, String) {
    let proxy = Proxy::start(format!("127.0.0.1:{}", server.port)).await.unwrap();
    let url = format!("redis://127.0.0.1:{}/", proxy.port());
    (proxy, url)
}

/// With local copies; the bus over another way than the store.
async fn cache(server: &RedisServer, bus_url: &str) -> Cache {
    let bus = RedisBus::connect(bus_url, "test").await.unwrap();
    let store = RedisStore::connect(&server.url()).await.unwrap();
    let cache = Cache::builder(store).local(10_000).bus(bus).limits(patient()).build().await.unwrap();
    trusted(&cache).await;
    cache
}

async fn trusted(cache: &Cache) {
    let until = Instant::now() + Duration::from_secs(30);
    while !cache.trusts_local_copies() {
        assert!(Instant::now() < until, "the bus is heard");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn revision(cache: &Cache, source: &Source, id: u64) -> (u64, From) {
    let source = source.clone();
    let value = cache.get_or_load(&id, move || source.load(id)).await.unwrap();
    (value.revision, value.source())
}

/// All have a local copy.
async fn copied(cache: &Cache, source: &Source, ids: &[u64]) {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let from = source.clone();
        let found: HashMap<u64, _> =
            cache.get_many_or_load(ids, move |missing| from.clone().load_many(missing)).await.unwrap();
        if found.values().all(|value| value.source() == From::Local) {
            return;
        }
        assert!(Instant::now() < until, "copies are made");
        cache.idle().await;
    }
}

/// How long after `changed` an older copy was served last; `None`: none was.
async fn last_stale(
    cache: &Cache,
    source: &Source,
    ids: &[u64],
    changed: Instant,
    watch: Duration,
) -> Option<Duration> {
    let mut last = None;
    while changed.elapsed() < watch {
        for id in ids {
            if revision(cache, source, *id).await.0 < source.revision(*id) {
                last = Some(changed.elapsed());
            }
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    last
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_that_missed_a_thousand_invalidations_serves_none_of_the_old_values() {
    let server = RedisServer::start();
    let (proxy, bus_url) = proxied(&server).await;
    let (one, two) = (cache(&server, &server.url()).await, cache(&server, &bus_url).await);
    let source = Source::default();
    let ids: Vec<u64> = (0..1_000).collect();
    ids.iter().for_each(|id| _ = source.write(*id));
    for gap in [100, 700, 5_000].map(Duration::from_millis) {
        copied(&two, &source, &ids).await;
        proxy.refuse(true);
        proxy.reset();
        let cut = Instant::now();
        ids.iter().for_each(|id| _ = source.write(*id));
        assert_eq!(one.invalidate_many::<Profile>(&ids).await.unwrap(), Invalidated::Applied);
        tokio::time::sleep(gap.saturating_sub(cut.elapsed())).await;
        proxy.refuse(false);
        trusted(&two).await;
        let mut stale = 0;
        for id in &ids {
            stale += usize::from(revision(&two, &source, *id).await.0 < source.revision(*id));
        }
        println!("subscriber cut off for {gap:?}, 1,000 keys invalidated: {stale} stale once it was trusted again");
        assert_eq!(stale, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_half_open_socket_a_copy_is_older_than_the_silence_never() {
    let server = RedisServer::start();
    let (proxy, bus_url) = proxied(&server).await;
    let (one, two) = (cache(&server, &server.url()).await, cache(&server, &bus_url).await);
    let source = Source::default();
    let ids: Vec<u64> = (0..20).collect();
    ids.iter().for_each(|id| _ = source.write(*id));
    copied(&two, &source, &ids).await;
    // What runs now is open and silent; nobody is told.
    proxy.half_open();
    ids.iter().for_each(|id| _ = source.write(*id));
    assert_eq!(one.invalidate_many::<Profile>(&ids).await.unwrap(), Invalidated::Applied);
    let last = last_stale(&two, &source, &ids, Instant::now(), SILENCE + SLACK * 2).await;
    println!(
        "half-open subscriber: the last stale local read came {last:?} after the invalidation, promised {SILENCE:?}"
    );
    assert!(last.is_none_or(|last| last < SILENCE + SLACK), "{last:?}");
    trusted(&two).await;
    copied(&two, &source, &ids).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_black_hole_opens_the_breaker() {
    let server = RedisServer::start();
    let (proxy, url) = proxied(&server).await;
    let store = RedisStore::connect(&url).await.unwrap();
    let cache = Cache::builder(store).limits(Limits { early_refresh: 0.0, ..Limits::default() }).build().await.unwrap();
    let source = Source::default();
    (0..200).for_each(|id| _ = source.write(id));
    revision(&cache, &source, 0).await;
    proxy.black_hole(true);
    let began = Instant::now();
    let mut calls = 0;
    while cache.breaker(0) == BreakerState::Closed {
        calls += 1;
        assert_eq!(revision(&cache, &source, calls).await.0, 1);
    }
    println!("black hole: the breaker opened after {calls} calls, {:?}", began.elapsed());
    assert!(calls <= 20 || began.elapsed() <= Duration::from_secs(1), "{calls} calls, {:?}", began.elapsed());
    proxy.black_hole(false);
    let until = Instant::now() + Duration::from_secs(60);
    // Calls are what closes it.
    while revision(&cache, &source, 1).await.1 != From::Store || cache.breaker(0) != BreakerState::Closed {
        assert!(Instant::now() < until, "it closes again, and what is stored is served");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_end_in_the_middle_are_no_answers() {
    let server = RedisServer::start();
    let (proxy, url) = proxied(&server).await;
    let cache = Cache::builder(RedisStore::connect(&url).await.unwrap()).limits(patient()).build().await.unwrap();
    let source = Source::default();
    (0..10).for_each(|id| _ = source.write(id));
    let mut cut = 0;
    for round in 0..40 {
        let id = round % 10;
        proxy.truncate_after(fastrand::usize(0..150));
        cut += 1;
        assert_eq!(revision(&cache, &source, id).await.0, source.revision(id), "round {round}");
        if round % 4 == 0 {
            source.write(id);
            let _ = cache.invalidate::<Profile>(&id).await.unwrap();
        }
        let until = Instant::now() + Duration::from_secs(30);
        // Until the connection is there again.
        loop {
            let (found, from) = revision(&cache, &source, id).await;
            assert_eq!(found, source.revision(id), "round {round}");
            if from == From::Store {
                break;
            }
            assert!(Instant::now() < until, "round {round}: it connects again, {:?}", cache.stats());
            // What owes an invalidation does not trust the store until it is replayed.
            if cache.owed_invalidations() > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            } else {
                cache.idle().await;
            }
        }
    }
    println!("{cut} times an answer was cut in the middle: {:?}", cache.stats());
    assert_eq!(cache.stats().errors, 0, "trouble with the store is not the caller's");
    assert_eq!(cache.breaker(0), BreakerState::Closed, "a connection that breaks is not a store that is ill");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_cut_costs_its_readers_no_load() {
    let server = RedisServer::start();
    let (proxy, url) = proxied(&server).await;
    let cache = Cache::builder(RedisStore::connect(&url).await.unwrap()).limits(patient()).build().await.unwrap();
    let source = Source::default();
    source.write(7);
    revision(&cache, &source, 7).await;
    cache.idle().await;
    let (cuts, readers) = (20, 64);
    let before = proxy.connections();
    for cut in 0..cuts {
        // By turns idle, and with the answers on their way.
        let reading = if cut % 2 == 0 { usize::MAX } else { fastrand::usize(0..5_000) };
        if reading == usize::MAX {
            proxy.reset();
        } else {
            proxy.truncate_after(reading);
        }
        let mut reads = tokio::task::JoinSet::new();
        for _ in 0..readers {
            let (cache, source) = (cache.clone(), source.clone());
            reads.spawn(async move { revision(&cache, &source, 7).await });
        }
        for read in reads.join_all().await {
            assert_eq!(read, (1, From::Store), "cut {cut}");
        }
    }
    let connections = proxy.connections() - before;
    println!("{cuts} cuts under {readers} readers: {connections} connections, {:?}", cache.stats());
    assert_eq!(cache.stats().loads, 1);
    assert_eq!(cache.breaker(0), BreakerState::Closed);
    // Two answers can be cut by one call: the first, and the greeting of the next connection.
    assert!(connections <= 2 * cuts, "{connections} connections for {cuts} cuts");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalidation_without_an_answer_is_owed_and_said_again() {
    let server = RedisServer::start();
    let (proxy, url) = proxied(&server).await;
    let limits = Limits { command: Duration::from_millis(300), read: Duration::from_millis(300), ..patient() };
    let cache = Cache::builder(RedisStore::connect(&url).await.unwrap()).limits(limits).build().await.unwrap();
    let source = Source::default();
    source.write(7);
    for lose in [Proxy::lose_answers as fn(&Proxy, bool), Proxy::lose_requests] {
        revision(&cache, &source, 7).await;
        cache.idle().await;
        lose(&proxy, true);
        let newest = source.write(7);
        assert_eq!(cache.invalidate::<Profile>(&7).await.unwrap(), Invalidated::Queued);
        assert_eq!(revision(&cache, &source, 7).await.0, newest, "not trusted meanwhile");
        lose(&proxy, false);
        // The connection is told nothing of what vanished; a new one is in order.
        proxy.reset();
        let until = Instant::now() + Duration::from_secs(60);
        while cache.owed_invalidations() > 0 {
            assert!(Instant::now() < until, "it is said again");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(revision(&cache, &source, 7).await.0, newest);
    }
}

const MISSES: u64 = 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_miss_costs_two_round_trips() {
    let server = RedisServer::start();
    let (proxy, url) = proxied(&server).await;
    let proxy = Arc::new(proxy);
    let cache = Cache::builder(RedisStore::connect(&url).await.unwrap()).limits(patient()).build().await.unwrap();
    let source = Source::default();
    (0..MISSES).for_each(|id| _ = source.write(id));
    // The server learns the scripts.
    revision(&cache, &source, 0).await;
    cache.idle().await;
    let latency = Duration::from_millis(20);
    proxy.latency(latency);
    let (mut fewest, mut fastest) = (u64::MAX, Duration::MAX);
    for id in 1..MISSES {
        let before = proxy.requests();
        let asked = Arc::new(AtomicU64::new(0));
        let began = Instant::now();
        let (from, proxy, seen) = (source.clone(), Arc::clone(&proxy), Arc::clone(&asked));
        let load = move || async move {
            seen.store(proxy.requests(), Ordering::SeqCst);
            from.load(id).await
        };
        assert_eq!(cache.get_or_load(&id, load).await.unwrap().source(), From::Loaded);
        fastest = fastest.min(began.elapsed());
        fewest = fewest.min(asked.load(Ordering::SeqCst) - before);
        cache.idle().await;
    }
    println!(
        "of {MISSES} misses over a line of {:?} there and back: {fewest} requests before the load, served after {fastest:?}",
        latency * 2
    );
    // The best of them: the nodes are asked who they are once a second, beside this.
    assert_eq!(fewest, 2);
    assert!(fastest < latency * 4 + SLACK, "{fastest:?}");
}

/// The line between primary and replica swallows the invalidations; then the primary dies, and the replica takes over
/// with the old values, behind the same address.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_failover_that_lost_an_invalidation_the_old_value_is_not_trusted() {
    let mut primary = RedisServer::start();
    let (line, _) = proxied(&primary).await;
    let (address, url) = proxied(&primary).await;
    let following = ["--replicaof", "127.0.0.1", &line.port().to_string()];
    let replica = tokio::task::block_in_place(|| RedisServer::with(&following));
    let connect = async || RedisStore::connect(&url).await.unwrap();
    let confirm = Some(Confirm { replicas: 1, within: Duration::from_millis(300) });
    let strict = Cache::builder(connect().await).limits(Limits { confirm, ..patient() }).build().await.unwrap();
    let plain = Cache::builder(connect().await).limits(patient()).build().await.unwrap();
    let source = Source::default();
    let replicated = |id: u64| replica.cli(&["get", Key::<Profile>::of(&id).as_str()]).trim().len() > 60;
    let until = Instant::now() + Duration::from_secs(30);
    while !replica.cli(&["info", "replication"]).contains("master_link_status:up") {
        assert!(Instant::now() < until, "the replica follows");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for id in 7..9 {
        source.write(id);
        revision(&plain, &source, id).await;
        while !replicated(id) {
            assert!(Instant::now() < until, "the replica has the value");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    assert_eq!(strict.invalidate::<Profile>(&9).await.unwrap(), Invalidated::Applied, "the replica confirms");

    line.black_hole(true);
    (7..9).for_each(|id| _ = source.write(id));
    assert_eq!(strict.invalidate::<Profile>(&7).await.unwrap(), Invalidated::Unconfirmed { replicas: 0 });
    assert_eq!(plain.invalidate::<Profile>(&8).await.unwrap(), Invalidated::Applied, "who does not ask is not told");
    primary.kill();
    assert!(replica.cli(&["replicaof", "no", "one"]).contains("OK"));
    assert!(replicated(7) && replicated(8), "both invalidations are lost: the old values are back");
    address.lead_to(format!("127.0.0.1:{}", replica.port));
    address.reset();
    let promoted = Instant::now();
    for cache in [&strict, &plain] {
        for id in 7..9 {
            while revision(cache, &source, id).await.0 < source.revision(id) {
                assert!(promoted.elapsed() < Duration::from_secs(10), "the old value is not trusted for long");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
    println!(
        "invalidations lost with the primary: the newest values were served {:?} after the failover",
        promoted.elapsed()
    );
}
