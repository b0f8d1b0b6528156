//! What each store operation does to one slot: pure functions of the slot's bytes and the server's time.
//!
//! The memory store runs these functions; the Lua scripts of the Redis store do the same, and one conformance suite and
//! one differential test hold them together. The model checker runs them as they stand.
//!
//! Conditions on which freedom from stale fills rests:
//!
//! 1. The token is new for every attempt.
//! 2. Comparison and write are one atomic step.
//! 3. The source is read only after `acquire` has returned.
//! 4. An invalidation runs after the commit is visible, or the write is fenced.
//! 5. Lease deadlines bound waiting, never correctness.

use std::time::Duration;

use bytes::Bytes;

use crate::envelope::{self, Header, Kind, MOST_FENCES, TAINTED, Token};

/// Bytes that are stored and when they vanish (server milliseconds).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Stored {
    /// Header and payload.
    pub bytes: Bytes,
    /// Hard expiry.
    pub expires: u64,
}

/// What a reader accepts as an answer without loading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Want {
    /// The shape that it can decode.
    pub fingerprint: u32,
    /// The least data version; 0: any.
    pub at_least: u64,
    /// Take the lease although the value is fresh: an early refresh, or a payload that did not decode.
    pub refresh: bool,
}

/// The answer of [`acquire`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acquired {
    /// The caller may load and fill. `stale`: a value that may be served meanwhile.
    Granted {
        /// Bytes of a value that is past its soft deadline or was refused by [`Want`].
        stale: Option<Bytes>,
    },
    /// Somebody else is loading.
    Busy {
        /// How long the lease lasts at most.
        remaining: Duration,
        /// As for `Granted`.
        stale: Option<Bytes>,
    },
    /// Writers are changing the source: load, but do not fill.
    Fenced {
        /// How long the fence lasts at most.
        remaining: Duration,
    },
    /// A fresh value after all.
    Fresh(Bytes),
}

/// The answer of [`fill`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filled {
    /// Stored.
    Stored,
    /// The lease was lost to an invalidation, a write or another loader.
    Lost,
    /// The source answered with an older version than is known to be committed (a lagging replica).
    Older,
}

/// How an entry is invalidated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invalidation {
    /// Removed.
    Hard,
    /// Kept for the case that the source fails.
    Soft,
    /// Removed, and versions below this one are refused for a while: for sources that are read from lagging replicas.
    Floor {
        /// The least version that may be stored.
        version: u64,
        /// How long; at least the longest lag.
        keep: Duration,
    },
}

/// How a write ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// Committed: this is the row.
    Value {
        /// Header and payload; the header's version orders it.
        bytes: Bytes,
        /// Until the hard expiry.
        ttl: Duration,
    },
    /// Committed: the row is gone.
    Deleted {
        /// The version of the deletion.
        version: u64,
        /// How long older versions are refused; at least the longest delay of a writer.
        keep: Duration,
    },
    /// Rolled back: nothing changed.
    Abandoned,
    /// Not known whether it was committed.
    Unknown,
}

/// The answer of [`settle`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// The slot holds what was written.
    Stored,
    /// The slot is left empty; the next reader loads.
    Absent,
    /// The slot holds a version at least as new.
    Kept,
}

/// `now` plus `for_`, both as server milliseconds.
fn after(now: u64, for_: Duration) -> u64 {
    now.saturating_add(u64::try_from(for_.as_millis()).unwrap_or(u64::MAX).max(1))
}

fn until(now: u64, deadline: u64) -> Duration {
    Duration::from_millis(deadline.saturating_sub(now))
}

fn live(slot: Option<&Stored>, now: u64) -> Option<(&Stored, Header, &[u8])> {
    let stored = slot.filter(|stored| now < stored.expires)?;
    let (header, payload) = Header::decode(&stored.bytes)?;
    Some((stored, header, payload))
}

/// Takes the lease, or says why not.
pub fn acquire(slot: &mut Option<Stored>, token: Token, lease: Duration, want: Want, now: u64) -> Acquired {
    let deadline = after(now, lease);
    let Some((stored, mut header, payload)) = live(slot.as_ref(), now) else {
        let header = Header { token, lease_deadline: deadline, ..Header::new(Kind::Pending) };
        *slot = Some(Stored { bytes: header.with_payload(&[]).into(), expires: deadline });
        return Acquired::Granted { stale: None };
    };
    match header.kind {
        Kind::Pending | Kind::Floor => {
            if header.leased(now) {
                return Acquired::Busy { remaining: until(now, header.lease_deadline), stale: None };
            }
            // The least version stays known for as long as it was to be.
            let expires = if header.version > 0 { stored.expires.max(deadline) } else { deadline };
            header = Header { token, lease_deadline: deadline, version: header.version, ..Header::new(Kind::Pending) };
            *slot = Some(Stored { bytes: header.with_payload(&[]).into(), expires });
            Acquired::Granted { stale: None }
        }
        Kind::Fence => {
            let last = envelope::fence_records(payload).iter().map(|record| record.1).max().unwrap_or(now);
            Acquired::Fenced { remaining: until(now, last.max(now.saturating_add(1))) }
        }
        Kind::Value | Kind::Negative | Kind::SoftInvalid => {
            let accepted = header.kind.is_answer()
                && now < header.soft_deadline
                && header.fingerprint == want.fingerprint
                && header.version >= want.at_least;
            if accepted && !want.refresh {
                return Acquired::Fresh(stored.bytes.clone());
            }
            let stale = Some(stored.bytes.clone());
            if header.leased(now) {
                return Acquired::Busy { remaining: until(now, header.lease_deadline), stale };
            }
            header.token = token;
            header.lease_deadline = deadline;
            // A loader may be slower than what is left of the entry; its lease must live as long as it does.
            let expires = stored.expires.max(deadline);
            *slot = Some(Stored { bytes: header.with_payload(payload).into(), expires });
            Acquired::Granted { stale }
        }
    }
}

/// Stores `bytes`, if `token` still holds the lease.
pub fn fill(slot: &mut Option<Stored>, token: Token, bytes: &Bytes, ttl: Duration, now: u64) -> Filled {
    let Some((_, header, _)) = live(slot.as_ref(), now) else { return Filled::Lost };
    if header.token != token || header.kind == Kind::Fence {
        return Filled::Lost;
    }
    let version = Header::decode(bytes).map_or(0, |(new, _)| new.version);
    if version < header.version && (header.kind == Kind::Pending || version > 0) {
        return Filled::Older;
    }
    *slot = Some(Stored { bytes: bytes.clone(), expires: after(now, ttl) });
    Filled::Stored
}

/// Extends the lease; `false` when it is lost.
pub fn renew(slot: &mut Option<Stored>, token: Token, lease: Duration, now: u64) -> bool {
    let Some((stored, mut header, payload)) = live(slot.as_ref(), now) else { return false };
    if header.token != token || header.kind == Kind::Fence {
        return false;
    }
    header.lease_deadline = after(now, lease);
    let expires = stored.expires.max(header.lease_deadline);
    *slot = Some(Stored { bytes: header.with_payload(payload).into(), expires });
    true
}

/// Gives the lease back without filling; nothing happens when it is lost already.
pub fn release(slot: &mut Option<Stored>, token: Token, now: u64) {
    let Some((stored, mut header, payload)) = live(slot.as_ref(), now) else { return };
    if header.token != token || header.kind == Kind::Fence {
        return;
    }
    if header.kind == Kind::Pending {
        // The least version is kept, for the next one who loads.
        *slot = (header.version > 0).then(|| Stored {
            bytes: Header { version: header.version, ..Header::new(Kind::Floor) }.with_payload(&[]).into(),
            expires: stored.expires,
        });
        return;
    }
    header.token = Token::FREE;
    header.lease_deadline = 0;
    *slot = Some(Stored { bytes: header.with_payload(payload).into(), expires: stored.expires });
}

/// Takes the entry away. A fence stays: its writers are not done.
pub fn invalidate(slot: &mut Option<Stored>, how: Invalidation, now: u64) {
    let Some((stored, mut header, payload)) = live(slot.as_ref(), now) else {
        *slot = match how {
            Invalidation::Floor { version, keep } => Some(floor(version, after(now, keep))),
            Invalidation::Hard | Invalidation::Soft => None,
        };
        return;
    };
    let least = |header: &Header| if header.kind.is_answer() { 0 } else { header.version };
    match how {
        _ if header.kind == Kind::Fence => {
            // What a writer under the fence has read may be older than what this invalidation is about.
            header.flags |= TAINTED;
            if let Invalidation::Floor { version, .. } = how {
                header.version = header.version.max(version);
            }
            *slot = Some(Stored { bytes: header.with_payload(payload).into(), expires: stored.expires });
        }
        Invalidation::Floor { version, keep } => {
            let expires = after(now, keep);
            // An older demand that lasts longer is met by the newer one.
            let expires = if least(&header) > 0 { expires.max(stored.expires) } else { expires };
            *slot = Some(floor(version.max(least(&header)), expires));
        }
        Invalidation::Soft if matches!(header.kind, Kind::Value | Kind::SoftInvalid) => {
            header.kind = Kind::SoftInvalid;
            header.token = Token::FREE;
            header.lease_deadline = 0;
            header.soft_deadline = 0;
            *slot = Some(Stored { bytes: header.with_payload(payload).into(), expires: stored.expires });
        }
        Invalidation::Hard | Invalidation::Soft => {
            *slot = match (header.kind, header.version) {
                (Kind::Pending | Kind::Floor, version @ 1..) => Some(floor(version, stored.expires)),
                _ => None,
            };
        }
    }
}

fn floor(version: u64, expires: u64) -> Stored {
    Stored { bytes: Header { version, ..Header::new(Kind::Floor) }.with_payload(&[]).into(), expires }
}

/// Puts up a fence for one writer. Every lease on the slot is void from here on.
///
/// Beyond [`MOST_FENCES`] writers the last record stands for all that follow: it is extended, and belongs to nobody.
pub fn fence(slot: &mut Option<Stored>, token: Token, budget: Duration, now: u64) {
    let deadline = after(now, budget);
    let (mut records, version, flags) = match live(slot.as_ref(), now) {
        Some((_, header, payload)) if header.kind == Kind::Fence => {
            (envelope::fence_records(payload), header.version, header.flags)
        }
        Some((_, header, _)) => (Vec::new(), header.version, 0),
        None => (Vec::new(), 0, 0),
    };
    if records.len() < MOST_FENCES {
        records.push((token, deadline));
    } else if let Some(last) = records.last_mut() {
        *last = (NOBODY, last.1.max(deadline));
    }
    *slot = Some(fenced(&records, version, flags));
}

/// The token of a fence record that no writer can take down.
const NOBODY: Token = Token::from_bytes([0xff; 16]);

fn fenced(records: &[(Token, u64)], version: u64, flags: u8) -> Stored {
    let expires = records.iter().map(|record| record.1).max().unwrap_or(0);
    let header = Header { version, flags, ..Header::new(Kind::Fence) };
    Stored { bytes: header.with_payload(&envelope::fence_payload(records)).into(), expires }
}

/// Ends a write.
///
/// With a fence (`token` stands in it): the last of the writers stores its value, if it is the newest that was seen and
/// no writer vanished without an answer; otherwise the slot is left without a value. Without a fence: a value that is
/// present and older is replaced; where there is none, none is stored, because an older writer may be under way.
pub fn settle(slot: &mut Option<Stored>, token: Option<Token>, how: &Settlement, now: u64) -> Settled {
    let version = how.version();
    let Some((stored, header, payload)) = live(slot.as_ref(), now) else {
        *slot = how.tombstone(0, 0, now);
        return Settled::Absent;
    };
    let expires = stored.expires;
    match header.kind {
        Kind::Fence => {
            let mut records = envelope::fence_records(payload);
            let held = token.is_some_and(|token| records.iter().any(|record| record.0 == token));
            if held && *how != Settlement::Unknown {
                records.retain(|record| Some(record.0) != token);
            }
            let newest = header.version.max(version);
            if !records.is_empty() {
                // A writer without a fence of its own may have committed what the others know nothing of.
                let unknown = !held && *how == Settlement::Unknown;
                let flags = header.flags | if unknown { TAINTED } else { 0 };
                // Only of writers that vanished: then nothing is known, and the slot is empty.
                *slot = Some(fenced(&records, newest, flags)).filter(|fence| now < fence.expires);
                return Settled::Absent;
            }
            match how {
                Settlement::Value { bytes, ttl }
                    if version > 0 && version >= header.version && header.flags & TAINTED == 0 =>
                {
                    *slot = Some(Stored { bytes: bytes.clone(), expires: after(now, *ttl) });
                    Settled::Stored
                }
                _ => {
                    *slot = how.tombstone(newest, expires, now);
                    Settled::Absent
                }
            }
        }
        Kind::Floor | Kind::Pending => match how {
            Settlement::Abandoned => Settled::Kept,
            // Nothing is stored into a slot without a value, a floor included: a newer row may have been committed and its
            // entry invalidated before, which an empty slot does not tell.
            // The lease, if there is one, is void: its holder may have read the source before the commit.
            _ => {
                *slot = how.tombstone(header.version, expires, now);
                Settled::Absent
            }
        },
        Kind::Value | Kind::Negative | Kind::SoftInvalid => match how {
            Settlement::Abandoned => Settled::Kept,
            _ if header.kind == Kind::Value && version > 0 && header.version >= version => Settled::Kept,
            Settlement::Value { bytes, ttl } if header.kind == Kind::Value && version > 0 && header.version > 0 => {
                *slot = Some(Stored { bytes: bytes.clone(), expires: after(now, *ttl) });
                Settled::Stored
            }
            _ => {
                *slot = how.tombstone(0, 0, now);
                Settled::Absent
            }
        },
    }
}

impl Settlement {
    /// The data version of the outcome; 0 where it has none.
    #[must_use]
    pub fn version(&self) -> u64 {
        match self {
            Self::Value { bytes, .. } => Header::decode(bytes).map_or(0, |(header, _)| header.version),
            Self::Deleted { version, .. } => *version,
            Self::Abandoned | Self::Unknown => 0,
        }
    }

    /// What is left in a slot that is to hold no value: nothing, or the least version that may be stored, for as long
    /// as the deletion asks and as it was known before.
    fn tombstone(&self, least: u64, expires: u64, now: u64) -> Option<Stored> {
        let (version, expires) = match self {
            Self::Deleted { version, keep } => ((*version).max(least), expires.max(after(now, *keep))),
            _ => (least, expires),
        };
        (version > 0 && now < expires).then(|| floor(version, expires))
    }
}
