//! A copy of what the index holds, to be analysed in place of the work tree.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::git::{GitError, Repository, path_of, split};

/// Kinds of files that an analysis reads: sources, manifests, rule files, scripts and statements that code includes, the
/// baseline.
const EXTENSIONS: [&str; 8] = ["rs", "toml", "lock", "lua", "sql", "redis", "txt", "json"];
/// What says which files are passed over.
const NAMES: [&str; 2] = [".gitignore", ".ignore"];

/// The staged files in a temporary folder, which goes when this is dropped.
#[derive(Debug)]
pub struct Snapshot {
    _folder: TempDir,
    /// Without symbolic links.
    root: PathBuf,
    /// The root of the repository.
    of: PathBuf,
}

impl Snapshot {
    /// Writes the files out. What the work tree holds plays no part in it: neither files that are not staged, nor later
    /// edits of files that are.
    ///
    /// # Errors
    /// When a merge is under way, git refuses, or there is no room.
    pub fn of_index(repository: &Repository) -> Result<Self, GitError> {
        if !repository.answer(["ls-files", "--unmerged", "-z"], b"")?.is_empty() {
            return Err(GitError::Unmerged);
        }
        let copy = |error: std::io::Error| GitError::Copy(error.to_string());
        let folder = tempfile::Builder::new().prefix("cache-lint-").tempdir().map_err(copy)?;
        let root = folder.path().canonicalize().map_err(copy)?;
        // Where the search for rule files and ignored files ends.
        std::fs::create_dir(root.join(".git")).map_err(copy)?;
        let exclude = text_path(&repository.answer(["rev-parse", "--git-path", "info/exclude"], b"")?);
        if let Ok(text) = std::fs::read(repository.root().join(exclude)) {
            std::fs::create_dir(root.join(".git/info")).map_err(copy)?;
            std::fs::write(root.join(".git/info/exclude"), text).map_err(copy)?;
        }

        let listed = repository.answer(["ls-files", "--cached", "-z"], b"")?;
        let mut wanted = Vec::new();
        for path in split(&listed).filter(|path| is_wanted(&path_of(path))) {
            wanted.extend_from_slice(path);
            wanted.push(0);
        }
        let Some(target) = root.to_str() else { return Err(GitError::Copy("its path is no UTF-8".to_owned())) };
        let prefix = format!("--prefix={target}/");
        repository.answer(["checkout-index", "--quiet", "--force", "-z", "--stdin", &prefix], &wanted)?;
        Ok(Self { _folder: folder, root, of: repository.root().to_path_buf() })
    }

    /// Where it lies, without symbolic links.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The place in the copy of a path of the repository; other paths stay as they are. A folder is made where the index
    /// has none, so that it can be a working directory.
    #[must_use]
    pub fn folder(&self, folder: &Path) -> PathBuf {
        let inside = self.path(folder);
        // When this fails, whoever reads the folder says so.
        let _ = std::fs::create_dir_all(&inside);
        inside
    }

    /// The place in the repository of a path of the copy.
    #[must_use]
    pub fn original(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.root).map_or_else(|_| path.to_path_buf(), |below| self.of.join(below))
    }

    /// The place in the copy of a path of the repository; other paths stay as they are.
    #[must_use]
    pub fn path(&self, path: &Path) -> PathBuf {
        let real = path.canonicalize();
        // A file that is staged and gone from the work tree has no real path.
        let real = real.or_else(|_| match (path.parent(), path.file_name()) {
            (Some(folder), Some(name)) => folder.canonicalize().map(|folder| folder.join(name)),
            _ => Ok(path.to_path_buf()),
        });
        let real = real.unwrap_or_else(|_| path.to_path_buf());
        real.strip_prefix(&self.of).map_or_else(|_| path.to_path_buf(), |below| self.root.join(below))
    }
}

fn is_wanted(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    path.extension().is_some_and(|extension| EXTENSIONS.iter().any(|wanted| extension == *wanted))
        || NAMES.iter().any(|wanted| name == *wanted)
}

fn text_path(answer: &[u8]) -> PathBuf {
    path_of(answer.strip_suffix(b"\n").unwrap_or(answer))
}
