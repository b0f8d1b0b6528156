use cache_patterns::CacheEntity;
use serde::{Deserialize, Serialize};

// Its `Debug` output is no encoding: a field with another name, and the key is another one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct OrderId {
    country: String,
    number: u64,
}

#[derive(Serialize, Deserialize, CacheEntity)]
#[cache(service = "shop", entity = "order", version = 1, ttl = "15m")]
struct Order {
    #[cache(id)]
    id: OrderId,
    total: i64,
}

fn main() {}

// says: `OrderId` cannot be the id of a cache entity
