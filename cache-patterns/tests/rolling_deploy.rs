//! A rolling deployment: instances with the old and with the new structure of one entity run side by side.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use std::time::{Duration, Instant};

use cache_patterns::store::RedisStore;
use cache_patterns::{Cache, CacheEntity, Limits, Stats, Ttl};
use common::RedisServer;
use common::source::Down;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

/// As the old instances know it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Before {
    id: u64,
    name: String,
}

/// A field more, which the old values do not have.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct After<const VERSION: u32> {
    id: u64,
    name: String,
    country: String,
}

impl CacheEntity for Before {
    type Id = u64;
    const SERVICE: &'static str = "user";
    const ENTITY: &'static str = "address";
    const VERSION: u32 = 1;
    const TTL: Ttl = Ttl::mins(5);
    const FINGERPRINT: u32 = 11;

    fn id(&self) -> u64 {
        self.id
    }
}

impl<const VERSION: u32> CacheEntity for After<VERSION> {
    type Id = u64;
    const SERVICE: &'static str = "user";
    const ENTITY: &'static str = "address";
    const VERSION: u32 = VERSION;
    const TTL: Ttl = Ttl::mins(5);
    const FINGERPRINT: u32 = 22;

    fn id(&self) -> u64 {
        self.id
    }
}

async fn instance(server: &RedisServer) -> Cache {
    let limits = Limits {
        read: Duration::from_secs(5),
        command: Duration::from_secs(5),
        breaker: cache_patterns::breaker::BreakerPolicy { slow: Duration::from_secs(10), ..Default::default() },
        ..Limits::default()
    };
    Cache::builder(RedisStore::connect(&server.url()).await.unwrap()).limits(limits).build().await.unwrap()
}

/// Two old and two new instances read and invalidate the same twenty rows; what all have counted.
async fn side_by_side<const VERSION: u32>(server: &RedisServer) -> (usize, Vec<Stats>) {
    let until = Instant::now() + Duration::from_millis(1_500);
    let mut callers = JoinSet::new();
    let mut caches = Vec::new();
    for is_new in [false, true, false, true] {
        let cache = instance(server).await;
        caches.push(cache.clone());
        for _ in 0..8 {
            let cache = cache.clone();
            callers.spawn(async move {
                let mut wrong = 0;
                while Instant::now() < until {
                    let id = fastrand::u64(0..20);
                    if is_new {
                        let load = move || async move {
                            Ok::<_, Down>(After::<VERSION> { id, name: "Ada".into(), country: "GB".into() })
                        };
                        let value = cache.get_or_load(&id, load).await;
                        wrong += usize::from(!value.is_ok_and(|value| value.id == id && value.country == "GB"));
                        if fastrand::u32(0..50) == 0 {
                            wrong += usize::from(cache.invalidate::<After<VERSION>>(&id).await.is_err());
                        }
                    } else {
                        let load = move || async move { Ok::<_, Down>(Before { id, name: "Ada".into() }) };
                        let value = cache.get_or_load(&id, load).await;
                        wrong += usize::from(!value.is_ok_and(|value| value.id == id && value.name == "Ada"));
                    }
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                wrong
            });
        }
    }
    let wrong = callers.join_all().await.into_iter().sum();
    (wrong, caches.iter().map(Cache::stats).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_version_forgotten_there_are_misses_and_no_errors() {
    let server = RedisServer::start();
    let (wrong, stats) = side_by_side::<1>(&server).await;
    let errors: u64 = stats.iter().map(|stats| stats.errors).sum();
    let mismatches: Vec<u64> = stats.iter().map(|stats| stats.shape_mismatches).collect();
    let reads: u64 = stats.iter().map(Stats::reads).sum();
    println!("same version, {reads} reads: {wrong} wrong, {errors} errors, mismatches by instance {mismatches:?}");
    assert_eq!((wrong, errors), (0, 0));
    assert!(mismatches.iter().all(|mismatches| *mismatches > 0), "each instance meets the other's values");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_version_raised_they_do_not_meet() {
    let server = RedisServer::start();
    let (wrong, stats) = side_by_side::<2>(&server).await;
    let errors: u64 = stats.iter().map(|stats| stats.errors).sum();
    let mismatches: u64 = stats.iter().map(|stats| stats.shape_mismatches).sum();
    let reads: u64 = stats.iter().map(Stats::reads).sum();
    let loads: u64 = stats.iter().map(|stats| stats.loads).sum();
    println!("new version, {reads} reads, {loads} loads: {wrong} wrong, {errors} errors, {mismatches} mismatches");
    assert_eq!((wrong, errors, mismatches), (0, 0, 0));
    assert!(loads < reads / 5, "the values are shared by the instances of each shape");
}
