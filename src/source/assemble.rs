//! Makes a workspace of what was collected: packages, files with their places in them, and the texts that can matter.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::load::LoadOptions;
use super::manifest::Manifest;
use super::read::{self, Unreadable};
use super::scope::{Named, Scope};
use super::{DEFAULT_EDITION, Package, PackageId, SourceError, SourceFile, Workspace, packages, relevance, targets};
use crate::finding::FileId;

/// The workspace that the scope describes.
pub(super) fn workspace(mut scope: Scope<'_>) -> Workspace {
    let folders: Vec<PathBuf> = scope.folders.iter().cloned().collect();
    let mut sources: Vec<(PathBuf, bool)> = std::mem::take(&mut scope.sources).into_iter().collect();
    // By bytes: comparing paths part by part takes longer than reading them.
    sources.sort_unstable_by(|(a, _), (b, _)| a.as_os_str().cmp(b.as_os_str()));
    let owners = owners(&folders, &sources);
    let owned: Vec<(&Path, Option<usize>)> =
        sources.iter().zip(&owners).map(|((path, _), owner)| (path.as_path(), *owner)).collect();

    let mut all = Vec::new();
    if owners.iter().any(Option::is_none) {
        all.push(nameless(scope.options));
    }
    let first = all.len();
    all.extend(packages::build(&mut scope.manifests, &folders, u32::try_from(first).unwrap_or(0), &owned));
    let index_of = |owner: Option<usize>| owner.map_or(0, |index| first + index);

    let text = scope.options.stdin.as_ref().map(|stdin| stdin.text.as_str());
    let stdin = scope.named.stdin.as_deref().zip(text);
    relevance::mark(&mut all, scope.options, stdin, |index| {
        let manifest = index.checked_sub(first).and_then(|index| scope.manifests.get(folders.get(index)?));
        if manifest.is_some_and(Manifest::is_valid) {
            return None;
        }
        Some(owned.iter().filter(|(_, owner)| index_of(*owner) == index).map(|(path, _)| *path).collect())
    });

    packages::lock(&mut all, &mut scope.manifests);
    let for_tests = targets::for_tests(&all);
    let read: Vec<(SourceFile, Option<Unreadable>)> = sources
        .par_iter()
        .zip(&owners)
        .filter_map(|((path, selected), owner)| {
            let package = all.get(index_of(*owner))?;
            let file = SourceFile {
                id: FileId(0),
                path: scope.show(path),
                absolute: path.clone(),
                package: package.id,
                test: for_tests.contains(&package.id) || targets::is_test(&package.root, &package.targets, path),
                selected: *selected,
                content: None,
            };
            Some(with_content(file, package, &scope.named, scope.options))
        })
        .collect();
    let (files, mut errors) = number(read);
    errors.append(&mut scope.errors);
    errors.extend(manifest_errors(&scope));
    errors.sort_by(|a, b| (&a.path, a.offset, &a.message).cmp(&(&b.path, b.offset, &b.message)));
    errors.dedup();
    Workspace { packages: all, files, errors }
}

/// The index into `folders` of the package of each file: the nearest manifest above it.
fn owners(folders: &[PathBuf], sources: &[(PathBuf, bool)]) -> Vec<Option<usize>> {
    let index: FxHashMap<&Path, usize> = folders.iter().map(PathBuf::as_path).zip(0..).collect();
    let nearest = |folder: &Path| folder.ancestors().find_map(|above| index.get(above).copied());
    // Files of one folder follow each other.
    let mut last: (&Path, Option<usize>) = (Path::new(""), None);
    sources
        .iter()
        .map(|(path, _)| {
            let folder = path.parent()?;
            if folder.as_os_str() != last.0.as_os_str() {
                last = (folder, nearest(folder));
            }
            last.1
        })
        .collect()
}

/// What files without a manifest above them belong to.
fn nameless(options: &LoadOptions) -> Package {
    Package {
        id: PackageId(0),
        name: String::new(),
        lib_name: String::new(),
        version: None,
        manifest: PathBuf::new(),
        root: options.cwd.clone(),
        edition: DEFAULT_EDITION,
        dependencies: Vec::new(),
        targets: Vec::new(),
        relevant: false,
        open: false,
        supplies: false,
    }
}

/// Reads the file, if it can matter.
fn with_content(
    mut file: SourceFile,
    package: &Package,
    named: &Named,
    options: &LoadOptions,
) -> (SourceFile, Option<Unreadable>) {
    let given = options.stdin.as_ref().filter(|_| named.stdin.as_ref() == Some(&file.absolute));
    let content = match given {
        Some(stdin) => read::content(stdin.text.clone()),
        None if can_matter(&file, package, named, options) => match options.instead.get(&file.absolute) {
            Some(text) => read::content(text.to_string()),
            None => read::read(&file.absolute),
        },
        None => return (file, None),
    };
    match content {
        Ok(content) => {
            file.content = Some(content);
            (file, None)
        }
        Err(error) => (file, Some(error)),
    }
}

fn can_matter(file: &SourceFile, package: &Package, named: &Named, options: &LoadOptions) -> bool {
    if !(package.relevant || package.supplies) {
        return false;
    }
    // Files of a test package in the place of its own sources: the package as a whole was named.
    let whole = file.test && !targets::is_test(&package.root, &package.targets, &file.absolute);
    let is_test = |path: &Path| {
        if whole { path.starts_with(&package.root) } else { targets::is_test(&package.root, &package.targets, path) }
    };
    let asked = || {
        let mut folders = named.folders.iter().filter(|folder| file.absolute.starts_with(folder));
        named.files.contains(&file.absolute) || folders.any(|folder| is_test(folder))
    };
    !file.test || options.include_tests || asked()
}

/// Sorts the files, gives them their ids, and makes errors of what could not be read.
fn number(mut read: Vec<(SourceFile, Option<Unreadable>)>) -> (Vec<SourceFile>, Vec<SourceError>) {
    read.sort_by(|(a, _), (b, _)| (&a.path, &a.absolute).cmp(&(&b.path, &b.absolute)));
    let mut files = Vec::with_capacity(read.len());
    let mut errors = Vec::new();
    for ((mut file, error), id) in read.into_iter().zip(0..) {
        file.id = FileId(id);
        if let Some(Unreadable { offset, message }) = error {
            errors.push(SourceError { path: file.path.clone(), file: Some(file.id), offset, message });
        }
        files.push(file);
    }
    (files, errors)
}

fn manifest_errors(scope: &Scope<'_>) -> Vec<SourceError> {
    let error = |(folder, error): &(PathBuf, super::manifest::ManifestError)| SourceError {
        path: scope.show(&folder.join("Cargo.toml")),
        file: None,
        offset: error.offset,
        message: error.message.clone(),
    };
    scope.manifests.errors.iter().map(error).collect()
}
