use cache_patterns::{Cache, CacheEntity, Ttl};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Row {
    id: u64,
}

impl CacheEntity for Row {
    type Id = u64;
    const SERVICE: &'static str = "shop";
    const ENTITY: &'static str = "row";
    const VERSION: u32 = 1;
    const TTL: Ttl = Ttl::mins(5);

    fn id(&self) -> u64 {
        self.id
    }
}

async fn save(cache: &Cache) {
    let _ = cache
        .write::<Row, (), _>(&7, async |writer| writer.commit(Row { id: 7 }, async { Ok(()) }).await)
        .await;
}

fn main() {}

// says: has no data version
