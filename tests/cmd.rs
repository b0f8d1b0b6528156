//! The command line as users see it: help, formats, exit codes, and the message of every error path.
//!
//! `TRYCMD=overwrite cargo test --test cmd` takes over new outputs; read them before they are committed.

#[test]
fn the_command_line_answers_as_written() {
    trycmd::TestCases::new()
        .env("NO_COLOR", "1")
        .env("CACHE_LINT_CACHE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"))
        .env("CACHE_LINT_FORMAT", "graphical")
        .env("GITHUB_STEP_SUMMARY", "")
        .env("SOURCE_DATE_EPOCH", "1781481600")
        .case("tests/cmd/*.trycmd")
        .case("tests/cmd/*.toml");
}

/// A reader that leaves early (`| head`) is no fault: no message, and the exit code of the findings.
#[test]
fn a_closed_pipe_ends_the_tool_quietly() {
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_cache-lint"))
        .args(["explain", "missing-ttl"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

/// Text from standard input is checked as if it lay at the named place.
#[test]
fn standard_input_is_checked_in_its_place() {
    let source = std::fs::read_to_string("tests/cmd/check.in/src/lib.rs").unwrap();
    let assert = snapbox::cmd::Command::new(snapbox::cmd::cargo_bin!("cache-lint"))
        .current_dir("tests/cmd/check.in")
        .args(["-", "--stdin-filename", "src/lib.rs", "--format", "concise", "--quiet", "--skip", "run"])
        .stdin(source)
        .assert();
    assert.code(1).stdout_eq("src/lib.rs:[..]: error[missing-ttl] [..]\n").stderr_eq("");
}

#[test]
fn paths_are_taken_from_a_list() {
    let list = |text: &str| {
        snapbox::cmd::Command::new(snapbox::cmd::cargo_bin!("cache-lint"))
            .current_dir("tests/cmd/check.in")
            .args(["files", "--files-from", "-"])
            .stdin(text.to_owned())
            .assert()
    };
    list("src/lib.rs\n\nsrc/legacy.rs\n").success().stdout_eq("src/legacy.rs\nsrc/lib.rs\n");
    list("\n").code(2).stderr_eq("error: there is nothing to check: `-` lists no path\n");
}

/// What is written is the template, to the byte, and shown; what is there already is left alone.
#[test]
fn a_rule_file_is_written_once() {
    let dir = tempfile::tempdir().unwrap();
    let template = include_str!("../rules/template.toml");
    let init = |args: &[&str]| {
        let tool = snapbox::cmd::Command::new(snapbox::cmd::cargo_bin!("cache-lint"));
        tool.current_dir(dir.path()).arg("init").args(args).output().unwrap()
    };
    let written = || std::fs::read_to_string(dir.path().join("cache-lint.toml")).unwrap();
    let shown = init(&["--stdout"]);
    assert_eq!(String::from_utf8_lossy(&shown.stdout), template);
    assert!(!dir.path().join("cache-lint.toml").exists());

    let first = init(&[]);
    assert!(first.status.success() && String::from_utf8_lossy(&first.stdout).contains(template));
    assert_eq!(written(), template);

    std::fs::write(dir.path().join("cache-lint.toml"), "version = 1\n").unwrap();
    assert_eq!(init(&[]).status.code(), Some(2));
    assert_eq!(written(), "version = 1\n");
    assert!(init(&["--force"]).status.success());
    assert_eq!(written(), template);

    std::fs::write(dir.path().join(".cache-lint.toml"), "version = 1\n").unwrap();
    assert_eq!(init(&["--force"]).status.code(), Some(2));
}
