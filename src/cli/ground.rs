//! Where a run takes place: in the work tree, or in a copy of what is staged; and which changes it is about.

use std::path::{Path, PathBuf};

use super::compare_args::ChangeArgs;
use super::failure::Failure;
use crate::changes::{Changes, Extent, Repository, Snapshot};

/// Where files are read.
#[derive(Debug)]
pub(super) struct Ground {
    /// The working directory, or its place in the copy.
    pub(super) cwd: PathBuf,
    /// What the process works in.
    process: PathBuf,
    snapshot: Option<Snapshot>,
}

impl Ground {
    /// The work tree, as it is.
    pub(super) fn work_tree() -> Result<Self, Failure> {
        let cwd = std::env::current_dir().map_err(|error| {
            Failure::other(format!("the working directory cannot be read: {error}"), "change to another")
        })?;
        Ok(Self { process: cwd.clone(), cwd, snapshot: None })
    }

    /// What the flags ask for, and the changes that findings have to touch.
    pub(super) fn of(args: &ChangeArgs) -> Result<(Self, Option<Changes>), Failure> {
        let ground = Self::work_tree()?;
        let extent = match &args.since {
            Some(name) => Extent::Since(name.clone()),
            None if args.staged => Extent::Staged,
            None if args.changed => Extent::WorkTree,
            None => return Ok((ground, None)),
        };
        let repository = Repository::around(&ground.cwd)?;
        let changes = Changes::of(&repository, &extent)?;
        if extent != Extent::Staged {
            return Ok((ground, Some(changes)));
        }
        let snapshot = Snapshot::of_index(&repository)?;
        let changes = changes.within(&snapshot);
        let cwd = snapshot.folder(&ground.cwd);
        Ok((Self { cwd, snapshot: Some(snapshot), ..ground }, Some(changes)))
    }

    /// The root of the repository around the working directory of the process; that itself where there is none.
    pub(super) fn project(&self) -> &Path {
        self.process.ancestors().find(|folder| folder.join(".git").exists()).unwrap_or(&self.process)
    }

    /// Files are read from the index.
    pub(super) fn is_staged(&self) -> bool {
        self.snapshot.is_some()
    }

    /// A path that somebody named, where it is to be read.
    pub(super) fn path(&self, path: &Path) -> PathBuf {
        match &self.snapshot {
            Some(snapshot) => snapshot.path(&self.process.join(path)),
            None => path.to_path_buf(),
        }
    }

    /// The same for a file that need not be part of the repository: what is not staged is read where it lies.
    pub(super) fn file(&self, path: &Path) -> PathBuf {
        let inside = self.path(path);
        if inside.exists() { inside } else { path.to_path_buf() }
    }

    /// The place in the work tree of a path that a staged file gives.
    pub(super) fn outside(&self, path: &Path) -> PathBuf {
        match &self.snapshot {
            Some(snapshot) => snapshot.original(path),
            None => path.to_path_buf(),
        }
    }
}
