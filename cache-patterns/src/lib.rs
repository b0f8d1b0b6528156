//! Cache-Aside, Write-Through and Pub/Sub invalidation that cannot be used wrongly.

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
mod grammar;
mod guard;
mod key;
mod local;
mod observe;
pub mod sequence;
pub mod slot;
pub mod store;
mod sync;
#[cfg(feature = "test-util")]
pub mod testing;
mod ttl;

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
