//! Whole trees on the disk, loaded.

mod files;
mod packages;

use std::fs;
use std::path::PathBuf;

use super::*;

/// A folder with files, gone at the end of the test.
struct Tree {
    dir: tempfile::TempDir,
}

impl Tree {
    fn new(files: &[(&str, &str)]) -> Self {
        let tree = Self { dir: tempfile::tempdir().unwrap() };
        for (path, text) in files {
            tree.write(path, text.as_bytes());
        }
        tree
    }

    fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn options(&self, paths: &[&str]) -> LoadOptions {
        LoadOptions {
            paths: paths.iter().map(PathBuf::from).collect(),
            cwd: self.dir.path().to_path_buf(),
            client_crates: ["redis", "deadpool-redis", "valkey-glide"].map(String::from).to_vec(),
            client_words: vec!["redis".to_owned()],
            ..LoadOptions::default()
        }
    }

    fn load(&self, paths: &[&str]) -> Workspace {
        Workspace::load(&self.options(paths)).unwrap()
    }
}

/// One line per file: path, package, and `s`elected, `t`est, `c`ontent.
fn shown(workspace: &Workspace) -> Vec<String> {
    let flags = |file: &SourceFile| {
        let flags = [(file.selected, 's'), (file.test, 't'), (file.content.is_some(), 'c')];
        flags.into_iter().filter_map(|(set, flag)| set.then_some(flag)).collect::<String>()
    };
    let name = |file: &SourceFile| workspace.package(file.package).unwrap().name.clone();
    workspace.files.iter().map(|file| format!("{} {} {}", file.path, name(file), flags(file))).collect()
}

fn package<'a>(workspace: &'a Workspace, name: &str) -> &'a Package {
    workspace.packages.iter().find(|package| package.name == name).unwrap()
}

fn relevant(workspace: &Workspace) -> Vec<&str> {
    workspace.packages.iter().filter(|package| package.relevant).map(|package| package.name.as_str()).collect()
}

/// `alias = package@version` with `dev` and the local package's name.
fn dependencies(workspace: &Workspace, name: &str) -> Vec<String> {
    let show = |used: &Dependency| {
        let version = used.version.as_deref().unwrap_or("?");
        let local = used.local.map(|id| format!(" -> {}", workspace.package(id).unwrap().name)).unwrap_or_default();
        let dev = if used.dev_only { " dev" } else { "" };
        format!("{} = {}@{version}{local}{dev}", used.alias, used.package)
    };
    package(workspace, name).dependencies.iter().map(show).collect()
}

const USES_REDIS: &str = "[package]\nname = \"app\"\nedition = \"2021\"\n[dependencies]\nredis = \"0.25\"\n";
