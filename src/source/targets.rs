//! The targets of a package: declared, and discovered by cargo's rules for where files lie.

use std::path::{Path, PathBuf};

use rustc_hash::{FxHashMap, FxHashSet};

use super::manifest::{DeclaredTarget, Manifest};
use super::{Package, PackageId, Target, TargetKind};
use crate::disk;

/// A kind of target, its table in the manifest, the switch of its discovery, and the folders where it is discovered.
const KINDS: [(TargetKind, &str, &str, &[&str]); 4] = [
    (TargetKind::Bin, "bin", "autobins", &["src", "bin"]),
    (TargetKind::Test, "test", "autotests", &["tests"]),
    (TargetKind::Bench, "bench", "autobenches", &["benches"]),
    (TargetKind::Example, "example", "autoexamples", &["examples"]),
];

/// The targets of the package that `manifest` declares and whose files are `sources`, as far as their root exists.
pub(super) fn targets_of(manifest: &Manifest, sources: &[&Path]) -> Vec<Target> {
    let mut targets = Targets { folder: &manifest.folder, sources, found: Vec::new() };
    let name = manifest.name();

    let lib = manifest.lib();
    let declared_path = lib.as_ref().and_then(|lib| lib.path.clone());
    if lib.is_some() || manifest.discovers("autolib") {
        let lib_name = lib.and_then(|lib| lib.name).unwrap_or_else(|| name.replace('-', "_"));
        let path = declared_path.unwrap_or_else(|| manifest.folder.join("src/lib.rs"));
        targets.add(TargetKind::Lib, lib_name, path);
    }
    for (kind, table, switch, folders) in KINDS {
        for declared in manifest.targets(table) {
            targets.add_declared(kind, declared, folders);
        }
        if manifest.discovers(switch) {
            if kind == TargetKind::Bin {
                targets.add(kind, name.clone(), manifest.folder.join("src/main.rs"));
            }
            targets.discover(kind, folders);
        }
    }
    if let Some(path) = manifest.build_script() {
        targets.add(TargetKind::Build, "build-script-build".to_owned(), path);
    }
    targets.found
}

struct Targets<'a> {
    folder: &'a Path,
    /// Sorted by their bytes.
    sources: &'a [&'a Path],
    found: Vec<Target>,
}

impl Targets<'_> {
    fn exists(&self, path: &Path) -> bool {
        // A root may lie outside of the package, or be ignored by git (generated code).
        self.sources.binary_search_by(|source| source.as_os_str().cmp(path.as_os_str())).is_ok()
            || (!path.starts_with(self.folder.join("src")) && disk::is_file(path))
    }

    /// Adds a target unless its root is missing or is that of another one of its kind.
    fn add(&mut self, kind: TargetKind, name: String, root: PathBuf) -> bool {
        let known = self.found.iter().any(|target| target.kind == kind && target.root == root);
        let exists = known || self.exists(&root);
        if exists && !known {
            self.found.push(Target { kind, name, root });
        }
        exists
    }

    fn add_declared(&mut self, kind: TargetKind, declared: DeclaredTarget, folders: &[&str]) {
        let name = declared.name.unwrap_or_default();
        if let Some(path) = declared.path {
            self.add(kind, name, path);
            return;
        }
        let base = self.folder.join(folders.iter().collect::<PathBuf>());
        let mut candidates = vec![base.join(format!("{name}.rs")), base.join(&name).join("main.rs")];
        if kind == TargetKind::Bin {
            candidates.push(self.folder.join("src/main.rs"));
        }
        for path in candidates {
            if self.add(kind, name.clone(), path) {
                return;
            }
        }
    }

    /// `folder/*.rs` and `folder/*/main.rs`.
    fn discover(&mut self, kind: TargetKind, folders: &[&str]) {
        let base = self.folder.join(folders.iter().collect::<PathBuf>());
        // With its separator at the end, so that `bin-old/` is not among what begins with `bin`.
        let first = base.join("");
        let from = self.sources.partition_point(|path| path.as_os_str() < first.as_os_str());
        let below = self.sources[from..].iter().take_while(|path| path.starts_with(&base));
        let roots: Vec<_> = below
            .filter_map(|path| {
                let mut rest = path.strip_prefix(&base).ok()?.components();
                let (first, second, third) = (rest.next()?, rest.next(), rest.next());
                let name = match (second, third) {
                    (None, None) => Path::new(&first).file_stem()?,
                    (Some(file), None) if file.as_os_str() == "main.rs" => first.as_os_str(),
                    _ => return None,
                };
                Some((name.to_string_lossy().into_owned(), path.to_path_buf()))
            })
            .collect();
        for (name, root) in roots {
            self.add(kind, name, root);
        }
    }
}

/// Packages that are there for the tests of others, told by their names: no program, and nothing but tests depends on
/// them.
pub(super) fn for_tests(packages: &[Package]) -> FxHashSet<PackageId> {
    const KINDS: &[&str] = &["test", "tests", "testing", "e2e", "bench", "benches", "benchmark", "benchmarks"];
    let named = |package: &&Package| package.name.split(['-', '_']).any(|word| KINDS.contains(&word));
    let is_program = |package: &Package| package.targets.iter().any(|target| target.kind == TargetKind::Bin);
    let mut found: FxHashSet<PackageId> =
        packages.iter().filter(named).filter(|package| !is_program(package)).map(|package| package.id).collect();
    // One that a program uses is part of it; and so is what that one uses.
    loop {
        let users = packages.iter().filter(|package| !found.contains(&package.id));
        let used: Vec<PackageId> = users
            .flat_map(|package| &package.dependencies)
            .filter(|dependency| !dependency.dev_only)
            .filter_map(|dependency| dependency.local.filter(|local| found.contains(local)))
            .collect();
        if used.is_empty() {
            // A repository of nothing else is about them.
            return if found.len() == packages.len() { FxHashSet::default() } else { found };
        }
        used.iter().for_each(|id| {
            found.remove(id);
        });
    }
}

/// The packages that a program of the run is made of: those with a binary, or that are `loaded` by programs in other
/// languages, and what these depend on. A program among a library's examples shows how others use it.
pub(super) fn by_programs(packages: &[Package], loaded: impl Fn(&Package) -> bool) -> FxHashSet<PackageId> {
    let by_id: FxHashMap<PackageId, &Package> = packages.iter().map(|package| (package.id, package)).collect();
    let is_program =
        |package: &&Package| loaded(package) || package.targets.iter().any(|target| target.kind == TargetKind::Bin);
    let mut used = FxHashSet::default();
    for program in packages.iter().filter(is_program) {
        let mut seen = FxHashSet::from_iter([program.id]);
        let mut open = vec![program];
        while let Some(package) = open.pop() {
            if !is_example_for(program, package) {
                used.insert(package.id);
            }
            let direct = package.dependencies.iter().filter(|dependency| !dependency.dev_only);
            let local = direct.filter_map(|dependency| by_id.get(&dependency.local?).copied());
            open.extend(local.filter(|package| seen.insert(package.id)));
        }
    }
    used
}

/// Whether `program` lies in a folder of examples, seen from `library`.
fn is_example_for(program: &Package, library: &Package) -> bool {
    let shared = program.root.components().zip(library.root.components()).take_while(|(a, b)| a == b).count();
    let own = program.root.components().skip(shared);
    own.filter_map(|part| part.as_os_str().to_str()).any(|part| matches!(part, "example" | "examples"))
}

/// Whether `file` belongs to tests, benches or examples by its place: in the folder of that name, or in the folder of
/// a declared target of these kinds, unless it is itself the root of a library, program or build script.
pub(super) fn is_test(package: &Path, targets: &[Target], file: &Path) -> bool {
    let of_tests = |kind| matches!(kind, TargetKind::Test | TargetKind::Bench | TargetKind::Example);
    if let Some(target) = targets.iter().find(|target| target.root.as_os_str() == file.as_os_str()) {
        return of_tests(target.kind);
    }
    let first = file.strip_prefix(package).ok().and_then(|rest| rest.components().next());
    if first.is_some_and(|first| ["tests", "benches", "examples"].iter().any(|name| first.as_os_str() == *name)) {
        return true;
    }
    let mut folders = targets.iter().filter(|target| of_tests(target.kind)).filter_map(|target| target.root.parent());
    folders.any(|folder| {
        let shared = targets.iter().any(|target| !of_tests(target.kind) && target.root.starts_with(folder));
        folder != package && !shared && file.starts_with(folder)
    })
}
