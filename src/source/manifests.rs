//! All manifests of a run, read once, and which workspace a package belongs to.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::manifest::{Manifest, ManifestError};
use crate::disk;

/// Manifests by the folder that holds them. `None` for a folder that has none.
#[derive(Debug, Default)]
pub(super) struct Manifests {
    known: FxHashMap<PathBuf, Option<Manifest>>,
    /// Those that could not be understood, by folder.
    pub(super) errors: Vec<(PathBuf, ManifestError)>,
}

impl Manifests {
    /// Reads the manifests of these folders, which are known to have one.
    pub(super) fn read_all(&mut self, folders: &[PathBuf]) {
        let new: Vec<_> = folders.iter().filter(|folder| !self.known.contains_key(*folder)).collect();
        let read: Vec<_> = new.into_par_iter().map(|folder| Manifest::read(folder)).collect();
        for (manifest, error) in read {
            self.insert(manifest, error);
        }
    }

    fn insert(&mut self, manifest: Manifest, error: Option<ManifestError>) {
        if let Some(error) = error {
            self.errors.push((manifest.folder.clone(), error));
        }
        self.known.insert(manifest.folder.clone(), Some(manifest));
    }

    /// The manifest in this folder; looked for on the disk when nothing is known of it.
    pub(super) fn load(&mut self, folder: &Path) -> Option<&Manifest> {
        if !self.known.contains_key(folder) {
            if disk::is_file(&folder.join("Cargo.toml")) {
                let (manifest, error) = Manifest::read(folder);
                self.insert(manifest, error);
            } else {
                self.known.insert(folder.to_path_buf(), None);
            }
        }
        self.get(folder)
    }

    /// The manifest in this folder, if it has been read.
    pub(super) fn get(&self, folder: &Path) -> Option<&Manifest> {
        self.known.get(folder)?.as_ref()
    }

    /// The folder of the workspace whose tables the package in `folder` inherits from: the named one, else the nearest
    /// above that does not exclude it. Reads the manifests on the way up.
    pub(super) fn workspace_of(&mut self, folder: &Path) -> Option<PathBuf> {
        if let Some(named) = self.load(folder).and_then(Manifest::named_workspace) {
            return self.load(&named).is_some().then_some(named);
        }
        let found = folder.ancestors().find(|above| {
            self.load(above).is_some_and(|manifest| manifest.is_workspace() && !manifest.excludes(folder))
        });
        found.map(Path::to_path_buf)
    }

    /// The folder that a run over `path` has to load so that nothing is missing that could matter to it: the whole
    /// workspace, or the package. `None` when no manifest is above it; a repository's root is not passed on the way
    /// to the first one.
    pub(super) fn scope_of(&mut self, path: &Path) -> Option<PathBuf> {
        let mut base = None;
        for folder in path.ancestors() {
            if self.load(folder).is_some() {
                base = Some(folder);
                break;
            }
            if disk::exists(&folder.join(".git")) {
                break;
            }
        }
        let base = base?;
        // A workspace that does not know the package is a neighbour by chance (a checkout inside a checkout).
        match self.workspace_of(base) {
            Some(workspace) if self.get(&workspace).is_some_and(|manifest| manifest.has_member(base)) => {
                Some(workspace)
            }
            _ => Some(base.to_path_buf()),
        }
    }
}
