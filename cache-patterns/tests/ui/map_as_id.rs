use std::collections::HashMap;

use cache_patterns::{CacheEntity, Ttl};
use serde::{Deserialize, Serialize};

/// What was searched for, by the name of the field.
type Filters = HashMap<String, String>;

#[derive(Serialize, Deserialize)]
struct SearchResult {
    filters: Filters,
    found: Vec<u64>,
}

impl CacheEntity for SearchResult {
    type Id = Filters;
    const SERVICE: &'static str = "shop";
    const ENTITY: &'static str = "search";
    const VERSION: u32 = 1;
    const TTL: Ttl = Ttl::mins(5);

    fn id(&self) -> Filters {
        self.filters.clone()
    }
}

fn main() {}

// says: `HashMap<String, String>` cannot be the id of a cache entity
