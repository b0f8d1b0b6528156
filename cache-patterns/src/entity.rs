//! What is cached: an entity states its service, name, version and TTL, or it does not compile.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::Codec;
use crate::key::KeyId;
use crate::ttl::{Jitter, Ttl};

/// A type whose values are cached under `{service}:v{version}:{entity}:{id}`.
///
/// Usually derived:
///
/// ```
/// # #[cfg(feature = "derive")] {
/// use cache_patterns::CacheEntity;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Serialize, Deserialize, CacheEntity)]
/// #[cache(service = "user", entity = "profile", version = 2, ttl = "15m", no_pin)]
/// struct UserProfile {
///     #[cache(id)]
///     id: i64,
///     name: String,
/// }
/// assert_eq!(cache_patterns::Key::<UserProfile>::of(&7).as_str(), "user:v2:profile:7");
/// # }
/// ```
///
/// By hand, the four constants without a default are what the linter demands as well: service, entity, version, TTL.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a cache entity",
    label = "its key, version and TTL are not stated",
    note = "add `#[derive(CacheEntity)]` and `#[cache(service = \"…\", entity = \"…\", version = 1, ttl = \"15m\")]` to `{Self}`"
)]
pub trait CacheEntity: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// What tells one value from another: the last part of the key.
    type Id: KeyId;

    /// The service that owns the data; the first segment of the key. Lower-case letters, digits, `-` and `_`.
    const SERVICE: &'static str;
    /// What it is; the third segment of the key. Lower-case letters, digits, `-` and `_`.
    const ENTITY: &'static str;
    /// The version of the cached structure, from 1; raised whenever the structure changes.
    const VERSION: u32;
    /// How long a value counts as fresh.
    const TTL: Ttl;

    /// The share of the TTL that is taken off at random. Default: one tenth.
    const JITTER: Jitter = Jitter::TENTH;
    /// How long after its TTL a value may still be served while one caller refreshes it. Default: not at all.
    const STALE: Duration = Duration::ZERO;
    /// How long after its TTL a value may be served when the source fails or is too slow. Default: not at all.
    const STALE_IF_ERROR: Duration = Duration::ZERO;
    /// How long "there is no such thing" is remembered by `get_or_load_opt`. Default: a tenth of the TTL, at most 30
    /// seconds. `None`: never.
    const NEGATIVE: Option<Ttl> = Some(default_negative(Self::TTL));
    /// How long a decoded copy may stay in this process. Default: not at all, because only a bus can drop it elsewhere.
    const LOCAL: Duration = Duration::ZERO;
    /// Whether writes put up a fence in the store before the transaction, which makes them safe against a crash between
    /// commit and cache write, at one more round trip. Default: no.
    const FENCED: bool = false;
    /// A number of the structure's shape (field names, types, serde attributes). It is stored with every value; where
    /// it differs on a read, the value is a miss. Default: 0, which every hand-written implementation shares.
    const FINGERPRINT: u32 = 0;
    /// How values become bytes. Default: JSON.
    const CODEC: Codec = Codec::Json;

    /// The value's own id. A row that a loader or a writer returns for another id than this one is handed to its callers and
    /// not stored.
    fn id(&self) -> Self::Id;

    /// The version of this row in its source: a counter that grows with every committed change. 0: not known.
    ///
    /// Not a time: `now()` is the start of the transaction in PostgreSQL, and clocks differ.
    fn data_version(&self) -> u64 {
        0
    }
}

/// An entity whose rows carry a version that grows with every committed change, so that the newer of two is known.
///
/// Derived by `#[cache(data_version)]` on the field that holds it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no data version, so that two writers could leave the older value in the cache",
    label = "needed for write-through and for reads of at least a version",
    note = "mark the counter that every UPDATE raises: `#[cache(data_version)] row_version: i64`",
    note = "without such a column use Cache-Aside: commit, then `cache.invalidate::<{Self}>(&id)`"
)]
pub trait Versioned: CacheEntity {}

/// A tenth of `ttl`, at least 1 and at most 30 seconds.
#[must_use]
const fn default_negative(ttl: Ttl) -> Ttl {
    let tenth = ttl.as_secs() / 10;
    Ttl::secs(if tenth < 1 {
        1
    } else if tenth > 30 {
        30
    } else {
        tenth
    })
}
