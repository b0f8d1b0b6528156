use cache_patterns::CacheEntity;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheEntity)]
#[cache(service = "shop", entity = "row", version = 1, ttl = "15m")]
struct Row {
    #[cache(id)]
    id: u64,
    #[cache(data_version)]
    row_version: u64,
    #[cache(data_version)]
    revision: u64,
}

fn main() {}
