//! `cache-lint schema`: the lock file as a project lives with it.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const MANIFEST: &str = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
                        [dependencies]\nredis = \"1\"\nserde = \"1\"\nserde_json = \"1\"\n";

fn source(version: u32, field: &str) -> String {
    format!(
        "use redis::AsyncCommands;\n\
         #[derive(serde::Serialize, serde::Deserialize)]\n\
         pub struct Profile {{ pub id: u64, {field} }}\n\
         pub async fn put(con: &mut redis::aio::ConnectionManager, p: &Profile) -> redis::RedisResult<()> {{\n    \
             let json = serde_json::to_string(p).unwrap_or_default();\n    \
             con.set_ex(format!(\"user:v{version}:profile:{{}}\", p.id), json, 900).await\n}}\n"
    )
}

struct Project(tempfile::TempDir);

impl Project {
    fn new() -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        fs::create_dir(project.path().join("src")).unwrap();
        fs::write(project.path().join("Cargo.toml"), MANIFEST).unwrap();
        project
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, version: u32, field: &str) {
        fs::write(self.path().join("src/lib.rs"), source(version, field)).unwrap();
    }

    fn run(&self, args: &[&str]) -> (i32, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cache-lint"));
        let Output { status, stdout, .. } = command.args(args).current_dir(self.path()).output().unwrap();
        (status.code().unwrap(), String::from_utf8_lossy(&stdout).into_owned())
    }

    fn lock(&self) -> String {
        fs::read_to_string(self.path().join("cache-schema.lock")).unwrap_or_default()
    }
}

#[test]
fn a_change_needs_a_raised_version_and_a_raised_version_is_taken_over() {
    let project = Project::new();
    let check = |wanted: i32, text: &str| {
        let (code, shown) = project.run(&["schema", "check"]);
        assert_eq!(code, wanted, "{shown}");
        assert!(shown.contains(text), "{shown}");
    };
    let finds = || project.run(&["check", "--only", "schema-changed"]).0;

    project.write(1, "pub name: String");
    check(1, "not in the lock file");
    assert_eq!((finds(), project.lock()), (0, String::new()), "without a file the rule is silent");
    assert_eq!(project.run(&["schema", "update"]).0, 0);
    let first = project.lock();
    assert!(first.contains("[user.profile]\n") && first.contains("    \"name: String\",\n"), "{first}");
    check(0, "1 stored structure: all as recorded");

    project.write(1, "pub title: String");
    check(1, "`name` was renamed to `title`");
    assert_eq!(finds(), 1);
    let (code, shown) = project.run(&["schema", "update"]);
    assert_eq!((code, project.lock()), (1, first), "{shown}");

    project.write(2, "pub title: String");
    check(1, "the version was raised");
    assert_eq!(finds(), 0);
    assert_eq!(project.run(&["schema", "update"]).0, 0);
    assert!(project.lock().contains("version = 2\n"));

    project.write(2, "pub title: String, #[serde(default)] pub likes: u64");
    check(1, "`likes: u64` was added (both read it)");
    assert_eq!(finds(), 0, "a note fails no run");
    assert_eq!(project.run(&["schema", "update"]).0, 0);
    check(0, "all as recorded");

    project.write(1, "pub title: String");
    check(1, "the version is lower");
    assert_eq!(project.run(&["schema", "update", "--force"]).0, 0);
    check(0, "all as recorded");
}

#[test]
fn what_is_stored_no_more_is_taken_out_when_asked() {
    let project = Project::new();
    project.write(1, "pub name: String");
    assert_eq!(project.run(&["schema", "update"]).0, 0);
    let other = source(1, "pub name: String").replace("profile", "account");
    fs::write(project.path().join("src/lib.rs"), other).unwrap();
    let (code, shown) = project.run(&["schema", "update"]);
    assert!(code == 0 && shown.contains("nothing in the code stores it"), "{shown}");
    assert!(project.lock().contains("[user.account]") && project.lock().contains("[user.profile]"));
    assert_eq!(project.run(&["schema", "update", "--prune"]).0, 0);
    assert!(!project.lock().contains("[user.profile]"));
}

#[test]
fn a_file_that_is_no_lock_is_told_and_not_overwritten() {
    let project = Project::new();
    project.write(1, "pub name: String");
    fs::write(project.path().join("cache-schema.lock"), "[user.profile]\nversion = \"one\"\n").unwrap();
    assert_eq!(project.run(&["schema", "check"]).0, 1);
    assert_eq!(project.run(&["schema", "update"]).0, 2);
    assert!(project.lock().contains("\"one\""));
}

#[test]
fn json_says_what_differs() {
    let project = Project::new();
    project.write(1, "pub name: String");
    project.run(&["schema", "update"]);
    project.write(1, "pub name: Option<String>");
    let (_, text) = project.run(&["schema", "check", "--format", "json"]);
    let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
    let structure = &answer["structures"][0];
    assert_eq!(structure["state"], "changed");
    assert_eq!(structure["changes"][0]["what"], "`name` changed from `String` to `Option<String>`");
}
