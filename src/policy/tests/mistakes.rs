//! Every mistake is told, at its place, with the remedy.

use proptest::prelude::*;

use super::{VOCABULARY, mistakes, policy};
use crate::policy::{DEFAULT, Policy, TEMPLATE};

const WRONG: &str = r#"version = 2
extend = ["../rules.toml"]

[keys]
format = "{service}:{entty}:{id}"
separator = "::"
version-segment = "v"
service = "My Shop"
exceptions = [{ keys = "legacy:**" }, { reason = " " }, "old:**"]

[ttl]
required = "yes"
jitter = "110%"
min = 60
max = "10 minutes"
minimum = "1s"

[class.profile]
keys = ["*:profile:**", "user::x", 7, "*:profile:**"]
ttl = "15 m"
pattern = "cache-asdie"
hot = 1

[class.session]
key = "session:**"
keys = "*:profile:**"
ttl = { min = "1h", max = "15m" }

[class.queue]
keys = ["jobs:**"]
store = true
ttl = "1h"

[class.range]
keys = "range:**"
ttl = { min = "1m" }
reason = ""

[class.nothing]
ttl = "0s"

[levels]
mising-ttl = "error"
key-format = "wran"
polcy = "off"
everything = "off"

[[exceptions]]
rules = ["missing-tll", "key-format"]
paths = ["src/[a"]
until = "2027-02-30"

[[exceptions]]
rule = "key-format"
reason = "none"

[loads]
cheap = ["what ever!"]

[guards]
function = "x"

[channels]
external = "a::b"

[metrics]
log = false
logs = "never"

[suppressions]
require-until = "always"

[paths]
exclude = ["!keep.rs"]

[undetermined]
raport = true

[client.acme]
crates = ["acme-cache"]
types = { "acme_cache::Cache" = "conection" }
methds = { put = "SET key value" }

[client.other]
crates = ["other"]
methods = { put = "SETT key value" }

[clas.typo]
"#;

#[test]
fn all_mistakes_of_a_file_are_told_at_once() {
    insta::assert_snapshot!(mistakes(WRONG));
}

#[test]
fn what_is_no_toml_is_told_with_what_can_still_be_read() {
    insta::assert_snapshot!(mistakes(
        "version = 1\n\n[ttl]\nmax = 15m\njitter = \"200%\"\n\n[class.profile\nkeys = [\"a:b\"]\n\n[levels]\nmissing-ttl = error\n"
    ));
}

#[test]
fn a_limit_that_contradicts_another_is_a_mistake() {
    insta::assert_snapshot!(mistakes(
        r#"
[ttl]
min = "1m"
max = "1h"

[class.long]
keys = "long:**"
ttl = "2h"

[class.short]
keys = "short:**"
ttl = "10s"

[class.empty]
keys = []
ttl = "5m"
"#
    ), @r#"
    cache-lint.toml:8:7 `"2h"`
        the TTL of class `long`, 2h, is longer than `ttl.max`, 1h
    cache-lint.toml:12:7 `"10s"`
        the TTL of class `short`, 10s, is shorter than `ttl.min`, 1m
    cache-lint.toml:14:8 `empty`
        class `empty` has no `keys`
        → give patterns of its keys: `keys = ["user:profile:**"]`
    "#);
    assert_eq!(
        mistakes("[ttl]\nmin = \"2h\"\nmax = \"1h\"\n"),
        "cache-lint.toml:2:7 `\"2h\"`\n    `min` is longer than `max`: 2h and 1h\n"
    );
}

#[test]
fn places_survive_a_byte_order_mark_and_wide_characters() {
    assert_eq!(
        mistakes("\u{feff}# 鍵\nversion = 1\n[levels]\n\"kéy-format\" = \"off\" # 鍵\n"),
        "cache-lint.toml:4:1 `\"kéy-format\"`\n    unknown rule or category `kéy-format`\n    → did you mean `key-format`?\n"
    );
}

#[test]
fn the_embedded_files_have_no_mistakes() {
    policy(DEFAULT);
    policy(TEMPLATE);
}

#[test]
fn what_the_template_shows_as_comment_is_right_as_well() {
    let is_entry = |line: &str| {
        let text = line.trim_start_matches("# ");
        line.starts_with("# ")
            && (text.starts_with('[') || text.split_once(" = ").is_some_and(|(key, _)| !key.contains(' ')))
    };
    let open: String = TEMPLATE
        .lines()
        .map(|line| if is_entry(line) { line.trim_start_matches("# ") } else { line })
        // The file it names is not there.
        .filter(|line| !line.starts_with("extends"))
        .map(|line| format!("{line}\n"))
        .collect();
    let policy = policy(&open);
    assert_eq!(policy.keys.service.as_ref().map(|service| service.value.as_str()), Some("shop"));
    assert!(policy.classes.iter().any(|class| class.store));
    assert_eq!(policy.exceptions.len(), 1);
    assert_eq!(policy.clients.len(), 1);
}

fn any_value() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("true".to_owned()),
        Just("7".to_owned()),
        Just("2027-01-01".to_owned()),
        Just("{}".to_owned()),
        Just("[[]]".to_owned()),
        Just("\"\"".to_owned()),
        Just("\"**\"".to_owned()),
        "\"[a-z:*{}%0-9]{0,8}\"",
        "\\[\"[a-z:*]{0,4}\", 3\\]",
        "\\{ min = \"[0-9]{0,3}[smh]\", max = \"[0-9]{1,40}h\" \\}",
    ]
}

proptest! {
    #[test]
    fn no_bytes_make_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Policy::parse("x.toml", &String::from_utf8_lossy(&bytes), &VOCABULARY);
    }

    /// Cuts, repeats and overwrites parts of files that say everything.
    #[test]
    fn no_damage_makes_a_panic(at in any::<prop::sample::Index>(), end in any::<prop::sample::Index>(), put in ".{0,12}") {
        for text in [TEMPLATE, WRONG] {
            let chars: Vec<char> = text.chars().collect();
            let (from, to) = (at.index(chars.len()), end.index(chars.len()));
            let damaged: String = chars[..from].iter().copied().chain(put.chars()).chain(chars[to..].iter().copied()).collect();
            if let Err(errors) = Policy::parse("x.toml", &damaged, &VOCABULARY) {
                for error in errors {
                    let span = error.span.unwrap();
                    prop_assert!(damaged.get(span.start as usize..span.end as usize).is_some(), "{span:?}");
                    prop_assert!(!error.message.is_empty() && !error.message.ends_with('.'));
                }
            }
        }
    }

    /// Every key with every kind of value.
    #[test]
    fn no_value_makes_a_panic(table in "(keys|ttl|class\\.x|levels|loads|guards|channels|suppressions|paths|client\\.x)",
                              key in "(format|separator|version-segment|service|exceptions|keys|ttl|jitter|min|max|pattern|store|all|cheap|functions|external|exclude|tests|crates|methods|types)",
                              value in any_value()) {
        let _ = Policy::parse("x.toml", &format!("[{table}]\n{key} = {value}\n"), &VOCABULARY);
        let _ = Policy::parse("x.toml", &format!("[[exceptions]]\n{key} = {value}\n"), &VOCABULARY);
        let _ = Policy::parse("x.toml", &format!("{key} = {value}\n"), &VOCABULARY);
    }
}
