//! The fixtures compile against the real client crates: one that does not proves nothing.
//!
//! Slow the first time, when the client crates are downloaded and compiled; seconds after that. `shapes/glide` is left out:
//! its client brings more crates than all the others together, so it is a workspace by itself.

use std::path::Path;
use std::process::Command;

/// Runs `cargo check` in `fixtures/` and gives what the compiler says when it refuses.
fn check(arguments: &[&str]) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(env!("CARGO"))
        .args(["check", "--locked", "--quiet", "--keep-going", "--all-targets"])
        .args(arguments)
        .current_dir(root.join("fixtures"))
        .env("CARGO_TARGET_DIR", root.join("fixtures/target"))
        .output()
        .map_err(|error| format!("cargo does not run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("`cargo check {}` in fixtures/:\n{}", arguments.join(" "), String::from_utf8_lossy(&output.stderr)))
}

#[test]
#[ignore = "downloads and compiles the client crates; run it with `cargo test --test fixtures -- --ignored`"]
fn fixtures_compile_against_the_client_crates() {
    // The second run takes the other side of every `cfg` in the package that is about them.
    for arguments in [&["--workspace"][..], &["--workspace", "--features", "shapes-scope/cluster"]] {
        if let Err(message) = check(arguments) {
            panic!("{message}");
        }
    }
}
