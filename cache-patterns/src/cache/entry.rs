//! A value as it came out of a slot, and whether it may be served.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::clock::millis;
use crate::codec::CodecError;
use crate::entity::CacheEntity;
use crate::envelope::{Header, Kind};
use crate::observe::{Meter, Meters};

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// This process's copy.
    Local,
    /// The store.
    Store,
    /// The loader: this call's, or that of another call which it waited for.
    Loaded,
    /// The store, past its TTL.
    Stale,
}

/// A value from the cache. Derefs to it; clones share it.
#[derive(Debug)]
pub struct Cached<T> {
    value: Arc<T>,
    source: Source,
    version: u64,
    age: Duration,
}

impl<T> Cached<T> {
    pub(super) fn new(value: Arc<T>, source: Source, version: u64, age: Duration) -> Self {
        Self { value, source, version, age }
    }

    /// Where it came from.
    #[must_use]
    pub fn source(&self) -> Source {
        self.source
    }

    /// The version of the row; 0: not known.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// How long ago it was loaded, in whole seconds of the store's clock; zero for one that was loaded just now.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.age
    }

    /// The shared value.
    #[must_use]
    pub fn into_arc(self) -> Arc<T> {
        self.value
    }
}

impl<T: Clone> Cached<T> {
    /// The value itself, copied if it is shared.
    #[must_use]
    pub fn into_inner(self) -> T {
        Arc::unwrap_or_clone(self.value)
    }
}

impl<T> Deref for Cached<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> AsRef<T> for Cached<T> {
    fn as_ref(&self) -> &T {
        &self.value
    }
}

impl<T> Clone for Cached<T> {
    fn clone(&self) -> Self {
        Self { value: Arc::clone(&self.value), source: self.source, version: self.version, age: self.age }
    }
}

/// A decoded answer: a value, or the knowledge that there is none.
#[derive(Debug)]
pub(super) struct Entry<E> {
    pub(super) value: Option<Arc<E>>,
    pub(super) version: u64,
    /// Server seconds.
    pub(super) written_at: u32,
    /// Server milliseconds.
    pub(super) soft_deadline: u64,
    pub(super) cost: Duration,
    /// Kept only for the case that the source fails.
    pub(super) only_on_error: bool,
}

/// An entry as it is copied into this process, with what a hit needs, so that it need not be looked for.
pub(super) struct LocalEntry<E> {
    pub(super) entry: Entry<E>,
    pub(super) meter: Arc<Meter>,
    /// When the copy was made.
    pub(super) age: Duration,
}

impl<E> Clone for Entry<E> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), ..*self }
    }
}

impl<E: CacheEntity> Entry<E> {
    /// What was loaded just now, or committed, and is not stored yet.
    pub(super) fn loaded(value: Option<Arc<E>>, took: Duration, written_at: u32) -> Self {
        let version = value.as_ref().map_or(0, |value| value.data_version());
        Self { value, version, written_at, soft_deadline: 0, cost: took, only_on_error: false }
    }

    pub(super) fn fresh(&self, now: u64, watermark: u32) -> bool {
        !self.only_on_error && now < self.soft_deadline && self.trusted(watermark)
    }

    /// Written after the last time that the store may have lost an invalidation; 0: there was none.
    pub(super) fn trusted(&self, watermark: u32) -> bool {
        watermark == 0 || self.written_at > watermark
    }

    /// Past its TTL, but still good while somebody refreshes it.
    pub(super) fn stale(&self, now: u64, watermark: u32) -> bool {
        !self.only_on_error && self.trusted(watermark) && now < self.soft_deadline.saturating_add(millis(E::STALE))
    }

    /// Good enough when the source fails.
    pub(super) fn on_error(&self, now: u64) -> bool {
        // A soft invalidation sets the soft deadline to zero; how long the value is kept is the server's expiry then.
        let kept = millis(E::STALE_IF_ERROR.max(E::STALE));
        kept > 0 && (self.only_on_error || now < self.soft_deadline.saturating_add(kept))
    }

    pub(super) fn age(&self, now: u64) -> Duration {
        Duration::from_secs((now / 1000).saturating_sub(u64::from(self.written_at)))
    }

    /// The slot's bytes for a value that is fresh until `soft_deadline`.
    pub(super) fn encode(
        value: Option<&E>,
        soft_deadline: u64,
        cost: Duration,
        written_at: u32,
    ) -> Result<(Bytes, u64), CodecError> {
        let mut header = Header::new(if value.is_some() { Kind::Value } else { Kind::Negative });
        let payload = match value {
            Some(value) => {
                let (payload, flags) = E::CODEC.encode(value)?;
                header.flags = flags;
                header.version = value.data_version();
                payload
            }
            None => Vec::new(),
        };
        header.fingerprint = E::FINGERPRINT;
        header.soft_deadline = soft_deadline;
        header.cost = u32::try_from(millis(cost)).unwrap_or(u32::MAX);
        header.written_at = written_at;
        Ok((header.with_payload(&payload).into(), header.version))
    }
}

/// What a slot's bytes are to a reader of `E`.
#[derive(Debug)]
pub(super) enum Reading<E> {
    /// Nothing, or nothing that can be read; `spoilt`: the store would hand the same bytes out again.
    Nothing {
        spoilt: bool,
    },
    Entry(Entry<E>),
}

impl<E> Reading<E> {
    pub(super) fn entry(self) -> Option<Entry<E>> {
        match self {
            Self::Entry(entry) => Some(entry),
            Self::Nothing { .. } => None,
        }
    }
}

pub(super) fn read<E: CacheEntity>(bytes: Option<&Bytes>, meters: &Meters) -> Reading<E> {
    let nothing = Reading::Nothing { spoilt: false };
    let Some(bytes) = bytes else { return nothing };
    let Some((header, payload)) = Header::decode(bytes) else {
        meters.with::<E, _>(|meter| meter.undecodable());
        return nothing;
    };
    let entry = |value: Option<Arc<E>>| {
        Reading::Entry(Entry {
            value,
            version: header.version,
            written_at: header.written_at,
            soft_deadline: header.soft_deadline,
            cost: Duration::from_millis(u64::from(header.cost)),
            only_on_error: header.kind == Kind::SoftInvalid,
        })
    };
    match header.kind {
        Kind::Pending | Kind::Fence | Kind::Floor => nothing,
        Kind::Negative => entry(None),
        Kind::Value | Kind::SoftInvalid if header.fingerprint != E::FINGERPRINT => {
            meters.with::<E, _>(|meter| meter.shape_mismatch());
            nothing
        }
        Kind::Value | Kind::SoftInvalid => match E::CODEC.decode(payload, header.flags) {
            Ok(value) => entry(Some(Arc::new(value))),
            Err(error) => {
                tracing::warn!(entity = E::ENTITY, %error, "a stored value does not decode; it counts as a miss");
                meters.with::<E, _>(|meter| meter.undecodable());
                Reading::Nothing { spoilt: true }
            }
        },
    }
}
