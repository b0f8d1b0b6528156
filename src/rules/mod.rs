//! The rules: one file each. A rule reads the inventory and the policy and writes findings; it knows no syntax and no
//! output format.

use std::borrow::Cow;

use crate::finding::{Confidence, Finding, Level};
use crate::inventory::Inventory;
use crate::policy::Policy;
use crate::source::Workspace;

/// What a rule is, apart from its check.
#[derive(Debug, Clone, Copy)]
pub struct Meta {
    /// Kebab-case; reads as "allow NAME" and names the fault.
    pub id: &'static str,
    /// One sentence, lower-case start, no final full stop.
    pub summary: &'static str,
    /// The default level.
    pub level: Level,
    /// What kind of fault it finds.
    pub category: Category,
    /// The highest confidence that its findings reach.
    pub confidence: Confidence,
    /// The first version that has it.
    pub since: &'static str,
    /// The documentation page in Markdown, from the rule file's doc comment: what it does, why it is bad, example, use
    /// instead, options, references.
    pub docs: &'static str,
}

/// What kind of fault a rule finds; also a name for levels (`-W correctness`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// Keys and TTLs against the policy.
    Policy,
    /// Wrong or stale data.
    Correctness,
    /// Failure, cold start, monitoring.
    Resilience,
    /// Cost and safety of the server.
    Cost,
    /// The run itself: suppressions, rule file, unparsable files.
    Run,
}

/// What a rule may look at.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Operations and events.
    pub inventory: &'a Inventory,
    /// The rule file.
    pub policy: &'a Policy,
    /// The files, for names in messages.
    pub workspace: &'a Workspace,
}

/// A rule.
pub trait Rule: Sync {
    /// What it is.
    fn meta(&self) -> &'static Meta;
    /// Reports what it finds, in any order.
    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>);
}

/// Every rule, sorted by id.
pub static REGISTRY: &[&dyn Rule] = &[];

/// The rule with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static dyn Rule> {
    REGISTRY.iter().copied().find(|rule| rule.meta().id == id)
}

/// Something quoted in backticks, cut where it would fill the line.
#[must_use]
pub fn code(text: &str) -> Cow<'_, str> {
    const LIMIT: usize = 60;
    match text.char_indices().nth(LIMIT) {
        Some((cut, _)) => Cow::Owned(format!("`{}…`", &text[..cut])),
        None => Cow::Owned(format!("`{text}`")),
    }
}
