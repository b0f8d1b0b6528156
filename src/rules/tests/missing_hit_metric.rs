//! What shows hits and misses, and what the rule file makes of log lines.

use crate::inventory::{Event, ExitKind, LoadKind, Purpose, SignalKind};
use crate::policy::{Policy, Vocabulary};
use crate::rules::testing::{World, hit_or_miss, load, op, place, sent};

const RULE: &str = "missing-hit-metric";

fn signal(kind: SignalKind) -> Event {
    Event::Signal { kind, place: place(43_000) }
}

/// A read that shows `signals` on its hit.
fn read(signals: Vec<SignalKind>) -> World {
    let hit = signals.into_iter().map(signal).chain([Event::Leave(ExitKind::Return)]).collect();
    World::of([op("GET").key("user:{id}").purpose(Purpose::Cache)])
        .function("app::handler", vec![sent(0), hit_or_miss(0, hit, vec![load(LoadKind::Database, "db::user")])])
}

fn demanding(mut world: World) -> World {
    let vocabulary = Vocabulary { rules: &[], categories: &[] };
    world.policy = Policy::parse("cache-lint.toml", "[metrics]\nlogs = false\n", &vocabulary).unwrap();
    world
}

pub(super) fn worlds() -> Vec<World> {
    vec![read(Vec::new()), demanding(read(vec![SignalKind::NamedLog])), demanding(read(Vec::new()))]
}

#[test]
fn a_log_line_does_unless_the_rule_file_says_otherwise() {
    for kind in [SignalKind::Log, SignalKind::NamedLog] {
        read(vec![kind]).silent(RULE);
        let finding = demanding(read(vec![kind])).one(RULE);
        assert_eq!(finding.message, "hits and misses of `user:{id}` are logged but not counted");
        let said: Vec<&str> = finding.labels.iter().map(|label| label.message.as_str()).collect();
        assert_eq!(said, ["a log line alone is no metric", "by this line, log lines do not count"]);
        demanding(read(vec![kind, SignalKind::Metric])).silent(RULE);
    }
    demanding(read(vec![SignalKind::Named])).silent(RULE);
}

#[test]
fn what_is_not_even_logged_is_told_as_ever() {
    let message = "nobody can tell hits from misses of `user:{id}`";
    assert_eq!(read(vec![SignalKind::Failure]).one(RULE).message, message);
    assert_eq!(demanding(read(Vec::new())).one(RULE).message, message);
}
