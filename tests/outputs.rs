//! Formats of whole runs: several at once, the one that is chosen by itself, and what stays of a finding when code moves.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const FORMATS: [&str; 13] = [
    "graphical",
    "concise",
    "agent",
    "markdown",
    "json",
    "jsonl",
    "github",
    "sarif",
    "gitlab",
    "junit",
    "checkstyle",
    "rdjson",
    "rustc-json",
];
const SOURCE: &str = "use redis::Commands;\n\npub fn store(con: &mut redis::Connection, id: u64) -> redis::RedisResult<()> {\n    con.set(format!(\"shop:user:{id}\"), 1)\n}\n\npub fn clear(con: &mut redis::Connection) -> redis::RedisResult<()> {\n    con.flushdb()\n}\n";
const MANIFEST: &str =
    "[package]\nname = \"shop\"\nversion = \"1.2.3\"\nedition = \"2024\"\n\n[dependencies]\nredis = \"1\"\n";

/// A repository with one package in a folder.
fn repository() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in [(".git/HEAD", ""), ("shop/Cargo.toml", MANIFEST), ("shop/src/lib.rs", SOURCE)] {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    dir
}

/// Runs in a folder under no environment but the given.
fn run(folder: &Path, variables: &[(&str, &str)], args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cache-lint"));
    command.env_clear().envs(variables.iter().copied()).current_dir(folder).args(args).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn json(folder: &Path, args: &[&str]) -> Value {
    let output = run(folder, &[], &[&["--format", "json"], args].concat());
    serde_json::from_slice(&output.stdout).unwrap()
}

fn fingerprints(report: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let findings = report["findings"].as_array().unwrap();
    findings.iter().map(|finding| (text(&finding["rule"]), text(&finding["fingerprint"]))).collect()
}

#[test]
fn one_run_writes_several_reports_with_the_same_findings() {
    let dir = repository();
    let root = dir.path();
    let args = ["-f", "concise", "--output", "sarif=a.sarif,gitlab=b.json", "--output", "rdjson=c.json", "-q"];
    let output = run(root, &[], &args);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output).lines().count(), 2, "{output:?}");
    let read = |name: &str| -> Value { serde_json::from_slice(&std::fs::read(root.join(name)).unwrap()).unwrap() };
    let (sarif, gitlab, rdjson) = (read("a.sarif"), read("b.json"), read("c.json"));
    let own: Vec<_> = fingerprints(&json(root, &[])).into_iter().map(|(_, print)| print).collect();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let of_sarif: Vec<_> = results.iter().map(|result| result["partialFingerprints"]["cacheLint/v1"].clone()).collect();
    let of_gitlab: Vec<_> = gitlab.as_array().unwrap().iter().map(|issue| issue["fingerprint"].clone()).collect();
    assert_eq!(of_sarif, own);
    assert_eq!(of_gitlab, own);
    assert_eq!(rdjson["diagnostics"].as_array().unwrap().len(), own.len());
}

#[test]
fn services_get_paths_from_the_root_of_the_repository() {
    let dir = repository();
    let inside = dir.path().join("shop");
    let sarif: Value = serde_json::from_str(&text(&run(&inside, &[], &["-f", "sarif"]))).unwrap();
    let place = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "shop/src/lib.rs");
    assert!(text(&run(&inside, &[], &["-f", "gitlab"])).contains("\"path\": \"shop/src/lib.rs\""));
    assert!(text(&run(&inside, &[], &["-f", "github"])).contains("file=shop/src/lib.rs,"));
    assert!(text(&run(&inside, &[], &["-f", "rdjson"])).contains("\"path\": \"src/lib.rs\""));
}

#[test]
fn the_format_fits_the_reader_unless_somebody_says_otherwise() {
    let dir = repository();
    let first = |variables: &[(&str, &str)], args: &[&str]| {
        let output = text(&run(dir.path(), variables, &[&["--only", "flush-command"], args].concat()));
        output.lines().next().unwrap().to_owned()
    };
    let (actions, agent) = (("GITHUB_ACTIONS", "true"), ("CLAUDECODE", "1"));
    assert!(first(&[], &[]).contains("error[flush-command]:"));
    assert!(first(&[actions], &[]).starts_with("::error file=shop/src/lib.rs,"));
    assert!(first(&[agent], &[]).starts_with("shop/src/lib.rs:8:9: error flush-command: "));
    assert!(first(&[agent, actions], &[]).starts_with("shop/src/lib.rs:8:9: error flush-command: "));
    assert!(first(&[actions], &["-f", "concise"]).starts_with("shop/src/lib.rs:8:9: error[flush-command]"));
    assert!(first(&[agent, ("CACHE_LINT_FORMAT", "graphical")], &[]).contains("error[flush-command]:"));
}

/// A variable for checks is no mistake of the other commands.
#[test]
fn a_format_of_findings_in_the_environment_leaves_lists_alone() {
    let dir = repository();
    let files = |format: &str| text(&run(dir.path(), &[("CACHE_LINT_FORMAT", format)], &["files"]));
    assert_eq!(files("sarif"), "shop/src/lib.rs\n");
    assert!(files("json").starts_with('{'));
}

#[test]
fn github_actions_gets_a_step_summary() {
    let dir = repository();
    let summary = dir.path().join("summary.md");
    std::fs::write(&summary, "from before\n").unwrap();
    let variables = [("GITHUB_ACTIONS", "true"), ("GITHUB_STEP_SUMMARY", summary.to_str().unwrap())];
    run(dir.path(), &variables, &[]);
    let written = std::fs::read_to_string(&summary).unwrap();
    assert!(written.starts_with("from before\n### cache-lint: 1 error, "), "{written}");
    assert!(written.contains("| error | [flush-command]("), "{written}");
    run(dir.path(), &variables, &["-f", "concise"]);
    assert_eq!(std::fs::read_to_string(&summary).unwrap(), written, "another format has no summary");
    let nowhere = [("GITHUB_ACTIONS", "true"), ("GITHUB_STEP_SUMMARY", "/nowhere/summary.md")];
    let output = run(dir.path(), &nowhere, &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write the step summary"), "{output:?}");
}

/// The exit code is that of the findings whatever the format.
#[test]
fn every_format_has_the_same_exit_code() {
    let dir = repository();
    for format in FORMATS {
        let code = |args: &[&str]| run(dir.path(), &[], &[&["-f", format], args].concat()).status.code();
        assert_eq!((code(&[]), code(&["--exit-zero"])), (Some(1), Some(0)), "{format}");
        assert_eq!(code(&["--config", "none.toml"]), Some(2), "{format}");
    }
}

/// What an earlier run has left says as much as the sources.
#[test]
fn every_format_is_the_same_out_of_the_cache() {
    let (dir, cache) = (repository(), tempfile::tempdir().unwrap());
    let variables = [("CACHE_LINT_CACHE_DIR", cache.path().to_str().unwrap())];
    for format in FORMATS {
        let printed = || text(&run(dir.path(), &variables, &["-f", format]));
        let plain = text(&run(dir.path(), &[], &["--no-cache", "-f", format]));
        assert_eq!((printed(), printed()), (plain.clone(), plain), "{format}");
    }
}

/// No line, no message and no level is part of a fingerprint.
#[test]
fn fingerprints_stay_when_code_moves_and_levels_change() {
    let dir = repository();
    let before = fingerprints(&json(dir.path(), &[]));
    assert_eq!(before.len(), 2);
    let source = dir.path().join("shop/src/lib.rs");
    std::fs::write(&source, format!("//! New.\n\n// Lines above.\n{SOURCE}\nfn more() {{}}\n")).unwrap();
    let moved = json(dir.path(), &[]);
    assert_eq!(fingerprints(&moved), before);
    assert_eq!(moved["findings"][0]["line"], 7);
    assert_eq!(fingerprints(&json(dir.path(), &["-W", "missing-ttl,flush-command"])), before);
    assert_eq!(fingerprints(&json(&dir.path().join("shop"), &[])), before, "from another folder");
    // A key of another shape is another finding.
    std::fs::write(&source, SOURCE.replace("shop:user:{id}", "shop:user:{id}:name")).unwrap();
    assert_ne!(fingerprints(&json(dir.path(), &[])), before);
}

/// The words of a level and of a message are in no fingerprint; two of one kind in one function are told apart.
#[test]
fn findings_that_are_alike_have_fingerprints_of_their_own() {
    let dir = repository();
    let twice = SOURCE.replace("    con.flushdb()\n", "    let _: () = con.flushdb()?;\n    con.flushdb()\n");
    std::fs::write(dir.path().join("shop/src/lib.rs"), twice).unwrap();
    let prints = fingerprints(&json(dir.path(), &["--only", "flush-command"]));
    assert_eq!(prints.len(), 2);
    assert_ne!(prints[0], prints[1]);
}
