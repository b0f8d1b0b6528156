use cache_patterns::CacheEntity;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheEntity)]
struct UserProfile {
    user_id: i64,
    name: String,
}

fn main() {}
