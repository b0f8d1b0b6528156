use crate::finding::{Confidence, Level};
use crate::inventory::{Condition, Effect, Encoding, Event, OpId, Operation, Purpose, TtlKind, Via};
use crate::rules::testing::{World, call, hit_or_miss, op, sent};

const RULE: &str = "missing-ttl";

#[test]
fn a_cache_entry_without_a_ttl_is_an_error() {
    let world = World::of([op("SET").key("user:profile:{id}").purpose(Purpose::Cache)]);
    let finding = world.one(RULE);
    assert_eq!((finding.level, finding.confidence), (Level::Error, Confidence::Certain));
    assert_eq!(finding.message, "`SET` stores `user:profile:{id}` without a TTL");
    assert_eq!(
        finding.help,
        "write `con.set_ex(&key, value, 900)`; or fill it through `cache-patterns`: `cache.get_or_load(&id, || …)`"
    );
    assert_eq!(finding.discriminator, "user:profile:{}");
}

#[test]
fn a_ttl_of_any_kind_is_a_ttl() {
    for kind in [
        TtlKind::Constant(900_000),
        TtlKind::Range(1_000, 2_000),
        TtlKind::Dynamic,
        TtlKind::Separate(None),
        TtlKind::Separate(Some(60_000)),
    ] {
        World::of([op("SETEX").key("user:{id}").purpose(Purpose::Cache).ttl(kind)]).silent(RULE);
    }
}

#[test]
fn the_help_takes_the_ttl_of_another_writer_and_names_it() {
    let world = World::of([
        op("SET").key("user:{id}").purpose(Purpose::Cache),
        op("SETEX").key("user:{user.id}").purpose(Purpose::Cache).ttl_secs(300),
        op("GET").key("user:{id}"),
    ]);
    let finding = world.one(RULE);
    assert!(finding.help.starts_with("write `con.set_ex(&key, value, 300)`"), "{}", finding.help);
    let labels: Vec<_> = finding.labels.iter().map(|label| label.message.as_str()).collect();
    assert_eq!(labels, ["stored with 5m here", "read here"]);
}

#[test]
fn the_level_follows_what_the_key_is_for() {
    let level = |purpose, key| {
        let findings = World::of([op("SET").key(key).purpose(purpose)]).check(RULE);
        findings.first().map(|finding| finding.level)
    };
    assert_eq!(level(Purpose::Session, "session:{id}"), Some(Level::Error));
    assert_eq!(level(Purpose::Token, "reset:{id}"), Some(Level::Warning));
    assert_eq!(level(Purpose::Unknown, "thing:{id}"), Some(Level::Warning));
    assert_eq!(level(Purpose::Counter, "unread:{id}"), Some(Level::Warning));
    // One fixed key cannot fill the server.
    assert_eq!(level(Purpose::Unknown, "config:flags"), Some(Level::Note));
    assert_eq!(level(Purpose::State, "device:{id}"), Some(Level::Note));
    for purpose in [Purpose::State, Purpose::Index, Purpose::Queue] {
        assert_eq!(level(purpose, "indexer:cursor"), None);
    }
    assert_eq!(level(Purpose::Pubsub, "events:{id}"), None);
    assert_eq!(level(Purpose::Admin, "job:{id}"), None);
}

#[test]
fn no_ttl_on_some_path_is_a_weaker_finding() {
    let world = World::of([op("SET").key("user:{id}").purpose(Purpose::Cache).ttl(TtlKind::Maybe)]);
    let finding = world.one(RULE);
    assert_eq!((finding.level, finding.confidence), (Level::Warning, Confidence::Likely));
    assert_eq!(finding.message, "`SET` stores `user:{id}` without a TTL on some path");
    let unknown = World::of([op("SET").key("user:{id}").ttl(TtlKind::Maybe)]);
    assert_eq!(unknown.one(RULE).level, Level::Note);
}

#[test]
fn an_expire_elsewhere_makes_it_a_weaker_finding() {
    let world = World::of([
        op("SET").key("user:{id}").purpose(Purpose::Cache),
        op("EXPIRE").key("user:{id}").function("app::touch").ttl_secs(60),
    ]);
    let finding = world.one(RULE);
    assert_eq!((finding.level, finding.confidence), (Level::Warning, Confidence::Likely));
    assert_eq!(finding.labels[0].message, "gets an expiry only here");
}

#[test]
fn what_cannot_be_resolved_is_shown_only_on_demand() {
    let world = World::of([op("SET").key("user:{id}").purpose(Purpose::Cache).ttl(TtlKind::Undetermined)]);
    let finding = world.one(RULE);
    assert_eq!((finding.level, finding.confidence), (Level::Note, Confidence::Undetermined));
    World::of([op("SET").key("user:{id}").ttl(TtlKind::Undetermined)]).silent(RULE);
}

#[test]
fn keepttl_is_fine_where_others_give_a_ttl() {
    let keep = || op("SET").key("user:{id}").purpose(Purpose::Cache).ttl(TtlKind::Keep);
    World::of([keep(), op("SETEX").key("user:{id}").ttl_secs(60)]).silent(RULE);
    World::of([keep(), op("EXPIRE").key("user:{id}").ttl(TtlKind::Dynamic)]).silent(RULE);
    // XX makes no key.
    World::of([keep().condition(Condition::IfPresent)]).silent(RULE);
    let finding = World::of([keep()]).one(RULE);
    assert_eq!(finding.message, "`SET` keeps the TTL of `user:{id}`, but nothing gives it one");
    assert_eq!(finding.level, Level::Warning);
}

#[test]
fn a_write_that_makes_no_key_is_not_flagged() {
    for condition in [Condition::IfPresent, Condition::IfEqual] {
        World::of([op("SET").key("user:{id}").purpose(Purpose::Cache).condition(condition)]).silent(RULE);
    }
}

#[test]
fn a_partial_write_is_flagged_only_where_nobody_expires_the_key() {
    let append = || op("APPEND").key("log:{id}").purpose(Purpose::Cache);
    assert_eq!(World::of([append()]).check(RULE).len(), 1);
    World::of([op("SETEX").key("log:{id}").ttl_secs(60), append()]).silent(RULE);
}

#[test]
fn locks_counters_and_collections_have_rules_of_their_own() {
    World::of([
        op("SETNX").key("lock:{id}").purpose(Purpose::Lock),
        op("SET").key("lock:{id}").purpose(Purpose::Lock).condition(Condition::IfAbsent),
        op("INCR").key("hits:{id}").purpose(Purpose::Counter),
        op("HSET").key("user:{id}").purpose(Purpose::Cache),
        op("SADD").key("users").purpose(Purpose::Index),
    ])
    .silent(RULE);
    // SETNX of something that is no lock is an ordinary write.
    assert_eq!(World::of([op("SETNX").key("user:{id}").purpose(Purpose::Cache)]).one(RULE).level, Level::Error);
}

#[test]
fn a_wrapper_that_forwards_the_ttl_is_reported_where_a_caller_chose_none() {
    let definition =
        || op("SET").key_parameter("key").ttl(TtlKind::Maybe).forwards_ttl().function("app::cache::Cache::put");
    let call =
        |kind| op("SET").key("user:{id}").purpose(Purpose::Cache).ttl(kind).call_of("app::cache::Cache::put", OpId(0));
    World::of([definition()]).silent(RULE);
    World::of([definition(), call(TtlKind::Constant(60_000)), call(TtlKind::Dynamic)]).silent(RULE);
    let finding = World::of([definition(), call(TtlKind::None), call(TtlKind::Constant(60_000))]).one(RULE);
    assert_eq!(finding.primary.span.start, 100);
    assert!(finding.help.starts_with("pass a TTL of 60 seconds to `cache.put(&key, …)`"), "{}", finding.help);
}

#[test]
fn a_wrapper_that_decides_by_itself_is_reported_once_inside() {
    let definition = || op("SET").key_parameter("key").function("app::cache::Cache::put");
    let call = |key: &str, purpose| op("SET").key(key).purpose(purpose).call_of("app::cache::Cache::put", OpId(0));
    let world = World::of([definition(), call("user:{id}", Purpose::Cache), call("product:{id}", Purpose::Cache)]);
    let finding = world.one(RULE);
    assert_eq!((finding.primary.span.start, finding.level), (0, Level::Error));
    assert_eq!(finding.message, "`SET` stores the key `key` without a TTL, for 2 calls");
    let labels: Vec<_> = finding.labels.iter().map(|label| label.message.as_str()).collect();
    assert_eq!(labels, ["stores `user:{id}` through it", "stores `product:{id}` through it"]);

    // It is as bad as what is stored through it.
    World::of([definition(), call("indexer:cursor", Purpose::State)]).silent(RULE);
    assert_eq!(World::of([definition()]).one(RULE).level, Level::Warning);
}

#[test]
fn a_wrapper_of_a_wrapper_is_reported_at_the_innermost_decision() {
    let world = World::of([
        op("SET").key_parameter("key").function("app::raw_put"),
        op("SET").key_parameter("k").function("app::put").call_of("app::raw_put", OpId(0)),
        op("SET").key("user:{id}").purpose(Purpose::Cache).call_of("app::put", OpId(1)),
    ]);
    let finding = world.one(RULE);
    assert_eq!((finding.primary.span.start, finding.level), (0, Level::Error));
}

#[test]
fn callers_that_send_expire_themselves_are_enough() {
    let definition = || op("SET").key_parameter("key").function("app::put");
    let call = |kind| op("SET").key("user:{id}").purpose(Purpose::Cache).ttl(kind).call_of("app::put", OpId(0));
    World::of([definition(), call(TtlKind::Separate(None)), call(TtlKind::Separate(Some(1)))]).silent(RULE);
    let finding = World::of([definition(), call(TtlKind::Separate(None)), call(TtlKind::None)]).one(RULE);
    assert_eq!(finding.message, "`SET` stores the key `key` without a TTL, for 1 call");
}

#[test]
fn a_script_that_sets_and_never_expires_is_flagged() {
    let script =
        |commands: &[&str]| op("EVAL").key("user:{id}").purpose(Purpose::Cache).ttl(TtlKind::None).script(commands);
    assert_eq!(World::of([script(&["GET", "SET"])]).check(RULE).len(), 1);
    World::of([script(&["SET", "EXPIRE"])]).silent(RULE);
    World::of([script(&["GET", "DEL"])]).silent(RULE);
    World::of([script(&[])]).silent(RULE);
}

#[test]
fn what_is_never_sent_and_what_tests_do_is_not_flagged() {
    World::of([
        op("SET").key("user:{id}").purpose(Purpose::Cache).unsent(),
        op("SET").key("user:{id}").purpose(Purpose::Cache).in_test(),
        op("GET").key("user:{id}").purpose(Purpose::Cache),
        op("DEL").key("user:{id}").purpose(Purpose::Cache),
        op("SET").key("user:{id}").purpose(Purpose::Cache).effect(Effect::Other),
    ])
    .silent(RULE);
}

#[test]
fn the_cure_speaks_the_language_of_the_client() {
    let help = |operation| World::of([operation]).one(RULE).help;
    let set = || op("SET").key("user:{id}");
    assert_eq!(help(set().client("fred")), "write `con.set(&key, value, Some(Expiration::EX(900)), None, false)`");
    assert_eq!(help(set().client("rustis")), "write `con.set_with_options(&key, value, None, SetExpiration::Ex(900))`");
    assert_eq!(help(set().client("simple_redis")), "write `con.setex(&key, value, 900)`");
    assert_eq!(help(set().via(Via::Command)), "add `.arg(\"EX\").arg(900)` after the value");
    let value = set().value(Some("String"), Encoding::Plain);
    assert_eq!(help(value), "write `con.set_ex(&key, value, 900)`");
}

/// `match ttl { Some(ttl) => con.set_ex(key, value, ttl), None => con.set(key, value) }`: operations 0 and 1.
fn either_way(set_ex: Operation, set: Operation) -> World {
    World::of([set_ex.ttl(TtlKind::Dynamic), set])
}

fn two_arms(with: u32, without: u32) -> Event {
    Event::Branch(vec![vec![sent(with)], vec![sent(without)]])
}

#[test]
fn a_choice_that_the_caller_makes_is_judged_at_the_call() {
    let put = "app::cache::Cache::put";
    let world = || {
        either_way(
            op("SETEX").key_parameter("key").function(put).forwards_ttl(),
            op("SET").key_parameter("key").function(put),
        )
    };
    world().function(put, vec![two_arms(0, 1)]).silent(RULE);
    let mut chosen = world();
    chosen.add(op("SET").key("blog:front:{language}").call_of(put, OpId(1)));
    let chosen = chosen.function(put, vec![two_arms(0, 1)]).function("app::handler", vec![call(put, vec![sent(2)])]);
    assert_eq!(chosen.one(RULE).primary.span.start, 200);
}

#[test]
fn a_choice_that_the_function_makes_is_a_weaker_finding() {
    let key = || op("SET").key("user:{id}").purpose(Purpose::Cache);
    let world = either_way(op("SETEX").key("user:{id}").purpose(Purpose::Cache), key());
    let finding = world.function("app::handler", vec![two_arms(0, 1)]).one(RULE);
    assert_eq!((finding.level, finding.confidence), (Level::Warning, Confidence::Likely));
    assert_eq!(finding.message, "`SET` stores `user:{id}` without a TTL on some path");
}

#[test]
fn what_follows_a_hit_and_a_miss_is_no_choice() {
    let world = World::of([
        op("GET").key("user:{id}").purpose(Purpose::Cache),
        op("SET").key("user:{id}").purpose(Purpose::Cache),
        op("SETEX").key("user:{id}").purpose(Purpose::Cache).ttl_secs(60),
    ]);
    let world = world.function("app::handler", vec![sent(0), hit_or_miss(0, vec![sent(1)], vec![sent(2)])]);
    assert_eq!(world.one(RULE).level, Level::Error);
}

#[test]
fn commands_that_replace_a_collection_or_move_a_key_are_not_judged() {
    for command in ["SUNIONSTORE", "ZRANGESTORE", "RENAME", "COPY", "RESTORE"] {
        let mut operation = op("SET").key("user:{id}").purpose(Purpose::Cache);
        operation.command = command.to_owned();
        World::of([operation]).silent(RULE);
    }
}
