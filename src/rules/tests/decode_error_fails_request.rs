use crate::inventory::{Event, ExitKind, LoadKind, OpId, Operation, Purpose};
use crate::rules::testing::{World, call, hit_or_miss, load, op, place, sent};

const RULE: &str = "decode-error-fails-request";

fn get() -> Operation {
    op("GET").key("user:v1:profile:{id}").purpose(Purpose::Cache)
}

fn undecoded() -> Event {
    Event::Undecoded { read: OpId(0), place: place(500) }
}

fn hit(events: Vec<Event>) -> Vec<Event> {
    let mut events = events;
    events.push(Event::Leave(ExitKind::Return));
    vec![sent(0), hit_or_miss(0, events, vec![load(LoadKind::Database, "db::profile")])]
}

pub(super) fn worlds() -> Vec<World> {
    vec![World::of([get()]).function("app::handler", hit(vec![undecoded()]))]
}

#[test]
fn an_error_that_leaves_although_a_load_would_follow_is_reported_where_it_leaves() {
    let finding = worlds()[0].one(RULE);
    assert_eq!(finding.primary, place(500));
    assert!(finding.help.contains("`cache.get_or_load(&id, || db::profile(…))`"), "{}", finding.help);
}

#[test]
fn nothing_to_load_no_cache_and_no_error_are_fine() {
    World::of([get()]).function("app::handler", hit(vec![])).silent(RULE);
    World::of([get()]).function("app::handler", vec![sent(0), undecoded()]).silent(RULE);
    World::of([get().purpose(Purpose::Session)]).function("app::handler", hit(vec![undecoded()])).silent(RULE);
}

#[test]
fn the_error_of_a_wrapper_counts_where_the_caller_hands_it_on() {
    let miss = || hit_or_miss(0, vec![], vec![load(LoadKind::Database, "db::profile")]);
    let inner = || call("cache::get", vec![sent(0), undecoded()]);
    World::of([get()]).function("app::handler", vec![inner(), Event::Fails(OpId(0)), miss()]).one(RULE);
    World::of([get()]).function("app::handler", vec![inner(), miss()]).silent(RULE);
}
