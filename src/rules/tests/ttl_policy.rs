use crate::finding::Level;
use crate::inventory::operation::TtlUnit;
use crate::inventory::{OpId, TtlKind};
use crate::rules::testing::{World, op};

const RULE: &str = "ttl-policy";

#[test]
fn a_ttl_of_zero_or_less_is_an_error() {
    let finding = World::of([op("SETEX").key("thing:{id}").ttl_secs(0)]).one(RULE);
    assert_eq!(finding.level, Level::Error);
    assert_eq!(finding.message, "a TTL of 0s for `thing:{id}` is refused by the server");
    let finding = World::of([op("EXPIRE").key("thing:{id}").ttl_secs(-1)]).one(RULE);
    assert_eq!(finding.message, "a TTL of -1s for `thing:{id}` deletes the key at once");
    World::of([op("SETEX").key("thing:{id}").ttl(TtlKind::Range(0, 1_000))]).one(RULE);
}

#[test]
fn what_is_not_known_or_is_a_matter_of_units_is_not_judged() {
    World::of([
        op("SETEX").key("thing:{id}").ttl(TtlKind::Dynamic),
        op("SETEX").key("thing:{id}").ttl_secs(60),
        op("EXPIREAT").key("thing:{id}").ttl(TtlKind::Constant(0)).unit(TtlUnit::UnixSeconds),
        op("SETEX").key("thing:{id}").ttl_secs(0).source_unit(TtlUnit::Seconds),
        // Judged at the EXPIRE.
        op("SET").key("thing:{id}").ttl(TtlKind::Separate(Some(0))),
    ])
    .silent(RULE);
}

#[test]
fn a_ttl_that_a_wrapper_fixes_is_judged_inside() {
    let world = World::of([
        op("SETEX").key_parameter("key").ttl_secs(0),
        op("SETEX").key("thing:{id}").ttl_secs(0).call_of("app::put", OpId(0)),
    ]);
    assert_eq!(world.one(RULE).primary.span.start, 0);
}
