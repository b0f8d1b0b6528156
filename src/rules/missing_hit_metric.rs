//! ## What it does
//!
//! Reports a cached read of which nobody can tell hits from misses: neither the path with a value nor the path without
//! one counts a metric or writes a log line, in the function itself, in a helper that it calls, in the wrapper around the
//! client or in a caller. Where a wrapper reads for others, its calls are reported. Only reads with a load on their miss
//! path are looked at.
//!
//! A metric or a log line that names a hit or a miss counts on either path; any other metric counts before the load, any
//! other log line below a warning where it is the first thing on its path. A field that tracing-opentelemetry turns into
//! a metric (`monotonic_counter.cache_hits = 1`) is one. The rule file may say that a log line is not enough. Locks, tokens, sessions, counters and queues have no hit ratio and are
//! not looked at; the companion crate counts by itself.
//!
//! ## Why is this bad?
//!
//! A cache that has stopped working looks like one that works, only slower: a key that changed its spelling in a
//! refactoring, a TTL of seconds that was meant to be minutes, an invalidation that deletes too much. The hit ratio
//! shows it on the day of the deploy; without it the first sign is the database at its limit.
//!
//! ## Example
//!
//! ```rust,ignore
//! if let Some(json) = con.get::<_, Option<String>>(&key).await? {
//!     return Ok(serde_json::from_str(&json)?);
//! }
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! if let Some(json) = con.get::<_, Option<String>>(&key).await? {
//!     metrics::counter!("cache_hits", "entity" => "profile").increment(1);
//!     return Ok(serde_json::from_str(&json)?);
//! }
//! metrics::counter!("cache_misses", "entity" => "profile").increment(1);
//! ```
//!
//! `cache.get_or_load` of `cache-patterns` counts hits, misses and loads by entity and logs each at debug level. Never
//! make the key a label: every key would be a time series of its own.
//!
//! ## Options
//!
//! - `[class.NAME] store = true` declares keys whose only home is Redis.
//! - `[metrics] logs = false` demands a metric: hits and misses that are only logged are reported. A line per request
//!   has to be searched and added up before it is a ratio, and is dropped where the level or a sampler says so.
//!
//! ## References
//!
//! - B. Beyer et al., "Site Reliability Engineering", 2016, chapter 6
//! - Prometheus documentation: "Metric and label naming"

use rustc_hash::{FxHashMap, FxHashSet};

use super::demand::Demand;
use super::flow;
use super::report;
use super::{Category, Context, Meta, Rule, docs};
use crate::finding::{Confidence, Finding, Level, Place};
use crate::inventory::event::{refuses_what_is_there, walk};
use crate::inventory::{Effect, Event, FunctionEvents, GuardKind, OpId, Operation, Purpose, SignalKind};

const SOURCE: &str = include_str!("missing_hit_metric.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "missing-hit-metric",
    summary: "hits and misses of a cached read are neither counted nor logged",
    level: Level::Warning,
    category: Category::Resilience,
    confidence: Confidence::Likely,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct MissingHitMetric;

/// What a path knows of the read.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Stage {
    Before,
    /// Read; which way it went is not known yet.
    Read,
    /// Has just hit or missed.
    Decided,
    /// Has hit or missed, and something else has happened since.
    Past,
    /// Has loaded: what is counted now is about the load, unless it is named.
    Loaded,
}

impl Rule for MissingHitMetric {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let inventory = context.inventory;
        let mut seen: FxHashMap<OpId, Seen> = FxHashMap::default();
        for function in &inventory.functions {
            for read in reads(context, function) {
                let mut followed = follow(context, function, read);
                // What is there already is refused: a throttle, not a copy.
                followed.loaded &= !refuses_what_is_there(&function.events, read);
                seen.entry(read).or_default().join(followed);
            }
        }
        let seen = |id: OpId| seen.get(&id).copied().unwrap_or_default();
        let is_shown = |id: OpId| {
            let seen = seen(id);
            seen.counted || context.policy.logs_count.value && seen.logged.is_some()
        };
        let served: FxHashSet<OpId> = inventory
            .operations
            .iter()
            .filter_map(|op| op.wrapper.as_ref().map(|wrapper| wrapper.definition))
            .collect();
        for op in inventory.operations.iter().filter(|op| is_cached_read(op) && seen(op.id).loaded && !is_shown(op.id))
        {
            let definition = op.wrapper.as_ref().and_then(|wrapper| flow::operation(inventory, wrapper.definition));
            let counted = definition.is_some_and(|definition| is_shown(definition.id));
            // The calls of a wrapper are reported, each with what it reads.
            let served = op.wrapper.is_none() && served.contains(&op.id);
            // A value that is looked at to be changed or taken is not served.
            let changed = inventory.operations.iter().any(|other| {
                let taken = other.effect == Effect::Delete && other.batch.is_some_and(|batch| op.batch == Some(batch));
                (other.effect == Effect::Counter || taken) && other.function == op.function && flow::same_key(other, op)
            });
            if !changed && !counted && !served && !Demand::of(context.policy, op).is_store() {
                let by_definition = definition.and_then(|definition| seen(definition.id).logged);
                findings.push(describe(context, op, definition, seen(op.id).logged.or(by_definition)));
            }
        }
    }
}

fn is_cached_read(op: &Operation) -> bool {
    let value = matches!(op.command.as_str(), "GET" | "GETEX" | "MGET" | "HGET" | "HMGET" | "HGETALL" | "JSON.GET")
        || op.effect == Effect::CollectionRead && op.command.ends_with("RANGE");
    op.sent && !op.test && op.purpose == Purpose::Cache && value
}

/// What the paths behind a read have in them.
#[derive(Clone, Copy, Default)]
struct Seen {
    /// A metric shows whether it hit.
    counted: bool,
    /// A log line does.
    logged: Option<Place>,
    /// Something is loaded after it missed.
    loaded: bool,
}

impl Seen {
    fn join(&mut self, other: Self) {
        self.counted |= other.counted;
        self.logged = self.logged.or(other.logged);
        self.loaded |= other.loaded;
    }
}

/// The operations of a function that may be a cached read.
fn reads(context: Context<'_>, function: &FunctionEvents) -> FxHashSet<OpId> {
    let mut reads = FxHashSet::default();
    flow::each(&function.events, &mut |event| {
        if let Event::Operation(id) = event
            && flow::operation(context.inventory, *id).is_some_and(|op| op.sent && op.effect != Effect::Write)
        {
            reads.insert(*id);
        }
    });
    reads
}

/// What stands on the paths behind `read`.
fn follow(context: Context<'_>, function: &FunctionEvents, read: OpId) -> Seen {
    let op = flow::operation(context.inventory, read);
    let own = op.map_or(function.place.file, |op| op.place.file);
    let is_same_key = |other: &OpId| {
        op.zip(flow::operation(context.inventory, *other)).is_some_and(|(op, other)| flow::same_key(op, other))
    };
    let elsewhere = flow::loads_of_other_tasks(&function.events, read);
    let mut seen = Seen::default();
    walk(&function.events, vec![(Stage::Before, false)], &mut |event, (stage, missed)| {
        let stage = match (event, stage) {
            (Event::Operation(id), _) if *id == read => return Some((Stage::Read, false)),
            (Event::Hit(id), _) if *id == read => return Some((Stage::Decided, false)),
            (Event::Miss(id), _) if *id == read => return Some((Stage::Decided, true)),
            // In a later pass, or on another path of it, another read has found it: what follows is not for want of it.
            (Event::Hit(id), _) if missed && is_same_key(id) => return Some((stage, false)),
            (Event::Guard { kind: GuardKind::Sanctioned, .. }, _) => {
                seen.counted = true;
                stage
            }
            (Event::Signal { kind, place }, _) => {
                seen.counted |= match (kind, stage) {
                    (SignalKind::Named, stage) => stage != Stage::Before,
                    (SignalKind::Metric, Stage::Read | Stage::Decided | Stage::Past) => true,
                    _ => false,
                };
                let logged = match (kind, stage) {
                    (SignalKind::NamedLog, stage) => stage != Stage::Before,
                    // A log line of the load says nothing about the read before it.
                    (SignalKind::Log, Stage::Decided) => place.file == own,
                    _ => false,
                };
                seen.logged = seen.logged.or(logged.then_some(*place));
                stage
            }
            (Event::Load { .. }, stage) if stage != Stage::Before => {
                seen.loaded |= missed && !elsewhere.contains(&std::ptr::from_ref(event));
                Stage::Loaded
            }
            (_, Stage::Decided) => Stage::Past,
            (_, stage) => stage,
        };
        Some((stage, missed))
    });
    seen
}

fn describe(context: Context<'_>, read: &Operation, definition: Option<&Operation>, logged: Option<Place>) -> Finding {
    let mut finding = report::finding(&META, read);
    let demanded = &context.policy.logs_count;
    finding.message = match logged {
        Some(_) => format!("hits and misses of {} are logged but not counted", report::key(read)),
        None => format!("nobody can tell hits from misses of {}", report::key(read)),
    };
    if demanded.value { "neither path counts or logs" } else { "neither path counts" }
        .clone_into(&mut finding.primary_label);
    "count both paths: `metrics::counter!(\"cache_hits\", \"entity\" => …).increment(1)` and the same for misses (never \
     with the key as a label), or read by `cache.get_or_load` of `cache-patterns`, which counts"
        .clone_into(&mut finding.help);
    finding.labels.extend(logged.map(|place| report::label(place, "a log line alone is no metric")));
    finding.labels.extend(
        definition.map(|definition| report::label(definition.place, "counting here would do for all who call it")),
    );
    let by = demanded.place.filter(|_| !demanded.value);
    finding.labels.extend(by.map(|place| report::label(place, "by this line, log lines do not count")));
    finding
}
