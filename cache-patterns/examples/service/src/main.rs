//! The process: settings from the environment, the cache, the database, the server.

mod app;
mod error;
mod profile;
mod stock;

use std::env::var;

use cache_patterns::bus::RedisBus;
use cache_patterns::outbox::{self, Relay};
use cache_patterns::store::{MemoryStore, RedisStore};
use cache_patterns::{Cache, StoreError};
use sqlx::SqlitePool;
use sqlx::sqlite::SqlitePoolOptions;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();

    let database = open(&var("DATABASE_URL").unwrap_or_else(|_| "sqlite::memory:".to_owned())).await?;
    let cache = cache(var("REDIS_URL").ok().as_deref()).await?;
    let relay = tokio::spawn(Relay::new(&cache, database.clone()).run());

    let port = var("PORT").map_or(Ok(8080), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let stop = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    axum::serve(listener, app::router(database, cache.clone())).with_graceful_shutdown(stop).await?;

    relay.abort();
    // No lease is left behind that others would wait for.
    cache.idle().await;
    Ok(())
}

/// Without a server everything is in this process; with one, it is shared and changes are announced.
async fn cache(redis_url: Option<&str>) -> Result<Cache, Failure> {
    let Some(url) = redis_url else {
        return Ok(Cache::builder(MemoryStore::default()).local(10_000).build().await?);
    };
    let connect = async || -> Result<(RedisStore, RedisBus), StoreError> {
        Ok((RedisStore::connect(url).await?, RedisBus::connect(url, "shop").await?))
    };
    let (store, bus) = connect().await?;
    Ok(Cache::builder(store).local(10_000).bus(bus).build().await?)
}

async fn open(url: &str) -> Result<SqlitePool, sqlx::Error> {
    // Every connection to `:memory:` would be a database of its own.
    let connections = if url.contains(":memory:") { 1 } else { 8 };
    let database = SqlitePoolOptions::new().max_connections(connections).connect(url).await?;
    outbox::create_table(&database).await?;
    sqlx::raw_sql(include_str!("schema.sql")).execute(&database).await?;
    Ok(database)
}
