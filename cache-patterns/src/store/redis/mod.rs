//! Redis and Valkey: one server, the primary behind Sentinel, a cluster.

pub(crate) mod info;
pub(crate) mod link;
mod reconnect;
pub(crate) mod scripts;
#[cfg(feature = "sentinel")]
pub(crate) mod sentinel;
mod together;

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use redis::{ErrorKind, FromRedisValue, RedisError, Value};
use tokio::sync::{Mutex, OnceCell};

use self::link::{Link, Target, store_error};
use self::scripts::Source;
use self::together::Reads;
use super::{
    Acquired, Confirm, Filled, Info, Invalidation, Settled, Settlement, Store, StoreError, StoreFuture, Token, Want,
};
use crate::clock::millis;

/// What was written before the time under this key is not trusted, see [`Store::raise_watermark`].
const WATERMARK: &str = "cache-patterns:watermark";
/// How long the watermark is kept: longer than any entry lives.
const WATERMARK_SECONDS: u32 = 31 * 24 * 3600;

/// A store in Redis 6.2 or later, or Valkey. Clones share their connection.
///
/// A hit is a plain `GET`, or one of many keys of an `MGET` where many callers read at once; scripts run on misses and writes, each on one key, so that a cluster needs no hash tags.
#[derive(Clone)]
pub struct RedisStore {
    inner: Arc<Inner>,
}

struct Inner {
    target: Target,
    /// Opened at the first use, and again by itself when it breaks.
    link: OnceCell<Link>,
    /// For invalidations that wait for replicas, because `WAIT` holds everything else on its connection.
    strict: Mutex<Option<Link>>,
    /// The server's clock less this machine's, milliseconds.
    offset: AtomicI64,
    /// There is more than one node.
    sharded: AtomicBool,
    /// The last slot of each range, with its node.
    slots: RwLock<Vec<(u16, usize)>>,
    reads: Reads,
}

impl RedisStore {
    /// One server: `redis://[user:password@]host[:port][/database]`, or `rediss://…` with the feature `tls-rustls`.
    ///
    /// A server that does not answer yet is no error: the cache loads from the source until it does.
    ///
    /// # Errors
    /// When the URL is none.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Self::over(Target::one(url)?).await
    }

    /// A cluster, of which some nodes are named by their URLs.
    ///
    /// # Errors
    /// When a URL is none.
    #[cfg(feature = "cluster")]
    pub async fn connect_cluster<U: AsRef<str>>(urls: impl IntoIterator<Item = U>) -> Result<Self, StoreError> {
        let urls: Vec<String> = urls.into_iter().map(|url| url.as_ref().to_owned()).collect();
        for url in &urls {
            Target::one(url)?;
        }
        if urls.is_empty() {
            return Err(StoreError::Refused("a cluster needs the URL of at least one node".to_owned()));
        }
        Self::over(Target::Cluster(urls)).await
    }

    /// The primary that these sentinels know as `primary`.
    ///
    /// # Errors
    /// When a URL is none.
    #[cfg(feature = "sentinel")]
    pub async fn connect_sentinel<U: AsRef<str>>(
        sentinels: impl IntoIterator<Item = U>,
        primary: &str,
    ) -> Result<Self, StoreError> {
        let urls: Vec<String> = sentinels.into_iter().map(|url| url.as_ref().to_owned()).collect();
        Self::over(Target::Sentinel(Arc::new(sentinel::Sentinel::new(urls, primary.to_owned())?))).await
    }

    async fn over(target: Target) -> Result<Self, StoreError> {
        let inner = Inner {
            target,
            link: OnceCell::new(),
            strict: Mutex::new(None),
            offset: AtomicI64::new(0),
            sharded: AtomicBool::new(false),
            slots: RwLock::new(Vec::new()),
            reads: Reads::default(),
        };
        let store = Self { inner: Arc::new(inner) };
        // Sets the clock and the slots, when the server is there.
        if let Ok(Err(error)) = tokio::time::timeout(Duration::from_secs(2), store.info()).await {
            tracing::warn!(%error, "the cache store does not answer yet");
        }
        Ok(store)
    }
}

impl std::fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisStore").field("target", &self.inner.target).finish_non_exhaustive()
    }
}

fn wall() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn decimal(duration: Duration) -> String {
    millis(duration).max(1).to_string()
}

fn parsed<T: FromRedisValue>(value: Value) -> Result<T, StoreError> {
    T::from_redis_value(value).map_err(|error| StoreError::Refused(error.to_string()))
}

impl Inner {
    async fn link(&self) -> Result<&Link, StoreError> {
        self.link.get_or_try_init(|| self.target.open()).await.map_err(|error| store_error(&error))
    }

    fn node(&self, key: &str) -> usize {
        if !self.sharded.load(Ordering::Relaxed) {
            return 0;
        }
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        let slot = info::slot(key);
        let at = slots.partition_point(|(last, _)| *last < slot);
        slots.get(at).map_or(0, |(_, node)| *node)
    }

    /// Runs a script whose answer ends with the server's time.
    async fn script<T: FromRedisValue>(&self, source: &Source, key: &str, args: &[&[u8]]) -> Result<T, StoreError> {
        let answer =
            source.run(self.link().await?, self.node(key), key, args).await.map_err(|error| store_error(&error))?;
        self.answer(answer)
    }

    /// Takes the server's time off the end of an answer.
    fn answer<T: FromRedisValue>(&self, answer: Value) -> Result<T, StoreError> {
        let Value::Array(mut parts) = answer else {
            return Err(StoreError::Refused("a script has answered in an unknown form".to_owned()));
        };
        if let Some(Value::Int(now)) = parts.pop() {
            self.offset.store(now - wall(), Ordering::Relaxed);
        }
        parsed(Value::Array(parts))
    }

    async fn code(&self, source: &Source, key: &str, args: &[&[u8]]) -> Result<i64, StoreError> {
        let (code,): (i64,) = self.script(source, key, args).await?;
        Ok(code)
    }

    async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Bytes>>, StoreError> {
        let Some(first) = keys.first() else { return Ok(Vec::new()) };
        let mut command = redis::cmd("MGET");
        command.arg(keys);
        let answer = self.link().await?.ask(&command, self.node(first)).await.map_err(|error| store_error(&error))?;
        let Value::Array(slots) = answer else {
            return Err(StoreError::Refused("MGET has answered in an unknown form".to_owned()));
        };
        slots.into_iter().map(slot_bytes).collect()
    }

    async fn acquire(&self, key: &str, token: Token, lease: Duration, want: Want) -> Result<Acquired, StoreError> {
        let lease = decimal(lease);
        let args: [&[u8]; 5] = [
            token.as_bytes(),
            lease.as_bytes(),
            &want.fingerprint.to_be_bytes(),
            &want.at_least.to_be_bytes(),
            if want.refresh { b"1" } else { b"0" },
        ];
        let (code, remaining, bytes): (i64, i64, Vec<u8>) = self.script(&scripts::ACQUIRE, key, &args).await?;
        let remaining = Duration::from_millis(u64::try_from(remaining).unwrap_or(0));
        let bytes = Bytes::from(bytes);
        let stale = (!bytes.is_empty()).then(|| bytes.clone());
        Ok(match code {
            0 => Acquired::Granted { stale },
            1 => Acquired::Busy { remaining, stale },
            2 => Acquired::Fenced { remaining },
            _ => Acquired::Fresh(bytes),
        })
    }

    async fn fill(&self, key: &str, token: Token, bytes: &[u8], ttl: Duration) -> Result<Filled, StoreError> {
        let ttl = decimal(ttl);
        let args: [&[u8]; 3] = [token.as_bytes(), bytes, ttl.as_bytes()];
        Ok(match self.code(&scripts::FILL, key, &args).await? {
            0 => Filled::Stored,
            1 => Filled::Lost,
            _ => Filled::Older,
        })
    }

    async fn invalidate(&self, key: &str, how: Invalidation, confirm: Option<Confirm>) -> Result<u32, StoreError> {
        let (word, version, keep) = match how {
            Invalidation::Hard => ("hard", 0, Duration::ZERO),
            Invalidation::Soft => ("soft", 0, Duration::ZERO),
            Invalidation::Floor { version, keep } => ("floor", version, keep),
        };
        let (version, keep) = (u64::to_be_bytes(version), decimal(keep));
        let args: [&[u8]; 3] = [word.as_bytes(), &version, keep.as_bytes()];
        let Some(confirm) = confirm else {
            self.code(&scripts::INVALIDATE, key, &args).await?;
            return Ok(0);
        };
        let mut strict = self.strict.lock().await;
        if strict.is_none() {
            *strict = Some(self.target.open().await.map_err(|error| store_error(&error))?);
        }
        let Some(link) = strict.as_ref() else { return Ok(0) };
        let answer =
            scripts::INVALIDATE.run(link, self.node(key), key, &args).await.map_err(|error| store_error(&error))?;
        let _: (i64,) = self.answer(answer)?;
        let mut wait = redis::cmd("WAIT");
        // Asked on the connection that has written: from another one the answer would be about nothing.
        wait.arg(confirm.replicas).arg(decimal(confirm.within));
        let answer = link.send_to_slot(&wait, info::slot(key)).await.map_err(|error| store_error(&error))?;
        parsed(answer)
    }

    async fn settle(&self, key: &str, token: Option<Token>, how: Settlement) -> Result<Settled, StoreError> {
        let version = how.version().to_be_bytes();
        let (word, bytes, life) = match how {
            Settlement::Value { bytes, ttl } => ("value", bytes, ttl),
            Settlement::Deleted { keep, .. } => ("deleted", Bytes::new(), keep),
            Settlement::Abandoned => ("abandoned", Bytes::new(), Duration::ZERO),
            Settlement::Unknown => ("unknown", Bytes::new(), Duration::ZERO),
        };
        let token = token.as_ref().map_or(&[][..], |token| token.as_bytes());
        let life = decimal(life);
        let args: [&[u8]; 5] = [token, word.as_bytes(), &version, &bytes, life.as_bytes()];
        Ok(match self.code(&scripts::SETTLE, key, &args).await? {
            0 => Settled::Stored,
            1 => Settled::Absent,
            _ => Settled::Kept,
        })
    }
}

/// A key that holds something else than a string holds nothing of ours.
fn or_nothing(answer: Result<Value, RedisError>) -> Result<Value, StoreError> {
    match answer {
        Ok(value) => Ok(value),
        Err(error) if error.kind() == ErrorKind::Extension && error.code() == Some("WRONGTYPE") => Ok(Value::Nil),
        Err(error) => Err(store_error(&error)),
    }
}

fn slot_bytes(value: Value) -> Result<Option<Bytes>, StoreError> {
    match value {
        Value::Nil => Ok(None),
        Value::BulkString(bytes) => Ok(Some(bytes.into())),
        other => parsed::<Option<Vec<u8>>>(other).map(|bytes| bytes.map(Bytes::from)),
    }
}

impl Store for RedisStore {
    fn get<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Option<Bytes>> {
        Box::pin(async move {
            let caller = self.inner.reads.begin();
            if caller.among_many && self.inner.target.is_one_node() {
                return together::get(&self.inner, key).await;
            }
            let mut command = redis::cmd("GET");
            command.arg(key);
            slot_bytes(or_nothing(self.inner.link().await?.ask(&command, self.inner.node(key)).await)?)
        })
    }

    fn get_many<'a>(&'a self, keys: &'a [String]) -> StoreFuture<'a, Vec<Option<Bytes>>> {
        Box::pin(self.inner.get_many(keys))
    }

    fn acquire<'a>(&'a self, key: &'a str, token: Token, lease: Duration, want: Want) -> StoreFuture<'a, Acquired> {
        Box::pin(self.inner.acquire(key, token, lease, want))
    }

    fn acquire_many<'a>(
        &'a self,
        keys: &'a [(String, Token)],
        lease: Duration,
        want: Want,
    ) -> StoreFuture<'a, Vec<Acquired>> {
        // Sent one after another without waiting: the connection puts them into one pipeline.
        let calls = keys.iter().map(move |(key, token)| self.inner.acquire(key, *token, lease, want));
        Box::pin(futures_util::future::try_join_all(calls))
    }

    fn fill<'a>(&'a self, key: &'a str, token: Token, bytes: Bytes, ttl: Duration) -> StoreFuture<'a, Filled> {
        Box::pin(async move { self.inner.fill(key, token, &bytes, ttl).await })
    }

    fn fill_many<'a>(&'a self, fills: Vec<(String, Token, Bytes, Duration)>) -> StoreFuture<'a, Vec<Filled>> {
        Box::pin(async move {
            let calls = fills.iter().map(|(key, token, bytes, ttl)| self.inner.fill(key, *token, bytes, *ttl));
            futures_util::future::try_join_all(calls).await
        })
    }

    fn renew<'a>(&'a self, key: &'a str, token: Token, lease: Duration) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let lease = decimal(lease);
            let args: [&[u8]; 2] = [token.as_bytes(), lease.as_bytes()];
            Ok(self.inner.code(&scripts::RENEW, key, &args).await? == 1)
        })
    }

    fn release<'a>(&'a self, key: &'a str, token: Token) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            self.inner.code(&scripts::RELEASE, key, &[token.as_bytes()]).await?;
            Ok(())
        })
    }

    fn invalidate<'a>(&'a self, key: &'a str, how: Invalidation, confirm: Option<Confirm>) -> StoreFuture<'a, u32> {
        Box::pin(self.inner.invalidate(key, how, confirm))
    }

    fn fence<'a>(&'a self, key: &'a str, token: Token, budget: Duration) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let budget = decimal(budget);
            let args: [&[u8]; 2] = [token.as_bytes(), budget.as_bytes()];
            self.inner.code(&scripts::FENCE, key, &args).await?;
            Ok(())
        })
    }

    fn settle<'a>(&'a self, key: &'a str, token: Option<Token>, how: Settlement) -> StoreFuture<'a, Settled> {
        Box::pin(self.inner.settle(key, token, how))
    }

    fn info(&self) -> StoreFuture<'_, Info> {
        Box::pin(self.inner.info())
    }

    fn raise_watermark(&self, server_seconds: u32) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let mut command = redis::cmd("SET");
            command.arg(WATERMARK).arg(server_seconds).arg("EX").arg(WATERMARK_SECONDS);
            self.inner
                .link()
                .await?
                .send(&command, self.inner.node(WATERMARK))
                .await
                .map_err(|error| store_error(&error))?;
            Ok(())
        })
    }

    fn now(&self) -> u64 {
        u64::try_from(wall() + self.inner.offset.load(Ordering::Relaxed)).unwrap_or(0)
    }

    fn node(&self, key: &str) -> usize {
        self.inner.node(key)
    }

    fn nodes(&self) -> usize {
        let slots = self.inner.slots.read().unwrap_or_else(PoisonError::into_inner);
        slots.iter().map(|(_, node)| node + 1).max().unwrap_or(1)
    }

    fn shared(&self) -> bool {
        true
    }
}
