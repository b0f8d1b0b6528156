//! ## What it does
//!
//! Reports a key that is read and then changed by a second command on the strength of what was read:
//!
//! - *take*: `GET` then `DEL` of a token, a code or a job that only one caller may have (`GETDEL` is meant);
//! - *check, then set*: `EXISTS` (or a `GET` that finds nothing) then `SET` without `NX`;
//! - *read, change, write*: `GET` then `INCR`/`DECR` that depends on it, or `GET` then `SET` of a value made from the one
//!   that was read.
//!
//! Calls are followed. Silent where one caller at a time gets there (a lock, a mutex, `WATCH`, `MULTI`, a script), for
//! copies that are filled on a miss (`stampede-prone-miss` looks at those), for copies and sessions that are deleted
//! after a look at them, and for sessions that are written back.
//!
//! ## Why is this bad?
//!
//! Between the two commands any other client can send its own. Two requests with the same one-time token both read it
//! before either deletes it, and both pass: a password is reset twice, a nonce is replayed, a job runs twice. Of two
//! increments one is lost. It needs only two requests within a round trip, which an attacker can arrange.
//!
//! ## Example
//!
//! ```rust,ignore
//! let user: Option<String> = con.get(&key).await?;
//! let user = user.ok_or(Error::Expired)?;
//! let _: () = con.del(&key).await?;
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! let user: Option<String> = con.get_del(&key).await?;
//! let user = user.ok_or(Error::Expired)?;
//! ```
//!
//! Check and set in one command: `SET key value NX EX 60` answers whether it was set. Counters: `INCR` and look at what
//! it answers. Everything else: a Lua script, or `WATCH` with `MULTI`.
//!
//! ## Options
//!
//! - `[guards] functions` names helpers of the project that let one caller in.
//!
//! ## References
//!
//! - Redis documentation: `GETDEL`, `SET`, "Transactions" (optimistic locking with check-and-set)
//! - CWE-367, time-of-check time-of-use race condition

use rustc_hash::{FxHashMap, FxHashSet};

use super::flow::{self, Protected};
use super::race::{self, Race, Stage};
use super::report::{self, label};
use super::{Category, Context, Meta, Rule, cure, docs};
use crate::finding::{Confidence, Finding, Level};
use crate::inventory::event::walk;
use crate::inventory::{Effect, Event, FunctionEvents, Inventory, OpId, Operation, Purpose};

const SOURCE: &str = include_str!("get_then_set.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "get-then-set",
    summary: "a key is read and then changed by a second command that depends on it",
    level: Level::Warning,
    category: Category::Correctness,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct GetThenSet;

/// The command that changes what was read.
struct Change {
    race: Race,
    by: OpId,
    /// Reads of a key of this shape on the way: what is decided rests on the last of them.
    read_between: Vec<OpId>,
}

impl Rule for GetThenSet {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let inventory = context.inventory;
        let protected = Protected::new(inventory, context.policy);
        let mut found: FxHashMap<OpId, (&FunctionEvents, Change)> = FxHashMap::default();
        for function in inventory.functions.iter().filter(|function| !protected.contains(&function.function)) {
            let mut reads = Vec::new();
            flow::each(&function.events, &mut |event| {
                if let Event::Operation(id) = event {
                    reads.extend(flow::operation(inventory, *id).filter(|op| is_checked(op)).map(|op| op.id));
                }
            });
            reads.sort_unstable();
            reads.dedup();
            for read in reads.into_iter().filter_map(|id| flow::operation(inventory, id)) {
                let Some(change) = change_after(context, &function.events, read) else { continue };
                let weight = |f: &FunctionEvents| (f.function != read.function, f.events.len());
                match found.get(&read.id) {
                    Some((known, _)) if weight(known) <= weight(function) => {}
                    _ => {
                        found.insert(read.id, (function, change));
                    }
                }
            }
        }
        let outdone = outdone(inventory, &found);
        let mut found: Vec<_> = found.into_iter().filter(|(read, _)| !outdone.contains(read)).collect();
        found.sort_unstable_by_key(|(read, _)| *read);
        for (read, (_, change)) in found {
            if let (Some(read), Some(by)) = (flow::operation(inventory, read), flow::operation(inventory, change.by)) {
                findings.push(describe(context, read, change.race, by));
            }
        }
    }
}

/// Reads before a change that another read before it explains better: the last one, or that of the key which is changed.
fn outdone(inventory: &Inventory, found: &FxHashMap<OpId, (&FunctionEvents, Change)>) -> FxHashSet<OpId> {
    let mut outdone = FxHashSet::default();
    for (&earlier, (_, change)) in found {
        for &later in &change.read_between {
            if found.get(&later).is_some_and(|(_, other)| other.by == change.by) {
                let nearer = is_nearer(inventory, earlier, later, change.by);
                outdone.insert(if nearer { later } else { earlier });
            }
        }
    }
    outdone
}

/// Whether the change is written for the key of the one read, and not for that of the other.
fn is_nearer(inventory: &Inventory, read: OpId, other: OpId, change: OpId) -> bool {
    let [Some(read), Some(other), Some(change)] = [read, other, change].map(|id| flow::operation(inventory, id)) else {
        return false;
    };
    flow::written_alike(read, change) && !flow::written_alike(other, change)
}

/// A read of one string, on which a decision can rest.
fn is_checked(op: &Operation) -> bool {
    op.sent && op.purpose != Purpose::Lock && (matches!(op.command.as_str(), "GET" | "EXISTS") && op.keys.len() <= 4)
}

/// The first change of the same key that a path reaches, and what it makes of the read.
fn change_after(context: Context<'_>, events: &[Event], read: &Operation) -> Option<Change> {
    let Context { inventory, policy, .. } = context;
    let mut found: Vec<(Race, OpId)> = Vec::new();
    let mut read_between: Vec<OpId> = Vec::new();
    let mut written_back: Option<OpId> = None;
    walk(events, vec![Stage::Before], &mut |event, stage| match (event, stage) {
        (Event::Operation(id), _) if *id == read.id => Some(Stage::Read),
        (Event::Hit(id), Stage::Read) if *id == read.id => Some(Stage::Found),
        (Event::Miss(id), Stage::Read | Stage::Found) if *id == read.id => Some(Stage::Missed),
        (Event::Load { .. }, Stage::Missed) => Some(Stage::Loaded),
        (Event::WriteBack { read: from, write }, _) => {
            if *from == read.id {
                written_back = Some(*write);
            }
            Some(stage)
        }
        (event, _) if flow::holds_back(inventory, policy, event) => None,
        (Event::Operation(id), stage) => {
            let Some(op) = flow::operation(inventory, *id) else { return Some(stage) };
            if matches!(op.command.as_str(), "WATCH" | "MULTI") {
                return None;
            }
            if stage == Stage::Before || !op.sent || !flow::surely_same_key(op, read) || flow::inside_one_call(op, read)
            {
                return Some(stage);
            }
            if is_checked(op) && op.id != read.id {
                read_between.push(op.id);
            }
            let back = written_back == Some(op.id);
            match race::of(read, op, stage, back) {
                Some(race) => {
                    found.push((race, op.id));
                    None
                }
                // What stands there now is this function's own.
                None if op.effect == Effect::Write => None,
                None => Some(stage),
            }
        }
        (_, stage) => Some(stage),
    });
    found.into_iter().min().map(|(race, by)| Change { race, by, read_between })
}

fn describe(context: Context<'_>, read: &Operation, race: Race, change: &Operation) -> Finding {
    let mut finding = report::finding(&META, read);
    finding.confidence = finding.confidence.min(change.confidence);
    let (first, second, key) = (&read.command, &change.command, report::key(read));
    let cure::Parts { receiver, key: written, .. } = cure::Parts::of(context, read);
    let redis_rs = read.client == "redis" && read.wrapper.is_none();
    match race {
        Race::Take => {
            finding.message = format!("two callers can both have {key}: `{first}`, then `{second}`");
            "every caller that reads before the delete gets it".clone_into(&mut finding.primary_label);
            finding.help = if redis_rs {
                format!("read and delete in one command: `{receiver}.get_del({written})` (`GETDEL`)")
            } else {
                "read and delete in one command: `GETDEL`".to_owned()
            };
            finding.labels.push(label(change.place, "deleted here"));
        }
        Race::CheckThenSet => {
            finding.message = format!("two callers can both pass: `{first}` of {key}, then `{second}`");
            "every caller that checks before it is set passes".clone_into(&mut finding.primary_label);
            finding.help =
                "check and set in one command: `SET key value NX EX seconds`, and go on only if it was set".to_owned();
            finding.labels.push(label(change.place, "set here"));
        }
        Race::ReadChangeWrite => {
            finding.message = format!("a change by another caller is lost between `{first}` and `{second}` of {key}");
            "what is decided on this value".clone_into(&mut finding.primary_label);
            finding.help = if change.effect == Effect::Counter {
                format!("send `{second}` alone and look at what it answers, or decide in a Lua script")
            } else {
                "change it on the server: `INCR`, `HINCRBY` or a Lua script, or `WATCH` the key and write in `MULTI`"
                    .to_owned()
            };
            finding.labels.push(label(change.place, "changed here"));
        }
    }
    finding
}
