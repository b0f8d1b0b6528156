//! The fixtures compile against the real client crates: one that does not proves nothing.

use std::path::Path;
use std::process::Command;

#[test]
#[ignore = "downloads and compiles the client crates; run it with `cargo test --test fixtures -- --ignored`"]
fn fixtures_compile() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let status = Command::new(env!("CARGO"))
        .args(["check", "--workspace", "--all-targets", "--locked", "--quiet"])
        .current_dir(&fixtures)
        .env("CARGO_TARGET_DIR", fixtures.join("target"))
        .status()
        .expect("cargo runs");
    assert!(status.success(), "cargo check fails in {}", fixtures.display());
}
