//! `cache-lint check --fix --unsafe-fixes` on the packages of `fixtures/fixes/`: `before/` becomes `after/`.
//!
//! Both compile against the real clients (`tests/fixtures.rs`). Here is held that the tool makes the one out of the other,
//! that each fix takes its finding away, that none adds one, and that running it again changes nothing.
//!
//! `CACHE_LINT_BLESS=1 cargo test --test fixes` writes `after/`; read it before it is committed.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use walkdir::WalkDir;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/fixes")
}

fn packages() -> Vec<String> {
    let entries = fs::read_dir(root()).unwrap().map(|entry| entry.unwrap());
    let mut names: Vec<String> =
        entries.filter(|entry| entry.path().is_dir()).map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The texts of a folder, by path in it.
fn texts(folder: &Path) -> BTreeMap<String, String> {
    let files = WalkDir::new(folder).into_iter().filter_map(Result::ok).filter(|entry| entry.file_type().is_file());
    files
        .map(|file| {
            let path = file.path().strip_prefix(folder).unwrap();
            let path = path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
            (path, fs::read_to_string(file.path()).unwrap())
        })
        .collect()
}

/// A copy of a package with one of its two sources, outside of the workspace.
fn copy(package: &str, side: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let manifest = fs::read_to_string(root().join(package).join("Cargo.toml")).unwrap();
    fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    fs::write(folder.path().join("cache-lint.toml"), "version = 1\n").unwrap();
    for (path, text) in texts(&root().join(package).join(side)) {
        let path = folder.path().join("before").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn tool(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cache-lint"))
        .arg("check")
        .args(arguments)
        .current_dir(folder)
        .env("SOURCE_DATE_EPOCH", "1781481600")
        .env("CACHE_LINT_FORMAT", "graphical")
        .output()
        .unwrap()
}

fn report(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|error| {
        panic!("no JSON ({error}): {text}{}", String::from_utf8_lossy(&output.stderr));
    })
}

/// Findings: what they are, without their place; and whether they have a fix.
fn findings(report: &Value) -> BTreeMap<String, bool> {
    let findings = report["findings"].as_array().unwrap().iter();
    findings
        .map(|finding| {
            let text = |field: &str| finding[field].as_str().unwrap().to_owned();
            (format!("{} {} {}", text("path"), text("rule"), text("fingerprint")), finding["fix"].is_object())
        })
        .collect()
}

#[test]
fn before_becomes_after() {
    let bless = std::env::var_os("CACHE_LINT_BLESS").is_some();
    for package in packages() {
        let folder = copy(&package, "before");
        let output = tool(folder.path(), &["--fix", "--unsafe-fixes", "--allow-no-vcs", "--format", "json"]);
        assert!(report(&output)["summary"]["fixed"].as_u64().unwrap() > 0, "{package}: nothing is fixed");
        let made = texts(&folder.path().join("before"));
        let after = root().join(&package).join("after");
        if bless {
            for (path, text) in &made {
                fs::create_dir_all(after.join(path).parent().unwrap()).unwrap();
                fs::write(after.join(path), text).unwrap();
            }
        }
        let expected = texts(&after);
        assert_eq!(made.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "{package}");
        for (path, text) in &made {
            let diff = similar::TextDiff::from_lines(&expected[path], text).unified_diff().to_string();
            assert!(diff.is_empty(), "{package}/after/{path} is not what the tool makes:\n{diff}");
        }
    }
}

#[test]
fn a_fix_takes_its_finding_away_and_adds_none() {
    for package in packages() {
        let (before, after) = (copy(&package, "before"), copy(&package, "after"));
        let before = findings(&report(&tool(before.path(), &["--format", "json"])));
        let after = findings(&report(&tool(after.path(), &["--format", "json"])));
        let fixed: BTreeSet<&String> = before.iter().filter(|(_, fix)| **fix).map(|(finding, _)| finding).collect();
        assert!(!fixed.is_empty(), "{package}: no finding has a fix");
        let rest: Vec<_> = fixed.iter().filter(|finding| after.contains_key(**finding)).collect();
        assert!(rest.is_empty(), "{package}: still found: {rest:#?}");
        let new: Vec<_> = after.keys().filter(|finding| !before.contains_key(*finding)).collect();
        assert!(new.is_empty(), "{package}: found only afterwards: {new:#?}");
    }
}

#[test]
fn a_second_run_has_nothing_to_do() {
    for package in packages() {
        let folder = copy(&package, "after");
        let output = tool(folder.path(), &["--diff", "--unsafe-fixes"]);
        let diff = String::from_utf8_lossy(&output.stdout);
        assert_eq!((output.status.code(), &*diff), (Some(0), ""), "{package}");
    }
}

const MANIFEST: &str =
    "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\nredis = \"1.8\"\n";

/// A package with this source.
fn app(source: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    fs::write(folder.path().join("Cargo.toml"), MANIFEST).unwrap();
    fs::write(folder.path().join("src/lib.rs"), source).unwrap();
    folder
}

fn source(folder: &tempfile::TempDir) -> String {
    fs::read_to_string(folder.path().join("src/lib.rs")).unwrap()
}

/// Statements as a program.
fn program(statements: &str) -> String {
    let body: String = statements
        .lines()
        .map(|line| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") })
        .collect();
    format!(
        "use redis::aio::MultiplexedConnection;\nuse redis::{{AsyncCommands, RedisResult}};\n\npub async fn example(con: &mut MultiplexedConnection, id: u64, name: &str) -> RedisResult<()> {{\n{body}    Ok(())\n}}\n"
    )
}

/// What `--fix` makes of statements.
fn fixed(statements: &str, flags: &[&str]) -> String {
    let folder = app(&program(statements));
    let output = tool(folder.path(), &[&["--fix", "--allow-no-vcs"], flags].concat());
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&output.stderr));
    source(&folder)
}

/// Sections of `docs/fixes.md`: the heading, and its blocks in pairs.
fn documented() -> Vec<(String, Vec<(String, String)>)> {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/fixes.md")).unwrap();
    let sections = page.split("\n## ").skip(1);
    sections
        .map(|section| {
            let heading = section.lines().next().unwrap().to_owned();
            let blocks: Vec<String> =
                section.split("```rust\n").skip(1).map(|block| block.split("```").next().unwrap().to_owned()).collect();
            assert!(!blocks.is_empty() && blocks.len().is_multiple_of(2), "{heading}: blocks come in pairs");
            (heading, blocks.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect())
        })
        .collect()
}

#[test]
fn the_page_about_fixes_is_true() {
    for (heading, pairs) in documented() {
        let is_safe = heading.ends_with("safe)") && !heading.ends_with("unsafe)");
        assert!(is_safe || heading.ends_with("unsafe)"), "{heading}: says nothing of safety");
        for (before, after) in pairs {
            assert_ne!(before, after);
            let (seen, unseen) = (fixed(&before, &["--unsafe-fixes"]), fixed(&before, &[]));
            assert_eq!(seen, program(&after), "{heading}");
            assert_eq!(unseen, program(if is_safe { &after } else { &before }), "{heading}");
        }
    }
}

#[test]
fn every_rule_with_a_fix_is_on_the_page() {
    let page: String = documented().into_iter().map(|(heading, _)| heading).collect();
    for rule in cache_lint::fixes::rules() {
        assert!(page.contains(&format!("`{rule}`")), "docs/fixes.md has no section for `{rule}`");
    }
}

const PLAIN: &str = "con.set::<_, _, ()>(format!(\"user:profile:{id}\"), name).await?;\n";

#[test]
fn line_ends_and_a_byte_order_mark_stay() {
    let before = format!("\u{feff}{}", program(PLAIN)).replace('\n', "\r\n");
    let folder = app(&before);
    assert_eq!(tool(folder.path(), &["--fix", "--allow-no-vcs"]).status.code(), Some(0));
    assert_eq!(source(&folder), before.replace(".set::", ".set_ex::").replace("name).await", "name, 900).await"));
}

#[test]
fn what_leaves_a_doubt_is_left_alone() {
    let doubtful = [
        // No class, so no TTL.
        "con.set::<_, _, ()>(format!(\"shop:thing:{id}\"), name).await?;\n",
        // In a macro call.
        "let _ = vec![con.set::<_, _, ()>(format!(\"user:profile:{id}\"), name).await?];\n",
        // Another place gives the key its expiry.
        "con.set::<_, _, ()>(format!(\"user:profile:{id}\"), name).await?;\ntokio::spawn(other());\ncon.expire::<_, bool>(format!(\"user:profile:{id}\"), 60).await?;\n",
        // Suppressed.
        "con.set::<_, _, ()>(format!(\"user:profile:{id}\"), name).await?; // cache-lint: ignore[missing-ttl] -- removed by hand at night\n",
        // The answer of EXPIRE is used.
        "let key = format!(\"user:thing:{id}\");\ncon.set::<_, _, ()>(&key, name).await?;\nlet there: bool = con.expire(&key, 60).await?;\nassert!(there);\n",
        // The number may be negative.
        "let key = format!(\"user:thing:{id}\");\ncon.set::<_, _, ()>(&key, name).await?;\ncon.expire::<_, ()>(&key, name.len().try_into().unwrap()).await?;\n",
        // Something happens in between.
        "let key = format!(\"user:thing:{id}\");\ncon.set::<_, _, ()>(&key, name).await?;\nprintln!(\"{key}\");\ncon.expire::<_, ()>(&key, 60).await?;\n",
        // Somebody has to decide.
        "con.set::<_, _, ()>(format!(\"user:thing:{id}\"), name).await?; // cache-lint: ignore[missing-ttl] until=2020-01-31 -- until the import runs\n",
    ];
    for statements in doubtful {
        assert_eq!(fixed(statements, &[]), program(statements));
    }
}

/// A wrapper with this visibility that never gives a TTL, and a caller for each of these keys.
fn wrapper(visibility: &str, keys: &[&str]) -> String {
    let mut source = "use redis::{Commands, Connection, RedisResult};\n\n".to_owned();
    source += &format!("{visibility}fn put(con: &mut Connection, key: &str, value: &str) -> RedisResult<()> {{\n");
    source += "    con.set(key, value)\n}\n";
    for (at, key) in keys.iter().enumerate() {
        source += &format!("\npub fn put_{at}(con: &mut Connection, id: u64) -> RedisResult<()> {{\n");
        source += &format!("    put(con, &format!(\"{key}\"), \"x\")\n}}\n");
    }
    source
}

#[test]
fn a_wrapper_is_mended_only_if_one_ttl_suits_all_its_calls() {
    let mended = |visibility: &str, keys: &[&str], flags: &[&str]| {
        let before = wrapper(visibility, keys);
        let folder = app(&before);
        tool(folder.path(), &[&["--fix", "--allow-no-vcs"], flags].concat());
        let after = source(&folder);
        assert!(after == before || after == before.replace("set(key, value)", "set_ex(key, value, 900)"), "{after}");
        after != before
    };
    let profiles = ["user:profile:{id}", "shop:profile:{id}"];
    assert!(mended("", &profiles, &[]));
    assert!(mended("pub(crate) ", &profiles, &[]));
    // Somebody else may call it with keys of their own.
    assert!(!mended("pub ", &profiles, &[]));
    assert!(mended("pub ", &profiles, &["--unsafe-fixes"]));
    for doubtful in ["shop:stats:{id}", "shop:thing:{id}", "{id}"] {
        assert!(!mended("", &["user:profile:{id}", doubtful], &["--unsafe-fixes"]), "{doubtful}");
    }
    assert!(!mended("", &[], &["--unsafe-fixes"]));

    let folder = app(&wrapper("", &["user:profile:{id}", "shop:stats:{id}"]));
    let report = report(&tool(folder.path(), &["--only", "missing-ttl", "--format", "json"]));
    let help = report["findings"][0]["help"].as_str().unwrap();
    assert!(
        help.contains("let the callers of `put` pass the TTL") && help.ends_with("different ones: 5m, 15m"),
        "{help}"
    );
}

#[test]
fn a_command_with_another_answer_takes_the_place_of_one_only_where_that_shows_nowhere() {
    let key = "format!(\"user:profile:{id}\"), name";
    for statement in [
        format!("let set: i64 = con.set_nx({key}).await?;\nassert_eq!(set, 1);\n"),
        format!("let set: bool = con.set_nx({key}).await.map(|set: i64| set == 1)?;\nassert!(set);\n"),
        format!("let set = con.set_nx::<_, _, u8>({key}).await?;\nassert_eq!(set, 1);\n"),
        format!("redis::pipe().set_nx({key}).exec_async(con).await?;\n"),
        format!("let (set,): (i64,) = redis::pipe().set_nx({key}).query_async(con).await?;\nassert_eq!(set, 1);\n"),
    ] {
        assert_eq!(fixed(&statement, &["--only", "missing-ttl"]), program(&statement));
    }
    for statement in [
        format!("con.set_nx::<_, _, ()>({key}).await?;\n"),
        format!("redis::pipe().set_nx({key}).ignore().exec_async(con).await?;\n"),
        format!(
            "let set = redis::cmd(\"SETNX\").arg({}).query_async::<bool>(con).await?;\nassert!(set);\n",
            key.replace(", name", ").arg(name")
        ),
    ] {
        assert_ne!(fixed(&statement, &["--only", "missing-ttl"]), program(&statement));
    }
}

#[test]
fn a_diff_changes_nothing_and_says_so_by_its_exit_code() {
    let folder = app(&program(PLAIN));
    let output = tool(folder.path(), &["--diff"]);
    let diff = String::from_utf8_lossy(&output.stdout);
    assert!(diff.starts_with("--- a/src/lib.rs\n+++ b/src/lib.rs\n@@ "), "{diff}");
    assert!(diff.contains("\n-    con.set::") && diff.contains("\n+    con.set_ex::"), "{diff}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "would mend 1 finding in 1 file\n");
    assert_eq!((output.status.code(), source(&folder)), (Some(1), program(PLAIN)));
    assert_eq!(tool(folder.path(), &["--fix", "--allow-no-vcs"]).status.code(), Some(0));
    let output = tool(folder.path(), &["--diff", "--quiet"]);
    assert_eq!((output.status.code(), output.stdout, output.stderr), (Some(0), Vec::new(), Vec::new()));
}

fn git(folder: &Path, arguments: &[&str]) {
    let settings = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"];
    let output = Command::new("git").args(settings).args(arguments).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_work_tree_with_changes_is_left_alone() {
    let folder = app(&program(PLAIN));
    let fix = |flags: &[&str]| {
        let output = tool(folder.path(), &[&["--fix"], flags].concat());
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = fix(&[]);
    assert_eq!(code, Some(2));
    assert!(said.contains("is in no git repository") && said.contains("--allow-no-vcs"), "{said}");
    git(folder.path(), &["init", "--quiet"]);
    let (code, said) = fix(&[]);
    assert_eq!(code, Some(2));
    assert!(said.contains("\n  Cargo.toml\n  src/") && said.contains("--allow-dirty"), "{said}");
    git(folder.path(), &["add", "."]);
    assert_eq!(fix(&[]).0, Some(2), "what is staged is not committed either");
    assert_eq!(source(&folder), program(PLAIN));
    git(folder.path(), &["commit", "--quiet", "--message", "begin"]);
    assert_eq!(fix(&[]).0, Some(0));
    assert!(source(&folder).contains(".set_ex::"));
    let (code, said) = fix(&[]);
    assert!(code == Some(2) && said.contains("\n  src/lib.rs\n"), "{said}");
    assert_eq!(fix(&["--allow-dirty"]).0, Some(0));
}

#[test]
fn a_text_from_standard_input_cannot_be_mended() {
    let output = Command::new(env!("CARGO_BIN_EXE_cache-lint")).args(["check", "-", "--fix"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("standard input"));
}

#[test]
fn the_summary_says_what_was_mended_and_what_could_be() {
    let folder = app(&program(PLAIN));
    let output = tool(folder.path(), &[]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("\n`--fix` mends 1 of them\n"));
    let output = tool(folder.path(), &["--fix", "--allow-no-vcs"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("no findings (1 fixed)"), "{text}");
}
