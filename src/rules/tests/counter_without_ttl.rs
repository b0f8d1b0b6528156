use crate::finding::Level;
use crate::inventory::{Purpose, TtlKind};
use crate::rules::testing::{World, op};

const RULE: &str = "counter-without-ttl";

#[test]
fn a_counter_that_nothing_expires_is_flagged_once() {
    let world = World::of([
        op("INCR").key("notifications:unread:{user_id}").purpose(Purpose::Cache),
        op("SET").key("notifications:unread:{user_id}").purpose(Purpose::Cache),
        op("DECRBY").key("notifications:unread:{id}").purpose(Purpose::Cache),
    ]);
    let finding = world.one(RULE);
    assert_eq!((finding.level, finding.primary.span.start), (Level::Warning, 0));
    assert_eq!(finding.message, "nothing ever gives the counter `notifications:unread:{user_id}` a TTL");
    let labels: Vec<_> = finding.labels.iter().map(|label| (label.place.span.start, label.message.as_str())).collect();
    assert_eq!(labels, [(200, "counted here as well"), (100, "set here, without a TTL")]);
}

#[test]
fn an_expiry_anywhere_is_enough() {
    let incr = || op("INCR").key("limit:{ip}").purpose(Purpose::Counter);
    World::of([incr(), op("EXPIRE").key("limit:{ip}").function("app::elsewhere").ttl_secs(60)]).silent(RULE);
    World::of([incr(), op("SETEX").key("limit:{ip}").ttl_secs(60)]).silent(RULE);
    World::of([incr(), op("EVAL").key("limit:{ip}").script(&["TTL", "PEXPIRE"])]).silent(RULE);
    World::of([incr().ttl(TtlKind::Separate(None))]).silent(RULE);
}

#[test]
fn an_expiry_that_may_be_there_is_given_the_benefit_of_the_doubt() {
    let incr = || op("INCR").key("limit:{ip}").purpose(Purpose::Counter);
    World::of([incr(), op("SET").key("limit:{ip}").ttl(TtlKind::Undetermined)]).silent(RULE);
    World::of([incr(), op("SET").key("limit:{ip}").ttl(TtlKind::Maybe)]).silent(RULE);
    World::of([incr(), op("EVAL").key("limit:{ip}")]).silent(RULE);
}

#[test]
fn state_is_not_flagged_and_durable_counters_are_a_note() {
    World::of([op("INCR").key("token_epoch:{username}").purpose(Purpose::State)]).silent(RULE);
    let level = |key| World::of([op("INCR").key(key).purpose(Purpose::Counter)]).one(RULE).level;
    assert_eq!(level("token_epoch:{username}"), Level::Note);
    assert_eq!(level("order:seq:{shop}"), Level::Note);
    assert_eq!(level("global:next_id"), Level::Note);
    assert_eq!(level("visits"), Level::Note);
    assert_eq!(level("visits:{page}"), Level::Warning);
    // A part of a word is not the word.
    assert_eq!(level("versions_seen:{page}"), Level::Warning);
}

#[test]
fn a_key_that_is_the_callers_and_collections_are_not_judged() {
    World::of([
        op("INCR").key_parameter("key"),
        op("HSET").key("stats:{id}"),
        op("INCR").key("limit:{ip}").unsent(),
        op("INCR").key("limit:{ip}").in_test(),
    ])
    .silent(RULE);
}
