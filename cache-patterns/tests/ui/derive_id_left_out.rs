use cache_patterns::CacheEntity;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheEntity)]
#[cache(service = "user", entity = "profile", version = 1, ttl = "15m")]
struct UserProfile {
    name: String,
    user_id: i64,
}

fn main() {}
