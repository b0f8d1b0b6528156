//! Stock: it has to be right, hence Write-Through.

use cache_patterns::{Cache, CacheEntity, Cached, WriteError};
use serde::{Deserialize, Serialize};
use sqlx::SqlitePool;

use crate::error::Error;

/// How many of an article are there. Every change raises `row_version`, so that of two writers the newer is known. Its
/// keys are `shop:v1:stock:{id}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, sqlx::FromRow, CacheEntity)]
#[cache(service = "shop", entity = "stock", version = 1, ttl = "5m")]
pub struct Stock {
    #[cache(id)]
    pub id: i64,
    pub sku: String,
    pub units: i64,
    #[cache(data_version)]
    pub row_version: i64,
}

/// Reads and changes stock.
#[derive(Clone)]
pub struct Stocks {
    database: SqlitePool,
    cache: Cache,
}

impl Stocks {
    pub fn new(database: SqlitePool, cache: Cache) -> Self {
        Self { database, cache }
    }

    pub async fn get(&self, id: i64) -> Result<Cached<Stock>, Error> {
        let database = self.database.clone();
        Ok(self.cache.get_or_load(&id, move || load(database, id)).await?)
    }

    /// Takes `quantity` away; what is left.
    pub async fn take(&self, id: i64, quantity: u32) -> Result<Stock, Error> {
        let written = self
            .cache
            .write::<Stock, sqlx::Error, _>(&id, async |writer| {
                let mut transaction = self.database.begin().await?;
                let row: Stock = sqlx::query_as(
                    "UPDATE stock SET units = units - $1, row_version = row_version + 1 WHERE id = $2 AND units >= $1
                     RETURNING id, sku, units, row_version",
                )
                .bind(quantity)
                .bind(id)
                .fetch_one(&mut *transaction)
                .await?;
                // With its key and version in the outbox: also when this process dies here, no older entry stays.
                writer.commit_recorded(row, transaction).await
            })
            .await;
        match written {
            Ok(written) => written.row.map(Cached::into_inner).ok_or(Error::NotFound),
            Err(WriteError::Failed(sqlx::Error::RowNotFound)) => {
                Err(Error::OutOfStock { units: load(self.database.clone(), id).await?.units })
            }
            Err(error) => Err(error.into()),
        }
    }
}

async fn load(database: SqlitePool, id: i64) -> Result<Stock, sqlx::Error> {
    sqlx::query_as("SELECT id, sku, units, row_version FROM stock WHERE id = $1").bind(id).fetch_one(&database).await
}
