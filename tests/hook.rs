//! `cache-lint hook` as a coding agent calls it: JSON on standard input, exit codes and texts as Claude Code reads them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod repository;

use repository::{Repository, Said};
use serde_json::{Value, json};

const MANIFEST: &str = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
                        [dependencies]\nredis = \"1\"\n";
const HEAD: &str = "use redis::AsyncCommands;\nuse redis::aio::MultiplexedConnection;\n\n";
const OLD: &str = "pub async fn old(con: &mut MultiplexedConnection, id: i64) -> redis::RedisResult<()> {\n    \
                   con.set(format!(\"app:note:{id}\"), \"x\").await\n}\n";
const NEW: &str = "pub async fn new(con: &mut MultiplexedConnection, id: i64) -> redis::RedisResult<()> {\n    \
                   con.set(format!(\"app:cache:{id}\"), \"x\").await\n}\n";
const RULES: &str = "version = 1\n[levels]\nall = \"off\"\nmissing-ttl = \"error\"\n";

/// A package with one fault that is committed.
fn project(rules: &str) -> Repository {
    let repository = Repository::new();
    repository.write("Cargo.toml", MANIFEST);
    repository.write("cache-lint.toml", rules);
    repository.write("src/lib.rs", &format!("pub mod other;\n{HEAD}{OLD}"));
    repository.write("src/other.rs", "");
    repository.commit();
    repository
}

fn hook(repository: &Repository, event: &Value) -> Said {
    repository.lint_with(&["hook"], &event.to_string())
}

/// What the agent sends after it has written a file.
fn edited(repository: &Repository, path: &str) -> Value {
    json!({
        "session_id": "s1",
        "transcript_path": "/nowhere",
        "cwd": repository.root(),
        "permission_mode": "default",
        "hook_event_name": "PostToolUse",
        "tool_name": "Edit",
        "tool_input": { "file_path": repository.root().join(path), "old_string": "", "new_string": "…" },
        "tool_response": { "filePath": repository.root().join(path) },
    })
}

fn stops(repository: &Repository) -> Value {
    json!({ "session_id": "s1", "cwd": repository.root(), "hook_event_name": "Stop", "stop_hook_active": false })
}

/// Nothing is said, and nobody is stopped.
#[track_caller]
fn is_silent(said: &Said) {
    assert_eq!((said.code, said.stdout.as_str(), said.stderr.as_str()), (Some(0), "", ""));
}

/// The user is told, the agent goes on.
#[track_caller]
fn notice(said: &Said) -> String {
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{}", said.all());
    let answer: Value = serde_json::from_str(&said.stdout).unwrap();
    answer["systemMessage"].as_str().unwrap().to_owned()
}

#[test]
fn an_edit_that_brings_an_error_is_answered_with_it_and_no_other() {
    let repository = project(RULES);
    repository.write("src/lib.rs", &format!("pub mod other;\n{HEAD}{OLD}{NEW}"));
    let said = hook(&repository, &edited(&repository, "src/lib.rs"));
    assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""), "{}", said.all());
    assert!(
        said.stderr.starts_with("cache-lint: this edit brings 1 finding:\nsrc/lib.rs:9:9: error"),
        "{}",
        said.stderr
    );
    assert!(said.stderr.contains("app:cache:{id}") && !said.stderr.contains("app:note"), "{}", said.stderr);
}

#[test]
fn an_edit_that_brings_nothing_is_not_answered() {
    let repository = project(RULES);
    repository.write("src/lib.rs", &format!("pub mod other;\n{HEAD}// moved\n\n{OLD}"));
    is_silent(&hook(&repository, &edited(&repository, "src/lib.rs")));
}

/// What was there before is what the agent says was there, and only else what is committed.
#[test]
fn an_edit_answers_for_itself_alone() {
    let repository = project(RULES);
    let before = format!("pub mod other;\n{HEAD}{OLD}{NEW}");
    repository.write("src/lib.rs", &format!("{before}\npub fn unrelated() {{}}\n"));
    let mut event = edited(&repository, "src/lib.rs");
    event["tool_response"]["originalFile"] = json!(before);
    is_silent(&hook(&repository, &event));
}

#[test]
fn a_new_file_has_nothing_that_was_there_before() {
    let repository = project(RULES);
    repository.write("src/lib.rs", &format!("pub mod other;\npub mod fresh;\n{HEAD}{OLD}"));
    repository.write("src/fresh.rs", &format!("{HEAD}{NEW}"));
    let said = hook(&repository, &edited(&repository, "src/fresh.rs"));
    assert_eq!(said.code, Some(2), "{}", said.all());
    assert!(said.stderr.contains("src/fresh.rs:5:9"), "{}", said.stderr);
}

#[test]
fn a_warning_is_context_and_stops_nobody() {
    let repository = project(&RULES.replace("error", "warn"));
    repository.write("src/lib.rs", &format!("pub mod other;\n{HEAD}{OLD}{NEW}"));
    let said = hook(&repository, &edited(&repository, "src/lib.rs"));
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{}", said.all());
    let answer: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(answer["hookSpecificOutput"]["hookEventName"], "PostToolUse");
    assert!(answer["hookSpecificOutput"]["additionalContext"].as_str().unwrap().contains("app:cache:{id}"));
    assert_eq!(answer["decision"], Value::Null);
}

#[test]
fn files_that_are_neither_rust_nor_rules_are_passed_over() {
    let repository = project(RULES);
    repository.write("README.md", "con.set(key, value)");
    is_silent(&hook(&repository, &edited(&repository, "README.md")));
    is_silent(&hook(&repository, &edited(&repository, "src/gone.rs")));
}

#[test]
fn a_mistake_in_the_rule_file_goes_to_the_one_who_wrote_it() {
    let repository = project(RULES);
    repository.write("cache-lint.toml", "version = 1\n[keys]\nfromat = \"{service}:{entity}\"\n");
    let said = hook(&repository, &edited(&repository, "cache-lint.toml"));
    assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""), "{}", said.all());
    assert!(said.stderr.contains("cache-lint.toml:3:1: error: unknown key `fromat`"), "{}", said.stderr);

    // Who edits something else is not to blame.
    repository.write("src/lib.rs", &format!("pub mod other;\n{HEAD}{OLD}{NEW}"));
    let message = notice(&hook(&repository, &edited(&repository, "src/lib.rs")));
    assert!(message.contains("unknown key `fromat`"), "{message}");
}

#[test]
fn a_rule_that_the_code_breaks_is_news_when_the_rule_is() {
    let repository = project(RULES);
    repository.write(
        "src/lib.rs",
        &format!("pub mod other;\n{HEAD}{}", OLD.replace("set(", "set_ex(").replace("\"x\"", "\"x\", 900")),
    );
    repository.commit();
    let class = "[class.note]\nkeys = [\"app:note:**\"]\nttl = \"1m\"\n";
    repository.write("cache-lint.toml", &format!("{}{class}", RULES.replace("missing-ttl", "ttl-policy")));
    let said = hook(&repository, &edited(&repository, "cache-lint.toml"));
    assert_eq!(said.code, Some(2), "{}", said.all());
    assert!(said.stderr.contains("ttl-policy"), "{}", said.stderr);
}

/// A shell command edits files without an edit's event: what is left of it is told when the agent wants to stop.
#[test]
fn whoever_stops_is_told_once_of_what_is_not_committed() {
    let repository = project(RULES);
    is_silent(&hook(&repository, &stops(&repository)));
    repository.write("src/other.rs", &format!("{HEAD}{NEW}"));
    let said = hook(&repository, &stops(&repository));
    assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""), "{}", said.all());
    assert!(said.stderr.contains("src/other.rs:5:9") && !said.stderr.contains("src/lib.rs"), "{}", said.stderr);

    is_silent(&hook(&repository, &stops(&repository)));
    let mut other = stops(&repository);
    other["session_id"] = json!("s2");
    assert_eq!(hook(&repository, &other).code, Some(2), "another session has not been told");
}

#[test]
fn an_agent_that_goes_on_because_of_a_hook_is_let_go() {
    let repository = project(RULES);
    repository.write("src/other.rs", &format!("{HEAD}{NEW}"));
    let mut event = stops(&repository);
    event["stop_hook_active"] = json!(true);
    is_silent(&hook(&repository, &event));
}

#[test]
fn a_new_file_counts_as_a_change_before_the_first_commit_and_without_git() {
    let repository = Repository::new();
    repository.write("Cargo.toml", MANIFEST);
    repository.write("cache-lint.toml", RULES);
    repository.write("src/lib.rs", &format!("{HEAD}{NEW}"));
    assert_eq!(hook(&repository, &stops(&repository)).code, Some(2));
    std::fs::remove_dir_all(repository.root().join(".git")).unwrap();
    assert_eq!(hook(&repository, &edited(&repository, "src/lib.rs")).code, Some(2));
    is_silent(&hook(&repository, &stops(&repository)));
}

#[test]
fn faults_of_our_own_never_stop_a_session() {
    let repository = project(RULES);
    assert!(notice(&repository.lint_with(&["hook"], "")).starts_with("cache-lint: error: "));
    assert!(notice(&repository.lint_with(&["hook"], "[1]")).contains("no hook event"));
    let away =
        json!({ "hook_event_name": "PostToolUse", "cwd": "/no/such/folder", "tool_input": { "file_path": "a.rs" } });
    assert!(notice(&hook(&repository, &away)).contains("/no/such/folder"));
    let unknown = json!({ "hook_event_name": "Notification", "cwd": repository.root() });
    is_silent(&hook(&repository, &unknown));
    // 2 would be read as an objection to the edit.
    assert_eq!(repository.lint_with(&["hook", "--no-such-flag"], "").code, Some(1));
}

#[test]
fn settings_are_shown_and_merged() {
    let repository = project(RULES);
    let dry = repository.lint(&["hook", "--install", "--dry-run"]);
    assert!(dry.stdout.starts_with("new file .claude/settings.json\n{"), "{}", dry.all());
    assert!(!repository.root().join(".claude").exists());

    let said = repository.lint(&["hook", "--install"]);
    assert!(said.code == Some(0) && said.stdout.ends_with("wrote `.claude/settings.json`\n"), "{}", said.all());
    let settings: Value = serde_json::from_str(&repository.read(".claude/settings.json")).unwrap();
    let ours = json!([{ "type": "command", "command": "cache-lint hook", "timeout": 120 }]);
    let wanted = json!({ "hooks": {
        "PostToolUse": [{ "matcher": "Edit|Write|MultiEdit", "hooks": ours }],
        "Stop": [{ "hooks": ours }],
    }});
    assert_eq!(settings, wanted);
    assert!(repository.lint(&["hook", "--install"]).stdout.contains("is as it should be"));
}

#[test]
fn settings_that_are_there_keep_every_byte_of_theirs() {
    let repository = project(RULES);
    let own = "{\n    \"model\": \"opus\",\n    \"hooks\": {\n        \"PostToolUse\": [\n            \
               {\"matcher\": \"Bash\", \"hooks\": []}\n        ]\n    },\n    \"env\": {\"B\": \"1\", \"A\": \"2\"}\n}\n";
    repository.write(".claude/settings.json", own);
    let refused = repository.lint(&["hook", "--install"]);
    assert_eq!(refused.code, Some(2), "nobody can be asked");
    assert_eq!(repository.read(".claude/settings.json"), own);

    let said = repository.lint(&["hook", "--install", "--yes"]);
    assert_eq!(said.code, Some(0), "{}", said.all());
    assert!(!said.stdout.lines().any(|line| line.starts_with("-    ") && line.contains("env")), "{}", said.stdout);
    let text = repository.read(".claude/settings.json");
    let settings: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(settings["hooks"]["PostToolUse"].as_array().unwrap().len(), 2);
    assert_eq!(settings["hooks"]["Stop"].as_array().unwrap().len(), 1);
    assert!(
        text.contains("    \"env\": {\"B\": \"1\", \"A\": \"2\"}\n}\n") && text.contains("\"model\": \"opus\""),
        "{text}"
    );

    for broken in ["[1]", "{\"hooks\": 1}", "{\"hooks\": {\"Stop\": {}}}", "{\"hooks\": "] {
        repository.write(".claude/settings.json", broken);
        assert_eq!(repository.lint(&["hook", "--install", "--yes"]).code, Some(2), "{broken}");
        assert_eq!(repository.read(".claude/settings.json"), broken);
    }
}
