use crate::inventory::inputs::{CallInputs, Input};
use crate::inventory::{Event, ExitKind, LoadKind, Purpose};
use crate::rules::testing::{World, hit_or_miss, load, op, place, sent};
use crate::text::Span;

const RULE: &str = "incomplete-key";

fn input(param: usize, path: &str) -> Input {
    let fields = path.split('.').skip(1).map(str::to_owned).collect();
    Input { name: path.to_owned(), param, fields, tells: true, identifies: path.ends_with(".id"), unique: false }
}

/// A read under a key of `key`, looked at behind a test of `tested`; on a miss a load of `loaded`, of which the result is
/// stored.
fn world(key: &[Input], tested: &[Input], loaded: &[Input]) -> World {
    let mut world = World::of([
        op("GET").key("user:{id}").purpose(Purpose::Cache),
        op("SETEX").key("user:{id}").purpose(Purpose::Cache).ttl_secs(900),
    ])
    .function(
        "app::handler",
        vec![
            sent(0),
            hit_or_miss(0, vec![Event::Leave(ExitKind::Return)], vec![]),
            load(LoadKind::Database, "db::user"),
            sent(1),
        ],
    );
    let stored: Vec<Input> = key.iter().chain(loaded).cloned().collect();
    let none = |at: u32| (Span { start: at, end: at + 1 }, Vec::new());
    let calls = [
        (
            world.inventory.operations[0].place,
            CallInputs { whole: key.to_vec(), tested: tested.to_vec(), ..CallInputs::default() },
        ),
        (place(40_000), CallInputs { loaded: loaded.to_vec(), ..CallInputs::default() }),
        (
            world.inventory.operations[1].place,
            CallInputs { args: vec![none(1_000), none(1_002)], whole: stored, ..CallInputs::default() },
        ),
    ];
    world.inventory.inputs.0.insert("app::handler".to_owned(), calls.into_iter().collect());
    world
}

pub(super) fn worlds() -> Vec<World> {
    vec![
        world(&[input(0, "id")], &[], &[input(0, "id"), input(1, "locale")]),
        world(
            &[input(0, "params.q")],
            &[],
            &[input(0, "params.q"), input(0, "params.limit"), input(0, "params.offset")],
        ),
    ]
}

#[test]
fn what_is_missing_is_named() {
    let finding = worlds()[0].one(RULE);
    assert_eq!(finding.message, "what a miss loads depends on `locale`, and `user:{id}` does not");
    assert_eq!(finding.labels[0].message, "`locale` is asked for here");
    let finding = worlds()[1].one(RULE);
    assert_eq!(finding.labels[0].message, "`params.limit` and `params.offset` are asked for here");
}

#[test]
fn a_whole_covers_its_parts_and_an_id_the_rest_of_its_entity() {
    world(&[input(0, "params")], &[], &[input(0, "params.limit")]).silent(RULE);
    world(&[input(0, "tip.id")], &[], &[input(0, "tip.sender")]).silent(RULE);
    world(&[input(0, "tip.kind")], &[], &[input(0, "tip.sender")]).one(RULE);
}

#[test]
fn what_was_looked_at_before_the_read_is_settled() {
    world(&[input(0, "id")], &[input(1, "page")], &[input(0, "id"), input(1, "page")]).silent(RULE);
}

#[test]
fn a_uuid_settles_what_it_lies_in_but_not_who_asks() {
    let unique = Input { unique: true, ..input(0, "document") };
    world(std::slice::from_ref(&unique), &[], &[input(1, "workspace_id")]).silent(RULE);
    world(&[unique], &[], &[input(1, "user_id")]).one(RULE);
}

#[test]
fn what_says_nothing_about_the_question_is_left_alone() {
    let pool = Input { tells: false, ..input(1, "pool") };
    world(&[input(0, "id")], &[], &[input(0, "id"), pool]).silent(RULE);
}
