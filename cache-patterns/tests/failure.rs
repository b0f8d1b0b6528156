//! Redis frozen, killed, restarted: the callers do not notice more than a slower answer.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use std::time::{Duration, Instant};

use cache_patterns::breaker::BreakerState;
use cache_patterns::store::{MemoryStore, RedisStore};
use cache_patterns::testing::FaultStore;
use cache_patterns::{Cache, Invalidated, Key, Limits};
use common::source::Source;
use common::{Profile, RedisServer};
use tokio::task::JoinSet;

async fn over(server: &RedisServer, limits: Limits) -> Cache {
    Cache::builder(RedisStore::connect(&server.url()).await.unwrap()).limits(limits).build().await.unwrap()
}

async fn revision(cache: &Cache, source: &Source, id: u64) -> u64 {
    let source = source.clone();
    cache.get_or_load(&id, move || source.load(id)).await.unwrap().revision
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < end, "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_stop_waiting_for_a_frozen_redis() {
    let server = RedisServer::start();
    let cache = over(&server, Limits::default()).await;
    let source = Source::default();
    (0..200).for_each(|id| _ = source.write(id));
    revision(&cache, &source, 0).await;
    server.freeze();
    let frozen = Instant::now();
    let mut calls = 0;
    for id in 1..200 {
        let began = Instant::now();
        revision(&cache, &source, id).await;
        if began.elapsed() < Duration::from_millis(20) {
            break;
        }
        calls += 1;
    }
    println!("one caller, Redis frozen: {calls} calls waited, {:?} in all", frozen.elapsed());
    assert!(calls <= 20 || frozen.elapsed() <= Duration::from_secs(1));
    assert_eq!(cache.breaker(0), BreakerState::Open);
    server.thaw();
    until("the breaker closes again", || cache.breaker(0) != BreakerState::Open).await;
    // Probes are what calls make of it.
    let end = Instant::now() + Duration::from_secs(60);
    while cache.breaker(0) != BreakerState::Closed {
        assert!(Instant::now() < end, "the breaker closes");
        revision(&cache, &source, fastrand::u64(1..200)).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_callers_stop_waiting_for_a_frozen_redis() {
    let server = RedisServer::start();
    let cache = over(&server, Limits::default()).await;
    let source = Source::default();
    (0..10_000).for_each(|id| _ = source.write(id));
    revision(&cache, &source, 0).await;
    server.freeze();
    let frozen = Instant::now();
    let mut callers = JoinSet::new();
    for caller in 0..64 {
        let (cache, source) = (cache.clone(), source.clone());
        callers.spawn(async move {
            let mut last_wait = Duration::ZERO;
            let mut id = caller * 100 + 1;
            while frozen.elapsed() < Duration::from_secs(2) {
                let began = Instant::now();
                revision(&cache, &source, id).await;
                if began.elapsed() > Duration::from_millis(50) {
                    last_wait = frozen.elapsed();
                }
                id = caller * 100 + 1 + (id + 1) % 99;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            last_wait
        });
    }
    let last = callers.join_all().await.into_iter().max().unwrap();
    // A probe after a second may wait again; its caller is one. `tests/outage.rs` counts the same over paused time, where
    // no machine is too busy.
    println!("64 callers, Redis frozen: the last call that waited for it ended after {last:?}");
    assert_ne!(cache.breaker(0), BreakerState::Closed);
    server.thaw();
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_are_served_while_redis_is_gone_and_owed_invalidations_come_first_when_it_is_back() {
    let mut server = RedisServer::start();
    let limits = Limits { loads_without_store: 8, ..Limits::default() };
    let cache = over(&server, limits).await;
    let source = Source::with_delay(Duration::from_millis(2));
    (0..64).for_each(|id| _ = source.write(id));
    for id in 0..64 {
        revision(&cache, &source, id).await;
    }
    server.kill();
    let mut callers = JoinSet::new();
    for id in 0..64 {
        let (cache, source) = (cache.clone(), source.clone());
        callers.spawn(async move {
            for _ in 0..10 {
                assert_eq!(revision(&cache, &source, id).await, source.revision(id));
            }
        });
    }
    while let Some(done) = callers.join_next().await {
        done.unwrap();
    }
    println!("Redis gone: at most {} loads at once, allowed 8", source.most_running());
    assert!(source.most_running() <= 8 + 1, "one more from before it was noticed");
    let newest = source.write(7);
    assert_eq!(cache.invalidate::<Profile>(&7).await.unwrap(), Invalidated::Queued);
    assert_eq!(cache.owed_invalidations(), 1);
    server.restart();
    // The old value is back, as from a snapshot.
    let other = over(&server, Limits::default()).await;
    let old = Source::default();
    old.write(7);
    assert_eq!(revision(&other, &old, 7).await, newest - 1);
    let end = Instant::now() + Duration::from_secs(60);
    while cache.owed_invalidations() > 0 {
        assert_eq!(revision(&cache, &source, 7).await, newest, "not trusted before the replay");
        assert!(Instant::now() < end, "the invalidation is replayed");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(revision(&cache, &source, 7).await, newest);
    assert_eq!(revision(&other, &source, 7).await, newest, "and it reached the store");
}

/// Over tokio's paused time: what is counted here are the cache's own waits.
#[tokio::test(start_paused = true)]
async fn after_a_long_outage_the_store_is_used_again_within_moments() {
    let (store, faults) = FaultStore::new(MemoryStore::default());
    let cache = Cache::builder(store).limits(Limits { early_refresh: 0.0, ..Limits::default() }).build().await.unwrap();
    let source = Source::default();
    source.write(7);
    revision(&cache, &source, 7).await;
    cache.idle().await;
    for outage in [1, 10, 300].map(Duration::from_secs) {
        faults.down(true);
        let ends = tokio::time::Instant::now() + outage;
        while tokio::time::Instant::now() < ends {
            revision(&cache, &source, 7).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_ne!(cache.breaker(0), BreakerState::Closed);
        faults.down(false);
        let back = tokio::time::Instant::now();
        while cache.breaker(0) != BreakerState::Closed {
            revision(&cache, &source, 7).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
            assert!(back.elapsed() < Duration::from_secs(120));
        }
        println!("outage of {outage:?}: the store was used again after {:?}", back.elapsed());
        // A second until the node is asked, one until it is probed, and the probes.
        assert!(back.elapsed() < Duration::from_secs(3));
    }
}

/// Whichever call of a miss is cut, before or after the store has done it: no lease stays behind that others wait for.
#[tokio::test(start_paused = true)]
async fn a_call_that_is_cut_keeps_nobody_waiting() {
    let store = MemoryStore::default();
    let (line, faults) = FaultStore::new(store.clone());
    let limits = Limits { early_refresh: 0.0, lease: Duration::from_secs(30), ..Limits::default() };
    let one = Cache::builder(line).limits(limits.clone()).build().await.unwrap();
    let two = Cache::builder(store).limits(limits).build().await.unwrap();
    let source = Source::default();
    let mut id = 0;
    // The calls are: read, lease, fill.
    for (nth, carried_out, many) in (1..=3)
        .flat_map(|nth| [false, true].map(|done| (nth, done)))
        .flat_map(|(n, d)| [false, true].map(|m| (n, d, m)))
    {
        id += 1;
        source.write(id);
        faults.cut(nth, carried_out);
        if many {
            let from = source.clone();
            let found = one.get_many_or_load(&[id], move |ids| from.clone().load_many(ids)).await.unwrap();
            let value: &cache_patterns::Cached<Profile> = &found[&id];
            assert_eq!(value.revision, 1);
        } else {
            assert_eq!(revision(&one, &source, id).await, 1);
        }
        one.idle().await;
        let began = tokio::time::Instant::now();
        assert_eq!(revision(&two, &source, id).await, 1);
        let waited = began.elapsed();
        assert!(waited < Duration::from_millis(100), "call {nth}, done {carried_out}, many {many}: {waited:?}");
        two.idle().await;
    }
    println!("{id} ways to cut a miss: {} loads", source.loads());
    assert_eq!(one.breaker(0), BreakerState::Closed);
}

/// The most memory that this process has had, in KiB; 0 where the system does not tell.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn poison_in_redis_is_a_miss() {
    let server = RedisServer::start();
    let cache = over(&server, Limits { early_refresh: 0.0, ..Limits::default() }).await;
    let source = Source::default();
    source.write(7);
    let key = Key::<Profile>::of(&7).into_string();
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut poisons: Vec<Vec<u8>> = vec![Vec::new(), b"text".to_vec(), b"C1".to_vec(), vec![0xff; 4096]];
    poisons.extend((0..50).map(|_| (0..fastrand::usize(1..300)).map(|_| fastrand::u8(..)).collect()));
    // Ours in the header, garbage behind it; compressed, with a claim of 4 GiB, and of 512 MiB.
    let mut claim = cache_patterns::envelope::Header::new(cache_patterns::envelope::Kind::Value);
    claim.soft_deadline = u64::MAX;
    claim.flags = cache_patterns::envelope::COMPRESSED;
    poisons.push(claim.with_payload(&[0xff; 64]));
    let long = [&(512u32 << 20).to_le_bytes()[..], &[0x10; 64]].concat();
    poisons.push(claim.with_payload(&long));
    let before = most_memory();
    for poison in poisons {
        let _: () =
            redis::cmd("SET").arg(&key).arg(&poison).arg("EX").arg(60).query_async(&mut connection).await.unwrap();
        assert_eq!(revision(&cache, &source, 7).await, 1, "{poison:02x?}");
    }
    // The system counts by thread, and what it says may fall a little.
    let more = most_memory().saturating_sub(before);
    println!("poison with claims of 512 MiB and 4 GiB: {more} KiB more memory at most");
    assert!(more < 128 * 1024, "{more} KiB");
    for command in [["RPUSH", "element"], ["SADD", "member"]] {
        let _: () = redis::cmd("DEL").arg(&key).query_async(&mut connection).await.unwrap();
        let _: i64 = redis::cmd(command[0]).arg(&key).arg(command[1]).query_async(&mut connection).await.unwrap();
        assert_eq!(revision(&cache, &source, 7).await, 1, "a key of another type");
    }
    assert_eq!(cache.stats().errors, 0);
}
