//! Rows of a database and their cached copies.

use std::sync::Arc;

use crate::inventory::origin::{Origin, Source};
use crate::inventory::{DatabaseAction, DatabaseEvent, Event, OpId, Purpose};
use crate::rules::testing::{World, op, place, sent};
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
                    derived: false,
                }],
            );
            worlds.push(world);
        }
    }
    worlds
}
