//! ## What it does
//!
//! Reports a cached read whose error leaves the function by `?`, although the function would load the value on a miss.
//! A write of the loaded value whose error leaves the function as well is pointed out in the same finding.
//!
//! Silent where the error is turned into a miss (`.ok()`, `unwrap_or`, `if let Ok(Some(…))`, a wrapper that answers
//! `None`), and for locks, sessions and tokens, which the database cannot stand in for.
//!
//! ## Why is this bad?
//!
//! The cache is there to take load off the database, not to be a second thing that can fail. With `?` on the read a
//! restart or failover of Redis, a full connection pool or one timeout fails every request, while the database, which
//! has the answer, is up.
//!
//! ## Example
//!
//! ```rust,ignore
//! let cached: Option<String> = con.get(&key).await?;
//! match cached {
//!     Some(json) => Ok(serde_json::from_str(&json)?),
//!     None => db::user_profile(&pool, id).await,
//! }
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! let cached: Option<String> = con.get(&key).await.unwrap_or_else(|error| {
//!     tracing::warn!(%error, "cache read failed");
//!     None
//! });
//! ```
//!
//! Bound the time as well: a server that answers nothing must not hold the request. `cache.get_or_load` of
//! `cache-patterns` does both, and stops asking a server that keeps failing.
//!
//! ## Options
//!
//! - `[class.NAME] store = true` declares keys whose only home is Redis.
//!
//! ## References
//!
//! - M. Nygard, "Release It!", 2nd edition, 2018, "Stability Patterns"

use rustc_hash::{FxHashMap, FxHashSet};

use super::demand::Demand;
use super::flow;
use super::report::{self, label};
use super::{Category, Context, Meta, Rule, cure, docs};
use crate::finding::{Confidence, Finding, Level, Place};
use crate::inventory::event::{refuses_what_is_there, walk};
use crate::inventory::{Effect, Event, ExitKind, OpId, Operation, Purpose};

const SOURCE: &str = include_str!("cache_error_fails_request.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "cache-error-fails-request",
    summary: "an error of the cache fails a request that the database could answer",
    level: Level::Warning,
    category: Category::Resilience,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct CacheErrorFailsRequest;

/// The load that would have answered, and the write after it whose error leaves the function too.
#[derive(Default)]
struct Fallback {
    load: String,
    write: Option<OpId>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Stage {
    Before,
    Read,
    Failing,
    Missed,
    Loaded(Place),
}

impl Rule for CacheErrorFailsRequest {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let inventory = context.inventory;
        let mut found: FxHashMap<OpId, Fallback> = FxHashMap::default();
        for function in &inventory.functions {
            let mut failing = FxHashSet::default();
            // An error that a callee lets out may still be dealt with by the one between it and this function.
            let mut leaving = FxHashSet::default();
            own(&function.events, &mut |event| {
                if let Event::Fails(id) = event {
                    failing.insert(*id);
                    leaving.insert(std::ptr::from_ref(event));
                }
            });
            let leaves = |op: &Operation| op.wrapper.is_none() || lets_through(&function.events, op.id);
            for read in failing.iter().filter_map(|id| flow::operation(inventory, *id)).filter(|op| is_cached_read(op))
            {
                // What is there already is refused: a throttle has no source to fall back on.
                if !leaves(read) || refuses_what_is_there(&function.events, read.id) {
                    continue;
                }
                if let Some(fallback) = fallback(context, &function.events, read, (&failing, &leaving)) {
                    // A caller of this function sees the error of the read leave, but not always that of the write.
                    let write = fallback.write;
                    let known = found.entry(read.id).or_insert(fallback);
                    known.write = known.write.or(write);
                }
            }
        }
        let mut found: Vec<_> = found.into_iter().collect();
        found.sort_unstable_by_key(|(read, _)| *read);
        for (read, fallback) in found {
            let Some(read) = flow::operation(inventory, read) else { continue };
            if !Demand::of(context.policy, read).is_store() {
                findings.push(describe(context, read, &fallback));
            }
        }
    }
}

/// The events of the function itself: an error in a call, a closure or a task leaves only that.
fn own<'e>(events: &'e [Event], visit: &mut impl FnMut(&'e Event)) {
    for event in events {
        match event {
            Event::Call { .. } | Event::Spawn(_) => {}
            Event::Branch(arms) => arms.iter().for_each(|arm| own(arm, visit)),
            Event::Loop(events) => own(events, visit),
            _ => visit(event),
        }
    }
}

/// Whether the wrapper that sends it hands the error on: what it swallows cannot fail its caller.
fn lets_through(events: &[Event], id: OpId) -> bool {
    let mut through = false;
    flow::each(events, &mut |event| {
        if let Event::Call { events, .. } = event {
            own(events, &mut |event| through |= matches!(event, Event::Fails(failed) if *failed == id));
        }
    });
    through
}

fn is_cached_read(op: &Operation) -> bool {
    op.sent && op.purpose == Purpose::Cache && matches!(op.effect, Effect::Read | Effect::CollectionRead)
}

fn fallback(
    context: Context<'_>,
    events: &[Event],
    read: &Operation,
    (failing, leaving): (&FxHashSet<OpId>, &FxHashSet<*const Event>),
) -> Option<Fallback> {
    let mut names: FxHashMap<Place, &str> = FxHashMap::default();
    flow::each(events, &mut |event| {
        if let Event::Load { place, name, .. } = event {
            names.insert(*place, name);
        }
    });
    let mut write: Option<OpId> = None;
    let ends = walk(events, vec![Stage::Before], &mut |event, stage| {
        Some(match (event, stage) {
            (Event::Operation(id), _) if *id == read.id => Stage::Read,
            (Event::Fails(id), Stage::Read) if *id == read.id && leaving.contains(&std::ptr::from_ref(event)) => {
                Stage::Failing
            }
            (Event::Hit(id), _) if *id == read.id => Stage::Before,
            (Event::Miss(id), Stage::Failing) if *id == read.id => Stage::Missed,
            (Event::Load { place, .. }, Stage::Missed) => Stage::Loaded(*place),
            // What is called for before the error is handed on is no answer in its place.
            (Event::Leave(ExitKind::Error), Stage::Loaded(_)) => return None,
            (Event::Operation(id), Stage::Loaded(_)) => {
                let fill = flow::operation(context.inventory, *id)
                    .filter(|op| op.effect == Effect::Write && failing.contains(&op.id) && flow::same_key(op, read));
                write = fill.map(|fill| fill.id).or(write);
                stage
            }
            (_, stage) => stage,
        })
    });
    let load = |end: &Stage| match end {
        Stage::Loaded(place) => names.get(place).map(|name| (*name).to_owned()),
        _ => None,
    };
    ends.iter().find_map(load).map(|load| Fallback { load, write })
}

fn describe(context: Context<'_>, read: &Operation, fallback: &Fallback) -> Finding {
    let mut finding = report::finding(&META, read);
    finding.message = format!(
        "when Redis fails, so does this request: the error of reading {} leaves the function",
        report::key(read)
    );
    "handing it on makes the cache as necessary as the database".clone_into(&mut finding.primary_label);
    let call = cure::get_or_load(read, &fallback.load);
    finding.help = format!(
        "treat the error as a miss: `.unwrap_or_else(|error| {{ tracing::warn!(%error); None }})`; {call} of \
         `cache-patterns` does"
    );
    let write = fallback.write.and_then(|id| flow::operation(context.inventory, id));
    finding.labels.extend(write.map(|write| label(write.place, "and an error here throws the loaded value away")));
    finding
}
