//! Channels, the loops that follow them, and the copies that they are to drop.

use std::sync::Arc;

use crate::inventory::{Event, ExitKind, LocalAction, LocalEvent, MessageStep, Operation, Purpose};
use crate::policy::{Policy, Vocabulary};
use crate::rules::testing::{World, op, parse, place, sent};

fn message(step: MessageStep, at: u32) -> Event {
    Event::Message { step, place: place(at), name: "from_str".to_owned() }
}

fn awaited() -> Event {
    message(MessageStep::Awaited { reconnects: false }, 60_000)
}

fn ends_with_stream() -> Event {
    Event::Branch(vec![vec![], vec![Event::Leave(ExitKind::Break)]])
}

fn follows(body: Vec<Event>) -> World {
    World::of([op("SUBSCRIBE").key("a:b")]).function("app::follow", body)
}

fn local(action: LocalAction, at: u32) -> Event {
    let (cache, ty) = ("near".to_owned(), "Cache".to_owned());
    Event::Local(Arc::new(LocalEvent { action, cache, ty, bounded: false, place: place(at) }))
}

fn front() -> Vec<Event> {
    vec![local(LocalAction::Read, 61_000), sent(0), local(LocalAction::Fill, 62_000)]
}

/// One world for each way of telling a fault.
pub(super) fn worlds() -> Vec<World> {
    let fails = message(MessageStep::Fails, 60_100);
    vec![
        World::of([op("PUBLISH").key("cache:invalidate"), op("SUBSCRIBE").key("cache:invalidation")]),
        World::of([op("PUBLISH").key("orders")]),
        follows(vec![Event::Loop(vec![awaited(), ends_with_stream(), fails])]),
        follows(vec![Event::Loop(vec![awaited(), ends_with_stream()])]),
        World::of([op("GET").key("user:{id}"), op("DEL").key("user:{id}")]).function("app::get", front()),
        World::of([op("GET").key("user:{id}"), op("DEL").key("user:{id}")])
            .function("app::get", front())
            .function("app::follow", vec![Event::Loop(vec![awaited(), sent(1)])]),
        twice(),
        once_per_server(|_| ()),
    ]
}

/// Deletes the key of the message that comes with the id 1, and hears of it with the ids 2 and 3.
fn once_per_server(change: impl Fn(&mut [Operation; 4])) -> World {
    let mut publish = op("PUBLISH").key("user:changed");
    publish.value.texts = vec![("key".to_owned(), parse("{key}"))];
    let mut ops = [
        op("DEL").key("{key}").function("app::change"),
        publish.function("app::change"),
        op("SUBSCRIBE").key("user:changed").function("app::follow"),
        op("DEL").key("{message.key}").function("app::follow"),
    ];
    change(&mut ops);
    World::of(ops)
        .function("app::change", vec![sent(0), sent(1)])
        .function("app::follow", vec![sent(2), Event::Loop(vec![awaited(), ends_with_stream(), sent(3)])])
}

/// The same with keys whose shape is known.
fn twice() -> World {
    once_per_server(|ops| {
        ops[0].keys = op("DEL").key("user:{id}").keys;
        ops[1].value.texts.clear();
        ops[3].keys = op("DEL").key("user:{user}").keys;
    })
}

const AGAIN: &str = "redundant-invalidation";

#[test]
fn every_server_deletes_what_the_publisher_has_deleted() {
    let finding = twice().one(AGAIN);
    assert_eq!(
        finding.message,
        "every server deletes `user:{user}` from Redis again, though the publisher has deleted it"
    );
    assert_eq!(finding.labels.len(), 2, "{finding:#?}");
    once_per_server(|_| ()).one(AGAIN);
}

#[test]
fn what_was_stored_before_the_message_is_deleted_as_well() {
    let stored = |events: Vec<Event>| {
        let mut world = once_per_server(|ops| {
            ops[0] = op("SETEX").key("user:{id}").ttl_secs(60).function("app::change");
            ops[3].keys = op("DEL").key("user:{user}").keys;
        });
        world.inventory.functions[0].events = events;
        world
    };
    let finding = stored(vec![sent(0), sent(1)]).one(AGAIN);
    assert_eq!(
        finding.message,
        "every server deletes `user:{user}` from Redis, though the publisher has just stored it"
    );
    stored(vec![sent(1), sent(0)]).silent(AGAIN);
}

#[test]
fn what_nobody_fills_again_may_be_deleted_twice() {
    for purpose in [Purpose::Session, Purpose::Token, Purpose::State] {
        once_per_server(|ops| ops[3].purpose = purpose).silent(AGAIN);
    }
}

#[test]
fn a_message_that_carries_another_key_is_about_another() {
    once_per_server(|ops| ops[1].value.texts = vec![("key".to_owned(), parse("{page}"))]).silent(AGAIN);
    once_per_server(|ops| ops[1].value.texts = vec![("reason".to_owned(), parse("{key}"))]).silent(AGAIN);
    once_per_server(|ops| ops[1].value.texts.clear()).silent(AGAIN);
}

#[test]
fn who_may_publish_without_a_delete_is_believed() {
    let mut open = twice();
    open.add(op("PUBLISH").key_parameter("channel"));
    open.silent(AGAIN);
    let mut script = twice();
    script.add(op("EVAL").script(&["DEL", "PUBLISH"]));
    script.silent(AGAIN);
    let mut other = twice();
    let id = other.add(op("PUBLISH").key("user:{what}").function("app::listen"));
    other.function("app::listen", vec![Event::Operation(id)]).silent(AGAIN);
    let vocabulary = Vocabulary { rules: &[], categories: &[] };
    let policy = Policy::parse("cache-lint.toml", "[channels]\nexternal = [\"user:*\"]\n", &vocabulary).unwrap();
    World { policy, ..twice() }.silent(AGAIN);
}

#[test]
fn another_redis_is_another_matter() {
    once_per_server(|ops| ops[3].client = "fred".to_owned()).silent(AGAIN);
    once_per_server(|ops| ops[3].receiver = "self.edge_redis.clone()".to_owned()).silent(AGAIN);
    once_per_server(|ops| ops[3].receiver = "self.pool.get().await?".to_owned()).one(AGAIN);
}

#[test]
fn a_delete_that_is_no_answer_to_a_message_is_left_alone() {
    let of = |body: Vec<Event>| {
        let mut world = twice();
        world.inventory.functions.pop();
        world.function("app::follow", vec![sent(2), Event::Loop(body)]).silent(AGAIN);
    };
    of(vec![sent(3), awaited()]);
    of(vec![Event::Branch(vec![vec![awaited()], vec![sent(3)]])]);
    of(vec![Event::Branch(vec![vec![awaited()], vec![]]), sent(3)]);
    once_per_server(|ops| ops[3].keys = op("DEL").key_parameter("key").keys).silent(AGAIN);
    once_per_server(|ops| ops[3].keys = op("DEL").key("{self.current}").keys).silent(AGAIN);
}

#[test]
fn the_nearest_channel_is_named_at_both_ends() {
    let findings = worlds()[0].check("channel-mismatch");
    assert_eq!(findings.len(), 2);
    assert_eq!(findings[0].help, "call both ends `cache:invalidate` or `cache:invalidation`, best by one constant");
}

#[test]
fn a_channel_that_may_have_another_end_is_left_alone() {
    World::of([op("PUBLISH").key("a:{x}"), op("SUBSCRIBE").key("a:*")]).silent("channel-mismatch");
    World::of([op("PUBLISH").key("a:b"), op("SUBSCRIBE").key_parameter("key")]).silent("channel-mismatch");
    World::of([op("SUBSCRIBE").key("__keyevent@0__:expired")]).silent("channel-mismatch");
}

#[test]
fn a_loop_around_makes_up_for_errors_but_not_for_panics() {
    let inner = |step| Event::Loop(vec![awaited(), ends_with_stream(), message(step, 60_100)]);
    follows(vec![Event::Loop(vec![inner(MessageStep::Fails)])]).silent("unguarded-subscriber");
    follows(vec![Event::Loop(vec![inner(MessageStep::Panics)])]).one("unguarded-subscriber");
    follows(vec![inner(MessageStep::Panics)]).one("unguarded-subscriber");
}

#[test]
fn a_client_that_connects_again_loses_no_loop() {
    let awaited = message(MessageStep::Awaited { reconnects: true }, 60_000);
    follows(vec![Event::Loop(vec![awaited, ends_with_stream()])]).silent("unguarded-subscriber");
}

#[test]
fn an_arm_that_waits_for_something_else_may_end_the_loop() {
    let select = Event::Branch(vec![vec![Event::Leave(ExitKind::Break)], vec![awaited()]]);
    follows(vec![Event::Loop(vec![select])]).silent("unguarded-subscriber");
}

#[test]
fn a_subscriber_that_drops_the_copy_is_what_is_wanted() {
    let world = || World::of([op("GET").key("user:{id}"), op("DEL").key("user:{id}")]).function("app::get", front());
    world().one("local-invalidation-only");
    let drops = vec![Event::Loop(vec![awaited(), local(LocalAction::Drop, 63_000)])];
    world().function("app::follow", drops).silent("local-invalidation-only");
    World::of([op("GET").key("user:{id}")]).function("app::get", front()).silent("local-invalidation-only");
}

#[test]
fn a_subscriber_that_deletes_from_redis_is_shown() {
    let finding = worlds()[5].one("local-invalidation-only");
    assert!(finding.labels.iter().any(|label| label.message.starts_with("the subscriber deletes")), "{finding:#?}");
}
