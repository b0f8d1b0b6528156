//! Whether the work tree may be changed: what is changed by fixes must be told from what people have changed.

use std::path::Path;
use std::process::Command;

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
    Git(String),
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
    let status = Command::new("git").args(["status", "--porcelain", "-z"]).current_dir(folder).output();
    let status = status.map_err(|error| TreeError::Git(error.to_string()))?;
    if !status.status.success() {
        return Err(TreeError::Git(String::from_utf8_lossy(&status.stderr).trim().to_owned()));
    }
    let out = String::from_utf8_lossy(&status.stdout);
    let files = changed(&out);
    if files.is_empty() {
        return Ok(());
    }
    let mut lines: Vec<String> = files.iter().take(NAMED).map(|file| format!("  {file}")).collect();
    if files.len() > NAMED {
        lines.push(format!("  … and {} more", files.len() - NAMED));
    }
    Err(TreeError::Dirty(lines.join("\n")))
}

/// The paths of `git status --porcelain -z`; a rename names its old path in an entry of its own.
fn changed(status: &str) -> Vec<&str> {
    let mut entries = status.split('\0').filter(|entry| !entry.is_empty());
    let mut files = Vec::new();
    while let Some(entry) = entries.next() {
        if entry.get(..2).is_some_and(|state| state.contains(['R', 'C'])) {
            entries.next();
        }
        files.extend(entry.get(3..));
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_names_each_changed_file_once() {
        assert_eq!(changed("M  a.rs\0R  new name.rs\0old.rs\0?? c/\0"), ["a.rs", "new name.rs", "c/"]);
        assert!(changed("").is_empty());
    }
}
