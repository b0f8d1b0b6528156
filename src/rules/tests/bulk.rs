//! `cold-start` and `no-ttl-jitter`: many entries stored in one go.

use crate::inventory::{Event, ExitKind, GuardKind, LoadKind, Operation, Purpose, TtlKind};
use crate::rules::testing::{World, call, guard, hit_or_miss, load, op, sent};

const COLD: &str = "cold-start";
const JITTER: &str = "no-ttl-jitter";

fn set() -> Operation {
    op("SETEX").key("shop:product:{id}").ttl_secs(3_600).purpose(Purpose::Cache)
}

fn rows() -> Event {
    load(LoadKind::Database, "fetch_all")
}

fn within(ops: impl IntoIterator<Item = Operation>, events: Vec<Event>) -> World {
    World::of(ops).function("app::handler", events)
}

pub(super) fn worlds() -> Vec<World> {
    vec![
        within([set()], vec![rows(), Event::Loop(vec![sent(0)])]),
        within([set()], vec![Event::Loop(vec![sent(0)])]),
        within([set()], vec![Event::Loop(vec![Event::Spawn(vec![rows(), sent(0)])])]),
    ]
}

#[test]
fn what_is_loaded_and_stored_together_expires_together() {
    let finding = worlds()[0].one(COLD);
    assert_eq!(finding.message, "every entry of `shop:product:{id}` that this loop stores expires at the same moment");
    assert!(finding.help.starts_with("add a random part to the TTL (`3600 + rand::random_range(0..360)`)"));
    // One finding for one fault.
    worlds()[0].silent(JITTER);
}

#[test]
fn a_function_that_is_called_a_warm_up_needs_no_load() {
    World::of([set().function("app::warm_cache")])
        .function("app::warm_cache", vec![Event::Loop(vec![sent(0)])])
        .one(COLD);
}

#[test]
fn jitter_single_entries_other_ttls_and_fills_of_a_miss_are_fine() {
    let mut jittered = set();
    jittered.ttl.jitter = true;
    within([jittered], vec![rows(), Event::Loop(vec![sent(0)])]).silent(COLD);
    within([set()], vec![rows(), sent(0)]).silent(COLD);
    within([set().ttl(TtlKind::Dynamic)], vec![rows(), Event::Loop(vec![sent(0)])]).silent(COLD);
    let get = op("GET").key("shop:product:{id}");
    within([get, set()], vec![rows(), Event::Loop(vec![sent(0), hit_or_miss(0, vec![], vec![rows(), sent(1)])])])
        .silent(COLD);
    // A loop that ends when it has stored tries again; a loop in a callee is the callee's.
    within([set()], vec![rows(), Event::Loop(vec![sent(0), Event::Leave(ExitKind::Return)])]).silent(COLD);
    within([set()], vec![rows(), call("app::put", vec![Event::Loop(vec![sent(0)])])]).silent(COLD);
}

#[test]
fn a_task_for_each_entry_needs_a_limit() {
    let finding = worlds()[2].one(COLD);
    assert_eq!(finding.message, "nothing limits how many loads of `shop:product:{id}` run at once");
    let limited = vec![guard(GuardKind::Mutex), rows(), sent(0)];
    within([set()], vec![Event::Loop(vec![Event::Spawn(limited)])]).silent(COLD);
}

#[test]
fn a_bulk_write_of_what_was_handed_over_is_for_the_rule_that_is_off() {
    worlds()[1].silent(COLD);
    assert_eq!(worlds()[1].one(JITTER).message, "this loop stores many entries of `shop:product:{id}` with one TTL");
}
