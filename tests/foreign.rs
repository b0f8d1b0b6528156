//! Connections that come out of a crate which is neither a known client nor at hand.
#![allow(clippy::unwrap_used, reason = "a test ends at the first thing that is not as it should be")]

mod project;

use project::Project;

const MANIFEST: &str = "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[dependencies]\n\
                        house-redis = { git = \"https://example.org/house\" }\n";

/// `LINE COMMAND KEY CONFIDENCE` of each operation.
fn operations(source: &str) -> Vec<String> {
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
            format!("{} {} {key} {}", op["line"], text("command"), text("confidence"))
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
