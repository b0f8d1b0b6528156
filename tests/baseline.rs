//! A baseline from its first writing to its last entry, with the real program.
#![allow(clippy::unwrap_used, reason = "a test ends at the first thing that is not as it should be")]

mod project;

use project::{Project, put};
use serde_json::Value;

/// The functions that the baseline names.
fn held(project: &Project) -> Vec<String> {
    let value: Value = serde_json::from_str(&project.read("cache-lint-baseline.json")).unwrap();
    let findings = value["findings"].as_array().unwrap();
    findings.iter().map(|entry| entry["function"].as_str().unwrap().to_owned()).collect()
}

const ONLY: &str = "--only missing-ttl";
const CHECK: &str = "check --only missing-ttl --min-severity note --deny-warnings --baseline cache-lint-baseline.json";

#[test]
fn known_findings_are_hidden_until_they_are_fixed() {
    let project = Project::new(&(put("user") + &put("order")));
    let (code, out, _) = project.run("", &format!("baseline {ONLY}"));
    assert_eq!((code, held(&project)), (0, vec!["shop::put_order".to_owned(), "shop::put_user".to_owned()]), "{out}");
    assert!(out.starts_with("`cache-lint-baseline.json` holds 2 findings: 2 came in\n"), "{out}");

    // Nothing new: the run passes, and the summary says what is hidden.
    let (code, out, _) = project.run("", CHECK);
    assert_eq!(code, 0, "{out}");
    assert!(out.starts_with("no findings\nbaseline: 0 new, 2 known, 0 fixed\n"), "{out}");

    // Code that moves stays known; what is added is new, and what is gone is fixed.
    project.write("src/lib.rs", &format!("\n\n// Moved.\n{}{}", put("cart"), put("user")));
    let report = project.json("", CHECK);
    assert_eq!(report["summary"]["baseline"], serde_json::json!({"new": 1, "known": 1, "fixed": 1}));
    assert_eq!(report["findings"].as_array().unwrap().len(), 1);
    assert_eq!(report["findings"][0]["function"], "shop::put_cart");
    assert_eq!(report["findings"][0]["baseline"], "new");
    assert_eq!(report["fixed"][0]["function"], "shop::put_order");

    // The baseline does not grow by itself.
    let before = held(&project);
    let (code, out, _) = project.run("", &format!("baseline {ONLY}"));
    assert_eq!((code, before.len(), held(&project)), (0, 2, vec!["shop::put_user".to_owned()]));
    assert!(out.contains("holds 1 finding: 1 went out\n1 new finding is left out; mend them"), "{out}");
    project.run("", &format!("baseline {ONLY} --accept-new"));
    assert_eq!(held(&project), ["shop::put_cart", "shop::put_user"]);
}

#[test]
fn entries_that_match_nothing_are_told_and_fail_where_that_is_asked_for() {
    let project = Project::new(&(put("user") + &put("order")));
    project.run("", &format!("baseline {ONLY}"));
    project.write("src/lib.rs", &put("user"));
    let (code, _, err) = project.run("", CHECK);
    assert_eq!(code, 0);
    assert_eq!(
        err,
        "warning: 1 entry of `cache-lint-baseline.json` was not found again\n  \
         missing-ttl `shop:order:{}` in src/lib.rs, `shop::put_order`\n\
         help: `cache-lint baseline --prune` takes it out\n"
    );
    let (code, _, err) = project.run("", &format!("{CHECK} --strict-baseline"));
    assert!(code == 1 && err.starts_with("error: 1 entry"), "{code} {err}");
    assert_eq!(project.run("", &format!("{CHECK} --strict-baseline --exit-zero")).0, 0);
    // With the rule off, or with other files in view, nothing can be said of it.
    assert_eq!(project.run("", &format!("{CHECK} --skip missing-ttl --strict-baseline")).0, 0);
    project.write("src/other.rs", "");
    assert_eq!(project.run("", &format!("{CHECK} --strict-baseline src/other.rs")).0, 0);
    project.run("", &format!("baseline {ONLY} --prune src/other.rs"));
    assert_eq!(held(&project).len(), 2);
    project.run("", &format!("baseline {ONLY} --prune"));
    assert_eq!(held(&project), ["shop::put_user"]);
    assert_eq!(project.run("", &format!("{CHECK} --strict-baseline")).0, 0);
}

#[test]
fn a_file_that_is_gone_takes_its_entries_along() {
    let project = Project::new("mod old;\n");
    project.write("src/old.rs", &put("user"));
    project.run("", &format!("baseline {ONLY}"));
    std::fs::remove_file(project.path().join("src/old.rs")).unwrap();
    project.write("src/lib.rs", "");
    assert_eq!(project.json("", CHECK)["summary"]["baseline"], serde_json::json!({"new": 0, "known": 0, "fixed": 1}));
}

#[test]
fn the_rule_file_can_name_it_and_folders_do_not_matter() {
    let project = Project::new(&put("user"));
    project.write("cache-lint.toml", "version = 1\nbaseline = \"ci/known.json\"\n");
    project.write("ci/.keep", "");
    let (code, out, err) = project.run("src", &format!("baseline {ONLY}"));
    assert_eq!(code, 0, "{err}");
    assert!(project.read("ci/known.json").contains("\"path\":\"src/lib.rs\""), "{out}");
    for folder in ["", "src", "ci"] {
        // Never the folder above the project: that is everybody's.
        let args = if folder.is_empty() { "--only missing-ttl" } else { "check .. --only missing-ttl" };
        let (code, out, err) = project.run(folder, args);
        assert!(code == 0 && out.contains("0 new, 1 known, 0 fixed"), "{folder}: {out}{err}");
    }
    assert_eq!(project.run("", "--only missing-ttl --no-baseline --deny-warnings").0, 1);
    let (_, shown, _) = project.run("", "--only missing-ttl --show-known --format concise");
    assert!(shown.starts_with("src/lib.rs:2:") && shown.contains("[missing-ttl]"), "{shown}");
    // A suppression takes the place of the entry.
    project.write(
        "src/lib.rs",
        &format!("// cache-lint: ignore[missing-ttl] -- kept for good by design\n{}", put("user")),
    );
    assert_eq!(project.json("", "--only missing-ttl")["summary"]["baseline"]["fixed"], 1);
}

#[test]
fn what_is_no_baseline_ends_with_2() {
    let project = Project::new(&put("user"));
    let (code, _, err) = project.run("", "--baseline nowhere.json");
    assert_eq!(code, 2);
    assert_eq!(err, "error: there is no baseline `nowhere.json`\nhelp: `cache-lint baseline` writes one\n");
    assert_eq!(project.run("", "baseline --prune").0, 2);
    assert_eq!(project.run("", "--strict-baseline").0, 2);
    project.write("broken.json", "{\n  \"version\": 1,\n<<<<<<< HEAD\n}\n");
    for args in
        ["--baseline broken.json", "baseline --baseline broken.json", "baseline --accept-new --baseline broken.json"]
    {
        let (code, _, err) = project.run("", args);
        assert_eq!(code, 2);
        assert!(err.contains("this is no baseline: key must be a string") && err.contains("broken.json:3:1"), "{err}");
    }
    assert!(project.read("broken.json").contains("<<<<<<<"));
}
