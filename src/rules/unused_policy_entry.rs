//! ## What it does
//!
//! Reports an entry of the project's own rule file that applies to nothing: a class none of whose key patterns matches
//! a key of the code, an exception for keys that are not there, a secret type or a value of `[values]` whose name nothing
//! has, a client or store of a package that is not used, a value that the code contradicts. Only runs over a whole
//! workspace report it: where some files were named, the others may well use the entry.
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
use crate::finding::{Confidence, Finding, Level, Place};
use crate::policy::{Seen, UnusedEntry};

const SOURCE: &str = include_str!("unused_policy_entry.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "unused-policy-entry",
    summary: "an entry of the rule file matches nothing in the code",
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
        let types: Vec<&str> = context.inventory.types.iter().map(String::as_str).collect();
        let fields: Vec<&str> = context.inventory.fields.iter().map(String::as_str).collect();
        let packages = context.workspace.packages.iter();
        let packages: Vec<&str> =
            packages.flat_map(|package| &package.dependencies).map(|used| &*used.package).collect();
        // Of loose files, without manifests, nobody knows what they depend on; nor of a world without types what there is.
        let seen = Seen {
            templates: &templates,
            values_used: Some(&context.inventory.declared),
            types: Some(&*types).filter(|names| !names.is_empty()),
            fields: Some(&*fields).filter(|names| !names.is_empty()),
            packages: Some(&*packages).filter(|names| !names.is_empty()),
            ..Seen::default()
        };
        for UnusedEntry { place, what, misses, help } in context.policy.unused_entries(&seen) {
            findings.push(finding(place, format!("{what} {misses}"), help, "matches nothing", what));
        }
        for (place, code) in &context.inventory.contradicted {
            let Some(value) = context.policy.values.iter().find(|value| value.place == *place) else { continue };
            let what = format!("the value of `{}`", value.path);
            let message = format!("{what} has no effect: the code says {code}");
            findings.push(finding(
                *place,
                message,
                "remove the entry, or correct the code",
                "the code says otherwise",
                what,
            ));
        }
    }
}

fn finding(place: Place, message: String, help: &str, label: &str, discriminator: String) -> Finding {
    Finding {
        rule: META.id,
        level: META.level,
        confidence: META.confidence,
        message,
        help: help.to_owned(),
        primary: place,
        primary_label: label.to_owned(),
        function: String::new(),
        labels: Vec::new(),
        flow: Vec::new(),
        discriminator,
        fix: None,
    }
}
