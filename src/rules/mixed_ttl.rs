//! ## What it does
//!
//! Reports a key that different functions give different constant TTLs. Each write that departs from the TTL that most
//! sites give is named, with the others as labels.
//!
//! Silent where the choice can be seen in one place (two arms of one function, for example a short TTL for "not found"),
//! where the values are of different types, where one TTL is a range, for locks and queues, and where the rule file
//! gives the key's class a shortest and a longest TTL and both lie between them.
//!
//! ## Why is this bad?
//!
//! How old a copy may be then depends on which code path filled it last. The page that was tested shows new prices after
//! a minute; the same row, filled by the import job, stays for a day. Nobody decided that, and no test shows it.
//!
//! ## Example
//!
//! ```rust,ignore
//! // catalogue.rs
//! con.set_ex(format!("shop:v1:product:{id}"), &json, 300).await?;
//! // import.rs
//! con.set_ex(format!("shop:v1:product:{id}"), &json, 86_400).await?;
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! #[derive(CacheEntity)]
//! #[cache(service = "shop", entity = "product", version = 1, ttl = "5m", jitter = "10%")]
//! struct Product { #[cache(id)] id: i64, price: i64 }
//! ```
//!
//! With `cache-patterns` the TTL belongs to the entity, so no call can give another. Without it: one function that
//! writes the key, or one constant that every write uses.
//!
//! ## Options
//!
//! - `[class.NAME] ttl = { min = "1m", max = "1h" }` allows any TTL between the two.
//!
//! ## References
//!
//! - Redis documentation: `EXPIRE` (a later TTL replaces the earlier one)

use std::collections::BTreeMap;

use super::copies::in_one_program;
use super::demand::Demand;
use super::report::{self, duration, label};
use super::usage::Usage;
use super::{Category, Context, Meta, Rule, cure, docs};
use crate::finding::{Confidence, Finding, Level};
use crate::inventory::{Effect, Operation, Purpose, TtlKind, TtlUnit};

const SOURCE: &str = include_str!("mixed_ttl.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "mixed-ttl",
    summary: "one key is given different TTLs at different sites",
    level: Level::Note,
    category: Category::Policy,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct MixedTtl;

impl Rule for MixedTtl {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let usage = Usage::new(context.inventory);
        let mut shapes: Vec<_> = usage.shapes().collect();
        shapes.sort_unstable_by_key(|(shape, _)| *shape);
        for (_, users) in shapes {
            let given: Vec<(&Operation, i128)> = users.iter().filter_map(|op| Some((*op, constant(op)?))).collect();
            let Some(usual) = usual(&given) else { continue };
            for &(op, ms) in given.iter().filter(|(_, ms)| *ms != usual) {
                let others: Vec<_> = given
                    .iter()
                    .filter(|(other, theirs)| *theirs == usual && disagree(context, op, other))
                    .map(|(other, _)| *other)
                    .collect();
                if !others.is_empty() && !both_allowed(context, op, ms, usual) {
                    findings.push(describe(context, op, ms, usual, &others));
                }
            }
        }
    }
}

/// The TTL in milliseconds, where it is a constant that this site decides.
fn constant(op: &Operation) -> Option<i128> {
    let decides = op.sent && !op.test && !op.forwards_ttl && !op.forwards_key && !op.ttl.jitter;
    let relative = !matches!(op.ttl.unit, Some(TtlUnit::UnixSeconds | TtlUnit::UnixMilliseconds));
    let stores = matches!(op.effect, Effect::Write | Effect::CollectionWrite | Effect::Counter);
    let kept = !matches!(op.purpose, Purpose::Lock | Purpose::Queue | Purpose::Pubsub | Purpose::Admin);
    match op.ttl.kind {
        TtlKind::Constant(ms) | TtlKind::Separate(Some(ms)) if ms > 0 => {
            (decides && relative && stores && kept).then_some(ms)
        }
        _ => None,
    }
}

/// The TTL that most sites give; the longest of those that equally many give, because the finding then stands where a
/// copy goes too early for the others' taste. None where all agree.
fn usual(given: &[(&Operation, i128)]) -> Option<i128> {
    let mut counts: BTreeMap<i128, usize> = BTreeMap::new();
    for (_, ms) in given {
        *counts.entry(*ms).or_default() += 1;
    }
    if counts.len() < 2 {
        return None;
    }
    counts.into_iter().max_by_key(|(ms, count)| (*count, *ms)).map(|(ms, _)| ms)
}

/// Whether two sites store one thing, and nothing that stands in one place shows that both TTLs are meant.
fn disagree(context: Context<'_>, one: &Operation, other: &Operation) -> bool {
    let types_differ = matches!((&one.value.ty, &other.value.ty), (Some(one), Some(other)) if one != other);
    one.function != other.function
        && one.effect == other.effect
        && !types_differ
        && in_one_program(context.workspace, one.place, other.place)
}

/// The rule file gives the class a span, and both TTLs lie in it.
fn both_allowed(context: Context<'_>, op: &Operation, one: i128, other: i128) -> bool {
    let demand = Demand::of(context.policy, op);
    let (Some(shortest), Some(longest)) = (demand.shortest(), demand.longest()) else { return demand.is_store() };
    demand.is_store() || (shortest.of_class && [one, other].iter().all(|ms| (shortest.ms..=longest.ms).contains(ms)))
}

fn describe(context: Context<'_>, op: &Operation, ms: i128, usual: i128, others: &[&Operation]) -> Finding {
    let mut finding = report::finding(&META, op);
    finding.message =
        format!("{} is given a TTL of {} here and of {} elsewhere", report::key(op), duration(ms), duration(usual));
    finding.primary_label = format!("{} here", duration(ms));
    let cure::Parts { key, .. } = cure::Parts::of(context, op);
    finding.help = format!(
        "write `{key}` in one function with one TTL, or declare its `CacheEntity` once with `ttl = \"{}\"`",
        duration(usual.min(ms))
    );
    finding.discriminator = format!("{} {}", report::subject(op), duration(ms));
    let mut labels = report::sites(op, others.iter().copied(), |_| format!("{} here", duration(usual)));
    labels.truncate(3);
    finding.labels = labels;
    if let Some(place) = Demand::of(context.policy, op).longest().filter(|limit| limit.of_class).and_then(|l| l.place) {
        finding.labels.push(label(place, "what the rule file allows"));
    }
    finding
}
