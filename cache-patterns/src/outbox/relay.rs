//! Carries what is recorded to the cache store.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

use sqlx::Pool;

use super::database::{Database, Record};
use crate::cache::{Cache, Invalidated};
use crate::clock::millis;

/// The longest pause after rounds that failed.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What came of one round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delivered {
    /// Rows that were delivered and deleted.
    pub rows: u64,
    /// Entries that the store was asked about: of several rows of one entry only the newest is sent.
    pub keys: u64,
}

/// Why a round ended early. What it did not deliver stays in the outbox.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RelayError {
    /// The outbox cannot be read, or what was delivered not deleted.
    #[error("the outbox does not answer: {0}")]
    Database(#[from] sqlx::Error),
    /// The cache store does not answer.
    #[error("the cache store does not answer; {delivered} rows were delivered before")]
    Store {
        /// Rows that were delivered and deleted before.
        delivered: u64,
    },
}

/// Takes entries away for which the outbox has a newer row, and deletes the record then.
///
/// Records are delivered in the order of their recording, at least once. Delivered twice they do no harm, for versions
/// are compared: so every process may run a relay, and one is enough.
#[derive(Debug, Clone)]
pub struct Relay<DB: Database> {
    cache: Cache,
    pool: Pool<DB>,
    grace: Duration,
    every: Duration,
    batch: u16,
}

impl<DB: Database> Relay<DB> {
    /// From this database's outbox to the store of `cache`.
    #[must_use]
    pub fn new(cache: &Cache, pool: Pool<DB>) -> Self {
        let (grace, every) = (Duration::from_secs(1), Duration::from_millis(500));
        Self { cache: cache.clone(), pool, grace, every, batch: 256 }
    }

    /// How old a record is before it is delivered (a second): time for the writer to write its row through, which it
    /// cannot after its record was delivered.
    #[must_use]
    pub fn grace(self, grace: Duration) -> Self {
        Self { grace, ..self }
    }

    /// How long to wait between two rounds (half a second). Grace and this are how long an older entry stays after the
    /// death of a writer.
    #[must_use]
    pub fn every(self, every: Duration) -> Self {
        Self { every, ..self }
    }

    /// Delivers for ever: to be spawned. After a failure it pauses for longer, up to half a minute.
    pub async fn run(self) -> Infallible {
        let mut pause = self.every;
        loop {
            match self.deliver().await {
                Ok(_) => pause = self.every,
                Err(error) => {
                    tracing::warn!(%error, "the outbox is not delivered");
                    pause = (pause * 2).min(LONGEST_PAUSE.max(self.every));
                }
            }
            // Relays of several processes do not keep step.
            tokio::time::sleep(pause.mul_f64(0.5 + fastrand::f64())).await;
        }
    }

    /// Delivers what is due, and deletes it.
    ///
    /// # Errors
    /// See [`RelayError`].
    pub async fn deliver(&self) -> Result<Delivered, RelayError> {
        let outcome = self.batches().await;
        #[expect(clippy::cast_precision_loss, reason = "a gauge")]
        let lag = DB::lag(&self.pool).await? as f64 / 1000.0;
        metrics::gauge!("cache_outbox_lag_seconds").set(lag);
        outcome
    }

    async fn batches(&self) -> Result<Delivered, RelayError> {
        let mut delivered = Delivered::default();
        loop {
            let age = i64::try_from(millis(self.grace)).unwrap_or(i64::MAX);
            let records = DB::due(&self.pool, age, i64::from(self.batch)).await?;
            let last = records.len() < usize::from(self.batch);
            for (key, version, ids) in newest(records) {
                if self.cache.deliver(&key, version).await == Invalidated::Queued {
                    return Err(RelayError::Store { delivered: delivered.rows });
                }
                DB::delete(&self.pool, &ids).await?;
                delivered.keys += 1;
                delivered.rows += ids.len() as u64;
                metrics::counter!("cache_outbox_delivered_total").increment(ids.len() as u64);
            }
            if last {
                return Ok(delivered);
            }
        }
    }
}

/// By key, in the order of their first record: the newest version, or 0 where one record asks for the entry to go
/// whatever it is; and which records that settles.
fn newest(records: Vec<Record>) -> Vec<(String, u64, Vec<i64>)> {
    let mut by_key: Vec<(String, u64, Vec<i64>)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for record in records {
        let version = record.version.unsigned_abs();
        match places.get(&record.key) {
            Some(place) => {
                let (_, known, ids) = &mut by_key[*place];
                *known = if *known == 0 || version == 0 { 0 } else { version.max(*known) };
                ids.push(record.id);
            }
            None => {
                places.insert(record.key.clone(), by_key.len());
                by_key.push((record.key, version, vec![record.id]));
            }
        }
    }
    by_key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_records_of_a_key_the_newest_is_sent_and_all_are_settled() {
        let record = |id, key: &str, version| Record { id, key: key.to_owned(), version };
        let records =
            vec![record(1, "a", 5), record(2, "b", 3), record(3, "a", 4), record(4, "c", 9), record(5, "c", 0)];
        let expected = [("a", 5, vec![1, 3]), ("b", 3, vec![2]), ("c", 0, vec![4, 5])];
        assert_eq!(newest(records), expected.map(|(key, version, ids)| (key.to_owned(), version, ids)));
    }
}
