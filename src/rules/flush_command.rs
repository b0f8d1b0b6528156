//! ## What it does
//!
//! Reports `FLUSHALL` and `FLUSHDB`, also inside scripts. Test code is exempt, even where tests are linted.
//!
//! ## Why is this bad?
//!
//! It deletes what it did not write: sessions, locks, queues and the caches of every other service on that server.
//! After it, every read misses at once, and all of them reach the database in the same second. It is also one typing
//! error in a connection string away from the production server.
//!
//! ## Example
//!
//! ```rust,ignore
//! async fn clear(&self) -> Result<()> {
//!     redis::cmd("FLUSHDB").exec_async(&mut self.con.clone()).await
//! }
//! ```
//!
//! ## Use instead
//!
//! Raise the version in the key, which abandons all old entries at once and lets their TTL remove them, or delete the
//! keys of one family in steps:
//!
//! ```rust,ignore
//! let mut keys = con.scan_match::<_, String>("product:v3:*").await?;
//! ```
//!
//! ## Options
//!
//! None.
//!
//! ## References
//!
//! - Redis documentation: `FLUSHALL`, `FLUSHDB`, `UNLINK`

use super::report;
use super::{Category, Context, Meta, Rule, docs};
use crate::finding::{Confidence, Finding, Level};

const SOURCE: &str = include_str!("flush_command.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "flush-command",
    summary: "a whole database is deleted",
    level: Level::Error,
    category: Category::Cost,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct FlushCommand;

impl Rule for FlushCommand {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let flushes = |command: &str| matches!(command, "FLUSHALL" | "FLUSHDB");
        for op in context.inventory.operations.iter().filter(|op| op.sent && !op.test && op.wrapper.is_none()) {
            let in_script = op.script_commands.iter().find(|command| flushes(command));
            let Some(command) = Some(&op.command).filter(|command| flushes(command)).or(in_script) else { continue };
            let whose = if command == "FLUSHALL" { "every database of the server" } else { "the whole database" };
            let mut finding = report::finding(&META, op);
            finding.message = format!("`{command}` deletes {whose}, whoever wrote it");
            "everything misses after this".clone_into(&mut finding.primary_label);
            "raise the version in the keys so that old entries expire unread, or delete one family of keys by `SCAN` and \
             `UNLINK`"
                .clone_into(&mut finding.help);
            finding.discriminator.clone_from(command);
            findings.push(finding);
        }
    }
}
