//! Real code: everything that cargo has unpacked on this machine.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use crate::facts::lower::lower_all;
use crate::finding::FileId;
use crate::source::{Content, Package, PackageId, SourceFile, Workspace};
use crate::text::LineIndex;

fn sources() -> Vec<(PathBuf, String)> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")));
    let root = home.expect("a home").join("registry/src");
    walkdir::WalkDir::new(root)
        .sort_by_file_name()
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "rs"))
        .filter_map(|entry| Some((entry.path().to_owned(), std::fs::read_to_string(entry.path()).ok()?)))
        .collect()
}

/// Run by hand: `cargo test --lib registry -- --ignored --nocapture`.
#[test]
#[ignore = "takes what happens to be unpacked on the machine"]
fn every_unpacked_crate_lowers() {
    let sources = sources();
    let bytes: usize = sources.iter().map(|(_, text)| text.len()).sum();
    let mut workspace = Workspace::default();
    let mut roots: Vec<PathBuf> = Vec::new();
    for (index, (path, text)) in sources.into_iter().enumerate() {
        let root: PathBuf = path
            .ancestors()
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .skip_while(|ancestor| {
                !ancestor.ends_with("src") || !ancestor.parent().is_some_and(|it| it.ends_with("registry"))
            })
            .nth(2)
            .expect("a crate")
            .to_owned();
        if roots.last() != Some(&root) {
            roots.push(root.clone());
            workspace.packages.push(Package {
                id: PackageId(roots.len() as u32 - 1),
                name: root.display().to_string(),
                lib_name: "lib".to_owned(),
                manifest: PathBuf::new(),
                root,
                edition: 2021,
                dependencies: Vec::new(),
                targets: Vec::new(),
                relevant: true,
                open: false,
                supplies: false,
                version: None,
            });
        }
        workspace.files.push(SourceFile {
            id: FileId(index as u32),
            path: path.display().to_string(),
            absolute: path,
            package: PackageId(roots.len() as u32 - 1),
            test: false,
            selected: true,
            content: Some(Content { lines: Arc::new(LineIndex::new(&text)), text: text.into() }),
        });
    }
    let start = Instant::now();
    let (facts, errors) = lower_all(&workspace);
    let time = start.elapsed();
    let unresolved: usize = facts.iter().flatten().map(|facts| facts.unresolved_macros.len()).sum();
    println!("{} files, {} kB, {time:?}, {unresolved} unresolved macros", facts.len(), bytes / 1000);
    for error in &errors {
        println!("{}:{:?}: {}", error.path, error.offset, error.message);
    }
    assert!(errors.len() * 200 < facts.len(), "{} of {} files do not parse", errors.len(), facts.len());
}
