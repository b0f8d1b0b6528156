//! `cache-lint generate`: the packages of `fixtures/generated/` are what it writes. CI compiles and tests them, and they are
//! linted here.
//!
//! `CACHE_LINT_BLESS=1 cargo test --test generate` writes them anew.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The file, and what it is asked for with.
const MODULES: [(&str, &str); 4] = [
    ("cache_aside.rs", "cache-aside --entity user:profile --version 2 --ttl 15m --type UserProfile --id i64"),
    ("cache_aside_of_a_type.rs", "cache-aside --entity user:session --type crate::model::Session --id token:String"),
    ("invalidation.rs", "invalidation --entity product:detail --version 3 --type Product --id u64"),
    ("write_through.rs", "write-through --entity shop:stock --type Stock --id sku:String"),
];

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/generated/src")
}

fn tool(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cache-lint")).args(arguments).current_dir(folder).output().unwrap()
}

fn generated(request: &str) -> String {
    let arguments: Vec<&str> = std::iter::once("generate").chain(request.split(' ')).collect();
    let output = tool(&sources(), &arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_fixtures_are_what_is_written() {
    for (file, request) in MODULES {
        let (text, path) = (generated(request), sources().join(file));
        if std::env::var_os("CACHE_LINT_BLESS").is_some() {
            fs::write(&path, &text).unwrap();
        }
        let there = fs::read_to_string(&path).unwrap();
        assert!(there == text, "{file} is not what `cache-lint generate {request}` writes");
    }
}

#[test]
fn what_is_written_lints_clean_and_states_its_key() {
    let folder = sources().join("..");
    let output = tool(&folder, &["check", "--deny-warnings", "--min-severity", "note", "--skip", "run"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.starts_with("no findings\n"), "{text}");
    let output = tool(&folder, &["inventory", "--format", "concise"]);
    let text = String::from_utf8_lossy(&output.stdout);
    for key in ["user:v2:profile:{", "user:v1:session:{", "product:v3:detail:{", "shop:v1:stock:{"] {
        assert!(text.contains(key), "{key} is not among the operations:\n{text}");
    }
}

#[test]
fn a_file_is_written_once_and_the_next_steps_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let mut arguments: Vec<&str> = std::iter::once("generate").chain(MODULES[0].1.split(' ')).collect();
    arguments.extend(["--out", "src/services/user_cache.rs"]);
    let output = tool(folder.path(), &arguments);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for step in ["wrote `src/services/user_cache.rs`", "mod user_cache;", "cache-patterns = \"0.1\"", "tokio = "] {
        assert!(said.contains(step), "{said}");
    }
    let written = folder.path().join("src/services/user_cache.rs");
    assert_eq!(fs::read_to_string(&written).unwrap(), generated(MODULES[0].1));
    fs::write(&written, "// mine\n").unwrap();
    let output = tool(folder.path(), &arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && said.contains("--force"), "{said}");
    assert_eq!(fs::read_to_string(&written).unwrap(), "// mine\n");
    arguments.push("--force");
    assert!(tool(folder.path(), &arguments).status.success());
    assert_ne!(fs::read_to_string(&written).unwrap(), "// mine\n");
}

#[test]
fn what_the_rule_file_forbids_is_refused_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("cache-lint.toml"),
        "version = 1\n[class.profile]\nkeys = [\"*:profile:**\"]\nttl = \"15m\"\n",
    )
    .unwrap();
    let request = "generate cache-aside --entity user:profile --ttl 1h --type UserProfile --id i64";
    let output = tool(folder.path(), &request.split(' ').collect::<Vec<_>>());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("longer than the 15m that class `profile` allows (cache-lint.toml, line 4)"), "{said}");
}
