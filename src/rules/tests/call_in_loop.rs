use crate::inventory::{Condition, Event, ExitKind, Operation};
use crate::provenance::Provenance;
use crate::rules::testing::{World, call, op, place, sent};

const RULE: &str = "call-in-loop";

/// `GET shop:price:{id}`, where `id` is what the loop walks.
fn of_element(command: &str) -> Operation {
    let mut op = op(command).key("shop:price:{id}");
    op.keys[0].template = op.keys[0].template.take().map(|template| template.also_of(Provenance::ELEMENT));
    op
}

fn pass() -> Event {
    Event::Pass { place: place(30_000), elements: vec!["id".to_owned()] }
}

fn looped(op: Operation, mut body: Vec<Event>) -> World {
    body.insert(0, pass());
    World::of([op]).function("app::prices", vec![Event::Loop(body)])
}

pub(super) fn worlds() -> Vec<World> {
    ["GET", "DEL", "SETEX"].into_iter().map(|command| looped(of_element(command), vec![sent(0)])).collect()
}

#[test]
fn a_command_for_each_element_is_reported_at_the_command_or_the_call() {
    let finding = looped(of_element("GET"), vec![sent(0)]).one(RULE);
    assert_eq!(finding.message, "each pass of the loop waits for one `GET` of `shop:price:{id}`");
    assert_eq!(finding.primary.span.start, 0);
    let finding = looped(of_element("GET"), vec![call("app::price", vec![sent(0)])]).one(RULE);
    assert_eq!(finding.primary.span.start, 42_000);
}

#[test]
fn loops_that_end_early_or_walk_no_collection_are_left_alone() {
    looped(of_element("GET"), vec![sent(0), Event::Branch(vec![vec![Event::Leave(ExitKind::Return)], vec![]])])
        .silent(RULE);
    World::of([of_element("GET")]).function("app::poll", vec![Event::Loop(vec![sent(0)])]).silent(RULE);
}

#[test]
fn what_is_batched_spawned_not_awaited_or_the_same_each_time_is_left_alone() {
    looped(of_element("DEL").in_batch(1, Some(false)), vec![sent(0)]).silent(RULE);
    looped(of_element("GET"), vec![Event::Spawn(vec![sent(0)])]).silent(RULE);
    looped(Operation { awaited: false, ..of_element("GET") }, vec![sent(0)]).silent(RULE);
    looped(op("GET").key("shop:price:{id}"), vec![sent(0)]).silent(RULE);
    looped(Operation { receiver: "id.con".to_owned(), ..of_element("GET") }, vec![sent(0)]).silent(RULE);
    looped(of_element("SETEX").condition(Condition::IfAbsent), vec![sent(0)]).silent(RULE);
}

#[test]
fn a_transaction_for_each_element_is_left_alone() {
    let elements = || Event::Pass { place: place(900), elements: vec!["id".to_owned()] };
    let watched = vec![elements(), sent(0), sent(1)];
    World::of([op("WATCH").key("shop:stock:{id}"), of_element("GET")])
        .function("app::take", vec![Event::Loop(watched)])
        .silent(RULE);
}
