use crate::finding::{Confidence, Level};
use crate::inventory::{Condition, Event, ExitKind, GuardKind, LoadKind, OpId, Purpose};
use crate::policy::{Policy, Vocabulary};
use crate::rules::testing::{World, call, guard, hit_or_miss, load, op, sent};

const RULE: &str = "stampede-prone-miss";

/// Operation 0 reads `user:{id}`, operation 1 writes it.
fn cached() -> World {
    World::of([
        op("GET").key("user:{id}").purpose(Purpose::Cache),
        op("SETEX").key("user:{user.id}").purpose(Purpose::Cache).ttl_secs(900),
    ])
}

fn query() -> Event {
    load(LoadKind::Database, "db::user")
}

fn leave() -> Event {
    Event::Leave(ExitKind::Return)
}

#[test]
fn read_miss_load_write_is_flagged_at_the_read() {
    let world =
        cached().function("app::handler", vec![sent(0), hit_or_miss(0, vec![leave()], vec![]), query(), sent(1)]);
    let finding = world.one(RULE);
    assert_eq!((finding.level, finding.confidence), (Level::Warning, Confidence::Certain));
    assert_eq!(finding.primary.span.start, 0);
    assert_eq!(finding.message, "every caller that misses `user:{id}` runs `db::user`");
    assert!(finding.help.contains("`cache.get_or_load(&id, || db::user(…))`"), "{}", finding.help);
    let labels: Vec<_> = finding.labels.iter().map(|label| label.message.as_str()).collect();
    assert_eq!(labels, ["loaded here, once for each caller", "stored here"]);
    let steps: Vec<_> = finding.flow.iter().map(|step| step.message.as_str()).collect();
    assert_eq!(steps, ["read here, and missed", "loaded here, once for each caller", "stored here"]);
}

#[test]
fn load_and_write_may_stand_in_the_arm_of_the_miss() {
    cached().function("app::handler", vec![sent(0), hit_or_miss(0, vec![], vec![query(), sent(1)])]).one(RULE);
}

#[test]
fn a_write_on_the_path_of_the_hit_is_not_a_fill() {
    cached().function("app::handler", vec![sent(0), hit_or_miss(0, vec![query(), sent(1)], vec![])]).silent(RULE);
}

#[test]
fn nothing_loaded_nothing_written_or_another_key_is_not_a_fill() {
    let miss = |events| cached().function("app::handler", vec![sent(0), hit_or_miss(0, vec![leave()], events)]);
    miss(vec![sent(1)]).silent(RULE);
    miss(vec![query()]).silent(RULE);
    let mut other = World::of([op("GET").key("user:{id}"), op("SETEX").key("product:{id}").ttl_secs(60)]);
    other = other.function("app::handler", vec![sent(0), hit_or_miss(0, vec![leave()], vec![query(), sent(1)])]);
    other.silent(RULE);
}

#[test]
fn a_load_before_the_read_or_a_miss_that_leaves_is_not_flagged() {
    cached()
        .function("app::handler", vec![query(), sent(0), hit_or_miss(0, vec![leave()], vec![]), sent(1)])
        .silent(RULE);
    cached()
        .function("app::handler", vec![sent(0), hit_or_miss(0, vec![], vec![leave()]), query(), sent(1)])
        .silent(RULE);
}

#[test]
fn a_spawned_write_counts() {
    let world = cached().function(
        "app::handler",
        vec![sent(0), hit_or_miss(0, vec![leave()], vec![]), query(), Event::Spawn(vec![sent(1)])],
    );
    assert_eq!(world.check(RULE).len(), 1);
}

#[test]
fn read_load_and_write_may_stand_in_callees() {
    let world = cached().function(
        "app::handler",
        vec![
            call("app::read", vec![sent(0), hit_or_miss(0, vec![leave()], vec![leave()])]),
            // Both arms leave the callee only; the caller looks at what it was given.
            hit_or_miss(0, vec![leave()], vec![]),
            call("app::fetch", vec![query()]),
            call("app::fill", vec![sent(1)]),
        ],
    );
    assert_eq!(world.one(RULE).primary.span.start, 0);
}

#[test]
fn what_is_loaded_on_a_hit_as_well_is_no_fallback() {
    cached().function("app::poll", vec![sent(0), hit_or_miss(0, vec![], vec![]), query(), sent(1)]).silent(RULE);
}

#[test]
fn every_kind_of_guard_between_miss_and_load_is_enough() {
    for kind in [GuardKind::RedisLock, GuardKind::Mutex, GuardKind::SingleFlight, GuardKind::Sanctioned] {
        cached()
            .function("app::handler", vec![sent(0), hit_or_miss(0, vec![leave()], vec![guard(kind), query(), sent(1)])])
            .silent(RULE);
    }
}

#[test]
fn a_guard_around_the_read_is_enough() {
    cached()
        .function(
            "app::handler",
            vec![guard(GuardKind::Mutex), sent(0), hit_or_miss(0, vec![leave()], vec![query(), sent(1)])],
        )
        .silent(RULE);
}

#[test]
fn a_guard_on_one_path_only_is_not_enough() {
    let world = cached().function(
        "app::handler",
        vec![
            sent(0),
            hit_or_miss(0, vec![leave()], vec![]),
            Event::Branch(vec![vec![guard(GuardKind::Mutex)], vec![]]),
            query(),
            sent(1),
        ],
    );
    assert_eq!(world.check(RULE).len(), 1);
}

#[test]
fn a_guard_after_the_load_comes_too_late() {
    let world = cached().function(
        "app::handler",
        vec![sent(0), hit_or_miss(0, vec![leave()], vec![query(), guard(GuardKind::Mutex), sent(1)])],
    );
    assert_eq!(world.check(RULE).len(), 1);
}

#[test]
fn set_nx_of_a_lock_or_of_a_placeholder_guards_the_load() {
    let mut lock = cached();
    lock.add(op("SETNX").key("lock:user:{id}").purpose(Purpose::Lock));
    lock.function("app::handler", vec![sent(0), hit_or_miss(0, vec![leave()], vec![sent(2), query(), sent(1)])])
        .silent(RULE);

    let mut placeholder = cached();
    placeholder.add(op("SET").key("user:{id}").purpose(Purpose::Cache).condition(Condition::IfAbsent).ttl_secs(10));
    placeholder
        .function("app::handler", vec![sent(0), hit_or_miss(0, vec![leave()], vec![sent(2), query(), sent(1)])])
        .silent(RULE);
}

#[test]
fn set_nx_after_the_load_is_only_a_fill() {
    let world = World::of([
        op("GET").key("user:{id}").purpose(Purpose::Cache),
        op("SET").key("user:{id}").purpose(Purpose::Cache).condition(Condition::IfAbsent).ttl_secs(10),
    ])
    .function("app::handler", vec![sent(0), hit_or_miss(0, vec![leave()], vec![query(), sent(1)])]);
    assert_eq!(world.check(RULE).len(), 1);
}

#[test]
fn a_load_that_could_not_be_followed_is_likely() {
    let world = cached().function(
        "app::handler",
        vec![sent(0), hit_or_miss(0, vec![leave()], vec![load(LoadKind::Unresolved, "engine.search"), sent(1)])],
    );
    assert_eq!(world.one(RULE).confidence, Confidence::Likely);
}

#[test]
fn the_key_may_be_a_parameter_when_both_name_it() {
    let world = |read: &str, write: &str| {
        World::of([
            op("GET").key_parameter(read).function("app::get"),
            op("SETEX").key_parameter(write).function("app::get"),
        ])
        .function(
            "app::get",
            vec![sent(0), hit_or_miss(0, vec![leave()], vec![load(LoadKind::Callback, "compute"), sent(1)])],
        )
    };
    assert_eq!(world("key", "&key").check(RULE).len(), 1);
    assert_eq!(world("&key", "key.clone()").check(RULE).len(), 1);
    world("key", "other").silent(RULE);
}

#[test]
fn get_or_compute_is_reported_inside_and_not_at_its_callers() {
    let wrapper = "app::cache::get_or_compute";
    let fill = |read, write| {
        vec![sent(read), hit_or_miss(read, vec![leave()], vec![load(LoadKind::Callback, "compute"), sent(write)])]
    };
    let mut world = World::of([
        op("GET").key_parameter("key").function(wrapper),
        op("SETEX").key_parameter("key").function(wrapper),
        op("GET").key("user:{id}").call_of(wrapper, OpId(0)),
        op("SETEX").key("user:{id}").call_of(wrapper, OpId(1)).ttl_secs(60),
    ]);
    // One call, one place.
    world.inventory.operations[3].place = world.inventory.operations[2].place;
    let world = world.function(wrapper, fill(0, 1)).function("app::handler", vec![call(wrapper, fill(2, 3))]);
    let finding = world.one(RULE);
    assert_eq!(finding.primary.span.start, 0);
    assert_eq!(finding.message, "every caller that misses the key `key` runs `compute`");
}

#[test]
fn a_function_that_is_only_called_behind_a_guard_is_not_flagged() {
    let body = || vec![sent(0), hit_or_miss(0, vec![leave()], vec![query(), sent(1)])];
    let guarded = || vec![guard(GuardKind::SingleFlight), call("app::load", body())];
    cached().function("app::load", body()).function("app::handler", guarded()).silent(RULE);
    // … through a function in between as well …
    cached()
        .function("app::load", body())
        .function("app::middle", vec![call("app::load", body())])
        .function("app::handler", vec![guard(GuardKind::Mutex), call("app::middle", vec![call("app::load", body())])])
        .silent(RULE);
    // … but not when somebody else calls it without.
    let world = cached()
        .function("app::load", body())
        .function("app::handler", guarded())
        .function("app::other", vec![call("app::load", body())]);
    assert_eq!(world.check(RULE).len(), 1);
}

#[test]
fn functions_that_only_call_each_other_are_not_thereby_guarded() {
    let body = vec![sent(0), hit_or_miss(0, vec![leave()], vec![query(), sent(1)]), call("app::load", vec![])];
    assert_eq!(cached().function("app::load", body).check(RULE).len(), 1);
}

#[test]
fn a_read_is_reported_once_however_many_functions_fold_it_in() {
    let body = || vec![sent(0), hit_or_miss(0, vec![leave()], vec![query(), sent(1)])];
    let world = cached()
        .function("app::outer", vec![call("app::handler", body())])
        .function("app::handler", body())
        .function("app::outermost", vec![call("app::outer", vec![call("app::handler", body())])]);
    assert_eq!(world.check(RULE).len(), 1);
}

#[test]
fn the_read_of_a_lock_is_no_cached_read() {
    World::of([op("GET").key("lock:{id}").purpose(Purpose::Lock), op("SETEX").key("lock:{id}").purpose(Purpose::Lock)])
        .function("app::handler", vec![sent(0), hit_or_miss(0, vec![leave()], vec![query(), sent(1)])])
        .silent(RULE);
}

#[test]
fn a_call_inside_a_block_of_the_function_is_a_call_of_the_function() {
    let body = || vec![sent(0), hit_or_miss(0, vec![leave()], vec![query(), sent(1)])];
    // A closure that is run in place; only the second caller holds a guard.
    let world = cached()
        .function("app::load", body())
        .function("app::one", vec![call("", vec![call("app::load", body())])])
        .function("app::two", vec![guard(GuardKind::Mutex), call("app::load", body())]);
    assert_eq!(world.check(RULE).len(), 1);
    cached()
        .function("app::load", body())
        .function("app::one", vec![guard(GuardKind::Mutex), call("", vec![call("app::load", body())])])
        .silent(RULE);
}

/// A program under a rule file.
fn under(rules: &str, events: Vec<Event>) -> World {
    let vocabulary = Vocabulary { rules: &[], categories: &[] };
    let policy = Policy::parse("cache-lint.toml", rules, &vocabulary).unwrap();
    let mut world = cached().function("app::handler", events);
    world.policy = policy;
    world
}

#[test]
fn a_helper_that_the_rule_file_names_holds_callers_back() {
    let filled = || {
        let inside = vec![query(), sent(1)];
        vec![sent(0), hit_or_miss(0, vec![leave()], vec![call("app::flight::Flight::run", inside)])]
    };
    under("", filled()).one(RULE);
    under("[guards]\nfunctions = \"Flight::run\"\n", filled()).silent(RULE);
    under("[guards]\nfunctions = \"Flight::go\"\n", filled()).one(RULE);
}

#[test]
fn the_rule_file_says_what_is_cheap_and_what_is_hot() {
    let filled = || vec![sent(0), hit_or_miss(0, vec![leave()], vec![query(), sent(1)])];
    under("[loads]\ncheap = \"db::*\"\n", filled()).silent(RULE);
    let hot = "[class.user]\nkeys = \"user:*\"\nttl = \"15m\"\nhot = true\n";
    let finding = under(hot, filled()).one(RULE);
    assert_eq!(finding.level, Level::Error);
    assert_eq!(finding.labels[0].message, "declared hot here");
}
