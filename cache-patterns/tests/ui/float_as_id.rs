use cache_patterns::{CacheEntity, Ttl};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Reading {
    at: f64,
}

impl CacheEntity for Reading {
    type Id = f64;
    const SERVICE: &'static str = "sensor";
    const ENTITY: &'static str = "reading";
    const VERSION: u32 = 1;
    const TTL: Ttl = Ttl::mins(5);

    fn id(&self) -> f64 {
        self.at
    }
}

fn main() {}

// says: `f64` cannot be the id of a cache entity
