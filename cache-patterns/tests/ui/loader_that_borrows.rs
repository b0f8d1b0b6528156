use cache_patterns::{Cache, CacheEntity, Cached, LoadError};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheEntity)]
#[cache(service = "shop", entity = "row", version = 1, ttl = "15m")]
struct Row {
    #[cache(id)]
    id: u64,
}

struct Database;

impl Database {
    async fn row(&self, id: u64) -> Result<Row, std::io::Error> {
        Ok(Row { id })
    }
}

// A load goes on when its caller is gone, and so cannot borrow from it.
async fn row(cache: &Cache, database: &Database, id: u64) -> Result<Cached<Row>, LoadError<std::io::Error>> {
    cache.get_or_load(&id, move || database.row(id)).await
}

fn main() {}

// says: borrowed data escapes outside of function
