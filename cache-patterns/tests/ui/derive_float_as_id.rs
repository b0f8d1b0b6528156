use cache_patterns::CacheEntity;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheEntity)]
#[cache(service = "shop", entity = "price", version = 1, ttl = "15m")]
struct Price {
    #[cache(id)]
    amount: f64,
    #[cache(data_version)]
    changed_at: String,
}

fn main() {}
