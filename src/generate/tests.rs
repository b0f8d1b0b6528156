//! What is asked for, held against rule files.

use super::{Asked, Pattern, Request, module};
use crate::levels::names;
use crate::policy::{Policy, Vocabulary};
use crate::rules::Category;

fn policy(text: &str) -> Policy {
    let rules: Vec<&str> = names().collect();
    let categories = Category::ALL.map(Category::word);
    let vocabulary = Vocabulary { rules: &rules, categories: &categories };
    Policy::parse("cache-lint.toml", text, &vocabulary).unwrap()
}

fn asked(entity: &str) -> Asked {
    Asked {
        pattern: Pattern::CacheAside,
        entity: entity.to_owned(),
        version: 2,
        ttl: None,
        ty: "UserProfile".to_owned(),
        id: "i64".to_owned(),
    }
}

/// Why a request is refused.
fn refused(asked: &Asked, text: &str) -> String {
    Request::new(asked, &policy(text)).err().unwrap().to_string()
}

const CLASSES: &str = "version = 1\n\n[class.profile]\nkeys = [\"*:profile:**\"]\nttl = \"15m\"\n\n[class.stock]\nkeys = [\"shop:stock:**\"]\nttl = \"5m\"\npattern = \"write-through\"\n\n[class.jobs]\nkeys = [\"jobs:**\"]\nstore = true\nreason = \"the queue is the primary store\"\n";

#[test]
fn the_ttl_is_that_of_the_class() {
    let request = Request::new(&asked("user:profile"), &policy(CLASSES)).unwrap();
    assert_eq!((request.ttl, request.key().as_str()), (900, "user:v2:profile:{id}"));
    let shorter = Asked { ttl: Some("10m".to_owned()), ..asked("user:profile") };
    assert_eq!(Request::new(&shorter, &policy(CLASSES)).unwrap().ttl, 600);
}

#[test]
fn what_breaks_the_rule_file_is_refused_with_its_line() {
    let longer = Asked { ttl: Some("1h".to_owned()), ..asked("user:profile") };
    let said = refused(&longer, CLASSES);
    assert_eq!(said, "a TTL of 1h is longer than the 15m that class `profile` allows (cache-lint.toml, line 5)");
    assert!(refused(&asked("shop:stock"), CLASSES).starts_with("class `stock` is kept by `write-through` (cache-lint"));
    assert!(refused(&asked("jobs:mail"), CLASSES).starts_with("class `jobs` is a store and no cache"));
    assert!(refused(&asked("shop:thing"), CLASSES).contains("`shop:v2:thing:{id}`, so there is no TTL"));
    let format = "version = 1\n[keys]\nformat = \"{service}/{entity}/{id}\"\nseparator = \"/\"\n";
    let stated = Asked { ttl: Some("5m".to_owned()), ..asked("shop:thing") };
    let said = refused(&stated, format);
    assert!(said.starts_with("the key `shop:v2:thing:{id}` ") && said.ends_with(", line 3)"), "{said}");
}

#[test]
fn what_cannot_be_written_is_refused() {
    let with = |change: fn(&mut Asked)| {
        let mut asked = asked("user:profile");
        change(&mut asked);
        refused(&asked, CLASSES)
    };
    assert!(with(|asked| asked.entity = "profile".to_owned()).contains("write the service and the name"));
    assert!(with(|asked| asked.entity = "user:UserProfile".to_owned()).contains("write `user-profile`"));
    assert!(with(|asked| asked.version = 0).contains("begin with 1"));
    assert!(with(|asked| asked.ttl = Some("15".to_owned())).contains("has no unit"));
    assert!(with(|asked| asked.ty = "user profile".to_owned()).contains("is no type"));
    assert!(with(|asked| asked.ty = "user_profile".to_owned()).contains("is no type"));
    assert!(with(|asked| asked.id = "user id".to_owned()).contains("is no id"));
}

#[test]
fn a_type_that_is_there_is_taken_and_the_id_may_be_another_field() {
    let asked =
        Asked { ty: "crate::model::UserProfile".to_owned(), id: "user_id: String".to_owned(), ..asked("user:profile") };
    let request = Request::new(&asked, &policy(CLASSES)).unwrap();
    assert_eq!(request.key(), "user:v2:profile:{user_id}");
    let text = module(&request).unwrap();
    assert!(text.contains("\nuse crate::model::UserProfile;\n") && !text.contains("struct UserProfile {"), "{text}");
    assert!(text.contains("self.user_id.clone()") && !text.contains("use serde"), "{text}");
    assert!(text.contains("impl CacheEntity for UserProfile") && !text.contains("#[cache("), "{text}");
}

#[test]
fn a_type_that_is_declared_is_pinned_by_its_derive() {
    for (pattern, more) in
        [(Pattern::CacheAside, ""), (Pattern::WriteThrough, "fenced"), (Pattern::Invalidation, "local = \"1m\"")]
    {
        let asked = Asked { pattern, ttl: Some("15m".to_owned()), ..asked("shop:thing") };
        let request = Request::new(&asked, &policy(CLASSES)).unwrap();
        let text = module(&request).unwrap();
        assert!(text.contains("Deserialize, CacheEntity)]") && text.contains("ttl = \"15m\""), "{text}");
        assert!(text.contains(more) && text.contains("#[cache(id)]"), "{text}");
        assert!(!text.contains("impl CacheEntity") && !text.contains("no_pin"), "{text}");
    }
}
