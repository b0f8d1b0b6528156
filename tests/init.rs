//! `cache-lint init`, `rules-md`, `completions`, `man` in a repository: what is written fits, is shown first, and leaves
//! alone what is there.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod repository;

use std::collections::BTreeMap;

use repository::{Repository, Said};
use serde_json::Value;

/// The demo shop as it would be before anybody has heard of the tool.
fn shop() -> Repository {
    let repository = Repository::new();
    repository.copy("fixtures/shop", "");
    std::fs::remove_file(repository.root().join("cache-lint.toml")).unwrap();
    repository.commit();
    repository
}

fn findings(said: &Said) -> BTreeMap<String, usize> {
    let report: Value = serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {}", said.all()));
    let mut counts = BTreeMap::new();
    for finding in report["findings"].as_array().unwrap() {
        *counts.entry(finding["rule"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    counts
}

#[track_caller]
fn succeeds(said: &Said) {
    assert_eq!(said.code, Some(0), "{}", said.all());
}

#[test]
fn the_rule_file_fits_the_code() {
    let repository = shop();
    let before = findings(&repository.lint(&["check", "--format", "json"]));
    succeeds(&repository.lint(&["init"]));
    let text = repository.read("cache-lint.toml");
    insta::assert_snapshot!(text.split("# Error, warn").next().unwrap());

    succeeds(&repository.lint(&["config"]));
    let after = findings(&repository.lint(&["check", "--format", "json"]));
    assert!(after.values().sum::<usize>() < before.values().sum::<usize>(), "{before:?} {after:?}");
    assert_eq!((after.get("ttl-policy"), after.get("unused-policy-entry")), (None, None), "{after:?}");
    for (rule, count) in &after {
        assert!(before.get(rule).is_some_and(|known| known >= count), "{rule}: {before:?} {after:?}");
    }

    let keys = repository.lint(&["inventory", "--by-key", "--format", "json"]);
    let keys: Value = serde_json::from_str(&keys.stdout).unwrap();
    let class = |key: &str| {
        let row = keys["keys"].as_array().unwrap().iter().find(|row| row["key"] == key).unwrap();
        row["class"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(class("shop:v3:product:{id}"), "product");
    assert_eq!(class("jobs:v1:confirmation:pending"), "jobs-confirmation-pending");
}

/// Nothing to fit: the general file. (`tests/cmd.rs` holds it to the byte.)
#[test]
fn code_without_redis_gets_the_general_rule_file() {
    let repository = Repository::new();
    repository.write("src/lib.rs", "pub fn nothing() {}\n");
    let said = repository.lint(&["init", "--stdout"]);
    assert_eq!(said.stdout, include_str!("../rules/template.toml"));
}

const BESIDE: [&str; 4] =
    [".pre-commit-config.yaml", ".github/workflows/cache-lint.yml", ".gitlab-ci.yml", ".claude/settings.json"];
const ALL: [&str; 5] = ["init", "--pre-commit", "--github", "--gitlab", "--claude"];

#[test]
fn everything_is_shown_and_written_once() {
    let repository = shop();
    let with = |more: &[&str]| repository.lint(&[&ALL, more].concat());
    let dry = with(&["--dry-run"]);
    succeeds(&dry);
    for path in BESIDE.into_iter().chain(["cache-lint.toml"]) {
        assert!(dry.stdout.contains(&format!("new file {path}\n")), "{path}: {}", dry.stdout);
        assert!(!repository.root().join(path).exists(), "{path}");
    }
    succeeds(&with(&[]));
    let written: Vec<String> = BESIDE.iter().map(|path| repository.read(path)).collect();
    assert!(written[1].contains(concat!("cache-lint/cache-lint@v", env!("CARGO_PKG_VERSION"))), "{}", written[1]);
    assert!(written[2].contains("codequality: cache-lint.json"), "{}", written[2]);

    let again = with(&[]);
    succeeds(&again);
    assert_eq!(again.stdout.matches("is as it should be").count(), BESIDE.len(), "{}", again.stdout);
    assert_eq!(BESIDE.iter().map(|path| repository.read(path)).collect::<Vec<_>>(), written);
}

#[test]
fn files_that_are_there_are_only_added_to() {
    let repository = shop();
    let hooks = "repos:\n- repo: local # ours\n  hooks:\n  - {id: a, name: a, entry: 'true', language: system}\n";
    let jobs = "test:\n  script: [cargo test]\n";
    repository.write(".pre-commit-config.yaml", hooks);
    repository.write(".gitlab-ci.yml", jobs);
    repository.write(".github/workflows/cache-lint.yml", "on: push # cache-lint, in our own way\n");
    let asked = repository.lint(&ALL);
    assert_eq!(asked.code, Some(2), "nobody can be asked: {}", asked.all());
    assert_eq!(repository.read(".gitlab-ci.yml"), jobs);
    assert!(!repository.root().join("cache-lint.toml").exists(), "all or nothing");

    succeeds(&repository.lint(&[&ALL[..], &["--yes"]].concat()));
    assert!(repository.read(".pre-commit-config.yaml").starts_with(hooks));
    assert!(repository.read(".gitlab-ci.yml").starts_with(jobs));
    assert_eq!(repository.read(".github/workflows/cache-lint.yml"), "on: push # cache-lint, in our own way\n");
}

#[test]
fn the_section_is_written_checked_and_read_back() {
    let repository = shop();
    repository.copy("fixtures/shop/cache-lint.toml", "cache-lint.toml");
    assert_eq!(repository.lint(&["rules-md", "--check"]).code, Some(2), "there is no file");
    repository.write("CLAUDE.md", "# Shop\n");
    assert_eq!(repository.lint(&["rules-md", "--check"]).code, Some(1), "there is no section");

    succeeds(&repository.lint(&["rules-md", "--write", "CLAUDE.md", "--yes"]));
    let text = repository.read("CLAUDE.md");
    insta::assert_snapshot!(text);
    succeeds(&repository.lint(&["rules-md", "--check"]));

    repository.edit("cache-lint.toml", "ttl = \"5m\"", "ttl = \"4m\"");
    let differs = repository.lint(&["rules-md", "--check", "CLAUDE.md"]);
    assert_eq!(differs.code, Some(1));
    assert!(differs.stdout.contains("`cache-lint rules-md --write CLAUDE.md`"), "{}", differs.stdout);

    let read = repository.lint(&["rules-md", "--import", "CLAUDE.md"]);
    succeeds(&read);
    assert_eq!(read.stderr, "", "all is understood");
    assert!(read.stdout.contains("[class.catalogue]") && read.stdout.contains("format = \"{service}:{entity}:{id}\""));
    repository.write("OTHER.md", "# Style\n\nBe brief.\n");
    assert_eq!(repository.lint(&["rules-md", "--import", "OTHER.md"]).code, Some(2));
}

#[test]
fn shells_and_man_are_told_the_commands_and_rules() {
    let repository = Repository::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let said = repository.lint(&["completions", shell]);
        succeeds(&said);
        assert!(said.stdout.contains("rules-md"), "{shell}");
        // PowerShell and Elvish are given no values by clap_complete.
        let values = ["bash", "zsh", "fish"].contains(&shell);
        assert_eq!(said.stdout.contains("missing-ttl"), values, "{shell}");
    }
    let page = repository.lint(&["man"]).stdout;
    assert!(page.contains(".TH cache-lint 1") && page.contains("Exit codes"), "{page}");
    std::fs::create_dir(repository.root().join("man")).unwrap();
    succeeds(&repository.lint(&["man", "--out", "man"]));
    assert!(repository.read("man/cache-lint-check.1").contains("deny"), "one page for each command");
}

#[test]
fn the_bash_completion_offers_what_fits() {
    let repository = Repository::new();
    repository.write("completion.bash", &repository.lint(&["completions", "bash"]).stdout);
    let checked = repository.command("bash").args(["-n", "completion.bash"]).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    for (command, typed, wanted) in [("explain", "missing-tt", "missing-ttl"), ("rules-md", "--imp", "--import")] {
        let offer = format!(
            "source ./completion.bash; COMP_WORDS=(cache-lint {command} {typed}); COMP_CWORD=2; \
             _cache__lint cache-lint {typed} {command}; echo \"${{COMPREPLY[@]}}\""
        );
        let offered = repository.command("bash").args(["--norc", "-c", &offer]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&offered.stdout).trim(), wanted, "{command}");
    }
}

#[test]
fn the_version_is_that_of_the_package() {
    let repository = Repository::new();
    assert_eq!(repository.lint(&["-V"]).stdout, concat!("cache-lint ", env!("CARGO_PKG_VERSION"), "\n"));
    let long = repository.lint(&["--version"]).stdout;
    assert!(long.starts_with(concat!("cache-lint ", env!("CARGO_PKG_VERSION"))), "{long}");
}
