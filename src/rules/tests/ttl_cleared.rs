use crate::inventory::{Condition, Effect, OpId, Operation, Purpose, TtlKind};
use crate::rules::testing::{World, op};

const RULE: &str = "ttl-cleared";

fn given() -> Operation {
    op("SETEX").key("shop:session:{id}").ttl_secs(900).purpose(Purpose::Session).function("app::login")
}

fn plain(command: &str) -> Operation {
    op(command).key("shop:session:{id}").purpose(Purpose::Session).function("app::settings")
}

fn persist() -> Operation {
    let mut persist = plain("GET").effect(Effect::Persist);
    "PERSIST".clone_into(&mut persist.command);
    persist
}

pub(super) fn worlds() -> Vec<World> {
    let mut worlds = vec![World::of([given(), persist()])];
    for client in ["redis", "fred", "rustis", "glide"] {
        worlds.push(World::of([given(), plain("SET").client(client)]));
    }
    worlds
}

#[test]
fn a_plain_set_of_what_another_function_lets_expire_is_an_error_and_missing_ttl_leaves_it() {
    let world = World::of([given(), plain("SET")]);
    let finding = world.one(RULE);
    assert_eq!(finding.message, "`SET` takes the TTL of `shop:session:{id}` away, which other code gives it");
    assert_eq!(
        finding.help,
        "write `con.set_options(&key, value, SetOptions::default().with_expiration(SetExpiry::KEEPTTL))`, or write \
         `con.set_ex(&key, value, 900)`"
    );
    assert_eq!(finding.labels[0].message, "stored for 15m here");
    world.silent("missing-ttl");
}

#[test]
fn persist_and_a_conditional_set_clear_it_as_well() {
    World::of([given(), persist()]).one(RULE);
    World::of([given(), plain("SET").condition(Condition::IfPresent)]).one(RULE);
}

#[test]
fn keepttl_partial_writes_and_a_choice_in_one_function_are_fine() {
    World::of([given(), plain("SET").ttl(TtlKind::Keep)]).silent(RULE);
    World::of([given(), plain("SET").ttl(TtlKind::Separate(None))]).silent(RULE);
    World::of([given(), plain("SET").ttl(TtlKind::Undetermined)]).silent(RULE);
    World::of([given(), plain("APPEND")]).silent(RULE);
    World::of([given(), plain("INCR")]).silent(RULE);
    World::of([given(), plain("SET").function("app::login")]).silent(RULE);
}

#[test]
fn what_nobody_lets_expire_is_left_to_missing_ttl() {
    let world = World::of([plain("SET"), op("GET").key("shop:session:{id}")]);
    world.silent(RULE);
    world.one("missing-ttl");
}

#[test]
fn a_wrapper_that_never_gives_a_ttl_is_reported_once_by_missing_ttl() {
    let world = World::of([
        op("SET").key_parameter("key").function("cache::put"),
        plain("SET").call_of("cache::put", OpId(0)),
        given(),
    ]);
    world.silent(RULE);
    world.one("missing-ttl");
}
