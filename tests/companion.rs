//! Calls of the companion crate are operations: key, version and TTL stand with the entity.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::process::Command;

use serde_json::Value;

const MANIFEST: &str = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
                        [dependencies]\ncache-patterns = \"0.1\"\n";

/// The operations of a package with this source: command, key, TTL in seconds.
fn operations(source: &str) -> Vec<(String, String, Option<u64>)> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("src")).unwrap();
    std::fs::write(folder.path().join("Cargo.toml"), MANIFEST).unwrap();
    std::fs::write(folder.path().join("src/lib.rs"), source).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_cache-lint"))
        .args(["inventory", "--format", "json"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let operations = answer["operations"].as_array().unwrap().iter();
    operations
        .map(|operation| {
            let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
            (text(&operation["command"]), text(&operation["keys"][0]), operation["ttl"]["seconds"].as_u64())
        })
        .collect()
}

const PROFILE: &str = r#"
use cache_patterns::{Cache, CacheEntity, Ttl};

#[derive(Clone, serde::Serialize, serde::Deserialize, CacheEntity)]
#[cache(service = "user", entity = "profile", version = 2, ttl = "15m", jitter = "10%")]
pub struct UserProfile { #[cache(id)] id: i64, name: String }

async fn load(id: i64) -> Result<UserProfile, std::io::Error> { todo!() }
async fn find(id: i64) -> Result<Option<UserProfile>, std::io::Error> { todo!() }
async fn load_all(ids: Vec<i64>) -> Result<Vec<UserProfile>, std::io::Error> { todo!() }
"#;

fn of(body: &str) -> Vec<(String, String, Option<u64>)> {
    operations(&format!("{PROFILE}\nimpl App {{ {body} }}\npub struct App {{ cache: Cache }}"))
}

fn read_and_write(id: &str) -> Vec<(String, String, Option<u64>)> {
    let key = format!("user:v2:profile:{{{id}}}");
    vec![("GET".to_owned(), key.clone(), None), ("SET".to_owned(), key, Some(900))]
}

#[test]
fn the_loader_tells_the_entity() {
    let found =
        of("async fn one(&self, user_id: i64) { self.cache.get_or_load(&user_id, move || load(user_id)).await; }");
    assert_eq!(found, read_and_write("user_id"));
    let found = of(
        "async fn one(&self, id: i64) { self.cache.get_or_load_opt(&id, move || async move { find(id).await }).await; }",
    );
    assert_eq!(found, read_and_write("id"));
    let found = of("async fn all(&self, ids: Vec<i64>) { self.cache.get_many_or_load(&ids, load_all).await; }");
    assert_eq!(found, read_and_write("ids"));
}

#[test]
fn an_invalidation_and_a_write_name_it() {
    let found = of("async fn gone(&self, id: i64) { let _ = self.cache.invalidate::<UserProfile>(&id).await; }");
    assert_eq!(found, [("DEL".to_owned(), "user:v2:profile:{id}".to_owned(), None)]);
    let found = of(
        "async fn save(&self, id: i64) {
        self.cache.write(&id, async |w| { let row = load(id).await?; w.commit(row, async { Ok(()) }).await }).await; }",
    );
    assert_eq!(found, [("SET".to_owned(), "user:v2:profile:{id}".to_owned(), Some(900))]);
}

#[test]
fn constants_state_it_as_well() {
    let source = r#"
use cache_patterns::{Cache, CacheEntity, Ttl};
const SHOP: &str = "shop";
pub struct Stock { sku: String }
impl CacheEntity for Stock {
    type Id = (String, u32);
    const SERVICE: &'static str = SHOP;
    const ENTITY: &'static str = "stock";
    const VERSION: u32 = 3;
    const TTL: Ttl = Ttl::mins(5);
}
async fn load() -> Result<Stock, ()> { todo!() }
pub async fn stock(cache: Cache, sku: String, size: u32) {
    cache.get_or_load(&(sku, size), load).await;
}
"#;
    let key = "shop:v3:stock:{id0}:{id1}".to_owned();
    assert_eq!(operations(source), [("GET".to_owned(), key.clone(), None), ("SET".to_owned(), key, Some(300))]);
}

#[test]
fn an_entity_that_cannot_be_told_is_an_operation_without_a_key() {
    let found = operations(
        "use cache_patterns::{Cache, CacheEntity};
         pub async fn gone<E: CacheEntity>(cache: &Cache, id: &E::Id) { let _ = cache.invalidate::<E>(id).await; }",
    );
    assert_eq!(found, [("DEL".to_owned(), "?".to_owned(), None)]);
}

#[test]
fn the_example_service_is_clean() {
    let service = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("cache-patterns/examples/service");
    let output = Command::new(env!("CARGO_BIN_EXE_cache-lint"))
        .args(["check", "--format", "json"])
        .current_dir(&service)
        .output()
        .unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["findings"].as_array().map(Vec::len), Some(0), "{answer:#}");
    assert_eq!(answer["summary"]["operations"].as_u64(), Some(6), "{answer:#}");
    assert!(output.status.success());
}
