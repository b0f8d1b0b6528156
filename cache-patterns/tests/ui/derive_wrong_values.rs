use cache_patterns::CacheEntity;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheEntity)]
#[cache(service = "Shop:EU", entity = "userProfile", version = 0, ttl = "0s")]
struct Zero {
    #[cache(id)]
    id: i64,
}

#[derive(Serialize, Deserialize, CacheEntity)]
#[cache(service = "shop", entity = 7, version = "2", ttl = 900)]
struct WrongKinds {
    #[cache(id)]
    id: i64,
}

#[derive(Serialize, Deserialize, CacheEntity)]
#[cache(service = "shop", entity = "row", version = 1, ttl = "31d", jitter = "95%")]
#[cache(stale = "1.5h", negative = "0s", local = "15min", codec = "bincode")]
struct TooMuch {
    #[cache(id)]
    id: i64,
}

#[derive(Serialize, Deserialize, CacheEntity)]
#[cache(service = "shop", entity = "row", version = 1, ttl = "1m", local = "1h", version = 2)]
struct LocalOutlivesTtl {
    #[cache(id)]
    id: i64,
}

fn main() {}
