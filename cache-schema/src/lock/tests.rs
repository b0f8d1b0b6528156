//! What the lock file finds, and what an update may write.

use super::*;

fn entry(version: u32, fingerprint: u32, fields: &[&str]) -> Entry {
    Entry {
        template: format!("user:v{version}:profile:{{id}}"),
        type_path: "shop::Profile".to_owned(),
        version,
        fingerprint,
        fields: fields.iter().map(|field| (*field).to_owned()).collect(),
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
        "shop::Profile: `at` was added, `name` changed from `String` to `Option<String>`, but `version` is still 2: \
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
