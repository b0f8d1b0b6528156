//! The rules against the fixtures: `cache-lint check` must report what is marked in `fixtures/`, and nothing else.
//!
//! A mark is a comment at the end of the line on which the finding has its primary label:
//!
//! ```text
//! con.set(key, value).await?; //~ missing-ttl
//! con.set(key, value).await?; //~ missing-ttl, key-format
//! ```
//!
//! Where a comment does not fit on the line, it stands below, with one `^` for every line that it looks up:
//!
//! ```text
//! if let Some(value) = cache.get(&key).await {
//!     //~^ stampede-prone-miss
//! ```
//!
//! All rules run on all fixtures, so a line may be marked with more than one; in a `good` folder none is marked with the
//! rule that the folder belongs to.
//! `CACHE_LINT_FIXTURE=missing-ttl cargo test --test rules` looks at one fixture alone.

#![allow(clippy::expect_used, reason = "a fixture that cannot be read is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use walkdir::WalkDir;

/// Where something is, or should be, reported: path within the fixture, 1-based line, rule.
type Site = (String, usize, String);
/// Sites with their messages.
type Sites = BTreeMap<Site, String>;

fn fixtures_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// The fixtures with marks: folders of `fixtures/`, each of which is linted in one run.
fn fixtures() -> Vec<String> {
    let wanted = std::env::var("CACHE_LINT_FIXTURE").ok();
    let mut names: Vec<String> = fs::read_dir(fixtures_root())
        .expect("fixtures/ is readable")
        .map(|entry| entry.expect("fixtures/ is readable"))
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().expect("fixtures have plain names"))
        // `fixes` and `shapes` have tests of their own; `target` is cargo's.
        .filter(|name| !matches!(name.as_str(), "fixes" | "shapes" | "target"))
        .filter(|name| wanted.as_ref().is_none_or(|wanted| wanted == name))
        .collect();
    names.sort();
    assert!(!names.is_empty(), "no fixture is called {wanted:?}");
    names
}

/// The marks in a text: line and rule. A mark that makes no sense is an error, never skipped.
fn marks(text: &str) -> Result<Vec<(usize, String)>, String> {
    let mut found = Vec::new();
    for (line, text) in (1_usize..).zip(text.lines()) {
        let Some((_, mark)) = text.split_once("//~") else { continue };
        let rules = mark.trim_start_matches('^');
        let up = mark.len() - rules.len();
        let line = line.checked_sub(up).filter(|&line| line > 0).ok_or(format!("line {line}: looks up too far"))?;
        for rule in rules.split(',').map(str::trim) {
            if rule.is_empty() || !rule.chars().all(|c| c.is_ascii_lowercase() || c == '-') {
                return Err(format!("line {line}: `{rule}` is no rule"));
            }
            found.push((line, rule.to_owned()));
        }
    }
    Ok(found)
}

/// What a fixture's sources say should be reported.
fn expected(fixture: &Path) -> BTreeSet<Site> {
    let mut sites = BTreeSet::new();
    let files =
        WalkDir::new(fixture).sort_by_file_name().into_iter().map(|entry| entry.expect("fixtures are readable"));
    for file in files.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "rs")) {
        let path = relative(file.path(), fixture);
        let text = fs::read_to_string(file.path()).expect("fixtures are text");
        let marks = marks(&text).unwrap_or_else(|error| panic!("{}: {error}", file.path().display()));
        sites.extend(marks.into_iter().map(|(line, rule)| (path.clone(), line, rule)));
    }
    sites
}

fn relative(path: &Path, root: &Path) -> String {
    let path = path.strip_prefix(root).unwrap_or(path);
    path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// What the tool reports of each fixture, with its messages; and what it could not read.
///
/// A run looks at the whole workspace of the fixtures, whatever it is asked about, so those that share its rule file
/// share a run.
fn reported(names: &[String]) -> Result<(BTreeMap<String, Sites>, Vec<String>), String> {
    let (own, shared): (Vec<&String>, Vec<&String>) =
        names.iter().partition(|name| fixtures_root().join(name).join("cache-lint.toml").exists());
    let mut sites: BTreeMap<String, Sites> = BTreeMap::new();
    let mut errors = Vec::new();
    let runs = own.into_iter().map(|name| vec![name]).chain((!shared.is_empty()).then_some(shared));
    for names in runs {
        let folder = if names.len() == 1 { fixtures_root().join(names[0]) } else { fixtures_root() };
        let report = run(&folder, if names.len() == 1 { &[] } else { &names })?;
        for finding in report["findings"].as_array().ok_or("no `findings` in the report")? {
            let text =
                |field: &str| finding[field].as_str().map(str::to_owned).ok_or(format!("no `{field}`: {finding}"));
            let line = finding["line"].as_u64().ok_or(format!("no `line`: {finding}"))?;
            let path = text("path")?;
            let (name, path) = match *names {
                [name] => (name.as_str(), path.as_str()),
                _ => path.split_once('/').ok_or(format!("not in a fixture: {finding}"))?,
            };
            let site = (path.to_owned(), usize::try_from(line).unwrap_or(usize::MAX), text("rule")?);
            sites.entry(name.to_owned()).or_default().insert(site, text("message")?);
        }
        errors.extend(report["errors"].as_array().ok_or("no `errors` in the report")?.iter().map(ToString::to_string));
    }
    Ok((sites, errors))
}

fn run(folder: &Path, paths: &[&String]) -> Result<Value, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_cache-lint"))
        .args(["check", "--format", "json"])
        .args(paths)
        .current_dir(folder)
        .output()
        .map_err(|error| error.to_string())?;
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    if !matches!(output.status.code(), Some(0 | 1)) {
        return Err(format!("{}: {}\n{stderr}", folder.display(), output.status));
    }
    serde_json::from_str(&stdout).map_err(|error| format!("no JSON ({error})\n{stdout}{stderr}"))
}

/// The differences of one fixture as people read them; empty when there are none.
fn differences(name: &str, reported: &Sites) -> String {
    let fixture = fixtures_root().join(name);
    let expected = expected(&fixture);
    let mut lines: BTreeMap<(&str, usize), Vec<String>> = BTreeMap::new();
    for site in expected.iter().filter(|site| !reported.contains_key(*site)) {
        lines.entry((&site.0, site.1)).or_default().push(format!("not reported: {}", site.2));
    }
    for (site, message) in reported.iter().filter(|(site, _)| !expected.contains(*site)) {
        lines.entry((&site.0, site.1)).or_default().push(format!("not marked: {}: {message}", site.2));
    }
    let mut text = String::new();
    for ((path, line), what) in lines {
        let source = fs::read_to_string(fixture.join(path)).unwrap_or_default();
        let source = source.lines().nth(line.saturating_sub(1)).unwrap_or_default().trim();
        let _ = writeln!(text, "fixtures/{name}/{path}:{line}\n    | {source}");
        for what in what {
            let _ = writeln!(text, "    {what}");
        }
    }
    text
}

#[test]
fn every_mark_is_reported_and_every_finding_is_marked() {
    let names = fixtures();
    let (reported, errors) = reported(&names).unwrap_or_else(|error| panic!("a run failed: {error}"));
    assert_eq!(errors, [""; 0], "nothing stands in the way of reading the fixtures");
    let nothing = BTreeMap::new();
    let text: String = names.iter().map(|name| differences(name, reported.get(name).unwrap_or(&nothing))).collect();
    assert!(text.is_empty(), "findings and marks differ:\n\n{text}");
}

#[test]
fn every_rule_has_bad_code_that_it_reports_and_good_code_that_it_does_not() {
    for rule in cache_lint::rules::REGISTRY.iter().map(|rule| rule.meta()) {
        if rule.category == cache_lint::rules::Category::Run {
            continue;
        }
        let fixture = fixtures_root().join(rule.id);
        let (bad, good) = (fixture.join("bad"), fixture.join("good"));
        assert!(bad.is_dir() && good.is_dir(), "fixtures/{} needs the folders `bad` and `good`", rule.id);
        let here = expected(&bad).into_iter().filter(|(_, _, marked)| marked == rule.id).count();
        assert!(here > 0, "nothing in fixtures/{}/bad is marked with the rule", rule.id);
        let spoiled: Vec<_> = expected(&good).into_iter().filter(|(_, _, marked)| marked == rule.id).collect();
        assert!(spoiled.is_empty(), "good code is marked: {spoiled:?}");
    }
}

#[test]
fn every_mark_names_a_rule_that_exists() {
    for name in fixtures() {
        for (path, line, rule) in expected(&fixtures_root().join(&name)) {
            assert!(
                cache_lint::rules::find(&rule).is_some(),
                "fixtures/{name}/{path}:{line}: there is no rule `{rule}`"
            );
        }
    }
}

#[test]
fn a_mark_stands_for_its_line_or_for_one_above() {
    let text = "a //~ one\nb //~ two, three\nc\n//~^ four\n//~^^ five\n";
    let marks = marks(text).expect("these are marks");
    let marks: Vec<_> = marks.iter().map(|(line, rule)| (*line, rule.as_str())).collect();
    assert_eq!(marks, [(1, "one"), (2, "two"), (2, "three"), (3, "four"), (3, "five")]);
}

#[test]
fn a_mark_that_makes_no_sense_is_refused() {
    for text in ["//~", "//~ two rules", "//~ one,", "//~^^ one", "//~ Rule"] {
        assert!(marks(text).is_err(), "`{text}` is taken for a mark");
    }
}
