//! Transactional outbox: an invalidation that is written in the same transaction as the row, so that it cannot be lost
//! between the commit and the cache. Features `sqlite`, `postgres` and `sqlx` (both).
//!
//! The inline step ([`Cache::write`](crate::Cache::write), [`Cache::invalidate`](crate::Cache::invalidate)) stays the
//! fast way. The [`Relay`] follows behind it, and finds nothing to do where it has arrived.
//!
//! ```
//! # #[cfg(feature = "sqlite")]
//! # mod sqlite {
//! use std::time::Duration;
//!
//! use cache_patterns::outbox::{self, Relay};
//! use cache_patterns::store::MemoryStore;
//! use cache_patterns::{Cache, CacheEntity, Source, Ttl, Versioned};
//! use sqlx::SqlitePool;
//!
//! #[derive(Clone, serde::Serialize, serde::Deserialize)]
//! struct Account {
//!     id: i64,
//!     cents: i64,
//!     row_version: u64,
//! }
//! # impl CacheEntity for Account {
//! #     type Id = i64;
//! #     const SERVICE: &'static str = "bank";
//! #     const ENTITY: &'static str = "account";
//! #     const VERSION: u32 = 1;
//! #     const TTL: Ttl = Ttl::mins(5);
//! #     fn id(&self) -> i64 { self.id }
//! #     fn data_version(&self) -> u64 { self.row_version }
//! # }
//! # impl Versioned for Account {}
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # pub async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let pool = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await?;
//! # sqlx::raw_sql("CREATE TABLE account (id INTEGER, cents INTEGER, row_version INTEGER); INSERT INTO account VALUES (7, 100, 1)")
//! #     .execute(&pool).await?;
//! let cache = Cache::builder(MemoryStore::default()).build().await?;
//! outbox::create_table(&pool).await?;
//! tokio::spawn(Relay::new(&cache, pool.clone()).run());
//!
//! let written = cache
//!     .write(&7, async |writer| {
//!         let mut transaction = pool.begin().await?;
//!         let (cents, version): (i64, i64) = sqlx::query_as(
//!             "UPDATE account SET cents = cents - 5, row_version = row_version + 1 WHERE id = $1
//!              RETURNING cents, row_version",
//!         )
//!         .bind(7)
//!         .fetch_one(&mut *transaction)
//!         .await?;
//!         let row = Account { id: 7, cents, row_version: version.unsigned_abs() };
//!         // Key and version go into the outbox, then everything is committed as one.
//!         writer.commit_recorded(row, transaction).await
//!     })
//!     .await?;
//! assert_eq!(written.version, 2);
//! # Ok(())
//! # }
//! # }
//! # #[cfg(feature = "sqlite")]
//! # sqlite::main().unwrap();
//! ```

mod database;
mod relay;

use sqlx::{Pool, Transaction};

pub use self::database::Database;
pub use self::relay::{Delivered, Relay, RelayError};
use crate::cache::{Committed, Writer};
use crate::entity::{CacheEntity, Versioned};
use crate::key::Key;

/// Creates the table `cache_outbox`, if it is not there. Its SQL is [`Database::SCHEMA`], for a migration of your own.
///
/// # Errors
/// The database's.
pub async fn create_table<DB: Database>(pool: &Pool<DB>) -> Result<(), sqlx::Error> {
    DB::create(pool).await
}

/// Records in `transaction` that the entry with this id is out of date; to be called after the row was changed, so that
/// its lock is held.
///
/// `version`: what the transaction made of the row; an entry as new as that stays. 0: the entry goes in any case. Of a row
/// that is gone there is [`record_deleted`].
///
/// # Errors
/// The database's; the transaction is of no use then.
pub async fn record<E, DB>(transaction: &mut Transaction<'_, DB>, id: &E::Id, version: u64) -> Result<(), sqlx::Error>
where
    E: CacheEntity,
    DB: Database,
{
    let version = i64::try_from(version).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    DB::insert(transaction, Key::<E>::of(id).as_str(), version).await
}

/// As [`record`], for a row that was deleted as `version`, or whose last version that was: an entry of that version goes as
/// well. 0: the entry goes in any case.
///
/// # Errors
/// As there.
pub async fn record_deleted<E, DB>(
    transaction: &mut Transaction<'_, DB>,
    id: &E::Id,
    version: u64,
) -> Result<(), sqlx::Error>
where
    E: CacheEntity,
    DB: Database,
{
    record::<E, DB>(transaction, id, if version == 0 { 0 } else { version.saturating_add(1) }).await
}

impl<E: Versioned> Writer<E> {
    /// [`Writer::commit`] for a transaction of sqlx.
    ///
    /// # Errors
    /// As there.
    pub async fn commit_tx<DB>(self, row: E, transaction: Transaction<'_, DB>) -> Result<Committed<E>, sqlx::Error>
    where
        DB: sqlx::Database,
    {
        self.commit(row, transaction.commit()).await
    }

    /// [`Writer::commit_tx`], with the row's key and version [recorded](record) in the outbox before: the death of this
    /// process after the commit leaves an older entry only until the [`Relay`] of any process has passed.
    ///
    /// # Errors
    /// As there, and those of the record, before anything is committed.
    pub async fn commit_recorded<DB>(
        self,
        row: E,
        mut transaction: Transaction<'_, DB>,
    ) -> Result<Committed<E>, sqlx::Error>
    where
        DB: Database,
    {
        record::<E, DB>(&mut transaction, &row.id(), row.data_version()).await?;
        self.commit_tx(row, transaction).await
    }

    /// [`Writer::delete`] for a transaction of sqlx, [recorded](record_deleted) in the outbox before. `id`: of the row, as
    /// [`Cache::write`](crate::Cache::write) was given it.
    ///
    /// # Errors
    /// As for [`Writer::commit_recorded`].
    pub async fn delete_recorded<DB>(
        self,
        id: &E::Id,
        version: u64,
        mut transaction: Transaction<'_, DB>,
    ) -> Result<Committed<E>, sqlx::Error>
    where
        DB: Database,
    {
        record_deleted::<E, DB>(&mut transaction, id, version).await?;
        self.delete(version, transaction.commit()).await
    }
}
