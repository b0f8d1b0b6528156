//! Names in the lock file, and lines found in it.

use super::Slot;
use super::files::LockFile;
use crate::policy::Policy;
use crate::template::{Hole, Template};

fn template(text: &str) -> Template {
    let mut out = Template::default();
    for (at, part) in text.split(['{', '}']).enumerate() {
        if at % 2 == 0 {
            out.push_text(part);
        } else {
            out.push_hole(Hole::named(part));
        }
    }
    out
}

fn slot(key: &str, entity: bool) -> Option<(String, String, u32)> {
    Slot::of(&Policy::default(), &template(key), entity).map(|slot| (slot.service, slot.entity, slot.version))
}

#[test]
fn a_key_keeps_its_name_when_its_version_is_raised() {
    for (key, service, entity, version) in [
        ("user:v2:profile:{id}", "user", "profile", 2),
        ("user:v3:profile:{id}", "user", "profile", 3),
        ("user:profile:{id}", "user", "profile", 0),
        ("user:v2:profile:{id}:{lang}", "user", "profile:{}:{}", 2),
        ("user:v1:all", "user", "all:", 1),
        ("{ns}:v1:user:{id}", "{}", "user", 1),
        ("profile-{id}", "-", "profile-{}", 0),
        ("APP_CACHE_v3_{org}", "-", "APP_CACHE_v_{}", 3),
    ] {
        assert_eq!(slot(key, false), Some((service.to_owned(), entity.to_owned(), version)), "{key}");
    }
}

#[test]
fn an_entity_has_its_own_name_however_many_parts_its_id_has() {
    assert_eq!(slot("shop:v1:line:{order}:{line}", true), Some(("shop".to_owned(), "line".to_owned(), 1)));
}

#[test]
fn a_version_of_which_the_number_is_not_known_is_no_version() {
    assert_eq!(slot("user:v{VERSION}:profile:{id}", false), None);
}

#[test]
fn lines_are_found_in_their_own_table() {
    let text = "[user.avatar]\nfields = [\n    \"name: String\",\n]\n\n[user.profile]\nfields = [\n    \"id: i64\",\n    \"name: Name\",\n]\n";
    let lock = LockFile {
        file: crate::finding::FileId(9),
        path: "cache-schema.lock".to_owned(),
        absolute: "/cache-schema.lock".into(),
        text: Some(text.to_owned()),
        lock: cache_schema::lock::Lock::default(),
        packages: Vec::new(),
        broken: false,
    };
    let found = |entity: &str, field: Option<&str>| {
        lock.line("user", entity, None, field).map(|place| place.span.of(text).to_owned())
    };
    assert_eq!(found("profile", Some("name")).as_deref(), Some("\"name: Name\""));
    assert_eq!(found("profile", Some("nam")).as_deref(), Some("[user.profile]"));
    assert_eq!(found("profile", None).as_deref(), Some("[user.profile]"));
    assert_eq!(found("order", None), None);
}
