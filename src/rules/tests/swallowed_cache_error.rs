use crate::finding::Level;
use crate::inventory::{Event, OpId, Operation, Purpose};
use crate::rules::testing::{World, call, op, place, sent};

const RULE: &str = "swallowed-cache-error";

fn delete() -> Operation {
    op("DEL").key("user:v1:profile:{id}").purpose(Purpose::Cache)
}

fn swallowed(id: u32) -> Event {
    Event::Swallowed { operation: OpId(id), place: place(500) }
}

pub(super) fn worlds() -> Vec<World> {
    let set = op("SETEX").key("user:v1:profile:{id}").purpose(Purpose::Cache);
    vec![
        World::of([delete()]).function("app::renamed", vec![sent(0), swallowed(0)]),
        World::of([set]).function("app::filled", vec![sent(0), swallowed(0)]),
    ]
}

#[test]
fn a_delete_is_a_warning_and_a_write_a_note() {
    let [delete, write] = [&worlds()[0], &worlds()[1]].map(|world| world.one(RULE));
    assert_eq!(delete.level, Level::Warning);
    assert_eq!(write.level, Level::Note);
    assert!(delete.help.contains("`cache.invalidate::<Entity>(&id)`"), "{}", delete.help);
}

#[test]
fn it_is_reported_where_the_result_is_thrown_away() {
    let finding = worlds()[0].one(RULE);
    assert_eq!(finding.primary, place(500));
    assert_eq!(finding.function, "app::renamed");
    assert_eq!(finding.labels.len(), 1, "where it is sent");
}

#[test]
fn a_wrapper_that_throws_it_away_is_reported_once_as_grave_as_the_gravest() {
    let unknown = || op("DEL").key("{key}").purpose(Purpose::Unknown);
    let inside = || call("cache::forget", vec![sent(1), swallowed(1)]);
    let world = World::of([unknown(), delete()])
        .function("cache::forget", vec![sent(0), swallowed(0)])
        .function("app::renamed", vec![inside()])
        .function("app::removed", vec![inside()]);
    assert_eq!(world.one(RULE).level, Level::Warning);
}

#[test]
fn what_was_read_first_is_a_note() {
    let get = op("GET").key("user:v1:profile:{id}").purpose(Purpose::Cache);
    let world = World::of([get, delete()]).function("app::repair", vec![sent(0), sent(1), swallowed(1)]);
    assert_eq!(world.one(RULE).level, Level::Note);
}

#[test]
fn locks_queues_unknown_keys_and_the_companion_crate_are_left_alone() {
    for purpose in [Purpose::Lock, Purpose::Queue, Purpose::Counter, Purpose::State, Purpose::Unknown] {
        World::of([delete().purpose(purpose)]).function("app::f", vec![sent(0), swallowed(0)]).silent(RULE);
    }
    World::of([delete().client("cache-patterns")]).function("app::f", vec![sent(0), swallowed(0)]).silent(RULE);
}
