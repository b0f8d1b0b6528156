//! ## What it does
//!
//! Reports a key that comes out different although nothing that matters has changed. Errors: the time or a random number
//! in a key that is read (a random number, where what is read is cached); a hash with a seed of this process
//! (`RandomState`); the `{:?}` of a `HashMap` or `HashSet`. Warnings: `DefaultHasher`, whose algorithm may change with the
//! Rust version; the `{:?}` of a struct, an `Option` or a collection, whose text changes with the type; a float with all
//! its digits.
//!
//! A time that is divided (`now / 60`) or shown as a date numbers a period, and is a key like any other; so is the random
//! id of a new session or job, which is handed out and read back by whoever was given it. Counters by time, locks, and the
//! `{:?}` of ids, texts and enums without fields are left alone.
//!
//! ## Why is this bad?
//!
//! Such a key is written and never found again: every read is a miss, every miss a load and one more entry, until the
//! memory is full of copies that nobody can reach. The cache seems to work, only the hit ratio stays at nothing. Where
//! several servers compute the key, each finds its own entries only, and none can invalidate those of the others.
//!
//! ## Example
//!
//! ```rust,ignore
//! let key = format!("shop:search:{}:{:?}", Utc::now().timestamp(), filters);
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! // Every part that matters, in a fixed order and form.
//! let key = format!("shop:search:{}:{}:{}", filters.category, filters.sort.as_str(), filters.page);
//! ```
//!
//! Where there are too many parts, hash them with an algorithm that has a name: `blake3::hash(text.as_bytes())`.
//!
//! ## Options
//!
//! None.
//!
//! ## References
//!
//! - The Rust standard library: `std::hash::DefaultHasher` ("the internal algorithm is not specified"),
//!   `std::fmt::Debug` ("stability")

use rustc_hash::FxHashSet;

use super::usage::Usage;
use super::{Category, Context, Meta, Rule, code, docs, report};
use crate::finding::{Confidence, Finding, Level};
use crate::inventory::{Effect, Operation, Purpose};
use crate::provenance::Provenance;
use crate::template::Hole;

const SOURCE: &str = include_str!("non_deterministic_key.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "non-deterministic-key",
    summary: "a key comes out different each time",
    level: Level::Error,
    category: Category::Correctness,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct NonDeterministicKey;

impl Rule for NonDeterministicKey {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let usage = Usage::new(context.inventory);
        let mut seen: FxHashSet<(&str, String)> = FxHashSet::default();
        for op in &context.inventory.operations {
            if !op.sent || op.effect == Effect::Lock || op.purpose == Purpose::Lock || !usage.chooses_key(op) {
                continue;
            }
            // A key that is made once and used several times is one mistake.
            if let Some((hole, fault)) = fault(&usage, op)
                && seen.insert((&op.function, report::subject(op)))
            {
                findings.push(finding(op, hole, &fault));
            }
        }
    }
}

struct Fault {
    level: Level,
    /// Completes "… in the key `…`".
    what: &'static str,
    label: &'static str,
    help: &'static str,
}

fn fault<'o>(usage: &Usage<'_>, op: &'o Operation) -> Option<(&'o Hole, Fault)> {
    let holes = || op.templates().filter(|template| template.has_literal()).flat_map(|template| template.holes());
    let with = |origin: Provenance| holes().find(|hole| hole.provenance.has(origin));
    let fault = |level, what, label, help| Fault { level, what, label, help };
    let never_found = is_never_found(usage, op);
    if let Some(hole) = with(Provenance::SEEDED) {
        let help = "hash with an algorithm that has a name, for example `blake3::hash(…)`";
        return Some((hole, fault(Level::Error, "a hash of this process", "another number in each process", help)));
    }
    if let Some(hole) = with(Provenance::UNORDERED) {
        let help = "write the entries in a fixed order: collect them into a `BTreeMap`, or sort them";
        return Some((hole, fault(Level::Error, "the `{:?}` of a map", "another order in each process", help)));
    }
    if let Some(hole) = with(Provenance::TIME).filter(|_| never_found.by_time) {
        let help = "leave the time to the TTL, or number the period: divide the seconds by its length";
        return Some((hole, fault(Level::Error, "the current time", "another one at each call", help)));
    }
    if let Some(hole) = with(Provenance::RANDOM).filter(|_| never_found.by_chance) {
        let help = "make the key of what the value depends on";
        return Some((hole, fault(Level::Error, "a random value", "another one at each call", help)));
    }
    if let Some(hole) = with(Provenance::HASHER) {
        let help = "hash with an algorithm that has a name and a version, for example `blake3::hash(…)`";
        let label = "may be another number after an update of Rust";
        return Some((hole, fault(Level::Warning, "a hash by `DefaultHasher`", label, help)));
    }
    if let Some(hole) = with(Provenance::DEBUG) {
        let help = "write the fields that matter, each by its `Display`, or give the type a method that makes the text";
        return Some((hole, fault(Level::Warning, "a `{:?}`", "changes with the type's fields", help)));
    }
    let hole = with(Provenance::FLOAT)?;
    let help = "round it to the digits that matter: `{:.2}`, or store it as an integer";
    Some((hole, fault(Level::Warning, "a float", "`0.3` and `0.1 + 0.2` are two keys", help)))
}

/// Which parts make that a key cannot be found again.
struct NeverFound {
    by_time: bool,
    by_chance: bool,
}

fn is_never_found(usage: &Usage<'_>, op: &Operation) -> NeverFound {
    let users = usage.of(op);
    // What is counted by the second is found within the second.
    let counts = users.iter().any(|other| other.effect == Effect::Counter || other.purpose == Purpose::Counter);
    let reads = matches!(op.effect, Effect::Read | Effect::CollectionRead);
    let cached = op.purpose == Purpose::Cache && (reads || op.creates());
    // A fresh id is looked up to see whether it is taken, and stored to be handed out: whoever was given it reads by it.
    let lookups = || users.iter().filter(|other| other.effect == Effect::Read && other.purpose == Purpose::Cache);
    let by_chance = |other: &Operation| {
        let mut holes = other.templates().flat_map(|template| template.holes());
        holes.any(|hole| hole.provenance.has(Provenance::RANDOM))
    };
    let lost = lookups().next().is_some() && (reads || lookups().all(|other| by_chance(other)));
    NeverFound { by_time: !counts && reads, by_chance: cached && lost && op.command != "EXISTS" }
}

fn finding(op: &Operation, hole: &Hole, fault: &Fault) -> Finding {
    let mut finding = report::finding(&META, op);
    finding.level = fault.level;
    let named = if hole.name.is_empty() { String::new() } else { format!(", {}", code(&hole.name)) };
    finding.message = format!("{} is part of the key {}{named}", fault.what, report::key(op));
    fault.label.clone_into(&mut finding.primary_label);
    fault.help.clone_into(&mut finding.help);
    finding
}
