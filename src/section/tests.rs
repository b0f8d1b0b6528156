use proptest::prelude::*;

use super::import::import;
use super::*;
use crate::policy::{Policy, Vocabulary};

const VOCABULARY: Vocabulary<'static> = Vocabulary { rules: &[], categories: &[] };

fn parse(text: &str) -> Policy {
    Policy::parse("cache-lint.toml", text, &VOCABULARY).unwrap_or_else(|errors| panic!("{errors:#?}\n{text}"))
}

/// What a section can say of a rule file.
fn said(policy: &Policy) -> impl PartialEq + std::fmt::Debug {
    let keys = &policy.keys;
    let classes: Vec<_> = policy
        .classes
        .iter()
        .map(|class| {
            let patterns: Vec<_> = class.keys.iter().map(|key| key.value.as_str().to_owned()).collect();
            (
                (class.name.clone(), patterns, class.ttl.as_ref().map(|ttl| ttl.value)),
                (class.jitter.as_ref().map(|jitter| jitter.value), class.pattern.as_ref().map(|p| p.value)),
                (class.store, class.hot, class.reason.clone().filter(|_| class.store)),
            )
        })
        .collect();
    let exceptions: Vec<_> =
        keys.exceptions.iter().map(|e| (e.pattern.value.as_str().to_owned(), e.reason.clone())).collect();
    let ttl = &policy.ttl;
    (
        (keys.format.value.text.clone(), keys.separator.value, exceptions),
        (keys.version_prefix.as_ref().map(|p| p.value.clone()), keys.service.as_ref().map(|s| s.value.clone())),
        (ttl.required.value, ttl.jitter.value, ttl.min.as_ref().map(|m| m.value), ttl.max.as_ref().map(|m| m.value)),
        (classes, policy.logs_count.value),
    )
}

#[track_caller]
fn survives(policy: &Policy) {
    let section = render(policy, &[]);
    let read = import(&section);
    assert_eq!(read.left, [""; 0], "{section}");
    assert_eq!(said(&parse(&read.text)), said(policy), "{section}\n{}", read.text);
}

#[test]
fn the_rules_that_come_with_the_tool_survive() {
    survives(&Policy::default());
}

#[test]
fn the_rules_of_the_shop_survive() {
    survives(&parse(include_str!("../../fixtures/shop/cache-lint.toml")));
}

fn any_policy() -> impl Strategy<Value = String> {
    let duration =
        || (1_u32..500, prop::sample::select(vec!["s", "m", "h"])).prop_map(|(n, unit)| format!("{n}{unit}"));
    let keys = prop::sample::subsequence(vec!["**", "*:note:**", "app:*:x", "a-*:**", "b:c:**"], 1..4);
    let ttl = prop_oneof![
        duration().prop_map(|ttl| format!("ttl = \"{ttl}\"\n")),
        (1_u32..50, 50_u32..99).prop_map(|(min, max)| format!("ttl = {{ min = \"{min}m\", max = \"{max}m\" }}\n")),
        Just("store = true\nreason = \"kept | by; hand. (really)\"\n".to_owned()),
    ];
    let extra = prop::sample::subsequence(vec!["jitter = \"5%\"\n", "hot = true\n"], 0..=2);
    let class = (keys, ttl, extra).prop_map(|(keys, ttl, extra)| format!("keys = {keys:?}\n{ttl}{}", extra.concat()));
    let format = prop::sample::select(vec![
        "format = \"{service}:{entity}:{id}\"",
        "format = \"{entity}:{id}\"\nservice = \"shop\"",
        "separator = \"/\"\nformat = \"{tenant}/{entity}/{id}\"",
        "version-segment = \"rev{n}\"",
        "exceptions = [{ keys = \"old:**\", reason = \"the old service writes them; it goes (soon)\" }]",
    ]);
    let general = prop::sample::select(vec![
        "",
        "[ttl]\nrequired = false\n",
        "[metrics]\nlogs = false\n",
        "[ttl]\njitter = \"7%\"\nmin = \"1s\"\nmax = \"500h\"\n",
    ]);
    (format, general, prop::collection::vec(class, 0..3)).prop_map(|(format, general, classes)| {
        let slash = format.contains('/');
        let mut text = format!("version = 1\ndefault = false\n[keys]\n{format}\n{general}");
        for (at, class) in classes.iter().take(1).enumerate() {
            let class = if slash { class.replace(':', "/") } else { class.clone() };
            text.push_str(&format!("[class.data-{at}]\n{class}"));
        }
        text
    })
}

proptest! {
    /// What is written for people reads back as the same rules.
    #[test]
    fn a_section_reads_back_as_the_rule_file(text in any_policy()) {
        survives(&parse(&text));
    }

    #[test]
    fn no_document_makes_a_panic(document in ".*", table in "(\\|[a-z0-9` ]*){0,6}\n(\\|-){0,4}\n(\\|[a-z0-9` ]*){0,6}") {
        let _ = import(&document);
        let _ = import(&format!("# Cache\n{table}\n{document}"));
    }
}

/// The words of the guidelines that this project began with.
const GUIDELINES: &str = "\
# Project

- Write tests.

## Caching guidelines

| Area | Rule |
|---|---|
| Patterns | Cache-Aside for data read often and written rarely (user profiles, product catalogue). Write-Through for data \
that must be consistent (balances, inventory). Pub/Sub to propagate invalidation where there are several servers. |
| TTL | Every cache entry has a TTL; there are no permanent caches. Master data 1 hour; sessions and profiles 15 minutes; \
aggregations 5 minutes. |
| Keys | `{service}:{entity}:{id}`, for example `user:profile:123`, `product:detail:abc`. Versioned as \
`user:v2:profile:123`; the version is raised when the cached structure changes. |
| Monitoring | The hit ratio is tracked as a metric. The design copes with a cold start (an empty cache). |

## Style

Sessions of pair programming last 2 hours.
";

#[test]
fn guidelines_in_a_table_are_understood_whole() {
    let read = import(GUIDELINES);
    assert_eq!(read.left, [""; 0], "{}", read.text);
    insta::assert_snapshot!(read.text);
    let (imported, default) = (parse(&read.text), Policy::default());
    for class in &default.classes {
        let ours = imported.classes.iter().find(|other| other.name == class.name).unwrap();
        let ttl = |class: &crate::policy::Class| class.ttl.as_ref().map(|ttl| ttl.value);
        assert_eq!(ttl(ours), ttl(class), "{}", class.name);
    }
}

#[test]
fn lists_are_understood_and_what_is_not_is_handed_back() {
    let read = import(
        "# Redis caching\n\n- Keys look like `{entity}/{id}`.\n- TTLs: sessions: 30 minutes, user profiles: 1 hour.\n\
         - 10 minutes for search results\n* Never cache passwords longer than 5 minutes.\n1. Use write-through for balances.\n\
         2. Ask Kim before touching the leaderboard.\n\n### Feature flags\n\n- TTL: 90s\n",
    );
    assert_eq!(read.left, ["Never cache passwords longer than 5 minutes", "Ask Kim before touching the leaderboard"]);
    insta::assert_snapshot!(read.text);
    parse(&read.text);
}

#[test]
fn a_section_takes_the_place_of_the_one_before() {
    let section = render(&Policy::default(), &[]);
    let fresh = placed("# Project\n\nText.\n", &section);
    assert!(fresh.starts_with("# Project\n\nText.\n\n<!-- cache-lint:begin -->\n"), "{fresh}");
    let document = format!("{fresh}\n# After\n");
    let other = render(&parse("version = 1\n[ttl]\njitter = \"3%\"\n"), &[]);
    let replaced = placed(&document, &other);
    assert!(replaced.starts_with("# Project") && replaced.ends_with("\n# After\n") && replaced.contains("3%"));
    assert_eq!(placed(&replaced, &section), document, "and back");
    assert_eq!(placed("", &section), section);
}

#[test]
fn examples_follow_the_code_and_are_no_rules() {
    use crate::template::{Hole, Template};
    let mut key = Template::text("shop:v2:profile:");
    key.push_hole(Hole::named("id"));
    let policy = Policy::default();
    let with = render(&policy, &[&key]);
    assert!(with.contains("- In this project: `shop:v2:profile:{id}`.\n"), "{with}");
    assert!(agree(&with, &render(&policy, &[])));
    assert!(!agree(&with, &render(&parse("version = 1\n[ttl]\nrequired = false\n"), &[])));
}
