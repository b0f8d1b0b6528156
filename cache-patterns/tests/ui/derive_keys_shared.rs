use cache_patterns::CacheEntity;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheEntity)]
#[cache(service = "shop", entity = "page", version = 1, ttl = "15m")]
struct Page<T> {
    #[cache(id)]
    number: u64,
    rows: Vec<T>,
}

#[derive(Serialize, Deserialize, CacheEntity)]
#[cache(service = "shop", entity = "state", version = 1, ttl = "15m")]
enum State {
    Open,
    Closed,
}

fn main() {}
