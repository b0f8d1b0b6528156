use crate::inventory::{CollectionUse, Operation};
use crate::rules::testing::{World, op};

const RULE: &str = "unbounded-read";

fn reads(key: &str) -> Operation {
    let collection = CollectionUse { whole: true, ..CollectionUse::default() };
    Operation { collection, command: "SMEMBERS".to_owned(), ..op("GET").key(key) }
}

fn adds(key: &str) -> Operation {
    let collection = CollectionUse { grows: true, ..CollectionUse::default() };
    Operation { collection, ..op("SADD").key(key) }
}

fn removes(command: &str, key: &str) -> Operation {
    let collection = CollectionUse { shrinks: true, ..CollectionUse::default() };
    Operation { collection, command: command.to_owned(), ..op("SADD").key(key) }
}

pub(super) fn worlds() -> Vec<World> {
    vec![World::of([reads("shop:visitors:all"), adds("shop:visitors:all")])]
}

#[test]
fn a_collection_for_everyone_that_only_grows_is_reported() {
    let finding = worlds().remove(0).one(RULE);
    assert_eq!(finding.message, "`SMEMBERS` reads all of `shop:visitors:all`, which nothing keeps small");
    // Taking one out does not bound it.
    World::of([reads("shop:all"), adds("shop:all"), removes("SREM", "shop:all")]).one(RULE);
    World::of([reads("shop:all"), adds("shop:all"), removes("LTRIM", "shop:all")]).silent(RULE);
    World::of([reads("shop:all"), adds("shop:all"), removes("SPOP", "shop:all")]).silent(RULE);
}

#[test]
fn a_collection_for_each_id_is_reported_where_nothing_is_ever_removed() {
    World::of([reads("shop:notes:{id}"), adds("shop:notes:{id}")]).one(RULE);
    World::of([reads("shop:notes:{id}"), adds("shop:notes:{id}"), removes("SREM", "shop:notes:{id}")]).silent(RULE);
    World::of([reads("shop:notes:{id}"), adds("shop:notes:{id}"), op("DEL").key("shop:notes:{id}")]).silent(RULE);
    World::of([reads("shop:notes:{id}"), adds("shop:notes:{id}"), op("EXPIRE").key("shop:notes:{id}")]).silent(RULE);
}

#[test]
fn what_nobody_is_seen_to_add_to_is_left_alone() {
    World::of([reads("shop:countries")]).silent(RULE);
    World::of([reads("shop:countries"), op("HSET").key("shop:countries")]).silent(RULE);
}
