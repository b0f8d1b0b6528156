use crate::inventory::{Operation, Purpose};
use crate::rules::testing::{World, op};

const RULE: &str = "invalidation-key-mismatch";

fn stored(key: &str) -> Operation {
    op("SETEX").key(key).ttl_secs(900).purpose(Purpose::Cache).function("app::fill")
}

fn deleted(key: &str) -> Operation {
    op("DEL").key(key).function("app::clear")
}

pub(super) fn worlds() -> Vec<World> {
    let differing = ["shop:product:{id}", "shop:v1:product:{id}", "product:v2:shop:{id}", "shop:v2:products:{id}"];
    differing.iter().map(|key| World::of([stored("shop:v2:product:{id}"), deleted(key)])).collect()
}

#[test]
fn a_delete_beside_the_key_that_is_written_is_an_error() {
    let finding = World::of([stored("shop:v2:product:{id}"), deleted("shop:product:{id}")]).one(RULE);
    assert_eq!(finding.message, "`shop:product:{id}` is deleted, but what is written is `shop:v2:product:{id}`");
    assert_eq!(finding.primary_label, "nothing writes this key: the version differs");
    assert!(finding.help.contains("`cache.invalidate::<Entity>(&id)`"), "{}", finding.help);
}

#[test]
fn each_way_of_missing_it_is_told() {
    for (written, gone, what) in [
        ("user:profile:{id}", "user-profile:{id}", "separators"),
        ("user:profile:{id}", "User:Profile:{id}", "case"),
        ("user:{tenant}:{id}", "user:{id}", "a part that varies"),
        ("user:{id}", "user:{id}:{lang}", "a part that varies"),
        ("app:user:{id}", "user:{id}", "prefix"),
        ("user:profile:{id}", "profile:user:{id}", "order"),
        ("user:profile:{id}", "user:profiles:{id}", "spelled"),
        ("user:profile:{id}", "user:porfile:{id}", "spelled"),
    ] {
        let finding = World::of([stored(written), deleted(gone)]).one(RULE);
        assert!(finding.primary_label.contains(what), "{written} {gone}: {}", finding.primary_label);
    }
}

#[test]
fn keys_that_are_used_or_that_resemble_nothing_are_left_alone() {
    World::of([stored("user:{id}"), deleted("user:{uid}")]).silent(RULE);
    World::of([stored("user:{id}"), deleted("order:{id}")]).silent(RULE);
    World::of([stored("shop:floor:{id}"), deleted("shop:flour:{id}")]).silent(RULE);
    World::of([stored("user:{id}"), deleted("user:{id}:roles")]).silent(RULE);
    World::of([stored("user:v2:{id}"), deleted("user:v1:{id}"), op("GET").key("user:v1:{id}")]).silent(RULE);
    World::of([stored("user:v2:{id}"), deleted("user:*")]).silent(RULE);
    World::of([stored("user:v2:{id}"), deleted("user:{key}")]).silent(RULE);
}

#[test]
fn who_deletes_the_right_key_as_well_clears_up() {
    World::of([stored("user:v2:{id}"), deleted("user:v1:{id}"), deleted("user:v2:{id}")]).silent(RULE);
    // Elsewhere is another matter.
    World::of([stored("user:v2:{id}"), deleted("user:v1:{id}"), deleted("user:v2:{id}").function("app::other")])
        .one(RULE);
}
