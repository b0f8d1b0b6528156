use cache_patterns::CacheEntity;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheEntity)]
#[cache(service = "shop", entity = "shipping", version = 1, ttl = "15m")]
struct Shipping {
    #[cache(id)]
    country: String,
    #[cache(id)]
    weight: f64,
    cents: i64,
}

fn main() {}

// says: `f64` cannot be part of a cache key
