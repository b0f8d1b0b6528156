//! ## What it does
//!
//! Reports a key whose template does not match `keys.format` of the rule file: too few or too many segments, text where
//! an id belongs, an empty segment, characters that the format does not allow. It names the segment and shows the
//! repaired template. Once per key, where it is first written.
//!
//! Keys that are not known, that are wholly the caller's, channels, scripts, queues and lock names are left alone, and
//! so is what the rule file declares as a store or an exception.
//!
//! ## Why is this bad?
//!
//! The key is the only schema that a cache has. Keys that nobody agreed on collide between services on one server,
//! cannot be given a TTL or an access rule by pattern, cannot be counted by family when memory runs out, and are
//! forgotten by invalidation, because whoever writes it spells the key in another way.
//!
//! ## Example
//!
//! ```rust,ignore
//! let key = format!("profile_{user_id}");
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! let key = format!("user:profile:{user_id}");
//! ```
//!
//! The companion crate builds keys from `service`, `entity` and `id`, so that none can be spelled wrongly.
//!
//! ## Options
//!
//! - `[keys] format` is what a key must match, `{service}:{entity}:{id}` by default.
//! - `[keys] exceptions`, `[[exceptions]]` and `[class.NAME] store = true` exempt keys.
//!
//! ## References
//!
//! - Redis documentation: "Keys and values" (naming)

use super::demand::{self, Demand};
use super::report::{self, label};
use super::usage::Usage;
use super::{Category, Context, Meta, Rule, code, docs};
use crate::finding::{Confidence, Finding, Level};
use crate::inventory::{Effect, Operation, Purpose};

const SOURCE: &str = include_str!("key_format.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "key-format",
    summary: "a key does not have the agreed format",
    level: Level::Warning,
    category: Category::Policy,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct KeyFormat;

impl Rule for KeyFormat {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let usage = Usage::new(context.inventory);
        let mut shapes: Vec<_> = usage.shapes().collect();
        shapes.sort_unstable_by_key(|(shape, _)| *shape);
        for (shape, users) in shapes {
            let mut sites: Vec<_> =
                users.iter().copied().filter(|op| holds_data(op) && usage.chooses_key(op)).collect();
            // A write decides what the key is called; a key that is only read is judged at the read.
            // Of a part of a workspace the part's own sites come first: findings elsewhere are not shown.
            let elsewhere = |op: &Operation| context.workspace.file(op.place.file).is_some_and(|file| !file.selected);
            sites.sort_by_key(|op| (elsewhere(op), !op.creates(), op.id));
            let Some(&op) = sites.first() else { continue };
            let kept_out = |op: &&Operation| Demand::of(context.policy, op).is_store() || is_exempt(op.purpose);
            if sites.iter().any(kept_out) {
                continue;
            }
            let Some(template) = op.templates().find(|template| template.shape() == shape) else { continue };
            let Some(fault) = demand::key_fault(context.policy, op, template) else { continue };
            let mut finding = report::finding(&META, op);
            shape.clone_into(&mut finding.discriminator);
            finding.message = format!("the key {} {}", code(&template.to_string()), fault.message);
            "this key".clone_into(&mut finding.primary_label);
            finding.help = match &fault.repaired {
                Some(repaired) => format!("call it {}", code(repaired)),
                None => "bring it into the format, or declare the exception in the rule file".to_owned(),
            };
            finding.labels.extend(fault.place.map(|place| label(place, "the format that it breaks")));
            let uses = |op: &Operation| format!("`{}` of the same key", op.command);
            finding.labels.extend(report::sites(op, sites.iter().skip(1).copied(), uses));
            findings.push(finding);
        }
    }
}

/// Whether the operation's keys name data.
fn holds_data(op: &Operation) -> bool {
    !op.forwards_key
        && matches!(
            op.effect,
            Effect::Read
                | Effect::Write
                | Effect::Delete
                | Effect::Expire
                | Effect::Persist
                | Effect::Counter
                | Effect::CollectionWrite
                | Effect::CollectionRead
        )
}

fn is_exempt(purpose: Purpose) -> bool {
    matches!(purpose, Purpose::Lock | Purpose::Pubsub | Purpose::Queue | Purpose::Admin)
}
