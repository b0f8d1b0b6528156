use std::fs;

use super::{FactsPack, Folder};
use crate::facts::lower::{LowerOptions, Memory as _, lower_all_with};
use crate::source::{LoadOptions, Workspace};

#[test]
fn an_entry_is_given_back_whole_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::at(dir.path().join("below/here"));
    assert_eq!(folder.read("a"), None);
    folder.write("a", b"payload");
    folder.write("empty", b"");
    assert_eq!(folder.read("a").as_deref(), Some(&b"payload"[..]));
    assert_eq!(folder.read("empty").as_deref(), Some(&b""[..]));
    let path = folder.path().join("a.entry");
    let bytes = fs::read(&path).unwrap();
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        fs::write(&path, &damaged).unwrap();
        assert_eq!(folder.read("a"), None, "byte {at}");
        fs::write(&path, &bytes[..at]).unwrap();
        assert_eq!(folder.read("a"), None, "cut at {at}");
    }
    fs::write(folder.path().join("b.entry"), &bytes).unwrap();
    assert_eq!(folder.read("b"), None);
}

#[test]
fn the_oldest_entries_go_first() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::at(dir.path().to_path_buf()).with_most(400);
    for name in ["a", "b", "c", "d"] {
        folder.write(name, &[0; 100]);
        std::thread::sleep(std::time::Duration::from_millis(15));
    }
    let left: Vec<bool> = ["a", "b", "c", "d"].iter().map(|name| folder.read(name).is_some()).collect();
    // Each takes 140 bytes with its head.
    assert_eq!(left, [false, false, true, true]);
}

/// Facts out of the pack are those that lowering would give, also where macros of other files are at work.
#[test]
fn facts_are_those_of_the_text_and_the_macros_around_it() {
    let dir = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("Cargo.toml", "[package]\nname = \"a\"\n[dependencies]\nredis = \"1\"\n");
    write("src/lib.rs", "#[macro_use] mod m;\nfn f() { put!(1); }\n");
    write("src/m.rs", "macro_rules! put { ($e:expr) => { set($e, 1) } }\n");
    let folder = Folder::at(dir.path().join("cache"));
    let load = || {
        let cwd = dir.path().to_path_buf();
        Workspace::load(&LoadOptions { cwd, client_crates: vec!["redis".to_owned()], ..LoadOptions::default() })
            .unwrap()
    };
    let run = || {
        let workspace = load();
        let pack = FactsPack::open(&folder, dir.path());
        let facts = lower_all_with(&workspace, Some(&pack));
        pack.close();
        assert_eq!(facts, lower_all_with(&workspace, None));
        facts.0
    };
    let first = run();
    assert_eq!(run(), first);
    write("src/m.rs", "macro_rules! put { ($e:expr) => { set_ex($e, 1) } }\n");
    let second = run();
    assert!(second != first && run() == second);
}

#[test]
fn facts_that_nobody_asks_for_are_dropped_in_time() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::at(dir.path().to_path_buf());
    let ask = |text: &str| {
        let pack = FactsPack::open(&folder, dir.path());
        let known = pack.recall(text, &[]).is_some();
        if !known {
            pack.keep(text, &[], &crate::facts::lower::lower_text(text, &LowerOptions::default()).unwrap());
        }
        pack.close();
        known
    };
    assert!(!ask("fn kept() {}") && ask("fn kept() {}"));
    for number in 0..40 {
        assert!(!ask(&format!("fn f{number}() {{}}")));
    }
    assert!(!ask("fn kept() {}"));
    assert!(ask("fn f39() {}"));
}
