//! What a rule file says of keys, TTLs, levels and exceptions.

use std::path::Path;

use super::{class, policy, template};
use crate::finding::{Confidence, Level, Place};
use crate::policy::{KeyShape, Located, Pattern, Policy, Seen, Subject, quantity};
use crate::template::Template;

/// The text of the rule file at a place.
fn at(policy: &Policy, place: Option<Place>) -> &str {
    let place = place.unwrap();
    place.span.of(&policy.source(place.file).unwrap().text)
}

#[test]
fn the_default_carries_the_four_classes() {
    let policy = Policy::default();
    let said = |key: &str| {
        let class = policy.class_of(&template(key)).unwrap();
        let ttl = class.ttl.as_ref().map(|ttl| quantity::show(ttl.value.1)).unwrap();
        (class.name.as_str(), ttl, class.pattern.as_ref().map(|pattern| pattern.value.word()))
    };
    assert_eq!(said("product:detail:<id>"), ("master-data", "1h".to_owned(), Some("cache-aside")));
    assert_eq!(said("shop:catalog:v2"), ("master-data", "1h".to_owned(), Some("cache-aside")));
    assert_eq!(said("user:v2:profile:<id>"), ("profile", "15m".to_owned(), Some("cache-aside")));
    assert_eq!(said("session:<token>"), ("profile", "15m".to_owned(), Some("cache-aside")));
    assert_eq!(said("blog:stats:<day>"), ("aggregation", "5m".to_owned(), None));
    assert_eq!(said("inventory:<id>"), ("inventory", "5m".to_owned(), Some("write-through")));
    assert_eq!(said("bank:balance:<id>"), ("inventory", "5m".to_owned(), Some("write-through")));
    assert_eq!(class(&policy, "user:avatar:<id>"), "");
    assert_eq!(class(&policy, "user:<kind>:<id>"), "", "what may be a profile is none for sure");
    assert!(policy.ttl.required.value);
    assert_eq!(policy.keys.format.value.text, "{service}:{entity}:{id}");
}

#[test]
fn the_most_specific_class_holds_and_the_project_s_beats_the_tool_s() {
    let policy = policy(
        r#"
[class.everything]
keys = ["shop:**"]
ttl = "2h"

[class.cart]
keys = ["shop:cart:**"]
ttl = "10m"

[class.cart-badge]
keys = ["shop:cart:badge:*"]
ttl = "1m"
"#,
    );
    assert_eq!(class(&policy, "shop:cart:badge:<id>"), "cart-badge");
    assert_eq!(class(&policy, "shop:cart:<id>"), "cart");
    assert_eq!(class(&policy, "shop:profile:<id>"), "everything", "`*:profile:**` of the default is more specific");
    assert_eq!(class(&policy, "blog:profile:<id>"), "profile");
    let (_, pattern) = policy.class_match(&template("shop:cart:<id>")).unwrap();
    assert_eq!(at(&policy, pattern.place), "\"shop:cart:**\"");
}

#[test]
fn a_ttl_is_bounded_by_its_class_its_jitter_and_the_whole() {
    let policy = policy(
        r#"
[ttl]
min = "30s"
max = "2h"
jitter = "20%"

[class.plain]
keys = "plain:**"
ttl = "10m"

[class.range]
keys = "range:**"
ttl = { min = "1m", max = "10m" }
jitter = "0%"

[class.long]
keys = "long:**"
ttl = "2h"

[class.queue]
keys = "queue:**"
store = true
reason = "the only home"
"#,
    );
    let limits = |key: &str| {
        let class = policy.class_of(&template(key));
        let show = |limit: Option<crate::policy::TtlLimit>| {
            limit.map(|limit| (quantity::show(limit.ms), at(&policy, limit.place).to_owned(), limit.of_class))
        };
        (show(policy.shortest_ttl(class)), show(policy.longest_ttl(class)))
    };
    let limit = |ms: &str, text: &str, of_class| Some((ms.to_owned(), text.to_owned(), of_class));
    assert_eq!(limits("plain:x:1"), (limit("30s", "\"30s\"", false), limit("12m", "\"10m\"", true)));
    let range = "{ min = \"1m\", max = \"10m\" }";
    assert_eq!(limits("range:x:1"), (limit("1m", range, true), limit("10m", range, true)));
    assert_eq!(limits("long:x:1"), (limit("30s", "\"30s\"", false), limit("2h", "\"2h\"", false)));
    assert_eq!(limits("other:x:1"), (limit("30s", "\"30s\"", false), limit("2h", "\"2h\"", false)));
    assert_eq!(limits("queue:x:1"), (None, None));
}

#[test]
fn levels_are_those_of_the_rule_then_the_category_then_all() {
    let policy = policy("[levels]\nall = \"note\"\npolicy = \"off\"\nkey-format = \"error\"\n");
    assert_eq!(policy.level("key-format", "policy", Level::Warning), Level::Error);
    assert_eq!(policy.level("missing-ttl", "policy", Level::Error), Level::Off);
    assert_eq!(policy.level("stampede-prone-miss", "correctness", Level::Error), Level::Note);
    let stated = policy.stated_level("missing-ttl", "policy").unwrap();
    assert_eq!(at(&policy, stated.place), "policy = \"off\"");
    let silent = Policy::default();
    assert_eq!(silent.level("key-format", "policy", Level::Warning), Level::Warning);
    assert!(!silent.states_level("key-format", "policy"));
}

#[test]
fn exceptions_hold_where_all_they_name_fits_and_until_their_last_day() {
    let policy = policy(
        r#"
[[exceptions]]
rules = ["missing-ttl", "key-format"]
keys = "legacy:**"
functions = "import::*"
reason = "the import ends in spring"
until = 2027-03-01

[[exceptions]]
rule = "policy"
paths = "src/migrate/"
reason = "runs once, by hand"
"#,
    );
    let said = |rule, key: &str, path, function, today| {
        let key = template(key);
        let subject = Subject { rule, category: "policy", template: Some(&key), path: Path::new(path), function };
        policy.exception(subject, today).map(|exception| exception.reason.as_str())
    };
    let import = Some("the import ends in spring");
    assert_eq!(said("missing-ttl", "legacy:<id>", "src/a.rs", "shop::import::run", "2027-03-01"), import);
    assert_eq!(said("missing-ttl", "legacy:<id>", "src/a.rs", "shop::import::run", "2027-03-02"), None);
    assert_eq!(said("missing-ttl", "legacy:<id>", "src/a.rs", "shop::export::run", "2027-01-01"), None);
    assert_eq!(said("missing-ttl", "other:<id>", "src/a.rs", "shop::import::run", "2027-01-01"), None);
    assert_eq!(said("unversioned-key", "legacy:<id>", "src/a.rs", "shop::import::run", "2027-01-01"), None);
    assert_eq!(said("unversioned-key", "a:b:c", "src/migrate/one.rs", "f", "2027-01-01"), Some("runs once, by hand"));
}

#[test]
fn keys_are_judged_with_their_exceptions_and_versions() {
    let policy = policy(
        "[keys]\nservice = \"shop\"\nexceptions = [{ keys = [\"legacy:**\", \"hot_*\"], reason = \"the old service writes them\" }]\n",
    );
    assert_eq!(policy.key_fault(&template("legacy:<id>")), None);
    assert_eq!(policy.key_fault(&template("hot_articles")), None);
    let verdict = policy.keys.check(&template("legacy:<id>"));
    assert!(matches!(verdict.shape, KeyShape::Broken(_)));
    assert_eq!(verdict.exception.map(|exception| exception.reason.as_str()), Some("the old service writes them"));
    assert_eq!(policy.key_fault(&template("inventory:<id>")).unwrap().repaired, "shop:inventory:{id}");
    assert_eq!(policy.keys.versioned(&template("inventory:<id>")).as_deref(), Some("shop:v1:inventory:{id}"));
    assert!(policy.keys.check(&template("user:v3:profile:<id>")).version.is_some_and(|version| version.in_place));
}

#[test]
fn functions_channels_and_flags_are_found() {
    let policy = policy(
        r#"
[loads]
cheap = ["*::flags::*", "crate::limits::read_limits"]
[guards]
functions = ["Flight::run"]
[channels]
external = ["billing:*"]
[metrics]
logs = false
[suppressions]
require-until = true
[paths]
exclude = ["src/generated/"]
tests = true
[undetermined]
report = true
"#,
    );
    assert!(policy.is_cheap_load("shop::flags::load"));
    assert!(policy.is_cheap_load("read_limits"));
    assert!(!policy.is_cheap_load("shop::users::load"));
    assert!(policy.is_guard("shop::flight::Flight::run"));
    assert!(policy.is_external_channel(&template("billing:<event>")));
    assert!(!policy.is_external_channel(&template("<kind>:paid")));
    assert!(!policy.logs_count.value && Policy::default().logs_count.value);
    assert!(policy.require_until && policy.tests);
    assert_eq!(policy.min_confidence(), Confidence::Undetermined);
    assert!(policy.is_excluded(Path::new("src/generated/a.rs")));
    assert_eq!(policy.exclude_globs(&std::env::current_dir().unwrap()), ["/src/generated/"]);
    assert_eq!(Policy::default().min_confidence(), Confidence::Likely);
}

#[test]
fn entries_that_match_nothing_are_named_and_the_tool_s_own_are_not() {
    let policy = policy(
        r#"
[keys]
exceptions = [{ keys = ["legacy:import:**", "hot_articles"], reason = "old" }]
[class.cart]
keys = ["shop:cart:**", "shop:basket:**"]
ttl = "10m"
[class.voucher]
keys = ["shop:voucher:**"]
ttl = "10m"
[class.maybe]
keys = ["shop:wish:**"]
ttl = "10m"
[[exceptions]]
rules = "missing-ttl"
keys = "shop:gift:**"
paths = "src/gone.rs"
reason = "none"
[guards]
functions = ["once"]
[channels]
external = ["billing:paid"]
"#,
    );
    let keys = [
        template("shop:cart:<id>"),
        template("hot_articles"),
        template("other:<kind>:<id>"),
        template("<x>:wish:<id>"),
    ];
    let keys: Vec<&Template> = keys.iter().collect();
    let named =
        |seen: &Seen<'_>| -> Vec<String> { policy.unused_entries(seen).into_iter().map(|entry| entry.what).collect() };
    assert_eq!(
        named(&Seen { templates: &keys, ..Seen::default() }),
        [
            "the exception of keys `legacy:import:**`",
            "the pattern `shop:basket:**` of class `cart`",
            "the class `voucher`",
            "the key `shop:gift:**` of an exception",
        ]
    );
    let used: Vec<Place> = Vec::new();
    let seen = Seen {
        templates: &keys,
        channels: Some(&[]),
        paths: Some(&[Path::new("src/main.rs")]),
        functions: Some(&["shop::main"]),
        loads: None,
        exceptions_used: Some(&used),
        ..Seen::default()
    };
    assert_eq!(
        named(&seen)[3..],
        [
            "the exception from `missing-ttl`",
            "the path `src/gone.rs` of an exception",
            "the guard `once`",
            "the external channel `billing:paid`",
        ]
    );
}

#[test]
fn names_that_nothing_has_are_told() {
    let policy = policy(
        r#"
        [secrets]
        types = ["Credentials", "Gone"]
        fields = ["password*", "pin"]

        [class.orders]
        keys = ["order:**"]
        only-patterns = true

        [store.acme]
        packages = ["acme-db"]
        fetch = ["rows"]

        [store.other]
        packages = ["other-db"]
        fetch = ["rows"]

        [values]
        "Settings::ttl" = "15m"
        "Settings::gone" = "15m"
        "#,
    );
    let used = [policy.values[0].place];
    let seen = Seen {
        values_used: Some(&used),
        types: Some(&["Credentials", "User"]),
        fields: Some(&["password_hash", "name"]),
        packages: Some(&["acme-db", "redis"]),
        ..Seen::default()
    };
    let told: Vec<String> =
        policy.unused_entries(&seen).into_iter().map(|entry| format!("{} {}", entry.what, entry.misses)).collect();
    assert_eq!(
        told,
        [
            "the secret type `Gone` names no type of the code",
            "the secret field `pin` matches no field of the code",
            "the class `orders` matches no key of the code",
            "the store `other` is for no package of the code",
            "the value of `Settings::gone` names no function, constant, static or field of the code",
        ]
    );
}

#[test]
fn every_value_that_a_file_states_has_its_place() {
    let policy = policy("[class.cart]\nkeys = [\"shop:cart:**\"]\nttl = \"10m\"\n");
    let cart = policy.classes.first().unwrap();
    assert_eq!(at(&policy, cart.place), "cart");
    let Located::<Pattern> { place, .. } = &cart.keys[0];
    assert_eq!(at(&policy, *place), "\"shop:cart:**\"");
    assert_eq!(at(&policy, cart.ttl.as_ref().unwrap().place), "\"10m\"");
    assert_eq!(at(&policy, policy.keys.format.place), "\"{service}:{entity}:{id}\"", "of the embedded default");
}
