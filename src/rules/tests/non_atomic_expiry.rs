use crate::finding::Level;
use crate::inventory::{Event, OpId, TtlKind};
use crate::rules::testing::{World, call, hit_or_miss, op, sent};

const RULE: &str = "non-atomic-expiry";

fn pair(command: &str) -> World {
    World::of([op(command).key("limit:{ip}"), op("EXPIRE").key("limit:{addr}").ttl_secs(60)])
}

#[test]
fn a_write_and_its_expiry_as_two_commands_are_flagged_at_the_write() {
    for command in ["SET", "SETNX", "INCR", "HSET", "SADD"] {
        let finding = pair(command).function("app::handler", vec![sent(0), sent(1)]).one(RULE);
        assert_eq!((finding.level, finding.primary.span.start), (Level::Warning, 0));
        assert_eq!(finding.labels[0].place.span.start, 100);
        assert_eq!(
            finding.message,
            format!(
                "`{command}` and `EXPIRE` of `limit:{{ip}}` are two commands: a failure between them leaves no TTL"
            )
        );
    }
}

#[test]
fn the_inventory_may_have_joined_them_already() {
    let world = World::of([
        op("SET").key("login:{token}").ttl(TtlKind::Separate(Some(60_000))),
        op("EXPIRE").key("login:{token}").ttl_secs(60),
    ]);
    let finding = world.function("app::handler", vec![sent(0), sent(1)]).one(RULE);
    assert_eq!(finding.help, "write `con.set_ex(&key, value, 60)`");
}

#[test]
fn an_expiry_on_the_first_count_only_is_flagged() {
    let world = pair("INCR").function("app::handler", vec![sent(0), Event::Branch(vec![vec![sent(1)], vec![]])]);
    let finding = world.one(RULE);
    assert!(finding.help.starts_with("queue both in `redis::pipe().atomic()`"), "{}", finding.help);
}

#[test]
fn an_expiry_sent_by_a_callee_is_flagged_and_shown() {
    let world = World::of([
        op("HSET").key("board:{period}"),
        op("EXPIRE").key_parameter("key").function("app::ensure_ttl").ttl(TtlKind::Dynamic),
        op("EXPIRE").key("board:{period}").ttl(TtlKind::Dynamic).call_of("app::ensure_ttl", OpId(1)),
    ]);
    let finding = world.function("app::handler", vec![sent(0), call("app::ensure_ttl", vec![sent(2)])]).one(RULE);
    let labels: Vec<_> = finding.labels.iter().map(|label| (label.place.span.start, label.message.as_str())).collect();
    assert_eq!(labels, [(200, "gets its expiry only here"), (100, "`EXPIRE` is sent here")]);
}

#[test]
fn a_transaction_is_atomic_and_a_pipeline_is_not() {
    let batch = |atomic| {
        World::of([
            op("HSET").key("metric:{id}").in_batch(1, atomic),
            op("EXPIRE").key("metric:{id}").in_batch(1, atomic).ttl(TtlKind::Dynamic),
        ])
        .function("app::handler", vec![sent(0), sent(1)])
    };
    batch(Some(true)).silent(RULE);
    // Made atomic on some path only, or not known.
    batch(None).silent(RULE);
    let finding = batch(Some(false)).one(RULE);
    assert_eq!(finding.level, Level::Warning);
    assert_eq!(finding.help, "add `.atomic()` to the pipeline");
}

#[test]
fn two_transactions_are_not_one() {
    let world = World::of([
        op("HSET").key("metric:{id}").in_batch(1, Some(true)),
        op("EXPIRE").key("metric:{id}").in_batch(2, Some(true)),
    ]);
    assert_eq!(world.function("app::handler", vec![sent(0), sent(1)]).one(RULE).level, Level::Warning);
}

#[test]
fn renewing_is_not_flagged() {
    // A read.
    World::of([op("GET").key("session:{id}"), op("EXPIRE").key("session:{id}").ttl_secs(60)])
        .function("app::handler", vec![sent(0), hit_or_miss(0, vec![sent(1)], vec![])])
        .silent(RULE);
    // A write that carries its TTL.
    World::of([op("SETEX").key("session:{id}").ttl_secs(60), op("EXPIRE").key("session:{id}").ttl_secs(90)])
        .function("app::handler", vec![sent(0), sent(1)])
        .silent(RULE);
    // A count of a key that was made with a TTL just before.
    World::of([
        op("SETEX").key("limit:{ip}").ttl_secs(60),
        op("INCR").key("limit:{ip}"),
        op("EXPIRE").key("limit:{ip}").ttl_secs(60),
    ])
    .function("app::handler", vec![sent(0), sent(1), sent(2)])
    .silent(RULE);
}

#[test]
fn another_key_another_path_or_the_other_order_is_not_flagged() {
    World::of([op("SET").key("a:{id}"), op("EXPIRE").key("b:{id}")])
        .function("app::handler", vec![sent(0), sent(1)])
        .silent(RULE);
    pair("SET").function("app::handler", vec![Event::Branch(vec![vec![sent(0)], vec![sent(1)]])]).silent(RULE);
    pair("SET").function("app::handler", vec![sent(1), sent(0)]).silent(RULE);
    pair("SET").function("app::one", vec![sent(0)]).function("app::two", vec![sent(1)]).silent(RULE);
}

#[test]
fn a_pair_inside_a_wrapper_is_reported_there_only() {
    let mut world = World::of([
        op("INCR").key_parameter("key").function("app::count"),
        op("EXPIRE").key_parameter("key").function("app::count"),
        op("INCR").key("limit:{ip}").call_of("app::count", OpId(0)),
        op("EXPIRE").key("limit:{ip}").call_of("app::count", OpId(1)),
    ]);
    world.inventory.operations[3].place = world.inventory.operations[2].place;
    let world = world
        .function("app::count", vec![sent(0), sent(1)])
        .function("app::handler", vec![call("app::count", vec![sent(2), sent(3)])]);
    assert_eq!(world.one(RULE).primary.span.start, 0);
}

#[test]
fn a_pair_is_reported_once_however_many_functions_fold_it_in() {
    let world = pair("SET")
        .function("app::handler", vec![sent(0), sent(1)])
        .function("app::outer", vec![call("app::handler", vec![sent(0), sent(1)])]);
    let finding = world.one(RULE);
    assert_eq!(finding.labels.len(), 1);
}

#[test]
fn unsent_commands_are_not_sent() {
    World::of([op("SET").key("a:{id}").unsent(), op("EXPIRE").key("a:{id}")])
        .function("app::handler", vec![sent(0), sent(1)])
        .silent(RULE);
}

#[test]
fn a_ttl_that_may_be_there_already_is_not_doubted() {
    for kind in [TtlKind::Undetermined, TtlKind::Maybe, TtlKind::Dynamic, TtlKind::Keep] {
        World::of([op("SET").key("a:{id}").ttl(kind), op("EXPIRE").key("a:{id}")])
            .function("app::handler", vec![sent(0), sent(1)])
            .silent(RULE);
    }
}

#[test]
fn commands_that_make_no_key_are_not_writes() {
    for (command, kind) in [("HDEL", TtlKind::NotApplicable), ("XACK", TtlKind::None)] {
        let mut remove = op("HSET").key("a:{id}").ttl(kind);
        remove.command = command.to_owned();
        World::of([remove, op("EXPIRE").key("a:{id}")]).function("app::handler", vec![sent(0), sent(1)]).silent(RULE);
    }
}
