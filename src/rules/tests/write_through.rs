//! `set-after-write-race` and `wrong-pattern`: copies that are written together with their rows.

use std::sync::Arc;

use crate::inventory::{Condition, DatabaseAction, DatabaseEvent, Event, GuardKind, Operation, Purpose};
use crate::rules::testing::{World, guard, hit_or_miss, op, place, sent};
use crate::stores::read_sql;

const RACE: &str = "set-after-write-race";
const PATTERN: &str = "wrong-pattern";

fn statement(sql: &str) -> Event {
    let action = DatabaseAction::Statement(read_sql(sql));
    Event::Database(Arc::new(DatabaseEvent { action, place: place(900), in_transaction: None, given: Vec::new() }))
}

fn update() -> Event {
    statement("UPDATE stocks SET amount = ?")
}

fn set(key: &str) -> Operation {
    op("SETEX").key(key).ttl_secs(300).purpose(Purpose::Cache)
}

fn get(key: &str) -> Operation {
    op("GET").key(key).purpose(Purpose::Cache)
}

pub(super) fn worlds() -> Vec<World> {
    // The classes of the default policy: `inventory` is write-through, `product` is cache-aside.
    let filled = hit_or_miss(0, vec![], vec![statement("SELECT amount FROM stocks"), sent(1)]);
    let deleted = [get("shop:stock:{id}"), set("shop:stock:{id}"), op("DEL").key("shop:stock:{id}")];
    vec![
        World::of([set("shop:stock:{id}")]).function("app::handler", vec![update(), sent(0)]),
        World::of([set("shop:product:{id}")])
            .function("app::handler", vec![statement("UPDATE products SET name = ?"), sent(0)]),
        World::of(deleted)
            .function("app::handler", vec![sent(0), filled])
            .function("app::change", vec![update(), sent(2)]),
    ]
}

#[test]
fn a_copy_that_is_set_after_its_row_is_a_race() {
    let finding = worlds()[0].one(RACE);
    assert_eq!(finding.message, "two writers can leave the older value in `shop:stock:{id}`");
    assert_eq!(finding.labels[0].message, "`stocks` is changed here");
}

#[test]
fn turns_conditions_fills_and_other_tables_are_no_race() {
    let silent = |op: Operation, events| World::of([op]).function("app::handler", events).silent(RACE);
    silent(set("shop:stock:{id}"), vec![guard(GuardKind::Mutex), update(), sent(0)]);
    silent(set("shop:stock:{id}").condition(Condition::IfAbsent), vec![update(), sent(0)]);
    silent(set("shop:stock:{id}"), vec![statement("INSERT INTO stocks (amount) VALUES (?)"), sent(0)]);
    silent(set("shop:greeting:{id}"), vec![update(), sent(0)]);
    silent(set("shop:stock:{id}"), vec![sent(0), update()]);
    World::of([get("shop:stock:{id}"), set("shop:stock:{id}")])
        .function("app::handler", vec![update(), sent(0), hit_or_miss(0, vec![], vec![sent(1)])])
        .silent(RACE);
}

#[test]
fn the_declared_pattern_is_compared_with_what_is_done() {
    let worlds = worlds();
    worlds[0].silent(PATTERN);
    let aside = worlds[1].one(PATTERN);
    assert_eq!(aside.message, "`shop:product:{id}` is declared cache-aside, but is set when its row is written");
    let through = worlds[2].one(PATTERN);
    assert_eq!(
        through.message,
        "`shop:stock:{id}` is declared write-through, but is only deleted when its row is written"
    );
    assert_eq!(through.primary.span.start, 200);
}

#[test]
fn without_a_pattern_or_with_a_writer_nothing_is_said() {
    World::of([set("shop:plain:{id}")])
        .function("app::handler", vec![statement("UPDATE plains SET a = ?"), sent(0)])
        .silent(PATTERN);
    // A write that no miss precedes may be the writer's.
    World::of([set("shop:stock:{id}"), op("DEL").key("shop:stock:{id}")])
        .function("app::handler", vec![sent(0), sent(1)])
        .silent(PATTERN);
}
