#![deny(unused_must_use)]

use cache_patterns::store::StoreError;
use cache_patterns::{Cache, CacheEntity};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheEntity)]
#[cache(service = "shop", entity = "row", version = 1, ttl = "15m")]
struct Row {
    #[cache(id)]
    id: u64,
}

async fn changed(cache: &Cache, id: u64) -> Result<(), StoreError> {
    cache.invalidate::<Row>(&id).await?;
    Ok(())
}

fn main() {}

// says: a queued invalidation has not reached the store yet
