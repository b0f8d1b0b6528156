//! hitbox as its documentation uses it: a cached function, over moka or over Redis.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hitbox::concurrency::BroadcastConcurrencyManager;
use hitbox::policy::{ConcurrencyLimit, PolicyConfig};
use hitbox_fn::prelude::*;
use hitbox_moka::MokaBackend;
use hitbox_redis::{ConnectionMode, RedisBackend};

use crate::Row;

/// What the function is called with besides its key.
#[derive(Debug, Clone, Default)]
pub(crate) struct Upstream {
    pub(crate) loads: Arc<AtomicU64>,
    pub(crate) takes: Duration,
}

#[cached(prefix = "row", skip(upstream))]
pub(crate) async fn row(id: u64, upstream: Upstream) -> Row {
    upstream.loads.fetch_add(1, Ordering::SeqCst);
    if !upstream.takes.is_zero() {
        tokio::time::sleep(upstream.takes).await;
    }
    Row::new(id)
}

fn policy() -> PolicyConfig {
    PolicyConfig::builder().ttl(Duration::from_secs(3600)).build()
}

pub(crate) type Moka = Cache<MokaBackend>;
pub(crate) type Redis = Cache<RedisBackend>;

pub(crate) fn over_moka() -> Moka {
    Cache::builder().backend(MokaBackend::builder().max_entries(10_000).build()).policy(policy()).build()
}

pub(crate) fn over_redis(url: &str) -> Result<Redis, Box<dyn std::error::Error>> {
    let backend = RedisBackend::builder().connection(ConnectionMode::single(url)).build()?;
    Ok(Cache::builder().backend(backend).policy(policy()).build())
}

/// With the manager that its documentation names against stampedes, which the default is not.
pub(crate) fn over_moka_with_manager() -> Cache<MokaBackend, Arc<BroadcastConcurrencyManager<Row>>> {
    let limit = ConcurrencyLimit::const_new::<1>();
    let policy = PolicyConfig::builder().ttl(Duration::from_secs(3600)).concurrency(limit).build();
    Cache::builder()
        .backend(MokaBackend::builder().max_entries(10_000).build())
        .policy(policy)
        .concurrency_manager(Arc::new(BroadcastConcurrencyManager::new()))
        .build()
}
