//! The stated minimum Rust version is one that every dependency of the tool allows. (That the code itself asks for
//! nothing newer is clippy's `incompatible_msrv`, which reads the same line of Cargo.toml.)
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::collections::{HashMap, HashSet};
use std::process::Command;

use serde_json::Value;

fn version(text: &str) -> (u32, u32, u32) {
    let mut parts = text.split('.').map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

#[test]
fn no_dependency_asks_for_a_newer_rust() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let packages: HashMap<String, Value> =
        list(&metadata["packages"]).into_iter().map(|package| (text(&package["id"]), package)).collect();
    let nodes: HashMap<String, Value> =
        list(&metadata["resolve"]["nodes"]).into_iter().map(|node| (text(&node["id"]), node)).collect();
    let root = packages.values().find(|package| package["name"] == "cache-lint").expect("this package");
    let stated = text(&root["rust_version"]);
    let mut open = vec![text(&root["id"])];
    let mut seen = HashSet::new();
    let mut newer = Vec::new();
    while let Some(id) = open.pop() {
        if !seen.insert(id.clone()) {
            continue;
        }
        let package = &packages[&id];
        let wanted = text(&package["rust_version"]);
        if version(&wanted) > version(&stated) {
            newer.push(format!("{} {} asks for Rust {wanted}", text(&package["name"]), text(&package["version"])));
        }
        for dependency in list(&nodes[&id]["deps"]) {
            // What only tests use need not be old.
            if list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"] != "dev") {
                open.push(text(&dependency["pkg"]));
            }
        }
    }
    assert!(seen.len() > 50, "the graph was walked: {}", seen.len());
    assert!(newer.is_empty(), "stated is {stated}, but: {newer:#?}");
}
