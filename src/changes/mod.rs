//! Which lines were changed, as git tells. Knows nothing of findings.
//!
//! Git is asked through its program: it knows filters, line ends, linked work trees, sparse indexes and the index that a
//! hook is given, and whoever has changes to look at has it. Only plumbing and documented porcelain with fixed options is
//! used, so that a user's configuration changes nothing.

mod diff;
mod git;
mod snapshot;
#[cfg(test)]
mod tests;

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;

pub use git::{GitError, Repository};
pub use snapshot::Snapshot;

/// What counts as changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extent {
    /// What differs from the last commit: in the work tree, in the index, and files that git does not know yet.
    WorkTree,
    /// The same from where this commit and the last one have parted.
    Since(String),
    /// What the index holds and the last commit does not.
    Staged,
}

/// Lines that were changed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Lines {
    All,
    /// 1-based.
    Ranges(Vec<RangeInclusive<u32>>),
}

/// The changed lines of a repository.
#[derive(Debug, Default)]
pub struct Changes {
    /// Where the files lie, without symbolic links.
    root: PathBuf,
    /// By path relative to the root.
    files: FxHashMap<PathBuf, Lines>,
}

impl Changes {
    /// Asks git.
    ///
    /// # Errors
    /// When git refuses, knows no such commit, or the two commits share no ancestor.
    pub fn of(repository: &Repository, extent: &Extent) -> Result<Self, GitError> {
        let base = match extent {
            Extent::WorkTree | Extent::Staged => repository.head()?,
            Extent::Since(name) => repository.parting(name)?,
        };
        let mut files = diff::parse(&repository.diff(&base, *extent == Extent::Staged)?);
        if *extent != Extent::Staged {
            files.extend(repository.untracked()?.into_iter().map(|path| (path, Lines::All)));
        }
        Ok(Self { root: repository.root().to_path_buf(), files })
    }

    /// The same changes for files that lie in a copy of the repository.
    #[must_use]
    pub fn within(self, snapshot: &Snapshot) -> Self {
        Self { root: snapshot.root().to_path_buf(), ..self }
    }

    /// Whether one of these lines was changed. A line beside one that was deleted counts as changed: what the line meant
    /// may have been said there.
    #[must_use]
    pub fn touches(&self, file: &Path, lines: RangeInclusive<u32>) -> bool {
        let real = file.canonicalize().unwrap_or_else(|_| file.to_path_buf());
        let Ok(path) = real.strip_prefix(&self.root) else { return false };
        match self.files.get(path) {
            None => false,
            Some(Lines::All) => true,
            Some(Lines::Ranges(ranges)) => {
                ranges.iter().any(|range| range.start() <= lines.end() && lines.start() <= range.end())
            }
        }
    }
}
