//! Hits in the process, against the bare containers.

use std::sync::Arc;
use std::time::Duration;

use cache_patterns::Cache;
use cache_patterns::store::MemoryStore;

use crate::hitbox_peer::{self, Upstream};
use crate::measure::{rate, table};
use crate::{LocalRow, Row};

const KEYS: u64 = 1_000;

pub(crate) async fn run(rounds: usize) -> Result<(), Box<dyn std::error::Error>> {
    let key = |id: u64| format!("bench:v1:local-row:{id}");
    let keys: Vec<String> = (0..KEYS).map(key).collect();
    let value = |id: u64| Arc::new(LocalRow(Row::new(id)));
    let quick = quick_cache::sync::Cache::<String, Arc<LocalRow>>::new(10_000);
    let moka = moka::sync::Cache::<String, Arc<LocalRow>>::builder()
        .max_capacity(10_000)
        .time_to_live(Duration::from_secs(3600))
        .build();
    let moka_future = moka::future::Cache::<String, Arc<LocalRow>>::builder()
        .max_capacity(10_000)
        .time_to_live(Duration::from_secs(3600))
        .build();
    let foyer: foyer::Cache<String, Arc<LocalRow>> = foyer::CacheBuilder::new(10_000).build();
    let cache = Cache::builder(MemoryStore::default()).local(10_000).build().await?;
    for id in 0..KEYS {
        quick.insert(key(id), value(id));
        moka.insert(key(id), value(id));
        moka_future.insert(key(id), value(id)).await;
        foyer.insert(key(id), value(id));
        cache.get_or_load(&id, move || async move { Ok::<_, ()>(LocalRow(Row::new(id))) }).await.ok();
        cache.get_or_load(&id, move || async move { Ok::<_, ()>(LocalRow(Row::new(id))) }).await.ok();
    }
    let (hitbox, upstream) = (hitbox_peer::over_moka(), Upstream::default());
    for id in 0..KEYS {
        hitbox_peer::row(id, upstream.clone()).cache(&hitbox).await;
    }
    let at = |call: u64| keys[(call.wrapping_mul(7919) % KEYS) as usize].as_str();
    let id = |call: u64| call.wrapping_mul(7919) % KEYS;
    let mut all = Vec::new();
    for _ in 0..rounds {
        let mut round = vec![
            rate(|call| drop(std::hint::black_box(moka.get(at(call))))),
            rate(|call| drop(std::hint::black_box(quick.get(at(call))))),
            rate(|call| drop(std::hint::black_box(foyer.get(at(call))))),
        ];
        let (future, ours) = (&moka_future, &cache);
        round.push(polled(|call| future.get(at(call))).await);
        round.push(
            polled(|call| {
                let id = id(call);
                async move { ours.get_or_load(&id, move || async move { Ok::<_, ()>(LocalRow(Row::new(id))) }).await }
            })
            .await,
        );
        let (hitbox, upstream) = (&hitbox, &upstream);
        round.push(polled(|call| hitbox_peer::row(id(call), upstream.clone()).cache(hitbox).into_future()).await);
        all.push(round);
    }
    let cells = [
        "moka sync, with TTL (bare)",
        "quick_cache (bare)",
        "foyer memory",
        "moka future, with TTL",
        "cache-patterns",
        "hitbox over moka",
    ];
    table("Local hit, one thread, 1,000 keys: calls per second against bare moka", &cells, &all);
    let stats = cache.stats();
    let hitboxes = upstream.loads.load(std::sync::atomic::Ordering::SeqCst);
    println!("  (cache-patterns: {} local hits, {} loads; hitbox: {hitboxes} loads)", stats.local_hits, stats.loads);
    Ok(())
}

/// Calls per second of a loop of futures on this task.
async fn polled<T, Fut: Future<Output = T>>(call: impl Fn(u64) -> Fut) -> f64 {
    let began = std::time::Instant::now();
    let mut calls = 0u64;
    while began.elapsed() < Duration::from_millis(400) {
        for _ in 0..256 {
            std::hint::black_box(call(calls).await);
            calls += 1;
        }
    }
    calls as f64 / began.elapsed().as_secs_f64()
}
