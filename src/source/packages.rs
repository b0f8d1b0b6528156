//! Makes packages out of manifests: inheritance, renames, versions, and which dependency is a package of the run.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::lock::{Lock, number_of};
use super::manifest::{Entry, Manifest};
use super::manifests::Manifests;
use super::targets::{self, targets_of};
use super::{Dependency, Package, PackageId, TargetKind};

/// Packages of registries whose library is not named like them. Only those whose names in code matter to the analysis.
const LIBRARY_NAMES: [(&str, &str); 1] = [("valkey-glide", "glide")];

/// The packages in `folders` (sorted), the first of which has the id `first`. `sources` are all files of the run,
/// sorted by their bytes, with the index into `folders` of the package that each belongs to.
pub(super) fn build(
    manifests: &mut Manifests,
    folders: &[PathBuf],
    first: u32,
    sources: &[(&Path, Option<usize>)],
) -> Vec<Package> {
    let workspaces: Vec<_> = folders.iter().map(|folder| manifests.workspace_of(folder)).collect();
    let mut files: Vec<Vec<&Path>> = vec![Vec::new(); folders.len()];
    for (path, package) in sources {
        if let Some(files) = package.and_then(|index| files.get_mut(index)) {
            files.push(path);
        }
    }

    let manifests = &*manifests;
    let members: Vec<Member<'_>> = folders
        .iter()
        .zip(workspaces)
        .filter_map(|(folder, workspace)| {
            let workspace = workspace.and_then(|folder| manifests.get(&folder));
            Some(Member { manifest: manifests.get(folder)?, workspace })
        })
        .collect();
    let mut packages: Vec<Package> = members
        .par_iter()
        .zip(&files)
        .zip((first..u32::MAX).into_par_iter())
        .map(|((member, files), id)| member.package(PackageId(id), files))
        .collect();

    let locals: FxHashMap<PathBuf, (PackageId, String)> =
        packages.iter().map(|package| (package.root.clone(), (package.id, package.lib_name.clone()))).collect();
    let dependencies: Vec<_> = members.par_iter().map(|member| member.dependencies(&locals)).collect();
    for (package, dependencies) in packages.iter_mut().zip(dependencies) {
        package.dependencies = dependencies;
    }
    let used = targets::by_programs(&packages, |package| {
        members.get((package.id.0 - first) as usize).is_some_and(|member| member.manifest.is_loaded())
    });
    for package in &mut packages {
        package.open &= !used.contains(&package.id);
    }
    packages
}

/// The folders of the dependencies with a path, of all these packages, patched ones included.
pub(super) fn local_folders(manifests: &mut Manifests, folders: &[PathBuf]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in folders {
        let workspace = manifests.workspace_of(folder);
        let workspace = workspace.and_then(|folder| manifests.get(&folder));
        if let Some(manifest) = manifests.get(folder) {
            let member = Member { manifest, workspace };
            found.extend(manifest.dependencies().into_iter().filter_map(|entry| member.resolve(entry).path));
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Replaces requirements by versions: the one in the nearest Cargo.lock that satisfies it, else its number. Lock files
/// are only read for packages that can matter.
pub(super) fn lock(packages: &mut [Package], manifests: &mut Manifests) {
    let folders: Vec<Vec<PathBuf>> = packages.iter().map(|package| lock_folders(package, manifests)).collect();
    let mut all: Vec<&PathBuf> = folders.iter().flatten().collect();
    all.sort();
    all.dedup();
    let locks: FxHashMap<&PathBuf, Lock> =
        all.into_par_iter().filter_map(|folder| Some((folder, Lock::read(&folder.join("Cargo.lock"))?))).collect();
    for (package, folders) in packages.iter_mut().zip(&folders) {
        let lock = folders.iter().find_map(|folder| locks.get(folder));
        for dependency in &mut package.dependencies {
            let requirement = dependency.version.as_deref();
            let locked = lock.and_then(|lock| lock.version(&dependency.package, requirement));
            dependency.version = locked.or_else(|| number_of(requirement?));
        }
    }
}

/// Where the lock file of a package that can matter may lie: from its own folder up to its workspace's.
fn lock_folders(package: &Package, manifests: &mut Manifests) -> Vec<PathBuf> {
    if !(package.relevant || package.supplies) {
        return Vec::new();
    }
    let top = manifests.workspace_of(&package.root).unwrap_or_else(|| package.root.clone());
    // A workspace that is named by hand need not lie above.
    let mut folders: Vec<_> =
        package.root.ancestors().take_while(|above| above.starts_with(&top)).map(Path::to_path_buf).collect();
    folders.extend([top, package.root.clone()]);
    folders
}

/// A package's manifest, and that of its workspace.
#[derive(Clone, Copy)]
struct Member<'a> {
    manifest: &'a Manifest,
    workspace: Option<&'a Manifest>,
}

impl Member<'_> {
    fn package(self, id: PackageId, files: &[&Path]) -> Package {
        let targets = targets_of(self.manifest, files);
        let name = self.manifest.name();
        let lib = targets.iter().find(|target| target.kind == TargetKind::Lib);
        let open = lib.is_some() && self.manifest.publishes(self.workspace) && !self.manifest.is_loaded();
        Package {
            id,
            lib_name: lib.map_or_else(|| name.replace('-', "_"), |lib| lib.name.clone()),
            name,
            version: self.manifest.version(self.workspace),
            manifest: self.manifest.folder.join("Cargo.toml"),
            root: self.manifest.folder.clone(),
            edition: self.manifest.edition(self.workspace),
            dependencies: Vec::new(),
            targets,
            relevant: false,
            open,
            supplies: false,
        }
    }

    /// An entry with what it inherits, and with the path that a `[patch]` gives it.
    fn resolve(self, entry: Entry) -> Entry {
        let inherited = entry.inherited.then(|| self.workspace?.workspace_dependency(&entry.key)).flatten();
        let mut entry = Entry { dev: entry.dev, ..inherited.unwrap_or(entry) };
        if entry.path.is_none() {
            let package = entry.package.as_deref().unwrap_or(&entry.key);
            entry.path = self.workspace.unwrap_or(self.manifest).patched(package);
        }
        entry
    }

    fn dependencies(self, locals: &FxHashMap<PathBuf, (PackageId, String)>) -> Vec<Dependency> {
        let mut found: Vec<Dependency> = Vec::new();
        for entry in self.manifest.dependencies() {
            let entry = self.resolve(entry);
            let dependency = dependency(entry, locals);
            let same = |known: &&mut Dependency| {
                (&known.alias, &known.package, &known.version, known.local)
                    == (&dependency.alias, &dependency.package, &dependency.version, dependency.local)
            };
            match found.iter_mut().find(same) {
                Some(known) => known.dev_only &= dependency.dev_only,
                None => found.push(dependency),
            }
        }
        found.sort_by(|a, b| (&a.alias, &a.package, &a.version).cmp(&(&b.alias, &b.package, &b.version)));
        found
    }
}

fn dependency(entry: Entry, locals: &FxHashMap<PathBuf, (PackageId, String)>) -> Dependency {
    let local = entry.path.as_ref().and_then(|path| locals.get(path));
    let package = entry.package.clone().unwrap_or_else(|| entry.key.clone());
    let alias = match (&entry.package, local) {
        (None, Some((_, library))) => library.clone(),
        (None, None) => library_name(&package),
        (Some(_), _) => entry.key.replace('-', "_"),
    };
    Dependency { alias, version: entry.version, package, local: local.map(|(id, _)| *id), dev_only: entry.dev }
}

/// The name in code of a registry's package.
fn library_name(package: &str) -> String {
    let special = LIBRARY_NAMES.iter().find(|(name, _)| *name == package);
    special.map_or_else(|| package.replace('-', "_"), |(_, library)| (*library).to_owned())
}
