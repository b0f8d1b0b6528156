use crate::inventory::{Condition, Operation, Purpose, TtlKind};
use crate::rules::testing::{World, op};

const RULE: &str = "lock-release-without-token";

fn take() -> Operation {
    let set = op("SET").key("lock:report:{id}").purpose(Purpose::Lock).condition(Condition::IfAbsent);
    set.ttl_secs(30).function("jobs::run")
}

fn delete(function: &str) -> Operation {
    op("DEL").key("lock:report:{id}").purpose(Purpose::Lock).function(function)
}

pub(super) fn worlds() -> Vec<World> {
    vec![World::of([take(), delete("jobs::run")])]
}

#[test]
fn a_plain_delete_of_a_lock_is_flagged() {
    let finding = World::of([take(), delete("jobs::run")]).one(RULE);
    assert_eq!(finding.message, "the lock `lock:report:{id}` is deleted without a look at who holds it");
    assert_eq!(finding.labels.len(), 1);
    World::of([take(), delete("jobs::release")]).one(RULE);
}

#[test]
fn a_comparison_a_script_and_a_broken_lock_are_left_alone() {
    let get = op("GET").key("lock:report:{id}").purpose(Purpose::Lock).function("jobs::release");
    World::of([take(), get, delete("jobs::release")]).silent(RULE);
    World::of([take(), op("EVAL").key("lock:report:{id}").script(&["GET", "DEL"])]).silent(RULE);
    World::of([take(), delete("admin::force_unlock")]).silent(RULE);
    World::of([take(), delete("jobs::release").in_batch(1, Some(true))]).silent(RULE);
}

#[test]
fn what_is_no_lock_may_be_deleted() {
    World::of([op("SETEX").key("user:{id}").ttl_secs(60), op("DEL").key("user:{id}")]).silent(RULE);
    World::of([take(), op("DEL").key("user:{id}")]).silent(RULE);
}

#[test]
fn a_lock_without_a_ttl_is_still_its_holders() {
    World::of([take().ttl(TtlKind::None), delete("jobs::run")]).silent(RULE);
}
