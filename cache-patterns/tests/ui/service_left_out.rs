use cache_patterns::{CacheEntity, Ttl};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Row {
    id: u64,
}

impl CacheEntity for Row {
    type Id = u64;
    const ENTITY: &'static str = "row";
    const VERSION: u32 = 1;
    const TTL: Ttl = Ttl::mins(5);

    fn id(&self) -> u64 {
        self.id
    }
}

fn main() {}

// says: missing: `SERVICE`
