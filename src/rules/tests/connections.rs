//! `connection-per-call` and `missing-timeout`: connections that are opened.

use std::sync::Arc;

use crate::inventory::{ConnectEvent, ConnectKind, Endless, Event, Opened};
use crate::rules::testing::{World, call, op, place, sent};

const OPENED: &str = "connection-per-call";
const ENDLESS: &str = "missing-timeout";

fn event(kind: ConnectKind, endless: Option<Endless>) -> ConnectEvent {
    ConnectEvent {
        kind,
        place: place(20_000),
        spelled: "get_connection_manager".to_owned(),
        ty: "ConnectionManager".to_owned(),
        endless,
        kept: false,
        client: None,
    }
}

fn connect(kind: ConnectKind) -> Event {
    Event::Connect(Arc::new(event(kind, None)))
}

fn in_function(name: &str, events: Vec<Event>) -> World {
    World::of([op("GET").key("shop:name:{id}").function(name)]).function(name, events)
}

fn waiting(connecting: bool, answering: bool) -> World {
    let mut world = World::default();
    let event = Arc::new(event(ConnectKind::Connection, Some(Endless { connecting, answering })));
    world.inventory.connections.push(Opened { event, function: "app::connect".to_owned(), test: false });
    world
}

pub(super) fn worlds() -> Vec<World> {
    let kinds = [ConnectKind::Connection, ConnectKind::Pool, ConnectKind::PerCommand];
    let opened = kinds.into_iter().map(|kind| in_function("app::name", vec![connect(kind), sent(0)]));
    opened.chain([waiting(true, true), waiting(true, false), waiting(false, true)]).collect()
}

#[test]
fn a_connection_for_one_command_is_reported_where_it_is_opened() {
    let finding = in_function("app::name", vec![connect(ConnectKind::Connection), sent(0)]).one(OPENED);
    assert_eq!(finding.primary.span.start, 20_000);
    assert_eq!(finding.message, "a connection is opened for each call of `name`");
    let helper = call("app::con", vec![connect(ConnectKind::Connection)]);
    let finding = in_function("app::name", vec![helper, sent(0)]).one(OPENED);
    assert_eq!(finding.function, "app::con");
}

#[test]
fn what_happens_at_the_start_once_or_for_long_is_left_alone() {
    let opened = || vec![connect(ConnectKind::Connection), sent(0)];
    for name in ["app::main", "app::Cache::new", "app::connect", "app::init_cache"] {
        in_function(name, opened()).silent(OPENED);
    }
    in_function("app::import", opened()).function("app::main", vec![call("app::import", opened())]).silent(OPENED);
    in_function("app::name", vec![connect(ConnectKind::Connection)]).silent(OPENED);
    in_function("app::listen", vec![connect(ConnectKind::Subscriptions), sent(0)]).silent(OPENED);
    in_function("app::beat", vec![connect(ConnectKind::Connection), Event::Loop(vec![sent(0)])]).silent(OPENED);
    let sometimes = Event::Branch(vec![vec![connect(ConnectKind::Connection)], vec![]]);
    in_function("app::name", vec![sometimes, sent(0)]).silent(OPENED);
}

#[test]
fn the_waits_that_have_no_end_are_named() {
    assert_eq!(waiting(true, true).one(ENDLESS).message, "a `ConnectionManager` waits without end for the server");
    assert_eq!(waiting(false, true).one(ENDLESS).message, "a `ConnectionManager` waits without end for an answer");
    waiting(false, false).silent(ENDLESS);
}
