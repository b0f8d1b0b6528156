//! How values become bytes and back.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The form of a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Codec {
    /// JSON: readable in `redis-cli`, tolerant of added fields.
    Json,
    /// postcard: half the size and time of JSON; field order matters.
    #[cfg(feature = "postcard")]
    Postcard,
    /// MessagePack with field names.
    #[cfg(feature = "msgpack")]
    MsgPack,
}

/// A value that could not be encoded or decoded.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CodecError(String);

impl CodecError {
    fn of(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// Payloads above this many bytes are compressed, with the feature `lz4`.
#[cfg(feature = "lz4")]
const COMPRESS_ABOVE: usize = 4096;

impl Codec {
    const fn flag(self) -> u8 {
        match self {
            Self::Json => 0,
            #[cfg(feature = "postcard")]
            Self::Postcard => 1,
            #[cfg(feature = "msgpack")]
            Self::MsgPack => 2,
        }
    }

    /// The payload and the header's flags for `value`.
    ///
    /// # Errors
    /// When the value's `Serialize` fails, for example a map with keys that JSON has not.
    pub fn encode<T: Serialize>(self, value: &T) -> Result<(Vec<u8>, u8), CodecError> {
        let bytes = match self {
            Self::Json => serde_json::to_vec(value).map_err(CodecError::of)?,
            #[cfg(feature = "postcard")]
            Self::Postcard => postcard::to_stdvec(value).map_err(CodecError::of)?,
            #[cfg(feature = "msgpack")]
            Self::MsgPack => rmp_serde::to_vec_named(value).map_err(CodecError::of)?,
        };
        #[cfg(feature = "lz4")]
        if bytes.len() > COMPRESS_ABOVE {
            let small = lz4_flex::compress_prepend_size(&bytes);
            if small.len() < bytes.len() {
                return Ok((small, self.flag() | crate::envelope::COMPRESSED));
            }
        }
        Ok((bytes, self.flag()))
    }

    /// The value of a payload.
    ///
    /// # Errors
    /// When the flags name another codec or the bytes are none of this type's; the caller takes that for a miss.
    pub fn decode<T: DeserializeOwned>(self, payload: &[u8], flags: u8) -> Result<T, CodecError> {
        if flags & 0x0f != self.flag() {
            return Err(CodecError(format!("stored by codec {}, read by {}", flags & 0x0f, self.flag())));
        }
        if flags & crate::envelope::COMPRESSED == 0 {
            return self.plain(payload);
        }
        #[cfg(feature = "lz4")]
        {
            let claimed = payload.first_chunk::<4>().map_or(usize::MAX, |size| u32::from_le_bytes(*size) as usize);
            // The claim is checked before memory is taken for it.
            if claimed > crate::envelope::LONGEST_PAYLOAD {
                return Err(CodecError(format!("claims to be {claimed} bytes long")));
            }
            let bytes = lz4_flex::decompress_size_prepended(payload).map_err(CodecError::of)?;
            self.plain(&bytes)
        }
        #[cfg(not(feature = "lz4"))]
        Err(CodecError("compressed, and the feature `lz4` is off".to_owned()))
    }

    fn plain<T: DeserializeOwned>(self, payload: &[u8]) -> Result<T, CodecError> {
        match self {
            Self::Json => serde_json::from_slice(payload).map_err(CodecError::of),
            #[cfg(feature = "postcard")]
            Self::Postcard => postcard::from_bytes(payload).map_err(CodecError::of),
            #[cfg(feature = "msgpack")]
            Self::MsgPack => rmp_serde::from_slice(payload).map_err(CodecError::of),
        }
    }
}
