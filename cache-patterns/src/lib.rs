//! Cache-Aside, Write-Through and Pub/Sub invalidation that cannot be used wrongly.

pub mod breaker;
pub mod clock;
pub mod codec;
pub mod dirty;
pub mod early;
mod entity;
pub mod envelope;
pub mod epochs;
pub mod error;
mod grammar;
mod key;
pub mod sequence;
pub mod slot;
pub mod store;
mod sync;
mod ttl;

pub use self::entity::{CacheEntity, Versioned};
pub use self::key::{Key, KeyId, KeySegment, Segments};
pub use self::ttl::{Jitter, Ttl};
