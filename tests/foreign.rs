//! Connections that come out of a crate which is neither a known client nor at hand.
#![allow(clippy::unwrap_used, reason = "a test ends at the first thing that is not as it should be")]

mod project;

use project::Project;

const MANIFEST: &str = "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[dependencies]\n\
                        house-redis = { git = \"https://example.org/house\" }\n";

/// `LINE COMMAND KEY CONFIDENCE` of each operation.
fn operations(source: &str) -> Vec<String> {
    with_ttls(source).iter().filter_map(|op| Some(op.rsplit_once(' ')?.0.to_owned())).collect()
}

/// The same with what is known of the TTL.
fn with_ttls(source: &str) -> Vec<String> {
    let project = Project::new("");
    project.write("Cargo.toml", MANIFEST);
    project.write("src/lib.rs", source);
    let found = project.json("", "inventory --no-cache");
    found["operations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|op| {
            let key = op["keys"][0].as_str().unwrap_or("?");
            let text = |name: &str| op[name].as_str().unwrap().to_owned();
            let ttl = op["ttl"]["kind"].as_str().unwrap();
            format!("{} {} {key} {} {ttl}", op["line"], text("command"), text("confidence"))
        })
        .collect()
}

#[test]
fn a_foreign_connection_is_believed_where_a_clients_trait_is_in_scope() {
    let source = r#"use house_redis::{AsyncCommands, Conn, Names, connection};
pub async fn arrive(con: &mut Conn, id: &str) -> bool {
    let _: Option<()> = con.sadd("presence:online", id).await.ok();
    con.del::<_, ()>(format!("presence:gone:{id}")).await.is_ok()
}
pub async fn size() -> u32 {
    let Ok(mut con) = connection().await else { return 0 };
    con.scard("presence:online").await.unwrap_or(0)
}
pub fn none(names: &std::collections::HashMap<String, u32>, client: &other::Client) -> Option<u32> {
    client.get("https://example.org");
    names.get("presence:online").copied()
}
"#;
    assert_eq!(
        operations(source),
        ["3 SADD presence:online likely", "4 DEL presence:gone:{id} likely", "8 SCARD presence:online likely"]
    );
}

#[test]
fn without_the_trait_nothing_is_known() {
    let source = "pub fn put(con: &mut house_redis::Conn) {\n    con.set(\"a:b:c\", 1);\n}\n";
    assert_eq!(operations(source), [""; 0]);
}

#[test]
fn names_of_methods_say_what_a_foreign_wrapper_sends() {
    let source = r#"use std::sync::Arc;
use house_redis::{RedisPool, RedisSettings};
pub struct App { redis: Arc<RedisPool> }
impl App {
    pub async fn user(&self, id: u64, redis_expiry: u32) -> Result<Option<String>, ()> {
        let key = format!("shop:user:{id}");
        self.redis.set_key_with_expiry(&key, "x", 60).await?;
        self.redis.set_key(&key, "x", redis_expiry).await?;
        self.redis.set_key(&key, "x").await?;
        self.redis.delete_key(&key).await?;
        self.redis.serialize_and_set_hash_field_if_not_exist(&key, "a", "x").await?;
        self.redis.get_list_length(&key).await?;
        self.redis.set_expiry(&key, 60).await?;
        self.redis.publish("shop:changed", &key).await?;
        self.redis.on_error(&key).await;
        self.redis.stream_append_entry(&key, "*", "x").await?;
        self.redis.zadd_all(&key, "x").await?;
        self.redis.type_of(&key).await?;
        self.redis.get_key::<Option<String>>(&key).await
    }
    pub async fn other(&self, settings: &RedisSettings, map: &other::Map) -> Result<(), ()> {
        settings.set_host("a").await?;
        map.set_key("a:b:c", 1).await
    }
}
"#;
    let expected = [
        "7 SET shop:user:{id} likely seconds",
        "8 SET shop:user:{id} likely dynamic",
        "9 SET shop:user:{id} likely undetermined",
        "10 DEL shop:user:{id} likely not-applicable",
        "11 HSET shop:user:{id} likely undetermined",
        "12 LLEN shop:user:{id} likely not-applicable",
        "13 EXPIRE shop:user:{id} likely seconds",
        "14 PUBLISH shop:changed likely not-applicable",
        "16 XADD shop:user:{id} likely undetermined",
        "17 ZADD shop:user:{id} likely undetermined",
        "19 GET shop:user:{id} likely not-applicable",
    ];
    assert_eq!(with_ttls(source), expected);
}

#[test]
fn a_pipeline_of_a_foreign_client_queues_what_it_is_given() {
    let source = r#"use fred::prelude::*;
use house_redis::Shared;
pub struct App { shared: Shared }
pub async fn remember(app: &App, users: &[u64]) -> Option<()> {
    let pipeline = app.shared.writers.next().pipeline();
    for user in users {
        let key = format!("shop:seen:{user}");
        let _ = pipeline.lpush::<(), _, _>(&key, 1).await;
        let _ = pipeline.expire::<(), _>(&key, 60).await;
    }
    pipeline.all::<()>().await.ok()
}
"#;
    let project = Project::new("");
    project.write("Cargo.toml", &format!("{MANIFEST}fred = \"9\"\n"));
    project.write("src/lib.rs", source);
    let found = project.json("", "inventory --no-cache");
    let operations: Vec<String> = found["operations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|op| format!("{} {} {}", op["command"], op["via"], op["confidence"]).replace('"', ""))
        .collect();
    assert_eq!(operations, ["LPUSH pipeline likely", "EXPIRE pipeline likely"]);
    let findings = project.json("", "check --no-cache --only call-in-loop --only collection-without-ttl");
    assert_eq!(findings["findings"].as_array().map(Vec::len), Some(0), "{findings}");
}
