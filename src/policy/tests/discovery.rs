//! Which rule file holds for a folder.

use std::fs;
use std::path::Path;

use super::VOCABULARY;
use crate::policy::{Policy, PolicyOptions};

/// A folder with files, of which those that end in `/` are folders.
fn tree(files: &[&str]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for file in files {
        let (name, text) = file.split_once('=').unwrap_or((file, ""));
        let path = root.path().join(name);
        if name.ends_with('/') {
            fs::create_dir_all(path).unwrap();
        } else {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text.replace(';', "\n")).unwrap();
        }
    }
    root
}

/// The rule file that holds for `start`, relative to the tree; what is wrong, if something is; `default` for none.
fn found(root: &Path, start: &str) -> String {
    let options = PolicyOptions { start: root.join(start), ..PolicyOptions::default() };
    let short =
        |text: &str| text.replace(&format!("{}/", root.display()), "").replace(&root.display().to_string(), ".");
    match Policy::load(&options, &VOCABULARY) {
        Ok(policy) if policy.sources[0].embedded => "default".to_owned(),
        Ok(policy) => short(&policy.sources[0].path),
        Err(errors) => short(&format!("{}: {}", errors[0].path, errors[0].message)),
    }
}

#[test]
fn the_nearest_folder_wins_up_to_the_root_of_the_repository() {
    let root =
        tree(&["cache-lint.toml", "repo/.git/", "repo/a/cache-lint.toml", "repo/a/b/src/main.rs", "repo/c/src/"]);
    assert_eq!(found(root.path(), "repo/a/b/src"), "repo/a/cache-lint.toml");
    assert_eq!(
        found(root.path(), "repo/a/b/src/main.rs"),
        "repo/a/cache-lint.toml",
        "a file is looked up from its folder"
    );
    assert_eq!(found(root.path(), "repo/c/src"), "default", "what lies above the repository does not count");
}

#[test]
fn without_a_repository_the_workspace_bounds_the_search() {
    let root = tree(&[
        "cache-lint.toml",
        "ws/Cargo.toml=[workspace];members = [\"a\"]",
        "ws/.cache-lint.toml",
        "ws/a/Cargo.toml=[package];name = \"a\"",
        "ws/a/src/",
        "lone/Cargo.toml=[package];name = \"workspace\"",
        "lone/src/",
        "bare/src/",
    ]);
    assert_eq!(found(root.path(), "ws/a/src"), "ws/.cache-lint.toml");
    assert_eq!(found(root.path(), "lone/src"), "default", "a package bounds it as well");
    assert_eq!(
        found(root.path(), "bare/src"),
        "default",
        "and where there is neither, only the folder itself is looked at"
    );
    assert_eq!(found(root.path(), "."), "cache-lint.toml");
}

#[test]
fn four_places_in_a_folder_may_hold_the_rules() {
    for (file, shown) in [
        ("cache-lint.toml", "cache-lint.toml"),
        (".cache-lint.toml", ".cache-lint.toml"),
        (".config/cache-lint.toml", ".config/cache-lint.toml"),
        ("Cargo.toml=[workspace.metadata.cache-lint];version = 1", "Cargo.toml"),
        ("Cargo.toml=[package.metadata.cache-lint];version = 1", "Cargo.toml"),
    ] {
        let root = tree(&[".git/", file, "src/"]);
        assert_eq!(found(root.path(), "src"), shown);
    }
}

#[test]
fn two_rule_files_in_one_folder_are_a_mistake_that_names_both() {
    let root = tree(&[".git/", "cache-lint.toml", ".config/cache-lint.toml", "src/"]);
    assert_eq!(
        found(root.path(), "src"),
        ".: more than one rule file in one folder: `cache-lint.toml` and `.config/cache-lint.toml`"
    );
    let root = tree(&[".git/", ".cache-lint.toml", "Cargo.toml=[package.metadata.cache-lint]", "src/"]);
    assert_eq!(
        found(root.path(), "src"),
        ".: more than one rule file in one folder: `.cache-lint.toml` and `Cargo.toml [package.metadata.cache-lint]`"
    );
}

#[test]
fn rules_in_a_manifest_have_places_in_the_manifest() {
    let root = tree(&["Cargo.toml=[package];name = \"a\";[package.metadata.cache-lint.ttl];max = \"soon\""]);
    let options = PolicyOptions { start: root.path().to_path_buf(), ..PolicyOptions::default() };
    let errors = Policy::load(&options, &VOCABULARY).unwrap_err();
    let position = errors[0].position().unwrap();
    assert_eq!((position.line, position.column, errors[0].message.as_str()), (4, 7, "`soon` is no duration"));
}

#[test]
fn isolated_looks_at_nothing_and_a_named_file_beats_what_would_be_found() {
    let root = tree(&[".git/", "cache-lint.toml=[ttl];max = \"1h\"", "other.toml=[ttl];max = \"2h\""]);
    let load = |config: Option<&str>, isolated| {
        let config = config.map(|name| root.path().join(name));
        let options = PolicyOptions { config, isolated, start: root.path().to_path_buf(), cwd: None };
        Policy::load(&options, &VOCABULARY).unwrap().ttl.max.map(|max| max.value)
    };
    assert_eq!(load(None, false), Some(3_600_000));
    assert_eq!(load(None, true), None);
    assert_eq!(load(Some("other.toml"), false), Some(7_200_000));
    assert_eq!(load(Some("other.toml"), true), None);
}

#[test]
fn paths_in_the_config_folder_are_relative_to_the_folder_above() {
    let root = tree(&[".git/", ".config/cache-lint.toml=[paths];exclude = [\"src/gen/**\"]", "src/"]);
    let start = root.path().canonicalize().unwrap();
    let options = PolicyOptions { start: start.clone(), ..PolicyOptions::default() };
    let policy = Policy::load(&options, &VOCABULARY).unwrap();
    assert!(policy.is_excluded(&start.join("src/gen/a.rs")));
    assert!(!policy.is_excluded(&start.join(".config/src/gen/a.rs")));
}

#[test]
fn a_file_that_is_no_text_is_told() {
    let root = tree(&[".git/"]);
    fs::write(root.path().join("cache-lint.toml"), [0xff, 0xfe, 0x00]).unwrap();
    let told = found(root.path(), "");
    assert!(told.ends_with("it is no UTF-8 text"), "{told}");
}
