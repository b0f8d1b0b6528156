use cache_patterns::{Cache, CacheEntity, Cached, LoadError};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheEntity)]
#[cache(service = "shop", entity = "row", version = 1, ttl = "15m")]
struct Row {
    #[cache(id)]
    id: u64,
}

async fn row(cache: &Cache, seen: u64) -> Result<Cached<Row>, LoadError<std::io::Error>> {
    cache.get_at_least(&7, seen, || async { Ok(Row { id: 7 }) }).await
}

fn main() {}

// says: has no data version
