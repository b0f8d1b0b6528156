//! Reads one source file, or says why not.

use std::path::Path;
use std::sync::Arc;

use super::Content;
use crate::disk::{self, MAX_FILE_SIZE};
use crate::text::LineIndex;

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
    let bytes = disk::read(path).map_err(|error| fault(None, format!("could not be read ({error})")))?;
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

fn too_large() -> Unreadable {
    fault(None, format!("is larger than {} MiB; exclude it, or split it", MAX_FILE_SIZE >> 20))
}

fn fault(offset: Option<usize>, message: String) -> Unreadable {
    Unreadable { offset: offset.and_then(|at| u32::try_from(at).ok()), message }
}
