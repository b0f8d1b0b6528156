//! ## What it does
//!
//! Reports keys that are kept in another way than the pattern of their class says: keys declared `write-through` that are
//! only filled on a miss or deleted on a change, and keys declared `cache-aside` that are set together with the row.
//!
//! Only where the statement that changes the rows can be seen, or where every use of the key is a fill after a miss or a
//! delete. A write that could come from anywhere, and a key with no class or no pattern, are left alone.
//!
//! ## Why is this bad?
//!
//! The pattern says what readers may rely on. Who reads a balance that is declared write-through trusts it to be the last
//! one that was committed; if it is filled on a miss instead, it is as old as its TTL allows. And a copy that is declared
//! cache-aside but set on write can be set by two writers in the wrong order, which a delete cannot.
//!
//! ## Example
//!
//! ```rust,ignore
//! // class.balance: pattern = "write-through"
//! sqlx::query("UPDATE accounts SET balance = $1 WHERE id = $2").bind(left).bind(id).execute(&pool).await?;
//! con.del(format!("bank:balance:{id}")).await?;
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! cache.write::<Balance, _, _>(&id, |write| async move {
//!     let row = db::withdraw(&mut tx, id, amount).await?;
//!     write.commit(row, tx.commit()).await
//! }).await?;
//! ```
//!
//! For cache-aside: `cache.get_or_load` where it is read, `cache.invalidate` after the commit.
//!
//! ## Options
//!
//! - `[class.NAME] pattern` is `"cache-aside"`, `"write-through"` or `"write-behind"`; a class without one is not judged.
//! - `[class.NAME] tables` names the tables whose rows the keys hold.
//!
//! ## References
//!
//! - `cache-patterns`, guide "Patterns"

use super::copies::{self, Copy};
use super::demand::Demand;
use super::flow;
use super::report::{self, label};
use super::usage::Usage;
use super::write_through::{Changes, drops, stores_copy};
use super::{Category, Context, Meta, Rule, code, cure, docs};
use crate::finding::{Confidence, Finding, Level};
use crate::inventory::event::walk;
use crate::inventory::{DatabaseEvent, Effect, Event, Operation};
use crate::policy::CachePattern;

const SOURCE: &str = include_str!("wrong_pattern.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "wrong-pattern",
    summary: "a key is kept in another way than the pattern of its class says",
    level: Level::Warning,
    category: Category::Policy,
    confidence: Confidence::Likely,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct WrongPattern;

impl Rule for WrongPattern {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let usage = Usage::new(context.inventory);
        let copies = copies::copies(context);
        let mut shapes: Vec<_> = usage.shapes().collect();
        shapes.sort_unstable_by_key(|(shape, _)| *shape);
        for (_, users) in shapes {
            let Some(first) = users.first() else { continue };
            let demand = Demand::of(context.policy, first);
            match demand.pattern().filter(|_| !demand.is_store()) {
                Some(CachePattern::CacheAside) => {
                    for op in users.iter().copied().filter(|op| stores_copy(op)) {
                        if let Some(change) = (Changes { context, copies: &copies, op, guarded: true }).before() {
                            findings.push(set_on_write(demand, op, change));
                        }
                    }
                }
                Some(CachePattern::WriteThrough) => {
                    findings.extend(never_written(context, &copies, demand, users));
                }
                Some(CachePattern::ReadThrough | CachePattern::WriteBehind) | None => {}
            }
        }
    }
}

fn set_on_write(demand: Demand<'_>, op: &Operation, change: &DatabaseEvent) -> Finding {
    let mut finding = report::finding(&META, op);
    finding.message = format!("{} is declared cache-aside, but is set when its row is written", report::key(op));
    "set here; cache-aside deletes".clone_into(&mut finding.primary_label);
    finding.help = format!(
        "delete the copy after the commit: {} of `cache-patterns`, or declare `pattern = \"write-through\"` for class {}",
        cure::invalidate(op),
        code(demand.name())
    );
    finding.labels.push(label(change.place, "the row is written here"));
    finding.labels.extend(demand.pattern_label());
    finding
}

/// A key that is declared write-through and that no writer of its row ever sets.
fn never_written(
    context: Context<'_>,
    copies: &[Copy<'_>],
    demand: Demand<'_>,
    users: &[&Operation],
) -> Option<Finding> {
    let stores: Vec<&Operation> = users.iter().copied().filter(|op| op.sent && !op.test && op.creates()).collect();
    let scripted = users.iter().any(|op| op.effect == Effect::Script);
    if scripted || stores.iter().any(|op| !fills(context, op)) {
        return None;
    }
    let dropped = users.iter().copied().find(|op| drops(op));
    let filled = stores.first().copied();
    // A key that is only read here is written by somebody else.
    let at = dropped.or(filled)?;
    if filled.is_none() || (dropped.is_none() && !is_written(context, copies, at)) {
        return None;
    }
    let mut finding = report::finding(&META, at);
    let key = report::key(at);
    let (done, here) = match dropped {
        Some(_) => ("only deleted when its row is written", "deleted here"),
        None => ("only filled on a miss", "filled here after a miss"),
    };
    finding.message = format!("{key} is declared write-through, but is {done}");
    here.clone_into(&mut finding.primary_label);
    finding.help = format!(
        "write it with the row: `cache.write(&{}, |write| …)` of `cache-patterns`, or declare `pattern = \"cache-aside\"` \
         for class {}",
        cure::id(at),
        code(demand.name())
    );
    if dropped.is_some() {
        finding.labels.extend(filled.map(|fill| label(fill.place, "filled here after a miss")));
    }
    finding.labels.extend(demand.pattern_label());
    Some(finding)
}

/// Whether a statement of the program changes the rows of which the key holds copies.
fn is_written(context: Context<'_>, copies: &[Copy<'_>], op: &Operation) -> bool {
    let own = |copy: &&Copy<'_>| op.templates().any(|key| key.shape() == copy.shape);
    copies.iter().filter(own).any(|copy| {
        context.inventory.functions.iter().any(|function| {
            let mut written = copies::database(&function.events).into_iter().filter_map(copies::written);
            written.any(|access| copy.is_changed_by(access))
                && copies::in_one_program(context.workspace, function.place, op.place)
        })
    })
}

/// Whether every path to this write has missed the key before.
fn fills(context: Context<'_>, op: &Operation) -> bool {
    let inventory = context.inventory;
    let (mut filled, mut other) = (false, false);
    for function in inventory.functions.iter().filter(|function| function.function == op.function) {
        walk(&function.events, vec![false], &mut |event, missed| {
            Some(match event {
                Event::Miss(id) => {
                    missed || flow::operation(inventory, *id).is_some_and(|read| flow::same_key(read, op))
                }
                Event::Operation(id) if *id == op.id => {
                    filled |= missed;
                    other |= !missed;
                    missed
                }
                _ => missed,
            })
        });
    }
    filled && !other
}
