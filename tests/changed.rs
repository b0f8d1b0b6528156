//! Only what was changed: `--changed`, `--since` and `--staged` with the real program on real repositories.
#![allow(clippy::unwrap_used, reason = "a test ends at the first thing that is not as it should be")]

mod project;

use project::{Project, put};

/// The functions with a finding, and how many findings lay outside.
fn found(project: &Project, folder: &str, args: &str) -> (Vec<String>, u64) {
    let report = project.json(folder, &format!("check --only missing-ttl {args}"));
    let functions = report["findings"].as_array().unwrap().iter();
    let functions = functions.map(|finding| finding["function"].as_str().unwrap().to_owned()).collect();
    (functions, report["summary"]["outside"].as_u64().unwrap())
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| format!("shop::put_{name}")).collect()
}

#[test]
fn only_findings_that_touch_a_change_are_reported() {
    let project = Project::new(&put("old"));
    assert_eq!(found(&project, "", "--changed"), (vec![], 1));
    project.write("src/lib.rs", &(put("old") + &put("new")));
    assert_eq!(found(&project, "", "--changed"), (names(&["new"]), 1));
    assert_eq!(found(&project, "src", "--changed .."), (names(&["new"]), 1));
    assert_eq!(found(&project, "", "--since HEAD"), (names(&["new"]), 1));
    assert_eq!(found(&project, "", "--staged"), (vec![], 1));
    // A new file is a change as a whole.
    project.write("src/lib.rs", &format!("mod more;\n{}", put("old")));
    project.write("src/more.rs", &put("more"));
    let (found, outside) = found(&project, "", "--changed");
    assert_eq!((found, outside), (vec!["shop::more::put_more".to_owned()], 1));
    let (code, out, _) = project.run("", "check --only missing-ttl --changed");
    assert!(code == 0 && out.contains("\n1 more finding lies outside of what was changed\n"), "{out}");
}

/// A finding is about what its labels point at as well: the other place, or the line of the rule file.
#[test]
fn any_place_of_a_finding_counts() {
    let project = Project::new(&put("old"));
    let rules =
        |ttl: &str| format!("version = 1\ndefault = false\n[class.old]\nkeys = [\"shop:old:**\"]\nttl = \"{ttl}\"\n");
    project.write("cache-lint.toml", &rules("1h"));
    project.write(
        "src/lib.rs",
        "pub fn put_old(con: &mut redis::Connection, id: u64) -> redis::RedisResult<()> {\n    \
         redis::Commands::set_ex(con, format!(\"shop:old:{id}\"), 1, 86_400)\n}\n",
    );
    project.git("add --all");
    project.git("commit --quiet --message=x");
    let found = |project: &Project| {
        let (_, out, _) = project.run("", "check --only ttl-policy --changed --format concise --quiet");
        out.lines().count()
    };
    assert_eq!(found(&project), 0);
    project.write("cache-lint.toml", &rules("2h"));
    assert_eq!(found(&project), 1);
}

#[test]
fn what_is_staged_is_checked_as_it_would_be_committed() {
    let project = Project::new(&put("old"));
    // Staged: a new function. In the work tree only: another one, and the staged one mended.
    project.write("src/lib.rs", &(put("old") + &put("staged")));
    project.git("add src/lib.rs");
    project.write("src/lib.rs", &(put("unstaged") + &put("old")));
    project.write("src/untracked.rs", &put("untracked"));
    assert_eq!(found(&project, "", "--staged"), (names(&["staged"]), 1));
    assert_eq!(found(&project, "src", "--staged .."), (names(&["staged"]), 1));
    assert_eq!(found(&project, "src", "--staged"), (names(&["staged"]), 1));
    let (_, out, _) = project.run("", "check --only missing-ttl --staged --format concise --quiet");
    assert!(out.starts_with("src/lib.rs:5:"), "{out}");

    // The rule file comes from the index as well.
    project.write("cache-lint.toml", "version = 1\n[levels]\nmissing-ttl = \"off\"\n");
    assert_eq!(found(&project, "", "--staged"), (names(&["staged"]), 1));
    project.git("add cache-lint.toml");
    std::fs::remove_file(project.path().join("cache-lint.toml")).unwrap();
    assert_eq!(found(&project, "", "--staged"), (vec![], 0));
    project.git("rm --quiet --cached cache-lint.toml");

    // A file that is staged and gone from the work tree is checked all the same.
    std::fs::remove_file(project.path().join("src/lib.rs")).unwrap();
    assert_eq!(found(&project, "", "--staged"), (names(&["staged"]), 1));
    assert_eq!(found(&project, "", "--staged src/lib.rs"), (names(&["staged"]), 1));
}

#[test]
fn fingerprints_are_those_of_the_work_tree() {
    let project = Project::new(&put("old"));
    project.run("", "baseline --only missing-ttl");
    project.write("src/lib.rs", &(put("old") + &put("new")));
    project.git("add --all");
    let (_, out, _) = project.run("", "check --only missing-ttl --staged --baseline cache-lint-baseline.json");
    assert!(out.contains("baseline: 1 new, 0 known, 0 fixed\n1 more finding lies outside"), "{out}");
    project.write("src/lib.rs", &(String::from("\n") + &put("old").replace("id: u64", "id: u32")));
    project.git("add --all");
    let (_, out, _) = project.run("", "check --only missing-ttl --staged --baseline cache-lint-baseline.json");
    assert!(out.starts_with("no findings\n"), "{out}");
}

#[test]
fn a_repository_without_commits_and_a_folder_without_repository() {
    let project = Project::new(&put("old"));
    std::fs::remove_dir_all(project.path().join(".git")).unwrap();
    let (code, _, err) = project.run("", "--changed");
    assert_eq!(code, 2);
    assert!(err.starts_with("error: there is no git repository around `"), "{err}");
    assert!(err.contains("help: `--changed`, `--since` and `--staged` compare with commits"), "{err}");
    project.git("init --quiet");
    project.git("add src Cargo.toml");
    assert_eq!(found(&project, "", "--changed"), (names(&["old"]), 0));
    assert_eq!(found(&project, "", "--staged"), (names(&["old"]), 0));
    let (code, _, err) = project.run("", "--since main");
    assert!(code == 2 && err.contains("nothing is committed yet"), "{err}");
    let (code, _, err) = project.run("", "--since nowhere");
    assert!(code == 2, "{err}");
    assert_eq!(project.run("", "--changed --staged").0, 2);
}

/// Git gives a hook an index of its own when a commit takes more than what was staged before.
#[cfg(unix)]
#[test]
fn a_hook_sees_what_its_commit_would_hold() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = Project::new(&put("old"));
    let hook = project.path().join(".git/hooks/pre-commit");
    let tool = env!("CARGO_BIN_EXE_cache-lint");
    project.write(
        ".git/hooks/pre-commit",
        &format!(
            "#!/bin/sh\nexec '{tool}' check --staged --only missing-ttl --deny-warnings --quiet -f concise >hook.log\n"
        ),
    );
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    let commit = |args: &[&str]| {
        let status = project.git_command().args(["commit", "--quiet"]).args(args).output();
        let log = std::fs::read_to_string(project.path().join("hook.log")).unwrap();
        (status.unwrap().status.success(), log.lines().count())
    };
    project.write(".gitignore", "hook.log\n");
    project.git("add .gitignore");
    assert_eq!(commit(&["--message=a"]), (true, 0));
    project.write("src/lib.rs", &(put("old") + &put("new")));
    assert_eq!(commit(&["--all", "--message=b"]), (false, 1));
    assert_eq!(commit(&["--message=b", "src/lib.rs"]), (false, 1));
    project.write("src/lib.rs", &(put("old") + "pub fn harmless() {}\n"));
    assert_eq!(commit(&["--all", "--message=c"]), (true, 0));
}
