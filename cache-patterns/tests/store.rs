//! Every store passes the same suite, and the Lua scripts do what the functions in `slot.rs` do.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use cache_patterns::store::{MemoryStore, RedisStore};
use cache_patterns::testing::conformance;
use common::RedisServer;

#[tokio::test]
async fn the_memory_store_conforms() {
    conformance(&MemoryStore::default()).await;
}

#[tokio::test]
async fn the_redis_store_conforms() {
    let server = RedisServer::start();
    conformance(&RedisStore::connect(&server.url()).await.unwrap()).await;
}
