//! Rule files over each other.

use std::fs;
use std::path::Path;

use super::{VOCABULARY, class, shown, values};
use crate::policy::{Policy, PolicyError, PolicyOptions};

/// Writes files below a new folder.
fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn try_load(folder: &Path, config: &str) -> Result<Policy, Vec<PolicyError>> {
    let options = PolicyOptions { config: Some(folder.join(config)), ..PolicyOptions::default() };
    Policy::load(&options, &VOCABULARY)
}

fn load(files: &[(&str, &str)], config: &str) -> Policy {
    let folder = tree(files);
    try_load(folder.path(), config).unwrap_or_else(|errors| panic!("{}", shown(&errors)))
}

/// The mistakes, with the folder left out.
fn mistakes(files: &[(&str, &str)], config: &str) -> String {
    let folder = tree(files);
    let text = shown(&try_load(folder.path(), config).unwrap_err());
    let real = folder.path().canonicalize().unwrap();
    text.replace(&format!("{}/", real.display()), "").replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn the_project_lies_over_what_it_extends_and_both_over_the_default() {
    let folder = tree(&[
        (
            "team.toml",
            "[ttl]\nmax = \"2h\"\njitter = \"5%\"\n[class.profile]\nttl = \"20m\"\nextend-keys = [\"who:**\"]\n\
             [levels]\nkey-format = \"error\"\nmissing-ttl = \"warn\"\n[loads]\ncheap = [\"a\", \"b\"]\n\
             [metrics]\nlogs = false\n",
        ),
        (
            "shop/cache-lint.toml",
            "extends = [\"../team.toml\"]\n[ttl]\njitter = \"0%\"\n[class.profile]\nhot = true\n\
             [class.cart]\nkeys = \"shop:cart:**\"\nttl = \"10m\"\n[levels]\nmissing-ttl = \"off\"\n[loads]\nextend-cheap = \"c\"\n",
        ),
    ]);
    let policy = try_load(folder.path(), "shop/cache-lint.toml").unwrap();
    let names: Vec<&str> = policy.sources.iter().map(|source| source.path.rsplit('/').next().unwrap()).collect();
    assert_eq!(names, ["cache-lint.toml", "team.toml", "default.toml"]);
    let mut rows = values(&policy, "ttl.");
    rows.extend(values(&policy, "class.profile."));
    rows.extend(values(&policy, "class.cart."));
    rows.extend(values(&policy, "levels."));
    rows.extend(values(&policy, "loads."));
    rows.extend(values(&policy, "metrics."));
    let rows: Vec<String> = rows
        .iter()
        .map(|row| {
            let (value, origin) = row.split_once(" # ").unwrap();
            format!("{value} # {}", origin.rsplit('/').next().unwrap())
        })
        .collect();
    insta::assert_snapshot!(rows.join("\n"), @r#"
    ttl.required = true # default
    ttl.jitter = "0%" # cache-lint.toml:3
    ttl.max = "2h" # team.toml:2
    class.profile.keys = ["who:**", "session:**", "*:session:**", "*:profile:**"] # team.toml:6
    class.profile.ttl = "20m" # team.toml:5
    class.profile.pattern = "cache-aside" # default
    class.profile.hot = true # cache-lint.toml:4
    class.cart.keys = ["shop:cart:**"] # cache-lint.toml:7
    class.cart.ttl = "10m" # cache-lint.toml:8
    levels.key-format = "error" # team.toml:8
    levels.missing-ttl = "off" # cache-lint.toml:10
    loads.cheap = "c" # cache-lint.toml:12
    loads.cheap = "a" # team.toml:11
    loads.cheap = "b" # team.toml:11
    metrics.logs = false # team.toml:13
    "#);
}

#[test]
fn later_extended_files_lie_over_earlier_ones_and_a_shared_one_is_read_once() {
    let policy = load(
        &[
            (
                "base.toml",
                "[[exceptions]]\nrules = \"all\"\npaths = \"a\"\nreason = \"once\"\n[ttl]\nmax = \"3h\"\nmin = \"3s\"\n",
            ),
            ("one.toml", "extends = \"base.toml\"\n[ttl]\nmax = \"1h\"\nmin = \"1s\"\n"),
            ("two.toml", "extends = \"base.toml\"\n[ttl]\nmax = \"2h\"\n"),
            ("cache-lint.toml", "extends = [\"one.toml\", \"two.toml\"]\n"),
        ],
        "cache-lint.toml",
    );
    assert_eq!(policy.ttl.max.unwrap().value, 2 * 3_600_000);
    assert_eq!(policy.ttl.min.unwrap().value, 1_000);
    assert_eq!(policy.exceptions.len(), 1);
}

#[test]
fn the_default_s_classes_can_be_left_out() {
    let policy = load(&[("x.toml", "default = false\n")], "x.toml");
    assert!(policy.classes.is_empty());
    assert_eq!(policy.keys.format.value.text, "{service}:{entity}:{id}");
    assert!(policy.ttl.required.value);
}

#[test]
fn a_list_replaces_the_one_below_and_a_store_takes_the_demands_of_a_copy_away() {
    let policy = load(
        &[(
            "x.toml",
            "[class.profile]\nkeys = [\"who:**\"]\n[class.inventory]\nstore = true\nreason = \"no database behind it\"\n",
        )],
        "x.toml",
    );
    assert_eq!(class(&policy, "user:profile:<id>"), "");
    assert_eq!(class(&policy, "who:<id>"), "profile");
    let inventory = policy.classes.iter().find(|class| class.name == "inventory").unwrap();
    assert!(inventory.store && inventory.ttl.is_none() && inventory.pattern.is_none());
}

#[test]
fn patterns_and_formats_keep_their_meaning_under_another_separator() {
    let policy = load(
        &[
            ("team.toml", "[keys]\nseparator = \"/\"\n"),
            ("x.toml", "extends = \"team.toml\"\n[class.cart]\nkeys = \"shop/cart/**\"\nttl = \"1m\"\n"),
        ],
        "x.toml",
    );
    assert_eq!(policy.keys.format.value.text, "{service}/{entity}/{id}");
    assert_eq!(class(&policy, "shop/cart/<id>"), "cart");
    assert_eq!(class(&policy, "user/profile/<id>"), "profile");
    assert_eq!(class(&policy, "user:profile:<id>"), "");
}

#[test]
fn what_cannot_be_extended_is_told_where_it_is_named() {
    insta::assert_snapshot!(mistakes(
        &[("cache-lint.toml", "extends = [\"gone.toml\", \"sub\", 3]\n"), ("sub/x.toml", "")],
        "cache-lint.toml",
    ), @r#"
    cache-lint.toml:1:12 `"gone.toml"`
        cannot read `gone.toml`, which this file extends: there is no such file
        → the path is relative to this file: `gone.toml` was looked for
    cache-lint.toml:1:25 `"sub"`
        cannot read `sub`, which this file extends: it is a folder
        → the path is relative to this file: `sub` was looked for
    cache-lint.toml:1:32 `3`
        `extends` wants a list of texts, not a number
    "#);
    insta::assert_snapshot!(mistakes(
        &[("a.toml", "extends = \"b.toml\"\n"), ("b.toml", "\nextends = \"a.toml\"\n")],
        "a.toml",
    ), @r#"
    b.toml:2:11 `"a.toml"`
        rule files extend each other in a circle: a.toml → b.toml → a.toml
    "#);
    insta::assert_snapshot!(mistakes(&[("a.toml", "extends = \"a.toml\"\n")], "a.toml"), @r#"
    a.toml:1:11 `"a.toml"`
        rule files extend each other in a circle: a.toml → a.toml
    "#);
}

#[test]
fn mistakes_of_all_files_are_told_together() {
    insta::assert_snapshot!(mistakes(
        &[("base.toml", "[ttl]\nmaximum = \"1h\"\n"), ("a.toml", "extends = \"base.toml\"\n[lvels]\n")],
        "a.toml",
    ), @r#"
    a.toml:2:2 `lvels`
        unknown key `lvels` in the rule file
        → did you mean `levels`?
    base.toml:2:1 `maximum`
        unknown key `maximum` in [ttl]
        → [ttl] has `required`, `jitter`, `min` and `max`
    "#);
}

#[test]
fn a_named_file_that_is_not_there_is_told() {
    insta::assert_snapshot!(mistakes(&[("a.toml", "")], "b.toml"), @r#"
    b.toml
        cannot read the rule file: there is no such file
        → name a rule file, or write one with `cache-lint init`
    "#);
}

#[test]
fn globs_of_an_extended_file_are_relative_to_that_file() {
    let folder = tree(&[
        ("team/rules.toml", "[[exceptions]]\nrules = \"all\"\npaths = \"src/old.rs\"\nreason = \"r\"\n"),
        ("cache-lint.toml", "extends = \"team/rules.toml\"\n"),
    ]);
    let policy = try_load(folder.path(), "cache-lint.toml").unwrap();
    let glob = &policy.exceptions[0].paths[0].value;
    let root = folder.path().canonicalize().unwrap();
    assert!(glob.matches(&root.join("team/src/old.rs")));
    assert!(!glob.matches(&root.join("src/old.rs")));
}
