//! Reads one source file, or says why not.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use super::Content;
use crate::text::LineIndex;

/// The size in bytes beyond which a file is not analysed. The largest generated sources known are around 10 MB.
pub const MAX_FILE_SIZE: u64 = 16 << 20;

/// Why a file has no content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unreadable {
    /// Byte offset, where known.
    pub(super) offset: Option<u32>,
    /// Lower-case start, no final full stop.
    pub(super) message: String,
}

/// The text of a file, and its lines.
pub(super) fn read(path: &Path) -> Result<Content, Unreadable> {
    let bytes = read_bytes(path).map_err(|error| fault(None, format!("could not be read ({error})")))?;
    let Some(bytes) = bytes else { return Err(too_large()) };
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let what =
            if matches!(error.as_bytes(), [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) { "is UTF-16" } else { "is not UTF-8" };
        fault(Some(at), format!("{what}; save it as UTF-8"))
    })?;
    content(text)
}

/// The content that a text makes.
pub(super) fn content(text: String) -> Result<Content, Unreadable> {
    if text.len() as u64 > MAX_FILE_SIZE {
        return Err(too_large());
    }
    if let Some(at) = memchr::memchr(0, text.as_bytes()) {
        return Err(fault(Some(at), "holds a NUL byte, so it is no Rust source".to_owned()));
    }
    let lines = Arc::new(LineIndex::new(&text));
    Ok(Content { text: text.into(), lines })
}

/// The bytes of a file; `None` when it is too large. The size is not taken on trust: a file may grow.
pub(super) fn read_bytes(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    if size > MAX_FILE_SIZE {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0) + 1);
    file.take(MAX_FILE_SIZE + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= MAX_FILE_SIZE).then_some(bytes))
}

fn too_large() -> Unreadable {
    fault(None, format!("is larger than {} MiB; exclude it, or split it", MAX_FILE_SIZE >> 20))
}

fn fault(offset: Option<usize>, message: String) -> Unreadable {
    Unreadable { offset: offset.and_then(|at| u32::try_from(at).ok()), message }
}
