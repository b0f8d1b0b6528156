//! ## What it does
//!
//! Reports a cached read whose load depends on an argument that the key does not hold: a tenant, a locale, a page, a
//! flag. Arguments are followed through locals, structs, closures and calls to the database statement or request that they
//! reach, and to the key that they become a part of, hashed, serialised or formatted with `{:?}`.
//!
//! Not reported: connections, configuration, credentials, time limits and what only goes into logs; an argument to which
//! every caller gives one constant; one that a condition in front of the read looked at (`if page == 1`); one from which
//! the key was looked up (`find(name)`, then a key with the user's id); other fields of an entity of which the id is in the
//! key, and what lies around something that a UUID in the key names; a load of which it cannot be seen what it does
//! with its arguments.
//!
//! ## Why is this bad?
//!
//! Two questions share one answer. Who asks first decides what everyone else gets: page 2 shows page 1, a German reader
//! gets the French text, a customer sees the rows of another one.
//!
//! ## Example
//!
//! ```rust,ignore
//! async fn search(text: &str, limit: i64, offset: i64) -> Result<Vec<Hit>> {
//!     let key = format!("shop:search:v1:{text}");
//!     if let Some(json) = con.get::<_, Option<String>>(&key).await? {
//!         return Ok(serde_json::from_str(&json)?);
//!     }
//!     let hits = db::search(&pool, text, limit, offset).await?;
//!     let _: () = con.set_ex(&key, serde_json::to_string(&hits)?, 300).await?;
//!     Ok(hits)
//! }
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! let key = format!("shop:search:v1:{text}:{limit}:{offset}");
//! ```
//!
//! Or load the same for all and cut afterwards: cache the first hundred hits and give out a page of them.
//!
//! ## Options
//!
//! None. A parameter that changes nothing about the answer is said so at the place, with a reason.
//!
//! ## References
//!
//! - CWE-524: use of cache containing sensitive information
//! - RFC 9111, section 4.1: `Vary`, the same question in HTTP

use rustc_hash::{FxHashMap, FxHashSet};

use super::asked::{Calls, is_around, key_inputs, missed, own_key, related, stored_inputs};
use super::demand::Demand;
use super::flow;
use super::report::{self, label};
use super::{Category, Context, Meta, Rule, code, docs};
use crate::finding::{Confidence, Finding, Level, Place};
use crate::inventory::event::walk;
use crate::inventory::inputs::{Input, argument};
use crate::inventory::{Effect, Event, FunctionEvents, Inventory, OpId, Operation};

const SOURCE: &str = include_str!("incomplete_key.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "incomplete-key",
    summary: "what is loaded depends on an argument that is not in the key",
    level: Level::Warning,
    category: Category::Correctness,
    confidence: Confidence::Likely,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct IncompleteKey;

/// A load that asks for more than the key tells.
struct Gap<'c> {
    /// Where the key is read, in the function that loads.
    read: Place,
    load: Place,
    write: Place,
    missing: Vec<&'c Input>,
}

/// A write of the key after a miss, with what was called in between.
struct Fill {
    /// The call in the function's own text that reads.
    read: Option<Place>,
    write: (OpId, Option<Place>),
    loads: Vec<Place>,
}

/// How far a path has come.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Stage {
    Before,
    /// The read, and the call in the function's own text that it happens in.
    Read(Option<Place>),
    /// With the calls since then.
    Missed(Option<Place>, Vec<Place>),
    Found(Option<Place>),
}

impl Rule for IncompleteKey {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let inventory = context.inventory;
        let mut seen: FxHashSet<Place> = FxHashSet::default();
        for function in &inventory.functions {
            let Some(calls) = inventory.inputs.of(&function.function) else { continue };
            let sites = sites(calls, &function.events);
            for read in missed(inventory, &function.events) {
                let Some(gap) = gap(inventory, function, (calls, &sites), read) else { continue };
                if !Demand::of(context.policy, read).is_store() && seen.insert(gap.read) {
                    findings.push(finding(function, read, &gap));
                }
            }
        }
    }
}

/// For each event, by address, the call in the function's own text that it happens in.
fn sites(calls: &Calls, events: &[Event]) -> FxHashMap<*const Event, Place> {
    fn note(calls: &Calls, events: &[Event], around: Option<Place>, sites: &mut FxHashMap<*const Event, Place>) {
        for event in events {
            let own = match event {
                Event::Load { place, .. } | Event::Call { place, .. } => Some(*place),
                _ => None,
            };
            let site = own.filter(|place| calls.contains_key(place)).or(around);
            sites.extend(site.map(|site| (std::ptr::from_ref(event), site)));
            match event {
                Event::Branch(arms) => arms.iter().for_each(|arm| note(calls, arm, around, sites)),
                Event::Call { events, .. } => note(calls, events, around.or(site), sites),
                Event::Loop(events) | Event::Spawn(events) => note(calls, events, around, sites),
                _ => {}
            }
        }
    }
    let mut sites = FxHashMap::default();
    note(calls, events, None, &mut sites);
    sites
}

/// The first load on a way from the miss of `read` to a write of its key that asks for more than the key tells.
fn gap<'c>(
    inventory: &Inventory,
    function: &FunctionEvents,
    (calls, sites): (&'c Calls, &FxHashMap<*const Event, Place>),
    read: &Operation,
) -> Option<Gap<'c>> {
    let mut fills: Vec<Fill> = Vec::new();
    // Calls that load: what they read and store by the way is not what this function keeps.
    let mut busy: FxHashSet<Place> = FxHashSet::default();
    flow::each(&function.events, &mut |event| {
        if let (Event::Load { .. }, Some(site)) = (event, sites.get(&std::ptr::from_ref(event))) {
            busy.insert(*site);
        }
    });
    walk(&function.events, vec![Stage::Before], &mut |event, stage| {
        let site = sites.get(&std::ptr::from_ref(event)).copied();
        match (event, stage) {
            (Event::Operation(id), _) if *id == read.id => Some(Stage::Read(site)),
            (Event::Hit(id), Stage::Read(at)) if *id == read.id => Some(Stage::Found(at)),
            // A value that no longer decodes is a miss after all.
            (Event::Miss(id), Stage::Read(at) | Stage::Found(at)) if *id == read.id => {
                Some(Stage::Missed(at, Vec::new()))
            }
            (Event::Load { .. } | Event::Call { .. }, Stage::Missed(at, mut loads)) => {
                loads.extend(site.filter(|site| !loads.contains(site)));
                Some(Stage::Missed(at, loads))
            }
            (Event::Operation(id), Stage::Missed(at, loads)) => {
                let write = flow::operation(inventory, *id).filter(|op| op.sent && op.effect == Effect::Write);
                if write.is_some_and(|write| flow::same_key(write, read)) {
                    fills.push(Fill { read: at, write: (*id, site), loads });
                    return None;
                }
                Some(Stage::Missed(at, loads))
            }
            (_, stage) => Some(stage),
        }
    });
    let own = read.function == function.function;
    for Fill { read: read_at, write: (write, write_at), loads } in fills {
        let (told, tested) = key_inputs(calls, function, read, read_at)?;
        let write = flow::operation(inventory, write)?;
        if !own && [read_at, write_at].iter().any(|at| at.is_none_or(|at| busy.contains(&at))) {
            continue;
        }
        let unique = told.iter().any(|input| input.unique);
        let stored = stored_inputs(calls, function, write, write_at);
        let also = argument(calls, write, own_key(function, write)).map_or(&[][..], |(_, inputs)| inputs);
        for load in loads {
            let Some(call) = calls.get(&load).filter(|_| own || Some(load) != read_at) else { continue };
            let open: Vec<&Input> = call
                .loaded
                .iter()
                .filter(|input| input.tells)
                .filter(|input| !related(told, input) && !related(also, input) && !related(tested, input))
                .filter(|input| !(unique && is_around(&input.name)))
                .filter(|input| stored.is_none_or(|stored| related(stored, input)))
                .collect();
            if !open.is_empty() {
                let read = read_at.filter(|_| !own).unwrap_or(read.place);
                return Some(Gap {
                    read,
                    load,
                    write: write_at.filter(|_| !own).unwrap_or(write.place),
                    missing: open,
                });
            }
        }
    }
    None
}

fn finding(function: &FunctionEvents, read: &Operation, gap: &Gap<'_>) -> Finding {
    let mut names: Vec<String> = gap.missing.iter().map(|input| code(&input.name).into_owned()).collect();
    names.dedup();
    let (last, front) = names.split_last().map_or(("", &[][..]), |(last, front)| (last.as_str(), front));
    let all = if front.is_empty() { last.to_owned() } else { format!("{} and {last}", front.join(", ")) };
    let (verb, they) = if front.is_empty() { ("is", "it") } else { ("are", "them") };
    let mut finding = report::finding(&META, read);
    finding.primary = gap.read;
    finding.function.clone_from(&function.function);
    finding.message = format!("what a miss loads depends on {all}, and {} does not", report::key(read));
    finding.primary_label = format!("whoever asks with another value of {they} gets this one's answer");
    let asked = label(gap.load, format!("{all} {verb} asked for here"));
    finding.labels.push(asked);
    // One call of `get_or_load` reads and stores.
    if gap.write != gap.read {
        finding.labels.push(label(gap.write, "stored here"));
    }
    let whole = if report::is_companion(read) { "the id that the entity is kept by (`type Id`)" } else { "the key" };
    finding.help = format!("put {all} into {whole}, or load the same for every value and cut afterwards");
    finding
}
