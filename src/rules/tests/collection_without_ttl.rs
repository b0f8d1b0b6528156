use crate::finding::Level;
use crate::inventory::{Effect, Operation, Purpose};
use crate::rules::testing::{World, op};

const RULE: &str = "collection-without-ttl";

fn named(command: &str, effect: Effect, key: &str) -> Operation {
    let mut named = op("SADD").effect(effect).key(key);
    command.clone_into(&mut named.command);
    named
}

fn adds(command: &str, key: &str) -> Operation {
    named(command, Effect::CollectionWrite, key)
}

fn reads(key: &str) -> Operation {
    named("ZRANGE", Effect::CollectionRead, key)
}

fn bounded(mut op: Operation) -> Operation {
    op.value.bounded = true;
    op
}

pub(super) fn worlds() -> Vec<World> {
    ["HSET", "SADD", "LPUSH", "ZADD", "XADD"]
        .map(|command| World::of([adds(command, "seen:{day}"), reads("seen:{day}")]))
        .into_iter()
        .collect()
}

#[test]
fn a_collection_that_only_grows_is_reported_once() {
    let finding = World::of([adds("SADD", "seen:{day}"), adds("SADD", "seen:{today}"), reads("seen:{day}")]).one(RULE);
    assert_eq!(finding.level, Level::Warning);
    assert_eq!(finding.message, "`seen:{day}` grows, and nothing ever ends or shortens it");
    assert_eq!(finding.labels.len(), 2);
}

#[test]
fn expiry_trim_and_removal_end_it() {
    for ender in ["EXPIRE", "LTRIM", "SREM", "ZREMRANGEBYRANK", "HDEL", "RPOP", "XTRIM", "HEXPIRE"] {
        let effect = if ender == "EXPIRE" { Effect::Expire } else { Effect::CollectionWrite };
        World::of([adds("SADD", "seen:{day}"), reads("seen:{day}"), named(ender, effect, "seen:{day}")]).silent(RULE);
    }
    World::of([bounded(adds("XADD", "events")), reads("events")]).silent(RULE);
}

#[test]
fn a_fixed_set_of_members_does_not_grow_but_a_family_of_records_does() {
    World::of([bounded(adds("HSET", "gates")), reads("gates")]).silent(RULE);
    let finding = World::of([bounded(adds("HSET", "gate:{id}")), reads("gate:{id}")]).one(RULE);
    assert_eq!(finding.message, "`gate:{id}` is never given a TTL");
}

#[test]
fn queues_of_others_state_and_what_is_deleted_are_left_alone() {
    World::of([adds("LPUSH", "jobs")]).silent(RULE);
    World::of([adds("SADD", "nodes:{id}").purpose(Purpose::State), reads("nodes:{id}")]).silent(RULE);
    World::of([adds("SADD", "room:{id}"), reads("room:{id}"), op("DEL").key("room:{id}")]).silent(RULE);
    // A cache is not kept by deleting it.
    let cached = |op: Operation| op.purpose(Purpose::Cache);
    World::of([cached(adds("SADD", "room:{id}")), reads("room:{id}"), op("DEL").key("room:{id}")]).one(RULE);
}

#[test]
fn what_nobody_here_reads_and_single_keys_are_notes() {
    assert_eq!(World::of([adds("SADD", "seen:{day}")]).one(RULE).level, Level::Note);
    assert_eq!(World::of([adds("SADD", "seen:all"), reads("seen:all")]).one(RULE).level, Level::Note);
}
