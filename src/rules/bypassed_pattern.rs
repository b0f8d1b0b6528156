//! ## What it does
//!
//! Reports a command that a client sends itself on a key of a class for which the rule file says that only the companion
//! crate may: `only-patterns = true`. Calls of `cache-patterns` and commands in tests are left alone.
//!
//! This rule is off until it is given a level, and says nothing without such a class: what is forbidden is for the
//! project to say.
//!
//! ## Why is this bad?
//!
//! The companion crate keeps promises that hold only if everyone goes through it: a plain `SET` beside it takes no fence,
//! so that a slow writer can put an old row over a new one; a plain `DEL` tells no other server; and a plain value under
//! its key has no envelope, and is a miss for everybody else.
//!
//! ## Example
//!
//! ```toml
//! [class.profile]
//! keys = ["*:profile:**"]
//! only-patterns = true
//!
//! [levels]
//! bypassed-pattern = "error"
//! ```
//!
//! ```rust,ignore
//! con.del(format!("shop:v1:profile:{id}")).await?;
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! cache.invalidate::<Profile>(&id).await?;
//! ```
//!
//! ## Options
//!
//! `only-patterns` of a class: keys of the class belong to `cache-patterns`.
//!
//! ## References
//!
//! - `cache-patterns`: the page "Guarantees" of its guide

use super::{Category, Context, Meta, Rule, cure, docs, report};
use crate::finding::{Confidence, Finding, Level};
use crate::inventory::{Effect, Operation};

const SOURCE: &str = include_str!("bypassed_pattern.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "bypassed-pattern",
    summary: "a command goes around the pattern that its class demands",
    level: Level::Off,
    category: Category::Policy,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct BypassedPattern;

impl Rule for BypassedPattern {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        for op in
            context.inventory.operations.iter().filter(|op| op.sent && !report::is_companion(op) && !op.forwards_key)
        {
            if matches!(op.effect, Effect::Publish | Effect::Subscribe | Effect::Scan) {
                continue;
            }
            let class = op.templates().find_map(|template| context.policy.class_of(template));
            let Some((class, demanded)) = class.and_then(|class| Some((class, class.only_patterns.as_ref()?))) else {
                continue;
            };
            if !demanded.value {
                continue;
            }
            let mut finding = report::finding(&META, op);
            finding.message = format!(
                "`{}` goes around `cache-patterns`, to which keys of class `{}` belong",
                op.command, class.name
            );
            format!("sent by `{}` itself", op.client).clone_into(&mut finding.primary_label);
            finding.labels.extend(demanded.place.map(|place| report::label(place, "demanded here")));
            finding.help = format!("write {}", instead(op));
            findings.push(finding);
        }
    }
}

fn instead(op: &Operation) -> String {
    match op.effect {
        Effect::Read | Effect::CollectionRead => cure::get_or_load(op, ""),
        Effect::Delete | Effect::Expire => cure::invalidate(op),
        _ => format!("`cache.write(&{}, …)`", cure::id(op)),
    }
}
