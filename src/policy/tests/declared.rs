//! `[store.NAME]` and `[values]`.

use super::{mistakes, policy};
use crate::policy::DeclaredContent;

#[test]
fn a_store_is_read_in_the_words_of_the_tables() {
    let policy = policy(
        r#"
        [store.acme]
        packages = ["acme-db"]
        functions = ["acme_db::query"]
        takes-text = ["change"]
        fetch = ["rows"]
        "#,
    );
    let [store] = policy.stores.as_slice() else { panic!("{:?}", policy.stores) };
    assert_eq!((store.name.as_str(), store.store.fetch.as_slice()), ("acme", &["rows".to_owned()][..]));
}

#[test]
fn mistakes_in_stores_name_the_place_and_the_remedy() {
    insta::assert_snapshot!(mistakes(
        r#"version = 1

[store.acme]
packages = ["acme db"]
functions = ["query", "acme-db::query"]
fetch = ["db.rows()", "rows"]
run = "change"
tabels = true

[store.none]
fetch = ["rows"]

[store.idle]
packages = ["acme"]

[store]
flat = 1
"#
    ));
}

#[test]
fn values_are_texts_with_holes_durations_numbers_and_flags() {
    let policy = policy(
        r#"
        [values]
        "keys::user" = "user:{{v2}}:{id}"
        "Settings::ttl()" = "15m"
        "Settings::tries" = 0x10
        "Settings::cached" = true
        PREFIX = "app"
        "#,
    );
    let shown: Vec<String> = policy
        .values
        .iter()
        .map(|value| match &value.content {
            DeclaredContent::Text { template, millis } => format!("{} {:?} {millis:?}", value.path, template.shape()),
            other => format!("{} {other:?}", value.path),
        })
        .collect();
    assert_eq!(
        shown,
        [
            r#"keys::user "user:{v2}:{}" None"#,
            r#"Settings::ttl "15m" Some(900000)"#,
            "Settings::tries Number(16)",
            "Settings::cached Flag(true)",
            r#"PREFIX "app" None"#,
        ]
    );
}

#[test]
fn mistakes_in_values_name_the_place_and_the_remedy() {
    insta::assert_snapshot!(mistakes(
        r#"version = 1

[values]
"keys.user" = "user:{id}"
"two words" = "x"
"keys::open" = "user:{id"
"keys::close" = "user:id}"
"keys::hole" = "user:{an id}"
"keys::list" = ["a", "b"]
"keys::half" = 1.5
Settings.ttl = "15m"
"#
    ));
}

#[test]
fn the_higher_file_s_value_holds() {
    let policy = policy("[values]\nPREFIX = \"a\"\n");
    let rows = policy.values();
    let row = rows.iter().find(|(key, ..)| key == "values.\"PREFIX\"").unwrap();
    assert_eq!((row.1.as_str(), row.2.as_str()), ("\"a\"", "cache-lint.toml:2"));
}
