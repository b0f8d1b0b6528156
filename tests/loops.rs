//! What one pass of a loop hands to the next is no constant.
#![allow(clippy::unwrap_used, reason = "a test ends at the first thing that is not as it should be")]

mod project;

use project::Project;

const MANIFEST: &str =
    "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[dependencies]\nredis = \"1\"\n";

/// `LINE KEY TTL` of each operation; the TTL's kind, or its seconds.
fn operations(source: &str) -> Vec<String> {
    let project = Project::new("");
    project.write("Cargo.toml", MANIFEST);
    project.write("src/lib.rs", &format!("use redis::Commands;\n{source}"));
    let found = project.json("", "inventory --no-cache");
    let operations = found["operations"].as_array().unwrap();
    operations
        .iter()
        .map(|op| {
            let ttl = &op["ttl"];
            let ttl =
                ttl["seconds"].as_u64().map_or_else(|| ttl["kind"].as_str().unwrap().to_owned(), |n| n.to_string());
            format!("{} {} {ttl}", op["line"], op["keys"][0].as_str().unwrap())
        })
        .collect()
}

#[test]
fn a_number_that_each_pass_changes() {
    let source = r#"pub fn pages(con: &mut redis::Connection) -> redis::RedisResult<()> {
    let (mut page, mut ttl) = (0, 60);
    loop {
        let _: () = con.set_ex(format!("list:{page}"), 1, ttl)?;
        page += 1;
        ttl *= 2;
    }
}"#;
    assert_eq!(operations(source), ["5 list:{page} dynamic"]);
}

#[test]
fn a_text_that_each_pass_replaces() {
    let source = r#"pub fn parents(con: &mut redis::Connection, path: &str) -> redis::RedisResult<()> {
    let mut at = "root";
    for part in path.split('/') {
        let _: () = con.set_ex(format!("tree:{at}"), 1, 60)?;
        at = part;
    }
    Ok(())
}"#;
    assert_eq!(operations(source), ["5 tree:{at} 60"]);
}

#[test]
fn what_is_assigned_before_it_is_used_is_known() {
    let source = r#"pub fn fill(con: &mut redis::Connection, ids: &[u64]) -> redis::RedisResult<()> {
    let mut key = String::from("none");
    for id in ids {
        key = format!("item:{id}");
        let _: () = con.set_ex(&key, 1, 60)?;
    }
    Ok(())
}"#;
    assert_eq!(operations(source), ["6 item:{id} 60"]);
}

#[test]
fn a_pipeline_that_is_sent_where_a_count_says_so_is_sent() {
    let source = r#"pub async fn sweep(con: &mut redis::aio::MultiplexedConnection, ids: &[u64]) -> redis::RedisResult<()> {
    let mut pipe = redis::pipe();
    let mut count = 0usize;
    for id in ids {
        pipe.set_ex(format!("item:{id}"), 1, 60);
        count += 1;
    }
    if count > 0 {
        let _: () = pipe.query_async(con).await?;
    }
    Ok(())
}"#;
    assert_eq!(operations(source), ["6 item:{id} 60"]);
    let project = Project::new("");
    project.write("Cargo.toml", MANIFEST);
    project.write("src/lib.rs", source);
    let found = project.json("", "check --no-cache");
    let dropped = found["findings"].as_array().unwrap().iter().filter(|finding| finding["rule"] == "dropped-future");
    assert_eq!(dropped.count(), 0);
}

#[test]
fn a_number_that_the_projects_own_macro_changes() {
    let source = r#"macro_rules! step { ($n:ident) => { $n += 1 }; }
pub fn pages(con: &mut redis::Connection) -> redis::RedisResult<()> {
    let mut page = 0;
    loop {
        let _: () = con.set_ex(format!("list:{page}"), 1, 60)?;
        step!(page);
    }
}"#;
    assert_eq!(operations(source), ["6 list:{page} 60"]);
}

#[test]
fn a_condition_that_assigns() {
    let source = r#"pub fn shards(con: &mut redis::Connection) -> redis::RedisResult<()> {
    let mut shard = 0;
    while {
        shard += 1;
        shard < 5
    } {
        let _: () = con.set_ex(format!("shard:{shard}"), 1, 60)?;
    }
    Ok(())
}"#;
    assert_eq!(operations(source), ["8 shard:{shard} 60"]);
}

#[test]
fn an_option_that_each_pass_replaces() {
    let source = r#"pub fn pages(con: &mut redis::Connection, next: fn(u32) -> Option<u32>) -> redis::RedisResult<()> {
    let mut page = Some(0);
    while let Some(number) = page {
        let _: () = con.set_ex(format!("list:{number}"), 1, 60)?;
        page = next(number);
    }
    Ok(())
}"#;
    assert_eq!(operations(source), ["5 list:{number} 60"]);
}

#[test]
fn what_is_assigned_together() {
    let source = r#"pub fn walk(con: &mut redis::Connection, step: fn(u32) -> (u32, u32)) -> redis::RedisResult<()> {
    let (mut at, mut left) = (0, 9);
    loop {
        let _: () = con.set_ex(format!("step:{at}:{left}"), 1, 60)?;
        (at, left) = step(at);
    }
}"#;
    assert_eq!(operations(source), ["5 step:{at}:{left} 60"]);
}
