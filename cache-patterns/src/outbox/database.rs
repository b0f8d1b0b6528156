//! The outbox's table, in the databases that can hold it.

use futures_util::future::BoxFuture;
use sqlx::{Pool, QueryBuilder, Transaction};

/// A row of the outbox.
#[derive(Debug, Clone)]
pub struct Record {
    pub(super) id: i64,
    pub(super) key: String,
    pub(super) version: i64,
}

type Query<'a, T> = BoxFuture<'a, Result<T, sqlx::Error>>;

/// A database that can hold an outbox: SQLite, PostgreSQL.
pub trait Database: sqlx::Database {
    /// Creates the table `cache_outbox`.
    const SCHEMA: &'static str;

    #[doc(hidden)]
    fn create(pool: &Pool<Self>) -> Query<'_, ()>;

    #[doc(hidden)]
    fn insert<'a>(transaction: &'a mut Transaction<'_, Self>, key: &'a str, version: i64) -> Query<'a, ()>;

    /// Rows that are at least `age` milliseconds old, in the order of their recording.
    #[doc(hidden)]
    fn due(pool: &Pool<Self>, age: i64, most: i64) -> Query<'_, Vec<Record>>;

    /// Age of the oldest row in milliseconds; 0 when there is none.
    #[doc(hidden)]
    fn lag(pool: &Pool<Self>) -> Query<'_, i64>;

    #[doc(hidden)]
    fn delete<'a>(pool: &'a Pool<Self>, ids: &'a [i64]) -> Query<'a, ()>;
}

/// The statements are the same; only the identity column and the database's clock differ. That clock measures every
/// age, so that no other one has to agree with it.
#[cfg_attr(not(any(feature = "sqlite", feature = "postgres")), expect(unused_macros, reason = "no database"))]
macro_rules! outbox_in {
    ($database:ty, $identity:literal, $now:literal) => {
        impl Database for $database {
            const SCHEMA: &'static str = concat!(
                "CREATE TABLE IF NOT EXISTS cache_outbox (id ",
                $identity,
                ", cache_key TEXT NOT NULL, row_version BIGINT NOT NULL, recorded_at BIGINT NOT NULL)",
            );

            fn create(pool: &Pool<Self>) -> Query<'_, ()> {
                Box::pin(async move { sqlx::query(Self::SCHEMA).execute(pool).await.map(|_| ()) })
            }

            fn insert<'a>(transaction: &'a mut Transaction<'_, Self>, key: &'a str, version: i64) -> Query<'a, ()> {
                const SQL: &str = concat!(
                    "INSERT INTO cache_outbox (cache_key, row_version, recorded_at) VALUES ($1, $2, ",
                    $now,
                    ")",
                );
                Box::pin(async move {
                    sqlx::query(SQL).bind(key).bind(version).execute(&mut **transaction).await.map(|_| ())
                })
            }

            fn due(pool: &Pool<Self>, age: i64, most: i64) -> Query<'_, Vec<Record>> {
                const SQL: &str = concat!(
                    "SELECT id, cache_key, row_version FROM cache_outbox WHERE recorded_at <= ",
                    $now,
                    " - $1 ORDER BY id LIMIT $2",
                );
                Box::pin(async move {
                    let rows: Vec<(i64, String, i64)> =
                        sqlx::query_as(SQL).bind(age).bind(most).fetch_all(pool).await?;
                    Ok(rows.into_iter().map(|(id, key, version)| Record { id, key, version }).collect())
                })
            }

            fn lag(pool: &Pool<Self>) -> Query<'_, i64> {
                const SQL: &str = concat!("SELECT ", $now, " - recorded_at FROM cache_outbox ORDER BY id LIMIT 1");
                Box::pin(async move {
                    let age: Option<i64> = sqlx::query_scalar(SQL).fetch_optional(pool).await?;
                    Ok(age.unwrap_or(0).max(0))
                })
            }

            fn delete<'a>(pool: &'a Pool<Self>, ids: &'a [i64]) -> Query<'a, ()> {
                Box::pin(async move {
                    let mut query = QueryBuilder::<Self>::new("DELETE FROM cache_outbox WHERE id IN (");
                    let mut list = query.separated(", ");
                    for id in ids {
                        list.push_bind(*id);
                    }
                    query.push(")");
                    query.build().execute(pool).await.map(|_| ())
                })
            }
        }
    };
}

#[cfg(feature = "sqlite")]
outbox_in!(
    sqlx::Sqlite,
    "INTEGER PRIMARY KEY AUTOINCREMENT",
    "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
);

#[cfg(feature = "postgres")]
outbox_in!(
    sqlx::Postgres,
    "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"
);
