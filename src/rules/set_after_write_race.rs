//! ## What it does
//!
//! Reports a plain `SET` of a cached copy after the statement that changed its row, where nothing makes two writers take
//! turns: no lock, no script that compares versions, no companion crate. What the key is a copy of is told by what a miss
//! loads, by `tables` of its class, or by the table's name in the key.
//!
//! A note, because it needs two writers of one row within a moment. Not reported: a fill after a miss, a new row, a
//! conditional write (`NX`, `XX`, `IFEQ`), and what stands behind a lock.
//!
//! ## Why is this bad?
//!
//! The database puts two commits in an order; nothing puts the two `SET`s in the same one. The writer that committed
//! first may be the one whose packet arrives last, and then the older value stays in the cache until its TTL ends: the
//! stock level of before the sale, the balance of before the payment.
//!
//! ## Example
//!
//! ```rust,ignore
//! sqlx::query("UPDATE stock SET left = $1 WHERE id = $2").bind(left).bind(id).execute(&pool).await?;
//! con.set_ex(format!("shop:stock:{id}"), left, 300).await?;
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! cache.write::<Stock, _, _>(&id, |write| async move {
//!     let row = db::take(&pool, id, quantity).await?;
//!     write.commit(row, tx.commit()).await
//! }).await?;
//! ```
//!
//! `cache.write` of `cache-patterns` stores a row only if it is newer than what is there. Without it: delete the copy after
//! the commit, or compare a version in a Lua script before the `SET`.
//!
//! ## Options
//!
//! - `[class.NAME] tables` declares the tables of which the keys of a class hold copies.
//! - `[guards] functions` names helpers of the project that let one writer in.
//!
//! ## References
//!
//! - R. Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013, section 3.2.1 (stale sets)

use super::copies;
use super::demand::Demand;
use super::report::{self, label};
use super::write_through::{Changes, stores_copy};
use super::{Category, Context, Meta, Rule, code, cure, docs};
use crate::finding::{Confidence, Finding, Level};
use crate::inventory::{Condition, DatabaseEvent, Operation};
use crate::stores::Write;

const SOURCE: &str = include_str!("set_after_write_race.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "set-after-write-race",
    summary: "two writers of a row can leave the older value in the cache",
    level: Level::Note,
    category: Category::Correctness,
    confidence: Confidence::Likely,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct SetAfterWriteRace;

impl Rule for SetAfterWriteRace {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let copies = copies::copies(context);
        for op in context.inventory.operations.iter().filter(|op| stores_copy(op)) {
            if op.condition != Condition::Always || Demand::of(context.policy, op).is_store() {
                continue;
            }
            let changes = Changes { context, copies: &copies, op, guarded: false };
            if let Some(change) = changes.before() {
                findings.push(describe(op, change, changes.change(change)));
            }
        }
    }
}

fn describe(op: &Operation, change: &DatabaseEvent, write: Option<&Write>) -> Finding {
    let mut finding = report::finding(&META, op);
    finding.message = format!("two writers can leave the older value in {}", report::key(op));
    "the writer that committed first may come last here".clone_into(&mut finding.primary_label);
    let invalidate = cure::invalidate(op);
    finding.help = format!(
        "write it with `cache.write(&{}, |write| …)` of `cache-patterns`, which keeps the newer row, or delete the copy \
         instead: {invalidate}",
        cure::id(op)
    );
    let changed = write.map_or_else(|| "the row".to_owned(), |write| code(&write.table).into_owned());
    finding.labels.push(label(change.place, format!("{changed} is changed here")));
    finding
}
