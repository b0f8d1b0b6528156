//! What callers feel of an outage: how long they wait, how many load at once, how much the source is asked afterwards.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cache_patterns::breaker::BreakerPolicy;
use cache_patterns::bus::ProcessBus;
use cache_patterns::store::{MemoryStore, RedisStore};
use cache_patterns::testing::FaultStore;
use cache_patterns::{Cache, Cached, Limits, LoadError, Source as From};
use common::source::{Down, Source};
use common::{Profile, RedisServer};
use tokio::task::JoinSet;
use tokio::time::Instant;

const CALLERS: u64 = 64;
const LOAD: Duration = Duration::from_millis(5);

async fn read(cache: &Cache, source: &Source, id: u64) -> Result<Cached<Profile>, LoadError<Down>> {
    let source = source.clone();
    cache.get_or_load(&id, move || source.load(id)).await
}

/// The time below which 99 % of these are.
fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() * 99 / 100]
}

/// The waits of 64 callers, `calls` of each; all are served. And until when a call waited for longer than two loads.
async fn waits(cache: &Cache, source: &Source, calls: u64, id: impl Fn(u64, u64) -> u64) -> (Vec<Duration>, Duration) {
    let first = Instant::now();
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let (cache, source) = (cache.clone(), source.clone());
        let ids: Vec<u64> = (0..calls).map(|call| id(caller, call)).collect();
        callers.spawn(async move {
            let mut waits = Vec::new();
            for id in ids {
                let began = Instant::now();
                read(&cache, &source, id).await.unwrap();
                let late = if began.elapsed() > LOAD * 2 { first.elapsed() } else { Duration::ZERO };
                waits.push((began.elapsed(), late));
                // Callers have other things to do.
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            waits
        });
    }
    let waits = callers.join_all().await.concat();
    (waits.iter().map(|(wait, _)| *wait).collect(), waits.iter().map(|(_, late)| *late).max().unwrap_or_default())
}

/// Over paused time: the waits are the cache's own, whatever the machine does.
#[tokio::test(start_paused = true)]
async fn of_a_store_that_is_gone_callers_feel_little_and_local_hits_nothing() {
    for hangs in [false, true] {
        let (store, faults) = FaultStore::new(MemoryStore::default());
        let limits = Limits { early_refresh: 0.0, ..Limits::default() };
        let bound = limits.loads_without_store;
        let cache = Cache::builder(store).local(1_000).bus(ProcessBus::new()).limits(limits).build().await.unwrap();
        let source = Source::with_delay(LOAD);
        (0..100_000).for_each(|id| _ = source.write(id));
        for id in 0..CALLERS {
            for _ in 0..2 {
                read(&cache, &source, id).await.unwrap();
                cache.idle().await;
            }
            assert_eq!(read(&cache, &source, id).await.unwrap().source(), From::Local);
        }
        if hangs {
            faults.hang(true);
        } else {
            faults.down(true);
        }
        let (calls, loads) = (cache.stats().local_hits, source.loads());
        let local = p99(waits(&cache, &source, 300, |caller, _| caller).await.0);
        assert_eq!((cache.stats().local_hits - calls, source.loads() - loads), (CALLERS * 300, 0));
        assert_eq!(local, Duration::ZERO, "a local hit waits for nothing");
        let (missed, last) = waits(&cache, &source, 300, |caller, call| 1_000 + caller * 1_000 + call).await;
        let missed = p99(missed);
        println!(
            "store gone (hangs: {hangs}), {CALLERS} callers: p99 of local hits {local:?}, of misses {missed:?} with a load of \
             {LOAD:?}, the last that waited for it after {last:?}, at most {} loads at once of {bound}",
            source.most_running()
        );
        // The probes, one at a time, wait again.
        assert!(!hangs || last > Duration::ZERO);
        assert!(missed <= LOAD + Duration::from_millis(50), "{missed:?}");
        assert!(source.most_running() <= bound, "{}", source.most_running());
        assert_eq!(cache.stats().errors, 0);
    }
}

/// The waits of as many callers who ask the source itself, for as long as `others` run: what the machine makes of a load.
async fn bare_waits(source: &Source, others: impl Fn() -> bool) -> Vec<Duration> {
    let mut waits = Vec::new();
    while others() {
        let began = Instant::now();
        source.clone().load(1).await.unwrap();
        waits.push(began.elapsed());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    waits
}

/// The figure is the machine's as well. So loads without a cache run beside, at the same time in the same process.
#[tokio::test(flavor = "multi_thread")]
async fn of_a_killed_redis_callers_feel_little() {
    let mut server = RedisServer::start();
    let limits = Limits { early_refresh: 0.0, load_queue: Duration::from_secs(30), ..Limits::default() };
    let bound = limits.loads_without_store;
    let cache = Cache::builder(RedisStore::connect(&server.url()).await.unwrap()).limits(limits).build().await.unwrap();
    let source = Source::with_delay(LOAD);
    (0..100_000).for_each(|id| _ = source.write(id));
    let bare_source = Source::with_delay(LOAD);
    bare_source.write(1);
    let crowd = |calls: u64, from: u64| {
        let (cache, source) = (cache.clone(), source.clone());
        tokio::spawn(async move { waits(&cache, &source, calls, |caller, call| from + caller * 1_000 + call).await.0 })
    };
    // Redis is killed in the middle of these; and is dead for all of those.
    let mut told = Vec::new();
    for (name, from) in [("killed under", 1_000), ("dead for", 1_500)] {
        let running = crowd(if from == 1_000 { 200 } else { 30 }, from);
        let bare = JoinSet::from_iter((0..CALLERS).map(|_| {
            let (source, running) = (bare_source.clone(), running.abort_handle());
            async move { bare_waits(&source, || !running.is_finished()).await }
        }));
        if from == 1_000 {
            tokio::time::sleep(Duration::from_millis(300)).await;
            server.kill();
        }
        let (missed, bare) = (p99(running.await.unwrap()), p99(bare.join_all().await.concat()));
        println!(
            "Redis {name} {CALLERS} callers: p99 of misses {missed:?}, of the same loads without a cache {bare:?}, at most {} \
             loads at once",
            source.most_running()
        );
        told.push((missed, bare));
    }
    assert_eq!(cache.stats().errors, 0);
    for (missed, bare) in told {
        assert!(missed <= bare + Duration::from_millis(50), "{missed:?} with a cache, {bare:?} without");
    }
    assert!(source.most_running() <= bound + CALLERS as usize, "{}", source.most_running());
}

/// Redis comes back empty under 64 callers: the source is asked once a key, and no more than so many at once.
#[tokio::test(flavor = "multi_thread")]
async fn an_empty_restart_is_no_herd() {
    const KEYS: u64 = 500;
    const LOADS: usize = 8;
    let mut server = RedisServer::start();
    let limits = Limits {
        read: Duration::from_secs(5),
        command: Duration::from_secs(5),
        lease: Duration::from_secs(30),
        wait: Duration::from_secs(60),
        load_queue: Duration::from_secs(60),
        loads: LOADS,
        loads_without_store: LOADS,
        early_refresh: 0.0,
        breaker: BreakerPolicy { slow: Duration::from_secs(10), ..BreakerPolicy::default() },
        ..Limits::default()
    };
    let cache = Cache::builder(RedisStore::connect(&server.url()).await.unwrap()).limits(limits).build().await.unwrap();
    let source = Source::with_delay(LOAD);
    (0..KEYS).for_each(|id| _ = source.write(id));
    for id in 0..KEYS {
        read(&cache, &source, id).await.unwrap();
    }
    cache.idle().await;
    assert_eq!(source.loads(), KEYS as usize);
    // Nobody calls while it is away: what is counted is the return.
    server.restart();
    source.write(KEYS);
    while read(&cache, &source, KEYS).await.unwrap().source() != From::Store {
        cache.idle().await;
    }
    let (before, began) = (source.loads(), std::time::Instant::now());
    let served = Arc::new(AtomicUsize::new(0));
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let (cache, source, served) = (cache.clone(), source.clone(), Arc::clone(&served));
        callers.spawn(async move {
            for call in 0..KEYS {
                let value = read(&cache, &source, (caller * 7 + call) % KEYS).await.unwrap();
                served.fetch_add(usize::from(value.revision == 1), Ordering::SeqCst);
            }
        });
    }
    while let Some(done) = callers.join_next().await {
        done.unwrap();
    }
    let (loads, took) = (source.loads() - before, began.elapsed());
    println!(
        "empty restart, {CALLERS} callers of {KEYS} keys: {loads} loads, {:.0} a second, at most {} at once of {LOADS}",
        loads as f64 / took.as_secs_f64(),
        source.most_running()
    );
    assert_eq!(served.load(Ordering::SeqCst), (CALLERS * KEYS) as usize);
    // Once a key; and once more for what was stored before the restart was noticed.
    assert!(loads <= 2 * KEYS as usize, "{loads}");
    // The bounds with and without the store are two.
    assert!(source.most_running() <= 2 * LOADS, "{}", source.most_running());
    assert_eq!(cache.stats().errors, 0);
}
