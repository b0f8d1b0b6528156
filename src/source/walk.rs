//! Finds the `.rs` files and manifests below a folder.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use ignore::{DirEntry, WalkBuilder, WalkState};

use crate::disk;

/// What lies below a folder. In no order.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// `.rs` files.
    pub(super) sources: Vec<PathBuf>,
    /// Folders that hold a Cargo.toml.
    pub(super) manifests: Vec<PathBuf>,
    /// What could not be read, and why.
    pub(super) errors: Vec<(PathBuf, String)>,
}

/// Globs of paths that do not belong to the run, in the syntax of .gitignore, relative to the working directory.
#[derive(Debug, Clone)]
pub(super) struct Excludes {
    matcher: Gitignore,
}

impl Excludes {
    /// Compiles the globs; the first faulty one, and what is wrong with it, as error.
    pub(super) fn new(cwd: &Path, globs: &[String]) -> Result<Self, (String, String)> {
        let mut builder = GitignoreBuilder::new(cwd);
        for glob in globs {
            builder.add_line(None, glob).map_err(|error| (glob.clone(), error.to_string()))?;
        }
        let matcher = builder.build().map_err(|error| (globs.join(", "), error.to_string()))?;
        Ok(Self { matcher })
    }

    fn matches(&self, path: &Path, is_folder: bool) -> bool {
        !self.matcher.is_empty() && self.matcher.matched(path, is_folder).is_ignore()
    }

    /// Whether the path, or a folder above it, is excluded.
    pub(super) fn covers(&self, path: &Path, is_folder: bool) -> bool {
        self.matches(path, is_folder) || path.ancestors().skip(1).any(|folder| self.matches(folder, true))
    }
}

/// Walks `root`. Honours .gitignore and .ignore, also where there is no repository, but not the user's global ones, so
/// that all machines check the same files. Leaves out hidden folders and those that cargo or others have tagged as
/// caches (`target/`). Links are not followed, so there are no loops.
pub(super) fn walk(root: &Path, excludes: &Excludes, threads: usize) -> Found {
    disk::walked(root);
    for folder in root.ancestors().skip(1) {
        for name in [".gitignore", ".ignore"] {
            // The walk reads it itself; here it is only told that it counts.
            let _ = disk::read(&folder.join(name));
        }
    }
    if let Some(repository) = root.ancestors().find(|folder| disk::exists(&folder.join(".git"))) {
        let _ = disk::read(&repository.join(".git/info/exclude"));
    }
    let excludes = excludes.clone();
    let mut builder = WalkBuilder::new(root);
    builder.require_git(false).git_global(false).threads(threads);
    builder.filter_entry(move |entry| entry.depth() == 0 || belongs(entry, &excludes));

    let (sender, receiver) = mpsc::channel();
    builder.build_parallel().run(|| {
        let sender = sender.clone();
        Box::new(move |entry| {
            let item = match entry {
                Ok(entry) => item_of(entry),
                Err(error) => Some(Item::Error(error)),
            };
            // The receiver outlives the walk.
            let _ = item.map(|item| sender.send(item));
            WalkState::Continue
        })
    });
    drop(sender);

    let mut found = Found::default();
    for item in receiver {
        match item {
            Item::Source(path) => found.sources.push(path),
            Item::Manifest(folder) => found.manifests.push(folder),
            Item::Error(error) => found.errors.push(explain(root, &error)),
        }
    }
    found
}

enum Item {
    Source(PathBuf),
    Manifest(PathBuf),
    Error(ignore::Error),
}

fn belongs(entry: &DirEntry, excludes: &Excludes) -> bool {
    let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
    !(excludes.matches(entry.path(), is_folder) || (is_folder && is_cache(entry.path())))
}

/// Whether a folder is tagged as a cache by the convention that cargo follows, or is an old cargo's target folder.
#[allow(clippy::disallowed_methods, reason = "the tag is part of what a folder lists")]
fn is_cache(folder: &Path) -> bool {
    const SIGNATURE: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55";
    let mut start = [0; SIGNATURE.len()];
    let tagged = std::fs::File::open(folder.join("CACHEDIR.TAG"))
        .and_then(|mut file| file.read_exact(&mut start))
        .is_ok_and(|()| start == SIGNATURE);
    if tagged {
        // What else is in it does not matter.
        return disk::is_file(&folder.join("CACHEDIR.TAG"));
    }
    let is_old = folder.ends_with("target") && disk::is_file(&folder.join(".rustc_info.json"));
    if !is_old {
        disk::walked(folder);
    }
    is_old
}

fn item_of(entry: DirEntry) -> Option<Item> {
    if !entry.file_type()?.is_file() {
        return None;
    }
    if entry.file_name() == "Cargo.toml" {
        return entry.path().parent().map(|folder| Item::Manifest(folder.to_path_buf()));
    }
    let is_source = entry.path().extension().is_some_and(|extension| extension == "rs");
    is_source.then(|| Item::Source(entry.into_path()))
}

/// The path and the cause of a walk's error.
fn explain(root: &Path, error: &ignore::Error) -> (PathBuf, String) {
    let mut path = root;
    let mut inner = error;
    loop {
        inner = match inner {
            ignore::Error::WithPath { path: at, err } => {
                path = at;
                err
            }
            ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => err,
            other => return (path.to_path_buf(), format!("could not be read ({other}); it is left out")),
        };
    }
}
