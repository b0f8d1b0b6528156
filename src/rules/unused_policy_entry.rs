//! ## What it does
//!
//! Reports an entry of the project's own rule file that applies to nothing: a class none of whose key patterns matches
//! a key of the code, an exception for keys that are not there. Only runs over a whole workspace report it: where some
//! files were named, the others may well use the entry.
//!
//! ## Why is this bad?
//!
//! Most often it is a slip of the pen in a pattern, and the demand that it states is checked nowhere. Otherwise it is
//! left over from code that is gone, and lets the next key of that name through unseen.
//!
//! ## Example
//!
//! ```toml
//! [class.profile]
//! keys = ["*:profle:**"]
//! ttl = "15m"
//! ```
//!
//! ## Use instead
//!
//! ```toml
//! [class.profile]
//! keys = ["*:profile:**"]
//! ttl = "15m"
//! ```
//!
//! ## Options
//!
//! None.
//!
//! ## References
//!
//! - `cache-lint inventory --by-key`: the keys of the code

use super::{Category, Context, Meta, Rule, docs};
use crate::finding::{Confidence, Finding, Level};

const SOURCE: &str = include_str!("unused_policy_entry.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "unused-policy-entry",
    summary: "an entry of the rule file matches no key of the code",
    level: Level::Warning,
    category: Category::Run,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct UnusedPolicyEntry;

impl Rule for UnusedPolicyEntry {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        // What was not looked at may use the entry, and without any key nothing is known of what the code does.
        let partial = context.workspace.files.iter().any(|file| !file.selected);
        let templates: Vec<_> = context.inventory.operations.iter().flat_map(|op| op.templates()).collect();
        if partial || templates.is_empty() {
            return;
        }
        for entry in context.policy.unused(&templates) {
            findings.push(Finding {
                rule: META.id,
                level: META.level,
                confidence: META.confidence,
                message: format!("{} matches no key of the code", entry.what),
                help: "correct the pattern, or remove the entry".to_owned(),
                primary: entry.place,
                primary_label: "matches nothing".to_owned(),
                function: String::new(),
                labels: Vec::new(),
                flow: Vec::new(),
                discriminator: entry.what,
                fix: None,
            });
        }
    }
}
