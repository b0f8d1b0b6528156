//! Cache-Aside, Write-Through and Pub/Sub invalidation that cannot be used wrongly.
//!
//! - [`CacheEntity`]: what is cached, with its key, version and TTL.
//! - [`Cache`]: reads by [`get_or_load`](Cache::get_or_load) and its kin, [`invalidate`](Cache::invalidate),
//!   [`write`](Cache::write), [`stats`](Cache::stats).
//! - [`store`]: [`MemoryStore`](store::MemoryStore); Redis and Valkey with the feature `redis`.
//! - [`bus`]: how invalidations reach the local copies of other processes.
//! - [`guide`]: the patterns, what is guaranteed and what is not, failure, metrics.
//!
//! ```
//! use cache_patterns::store::MemoryStore;
//! use cache_patterns::{Cache, CacheEntity, Cached, Ttl};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Clone, Serialize, Deserialize)]
//! struct UserProfile {
//!     id: i64,
//!     name: String,
//! }
//!
//! // Keys are `user:v2:profile:{id}`. Without any one of these four constants it does not compile.
//! impl CacheEntity for UserProfile {
//!     type Id = i64;
//!     const SERVICE: &'static str = "user";
//!     const ENTITY: &'static str = "profile";
//!     const VERSION: u32 = 2;
//!     const TTL: Ttl = Ttl::mins(15);
//!
//!     fn id(&self) -> i64 {
//!         self.id
//!     }
//! }
//! # async fn from_database(id: i64) -> Result<UserProfile, std::io::Error> {
//! #     Ok(UserProfile { id, name: "Ada".into() })
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cache = Cache::builder(MemoryStore::default()).build().await?;
//! let profile: Cached<UserProfile> = cache.get_or_load(&7, || from_database(7)).await?;
//! assert_eq!(profile.name, "Ada");
//! // After a change of the row was committed:
//! let _ = cache.invalidate::<UserProfile>(&7).await?;
//! # Ok(())
//! # }
//! ```

pub mod breaker;
pub mod bus;
mod cache;
pub mod clock;
mod codec;
pub mod dirty;
pub mod early;
mod entity;
pub mod envelope;
pub mod epochs;
pub mod error;
pub mod flight;
mod guard;
pub mod guide;
mod key;
mod local;
mod observe;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub mod outbox;
pub mod schema;
pub mod sequence;
pub mod slot;
pub mod store;
mod sync;
#[cfg(feature = "test-util")]
pub mod testing;
mod ttl;

#[cfg(feature = "derive")]
pub use cache_patterns_derive::CacheEntity;

pub use self::cache::{
    Builder, Cache, Cached, Committed, Invalidated, Invalidator, Limits, LoadContext, Source, Warmed, WriteError,
    Writer, Written, WrittenTo,
};
pub use self::codec::{Codec, CodecError};
pub use self::entity::{CacheEntity, Versioned};
pub use self::error::{BuildError, LoadError, StoreError};
pub use self::key::{Key, KeyId, KeySegment, Segments};
pub use self::observe::Stats;
pub use self::ttl::{Jitter, Ttl};

/// The examples of the README run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
