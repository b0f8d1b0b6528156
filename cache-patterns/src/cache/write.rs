//! Write-Through: the source first; then the cache, with what was committed and nothing else.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use super::entry::{Cached, Entry, Source};
use super::{Cache, Inner};
use crate::entity::{CacheEntity, Versioned};
use crate::error::StoreError;
use crate::key::Key;
use crate::slot::{Invalidation, Settled, Settlement};
use crate::store::Token;

/// How far a write has come.
mod stage {
    /// Nothing was committed: dropped here, the transaction is rolled back.
    pub(super) const OPEN: u8 = 0;
    /// The commit is under way: dropped here, nobody knows.
    pub(super) const COMMITTING: u8 = 1;
    /// It failed, or nobody knows.
    pub(super) const UNKNOWN: u8 = 2;
    /// Committed.
    pub(super) const COMMITTED: u8 = 3;
    /// The store was told.
    pub(super) const SETTLED: u8 = 4;
}

/// Handed to the closure of [`Cache::write`]; the only way to a [`Committed`].
#[derive(Debug)]
pub struct Writer<E> {
    stage: Arc<AtomicU8>,
    entity: PhantomData<fn() -> E>,
}

/// The proof that a transaction was committed, with the row that it left. Only [`Writer`] makes one.
#[must_use = "return it from the closure of `Cache::write`, or the entry is only invalidated"]
#[derive(Debug)]
pub struct Committed<E> {
    outcome: Outcome<E>,
}

#[derive(Debug)]
enum Outcome<E> {
    Value(Arc<E>),
    Deleted(u64),
}

impl<E> Writer<E> {
    /// Awaits `commit`; with its success `row` is what the cache may hold. `row` has to carry the version that the
    /// transaction gave it, best by `UPDATE … SET row_version = row_version + 1 … RETURNING *`.
    ///
    /// # Errors
    /// The commit's own. Its outcome counts as unknown then, and the entry is taken away.
    pub async fn commit<C, Er>(self, row: E, commit: C) -> Result<Committed<E>, Er>
    where
        C: Future<Output = Result<(), Er>>,
    {
        self.watch(commit).await?;
        Ok(Committed { outcome: Outcome::Value(Arc::new(row)) })
    }

    /// As [`Writer::commit`], for a row that was deleted as `version`, or whose last version that was: it and older ones
    /// are refused for the time of `Limits::tombstone`.
    ///
    /// # Errors
    /// As there.
    pub async fn delete<C, Er>(self, version: u64, commit: C) -> Result<Committed<E>, Er>
    where
        C: Future<Output = Result<(), Er>>,
    {
        self.watch(commit).await?;
        Ok(Committed { outcome: Outcome::Deleted(version) })
    }

    async fn watch<C, Er>(&self, commit: C) -> Result<(), Er>
    where
        C: Future<Output = Result<(), Er>>,
    {
        self.stage.store(stage::COMMITTING, Ordering::SeqCst);
        let outcome = commit.await;
        let next = if outcome.is_ok() { stage::COMMITTED } else { stage::UNKNOWN };
        self.stage.store(next, Ordering::SeqCst);
        outcome
    }
}

/// What came of a write that was committed.
#[derive(Debug, Clone)]
pub struct Written<E> {
    /// The row, `None` after a deletion.
    pub row: Option<Cached<E>>,
    /// Its version: with [`Cache::get_at_least`] nobody who knows it reads an older one.
    pub version: u64,
    /// What became of the cached entry.
    pub cached: WrittenTo,
}

/// What became of the entry of a row that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WrittenTo {
    /// It holds the row.
    Stored,
    /// It was taken away: the next reader loads.
    Absent,
    /// It holds a newer row of another writer.
    Newer,
    /// The store does not answer; it is taken away as soon as it does.
    Queued,
}

/// Why a write failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError<Er> {
    /// The closure's own error. Nothing was committed, or nobody knows, and the entry was left as it is or taken away
    /// accordingly.
    #[error("{0}")]
    Failed(Er),
    /// A fence was demanded and the store does not answer: the transaction was not begun.
    #[error("the write was not begun, because no fence could be put up: {0}")]
    NoFence(StoreError),
}

/// Told when the closure's future is dropped in the middle.
struct Pending {
    inner: Arc<Inner>,
    key: String,
    fence: Option<Token>,
    stage: Arc<AtomicU8>,
    runtime: tokio::runtime::Handle,
}

impl Drop for Pending {
    fn drop(&mut self) {
        let stage = self.stage.swap(stage::SETTLED, Ordering::SeqCst);
        if stage == stage::SETTLED {
            return;
        }
        let how = if stage == stage::OPEN { Settlement::Abandoned } else { Settlement::Unknown };
        let (inner, key, fence) = (Arc::clone(&self.inner), std::mem::take(&mut self.key), self.fence);
        self.runtime.spawn(async move { inner.settle(&key, fence, how).await });
    }
}

impl Cache {
    /// Writes through: runs `write`, which changes the source and commits by the [`Writer`] that it is given, and then
    /// the cache.
    ///
    /// The cache is changed only after the commit, and only by what was committed, because nothing else makes a
    /// [`Committed`]. Of two writers the newer data version stays, whatever their order here. Rolled back: the cache
    /// is as before. Dropped in mid-commit, or with an error from the commit: the entry is taken away. With a `FENCED`
    /// entity, a fence in the store holds from before the transaction until the end, so that also the death of the
    /// process in between leaves no older value; without one, an older value may stay until its TTL ends.
    ///
    /// ```
    /// # use cache_patterns::{Cache, CacheEntity, Ttl, Versioned, store::MemoryStore};
    /// # #[derive(Clone, serde::Serialize, serde::Deserialize)]
    /// # struct Stock { sku: String, units: i64, row_version: u64 }
    /// # impl CacheEntity for Stock {
    /// #     type Id = String;
    /// #     const SERVICE: &'static str = "shop";
    /// #     const ENTITY: &'static str = "stock";
    /// #     const VERSION: u32 = 1;
    /// #     const TTL: Ttl = Ttl::mins(5);
    /// #     fn id(&self) -> String { self.sku.clone() }
    /// #     fn data_version(&self) -> u64 { self.row_version }
    /// # }
    /// # impl Versioned for Stock {}
    /// # struct Transaction;
    /// # impl Transaction { async fn commit(self) -> Result<(), std::io::Error> { Ok(()) } }
    /// # async fn begin() -> Result<Transaction, std::io::Error> { Ok(Transaction) }
    /// # async fn take(_: &mut Transaction, sku: &str) -> Result<Stock, std::io::Error> {
    /// #     Ok(Stock { sku: sku.into(), units: 6, row_version: 2 })
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cache = Cache::builder(MemoryStore::default()).build().await?;
    /// let sku = "A-7".to_owned();
    /// let written = cache.write(&sku, async |writer| {
    ///     let mut transaction = begin().await?;
    ///     let row = take(&mut transaction, &sku).await?;
    ///     writer.commit(row, transaction.commit()).await
    /// }).await?;
    /// assert_eq!(written.version, 2);
    /// # let _: cache_patterns::Written<Stock> = written;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`WriteError::Failed`] with the closure's error; [`WriteError::NoFence`] for a `FENCED` entity whose store does
    /// not answer. Trouble with the store after the commit is no error: see [`Written::cached`].
    pub async fn write<E, Er, W>(&self, id: &E::Id, write: W) -> Result<Written<E>, WriteError<Er>>
    where
        E: Versioned,
        W: AsyncFnOnce(Writer<E>) -> Result<Committed<E>, Er>,
    {
        let inner = &self.inner;
        let key = Key::<E>::of(id).into_string();
        let stamp = inner.guard.stamp(inner.guard.store.node(&key));
        let fence = if E::FENCED { Some(inner.fence(&key).await.map_err(WriteError::NoFence)?) } else { None };
        let stage = Arc::new(AtomicU8::new(stage::OPEN));
        let pending = Pending {
            inner: Arc::clone(inner),
            key: key.clone(),
            fence,
            stage: Arc::clone(&stage),
            runtime: tokio::runtime::Handle::current(),
        };
        let committed = match write(Writer { stage: Arc::clone(&stage), entity: PhantomData }).await {
            Ok(committed) => committed,
            Err(error) => {
                let how = if stage.swap(stage::SETTLED, Ordering::SeqCst) == stage::OPEN {
                    Settlement::Abandoned
                } else {
                    Settlement::Unknown
                };
                drop(pending);
                let inner = Arc::clone(inner);
                // In a task of its own, so that it is done also when this caller goes away.
                let _ = tokio::spawn(async move { inner.settle(&key, fence, how).await }).await;
                return Err(WriteError::Failed(error));
            }
        };
        let (version, how, entry) = match of_this_row(id, committed) {
            Ok(committed) => inner.settlement(committed, stamp),
            Err(row) => {
                // Under this id it would be handed to whoever asks for another one.
                tracing::error!(service = E::SERVICE, entity = E::ENTITY, "a write committed a row with another id");
                let other = Key::<E>::of(&row.id()).into_string();
                let _ = inner.forget_detached(vec![other], Invalidation::Hard).await;
                (
                    row.data_version(),
                    Settlement::Unknown,
                    Some(Entry::loaded(Some(row), std::time::Duration::ZERO, stamp)),
                )
            }
        };
        stage.store(stage::SETTLED, Ordering::SeqCst);
        drop(pending);
        let task_inner = Arc::clone(inner);
        let settled = tokio::spawn(async move { task_inner.settle(&key, fence, how).await }).await;
        let cached = settled.unwrap_or(WrittenTo::Queued);
        tracing::debug!(service = E::SERVICE, entity = E::ENTITY, version, ?cached, "cache write-through");
        Ok(Written { row: entry.and_then(|entry| inner.cached(&entry, Source::Loaded)), version, cached })
    }
}

/// The row instead, if it is not the one with this id.
fn of_this_row<E: CacheEntity>(id: &E::Id, committed: Committed<E>) -> Result<Committed<E>, Arc<E>> {
    match committed.outcome {
        Outcome::Value(row) if row.id() != *id => Err(row),
        outcome => Ok(Committed { outcome }),
    }
}

impl Inner {
    async fn fence(&self, key: &str) -> Result<Token, StoreError> {
        let token = Token::new();
        let node = self.guard.store.node(key);
        let budget = self.limits.transaction;
        self.guard.call(node, self.limits.command, self.guard.store.fence(key, token, budget)).await?;
        // Copies that were made before would outlive the commit by their own time.
        self.spread(std::slice::from_ref(&key.to_owned())).await;
        Ok(token)
    }

    fn settlement<E: Versioned>(&self, committed: Committed<E>, stamp: u32) -> (u64, Settlement, Option<Entry<E>>) {
        match committed.outcome {
            // Everything up to this version is gone, the row that was deleted included: whether the caller names its last
            // version or a next one for the deletion.
            Outcome::Deleted(version) => {
                let how = Settlement::Deleted { version: version.saturating_add(1), keep: self.limits.tombstone };
                (version, how, None)
            }
            Outcome::Value(value) => {
                let mut entry = Entry::loaded(Some(value), std::time::Duration::ZERO, stamp);
                let version = entry.version;
                let meter = self.meters.of::<E>();
                let how = match self.prepare(&mut entry, super::load::Wishes::default(), &meter) {
                    Some((bytes, ttl)) if version > 0 => Settlement::Value { bytes, ttl },
                    // A row without a version cannot be told from an older one.
                    _ => Settlement::Unknown,
                };
                (version, how, Some(entry))
            }
        }
    }

    /// Tells the store how a write ended, then this process and the others.
    async fn settle(&self, key: &str, fence: Option<Token>, how: Settlement) -> WrittenTo {
        if how == Settlement::Abandoned && fence.is_none() {
            return WrittenTo::Absent;
        }
        let node = self.guard.store.node(key);
        let owed = match how {
            Settlement::Deleted { version, keep } => Some(Invalidation::Floor { version, keep }),
            Settlement::Abandoned => None,
            Settlement::Value { .. } | Settlement::Unknown => Some(Invalidation::Hard),
        };
        let changed = how != Settlement::Abandoned;
        let answer = self.guard.call(node, self.limits.command, self.guard.store.settle(key, fence, how)).await;
        let written = match (answer, owed) {
            (Ok(Settled::Stored), _) => WrittenTo::Stored,
            (Ok(Settled::Absent), _) => WrittenTo::Absent,
            (Ok(Settled::Kept), _) => WrittenTo::Newer,
            (Err(_), Some(how)) => {
                self.guard.owe(key, how);
                WrittenTo::Queued
            }
            // The fence ends by itself.
            (Err(_), None) => WrittenTo::Absent,
        };
        if changed {
            self.spread(std::slice::from_ref(&key.to_owned())).await;
        }
        written
    }
}

impl fmt::Display for WrittenTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stored => "stored",
            Self::Absent => "taken away",
            Self::Newer => "newer already",
            Self::Queued => "queued",
        })
    }
}
