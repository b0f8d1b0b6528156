//! The hooks of `.pre-commit-hooks.yaml`, run by pre-commit itself in a repository that takes them in.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod repository;

use std::path::{Path, PathBuf};
use std::process::Command;

use repository::Repository;

const MANIFEST: &str = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
                        [dependencies]\nredis = \"1\"\n";
const GOOD: &str = "use redis::AsyncCommands;\n\npub async fn put(con: &mut redis::aio::MultiplexedConnection, id: i64) \
                    -> redis::RedisResult<()> {\n    con.set_ex(format!(\"app:cache:{id}\"), \"x\", 900).await\n}\n";

/// Where `test.sh` has installed pre-commit, or where the machine has it.
fn pre_commit() -> PathBuf {
    let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/pre-commit/bin/pre-commit");
    if installed.is_file() { installed } else { PathBuf::from("pre-commit") }
}

/// pre-commit in `repository`, with the built tool on the PATH.
fn run(repository: &Repository, args: &[&str]) -> (Option<i32>, String) {
    let tool = Path::new(env!("CARGO_BIN_EXE_cache-lint")).parent().unwrap();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(tool.to_path_buf()).chain(std::env::split_paths(&path))).unwrap();
    let mut command: Command = repository.command(pre_commit().to_str().unwrap());
    command.args(args).env("PATH", path).env("PRE_COMMIT_HOME", repository.root().join(".git/pre-commit"));
    let output = command.output().unwrap_or_else(|error| panic!("pre-commit cannot be run ({error}); see test.sh"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), text)
}

#[test]
#[ignore = "needs pre-commit, which test.sh installs"]
fn a_commit_without_a_ttl_is_stopped_and_one_with_it_passes() {
    // What pre-commit clones: this repository, as far as it reads it.
    let hooks = Repository::new();
    hooks.copy(".pre-commit-hooks.yaml", ".pre-commit-hooks.yaml");
    hooks.commit();
    let rev = hooks.git(&["rev-parse", "HEAD"]).stdout;

    let repository = Repository::new();
    let config = format!(
        "repos:\n  - repo: {}\n    rev: {}\n    hooks:\n      - id: cache-lint-system\n",
        hooks.root().display(),
        rev.trim()
    );
    repository.write(".pre-commit-config.yaml", &config);
    repository.write("Cargo.toml", MANIFEST);
    repository.write("src/lib.rs", GOOD);
    repository.commit();
    let (code, said) = run(&repository, &["install"]);
    assert_eq!(code, Some(0), "{said}");

    repository.write("src/lib.rs", &GOOD.replace("set_ex", "set").replace(", 900", ""));
    repository.git(&["add", "--all"]);
    let (code, said) = run(&repository, &["run"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("missing-ttl") && said.contains("exit code: 1"), "{said}");

    // The commit is about what is staged, whatever lies in the work tree meanwhile.
    repository.write("src/lib.rs", &GOOD.replace("900", "600"));
    let (code, said) = run(&repository, &["run"]);
    assert_eq!(code, Some(1), "{said}");

    repository.git(&["add", "--all"]);
    let (code, said) = run(&repository, &["run"]);
    assert!(code == Some(0) && said.contains("Passed"), "{said}");

    // Nothing that concerns it: it is not even started.
    repository.commit();
    repository.write("README.md", "nothing\n");
    repository.git(&["add", "--all"]);
    let (code, said) = run(&repository, &["run"]);
    assert!(code == Some(0) && said.contains("Skipped"), "{said}");
}
