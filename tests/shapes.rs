//! The inventory against the shapes in `fixtures/`: `cache-lint inventory` must find what is marked, and nothing else.
//!
//! A mark is a comment on the line of the method's or command's name:
//!
//! ```text
//! con.set_ex(format!("user:{id}"), name, 60).await?; //@ SETEX key="user:{id}" ttl=60 via=method
//! con.del((&a, &b)).await?;                          //@ DEL key="a:{id}" key="b:{id}"
//! rset!(con, "a", "b");                              //@ SET key="a" ttl=none; GET key="b"
//! ```
//!
//! * First comes the command, then what is expected of it; `;` separates operations on one line. Where a comment does not
//!   fit, it stands below with one `^` for every line that it looks up (`//@^`).
//! * `key`: one for each key, holes by any name; `?` for one that cannot be known. No `key`: the operation has none.
//! * `ttl`: `none`, seconds (`60`, `1.5`), a range (`60..90`), `dynamic`, `maybe`, `keep`, `separate`, `undetermined`.
//!   No `ttl`: the command cannot have one.
//! * `via`, `effect`, `client`, `confidence`, `purpose`, `sent` and `value` (the stored type) are only compared where
//!   they are given.
//! * `|` separates answers that are equally right, `*` stands for any.
//!
//! Every folder of `fixtures/shapes/` is looked at in one run, and every line in it without a mark must yield nothing. Of the
//! other fixtures, files with at least one mark are held to theirs. `CACHE_LINT_FIXTURE=calls,keys` narrows it down.

#![allow(
    clippy::expect_used,
    clippy::type_complexity,
    reason = "a harness ends at the first thing that is not as it should be"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use walkdir::WalkDir;

/// What is expected of one operation.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mark {
    command: String,
    keys: Vec<String>,
    /// Everything but command and keys, by name.
    fields: BTreeMap<String, String>,
}

const FIELDS: [&str; 8] = ["ttl", "via", "effect", "client", "confidence", "purpose", "sent", "value"];

/// The marks in a text by line. A mark that makes no sense is an error, never skipped.
fn marks(text: &str) -> Result<BTreeMap<usize, Vec<Mark>>, String> {
    let mut found: BTreeMap<usize, Vec<Mark>> = BTreeMap::new();
    for (line, text) in (1_usize..).zip(text.lines()) {
        for mark in text.split("//@").skip(1) {
            let rest = mark.trim_start_matches('^');
            let up = mark.len() - rest.len();
            let at = line.checked_sub(up).filter(|&at| at > 0).ok_or(format!("line {line}: looks up too far"))?;
            let parsed = operations(rest).map_err(|error| format!("line {line}: {error}"))?;
            found.entry(at).or_default().extend(parsed);
        }
    }
    Ok(found)
}

/// The operations of one mark.
fn operations(text: &str) -> Result<Vec<Mark>, String> {
    let mut operations = Vec::new();
    for words in sentences(text)? {
        let (command, words) = words.split_first().ok_or("no command")?;
        if command.contains('=') || command.chars().any(|c| c.is_ascii_lowercase()) {
            return Err(format!("`{command}` is no command"));
        }
        let mut mark = Mark { command: command.clone(), keys: Vec::new(), fields: BTreeMap::new() };
        for word in words {
            match word.split_once('=') {
                Some(("key", key)) => mark.keys.push(key.to_owned()),
                Some((name, value)) if FIELDS.contains(&name) => {
                    if mark.fields.insert(name.to_owned(), value.to_owned()).is_some() {
                        return Err(format!("`{name}` twice"));
                    }
                }
                _ => return Err(format!("`{word}` says nothing")),
            }
        }
        operations.push(mark);
    }
    Ok(operations)
}

/// Words, `"…"` taken out of their quotes, by sentence; `;` ends a sentence.
fn sentences(text: &str) -> Result<Vec<Vec<String>>, String> {
    let mut sentences = vec![Vec::new()];
    let mut word = String::new();
    let mut quoted = false;
    for c in text.chars().chain([' ']) {
        match c {
            '"' => quoted = !quoted,
            c if quoted => word.push(c),
            ';' | ' ' => {
                if !word.is_empty()
                    && let Some(last) = sentences.last_mut()
                {
                    last.push(std::mem::take(&mut word));
                }
                if c == ';' {
                    sentences.push(Vec::new());
                }
            }
            c => word.push(c),
        }
    }
    if quoted { Err("a quote is not closed".to_owned()) } else { Ok(sentences) }
}

/// Whether a template has the expected shape: holes by any name, several holes in a row as one.
fn same_shape(expected: &str, found: &str) -> bool {
    fn shape(key: &str) -> String {
        let mut out = String::new();
        let mut rest = key;
        while let Some(close) = rest.find('}') {
            let (front, back) = rest.split_at(close);
            match front.rfind('{') {
                Some(open) => {
                    out.push_str(&front[..open]);
                    if !out.ends_with('\0') {
                        out.push('\0');
                    }
                }
                None => out.push_str(&rest[..=close]),
            }
            rest = &back[1..];
        }
        out + rest
    }
    shape(expected) == shape(found)
}

/// What a mark and an operation disagree on, as people read it.
fn disagreements(mark: &Mark, found: &Value) -> Vec<String> {
    let mut out = Vec::new();
    let keys = keys(found);
    let agrees = |expected: &String, found: &Option<String>| {
        expected.split('|').any(|expected| match found {
            Some(found) => same_shape(expected, found),
            None => expected == "?",
        })
    };
    let anything = mark.keys.iter().any(|key| key == "*");
    let all_found = mark.keys.iter().all(|key| keys.iter().any(|found| agrees(key, found)));
    let all_expected = keys.iter().all(|found| mark.keys.iter().any(|key| agrees(key, found)));
    if !(anything || all_found && all_expected) {
        out.push(format!("keys are {}, expected {}", shown(&keys), mark.keys.join(", ")));
    }
    let ttl = ttl(found);
    let expected = mark.fields.get("ttl").map_or("not-applicable", String::as_str);
    if !expected.split('|').any(|expected| same_ttl(expected, &ttl, &found["ttl"])) {
        out.push(format!("ttl is {ttl}, expected {expected}"));
    }
    for (name, expected) in mark.fields.iter().filter(|(name, _)| *name != "ttl") {
        let found = match name.as_str() {
            "value" => found["value_type"].as_str().map(|ty| ty.rsplit("::").next().unwrap_or(ty).to_owned()),
            "sent" => found["sent"].as_bool().map(|sent| sent.to_string()),
            name => found[name].as_str().map(str::to_owned),
        };
        let found = found.unwrap_or_else(|| "not said".to_owned());
        if !expected.split('|').any(|expected| expected == found || expected == "*") {
            out.push(format!("{name} is {found}, expected {expected}"));
        }
    }
    out
}

fn keys(found: &Value) -> Vec<Option<String>> {
    let keys = found["keys"].as_array().map(Vec::as_slice).unwrap_or_default();
    keys.iter().map(|key| key.as_str().map(str::to_owned)).collect()
}

fn shown(keys: &[Option<String>]) -> String {
    let keys: Vec<&str> = keys.iter().map(|key| key.as_deref().unwrap_or("?")).collect();
    if keys.is_empty() { "none".to_owned() } else { keys.join(", ") }
}

/// The TTL in the words of a mark.
fn ttl(found: &Value) -> String {
    let ttl = &found["ttl"];
    match ttl["kind"].as_str() {
        Some("seconds") => ttl["seconds"].to_string(),
        Some("range") => format!("{}..{}", ttl["min_seconds"], ttl["max_seconds"]),
        Some(kind) => kind.to_owned(),
        None => "not said".to_owned(),
    }
}

fn same_ttl(expected: &str, found: &str, ttl: &Value) -> bool {
    let seconds = || Some((expected.parse::<f64>().ok()?, ttl["seconds"].as_f64()?));
    match ttl["kind"].as_str() {
        Some("seconds") if expected != "*" => seconds().is_some_and(|(a, b)| (a - b).abs() < 0.000_5),
        _ => expected == "*" || expected == found,
    }
}

fn fixtures_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// A folder that is looked at in one run.
struct Unit {
    /// Relative to `fixtures/`, for example `shapes/calls`.
    name: String,
    /// Every line without a mark must yield nothing, in files without any mark too.
    complete: bool,
}

fn units() -> Vec<Unit> {
    let wanted = std::env::var("CACHE_LINT_FIXTURE").ok();
    let folders = |under: &Path| -> Vec<String> {
        fs::read_dir(under)
            .expect("fixtures/ is readable")
            .map(|entry| entry.expect("fixtures/ is readable"))
            .filter(|entry| entry.path().is_dir())
            .map(|entry| entry.file_name().into_string().expect("fixtures have plain names"))
            .collect()
    };
    let root = fixtures_root();
    let shapes =
        folders(&root.join("shapes")).into_iter().map(|name| Unit { name: format!("shapes/{name}"), complete: true });
    let others = folders(&root)
        .into_iter()
        .filter(|name| !matches!(name.as_str(), "shapes" | "target"))
        .map(|name| Unit { name, complete: false });
    let mut units: Vec<Unit> = shapes
        .chain(others)
        .filter(|unit| {
            let last = unit.name.rsplit('/').next();
            wanted.as_ref().is_none_or(|wanted| wanted.split(',').any(|one| one == unit.name || Some(one) == last))
        })
        .filter(|unit| unit.complete || !expected(&root.join(&unit.name)).is_empty())
        .collect();
    units.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(!units.is_empty(), "no fixture with marks is called {wanted:?}");
    units
}

/// The marks of a folder: by path within it, then by line.
fn expected(folder: &Path) -> BTreeMap<String, BTreeMap<usize, Vec<Mark>>> {
    let mut files = BTreeMap::new();
    let entries = WalkDir::new(folder).into_iter().filter_entry(|entry| entry.file_name() != "target");
    for entry in entries.map(|entry| entry.expect("fixtures are readable")) {
        if entry.path().extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = fs::read_to_string(entry.path()).expect("fixtures are text");
        let marks = marks(&text).unwrap_or_else(|error| panic!("{}: {error}", entry.path().display()));
        if !marks.is_empty() {
            let path = entry.path().strip_prefix(folder).unwrap_or(entry.path());
            files.insert(path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/"), marks);
        }
    }
    files
}

/// What the tool finds in a folder.
fn inventory(folder: &Path) -> Result<Vec<Value>, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_cache-lint"))
        .args(["inventory", "--format", "json", "."])
        .current_dir(folder)
        .output()
        .map_err(|error| error.to_string())?;
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if !output.status.success() {
        return Err(format!("{}\n{stderr}", output.status));
    }
    let report: Value =
        serde_json::from_str(&stdout).map_err(|error| format!("no JSON ({error})\n{stdout}{stderr}"))?;
    match report["errors"].as_array().map(Vec::as_slice) {
        Some([]) => {}
        errors => return Err(format!("errors in the report: {errors:?}")),
    }
    report["operations"].as_array().cloned().ok_or_else(|| "no `operations` in the report".to_owned())
}

/// How the operations of one line differ from its marks. Each operation answers one mark: the one that it fits best.
fn compare(marks: &[Mark], found: &[&Value]) -> Vec<String> {
    let mut pairs = Vec::new();
    for (at, mark) in marks.iter().enumerate() {
        for (other, found) in found.iter().enumerate() {
            if mark.command.split('|').any(|command| Some(command) == found["command"].as_str()) {
                let wrong = disagreements(mark, found);
                pairs.push((wrong.len(), at, other, wrong));
            }
        }
    }
    pairs.sort();
    let (mut answered, mut used) = (BTreeSet::new(), BTreeSet::new());
    let mut out = Vec::new();
    for (_, at, other, wrong) in pairs {
        if answered.contains(&at) || used.contains(&other) {
            continue;
        }
        answered.insert(at);
        used.insert(other);
        out.extend(wrong.into_iter().map(|wrong| format!("{}: {wrong}", marks[at].command)));
    }
    for mark in marks.iter().enumerate().filter(|(at, _)| !answered.contains(at)).map(|(_, mark)| mark) {
        let ttl = mark.fields.get("ttl").map_or("not-applicable", String::as_str);
        out.push(format!("missing: {} key={} ttl={ttl}", mark.command, mark.keys.join(", ")));
    }
    for found in found.iter().enumerate().filter(|(at, _)| !used.contains(at)).map(|(_, found)| found) {
        let word = |name: &str| found[name].as_str().unwrap_or("?").to_owned();
        let keys = shown(&keys(found));
        out.push(format!("unexpected: {} key={keys} ttl={} via={}", word("command"), ttl(found), word("via")));
    }
    out
}

/// The differences of one folder as people read them, and how many marks it has and how many of them hold.
fn differences(unit: &Unit) -> (String, usize, usize) {
    let folder = fixtures_root().join(&unit.name);
    let expected = expected(&folder);
    let all: usize = expected.values().flat_map(BTreeMap::values).map(Vec::len).sum();
    let found = match inventory(&folder) {
        Ok(found) => found,
        Err(error) => return (format!("fixtures/{}: the run failed: {error}\n", unit.name), all, 0),
    };
    let mut lines: BTreeMap<(&str, usize), (&[Mark], Vec<&Value>)> = BTreeMap::new();
    for (path, marks) in &expected {
        for (line, marks) in marks {
            lines.insert((path, *line), (marks, Vec::new()));
        }
    }
    for operation in &found {
        let path = operation["path"].as_str().unwrap_or("?");
        if unit.complete || expected.contains_key(path) {
            let line = operation["line"].as_u64().and_then(|line| usize::try_from(line).ok()).unwrap_or(0);
            lines.entry((path, line)).or_default().1.push(operation);
        }
    }
    let (mut text, mut held) = (String::new(), 0);
    for ((path, line), (marks, found)) in lines {
        let wrong = compare(marks, &found);
        if wrong.is_empty() {
            held += marks.len();
            continue;
        }
        let source = fs::read_to_string(folder.join(path)).unwrap_or_default();
        let source = source.lines().nth(line.saturating_sub(1)).unwrap_or_default();
        let source = source.split("//@").next().unwrap_or_default().trim();
        let _ = writeln!(text, "fixtures/{}/{path}:{line}\n    | {source}", unit.name);
        for wrong in wrong {
            let _ = writeln!(text, "    {wrong}");
        }
    }
    (text, all, held)
}

#[test]
fn the_inventory_finds_what_is_marked_and_nothing_else() {
    let (mut text, mut table, mut failed) = (String::new(), String::new(), false);
    for unit in units() {
        let (differences, all, held) = differences(&unit);
        failed |= !differences.is_empty();
        text.push_str(&differences);
        let _ = writeln!(table, "{held:>4} of {all:<4} marks hold in {}", unit.name);
    }
    assert!(!failed, "inventory and marks differ:\n\n{text}\n{table}");
}

#[test]
fn every_shape_of_the_list_has_its_code() {
    let folder = fixtures_root().join("shapes");
    let list = fs::read_to_string(folder.join("README.md")).expect("the list is readable");
    let mut next = 1;
    for row in list.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [code, _, files] = cells.as_slice() else { panic!("a row has three cells: {row}") };
        let Some(number) = code.get(1..).and_then(|number| number.parse::<u32>().ok()) else { continue };
        assert_eq!(number, next, "the list goes on with {next}");
        next += 1;
        for file in files.split(',').map(|file| file.trim().trim_matches('`')) {
            let text = fs::read_to_string(folder.join(file)).unwrap_or_else(|error| panic!("{code}: {file}: {error}"));
            let named = |text: &str| text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == *code);
            assert!(named(&text), "{file} does not say which part of it is {code}");
        }
    }
    assert_eq!(next, 61, "there are sixty shapes");
}

#[test]
fn marks_are_read_with_all_their_parts() {
    let text = "a //@ SET key=\"a b:{id}\" ttl=60; DEL key=\"x\" key=\"y\"\nb\n//@^ GET|MGET key=? //@ FLUSHDB\n";
    let marks = marks(text).expect("these are marks");
    assert_eq!(marks.keys().copied().collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(marks[&1][0].keys, ["a b:{id}"]);
    assert_eq!(marks[&1][0].fields["ttl"], "60");
    assert_eq!(marks[&1][1].keys, ["x", "y"]);
    assert_eq!(marks[&2][0].command, "GET|MGET");
    assert_eq!(marks[&3][0], Mark { command: "FLUSHDB".to_owned(), keys: Vec::new(), fields: BTreeMap::new() });
}

#[test]
fn a_mark_that_makes_no_sense_is_refused() {
    for text in
        ["//@", "//@ set", "//@ SET ttl", "//@ SET key=\"x", "//@ SET life=60", "//@ SET ttl=1 ttl=2", "//@^ SET"]
    {
        assert!(marks(text).is_err(), "`{text}` is taken for a mark");
    }
}

#[test]
fn keys_are_compared_by_shape() {
    for (expected, found) in [("user:{id}", "user:{}"), ("{a}{b}:x", "{c}:x"), ("{{id}}:x", "{{other}}:x"), ("x", "x")]
    {
        assert!(same_shape(expected, found), "{expected} and {found}");
    }
    for (expected, found) in [("user:{id}", "user:1"), ("user:{id}", "user:{id}:x"), ("{{id}}:x", "{id}:x")] {
        assert!(!same_shape(expected, found), "{expected} and {found}");
    }
}

#[test]
fn a_wrong_operation_is_told_from_a_missing_and_an_unexpected_one() {
    let found = serde_json::json!({
        "command": "SETEX", "keys": ["a:{id}"], "ttl": {"kind": "seconds", "seconds": 60}, "via": "method", "sent": true,
    });
    let told = |mark: &str| compare(&operations(mark).expect("this is a mark"), &[&found]);
    assert!(told("SETEX key=\"a:{x}\" ttl=60 via=method sent=true").is_empty());
    assert!(told("SETEX key=\"b|a:{x}\" ttl=30|60").is_empty());
    assert_eq!(told("SETEX key=\"a:{x}\" ttl=61"), ["SETEX: ttl is 60, expected 61"]);
    assert_eq!(told("SETEX key=\"b\" ttl=60 via=ufcs").len(), 2);
    assert_eq!(told("GET key=\"a:{x}\"").len(), 2);
    assert_eq!(told("SETEX key=\"a:{x}\" ttl=60; GET key=\"a\"").len(), 1);
}
