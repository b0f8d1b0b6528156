//! What all rules have in common: ids, documentation, the way findings read.

use crate::finding::Finding;
use crate::inventory::operation::TtlUnit;
use crate::inventory::{Condition, Encoding, Event, ExitKind, LoadKind, OpId, Purpose, TtlKind, Via};
use crate::rules::testing::{World, hit_or_miss, load, op, sent};
use crate::rules::{Category, REGISTRY, docs, find};

#[test]
fn ids_are_kebab_case_unique_and_sorted() {
    let ids: Vec<_> = REGISTRY.iter().map(|rule| rule.meta().id).collect();
    assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
    for id in &ids {
        assert!(id.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{id}");
        assert_eq!(find(id).map(|rule| rule.meta().id), Some(*id));
    }
    assert!(find("no-such-rule").is_none());
}

#[test]
fn category_names_and_rule_ids_do_not_clash() {
    for category in Category::ALL {
        assert!(find(category.word()).is_none());
    }
}

#[test]
fn every_rule_is_documented_under_the_fixed_headings() {
    for rule in REGISTRY {
        let meta = rule.meta();
        let headings: Vec<_> = meta.docs.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(headings, docs::HEADINGS, "{}", meta.id);
        for heading in docs::HEADINGS {
            let text = meta.docs.split(&format!("## {heading}\n")).nth(1).unwrap().split("\n## ").next().unwrap();
            assert!(text.trim().len() > 4, "{}: nothing under {heading}", meta.id);
        }
        assert_eq!(meta.docs.matches("```").count() % 2, 0, "{}", meta.id);
        assert!(!meta.docs.contains("//!"), "{}", meta.id);
        assert!(!meta.since.is_empty());
        assert_sentence(meta.id, meta.summary);
    }
}

#[test]
fn a_rule_file_has_at_most_250_lines() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules");
    for rule in REGISTRY {
        let file = folder.join(format!("{}.rs", rule.meta().id.replace('-', "_")));
        let lines = std::fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= 250, "{} has {lines} lines", file.display());
    }
}

/// Worlds from the test files of the rules, each with at least one finding of its rule.
const WORLDS: &[fn() -> Vec<World>] = &[
    super::blocking_client_in_async::worlds,
    super::bulk::worlds,
    super::cached_copies::worlds,
    super::cached_failure::worlds,
    super::call_in_loop::worlds,
    super::collection_without_ttl::worlds,
    super::connections::worlds,
    super::cross_slot_keys::worlds,
    super::declared::worlds,
    super::decode_error_fails_request::worlds,
    super::incomplete_key::worlds,
    super::invalidation_key_mismatch::worlds,
    super::key_collision::worlds,
    super::key_origins::worlds,
    super::lock_release_without_token::worlds,
    super::missing_hit_metric::worlds,
    super::mixed_ttl::worlds,
    super::schema_changed::worlds,
    super::subscriptions::worlds,
    super::swallowed_cache_error::worlds,
    super::ttl_cleared::worlds,
    super::unbounded_read::worlds,
    super::write_through::worlds,
];

/// At least one finding of every rule, in several forms.
fn everything() -> Vec<Finding> {
    let mut worlds = vec![];
    for purpose in [Purpose::Cache, Purpose::Session, Purpose::Token, Purpose::Unknown, Purpose::State] {
        for client in ["redis", "fred", "rustis", "simple_redis", "redis_async", "glide"] {
            for command in ["SET", "SETNX", "APPEND"] {
                worlds.push(World::of([op(command).key("user{id}").purpose(purpose).client(client)]));
            }
        }
        for via in [Via::Command, Via::Pipeline, Via::Attribute, Via::Script] {
            worlds.push(World::of([op("SET").key("user{id}").purpose(purpose).via(via)]));
        }
        for kind in [TtlKind::Maybe, TtlKind::Keep, TtlKind::Undetermined, TtlKind::Constant(0), TtlKind::Constant(-1)]
        {
            worlds.push(World::of([op("SET").key("user{id}").purpose(purpose).ttl(kind)]));
        }
    }
    for condition in [Condition::Always, Condition::IfAbsent] {
        for client in ["redis", "fred", "rustis"] {
            worlds.push(World::of([op("SET")
                .key("lock:{id}")
                .purpose(Purpose::Lock)
                .condition(condition)
                .client(client)]));
        }
    }
    worlds.push(World::of([op("INCR").key("hits:{id}"), op("KEYS").key("a:*"), op("FLUSHDB"), op("FLUSHALL")]));
    worlds.push(World::of([op("EVAL").script(&["KEYS", "FLUSHALL"]), op("DEL").key("a:{id}").unsent()]));
    worlds.push(World::of([op("SETEX").key("user:{id}").structured("User", Encoding::Json).purpose(Purpose::Cache)]));
    for unit in [TtlUnit::Seconds, TtlUnit::Milliseconds, TtlUnit::UnixSeconds, TtlUnit::UnixMilliseconds] {
        for source in [TtlUnit::Seconds, TtlUnit::Milliseconds, TtlUnit::UnixSeconds, TtlUnit::UnixMilliseconds] {
            for ms in [0, 60, i128::from(u64::MAX)] {
                let set = op("SETEX").key("user:{id}").ttl(TtlKind::Constant(ms)).unit(unit);
                worlds.push(World::of([set.clone()]));
                worlds.push(World::of([set.source_unit(source)]));
            }
        }
    }
    for command in ["SET", "INCR", "HSET"] {
        worlds.push(
            World::of([op(command).key("limit:{id}"), op("EXPIRE").key("limit:{id}")])
                .function("app::handler", vec![sent(0), sent(1)]),
        );
    }
    worlds.push(
        World::of([
            op("HSET").key("a:{id}").in_batch(1, Some(false)),
            op("EXPIRE").key("a:{id}").in_batch(1, Some(false)),
        ])
        .function("app::handler", vec![sent(0), sent(1)]),
    );
    worlds.push(World::of([op("GET").key("user:{id}"), op("SETEX").key("user:{id}").ttl_secs(60)]).function(
        "app::handler",
        vec![
            sent(0),
            hit_or_miss(0, vec![Event::Leave(ExitKind::Return)], vec![load(LoadKind::Database, "db::user"), sent(1)]),
        ],
    ));
    worlds.extend(WORLDS.iter().flat_map(|of_rule| of_rule()));
    worlds.extend(failing_and_racing());
    worlds.push(World::of([
        op("SET").key_parameter("key"),
        op("SET").key("user:{id}").purpose(Purpose::Cache).call_of("app::put", OpId(0)),
    ]));
    worlds.iter().flat_map(|world| REGISTRY.iter().flat_map(|rule| world.check(rule.meta().id))).collect()
}

/// Reads whose error leaves the function, that are not counted, or that are followed by a change; deletes by pattern.
fn failing_and_racing() -> Vec<World> {
    let miss = || hit_or_miss(0, vec![Event::Leave(ExitKind::Return)], vec![load(LoadKind::Database, "db::user")]);
    let cached = World::of([op("GET").key("user:{id}").purpose(Purpose::Cache)])
        .function("app::handler", vec![sent(0), Event::Fails(OpId(0)), miss()]);
    let mut worlds = vec![
        cached,
        World::of([op("DEL").key("user:*")]),
        World::of([op("KEYS").key("user:*"), op("DEL").key("{key}")]).function("app::handler", vec![sent(0), sent(1)]),
        World::of([op("EVAL").script(&["SCAN", "DEL"])]),
    ];
    for client in ["redis", "fred"] {
        let get = || op("GET").key("code:{id}").purpose(Purpose::Token).client(client);
        let found = || hit_or_miss(0, vec![sent(1)], vec![]);
        let missed = || hit_or_miss(0, vec![], vec![sent(1)]);
        for (second, after) in [("DEL", found()), ("INCR", found()), ("SETEX", missed())] {
            let change = op(second).key("code:{id}").purpose(Purpose::Token).client(client);
            worlds.push(World::of([get(), change]).function("app::handler", vec![sent(0), after]));
        }
    }
    worlds
}

#[test]
fn every_rule_is_read() {
    let findings = everything();
    // Those about the run itself need a run: `suppress::tests` and the tests of the command line have them.
    for rule in REGISTRY.iter().filter(|rule| rule.meta().category != Category::Run) {
        assert!(findings.iter().any(|finding| finding.rule == rule.meta().id), "no finding of {}", rule.meta().id);
    }
}

#[test]
fn findings_read_alike() {
    let findings = everything();
    for finding in &findings {
        assert_sentence(finding.rule, &finding.message);
        assert!(finding.message.contains('`'), "{}: no code in {:?}", finding.rule, finding.message);
        assert_sentence(finding.rule, &finding.help);
        let first = finding.help.split(' ').next().unwrap();
        assert!(VERBS.contains(&first), "{}: help starts with {first:?}", finding.rule);
        assert_sentence(finding.rule, &finding.primary_label);
        for label in finding.labels.iter().chain(&finding.flow) {
            assert_sentence(finding.rule, &label.message);
        }
        assert!(!finding.discriminator.is_empty(), "{}", finding.rule);
    }
}

#[test]
fn where_the_order_is_the_fault_the_steps_are_told() {
    for finding in everything() {
        let ordered = ["stampede-prone-miss", "missing-invalidation", "write-before-commit"].contains(&finding.rule);
        let passes_the_place = finding.flow.iter().any(|step| step.place == finding.primary);
        assert_eq!((finding.flow.len() > 1, passes_the_place), (ordered, ordered), "{finding:?}");
    }
}

/// The verbs that help texts start with.
const VERBS: &[&str] = &[
    "add", "bring", "call", "check", "divide", "give", "keep", "let", "pass", "put", "queue", "raise", "send", "use",
    "walk", "write", "wrap", "take", "change", "count", "publish", "delete", "read", "treat", "hash", "leave", "make",
    "open", "round", "store",
];

fn assert_sentence(rule: &str, text: &str) {
    let first = text.chars().next().unwrap_or_else(|| panic!("{rule}: empty text"));
    let acronym = text.split(' ').next().is_some_and(|word| word.len() > 1 && word.chars().all(|c| c.is_uppercase()));
    assert!(!first.is_uppercase() || acronym, "{rule}: {text:?}");
    assert!(!text.ends_with('.') && !text.ends_with('!'), "{rule}: {text:?}");
    assert_eq!(text.matches('`').count() % 2, 0, "{rule}: {text:?}");
    assert!(!text.contains("  ") && !text.contains('\n'), "{rule}: {text:?}");
}

#[test]
fn the_companion_crate_is_no_answer_for_what_is_no_copy() {
    // These have seen where the value comes from, or are about what a class or a message says.
    let seen = [
        "bypassed-pattern",
        "local-invalidation-only",
        "missing-invalidation",
        "set-after-write-race",
        "unguarded-subscriber",
        "write-before-commit",
        "wrong-pattern",
    ];
    for purpose in [Purpose::State, Purpose::Queue, Purpose::Session, Purpose::Token] {
        for mut world in WORLDS.iter().flat_map(|of_rule| of_rule()) {
            world.inventory.operations.iter_mut().for_each(|op| op.purpose = purpose);
            let findings = REGISTRY.iter().flat_map(|rule| world.check(rule.meta().id));
            for finding in findings.filter(|finding| !seen.contains(&finding.rule)) {
                let told = finding.help.contains("cache-patterns") || finding.help.contains("`cache.");
                assert!(!told, "{} of {purpose:?}: {}", finding.rule, finding.help);
            }
        }
    }
}
