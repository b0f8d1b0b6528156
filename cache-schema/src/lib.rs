//! What the linter `cache-lint` and the library `cache-patterns` agree on.
//!
//! * [`key`]: `{service}:v{version}:{entity}:{id}`, its names, its escaping and its length.
//! * [`ttl`]: how a TTL and its jitter are written (`"15m"`, `"10%"`), and their bounds.
//! * `shape` (feature `shape`): what of a struct or enum decides how stored bytes are read, and its fingerprint.
//! * `lock` (feature `lock`): `cache-schema.lock`, which remembers the fingerprint of every version.
//!
//! Neither feature is on by default: the key grammar costs a service one hash crate.

pub mod key;
#[cfg(feature = "lock")]
pub mod lock;
#[cfg(feature = "shape")]
pub mod shape;
pub mod ttl;
