//! Profiles: read often, written rarely, hence Cache-Aside.

use cache_patterns::{Cache, CacheEntity, Cached};
use serde::{Deserialize, Serialize};
use sqlx::SqlitePool;

use crate::error::Error;

/// What the profile page shows. Its keys are `user:v1:profile:{id}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, sqlx::FromRow, CacheEntity)]
#[cache(service = "user", entity = "profile", version = 1, ttl = "15m", local = "1m", negative = "30s")]
pub struct Profile {
    #[cache(id)]
    pub id: i64,
    pub name: String,
    pub email: String,
}

/// Reads and changes profiles.
#[derive(Clone)]
pub struct Profiles {
    database: SqlitePool,
    cache: Cache,
}

impl Profiles {
    pub fn new(database: SqlitePool, cache: Cache) -> Self {
        Self { database, cache }
    }

    /// The profile of a user, if there is one.
    pub async fn get(&self, id: i64) -> Result<Option<Cached<Profile>>, Error> {
        let database = self.database.clone();
        Ok(self.cache.get_or_load_opt(&id, move || load(database, id)).await?)
    }

    /// Changes the row, then takes the entry away, here and in every other process.
    pub async fn update(&self, profile: Profile) -> Result<(), Error> {
        let changed = sqlx::query("UPDATE profile SET name = $1, email = $2 WHERE id = $3")
            .bind(&profile.name)
            .bind(&profile.email)
            .bind(profile.id)
            .execute(&self.database)
            .await?;
        if changed.rows_affected() == 0 {
            return Err(Error::NotFound);
        }
        let outcome = self.cache.invalidate::<Profile>(&profile.id).await?;
        tracing::info!(?outcome, "a profile was changed");
        Ok(())
    }
}

async fn load(database: SqlitePool, id: i64) -> Result<Option<Profile>, sqlx::Error> {
    sqlx::query_as("SELECT id, name, email FROM profile WHERE id = $1").bind(id).fetch_optional(&database).await
}
