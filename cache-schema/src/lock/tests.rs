//! What the lock file finds, and what an update may write.

use super::*;

fn entry(version: u32, fingerprint: u32, fields: &[&str]) -> Entry {
    Entry {
        template: format!("user:v{version}:profile:{{id}}"),
        type_path: "shop::Profile".to_owned(),
        version,
        fingerprint,
        fields: fields.iter().map(|field| (*field).to_owned()).collect(),
        inside: BTreeMap::new(),
    }
}

fn locked() -> Lock {
    let mut lock = Lock::default();
    lock.set("user", "profile", entry(2, 0xab, &["id: i64", "name: String"]));
    lock
}

fn told(now: &Entry) -> String {
    locked().check("user", "profile", now).map_or_else(|drift| drift.to_string(), |()| "agrees".to_owned())
}

#[test]
fn the_file_is_sorted_and_reads_back() {
    let mut lock = locked();
    lock.set("user", "avatar", Entry { fields: vec![], ..entry(1, 7, &[]) });
    lock.set("billing", "invoice", entry(1, u32::MAX, &["note: \"quoted\" \\ text"]));
    let text = lock.text();
    assert_eq!(Lock::parse(&text), Ok(lock));
    let tables: Vec<&str> = text.lines().filter(|line| line.starts_with('[')).collect();
    assert_eq!(tables, ["[billing.invoice]", "[user.avatar]", "[user.profile]"]);
    assert!(text.contains(
        "[user.profile]\ntemplate = \"user:v2:profile:{id}\"\ntype = \"shop::Profile\"\nversion = 2\nfingerprint = \
         \"0x000000ab\"\nfields = [\n    \"id: i64\",\n    \"name: String\",\n]\n"
    ));
}

#[test]
fn a_wrong_file_says_where() {
    let error = Lock::parse("[user.profile]\ntemplate = \"x\"\ntype = \"T\"\nversion = 2\nfingerprint = \"ab\"\n");
    assert!(error.is_err_and(|message| message.contains("line 5") && message.contains("0x36fd4e00")));
}

#[test]
fn a_change_under_the_same_version_is_named_with_its_cure() {
    let message = told(&entry(2, 0xcd, &["id: i64", "name: Option<String>", "at: u64"]));
    assert_eq!(
        message,
        "shop::Profile: `name` changed from `String` to `Option<String>`, `at: u64` was added, but `version` is still 2: \
         entries that were stored before would be read as the new structure\n  \
         raise it: `#[cache(…, version = 3)]`, then run `CACHE_SCHEMA_UPDATE=1 cargo test`\n  \
         (if version 2 was never deployed, run `CACHE_SCHEMA_UPDATE=force cargo test` instead)"
    );
    assert!(told(&entry(2, 0xcd, &["id: i64"])).starts_with("shop::Profile: `name` was removed, but"));
    assert!(
        told(&entry(2, 0xcd, &["name: String", "id: i64"]))
            .starts_with("shop::Profile: the order of the fields changed, but")
    );
}

#[test]
fn other_differences_say_what_to_do() {
    assert_eq!(told(&entry(2, 0xab, &[])), "agrees");
    assert!(
        told(&entry(3, 0xcd, &[])).contains("has version 3, cache-schema.lock still has 2: run `CACHE_SCHEMA_UPDATE=1")
    );
    assert!(told(&entry(1, 0xab, &[])).contains("use at least `version = 3`"));
    let moved = Entry { type_path: "shop::model::Profile".to_owned(), ..entry(2, 0xab, &[]) };
    assert!(told(&moved).contains("has shop::Profile under `user:v2:profile:{id}`, here it is shop::model::Profile"));
    let other = Entry { type_path: "shop::Other".to_owned(), ..entry(2, 0xcd, &[]) };
    assert!(told(&other).contains("it changed as well: raise `version`"));
    let template = Entry { template: "user:v2:profile:{user}".to_owned(), ..entry(2, 0xab, &[]) };
    assert!(told(&template).contains("the code has `user:v2:profile:{user}`"));
    let missing = Lock::default().check("user", "profile", &entry(2, 0xab, &[]));
    assert!(missing.is_err_and(|drift| drift.to_string().contains("or add:\n\n[user.profile]\ntemplate")));
}

#[test]
fn only_a_raised_version_is_written_without_force() {
    let Ok(directory) = tempfile::tempdir() else { panic!("no temporary directory") };
    let inner = directory.path().join("crates/user");
    let pin = |now: &Entry, mode| pin_as(&inner, "user", "profile", now, mode).map_err(|error| error.to_string());
    assert!(fs::create_dir_all(&inner).is_ok() && fs::write(directory.path().join("Cargo.lock"), "").is_ok());

    let (first, changed, raised) = (entry(1, 1, &["a: u8"]), entry(1, 2, &["a: u16"]), entry(2, 2, &["a: u16"]));
    assert!(
        pin(&first, Mode::Check).is_err_and(
            |message| message.contains("there is no cache-schema.lock") && message.contains("[user.profile]")
        )
    );
    assert_eq!(pin(&first, Mode::Update), Ok(()));
    assert!(directory.path().join(FILE_NAME).is_file(), "beside the workspace's Cargo.lock");
    assert_eq!(pin(&first, Mode::Check), Ok(()));

    assert!(pin(&changed, Mode::Update).is_err_and(|message| message.contains("`a` changed from `u8` to `u16`")));
    assert_eq!(pin(&first, Mode::Check), Ok(()), "a refused update writes nothing");
    assert_eq!(pin(&raised, Mode::Update), Ok(()));
    assert_eq!(pin(&raised, Mode::Check), Ok(()));
    let taken = Entry { type_path: "shop::Other".to_owned(), ..entry(2, 9, &["b: u8"]) };
    assert!(pin(&taken, Mode::Update).is_err(), "another structure does not take the keys over");
    assert!(pin(&first, Mode::Update).is_err(), "a lower version is not taken");
    assert_eq!(pin(&changed, Mode::Force), Ok(()));
    assert!(!directory.path().join("cache-schema.lock.tmp").exists());
}

#[test]
fn writers_side_by_side_lose_nothing() {
    let Ok(directory) = tempfile::tempdir() else { panic!("no temporary directory") };
    thread::scope(|scope| {
        for at in 0..16 {
            let path = directory.path();
            scope.spawn(move || pin_as(path, "user", &format!("e{at}"), &entry(1, at, &[]), Mode::Update).is_ok());
        }
    });
    let lock = Lock::read(&directory.path().join(FILE_NAME)).ok().flatten().unwrap_or_default();
    assert_eq!(lock.entries().count(), 16);
}

fn judged(was: &[&str], now: &[&str], reading: Reading) -> Vec<String> {
    let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    let told = |change: Change| format!("{change}{}", if change.is_compatible() { "" } else { " (breaks)" });
    changes(&lines(was), &lines(now), reading).into_iter().map(told).collect()
}

#[test]
fn a_change_is_judged_by_what_both_versions_read() {
    let by_name = Reading::default();
    let base = ["id: i64", "name: String"];
    let table: [(&[&str], &[&str]); 12] = [
        (&["id: i64", "name: String", "at: u64"], &["`at: u64` was added (breaks)"]),
        (&["id: i64", "name: String", "at: u64 #[default]"], &["`at: u64` was added"]),
        (&["id: i64", "name: String", "at: Option<u64>"], &["`at: Option<u64>` was added"]),
        (&["id: i64", "name: String", "at: Option<u64> #[with=\"ts\"]"], &["`at: Option<u64>` was added (breaks)"]),
        (
            &["#[default]", "id: i64", "name: String", "at: u64"],
            &["the type became `#[serde(default)]`", "`at: u64` was added"],
        ),
        (&["id: i64"], &["`name` was removed (breaks)"]),
        (&["id: i64", "title: String"], &["`name` was renamed to `title` (breaks)"]),
        (&["id: i64", "name: Name"], &["`name` changed from `String` to `Name` (breaks)"]),
        (&["id: i64", "name: String #[default]"], &["`name` became `#[serde(default)]`"]),
        (
            &["id: i64", "name: String #[skip_serializing_if=\"String::is_empty\"]"],
            &["`name` became `#[serde(skip_serializing_if = \"String::is_empty\")]` (breaks)"],
        ),
        // Nothing of that is in the lines: another parameter, a tuple of the same fields.
        (&["name: String", "id: i64"], &["the structure changed (breaks)"]),
        (&["id: i64", "name: String"], &["the structure changed (breaks)"]),
    ];
    for (now, wanted) in table {
        assert_eq!(judged(&base, now, by_name), wanted, "{now:?}");
    }
    let back = judged(&["id: i64", "name: String", "at: u64 #[default]"], &base, by_name);
    assert_eq!(back, ["`at` was removed"]);
}

#[test]
fn order_is_told_where_it_counts() {
    let by_position = Reading { by_position: true, closed: false };
    let told = |was: &[&str], now: &[&str], reading| judged(was, now, reading).join(", ");
    assert_eq!(
        told(&["a: u8", "b: u16"], &["b: u16", "a: u8"], by_position),
        "the order of the fields changed (breaks)"
    );
    assert_eq!(told(&["A", "B"], &["B", "A"], by_position), "the order of the variants changed (breaks)");
    let untagged =
        (["#[untagged]", "A()", "A.0: u8", "B()", "B.0: u16"], ["#[untagged]", "B()", "B.0: u16", "A()", "A.0: u8"]);
    assert_eq!(told(&untagged.0, &untagged.1, Reading::default()), "the order of the variants changed (breaks)");
}

/// What is told of a change in the source, attribute by attribute of serde; an empty text where both are stored alike.
#[test]
fn every_attribute_of_serde_is_told_by_what_became_of_it() {
    use crate::shape::{Order, Shape};
    let shape = |source: &str| {
        let item = syn::parse_str(source).unwrap_or_else(|error| panic!("{source}: {error}"));
        Shape::of(&item, Order::Free)
    };
    let table = [
        // How variants are told apart.
        (
            "#[serde(tag = \"type\")] enum A { X { a: u8 } }",
            "#[serde(tag = \"kind\")] enum A { X { a: u8 } }",
            "the type changed from `#[serde(tag = \"type\")]` to `#[serde(tag = \"kind\")]` (breaks)",
        ),
        (
            "#[serde(tag = \"t\")] enum A { X { a: u8 } }",
            "#[serde(untagged)] enum A { X { a: u8 } }",
            "the type changed from `#[serde(tag = \"t\")]` to `#[serde(untagged)]` (breaks)",
        ),
        (
            "enum A { X { a: u8 } }",
            "#[serde(tag = \"t\")] enum A { X { a: u8 } }",
            "the type became `#[serde(tag = \"t\")]` (breaks)",
        ),
        ("#[serde(untagged)] enum A { X(u8) }", "enum A { X(u8) }", "the type lost `#[serde(untagged)]` (breaks)"),
        (
            "#[serde(tag = \"t\")] enum A { X(B) }",
            "#[serde(tag = \"t\", content = \"c\")] enum A { X(B) }",
            "the type changed from `#[serde(tag = \"t\")]` to `#[serde(content = \"c\", tag = \"t\")]` (breaks)",
        ),
        (
            "#[serde(tag = \"t\", content = \"c\")] enum A { X(B) }",
            "#[serde(tag = \"t\", content = \"d\")] enum A { X(B) }",
            "the type changed from `#[serde(content = \"c\", tag = \"t\")]` to `#[serde(content = \"d\", tag = \"t\")]` (breaks)",
        ),
        // Other attributes of the type.
        (
            "struct A { x: u8 }",
            "#[serde(transparent)] struct A { x: u8 }",
            "the type became `#[serde(transparent)]` (breaks)",
        ),
        (
            "#[serde(from = \"B\")] struct A { x: u8 }",
            "#[serde(try_from = \"B\")] struct A { x: u8 }",
            "the type changed from `#[serde(from = \"B\")]` to `#[serde(try_from = \"B\")]` (breaks)",
        ),
        (
            "#[serde(into = \"B\")] struct A { x: u8 }",
            "#[serde(into = \"C\")] struct A { x: u8 }",
            "the type changed from `#[serde(into = \"B\")]` to `#[serde(into = \"C\")]` (breaks)",
        ),
        ("struct A { x: u8 }", "#[serde(default)] struct A { x: u8 }", "the type became `#[serde(default)]`"),
        (
            "#[serde(default)] struct A { x: u8 }",
            "#[serde(default = \"A::new\")] struct A { x: u8 }",
            "the type changed from `#[serde(default)]` to `#[serde(default = \"A::new\")]`",
        ),
        ("struct A { x: u8 }", "#[serde(deny_unknown_fields)] struct A { x: u8 }", ""),
        // Names.
        (
            "struct A { x: u8, y: u8 }",
            "struct A { #[serde(rename = \"z\")] x: u8, y: u8 }",
            "`x` was renamed to `z` (breaks)",
        ),
        (
            "struct A { user_id: u8, shop_id: u8 }",
            "#[serde(rename_all = \"camelCase\")] struct A { user_id: u8, shop_id: u8 }",
            "`user_id` was renamed to `userId` (breaks), `shop_id` was renamed to `shopId` (breaks)",
        ),
        (
            "enum A { NotFound, Moved }",
            "#[serde(rename_all = \"snake_case\")] enum A { NotFound, Moved }",
            "`NotFound` was renamed to `not_found` (breaks), `Moved` was renamed to `moved` (breaks)",
        ),
        (
            "enum A { Card { number: u8 }, Cash }",
            "enum A { #[serde(rename = \"plastic\")] Card { number: u8 }, Cash }",
            "`Card` was renamed to `plastic` (breaks)",
        ),
        (
            "enum A { Card { number_of: u8 } }",
            "#[serde(rename_all_fields = \"camelCase\")] enum A { Card { number_of: u8 } }",
            "`Card.number_of` was renamed to `Card.numberOf` (breaks)",
        ),
        (
            "struct A { x: u8, y: u8 }",
            "struct A { #[serde(rename(serialize = \"w\"))] x: u8, y: u8 }",
            "`x` became `w` (read as `x`) (breaks)",
        ),
        (
            "struct A { x: u8 }",
            "struct A { #[serde(rename(deserialize = \"r\"), alias = \"x\")] x: u8 }",
            "`x` became `x` (read as `r`)",
        ),
        ("struct A { x: u8 }", "struct A { #[serde(alias = \"z\")] x: u8 }", ""),
        ("struct A { x: u8 }", "struct A { #[serde(rename = \"x\")] y: u8 }", ""),
        // What is stored, and how.
        ("struct A { x: u8, y: u8 }", "struct A { #[serde(skip)] x: u8, y: u8 }", "`x` was removed (breaks)"),
        (
            "struct A { x: u8 }",
            "struct A { #[serde(skip_serializing)] x: u8 }",
            "`x` became `#[serde(skip_serializing)]` (breaks)",
        ),
        (
            "struct A { x: u8 }",
            "struct A { #[serde(skip_deserializing)] x: u8 }",
            "`x` became `#[serde(skip_deserializing)]` (breaks)",
        ),
        ("enum A { X, Y }", "enum A { X, #[serde(skip)] Y }", "`Y` was removed (breaks)"),
        ("struct A { x: u8 }", "struct A { #[serde(default)] x: u8 }", "`x` became `#[serde(default)]`"),
        (
            "struct A { #[serde(default = \"one\")] x: u8 }",
            "struct A { x: u8 }",
            "`x` lost `#[serde(default = \"one\")]`",
        ),
        ("struct A { x: B }", "struct A { #[serde(flatten)] x: B }", "`x` became `#[serde(flatten)]` (breaks)"),
        (
            "struct A { #[serde(with = \"a\")] x: u8 }",
            "struct A { #[serde(with = \"b\")] x: u8 }",
            "`x` changed from `#[serde(with = \"a\")]` to `#[serde(with = \"b\")]` (breaks)",
        ),
        (
            "struct A { x: u8 }",
            "struct A { #[serde(with = \"a\")] x: u16 }",
            "`x` changed from `u8` to `u16` (breaks), `x` became `#[serde(with = \"a\")]` (breaks)",
        ),
        ("enum A { X, Y }", "enum A { X, #[serde(other)] Y }", "`Y` became `#[serde(other)]` (breaks)"),
        ("enum A { X, Y(u8) }", "enum A { X, #[serde(untagged)] Y(u8) }", "`Y` became `#[serde(untagged)]` (breaks)"),
    ];
    for (was, now, wanted) in table {
        let (was_shape, now_shape) = (shape(was), shape(now));
        let told = if was_shape.fingerprint() == now_shape.fingerprint() {
            String::new()
        } else {
            let lines = |shape: &Shape| shape.lines();
            let found = changes(&lines(&was_shape), &lines(&now_shape), Reading::default());
            let breaks = |change: &Change| if change.is_compatible() { "" } else { " (breaks)" };
            found.iter().map(|change| format!("{change}{}", breaks(change))).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(told, wanted, "{was}\n{now}");
    }
}

#[test]
fn variants_are_read_by_name_as_well() {
    let base = ["Card {}", "Card.number: String", "Cash"];
    let by_name = Reading::default();
    assert_eq!(
        judged(&base, &["Card {}", "Card.number: String", "Cash", "Voucher()", "Voucher.0: u8"], by_name),
        ["`Voucher` was added (breaks)"]
    );
    assert_eq!(judged(&base, &["Cash"], by_name), ["`Card` was removed (breaks)"]);
    assert_eq!(judged(&base, &["Card()", "Card.0: String", "Cash"], by_name).len(), 2);
    let caught = ["Card", "Other #[other]"];
    assert_eq!(judged(&caught, &["Card", "Other #[other]", "Cash"], by_name), ["`Cash` was added"]);
}

#[test]
fn by_position_or_with_unknown_fields_denied_nothing_may_be_added() {
    let (was, now) = (["id: i64"], ["id: i64", "at: Option<u64>"]);
    for reading in [Reading { by_position: true, closed: false }, Reading { by_position: false, closed: true }] {
        assert_eq!(judged(&was, &now, reading), ["`at: Option<u64>` was added (breaks)"]);
        assert_eq!(judged(&now, &was, reading), ["`at` was removed (breaks)"]);
    }
}

#[test]
fn what_is_inside_has_tables_of_its_own_and_outlives_a_derive() {
    let Ok(directory) = tempfile::tempdir() else { panic!("no temporary directory") };
    let path = directory.path().join(FILE_NAME);
    let address = Inside { fingerprint: 9, fields: vec!["city: String".to_owned()] };
    let whole = Entry { inside: BTreeMap::from([("Address".to_owned(), address)]), ..entry(2, 0xab, &["id: i64"]) };
    let mut lock = Lock::default();
    lock.set("user", "profile", whole.clone());
    lock.set("user", "profile:{}:{}", Entry { template: "user:profile:{id}:{lang}".to_owned(), ..entry(0, 5, &[]) });
    let text = lock.text();
    assert_eq!(Lock::parse(&text), Ok(lock));
    assert!(text.contains("]\n\n[user.profile.inside.Address]\nfingerprint = \"0x00000009\"\nfields = [\n"));
    assert!(text.contains("[user.\"profile:{}:{}\"]\n") && !text.contains("version = 0"));

    assert!(fs::write(&path, &text).is_ok());
    let by_derive = entry(2, 0xab, &["id: i64"]);
    assert!(pin_as(directory.path(), "user", "profile", &by_derive, Mode::Update).is_ok());
    let kept = Lock::read(&path).ok().flatten().and_then(|lock| lock.get("user", "profile").cloned());
    assert_eq!(kept, Some(whole));
    assert!(pin_as(directory.path(), "user", "profile", &entry(3, 0xcd, &[]), Mode::Update).is_ok());
    let replaced = Lock::read(&path).ok().flatten().and_then(|lock| lock.get("user", "profile").cloned());
    assert!(replaced.is_some_and(|entry| entry.inside.is_empty()), "another structure has another inside");
}
