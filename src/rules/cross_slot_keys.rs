//! ## What it does
//!
//! Reports keys on a cluster connection that have to lie in one slot and do not: the keys of a command that takes several
//! and that no client splits (`RENAME`, `SUNIONSTORE`, `LMOVE`, `MSETNX`, a script with several keys), and those of one
//! `MULTI`. Keys whose hash tags are the same (`{user:7}:profile`, `{user:7}:orders`) are left alone; so are `MGET`,
//! `MSET`, `DEL`, `UNLINK`, `EXISTS` and `TOUCH`, which the clients split, and keys of which too little is known.
//!
//! ## Why is this bad?
//!
//! The server answers `CROSSSLOT Keys in request don't hash to the same slot`, each time. Against the single server of a
//! development machine the same code works, so that the first to see it is production.
//!
//! ## Example
//!
//! ```rust,ignore
//! redis::cmd("RENAME").arg(format!("shop:cart:{guest}")).arg(format!("shop:order:{id}")).query_async(&mut cluster).await?;
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! // Only what stands between the braces is hashed.
//! redis::cmd("RENAME").arg(format!("shop:{{{user}}}:cart")).arg(format!("shop:{{{user}}}:order")).query_async(&mut cluster).await?;
//! ```
//!
//! ## Options
//!
//! None.
//!
//! ## References
//!
//! - Redis documentation: "Redis cluster specification" ("Hash tags"), "Multi-key operations"

use rustc_hash::FxHashMap;

use super::{Category, Context, Meta, Rule, code, docs, report};
use crate::finding::{Confidence, Finding, Level};
use crate::inventory::Operation;
use crate::template::{Piece, Template};

const SOURCE: &str = include_str!("cross_slot_keys.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "cross-slot-keys",
    summary: "keys that have to share a slot of the cluster do not",
    level: Level::Warning,
    category: Category::Cost,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

/// Commands of several keys that go to one node as they are.
const TOGETHER: &[&str] = &[
    "MSETNX",
    "RENAME",
    "RENAMENX",
    "COPY",
    "SINTER",
    "SINTERSTORE",
    "SINTERCARD",
    "SUNION",
    "SUNIONSTORE",
    "SDIFF",
    "SDIFFSTORE",
    "SMOVE",
    "ZINTER",
    "ZINTERSTORE",
    "ZUNION",
    "ZUNIONSTORE",
    "ZDIFF",
    "ZDIFFSTORE",
    "ZRANGESTORE",
    "LMOVE",
    "BLMOVE",
    "RPOPLPUSH",
    "BRPOPLPUSH",
    "LMPOP",
    "PFMERGE",
    "PFCOUNT",
    "BITOP",
    "GEOSEARCHSTORE",
    "EVAL",
];

pub(super) struct CrossSlotKeys;

impl Rule for CrossSlotKeys {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let mut batches: FxHashMap<(&str, u32), Vec<&Operation>> = FxHashMap::default();
        for op in context.inventory.operations.iter().filter(|op| op.cluster && op.sent && op.wrapper.is_none()) {
            if let Some(batch) = op.batch.filter(|batch| batch.atomic == Some(true)) {
                batches.entry((&op.function, batch.batch)).or_default().push(op);
            } else if TOGETHER.contains(&op.command.as_str())
                && let Some((one, other)) = apart(op.templates())
            {
                let mut finding = report::finding(&META, op);
                finding.message =
                    format!("`{}` takes keys of several slots: {} and {}", op.command, show(one), show(other));
                "answered with CROSSSLOT".clone_into(&mut finding.primary_label);
                finding.help = help(one);
                findings.push(finding);
            }
        }
        let mut batches: Vec<_> = batches.into_values().collect();
        batches.sort_by_key(|ops| ops.first().map(|op| op.id));
        for ops in batches {
            let Some((one, other)) = apart(ops.iter().flat_map(|op| op.templates())) else { continue };
            let Some(second) = ops.iter().find(|op| op.templates().any(|template| template == other)) else { continue };
            let mut finding = report::finding(&META, second);
            finding.message = format!("one `MULTI` holds keys of several slots: {} and {}", show(one), show(other));
            "answered with CROSSSLOT".clone_into(&mut finding.primary_label);
            let first = ops.iter().find(|op| op.templates().any(|template| template == one));
            finding.labels.extend(first.map(|first| report::label(first.place, "the first key of the transaction")));
            finding.help = help(one);
            findings.push(finding);
        }
    }
}

/// Two keys that surely lie in different slots.
fn apart<'t>(templates: impl Iterator<Item = &'t Template>) -> Option<(&'t Template, &'t Template)> {
    let templates: Vec<&Template> = templates.collect();
    let (first, rest) = templates.split_first()?;
    let slot = hashed(first)?;
    rest.iter().find(|other| hashed(other).is_some_and(|hashed| hashed != slot)).map(|other| (*first, *other))
}

/// The part of a key that decides its slot; `None` where it is one hole, of which nothing is known.
fn hashed(template: &Template) -> Option<String> {
    let whole = template.to_string();
    // A hole's own braces are not there at run time: only those in literal text are.
    let mut inside = String::new();
    let mut depth = 0_u8;
    for piece in template.pieces() {
        match piece {
            Piece::Text(text) => {
                for c in text.chars() {
                    match (c, depth) {
                        ('{', 0) => depth = 1,
                        ('}', 1) if !inside.is_empty() => return told(&inside),
                        (c, 1) => inside.push(c),
                        _ => {}
                    }
                }
            }
            Piece::Hole(hole) if depth == 1 => {
                inside.push('<');
                inside.push_str(&hole.name);
                inside.push('>');
            }
            Piece::Hole(_) => {}
        }
    }
    if template.has_literal() { Some(whole) } else { None }
}

/// A tag of which the name is known.
fn told(tag: &str) -> Option<String> {
    (tag != "<>").then(|| format!("tag {tag}"))
}

fn show(template: &Template) -> String {
    code(&template.to_string()).into_owned()
}

fn help(template: &Template) -> String {
    let id = template.holes().last().map_or("id", |hole| hole.name.as_str());
    format!(
        "give the keys one hash tag, the part that they share in braces: `{{{{{{{id}}}}}}}` in `format!`, or send them one by one"
    )
}
