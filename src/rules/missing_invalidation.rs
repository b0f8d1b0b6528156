//! ## What it does
//!
//! Reports a statement that changes or removes rows of a table of which a cached key holds copies, when neither the
//! function nor any function that calls it deletes, overwrites or announces that key. What a key is a copy of is told by
//! what a miss loads before it stores the key, also through wrappers and in other packages, and by `tables` of its class.
//!
//! A write in a part of a `WITH` and in a second statement of one text counts like any other. Of a joined table counts what
//! an SQL text selects: `p.name` of `products p`, not a table that is only asked in `ON`, `WHERE`, `EXISTS` or `IN`.
//!
//! An update of columns that the load does not read, and a new row where the key names another one, change no copy; a table
//! of the same name in a package with which the key's shares no program is another table. A deletion by pattern, a counter
//! that serves as a generation, a message, a script and a call that cannot be followed but is named like an invalidation
//! all count as cures. Copies that live for a minute at most, sums and counts, what is put together from more than two
//! statements, and what something remote made of the rows are left to their TTL.
//!
//! ## Why is this bad?
//!
//! The database has the new row and every reader gets the old one until the TTL ends: a price that was corrected is still
//! charged, a user who was locked out still gets in. It shows only where a read fell between two writes, so tests pass.
//!
//! ## Example
//!
//! ```rust,ignore
//! sqlx::query("UPDATE users SET name = $1 WHERE id = $2").bind(name).bind(id).execute(&pool).await?;
//! // … and elsewhere: GET user:{id}, on a miss SELECT … FROM users, SETEX user:{id}
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! sqlx::query("UPDATE users SET name = $1 WHERE id = $2").bind(name).bind(id).execute(&pool).await?;
//! cache.invalidate::<User>(&id).await?;
//! ```
//!
//! Delete after the commit, never before. `cache.write(&id, |w| …)` of `cache-patterns` joins the two.
//!
//! ## Options
//!
//! - `[class.NAME] tables` declares the tables of which the keys of a class hold copies.
//! - `[class.NAME] pattern = "write-behind"` declares that the cache is written first.
//! - `[class.NAME] store = true` declares keys whose only home is Redis.
//!
//! ## References
//!
//! - R. Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013, section 3.2.1

use rustc_hash::FxHashSet;

use super::copies::{self, Callers, Copy};
use super::report::{self, label};
use super::{Category, Context, Meta, Rule, code, cure, docs, way};
use crate::facts::Name;
use crate::finding::{Confidence, FileId, Finding, Level, Place};
use crate::inventory::{DatabaseEvent, FunctionEvents, Operation, TtlKind};
use crate::stores::{Write, same_table};

const SOURCE: &str = include_str!("missing_invalidation.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "missing-invalidation",
    summary: "rows are changed and their cached copies stay",
    level: Level::Warning,
    category: Category::Correctness,
    confidence: Confidence::Likely,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

/// Copies that live no longer than this are left to their TTL, in seconds.
const SHORT_LIVED: i128 = 60;

pub(super) struct MissingInvalidation;

impl Rule for MissingInvalidation {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let mut copies = copies::copies(context);
        copies.retain(|copy| !copy.load.aggregate && !is_short_lived(copy));
        if copies.is_empty() {
            return;
        }
        let callers = Callers::new(context.inventory);
        let mut seen: FxHashSet<(Place, &str)> = FxHashSet::default();
        for function in &context.inventory.functions {
            for event in copies::database(&function.events) {
                let Some(access) = copies::written(event) else { continue };
                for (copy, change) in copies.iter().filter_map(|copy| Some((copy, copy.change(access)?))) {
                    if copies::in_one_program(context.workspace, event.place, copy.op.place)
                        && seen.insert((event.place, &copy.shape))
                    {
                        findings.extend(judge(context, &callers, event, change, copy));
                    }
                }
            }
        }
    }
}

fn is_short_lived(copy: &Copy<'_>) -> bool {
    matches!(copy.op.ttl.kind, TtlKind::Constant(ms) if (0..=SHORT_LIVED * 1000).contains(&ms))
}

/// The finding for one statement and one copy: at the statement when nobody cures it, at the call of the one that does
/// not when others do.
fn judge(
    context: Context<'_>,
    callers: &Callers<'_>,
    event: &DatabaseEvent,
    change: &Write,
    copy: &Copy<'_>,
) -> Option<Finding> {
    let inventory = context.inventory;
    let holds =
        |function: &&FunctionEvents| copies::database(&function.events).iter().any(|one| one.place == event.place);
    let around: Vec<&FunctionEvents> = inventory.functions.iter().filter(holds).collect();
    let entries = around.iter().filter(|function| !callers.has(&function.function));
    let (cured, open): (Vec<&FunctionEvents>, Vec<&FunctionEvents>) =
        entries.partition(|function| copies::renewed(inventory, &function.events, &copy.shape));
    // A command that is never sent is the business of another rule.
    let meant = |op: &Operation| !op.sent && around.iter().any(|one| one.function == op.function);
    if inventory.operations.iter().any(|op| meant(op) && copies::renews_by(op, &copy.shape)) {
        return None;
    }
    let open = open.into_iter().find(|function| !function.test && !is_called_unseen(context, function, copy))?;
    let inner = around.iter().filter(|function| way::to_database(function, event.place).is_empty());
    let own = inner.min_by_key(|function| function.function.len()).copied().unwrap_or(open);
    // Where another way is cured, the fault is the call that is not.
    let (at, function) = match way::to_database(open, event.place).first() {
        Some(call) if !cured.is_empty() => (call.place, open),
        _ => (event.place, own),
    };
    let table = change.table.as_str();
    let key = report::key(copy.op);
    let done = change.verb.done();
    let mut finding = report::finding(&META, copy.op);
    finding.confidence = Confidence::Likely;
    finding.primary = at;
    finding.function.clone_from(&function.function);
    finding.discriminator = format!("{} {}", copy.shape, table);
    finding.message = format!("{key} keeps the old copy when {} is {done}", code(table));
    finding.primary_label = format!("{} is {done} here, and nothing deletes {key}", code(table));
    finding.help = format!(
        "delete the copy after the commit: {} of `cache-patterns`, or write it with `cache.write(&{}, |w| …)`",
        cure::invalidate(copy.op),
        cure::id(copy.op),
    );
    let from = copy.load.reads.iter().find(|read| same_table(read, table)).map_or(copy.table(), Name::as_str);
    let filled = copy.loaded.map(|at| label(at, format!("{key} is filled from {} here", code(from))));
    let stored = label(copy.op.place, "the copy is stored here");
    finding.flow = filled.iter().cloned().chain([stored.clone()]).collect();
    if at != event.place {
        let statement = label(event.place, format!("the statement on {}", code(table)));
        finding.flow.extend([label(at, "called here"), statement.clone()]);
        finding.labels.push(statement);
    } else {
        finding.flow.push(label(at, finding.primary_label.clone()));
    }
    finding.labels.extend(filled);
    finding.labels.push(stored);
    Some(finding)
}

/// Whether a file that renews the copy may call the function in a way that could not be followed.
fn is_called_unseen(context: Context<'_>, function: &FunctionEvents, copy: &Copy<'_>) -> bool {
    let mut path = function.function.rsplit("::");
    let (name, owner) = (path.next().unwrap_or(""), path.next().unwrap_or(""));
    let method = owner.starts_with(char::is_uppercase);
    let call = if method { format!(".{name}(") } else { format!("{owner}::{name}(") };
    let renews = |at| {
        let functions = context.inventory.functions.iter().filter(|one| one.place.file == at && !one.test);
        let functions = functions.filter(|one| copies::in_one_program(context.workspace, one.place, function.place));
        functions.into_iter().any(|one| {
            one.function != function.function && copies::renewed(context.inventory, &one.events, &copy.shape)
        })
    };
    context.workspace.files.iter().enumerate().any(|(at, file)| {
        file.content.as_ref().is_some_and(|content| content.text.contains(&call))
            && renews(FileId(u32::try_from(at).unwrap_or(u32::MAX)))
    })
}
