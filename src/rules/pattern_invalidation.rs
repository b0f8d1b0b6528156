//! ## What it does
//!
//! Reports invalidation by pattern: keys that are found by `SCAN` or `KEYS` and then deleted in the same function or
//! script, and a delete whose key holds a `*`, which deletes nothing at all because `DEL` and `UNLINK` know no
//! patterns. A wrapper that scans and deletes is reported once, where it sends the commands; commands of
//! maintenance tools and tests are for the rule file's exceptions.
//!
//! ## Why is this bad?
//!
//! A scan visits every key of the database, whatever the pattern: the cost of one invalidation grows with everything
//! else that is stored, and on a cluster it has to go to every node. Keys that are written during the scan may or may
//! not be seen, so the copy that the scan was to remove can survive it. A `DEL` with a `*` is worse: it answers 0, no
//! error is raised, and the stale copies stay until their TTL ends.
//!
//! ## Example
//!
//! ```rust,ignore
//! let mut keys = con.scan_match::<_, String>(format!("shop:user:{id}:*")).await?;
//! while let Some(key) = keys.next_item().await {
//!     other.del::<_, ()>(key).await?;
//! }
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! // The generation is part of every key of the user: raising it makes them all unreachable, and their TTL removes them.
//! let generation: u64 = con.incr(format!("shop:user:{id}:generation"), 1).await?;
//! ```
//!
//! Or delete the keys by their names: `con.del(&[profile_key, orders_key])`; or keep the names in a set per user.
//!
//! ## Options
//!
//! None.
//!
//! ## References
//!
//! - Redis documentation: `SCAN` ("Scan guarantees"), `DEL`

use rustc_hash::FxHashMap;

use super::flow;
use super::report::{self, label};
use super::{Category, Context, Meta, Rule, docs};
use crate::finding::{Confidence, Finding, Level};
use crate::inventory::event::walk;
use crate::inventory::{Effect, Event, OpId, Operation};
use crate::template::{Piece, Template};

const SOURCE: &str = include_str!("pattern_invalidation.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "pattern-invalidation",
    summary: "keys are invalidated by a pattern",
    level: Level::Warning,
    category: Category::Cost,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct PatternInvalidation;

impl Rule for PatternInvalidation {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let inventory = context.inventory;
        findings.extend(inventory.operations.iter().filter_map(globbed));
        let mut found: FxHashMap<OpId, OpId> = FxHashMap::default();
        for function in &inventory.functions {
            walk(&function.events, vec![None::<OpId>], &mut |event, scanned| {
                let Event::Operation(id) = event else { return Some(scanned) };
                let Some(op) = flow::operation(inventory, *id).filter(|op| op.sent) else { return Some(scanned) };
                if is_scan(op) {
                    return Some(Some(op.id));
                }
                if let Some(scan) = scanned.filter(|_| deletes_found(op)) {
                    found.entry(scan).or_insert(op.id);
                }
                Some(scanned)
            });
        }
        let mut found: Vec<_> = found.into_iter().collect();
        found.sort_unstable();
        for (scan, delete) in found {
            let (scan, delete) = (flow::operation(inventory, scan), flow::operation(inventory, delete));
            // The call of a wrapper that does both is the wrapper's affair.
            if let (Some(scan), Some(delete)) = (scan, delete)
                && scan.wrapper.is_none()
                && scan.function == delete.function
            {
                findings.push(scanned(scan, delete));
            }
        }
        for op in inventory.operations.iter().filter(|op| op.wrapper.is_none() && in_script(op)) {
            let mut finding = report::finding(&META, op);
            "a script searches the whole keyspace for what to `DEL`".clone_into(&mut finding.message);
            "blocks the server meanwhile".clone_into(&mut finding.primary_label);
            help().clone_into(&mut finding.help);
            findings.push(finding);
        }
    }
}

fn is_scan(op: &Operation) -> bool {
    op.effect == Effect::Scan && matches!(op.command.as_str(), "SCAN" | "KEYS")
}

/// A delete of keys that are not spelled out, as those that a scan found are.
fn deletes_found(op: &Operation) -> bool {
    op.effect == Effect::Delete
        && matches!(op.command.as_str(), "DEL" | "UNLINK")
        && !op.templates().any(Template::has_literal)
}

fn in_script(op: &Operation) -> bool {
    let sends = |names: &[&str]| op.script_commands.iter().any(|command| names.contains(&command.as_str()));
    op.sent && sends(&["KEYS", "SCAN"]) && sends(&["DEL", "UNLINK"])
}

/// A delete with a `*` in the text of its key.
fn globbed(op: &Operation) -> Option<Finding> {
    let glob = |template: &&Template| {
        template.pieces().iter().any(|piece| matches!(piece, Piece::Text(text) if text.contains('*')))
    };
    let deletes = op.sent && matches!(op.command.as_str(), "DEL" | "UNLINK");
    let template = op.templates().find(glob).filter(|_| deletes)?;
    let mut finding = report::finding(&META, op);
    finding.message =
        format!("`{}` takes no patterns: {} deletes nothing", op.command, super::code(&template.to_string()));
    "the `*` is taken as it stands".clone_into(&mut finding.primary_label);
    help().clone_into(&mut finding.help);
    Some(finding)
}

fn scanned(scan: &Operation, delete: &Operation) -> Finding {
    let mut finding = report::finding(&META, scan);
    let of = if scan.keys.is_empty() { String::new() } else { format!(" by {}", report::key(scan)) };
    finding.message = format!("what to `{}` is searched{of} in the whole keyspace", delete.command);
    "visits every key of the database".clone_into(&mut finding.primary_label);
    help().clone_into(&mut finding.help);
    finding.labels.push(label(delete.place, "deleted here"));
    finding
}

fn help() -> &'static str {
    "delete the keys by their names, keep the names in a set, or put a generation into the keys and raise it with `INCR`"
}
