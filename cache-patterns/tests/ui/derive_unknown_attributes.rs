use cache_patterns::CacheEntity;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheEntity)]
#[cache(service = "user", entity = "profile", version = 1, ttl = "15m", stale_if_eror = "1h", expiry = "1h", id)]
struct UserProfile {
    #[cache(key)]
    #[cache(id)]
    id: i64,
    #[cache(dataversion)]
    row_version: i64,
}

fn main() {}
