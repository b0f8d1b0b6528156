use cache_patterns::CacheEntity;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheEntity)]
#[cache(service = "user", entity = "profile", jitter = "5%")]
struct UserProfile {
    #[cache(id)]
    id: i64,
    name: String,
}

fn main() {}
