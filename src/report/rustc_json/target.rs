//! What cargo would say of the package and the target that a file belongs to.

use std::path::Path;

use serde::Serialize;

use crate::finding::FileId;
use crate::report::uri;
use crate::run::Analysis;
use crate::source::{Package, Target as SourceTarget, TargetKind};

/// The package of a finding in cargo's words.
pub(super) struct Owner {
    /// `path+file:///home/me/shop#0.1.0`, with the name before the version where the folder has another.
    pub(super) package_id: String,
    pub(super) manifest_path: String,
    pub(super) target: Target,
}

#[derive(Debug, Serialize)]
pub(super) struct Target {
    kind: [&'static str; 1],
    crate_types: [&'static str; 1],
    name: String,
    src_path: String,
    edition: String,
    doc: bool,
    doctest: bool,
    test: bool,
}

/// The owner of a file. A rule file belongs to the package that it lies in, or to the first.
pub(super) fn of(analysis: &Analysis, file: FileId) -> Owner {
    let path = analysis.absolute(file).unwrap_or_else(|| analysis.cwd.clone());
    let packages = &analysis.workspace.packages;
    let own = analysis.workspace.file(file).and_then(|file| analysis.workspace.package(file.package));
    let around = || packages.iter().filter(|package| path.starts_with(&package.root)).max_by_key(|p| depth(&p.root));
    match own.or_else(around).or(packages.first()).filter(|package| !package.manifest.as_os_str().is_empty()) {
        Some(package) => owner(package, &path),
        None => nameless(analysis, &path),
    }
}

fn owner(package: &Package, path: &Path) -> Owner {
    let root = shown(&package.root);
    let version = package.version.as_deref().unwrap_or("0.0.0");
    let in_folder_of_its_name = package.root.file_name().is_some_and(|name| name == package.name.as_str());
    let name = if in_folder_of_its_name { String::new() } else { format!("{}@", package.name) };
    let target = match target(package, path) {
        Some(target) => described(target, package.edition),
        None => library(&package.lib_name, &path.display().to_string(), package.edition),
    };
    Owner {
        package_id: format!("path+{}#{name}{version}", uri::file(&root).unwrap_or(root)),
        manifest_path: package.manifest.display().to_string(),
        target,
    }
}

/// Files without a manifest: cargo knows of none, but readers want a name.
fn nameless(analysis: &Analysis, path: &Path) -> Owner {
    let root = shown(&analysis.cwd);
    Owner {
        package_id: format!("path+{}#0.0.0", uri::file(&root).unwrap_or(root)),
        manifest_path: analysis.cwd.join("Cargo.toml").display().to_string(),
        target: library("", &path.display().to_string(), 2021),
    }
}

/// The target whose root this is, else the one whose root lies nearest above; of several the library first.
fn target<'a>(package: &'a Package, path: &Path) -> Option<&'a SourceTarget> {
    let order = |kind: TargetKind| match kind {
        TargetKind::Lib => 0,
        TargetKind::Bin => 1,
        TargetKind::Test | TargetKind::Bench | TargetKind::Example => 2,
        TargetKind::Build => 3,
    };
    let rank = |target: &&SourceTarget| {
        let folder = target.root.parent().unwrap_or(Path::new(""));
        let inside = path.starts_with(folder).then(|| depth(folder));
        (target.root != path, std::cmp::Reverse(inside), order(target.kind))
    };
    package.targets.iter().min_by_key(rank)
}

fn described(target: &SourceTarget, edition: u16) -> Target {
    let (kind, crate_type) = match target.kind {
        TargetKind::Lib => ("lib", "lib"),
        TargetKind::Bin => ("bin", "bin"),
        TargetKind::Test => ("test", "bin"),
        TargetKind::Bench => ("bench", "bin"),
        TargetKind::Example => ("example", "bin"),
        TargetKind::Build => ("custom-build", "bin"),
    };
    let library = target.kind == TargetKind::Lib;
    Target {
        kind: [kind],
        crate_types: [crate_type],
        name: target.name.clone(),
        src_path: target.root.display().to_string(),
        edition: edition.to_string(),
        doc: library || target.kind == TargetKind::Bin,
        doctest: library,
        test: matches!(target.kind, TargetKind::Lib | TargetKind::Bin | TargetKind::Test),
    }
}

fn library(name: &str, path: &str, edition: u16) -> Target {
    Target {
        kind: ["lib"],
        crate_types: ["lib"],
        name: name.to_owned(),
        src_path: path.to_owned(),
        edition: edition.to_string(),
        doc: true,
        doctest: true,
        test: true,
    }
}

fn depth(folder: &Path) -> usize {
    folder.components().count()
}

fn shown(path: &Path) -> String {
    path.display().to_string().replace('\\', "/")
}
