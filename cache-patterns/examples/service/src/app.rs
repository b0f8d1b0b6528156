//! The routes.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use cache_patterns::{Cache, Cached, Source};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::SqlitePool;

use crate::error::Error;
use crate::profile::{Profile, Profiles};
use crate::stock::{Stock, Stocks};

#[derive(Clone)]
struct App {
    profiles: Profiles,
    stocks: Stocks,
    cache: Cache,
}

pub fn router(database: SqlitePool, cache: Cache) -> Router {
    let app = App {
        profiles: Profiles::new(database.clone(), cache.clone()),
        stocks: Stocks::new(database, cache.clone()),
        cache,
    };
    Router::new()
        .route("/profiles/{id}", get(profile).put(change_profile))
        .route("/stock/{id}", get(stock))
        .route("/stock/{id}/take", post(take))
        .route("/stats", get(stats))
        .with_state(app)
}

/// The value, and in a header where it came from.
type Answer<T> = ([(&'static str, &'static str); 1], Json<T>);

fn answer<T: Clone + Serialize>(value: Cached<T>) -> Answer<T> {
    let from = match value.source() {
        Source::Local => "local",
        Source::Store => "store",
        Source::Stale => "stale",
        _ => "miss",
    };
    ([("x-cache", from)], Json(value.into_inner()))
}

async fn profile(State(app): State<App>, Path(id): Path<i64>) -> Result<Answer<Profile>, Error> {
    app.profiles.get(id).await?.map(answer).ok_or(Error::NotFound)
}

#[derive(Deserialize)]
struct Change {
    name: String,
    email: String,
}

async fn change_profile(
    State(app): State<App>,
    Path(id): Path<i64>,
    Json(change): Json<Change>,
) -> Result<StatusCode, Error> {
    app.profiles.update(Profile { id, name: change.name, email: change.email }).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn stock(State(app): State<App>, Path(id): Path<i64>) -> Result<Answer<Stock>, Error> {
    app.stocks.get(id).await.map(answer)
}

#[derive(Deserialize)]
struct Take {
    quantity: u32,
}

async fn take(State(app): State<App>, Path(id): Path<i64>, Json(take): Json<Take>) -> Result<Json<Stock>, Error> {
    app.stocks.take(id, take.quantity).await.map(Json)
}

async fn stats(State(app): State<App>) -> Json<Value> {
    let stats = app.cache.stats();
    Json(json!({ "reads": stats.reads(), "loads": stats.loads, "hit_ratio": stats.hit_ratio() }))
}
