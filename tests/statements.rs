//! Database statements: texts that are wrapped (sqlx 0.9 takes one that was put together only in `AssertSqlSafe`), and
//! what rows are read into, which is what a cache then holds.
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

/// Each function stores what it has read from a database under a key of its own.
const ROWS: &str = r#"
use redis::Commands;

#[derive(serde::Serialize, serde::Deserialize)]
pub struct User { pub id: i64 }

pub mod user {
    #[derive(sea_orm::DeriveEntityModel, serde::Serialize, serde::Deserialize)]
    pub struct Model { pub id: i64 }
}
pub use user::Entity as Users;

/// Written out.
pub mod club {
    #[derive(sea_orm::DeriveEntity)]
    pub struct Entity;

    #[derive(sea_orm::DeriveModel, sea_orm::DeriveActiveModel, serde::Serialize, serde::Deserialize)]
    pub struct Model { pub id: i64 }
}

fn keep<T: serde::Serialize>(con: &mut redis::Connection, key: &str, value: &T) {
    let _: Result<(), _> = con.set_ex(key, serde_json::to_string(value).unwrap(), 60);
}

pub async fn sqlx_rows(con: &mut redis::Connection, db: &sqlx::PgPool) -> Result<(), sqlx::Error> {
    let one = sqlx::query_as::<_, User>("SELECT id FROM users").fetch_one(db).await?;
    keep(con, "sqlx:function", &one);
    if let Some(one) = sqlx::query_as!(User, "SELECT id FROM users WHERE id = $1", 1).fetch_optional(db).await? {
        keep(con, "sqlx:macro", &one);
    }
    let all = sqlx::query_as::<_, User>("SELECT id FROM users").fetch_all(db).await?;
    keep(con, "sqlx:all", &all);
    let one: User = sqlx::query_as("SELECT id FROM users").fetch_one(db).await?;
    keep(con, "sqlx:written", &one);
    let one = sqlx::query("SELECT id FROM users").fetch_one(db).await?;
    keep(con, "sqlx:row", &one);
    Ok(())
}

pub fn diesel_rows(con: &mut redis::Connection, db: &mut diesel::PgConnection) -> diesel::QueryResult<()> {
    let one = users::table.find(1).first::<User>(db)?;
    keep(con, "diesel:turbofish", &one);
    let one = users::table.find(1).select(User::as_select()).first(db)?;
    keep(con, "diesel:select", &one);
    Ok(())
}

pub async fn entity_rows(con: &mut redis::Connection, db: &sea_orm::DatabaseConnection) -> Result<(), sea_orm::DbErr> {
    if let Some(one) = user::Entity::find_by_id(1).one(db).await? {
        keep(con, "entity:one", &one);
    }
    if let Some(one) = Users::find_by_id(1).one(db).await? {
        keep(con, "entity:renamed", &one);
    }
    let all = club::Entity::find().all(db).await?;
    keep(con, "entity:all", &all);
    Ok(())
}

pub fn closure_rows(con: &mut redis::Connection, db: &rusqlite::Connection) -> rusqlite::Result<()> {
    let one = db.query_row("SELECT id FROM users", [], |row| Ok(User { id: row.get(0)? }))?;
    keep(con, "closure:one", &one);
    Ok(())
}
"#;

const DOCUMENTS: &str = r#"
use redis::Commands;

#[derive(serde::Serialize, serde::Deserialize)]
pub struct User { pub id: i64 }

pub async fn documents(con: &mut redis::Connection, db: &mongodb::Database) -> mongodb::error::Result<()> {
    if let Some(one) = db.collection::<User>("users").find_one(doc! {}).await? {
        let _: Result<(), _> = con.set_ex("document:one", serde_json::to_string(&one).unwrap(), 60);
    }
    Ok(())
}
"#;

const ROWS_MANIFEST: &str = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
                             [dependencies]\ndiesel = \"2\"\nmongodb = \"3\"\nredis = \"1\"\nrusqlite = \"0.3\"\n\
                             sea-orm = \"1\"\nserde = \"1\"\nserde_json = \"1\"\nsqlx = \"0.8\"\n";
const DOCUMENTS_MANIFEST: &str = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
                                  [dependencies]\nmongodb = \"3\"\nredis = \"1\"\nserde = \"1\"\nserde_json = \"1\"\n";

fn run(manifest: &str, source: &str, args: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("src")).unwrap();
    std::fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    std::fs::write(folder.path().join("src/lib.rs"), source).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_cache-lint")).args(args).current_dir(folder.path()).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The keys that are constant, each with the type that is stored under it.
fn held(manifest: &str, source: &str) -> Vec<String> {
    let inventory = run(manifest, source, &["inventory", "--no-cache", "--format", "json"]);
    let operations = inventory["operations"].as_array().unwrap().iter();
    operations
        .filter_map(|op| Some((op["keys"][0].as_str().filter(|key| !key.starts_with('{'))?, op["value_type"].as_str())))
        .map(|(key, held)| format!("{key} {}", held.unwrap_or("-")))
        .collect()
}

#[test]
fn what_rows_are_read_into_is_what_the_cache_holds() {
    assert_eq!(
        held(ROWS_MANIFEST, ROWS),
        [
            "sqlx:function User",
            "sqlx:macro User",
            "sqlx:all [User]",
            "sqlx:written User",
            "sqlx:row -",
            "diesel:turbofish User",
            "diesel:select User",
            "entity:one Model",
            "entity:renamed Model",
            "entity:all [Model]",
            "closure:one User",
        ]
    );
    assert_eq!(held(DOCUMENTS_MANIFEST, DOCUMENTS), ["document:one User"]);
}

#[test]
fn a_text_in_a_wrapper_is_read() {
    let report = run(MANIFEST, SOURCE, &["check", "--no-cache", "--format", "json"]);
    let findings = report["findings"].as_array().unwrap().iter();
    let lines: Vec<_> =
        findings.filter(|finding| finding["rule"] == "missing-invalidation").map(|finding| &finding["line"]).collect();
    assert_eq!(lines, [17], "{report:#}");
}
