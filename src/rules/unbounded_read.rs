//! ## What it does
//!
//! Reports a command that reads a whole collection (`SMEMBERS`, `HGETALL`, `HKEYS`, `HVALS`, `LRANGE 0 -1`, `ZRANGE 0 -1`,
//! `XRANGE - +`) which other code makes grow with ever new elements and which nothing keeps within bounds. A collection
//! under one fixed key collects for the whole program, and is reported unless something trims it; one for each id only
//! where nothing removes elements, deletes it, or gives it an expiry. A hash with the same few fields each time is an
//! object, and left alone.
//!
//! ## Why is this bad?
//!
//! The answer grows with the data. The server builds it while everyone else waits, the client holds it in memory at
//! once, and the day when it is too large comes without any change to the code. Half a million members make a reply of
//! tens of megabytes, for each caller.
//!
//! ## Example
//!
//! ```rust,ignore
//! con.sadd("shop:visitors:all", visitor).await?;
//! // elsewhere
//! let visitors: Vec<String> = con.smembers("shop:visitors:all").await?;
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! let mut visitors = con.sscan::<_, String>("shop:visitors:all").await?;
//! while let Some(visitor) = visitors.next_item().await { /* … */ }
//! ```
//!
//! Or ask for what is wanted (`SISMEMBER`, `HMGET`, `ZRANGE 0 99`), or keep it small with `LTRIM`, `ZREMRANGEBYRANK`,
//! `XADD … MAXLEN`.
//!
//! ## Options
//!
//! None.
//!
//! ## References
//!
//! - Redis documentation: `SMEMBERS`, `HGETALL` (complexity), `SSCAN`, `HSCAN`

use super::usage::{Usage, gives_ttl, is_fixed};
use super::{Category, Context, Meta, Rule, docs, report};
use crate::finding::{Confidence, Finding, Level};
use crate::inventory::{Effect, Operation};

const SOURCE: &str = include_str!("unbounded_read.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "unbounded-read",
    summary: "a collection that grows without bound is read whole",
    level: Level::Note,
    category: Category::Cost,
    confidence: Confidence::Likely,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct UnboundedRead;

impl Rule for UnboundedRead {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let usage = Usage::new(context.inventory);
        for op in &context.inventory.operations {
            if !(op.sent && op.collection.whole && usage.chooses_key(op)) {
                continue;
            }
            let users = usage.of(op);
            let Some(writer) = users.iter().find(|other| other.collection.grows && !other.test) else { continue };
            let trimmed = users
                .iter()
                .any(|other| other.collection.shrinks && (!is_fixed(op) || trims(other)) || takes_off(other));
            let ends = users
                .iter()
                .any(|other| other.effect == Effect::Delete || gives_ttl(other) || other.effect == Effect::Script);
            if trimmed || (ends && !is_fixed(op)) {
                continue;
            }
            findings.push(finding(op, writer));
        }
    }
}

/// Bounds the collection whatever was added, and does not only take one element out.
fn trims(op: &Operation) -> bool {
    matches!(
        op.command.as_str(),
        "LTRIM" | "XTRIM" | "XADD" | "ZREMRANGEBYRANK" | "ZREMRANGEBYSCORE" | "ZREMRANGEBYLEX" | "HEXPIRE" | "HPEXPIRE"
    )
}

/// A queue: what is added is taken out again by someone.
fn takes_off(op: &Operation) -> bool {
    op.command.contains("POP") || op.effect == Effect::Script
}

fn finding(op: &Operation, writer: &Operation) -> Finding {
    let mut finding = report::finding(&META, op);
    finding.message = format!("`{}` reads all of {}, which nothing keeps small", op.command, report::key(op));
    "the answer grows with the data".clone_into(&mut finding.primary_label);
    finding.labels.push(report::label(writer.place, format!("`{}` adds to it", writer.command)));
    finding.help = match op.command.as_str() {
        "SMEMBERS" => "walk it with `SSCAN`, or ask `SISMEMBER` for the members that are wanted",
        "HGETALL" | "HKEYS" | "HVALS" => "walk it with `HSCAN`, or read the fields that are wanted with `HMGET`",
        "LRANGE" => "read one page (`LRANGE 0 99`), and bound the list with `LTRIM` where it is pushed to",
        "XRANGE" => "read with `COUNT`, and bound the stream with `XADD … MAXLEN ~`",
        _ => "read one page (`ZRANGE 0 99`), and bound the set with `ZREMRANGEBYRANK` where it is added to",
    }
    .to_owned();
    finding
}
