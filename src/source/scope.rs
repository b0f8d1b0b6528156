//! Which files and manifests a run is about: what people named, the workspaces around it, and what these depend on.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rustc_hash::{FxHashMap, FxHashSet};

use super::load::{LoadOptions, SourceLoadError};
use super::manifest::Manifest;
use super::manifests::Manifests;
use super::walk::{Excludes, walk};
use super::{SourceError, packages, paths};
use crate::disk;

/// What people named, as absolute paths that exist.
#[derive(Debug, Default)]
pub(super) struct Named {
    pub(super) files: Vec<PathBuf>,
    pub(super) folders: Vec<PathBuf>,
    /// Where the text from the standard input lies, or would lie.
    pub(super) stdin: Option<PathBuf>,
    /// A file was left out because `exclude` covers it: then it is no fault that nothing is left.
    left_out: bool,
}

impl Named {
    fn of(options: &LoadOptions, excludes: &Excludes) -> Result<Self, SourceLoadError> {
        let show = |path: &Path| paths::display(&options.cwd, path);
        let mut named = Self {
            stdin: options
                .stdin
                .as_ref()
                .map(|stdin| paths::absolute(&options.cwd, stdin.filename.as_deref().unwrap_or(Path::new("-")))),
            ..Self::default()
        };
        let whole = [PathBuf::new()];
        let asked = if options.paths.is_empty() && named.stdin.is_none() { &whole } else { options.paths.as_slice() };
        for path in asked {
            let path = paths::absolute(&options.cwd, path);
            let Some(metadata) = disk::metadata(&path) else {
                let suggestion = paths::nearest_existing(&path).map(|near| show(&near));
                return Err(SourceLoadError::Missing { path: show(&path), suggestion });
            };
            let is_folder = metadata.is_dir();
            if !is_folder && !metadata.is_file() {
                return Err(SourceLoadError::NotAFile { path: show(&path) });
            }
            if options.force_exclude && excludes.covers(&path, is_folder) {
                named.left_out = true;
            } else if is_folder {
                named.folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                named.files.push(path);
            }
        }
        Ok(named)
    }
}

/// All that belongs to a run.
pub(super) struct Scope<'a> {
    pub(super) options: &'a LoadOptions,
    excludes: Excludes,
    pub(super) manifests: Manifests,
    pub(super) named: Named,
    /// `.rs` files, and whether they were asked for.
    pub(super) sources: FxHashMap<PathBuf, bool>,
    /// Folders of packages.
    pub(super) folders: BTreeSet<PathBuf>,
    /// What could not be walked.
    pub(super) errors: Vec<SourceError>,
}

impl<'a> Scope<'a> {
    /// Collects what `options` ask for.
    ///
    /// # Errors
    ///
    /// When a path does not exist, or is neither file nor folder, and when a glob is faulty.
    pub(super) fn of(options: &'a LoadOptions) -> Result<Self, SourceLoadError> {
        let excludes = Excludes::new(&options.cwd, &options.exclude)
            .map_err(|(glob, message)| SourceLoadError::Exclude { glob, message })?;
        let named = Named::of(options, &excludes)?;
        let mut scope = Self {
            options,
            excludes,
            manifests: Manifests::default(),
            named,
            sources: FxHashMap::default(),
            folders: BTreeSet::new(),
            errors: Vec::new(),
        };
        scope.collect();
        scope.collect_dependencies();
        Ok(scope)
    }

    /// Nothing that was asked for is there, and not because it was excluded.
    pub(super) fn is_empty(&self) -> bool {
        !self.named.left_out && !self.sources.values().any(|&selected| selected)
    }

    /// As people see it.
    pub(super) fn show(&self, path: &Path) -> String {
        paths::display(&self.options.cwd, path)
    }

    /// Walks the scopes of all that is named. A folder inside one already walked is walked again only when nothing was
    /// found there, which is so when it is ignored.
    fn collect(&mut self) {
        let named = std::mem::take(&mut self.named);
        let places = named.files.iter().chain(&named.stdin).filter_map(|file| file.parent());
        let places: Vec<_> = places.chain(named.folders.iter().map(PathBuf::as_path)).collect();
        let mut roots: BTreeSet<PathBuf> = named.folders.iter().cloned().collect();
        for place in places {
            roots.extend(self.manifests.scope_of(place));
        }
        let mut walked: Vec<PathBuf> = Vec::new();
        for root in roots {
            let inside = walked.iter().any(|outer| root.starts_with(outer));
            if !inside || !self.sources.keys().any(|file| file.starts_with(&root)) {
                self.walk(&root);
                walked.push(root);
            }
        }
        let files: FxHashSet<&PathBuf> = named.files.iter().chain(&named.stdin).collect();
        for (path, selected) in &mut self.sources {
            *selected = files.contains(path) || named.folders.iter().any(|folder| path.starts_with(folder));
        }
        self.sources.extend(files.into_iter().map(|file| (file.clone(), true)));
        self.named = named;
    }

    fn walk(&mut self, root: &Path) {
        let found = walk(root, &self.excludes, self.options.threads);
        for (path, message) in found.errors {
            self.errors.push(SourceError { path: self.show(&path), file: None, offset: None, message });
        }
        for path in found.sources {
            self.sources.entry(path).or_insert(false);
        }
        self.manifests.read_all(&found.manifests);
        // The walk may begin below the manifest of the package that it is in.
        let above = root.ancestors().find(|folder| self.manifests.get(folder).is_some_and(Manifest::is_package));
        let above = above.map(Path::to_path_buf);
        let packages = found.manifests.into_iter().chain(above);
        self.folders.extend(packages.filter(|folder| self.manifests.get(folder).is_some_and(Manifest::is_package)));
    }

    /// Walks the packages that are depended on by path and lie elsewhere, until there are no more.
    fn collect_dependencies(&mut self) {
        let mut asked: FxHashSet<PathBuf> = self.folders.iter().cloned().collect();
        let mut open: Vec<PathBuf> = self.folders.iter().cloned().collect();
        while !open.is_empty() {
            let used = packages::local_folders(&mut self.manifests, &open);
            open = used.into_iter().filter(|folder| asked.insert(folder.clone())).collect();
            open.retain(|folder| {
                !self.excludes.covers(folder, true) && self.manifests.load(folder).is_some_and(Manifest::is_package)
            });
            for folder in &open {
                self.walk(folder);
            }
        }
    }

    /// Where was looked, as people see it.
    pub(super) fn searched(&self) -> String {
        let named = self.options.paths.iter().map(|path| paths::absolute(&self.options.cwd, path));
        let named: Vec<_> = named.map(|path| format!("`{}`", self.show(&path))).collect();
        if named.is_empty() { "`.`".to_owned() } else { named.join(", ") }
    }
}
