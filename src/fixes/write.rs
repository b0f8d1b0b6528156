//! Changed texts onto the disk, each file whole or not at all.

use std::fs;
use std::io::Write as _;
use std::path::Path;

/// Why a file was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Somebody else has changed it since it was read.
    #[error("`{0}` has changed while it was looked at; nothing was written to it")]
    Changed(String),
    /// The system refuses.
    #[error("`{path}` cannot be written: {error}")]
    Io {
        /// As shown.
        path: String,
        /// Why.
        error: std::io::Error,
    },
}

/// Puts `after` in place of `before`, keeping the permissions. A link is followed.
///
/// # Errors
/// The file holds another text by now, or cannot be written.
pub fn write(path: &Path, before: &str, after: &str) -> Result<(), WriteError> {
    let shown = || path.display().to_string();
    let refused = |error| WriteError::Io { path: shown(), error };
    let path = path.canonicalize().map_err(refused)?;
    if fs::read(&path).map_err(refused)? != before.as_bytes() {
        return Err(WriteError::Changed(shown()));
    }
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(refused)?;
    file.write_all(after.as_bytes()).map_err(refused)?;
    let permissions = fs::metadata(&path).map_err(refused)?.permissions();
    file.as_file().set_permissions(permissions).map_err(refused)?;
    file.persist(&path).map_err(|error| refused(error.error))?;
    Ok(())
}
