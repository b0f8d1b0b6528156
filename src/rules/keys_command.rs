//! ## What it does
//!
//! Reports `KEYS`, also inside scripts. A wrapper around it is reported once, where it sends the command.
//!
//! ## Why is this bad?
//!
//! `KEYS` walks every key of the database in one step, and the server does nothing else meanwhile. With ten million
//! keys that is seconds in which every other client times out; the requests that time out then ask the database
//! behind the cache. It goes unnoticed in development, where there are a hundred keys.
//!
//! ## Example
//!
//! ```rust,ignore
//! let keys: Vec<String> = con.keys("session:*").await?;
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! let mut keys = con.scan_match::<_, String>("session:*").await?;
//! while let Some(key) = keys.next_item().await {
//!     // …
//! }
//! ```
//!
//! `SCAN` visits the same keys in small steps. To find entries often, keep their names in a set, or put a generation
//! into the key and raise it in place of deleting.
//!
//! ## Options
//!
//! None.
//!
//! ## References
//!
//! - Redis documentation: `KEYS`, `SCAN`

use super::report;
use super::{Category, Context, Meta, Rule, code, cure, docs};
use crate::finding::{Confidence, Finding, Level};
use crate::inventory::{Operation, Via};

const SOURCE: &str = include_str!("keys_command.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "keys-command",
    summary: "KEYS walks the whole keyspace and blocks the server",
    level: Level::Error,
    category: Category::Cost,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct KeysCommand;

impl Rule for KeysCommand {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        for op in context.inventory.operations.iter().filter(|op| op.sent && op.wrapper.is_none()) {
            let in_script = op.script_commands.iter().any(|command| command == "KEYS");
            if op.command != "KEYS" && !in_script {
                continue;
            }
            let mut finding = report::finding(&META, op);
            let place = if in_script { " in a script" } else { "" };
            finding.message = format!("`KEYS`{place} walks the whole keyspace while every other client waits");
            "blocks the server".clone_into(&mut finding.primary_label);
            finding.help = help(context, op, in_script);
            findings.push(finding);
        }
    }
}

fn help(context: Context<'_>, op: &Operation, in_script: bool) -> String {
    let cure::Parts { receiver, key, .. } = cure::Parts::of(context, op);
    let pattern = if key == "key" { "pattern" } else { key };
    if in_script {
        return "keep the names in a set and read that with `SMEMBERS`, or scan outside the script".to_owned();
    }
    let scan = match op.client.as_str() {
        client if client.contains("fred") => format!("{receiver}.scan({pattern}, Some(100), None)"),
        _ if op.via == Via::Command => format!("cmd(\"SCAN\").cursor_arg(0).arg(\"MATCH\").arg({pattern})"),
        client if client == "redis" || client.contains("glide") => {
            format!("{receiver}.scan_match::<_, String>({pattern})")
        }
        _ => "SCAN".to_owned(),
    };
    format!("walk in steps with {}, or keep the names in a set", code(&scan))
}
