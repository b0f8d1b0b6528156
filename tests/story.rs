//! How a team takes the tool in, step by step: an old code base, a rule file that fits it, a baseline, a commit that
//! forgets a TTL, stopped before it is made and again in CI, and mended.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod repository;

use repository::{Repository, Said};
use serde_json::Value;

const CARTS: &str = "shop/src/services/carts.rs";
const WITH_TTL: &str = ".set_ex::<_, _, ()>(badge, items, ttl::CUSTOMER.as_secs()).await?;";
const WITHOUT: &str = "let _: () = self.cache.connection().set(badge, items).await?;";

/// The demo shop as a workspace of its own, as somebody would clone it.
fn clone_of_the_shop() -> Repository {
    let origin = Repository::new();
    origin.copy("fixtures/shop", "shop");
    std::fs::remove_file(origin.root().join("shop/cache-lint.toml")).unwrap();
    origin.copy("fixtures/Cargo.toml", "Cargo.toml");
    let manifest: toml::Table = origin.read("Cargo.toml").parse().unwrap();
    let redis = manifest["workspace"]["dependencies"]["redis"]["version"].as_str().unwrap();
    origin.write(
        "Cargo.toml",
        &format!("[workspace]\nmembers = [\"shop\", \"shop/cache\"]\n[workspace.dependencies]\nredis = \"{redis}\"\n"),
    );
    origin.commit();
    let clone = Repository::new();
    clone.git(&["pull", "--quiet", origin.root().to_str().unwrap(), "main"]);
    clone
}

/// So that git runs it; on Windows it asks for no permission.
fn make_executable(hook: &std::path::Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    #[cfg(not(unix))]
    assert!(hook.is_file());
}

/// `path rule` of every finding that is shown.
fn findings(said: &Said) -> Vec<String> {
    let report: Value = serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {}", said.all()));
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let findings = report["findings"].as_array().unwrap().iter();
    findings.map(|finding| format!("{} {}", text(finding, "path"), text(finding, "rule"))).collect()
}

#[test]
fn a_team_takes_the_tool_in() {
    let repository = clone_of_the_shop();
    let json = |args: &[&str]| repository.lint(&[args, &["--format", "json"]].concat());

    // A rule file that fits, and all that is wrong today written down: nothing is left to do.
    assert_eq!(repository.lint(&["init", "--pre-commit"]).code, Some(0));
    let first = json(&["check"]);
    assert_eq!(first.code, Some(1), "an old code base has faults");
    let old = findings(&first);
    assert!(old.len() > 5, "{old:?}");
    assert_eq!(repository.lint(&["baseline"]).code, Some(0));
    repository.edit("cache-lint.toml", "# baseline = ", "baseline = ");
    let clean = json(&["check"]);
    assert_eq!((clean.code, findings(&clean).len()), (Some(0), 0), "{}", clean.all());

    // What pre-commit would run, run by git.
    let hooks = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/.pre-commit-hooks.yaml")).unwrap();
    let entry = hooks.lines().find_map(|line| line.trim().strip_prefix("entry: cache-lint ")).unwrap();
    let script = format!("#!/bin/sh\nexec '{}' {entry} --format concise\n", env!("CARGO_BIN_EXE_cache-lint"));
    repository.write(".git/hooks/pre-commit", &script);
    make_executable(&repository.root().join(".git/hooks/pre-commit"));
    let commit = || {
        repository.git(&["add", "--all"]);
        repository.command("git").args(["commit", "--quiet", "--message", "a step"]).output().unwrap()
    };
    assert!(commit().status.success(), "the rule file and the baseline are let in");

    // A TTL is forgotten. The commit is stopped, and names it and nothing else.
    repository.git(&["checkout", "--quiet", "-b", "badge"]);
    let line = repository.read(CARTS).lines().find(|line| line.contains(WITH_TTL)).unwrap().trim().to_owned();
    let (call, remark) = line.split_at(line.find(" //~").unwrap());
    repository.edit(CARTS, call, WITHOUT);
    let stopped = commit();
    let told = String::from_utf8_lossy(&stopped.stdout).into_owned() + &String::from_utf8_lossy(&stopped.stderr);
    assert!(!stopped.status.success());
    assert!(told.contains("missing-ttl") && !told.contains("shop/src/jobs"), "{told}");
    assert_eq!(repository.git(&["rev-parse", "HEAD"]).stdout, repository.git(&["rev-parse", "main"]).stdout);

    // Whoever goes past the hook is stopped in CI, by the baseline and by the diff to the target branch alike.
    repository.commit();
    let wanted = format!("{CARTS} missing-ttl");
    let in_ci = json(&["check"]);
    assert_eq!((in_ci.code, findings(&in_ci)), (Some(1), vec![wanted.clone()]), "{}", in_ci.all());
    let in_ci = json(&["check", "--no-baseline", "--since", "main"]);
    assert!(in_ci.code == Some(1) && findings(&in_ci).contains(&wanted), "{}", in_ci.all());

    // The fix takes the TTL of the class that `init` has found, and the commit goes through.
    let fixed = repository.lint(&["check", "--fix", "--only", "missing-ttl"]);
    assert_eq!(fixed.code, Some(0), "{}", fixed.all());
    let mended = WITHOUT.replace(".set(badge, items)", ".set_ex(badge, items, 900)");
    assert!(repository.read(CARTS).contains(&format!("{mended}{remark}")), "{}", repository.read(CARTS));
    assert!(commit().status.success());
    let last = json(&["check"]);
    assert_eq!((last.code, findings(&last).len()), (Some(0), 0), "{}", last.all());
}
