//! Statements whose text is wrapped: sqlx 0.9 takes a text that was put together only in `AssertSqlSafe`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::process::Command;

use serde_json::Value;

const MANIFEST: &str = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
                        [dependencies]\nredis = \"1\"\nsqlx = \"0.9\"\n";

const SOURCE: &str = r#"
use redis::AsyncCommands;
use redis::aio::ConnectionManager;
use sqlx::{AssertSqlSafe, PgPool};

pub async fn name(con: &mut ConnectionManager, db: &PgPool, id: i64) -> Option<String> {
    let key = format!("app:v1:user:{id}");
    if let Ok(Some(name)) = con.get::<_, Option<String>>(&key).await {
        return Some(name);
    }
    let name: String = sqlx::query_scalar("SELECT name FROM users WHERE id = $1").bind(id).fetch_one(db).await.ok()?;
    con.set_ex::<_, _, ()>(&key, &name, 900).await.ok()?;
    Some(name)
}

pub async fn rename(db: &PgPool, id: i64, name: &str, table: &str) -> sqlx::Result<()> {
    sqlx::query(AssertSqlSafe("UPDATE users SET name = $1 WHERE id = $2")).bind(name).bind(id).execute(db).await?;
    sqlx::query(AssertSqlSafe(format!("UPDATE {table} SET name = $1"))).bind(name).execute(db).await?;
    Ok(())
}
"#;

#[test]
fn a_text_in_a_wrapper_is_read() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("src")).unwrap();
    std::fs::write(folder.path().join("Cargo.toml"), MANIFEST).unwrap();
    std::fs::write(folder.path().join("src/lib.rs"), SOURCE).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_cache-lint"))
        .args(["check", "--no-cache", "--format", "json"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap().iter();
    let lines: Vec<_> =
        findings.filter(|finding| finding["rule"] == "missing-invalidation").map(|finding| &finding["line"]).collect();
    assert_eq!(lines, [17], "{report:#}");
}
