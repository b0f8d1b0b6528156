//! Whether the work tree may be changed: what is changed by fixes must be told from what people have changed.

use std::path::{Path, PathBuf};

use crate::changes::{GitError, Repository};

/// So many files are named.
const NAMED: usize = 10;

/// Why the work tree is left alone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// There is nothing to go back to.
    #[error("`{0}` is in no git repository, so changes could not be told from what was there")]
    NoRepository(String),
    /// There are changes that are not committed.
    #[error("there are changes that are not committed, and fixes could not be told from them:\n{0}")]
    Dirty(String),
    /// Git could not be asked.
    #[error("git could not be asked for changes that are not committed ({0})")]
    Git(#[from] GitError),
}

/// Refuses a folder whose repository has changes that are not committed, untracked files included, as `cargo fix` does.
///
/// # Errors
/// It has, or it is in none.
pub fn check_tree(folder: &Path, allow_dirty: bool, allow_no_vcs: bool) -> Result<(), TreeError> {
    if !folder.ancestors().any(|folder| folder.join(".git").exists()) {
        return if allow_no_vcs { Ok(()) } else { Err(TreeError::NoRepository(folder.display().to_string())) };
    }
    if allow_dirty {
        return Ok(());
    }
    let files = Repository::around(folder)?.changed_files()?;
    if files.is_empty() {
        return Ok(());
    }
    let shown = |file: &PathBuf| format!("  {}", file.to_string_lossy().replace('\\', "/"));
    let mut lines: Vec<String> = files.iter().take(NAMED).map(shown).collect();
    if files.len() > NAMED {
        lines.push(format!("  … and {} more", files.len() - NAMED));
    }
    Err(TreeError::Dirty(lines.join("\n")))
}
