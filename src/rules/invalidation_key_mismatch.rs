//! ## What it does
//!
//! Reports a delete of a key that nothing in the program writes, reads or counts, but that looks like one that is written:
//! with a prefix too many or too few, a segment missing, another order, another version, another spelling. The parts that
//! vary count as well: `stall:{id}:{farm}` is no `stall:{farm}:{id}`, where all that stores and reads the key agrees on the
//! other order. Keys are joined over files and packages and through wrappers.
//!
//! Silent where the function deletes the right key as well (clearing up after a change of format), where the same key is
//! used anywhere, where the two live in packages that share no program, for patterns, and for keys that resemble nothing.
//!
//! ## Why is this bad?
//!
//! `DEL` of a key that does not exist is no error: it answers 0 and nobody looks. The code says "invalidated", the review
//! says "invalidated", and every reader gets the old copy until its TTL ends. It mostly begins as a correct delete, and
//! breaks on the day when the writer's key gets a version or a tenant.
//!
//! ## Example
//!
//! ```rust,ignore
//! // fills
//! con.set_ex(format!("shop:v2:product:{id}"), &json, 3_600).await?;
//! // deletes
//! con.del(format!("shop:product:{id}")).await?;
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! fn product_key(id: i64) -> String {
//!     format!("shop:v2:product:{id}")
//! }
//! con.set_ex(product_key(id), &json, 3_600).await?;
//! con.del(product_key(id)).await?;
//! ```
//!
//! With `cache-patterns` the key is the entity's: `cache.invalidate::<Product>(&id)` cannot name another one.
//!
//! ## Options
//!
//! - `[class.NAME] store = true` with `keys` of the deleted form declares keys that somebody else writes.
//!
//! ## References
//!
//! - Redis documentation: `DEL` (the reply is the number of keys that were removed)

use super::demand::Demand;
use super::nearness::{Difference, difference, may_be_one};
use super::report::{self, label};
use super::usage::Usage;
use super::{Category, Context, Meta, Rule, code, copies, cure, docs};
use crate::finding::{Confidence, Finding, Level};
use crate::inventory::{Effect, Operation, Purpose};
use crate::template::{Piece, Template};

const SOURCE: &str = include_str!("invalidation_key_mismatch.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "invalidation-key-mismatch",
    summary: "a delete whose key nothing writes, beside a key that is nearly the same",
    level: Level::Error,
    category: Category::Correctness,
    confidence: Confidence::Likely,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct InvalidationKeyMismatch;

impl Rule for InvalidationKeyMismatch {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let usage = Usage::new(context.inventory);
        for op in context.inventory.operations.iter().filter(|op| is_delete(op) && usage.chooses_key(op)) {
            let [Some(template)] = op.keys.iter().map(|key| key.template.as_ref()).collect::<Vec<_>>()[..] else {
                continue;
            };
            if !template.has_literal() || Demand::of(context.policy, op).is_store() {
                continue;
            }
            let swapped = || Some((swapped(&usage, op, template)?, Difference::Swapped));
            let Some((meant, difference)) = meant(context, &usage, op, template).or_else(swapped) else { continue };
            let right = |other: &&Operation| other.effect == Effect::Delete && other.function == op.function;
            if difference == Difference::Swapped || !usage.of(meant).iter().any(right) {
                findings.push(describe(context, op, meant, difference));
            }
        }
    }
}

fn is_delete(op: &Operation) -> bool {
    op.sent && !op.test && op.effect == Effect::Delete && matches!(op.command.as_str(), "DEL" | "UNLINK")
}

/// The write whose key the delete must have meant; `None` when its own key is used, or resembles nothing.
fn meant<'a>(
    context: Context<'a>,
    usage: &Usage<'a>,
    op: &Operation,
    deleted: &Template,
) -> Option<(&'a Operation, Difference)> {
    let shape = deleted.shape();
    if shape.contains('*') {
        return None;
    }
    let operations = &context.inventory.operations;
    // Anything that may be this key, also by a part of it that is not known. A key with an open front may be almost any;
    // what another program uses it for tells nothing of this one.
    let used = operations.iter().filter(|other| other.effect != Effect::Delete).any(|other| {
        let near = || copies::in_one_program(context.workspace, op.place, other.place);
        let named = |key: &Template| matches!(key.pieces().first(), Some(Piece::Text(_)));
        other.templates().any(|key| key.has_literal() && may_be_one(key, deleted) && (named(key) || near()))
    });
    if used || usage.shapes().any(|(known, ops)| known == shape && ops.iter().any(|other| other.test)) {
        return None;
    }
    let written = operations.iter().filter(|other| {
        let cached = !matches!(other.purpose, Purpose::Lock | Purpose::Queue | Purpose::Pubsub | Purpose::Admin);
        let stored = matches!(other.effect, Effect::Write | Effect::CollectionWrite);
        other.sent && !other.test && stored && cached && usage.chooses_key(other)
    });
    written
        .filter(|other| copies::in_one_program(context.workspace, op.place, other.place))
        .filter_map(|other| Some((other, difference(deleted, other.template()?)?)))
        .min_by_key(|(other, difference)| (*difference, other.id))
}

/// A write of a key of this very form in which the same parts stand in another order. All that stores and reads it has to
/// agree on one order that the delete does not have.
fn swapped<'a>(usage: &Usage<'a>, op: &Operation, deleted: &Template) -> Option<&'a Operation> {
    let own = parts(deleted)?;
    let uses = usage.of(op).iter().copied().filter(|other| other.effect != Effect::Delete && !other.test);
    let keys: Vec<(&Operation, Vec<&str>)> = uses
        .flat_map(|other| other.templates().map(move |key| (other, key)))
        .filter(|(_, key)| key.shape() == deleted.shape())
        .map(|(other, key)| Some((other, parts(key)?)))
        .collect::<Option<_>>()?;
    let (_, order) = keys.first()?;
    let agreed = keys.iter().all(|(_, other)| other == order);
    let (mut one, mut other) = (own.clone(), order.clone());
    one.sort_unstable();
    other.sort_unstable();
    let writes = keys.iter().map(|(other, _)| *other).find(|other| other.effect == Effect::Write && other.sent);
    writes.filter(|_| agreed && own != *order && one == other)
}

/// What the parts that vary are called, by their last names; `None` where two are called the same, or one is not called.
fn parts(key: &Template) -> Option<Vec<&str>> {
    let names: Vec<&str> = key.holes().map(|hole| hole.name.rsplit(['.', ':']).next().unwrap_or("")).collect();
    let plain = |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let mut distinct = names.clone();
    distinct.sort_unstable();
    distinct.dedup();
    (names.len() > 1 && distinct.len() == names.len() && names.iter().all(plain)).then_some(names)
}

fn describe(context: Context<'_>, op: &Operation, meant: &Operation, difference: Difference) -> Finding {
    let mut finding = report::finding(&META, op);
    let (key, right) = (report::key(op), report::key(meant));
    finding.message = format!("{key} is deleted, but what is written is {right}");
    finding.primary_label = format!("nothing writes this key: {}", difference.words());
    let call = cure::invalidate(meant);
    let written = meant.keys.first().map_or("", |key| key.written.as_str()).trim_start_matches('&');
    let same = if written.contains('(') && written.len() <= 40 && !written.contains(['`', '"', '!']) {
        format!("{} as the writer does", code(written))
    } else {
        right.clone()
    };
    finding.help = cure::or_companion(
        meant,
        format!("delete {same}: build the key in one function for both"),
        &format!(", or call {call} of `cache-patterns`"),
    );
    finding.labels.push(label(meant.place, format!("{right} is stored here")));
    let usage = Usage::new(context.inventory);
    let mut readers = usage.others(meant).filter(|other| other.effect == Effect::Read && !other.test);
    finding.labels.extend(readers.next().map(|reader| label(reader.place, "and read here")));
    finding
}
