//! What must not compile, with the message that a newcomer reads.
//!
//! The compiler's wording changes from version to version. So the files `tests/ui/*.stderr` are compared only by the Rust
//! that wrote them; every other one has to refuse the same programs, with the words after `// says:` at their end, or
//! else the first line of their `.stderr`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// The Rust that wrote `tests/ui/*.stderr`.
const WRITTEN_BY: &str = "1.95";

struct Program {
    path: PathBuf,
    name: String,
    /// What its refusal contains, whatever the compiler's version.
    says: String,
}

fn programs() -> Vec<Program> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut programs: Vec<Program> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let (text, message) = (read(&path), read(&path.with_extension("stderr")));
            let says = text.lines().find_map(|line| line.strip_prefix("// says: "));
            let first = message.lines().next().and_then(|line| line.split_once(": ")).map_or("", |(_, words)| words);
            let says = says.unwrap_or(first).trim().to_owned();
            Program { path, name, says }
        })
        .collect();
    programs.sort_by(|a, b| a.name.cmp(&b.name));
    programs
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// `rustc 1.95.0 (…)` is `1.95`.
fn minor(version: &str) -> Option<String> {
    let mut parts = version.split_whitespace().nth(1)?.split('.');
    Some(format!("{}.{}", parts.next()?, parts.next()?))
}

fn this_rust() -> Option<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output().ok()?;
    minor(&String::from_utf8_lossy(&output.stdout))
}

/// Compiles the programs as the binaries of a package of their own, each of which has to be refused.
fn are_refused(programs: &[Program]) {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("misuse");
    std::fs::create_dir_all(folder.join("src")).unwrap();
    let mut manifest = format!(
        "[workspace]\n[package]\nname = \"misuse\"\nversion = \"0.0.0\"\nedition = \"2024\"\nautobins = false\n\
         [lib]\n[dependencies]\ncache-patterns = {{ path = {here:?} }}\nserde = {{ version = \"1\", features = \
         [\"derive\"] }}\n"
    );
    for Program { name, path, .. } in programs {
        manifest.push_str(&format!("[[bin]]\nname = {name:?}\npath = {path:?}\n"));
    }
    std::fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    std::fs::write(folder.join("src/lib.rs"), "").unwrap();
    // The versions that the workspace has fetched already.
    std::fs::copy(here.join("../Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let check = |what: &[&str]| {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["check", "--offline", "--quiet", "--color", "never", "--target-dir"]).arg(folder.join("target"));
        let output = cargo.args(what).current_dir(&folder).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (built, message) = check(&["--lib"]);
    assert!(built, "what the programs need does not build:\n{message}");
    for Program { name, says, .. } in programs {
        let (compiled, message) = check(&["--bin", name]);
        assert!(!compiled, "{name} compiles");
        assert!(message.contains(says.as_str()), "{name} is refused without `{says}`:\n{message}");
    }
}

#[test]
fn misuse_does_not_compile() {
    let overwrite = std::env::var("TRYBUILD").is_ok_and(|wish| wish == "overwrite");
    if overwrite || this_rust().as_deref() == Some(WRITTEN_BY) {
        trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
    } else {
        are_refused(&programs());
    }
}

/// So that the words that other compilers are held to are not forgotten or misspelt.
#[test]
fn the_written_messages_contain_what_every_compiler_has_to_say() {
    for Program { name, says, path } in programs() {
        assert!(says.len() > 10, "{name}: `{says}` says too little");
        assert!(read(&path.with_extension("stderr")).contains(&says), "{name}.stderr does not contain `{says}`");
    }
}

#[test]
fn a_version_is_read_from_what_rustc_says_of_itself() {
    assert_eq!(minor("rustc 1.95.0 (59807616e 2026-04-14)").as_deref(), Some("1.95"));
    assert_eq!(minor("rustc 1.98.0-nightly (0 2026-07-01)").as_deref(), Some("1.98"));
    assert_eq!(minor(""), None);
}
