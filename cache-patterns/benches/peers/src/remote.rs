//! Hits, misses, writes and invalidations over Redis, against the plain commands.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cache_patterns::bus::RedisBus;
use cache_patterns::store::RedisStore;
use cache_patterns::{Cache, CacheEntity, Limits};
use cached::ConcurrentCachedAsync as _;
use redis::AsyncCommands as _;

use crate::hitbox_peer::{self, Upstream};
use crate::measure::{rate_of, table};
use crate::{FencedRow, Row};

const KEYS: u64 = 1_000;

fn limits() -> Limits {
    let breaker = cache_patterns::breaker::BreakerPolicy { slow: Duration::from_secs(5), ..Default::default() };
    let long = Duration::from_secs(5);
    Limits { read: long, command: long, early_refresh: 0.0, breaker, ..Limits::default() }
}

fn id(call: u64) -> u64 {
    call.wrapping_mul(7919) % KEYS
}

pub(crate) async fn run(
    url: &str,
    rounds: usize,
    wanted: impl Fn(&str) -> bool,
) -> Result<(), Box<dyn std::error::Error>> {
    let raw = redis::Client::open(url)?.get_multiplexed_async_connection().await?;
    let cache = Cache::builder(RedisStore::connect(url).await?).limits(limits()).build().await?;
    let cached = Arc::new(
        cached::AsyncRedisCache::<u64, Row>::builder("cached")
            .ttl(Duration::from_secs(3600))
            .connection_string(url)
            .build()
            .await?,
    );
    let (hitbox, upstream) = (hitbox_peer::over_redis(url)?, Upstream::default());
    for id in 0..KEYS {
        let row = Row::new(id);
        hitbox_peer::row(id, upstream.clone()).cache(&hitbox).await;
        let _: () = raw.clone().set_ex(format!("raw:{id}"), serde_json::to_vec(&row)?, 3600).await?;
        cached.async_cache_set(id, row.clone()).await?;
        cache.get_or_load(&id, move || async move { Ok::<_, ()>(row) }).await.map_err(|error| format!("{error:?}"))?;
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    for callers in [1, 64].into_iter().filter(|_| wanted("hits")) {
        let mut all = Vec::new();
        for _ in 0..rounds {
            let (raw_get, raw_decode, ours, theirs) = (raw.clone(), raw.clone(), cache.clone(), cached.clone());
            let other = (hitbox.clone(), upstream.clone());
            all.push(vec![
                rate_of(callers, move |call| {
                    let mut raw = raw_decode.clone();
                    async move {
                        let bytes: Vec<u8> = raw.get(format!("raw:{}", id(call))).await.unwrap_or_default();
                        std::hint::black_box(serde_json::from_slice::<Row>(&bytes).ok());
                    }
                })
                .await,
                rate_of(callers, move |call| {
                    let mut raw = raw_get.clone();
                    async move {
                        let bytes: Vec<u8> = raw.get(format!("raw:{}", id(call))).await.unwrap_or_default();
                        std::hint::black_box(bytes);
                    }
                })
                .await,
                rate_of(callers, move |call| {
                    let cached = theirs.clone();
                    async move { drop(std::hint::black_box(cached.async_cache_get(&id(call)).await)) }
                })
                .await,
                rate_of(callers, move |call| {
                    let (hitbox, upstream) = other.clone();
                    async move { drop(std::hint::black_box(hitbox_peer::row(id(call), upstream).cache(&hitbox).await)) }
                })
                .await,
                rate_of(callers, move |call| {
                    let cache = ours.clone();
                    async move {
                        let id = id(call);
                        let load = move || async move { Ok::<_, ()>(Row::new(id)) };
                        drop(std::hint::black_box(cache.get_or_load(&id, load).await));
                    }
                })
                .await,
            ]);
        }
        let cells =
            ["raw GET and serde_json", "raw GET", "cached AsyncRedisCache", "hitbox over Redis", "cache-patterns"];
        table(&format!("Redis hit, {callers} caller(s): calls per second against raw GET + decode"), &cells, &all);
    }
    let hitboxes = upstream.loads.load(std::sync::atomic::Ordering::SeqCst) - KEYS;
    println!("  (loads during the hits: {}; of hitbox: {hitboxes})", cache.stats().loads - KEYS);
    if wanted("misses") {
        misses(&raw, &cache, &cached, &hitbox).await?;
    }
    if wanted("writes") {
        writes(url, &raw, rounds).await?;
    }
    Ok(())
}

/// What a miss adds to the load, in round trips of a plain GET measured at the same time.
async fn misses(
    raw: &redis::aio::MultiplexedConnection,
    cache: &Cache,
    cached: &cached::AsyncRedisCache<u64, Row>,
    hitbox: &hitbox_peer::Redis,
) -> Result<(), Box<dyn std::error::Error>> {
    let (mut trips, mut ours, mut theirs, mut hitboxes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    // What is written after the answer is not to be in the way of the next measurement.
    let rest = || tokio::time::sleep(Duration::from_micros(300));
    for call in 0..2_000u64 {
        let mut raw = raw.clone();
        let began = Instant::now();
        let _: Option<Vec<u8>> = raw.get(format!("absent:{call}")).await?;
        trips.push(began.elapsed());
        let id = 1_000_000 + call;
        let began = Instant::now();
        let load = move || async move { Ok::<_, ()>(Row::new(id)) };
        cache.get_or_load(&id, load).await.map_err(|error| format!("{error:?}"))?;
        ours.push(began.elapsed());
        rest().await;
        let began = Instant::now();
        if cached.async_cache_get(&id).await?.is_none() {
            cached.async_cache_set(id, Row::new(id)).await?;
        }
        theirs.push(began.elapsed());
        rest().await;
        let began = Instant::now();
        hitbox_peer::row(id, Upstream::default()).cache(hitbox).await;
        hitboxes.push(began.elapsed());
        rest().await;
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2]
    };
    let trip = median(&mut trips);
    println!("\nAdded latency of a miss (median of 2,000), in round trips of a plain GET");
    for (name, times) in [
        ("cached AsyncRedisCache, get then set (no lease)", &mut theirs),
        ("hitbox over Redis (no lease)", &mut hitboxes),
        ("cache-patterns", &mut ours),
    ] {
        let miss = median(times);
        println!("  {name:<48} {:>6.2}   ({miss:?})", miss.as_secs_f64() / trip.as_secs_f64());
    }
    Ok(())
}

async fn writes(
    url: &str,
    raw: &redis::aio::MultiplexedConnection,
    rounds: usize,
) -> Result<(), Box<dyn std::error::Error>> {
    let cache = Cache::builder(RedisStore::connect(url).await?).limits(limits()).build().await?;
    let bus = RedisBus::connect(url, "bench").await?;
    let spread = Cache::builder(RedisStore::connect(url).await?).bus(bus).local(10).limits(limits()).build().await?;
    let mut all = Vec::new();
    for _ in 0..rounds {
        let (set, del, light, fenced, plain, bus) =
            (raw.clone(), raw.clone(), cache.clone(), cache.clone(), cache.clone(), spread.clone());
        all.push(vec![
            rate_of(64, move |call| {
                let mut raw = set.clone();
                async move {
                    let bytes = serde_json::to_vec(&Row::new(id(call))).unwrap_or_default();
                    let _: Result<(), _> = raw.set_ex(format!("w:{}", id(call)), bytes, 3600).await;
                }
            })
            .await,
            rate_of(64, move |call| {
                let cache = light.clone();
                async move {
                    let row = Row::new(id(call));
                    let id = row.id;
                    let _ = cache.write::<Row, (), _>(&id, async |w| w.commit(row, async { Ok(()) }).await).await;
                }
            })
            .await,
            rate_of(64, move |call| {
                let cache = fenced.clone();
                async move {
                    let row = FencedRow(Row::new(id(call)));
                    let id = row.id();
                    let _ = cache.write::<FencedRow, (), _>(&id, async |w| w.commit(row, async { Ok(()) }).await).await;
                }
            })
            .await,
            rate_of(64, move |call| {
                let mut raw = del.clone();
                async move {
                    let _: Result<(), _> = raw.del(format!("w:{}", id(call))).await;
                }
            })
            .await,
            rate_of(64, move |call| {
                let cache = plain.clone();
                async move { _ = cache.invalidate::<Row>(&id(call)).await }
            })
            .await,
            rate_of(64, move |call| {
                let cache = bus.clone();
                async move { _ = cache.invalidate::<Row>(&id(call)).await }
            })
            .await,
        ]);
    }
    let cells = [
        "raw SET with TTL",
        "write-through, light",
        "write-through, fenced",
        "raw DEL",
        "invalidate",
        "invalidate, with the Pub/Sub bus",
    ];
    table("Writes, 64 callers: calls per second against a plain SET", &cells, &all);
    Ok(())
}
