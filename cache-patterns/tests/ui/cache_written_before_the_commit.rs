use cache_patterns::{Cache, CacheEntity, Committed, Ttl, Versioned};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Row {
    id: u64,
    revision: u64,
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

    fn data_version(&self) -> u64 {
        self.revision
    }
}

impl Versioned for Row {}

async fn save(cache: &Cache) {
    // Without the writer there is no proof of a commit.
    let _ = cache
        .write::<Row, (), _>(&7, async |_writer| Ok(Committed::of(Row { id: 7, revision: 2 })))
        .await;
}

fn main() {}

// says: named `of` found for struct `Committed<
