//! A stored struct against what the lock file says of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use cache_schema::lock::Lock;
use cache_schema::shape::{Order, Shape};

use crate::finding::{FileId, Level, Place};
use crate::inventory::schema::{Part, Schema};
use crate::inventory::{Encoding, Operation};
use crate::rules::testing::{World, op};
use crate::schema::LockFile;
use crate::source::{PackageId, SourceFile};
use crate::text::Span;

const LOCK: &str = r#"[user.profile]
template = "user:v2:profile:{id}"
type = "app::Profile"
version = 2
fingerprint = "0x00000001"
fields = [
    "id: i64",
    "name: String",
]

[user.profile.inside.Address]
fingerprint = "0x00000001"
fields = [
    "city: String",
]
"#;

fn part(source: &str) -> Part {
    let item = syn::parse_str(source).unwrap();
    let shape = Arc::new(Shape::of(&item, Order::Free));
    let lines = shape.lines();
    let fields = lines.iter().filter_map(|line| line.split_once(": ")).enumerate();
    let place = |at: u32| Place { file: FileId(0), span: Span { start: at, end: at + 1 } };
    Part {
        path: format!("app::{}", shape.name),
        place: Some(place(7_000)),
        fields: fields.map(|(at, (name, _))| (name.to_owned(), place(7_100 + u32::try_from(at).unwrap()))).collect(),
        shape,
    }
}

fn stores(key: &str, source: &str) -> Operation {
    let mut op = op("SETEX").key(key).structured("Profile", Encoding::Json);
    let schema = Schema { root: part(source), inside: BTreeMap::new(), entity: false, by_position: false };
    op.value.schema = Some(Arc::new(schema));
    op
}

fn world(op: Operation, lock: &str) -> World {
    let mut world = World::of([op]);
    world.workspace.files.push(SourceFile {
        id: FileId(0),
        path: "src/lib.rs".to_owned(),
        absolute: "/app/src/lib.rs".into(),
        package: PackageId(0),
        test: false,
        selected: true,
        content: None,
    });
    world.locks.push(LockFile {
        file: FileId(9_999),
        path: "cache-schema.lock".to_owned(),
        absolute: "/app/cache-schema.lock".into(),
        text: Some(lock.to_owned()),
        lock: Lock::parse(lock).unwrap(),
        packages: vec![PackageId(0)],
        broken: false,
    });
    world
}

/// One world for each way of telling a change.
pub(super) fn worlds() -> Vec<World> {
    let changed = "struct Profile { id: i64, name: Name }";
    let mut unversioned = world(stores("user:profile:{id}", changed), &LOCK.replace("version = 2\n", ""));
    unversioned.policy = crate::policy::Policy::default();
    let mut entity = stores("user:v2:profile:{id}", changed);
    if let Some(schema) = entity.value.schema.as_mut().and_then(Arc::get_mut) {
        schema.entity = true;
    }
    let mut nested = stores("user:v2:profile:{id}", "struct Profile { id: i64, name: String }");
    if let Some(schema) = nested.value.schema.as_mut().and_then(Arc::get_mut) {
        schema.inside.insert("Address".to_owned(), part("struct Address { town: String }"));
    }
    vec![
        world(stores("user:v2:profile:{id}", changed), LOCK),
        world(stores("user:v2:profile:{id}", "struct Profile { id: i64, name: String, at: Option<u8> }"), LOCK),
        world(stores("user:v1:profile:{id}", changed), LOCK),
        world(entity, LOCK),
        world(nested, LOCK),
        unversioned,
    ]
}

#[test]
fn a_field_that_changed_is_where_the_finding_stands() {
    let finding = worlds()[0].one("schema-changed");
    assert_eq!(finding.level, Level::Error);
    assert_eq!(finding.primary.span.start, 7_101);
    assert_eq!(
        finding.message,
        "`Profile` changed and the version in `user:v2:profile:{id}` did not: `name` changed from `String` to `Name`"
    );
    assert_eq!(finding.help, "call the key `user:v3:profile:{id}` and run `cache-lint schema update`");
    let lines: Vec<&str> = finding.labels.iter().skip(1).map(|label| label.place.span.of(LOCK)).collect();
    assert_eq!(lines, ["\"name: String\""]);
}

#[test]
fn what_both_versions_read_is_a_note() {
    let finding = worlds()[1].one("schema-changed");
    assert_eq!(finding.level, Level::Note);
    assert!(finding.help.contains("schema update"), "{}", finding.help);
}

#[test]
fn a_version_that_goes_back_is_one_that_was_used() {
    assert_eq!(worlds()[2].one("schema-changed").help, "raise it to 3 at least");
}

#[test]
fn an_entity_states_its_version_in_the_attribute() {
    assert!(worlds()[3].one("schema-changed").help.starts_with("raise it with `#[cache(version = 3, …)]`"));
}

#[test]
fn silent_without_a_file_without_an_entry_and_for_a_raised_version() {
    let changed = "struct Profile { id: i64, name: Name }";
    world(stores("user:v3:profile:{id}", changed), LOCK).silent("schema-changed");
    world(stores("user:v2:account:{id}", changed), LOCK).silent("schema-changed");
    let mut absent = world(stores("user:v2:profile:{id}", changed), LOCK);
    absent.locks[0].text = None;
    absent.silent("schema-changed");
    let mut versioned = stores("user:v2:profile:{id}", changed);
    versioned.value.versioned = true;
    world(versioned, LOCK).silent("schema-changed");
}
