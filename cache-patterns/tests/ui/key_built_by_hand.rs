use std::marker::PhantomData;

use cache_patterns::{CacheEntity, Key};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheEntity)]
#[cache(service = "shop", entity = "row", version = 1, ttl = "15m")]
struct Row {
    #[cache(id)]
    id: u64,
}

fn key(id: u64) -> Key<Row> {
    Key { text: format!("row-{id}"), entity: PhantomData }
}

fn main() {}

// says: of struct `Key` are private
