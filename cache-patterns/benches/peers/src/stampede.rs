//! 1,000 callers miss one key at once; and the same when the one that loads is dropped in the middle.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cache_patterns::Cache;
use cache_patterns::store::{MemoryStore, RedisStore};
use cached::ConcurrentCachedAsync as _;

use crate::hitbox_peer::{self, Upstream};
use crate::{LocalRow, Row};

const CALLERS: usize = 1_000;

/// Loads, and callers that were served within 5 seconds.
async fn crowd<F, Fut>(drop_first: bool, call: F) -> (usize, usize)
where
    F: Fn() -> Fut,
    Fut: Future<Output = bool> + Send + 'static,
{
    let first = tokio::spawn(call());
    tokio::time::sleep(Duration::from_millis(10)).await;
    let others: Vec<_> = (1..CALLERS).map(|_| tokio::spawn(call())).collect();
    if drop_first {
        tokio::time::sleep(Duration::from_millis(40)).await;
        first.abort();
    }
    let mut served = 0;
    let until = tokio::time::Instant::now() + Duration::from_secs(5);
    for caller in others {
        let answer = tokio::time::timeout_at(until, caller).await;
        served += usize::from(matches!(answer, Ok(Ok(true))));
    }
    if !drop_first {
        served += usize::from(first.await.unwrap_or(false));
    }
    (served, CALLERS - usize::from(drop_first))
}

#[derive(Clone, Default)]
struct Loads(Arc<AtomicU64>);

impl Loads {
    async fn load(self, id: u64) -> LocalRow {
        self.0.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(100)).await;
        LocalRow(Row::new(id))
    }

    fn take(&self) -> u64 {
        self.0.swap(0, Ordering::SeqCst)
    }
}

pub(crate) async fn run(url: &str) -> Result<(), Box<dyn std::error::Error>> {
    println!("\nConcurrent misses of one key, 1,000 callers, load of 100 ms");
    let loads = Loads::default();
    for drop_first in [false, true] {
        let title = if drop_first { "first caller dropped at 50 ms" } else { "all stay" };
        println!("  {title}");
        let report = |name: &str, (served, of): (usize, usize)| {
            println!("    {name:<44} loads {:>5}   served {served} of {of}", loads.take());
        };

        let cache = Cache::builder(MemoryStore::default()).build().await?;
        let call = || {
            let (cache, loads) = (cache.clone(), loads.clone());
            async move { cache.get_or_load(&7, move || async move { Ok::<_, ()>(loads.load(7).await) }).await.is_ok() }
        };
        report("cache-patterns, memory", crowd(drop_first, call).await);

        let redis = Cache::builder(RedisStore::connect(url).await?).build().await?;
        let key = u64::from(drop_first) + 100;
        let call = || {
            let (cache, loads) = (redis.clone(), loads.clone());
            async move { cache.get_or_load(&key, move || async move { Ok::<_, ()>(loads.load(key).await) }).await.is_ok() }
        };
        report("cache-patterns, Redis", crowd(drop_first, call).await);

        let moka = moka::future::Cache::<u64, Arc<LocalRow>>::new(100);
        let call = || {
            let (moka, loads) = (moka.clone(), loads.clone());
            async move {
                moka.get_with(7, async move { Arc::new(loads.load(7).await) }).await;
                true
            }
        };
        report("moka get_with", crowd(drop_first, call).await);

        let quick = Arc::new(quick_cache::sync::Cache::<u64, Arc<LocalRow>>::new(100));
        let call = || {
            let (quick, loads) = (quick.clone(), loads.clone());
            async move {
                quick.get_or_insert_async(&7, async move { Ok::<_, ()>(Arc::new(loads.load(7).await)) }).await.is_ok()
            }
        };
        report("quick_cache get_or_insert_async", crowd(drop_first, call).await);

        let foyer: foyer::Cache<u64, Arc<LocalRow>> = foyer::CacheBuilder::new(100).build();
        let call = || {
            let (foyer, loads) = (foyer.clone(), loads.clone());
            async move {
                foyer
                    .get_or_fetch(&7, || async move { Ok::<_, foyer::Error>(Arc::new(loads.load(7).await)) })
                    .await
                    .is_ok()
            }
        };
        report("foyer get_or_fetch", crowd(drop_first, call).await);

        let upstream = Upstream { loads: Arc::clone(&loads.0), takes: Duration::from_millis(100) };
        let hitbox = hitbox_peer::over_moka();
        let call = || {
            let (hitbox, upstream) = (hitbox.clone(), upstream.clone());
            async move {
                hitbox_peer::row(7, upstream).cache(&hitbox).await;
                true
            }
        };
        report("hitbox over moka, default", crowd(drop_first, call).await);

        let hitbox = hitbox_peer::over_moka_with_manager();
        let call = || {
            let (hitbox, upstream) = (hitbox.clone(), upstream.clone());
            async move {
                hitbox_peer::row(7, upstream).cache(&hitbox).await;
                true
            }
        };
        report("hitbox over moka, concurrency manager", crowd(drop_first, call).await);

        let cached = Arc::new(
            cached::AsyncRedisCache::<u64, LocalRow>::builder(format!("cached{drop_first}"))
                .ttl(Duration::from_secs(60))
                .connection_string(url)
                .build()
                .await?,
        );
        // What its macro does: get, and on a miss compute and set.
        let call = || {
            let (cached, loads) = (cached.clone(), loads.clone());
            async move {
                if let Ok(Some(_)) = cached.async_cache_get(&7).await {
                    return true;
                }
                let value = loads.load(7).await;
                cached.async_cache_set(7, value).await.is_ok()
            }
        };
        report("cached AsyncRedisCache, get then set", crowd(drop_first, call).await);
    }
    Ok(())
}
