//! Rows of a database and their cached copies.

use std::sync::Arc;

use crate::inventory::origin::{Origin, Source};
use crate::inventory::{DatabaseAction, DatabaseEvent, Event, OpId, Purpose};
use crate::rules::testing::{World, call, op, place, sent};
use crate::stores::read_sql;

/// Rows that change while a copy of them stays, or before it goes.
pub(super) fn worlds() -> Vec<World> {
    let statement = |sql: &str, at| {
        let action = DatabaseAction::Statement(read_sql(sql));
        Event::Database(Arc::new(DatabaseEvent { action, place: place(at), in_transaction: None, given: Vec::new() }))
    };
    let update = || statement("UPDATE users SET name = ?", 900);
    let [begin, commit] = [DatabaseAction::Begin, DatabaseAction::Commit].map(|action| {
        Event::Database(Arc::new(DatabaseEvent {
            action,
            place: place(950),
            in_transaction: Some(true),
            given: Vec::new(),
        }))
    });
    let mut worlds = Vec::new();
    for second in ["SETEX", "DEL", "PUBLISH"] {
        for events in [vec![update()], vec![sent(2), update()], vec![begin.clone(), update(), sent(2), commit.clone()]]
        {
            let ops = ["GET", "SETEX", second].map(|command| op(command).key("user:{id}").purpose(Purpose::Cache));
            let mut world = World::of(ops).function("app::change", events);
            world.inventory.origins.insert(
                "user:{}".to_owned(),
                vec![Origin {
                    source: Source::Tables(read_sql("SELECT name FROM users")),
                    load: place(800),
                    read: OpId(0),
                    fill: OpId(1),
                    given: Vec::new(),
                    statements: 1,
                    derived: false,
                }],
            );
            worlds.push(world);
        }
    }
    worlds
}

#[test]
fn the_calls_between_the_transaction_and_the_copy_are_told() {
    let database = |action, at| {
        Event::Database(Arc::new(DatabaseEvent {
            action,
            place: place(at),
            in_transaction: Some(true),
            given: Vec::new(),
        }))
    };
    let statement = || DatabaseAction::Statement(read_sql("UPDATE users SET name = ?"));
    let world = |written: Vec<Event>| {
        let begun = database(DatabaseAction::Begin, 100);
        let mut events = vec![begun, database(statement(), 200)];
        events.extend(written);
        events.push(database(DatabaseAction::Commit, 900));
        World::of([op("SETEX").key("user:{id}").purpose(Purpose::Cache)]).function("app::rename", events)
    };
    let told = |world: World| {
        let found = world.check("write-before-commit");
        let flow: Vec<Vec<String>> =
            found.iter().map(|one| one.flow.iter().map(|step| step.message.clone()).collect()).collect();
        flow
    };
    let below = call("app::store::save", vec![call("app::cache::put", vec![sent(0)])]);
    assert_eq!(
        told(world(vec![below])),
        [["the transaction begins here", "in it, calls `save`", "which calls `put`", "written here", "committed here"]]
    );
    assert_eq!(told(world(vec![sent(0)])), [["written here", "committed here"]]);
    // What commits a transaction of its own first has nothing to wait for, whichever way it goes.
    let own =
        vec![database(DatabaseAction::Begin, 300), database(statement(), 310), database(DatabaseAction::Commit, 320)];
    let maybe = Event::Branch(vec![own, Vec::new()]);
    assert_eq!(told(world(vec![call("app::store::save", vec![maybe, sent(0)])])), [[""; 0]; 0]);
    // One begins in one store, another one ends in another: they are no transaction.
    let at = |mut event: Event, at: u32| {
        if let Event::Call { place: own, .. } = &mut event {
            *own = place(at);
        }
        event
    };
    let deep = |event: Event, from: u32| at(call("a::run", vec![at(call("a::write", vec![event]), from + 1)]), from);
    let events = vec![
        deep(database(DatabaseAction::Begin, 100), 1000),
        database(statement(), 200),
        sent(0),
        deep(database(DatabaseAction::Commit, 900), 2000),
    ];
    let world = World::of([op("SETEX").key("user:{id}").purpose(Purpose::Cache)]).function("app::rename", events);
    assert_eq!(told(world), [[""; 0]; 0]);
}
