use crate::finding::Level;
use crate::inventory::{Encoding, OpId, Operation, Purpose, TtlKind};
use crate::rules::testing::{World, op};

const RULE: &str = "mixed-ttl";

fn write(function: &str, seconds: i128) -> Operation {
    op("SETEX").key("shop:v1:thing:{id}").ttl_secs(seconds).function(function)
}

pub(super) fn worlds() -> Vec<World> {
    vec![World::of([write("app::page", 300), write("app::import", 86_400)])]
}

#[test]
fn the_site_that_departs_from_the_others_is_named() {
    let world = World::of([write("a", 300), write("b", 300), write("c", 86_400)]);
    let finding = world.one(RULE);
    assert_eq!(finding.level, Level::Note);
    assert_eq!(finding.primary.span.start, 200);
    assert_eq!(finding.message, "`shop:v1:thing:{id}` is given a TTL of 1d here and of 5m elsewhere");
    assert_eq!(finding.labels.len(), 2);
}

#[test]
fn of_two_sites_the_shorter_one_is_named_once() {
    let finding = World::of([write("a", 86_400), write("b", 300)]).one(RULE);
    assert_eq!(finding.primary.span.start, 100);
}

#[test]
fn a_choice_that_stands_in_one_function_is_meant() {
    World::of([write("a", 300), write("a", 30)]).silent(RULE);
}

#[test]
fn equal_ranges_unknown_and_jittered_ttls_do_not_disagree() {
    World::of([write("a", 300), write("b", 300)]).silent(RULE);
    World::of([write("a", 300), write("b", 1).ttl(TtlKind::Dynamic)]).silent(RULE);
    World::of([write("a", 300), write("b", 1).ttl(TtlKind::Range(270_000, 330_000))]).silent(RULE);
    let mut jittered = write("b", 290);
    jittered.ttl.jitter = true;
    World::of([write("a", 300), jittered]).silent(RULE);
}

#[test]
fn locks_other_types_and_definitions_of_wrappers_are_left_alone() {
    World::of([write("a", 300).purpose(Purpose::Lock), write("b", 60).purpose(Purpose::Lock)]).silent(RULE);
    let of = |function, seconds, ty| write(function, seconds).structured(ty, Encoding::Json);
    World::of([of("a", 300, "Product"), of("b", 60, "Missing")]).silent(RULE);
    World::of([
        op("SETEX").key_parameter("key").ttl_secs(60).function("cache::put"),
        write("a", 300).call_of("cache::put", OpId(0)),
    ])
    .silent(RULE);
}
