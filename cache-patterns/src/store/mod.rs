//! Where slots are kept: in memory, or in Redis and Valkey.

mod memory;
#[cfg(feature = "redis")]
pub(crate) mod redis;

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;

pub use self::memory::MemoryStore;
#[cfg(feature = "redis")]
pub use self::redis::RedisStore;
pub use crate::envelope::Token;
pub use crate::slot::{Acquired, Filled, Invalidation, Settled, Settlement, Want};

/// What a store's methods return.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A place for slots. Every method touches one key (reads of many aside) and is atomic for it.
///
/// An implementation of your own is right when it passes `testing::conformance` (feature `test-util`).
pub trait Store: Send + Sync + 'static {
    /// The slot's bytes: one plain read, no script.
    fn get<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Option<Bytes>>;

    /// The slots of many keys, in their order.
    fn get_many<'a>(&'a self, keys: &'a [String]) -> StoreFuture<'a, Vec<Option<Bytes>>>;

    /// Takes the lease for `token`, or says why not.
    fn acquire<'a>(&'a self, key: &'a str, token: Token, lease: Duration, want: Want) -> StoreFuture<'a, Acquired>;

    /// Takes the leases of many keys; answers in their order.
    fn acquire_many<'a>(
        &'a self,
        keys: &'a [(String, Token)],
        lease: Duration,
        want: Want,
    ) -> StoreFuture<'a, Vec<Acquired>>;

    /// Stores `bytes` for at most `ttl`, if `token` still holds the lease.
    fn fill<'a>(&'a self, key: &'a str, token: Token, bytes: Bytes, ttl: Duration) -> StoreFuture<'a, Filled>;

    /// Stores many; answers in their order.
    fn fill_many<'a>(&'a self, fills: Vec<(String, Token, Bytes, Duration)>) -> StoreFuture<'a, Vec<Filled>>;

    /// Extends the lease; `false` when it is lost.
    fn renew<'a>(&'a self, key: &'a str, token: Token, lease: Duration) -> StoreFuture<'a, bool>;

    /// Gives the lease back without filling.
    fn release<'a>(&'a self, key: &'a str, token: Token) -> StoreFuture<'a, ()>;

    /// Takes the entry away, and waits until that many replicas have confirmed it, where `confirm` asks for it and no
    /// longer than it says. The number that did: 0 when it was not asked.
    fn invalidate<'a>(&'a self, key: &'a str, how: Invalidation, confirm: Option<Confirm>) -> StoreFuture<'a, u32>;

    /// Puts up a fence for one writer.
    fn fence<'a>(&'a self, key: &'a str, token: Token, budget: Duration) -> StoreFuture<'a, ()>;

    /// Ends a write; `token`: the writer's fence, if it put one up.
    fn settle<'a>(&'a self, key: &'a str, token: Option<Token>, how: Settlement) -> StoreFuture<'a, Settled>;

    /// Asks every node who it is. Called about once a second.
    fn info(&self) -> StoreFuture<'_, Info>;

    /// Demands that everything written before `server_seconds` is refreshed before it is trusted, in every process: what
    /// an outage may have left stale.
    fn raise_watermark(&self, server_seconds: u32) -> StoreFuture<'_, ()>;

    /// The server's time, milliseconds since 1970, as well as it is known without asking.
    fn now(&self) -> u64;

    /// Which node answers for `key`: an index below [`Store::nodes`], for breakers and watermarks.
    fn node(&self, key: &str) -> usize {
        let _ = key;
        0
    }

    /// How many nodes there are.
    fn nodes(&self) -> usize {
        1
    }

    /// Whether other processes see the same slots.
    fn shared(&self) -> bool;
}

/// How many replicas have to confirm a change, and how long they have for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confirm {
    /// Replicas.
    pub replicas: u32,
    /// The longest wait.
    pub within: Duration,
}

/// What the nodes of a store say of themselves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Info {
    /// One entry a node, in the order of [`Store::node`]: a text that changes whenever the data may have gone back in
    /// time (restart, promotion of a replica). `None`: no answer.
    pub identities: Vec<Option<String>>,
    /// What was written before this (server seconds) is not to be trusted; 0: nothing is known.
    pub watermark: u32,
}

/// Why a store did not answer.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// No answer in time.
    #[error("the cache store did not answer within {0:?}")]
    TimedOut(Duration),
    /// The connection failed or was refused.
    #[error("the cache store cannot be reached: {0}")]
    Unreachable(String),
    /// The server answered with an error.
    #[error("the cache store refused the command: {0}")]
    Refused(String),
    /// Calls are held back, because too many failed.
    #[error("calls of the cache store are held back until it recovers")]
    HeldBack,
}
