//! ## What it does
//!
//! Reports a warm-up or bulk fill (a loop over rows that were just loaded, or a function called `warm_…`, `preload_…` and
//! the like) that gives every entry the same constant TTL, and one that starts a task with a load of its own for every
//! entry with nothing that limits how many run at once.
//!
//! Silent where the TTL has a random part, where a semaphore or a mutex limits the tasks, where the loop fills only what
//! was asked for and missed, and for data whose home is Redis.
//!
//! ## Why is this bad?
//!
//! What is filled together expires together. An hour after the deploy ten thousand entries are gone in the same second and
//! ten thousand loads hit a database that had been idle for an hour; so does the next hour, and the next. And a warm-up
//! that starts all loads at once is that same crowd, made by hand.
//!
//! ## Example
//!
//! ```rust,ignore
//! for product in db::all_products(&pool).await? {
//!     con.set_ex(format!("shop:product:{}", product.id), json(&product)?, 3_600).await?;
//! }
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! cache.warm::<Product, _, _, _>(ids, 200, |id| db::product(&pool, id)).await;
//! ```
//!
//! `cache.warm` of `cache-patterns` loads so many entries a second, fills only what is missing, and gives each the entity's
//! TTL with its jitter. By hand: add a random tenth to the TTL.
//!
//! ## Options
//!
//! - `[ttl] jitter` and `jitter` of a class say how much longer a TTL may be.
//! - `[class.NAME] store = true` declares keys whose only home is Redis.
//!
//! ## References
//!
//! - M. Nygard, "Release It!", 2nd edition, 2018, "Dogpile"
//! - AWS Builders' Library, "Caching challenges and strategies"

use super::bulk::{Bulk, Warm, bulks, constant_ttl};
use super::report::{self, duration, label};
use super::{Category, Context, Meta, Rule, code, cure, docs};
use crate::finding::{Confidence, Finding, Level};

const SOURCE: &str = include_str!("cold_start.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "cold-start",
    summary: "a bulk fill whose entries all expire together, or whose loads all run at once",
    level: Level::Note,
    category: Category::Resilience,
    confidence: Confidence::Likely,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct ColdStart;

impl Rule for ColdStart {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        for bulk in bulks(context) {
            findings.extend(together(&bulk));
            findings.extend(at_once(&bulk));
        }
    }
}

fn together(bulk: &Bulk<'_>) -> Option<Finding> {
    let (op, warm) = (bulk.op, bulk.warm_up?);
    let ms = constant_ttl(op)?;
    let mut finding = report::finding(&META, op);
    finding.message = format!("every entry of {} that this loop stores expires at the same moment", report::key(op));
    finding.primary_label = format!("{} for each", duration(ms));
    let seconds = (ms / 1000).max(1);
    finding.help = cure::or_companion(
        op,
        format!("add a random part to the TTL (`{seconds} + rand::random_range(0..{})`)", (seconds / 10).max(2)),
        &format!(", or fill with `cache.warm(ids, per_second, |{}| …)` of `cache-patterns`, which does", cure::id(op)),
    );
    match warm {
        Warm::Loaded(place) => finding.labels.push(label(place, "what is stored is loaded here, all of it")),
        Warm::Named(name) => finding.message += &format!(" ({} fills it)", code(name)),
    }
    Some(finding)
}

fn at_once(bulk: &Bulk<'_>) -> Option<Finding> {
    let load = bulk.unlimited?;
    let op = bulk.op;
    let mut finding = report::finding(&META, op);
    finding.message = format!("nothing limits how many loads of {} run at once", report::key(op));
    "stored by a task for each entry".clone_into(&mut finding.primary_label);
    finding.discriminator += " at once";
    finding.help = cure::or_companion(
        op,
        "take a permit of a `Semaphore` in each task".to_owned(),
        &format!(", or fill with `cache.warm(ids, per_second, |{}| …)` of `cache-patterns`", cure::id(op)),
    );
    finding.labels.push(label(load, "loaded here, by all tasks together"));
    Some(finding)
}
