//! ## What it does
//!
//! Reports a cached read whose miss path loads the value (from a database, over the network, by a callback or by a call
//! that could not be followed) and then stores it under the same key, with nothing that keeps a second caller from
//! doing the same meanwhile. Calls are followed, spawned writes count.
//!
//! A lock in Redis (`SET … NX` between the miss and the load), a mutex or semaphore, a single-flight group, a
//! `OnceCell`, `moka`'s `get_with` and the companion crate are recognised. A generic `get_or_compute` is reported
//! once, where it reads, loads and stores, and not at its callers. Silent where a miss ends with an error, and where
//! what is there already does: such a read looks for no copy.
//!
//! ## Why is this bad?
//!
//! When a popular entry expires, every request that arrives before it is stored again misses, and every one runs the
//! load: a thousand callers, a thousand times the same query. The database slows down, the load takes longer, still
//! more requests miss. A cold start does this to all keys at once.
//!
//! ## Example
//!
//! ```rust,ignore
//! if let Some(json) = con.get::<_, Option<String>>(&key).await? {
//!     return Ok(serde_json::from_str(&json)?);
//! }
//! let profile = db::user_profile(&pool, id).await?;
//! let _: () = con.set_ex(&key, serde_json::to_string(&profile)?, 900).await?;
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! let profile = cache.get_or_load(&id, || db::user_profile(&pool, id)).await?;
//! ```
//!
//! It runs one load per key over all processes. By hand: take a lock with `SET lock token NX PX 5000` after the miss;
//! who does not get it waits shortly and reads again. Within one process a mutex per key or `moka`'s `try_get_with` is
//! enough. Renewing early with growing probability (XFetch) spreads the loads of a hot key.
//!
//! ## Options
//!
//! - `[class.NAME] hot = true` makes it an error for keys of that class.
//! - `[loads] cheap` declares loads that may run many times.
//! - `[guards] functions` names helpers of the project that let one caller load.
//! - `[class.NAME] store = true` declares keys whose only home is Redis.
//!
//! ## References
//!
//! - A. Vattani, F. Chierichetti, K. Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", VLDB 2015
//! - R. Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013 (leases)

use rustc_hash::{FxHashMap, FxHashSet};

use super::demand::Demand;
use super::flow::{self, Protected};
use super::report::{self, label};
use super::{Category, Context, Meta, Rule, code, cure, docs};
use crate::finding::{Confidence, Finding, Level, Place};
use crate::inventory::event::{refuses_what_is_there, walk};
use crate::inventory::{Condition, Effect, Event, FunctionEvents, Inventory, LoadKind, OpId, Operation, Purpose};

const SOURCE: &str = include_str!("stampede_prone_miss.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "stampede-prone-miss",
    summary: "a miss lets every waiting caller run the load",
    level: Level::Warning,
    category: Category::Resilience,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct StampedeProneMiss;

/// A load and the write that stores its result.
#[derive(Clone, Copy)]
struct Fill<'a> {
    kind: LoadKind,
    name: &'a str,
    load: Place,
    write: &'a Operation,
}

/// How far a path has come from the read to the fill.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Stage<'a> {
    Before,
    Read,
    Missed,
    Loaded(LoadKind, Place, &'a str),
    /// The read found a value.
    Found,
}

impl Rule for StampedeProneMiss {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let inventory = context.inventory;
        let protected = Protected::new(inventory, context.policy);
        let mut found: FxHashMap<OpId, (&FunctionEvents, Fill<'_>)> = FxHashMap::default();
        for function in &inventory.functions {
            if protected.contains(&function.function) {
                continue;
            }
            for read in missable(inventory, &function.events) {
                let Some(fill) = fill_after(context, &function.events, read) else { continue };
                if refuses_what_is_there(&function.events, read.id) {
                    continue;
                }
                // The function that holds the read itself tells the story best, then the one with the least around it.
                let weight = |f: &FunctionEvents| (f.function != read.function, f.events.len());
                match found.get(&read.id) {
                    Some((known, _)) if weight(known) <= weight(function) => {}
                    _ => {
                        found.insert(read.id, (function, fill));
                    }
                }
            }
        }
        let mut found: Vec<_> = found.into_iter().collect();
        found.sort_unstable_by_key(|(read, _)| *read);
        for (read, (_, fill)) in found {
            let Some(read) = flow::operation(inventory, read) else { continue };
            findings.extend(describe(context, read, fill));
        }
    }
}

/// The reads of which the function looks at the miss.
fn missable<'a>(inventory: &'a Inventory, events: &[Event]) -> Vec<&'a Operation> {
    let mut missed = FxHashSet::default();
    flow::each(events, &mut |event| {
        if let Event::Miss(id) = event {
            missed.insert(*id);
        }
    });
    let mut reads: Vec<_> = missed.into_iter().filter_map(|id| flow::operation(inventory, id)).collect();
    reads.retain(|op| op.sent && !is_private(op.purpose));
    reads.sort_unstable_by_key(|op| op.id);
    reads
}

/// Keys that no crowd asks for: each belongs to one client, or is no copy of anything.
fn is_private(purpose: Purpose) -> bool {
    matches!(
        purpose,
        Purpose::Lock
            | Purpose::Pubsub
            | Purpose::Admin
            | Purpose::Session
            | Purpose::Token
            | Purpose::Queue
            | Purpose::State
    )
}

/// Follows every path from `read` over its miss and a load to a write of the same key, as long as nothing holds other
/// callers back.
fn fill_after<'a>(context: Context<'a>, events: &'a [Event], read: &Operation) -> Option<Fill<'a>> {
    let Context { inventory, policy, .. } = context;
    // `walk` hands events out for the call only, so what is kept of a load is looked up by its place.
    let mut names: FxHashMap<Place, &'a str> = FxHashMap::default();
    flow::each(events, &mut |event| {
        if let Event::Load { place, name, .. } = event {
            names.insert(*place, name.as_str());
        }
    });
    let mut fills: Vec<Fill<'a>> = Vec::new();
    // What is loaded although the read found a value is no fallback: a cursor is read, work is fetched, the cursor moves.
    let mut anyway: FxHashSet<Place> = FxHashSet::default();
    walk(events, vec![Stage::Before], &mut |event, stage| match (event, stage) {
        (Event::Operation(id), _) if *id == read.id => Some(Stage::Read),
        (Event::Hit(id), _) if *id == read.id => Some(Stage::Found),
        // A value that no longer decodes is a miss after all.
        (Event::Miss(id), Stage::Read | Stage::Found) if *id == read.id => Some(Stage::Missed),
        (Event::Load { place, .. }, Stage::Found) => {
            anyway.insert(*place);
            Some(stage)
        }
        (_, Stage::Found) => Some(stage),
        (Event::Load { kind, place, .. }, Stage::Missed) => {
            Some(Stage::Loaded(*kind, *place, names.get(place).copied().unwrap_or("")))
        }
        (_, Stage::Before | Stage::Read | Stage::Missed) if flow::holds_back(inventory, policy, event) => None,
        (Event::Operation(id), stage) => {
            let Some(write) = flow::operation(inventory, *id).filter(|op| stores(op) && flow::same_key(op, read))
            else {
                return Some(stage);
            };
            match stage {
                Stage::Loaded(kind, load, name) if !flow::inside_one_call(read, write) => {
                    fills.push(Fill { kind, name, load, write });
                    None
                }
                // A placeholder that only one caller can set, before anything was loaded.
                Stage::Read | Stage::Missed if write.condition == Condition::IfAbsent => None,
                _ => Some(stage),
            }
        }
        (_, stage) => Some(stage),
    });
    fills.retain(|fill| !anyway.contains(&fill.load));
    // A load that is known for what it is makes the better finding.
    fills.into_iter().min_by_key(|fill| (fill.kind == LoadKind::Unresolved, fill.write.id))
}

fn stores(op: &Operation) -> bool {
    let scripted = op.effect == Effect::Script && op.script_commands.iter().any(|command| command.starts_with("SET"));
    op.sent && (matches!(op.effect, Effect::Write | Effect::CollectionWrite | Effect::Counter) || scripted)
}

fn describe(context: Context<'_>, read: &Operation, fill: Fill<'_>) -> Option<Finding> {
    let demand = Demand::of(context.policy, read);
    if demand.is_store() || demand.is_cheap(fill.name) {
        return None;
    }
    let mut finding = report::finding(&META, read);
    if demand.is_hot() {
        finding.level = Level::Error;
        finding.labels.extend(demand.label("declared hot here"));
    }
    if fill.kind == LoadKind::Unresolved {
        finding.confidence = finding.confidence.min(Confidence::Likely);
    }
    let load = if fill.name.is_empty() { "the load".to_owned() } else { code(fill.name).into_owned() };
    finding.message = format!("every caller that misses {} runs {load}", report::key(read));
    "read here, with nothing to hold back who misses".clone_into(&mut finding.primary_label);
    let call = cure::get_or_load(read, fill.name);
    finding.help = format!(
        "let one caller load: {call} of `cache-patterns`, or take `SET … NX PX` on a lock key between miss and load"
    );
    let filled = [label(fill.load, "loaded here, once for each caller"), label(fill.write.place, "stored here")];
    finding.flow = vec![label(read.place, "read here, and missed")];
    finding.flow.extend(filled.clone());
    finding.labels.extend(filled);
    Some(finding)
}
