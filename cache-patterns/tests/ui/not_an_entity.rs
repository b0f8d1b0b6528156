use cache_patterns::Cache;

#[derive(serde::Serialize, serde::Deserialize)]
struct Row {
    id: u64,
}

async fn forget(cache: &Cache) {
    let _ = cache.invalidate::<Row>(&7).await;
}

fn main() {}

// says: `Row` is not a cache entity
