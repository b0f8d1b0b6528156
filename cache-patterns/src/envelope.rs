//! The stored form of a slot: a 56-byte header, then the payload. Pure data; no I/O.
//!
//! | bytes | field |
//! |---|---|
//! | 0–1 | magic `C1` |
//! | 2 | [`Kind`] |
//! | 3 | flags: codec (low 4 bits), compression (bit 4), tainted fence (bit 5) |
//! | 4–7 | fingerprint of the structure |
//! | 8–15 | data version; 0: not known. In a floor and in a pending slot: the least version that may be stored |
//! | 16–23 | soft deadline, server milliseconds since 1970 |
//! | 24–27 | cost of the load, milliseconds |
//! | 28–31 | written at, server seconds since 1970 |
//! | 32–47 | lease token; all zero: free |
//! | 48–55 | lease deadline, server milliseconds since 1970 |
//!
//! Numbers are big-endian. The hard expiry is the server's own (`PX`). The payload of a fence is a list of 24-byte
//! records: token and deadline of each writer. The Lua scripts of the Redis store read and write the same bytes.

/// Length of the header in bytes.
pub const HEADER: usize = 56;

/// The first two bytes of every slot; the second is the format's number.
pub const MAGIC: [u8; 2] = *b"C1";

/// Length of one writer's record in the payload of a fence.
pub const FENCE_RECORD: usize = 24;

/// The most writers that one fence holds.
pub const MOST_FENCES: usize = 8;

/// A payload over this length is taken for garbage: 64 MiB.
pub const LONGEST_PAYLOAD: usize = 64 << 20;

/// Bit of the flags that says the payload is compressed.
pub const COMPRESSED: u8 = 0x10;

/// Bit of a fence's flags: something else invalidated the entry meanwhile, so that no writer's own value may be stored.
pub const TAINTED: u8 = 0x20;

/// What a slot holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// A value.
    Value = 1,
    /// The knowledge that there is none.
    Negative = 2,
    /// Nothing yet: the holder of the lease is loading it.
    Pending = 3,
    /// A value that was invalidated and is kept only for the case that the source fails.
    SoftInvalid = 4,
    /// Writers are changing the source; nothing may be stored until the last of them is done.
    Fence = 5,
    /// Nothing, but a value below the stated data version may not be stored.
    Floor = 6,
}

impl Kind {
    fn of(byte: u8) -> Option<Self> {
        Some(match byte {
            1 => Self::Value,
            2 => Self::Negative,
            3 => Self::Pending,
            4 => Self::SoftInvalid,
            5 => Self::Fence,
            6 => Self::Floor,
            _ => return None,
        })
    }

    /// Whether a payload of the caller's can stand in it (or, for a negative one, an answer).
    #[must_use]
    pub fn is_answer(self) -> bool {
        matches!(self, Self::Value | Self::Negative)
    }
}

/// A lease or fence token: 128 random bits, new for every attempt (never zero).
///
/// New for every *attempt*, not for every process: two attempts of one process around an invalidation would otherwise
/// be taken for the same, and the older value could be stored.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token([u8; 16]);

impl Token {
    /// No token: the lease is free.
    pub const FREE: Self = Self([0; 16]);

    /// A new one.
    #[must_use]
    pub fn new() -> Self {
        loop {
            let token = Self(fastrand::u128(..).to_be_bytes());
            if token != Self::FREE {
                return token;
            }
        }
    }

    /// A token of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl Default for Token {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Token({:032x})", u128::from_be_bytes(self.0))
    }
}

/// The header of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What the slot holds.
    pub kind: Kind,
    /// Codec and compression.
    pub flags: u8,
    /// The shape of the structure that was stored.
    pub fingerprint: u32,
    /// The version of the row; 0: not known.
    pub version: u64,
    /// Until when the value is fresh, server milliseconds.
    pub soft_deadline: u64,
    /// What the load cost, milliseconds.
    pub cost: u32,
    /// When it was written, server seconds.
    pub written_at: u32,
    /// Who may fill the slot.
    pub token: Token,
    /// Until when, server milliseconds.
    pub lease_deadline: u64,
}

impl Header {
    /// A header of this kind with everything else zero.
    #[must_use]
    pub const fn new(kind: Kind) -> Self {
        Self {
            kind,
            flags: 0,
            fingerprint: 0,
            version: 0,
            soft_deadline: 0,
            cost: 0,
            written_at: 0,
            token: Token::FREE,
            lease_deadline: 0,
        }
    }

    /// Whether somebody holds the lease at `now` (server milliseconds).
    #[must_use]
    pub fn leased(&self, now: u64) -> bool {
        self.token != Token::FREE && now < self.lease_deadline
    }

    /// The header's bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; HEADER] {
        let mut out = [0; HEADER];
        out[0..2].copy_from_slice(&MAGIC);
        out[2] = self.kind as u8;
        out[3] = self.flags;
        out[4..8].copy_from_slice(&self.fingerprint.to_be_bytes());
        out[8..16].copy_from_slice(&self.version.to_be_bytes());
        out[16..24].copy_from_slice(&self.soft_deadline.to_be_bytes());
        out[24..28].copy_from_slice(&self.cost.to_be_bytes());
        out[28..32].copy_from_slice(&self.written_at.to_be_bytes());
        out[32..48].copy_from_slice(self.token.as_bytes());
        out[48..56].copy_from_slice(&self.lease_deadline.to_be_bytes());
        out
    }

    /// Header and payload of a slot's bytes; `None` for bytes that this crate did not write.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (header, payload) = bytes.split_first_chunk::<HEADER>()?;
        if header[0..2] != MAGIC || payload.len() > LONGEST_PAYLOAD {
            return None;
        }
        let token: [u8; 16] = header[32..48].try_into().ok()?;
        let header = Self {
            kind: Kind::of(header[2])?,
            flags: header[3],
            fingerprint: u32::from_be_bytes(header[4..8].try_into().ok()?),
            version: u64::from_be_bytes(header[8..16].try_into().ok()?),
            soft_deadline: u64::from_be_bytes(header[16..24].try_into().ok()?),
            cost: u32::from_be_bytes(header[24..28].try_into().ok()?),
            written_at: u32::from_be_bytes(header[28..32].try_into().ok()?),
            token: Token(token),
            lease_deadline: u64::from_be_bytes(header[48..56].try_into().ok()?),
        };
        Some((header, payload))
    }

    /// The header followed by `payload`.
    #[must_use]
    pub fn with_payload(&self, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER + payload.len());
        out.extend_from_slice(&self.encode());
        out.extend_from_slice(payload);
        out
    }
}

/// The writers in the payload of a fence: token and deadline (server milliseconds).
#[must_use]
pub fn fence_records(payload: &[u8]) -> Vec<(Token, u64)> {
    let (records, _) = payload.as_chunks::<FENCE_RECORD>();
    records
        .iter()
        .filter_map(|record| {
            let (token, deadline) = record.split_first_chunk::<16>()?;
            Some((Token(*token), u64::from_be_bytes(deadline.try_into().ok()?)))
        })
        .collect()
}

/// The payload of a fence with these writers.
#[must_use]
pub fn fence_payload(records: &[(Token, u64)]) -> Vec<u8> {
    records
        .iter()
        .flat_map(|(token, deadline)| token.as_bytes().iter().copied().chain(deadline.to_be_bytes()))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn header() -> impl Strategy<Value = Header> {
        let kinds = prop::sample::select(vec![
            Kind::Value,
            Kind::Negative,
            Kind::Pending,
            Kind::SoftInvalid,
            Kind::Fence,
            Kind::Floor,
        ]);
        (kinds, any::<u8>(), any::<u32>(), any::<[u64; 3]>(), any::<[u32; 2]>(), any::<[u8; 16]>()).prop_map(
            |(kind, flags, fingerprint, [version, soft_deadline, lease_deadline], [cost, written_at], token)| Header {
                kind,
                flags,
                fingerprint,
                version,
                soft_deadline,
                cost,
                written_at,
                token: Token(token),
                lease_deadline,
            },
        )
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_decoded(header in header(), payload in prop::collection::vec(any::<u8>(), 0..64)) {
            let bytes = header.with_payload(&payload);
            prop_assert_eq!(Header::decode(&bytes), Some((header, payload.as_slice())));
        }

        #[test]
        fn no_bytes_are_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..128)) {
            if let Some((header, payload)) = Header::decode(&bytes) {
                prop_assert_eq!(header.with_payload(payload), bytes);
            }
        }

        #[test]
        fn fence_records_survive(records in prop::collection::vec((any::<[u8; 16]>(), any::<u64>()), 0..8)) {
            let records: Vec<_> = records.into_iter().map(|(token, deadline)| (Token(token), deadline)).collect();
            prop_assert_eq!(fence_records(&fence_payload(&records)), records);
        }
    }

    #[test]
    fn the_layout_is_the_one_documented() {
        let mut header = Header::new(Kind::Value);
        header.fingerprint = 0x0102_0304;
        header.version = 5;
        header.lease_deadline = 6;
        let bytes = header.with_payload(b"x");
        assert_eq!(bytes.len(), HEADER + 1);
        assert_eq!(&bytes[..8], b"C1\x01\x00\x01\x02\x03\x04");
        assert_eq!((bytes[15], bytes[55], bytes[56]), (5, 6, b'x'));
    }
}
