//! Changes of the sources that remove findings.
//!
//! A rule says what is wrong, by operations; what has to be written instead depends on how the call is written, and on
//! the client. So fixes are made after the findings: each kind has a file here, looks at the syntax around the finding
//! once more, and gives no fix where anything is not certain. How a client writes a TTL stands in its table
//! (`[with_ttl]` of `rules/clients/*.toml`).
//!
//! `apply` puts edits into texts, `rounds` does so until there is nothing left to fix, `tree` and `write` see to what is
//! on the disk. `docs/fixes.md` lists the kinds with an example each, which a test holds true.

mod answer;
mod apply;
mod at_call;
mod awaited;
mod expiry;
mod lifetime;
mod lock;
mod rounds;
mod scan;
mod site;
mod suppression;
mod syntax;
#[cfg(test)]
mod tests;
mod tree;
mod unit;
mod with_ttl;
mod write;

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::FxHashMap;

pub use apply::{Applied, apply, choose};
pub use rounds::{Change, Fixed, Instead, MOST_ROUNDS, Outcome, run};
pub use site::Ground;
pub use tree::{TreeError, check_tree};
pub use write::{WriteError, write};

use crate::facts::FileFacts;
use crate::facts::lower::{LowerOptions, lower_file};
use crate::finding::{FileId, Finding, Fix, Place};
use crate::inventory::Operation;
use site::Site;

/// Makes a fix, or knows none.
type Maker = for<'a> fn(&Site<'a>) -> Option<Fix>;

/// The rules that have fixes.
const MAKERS: [(&str, Maker); 10] = [
    ("dropped-future", awaited::fix),
    ("keys-command", scan::fix),
    ("lock-without-ttl", lock::fix),
    ("missing-ttl", with_ttl::fix),
    ("non-atomic-expiry", expiry::fix),
    ("suppression-duplicate", suppression::fix),
    ("suppression-expired", suppression::fix),
    ("suppression-unknown-rule", suppression::fix),
    ("suppression-unused", suppression::fix),
    ("ttl-unit-mismatch", unit::fix),
];

/// The rules that have fixes, sorted.
pub fn rules() -> impl Iterator<Item = &'static str> {
    MAKERS.iter().map(|(rule, _)| *rule)
}

/// The fixes of these findings, in their order. Parses each file again that needs one; recurses with its nesting.
#[must_use]
pub fn propose(ground: Ground<'_>, findings: &[Finding]) -> Vec<Option<Fix>> {
    let maker = |finding: &Finding| MAKERS.iter().find(|(rule, _)| *rule == finding.rule).map(|(_, maker)| *maker);
    if !findings.iter().any(|finding| maker(finding).is_some()) {
        return findings.iter().map(|_| None).collect();
    }
    let mut operations: FxHashMap<Place, Vec<&Operation>> = FxHashMap::default();
    for operation in &ground.inventory.operations {
        operations.entry(operation.place).or_default().push(operation);
    }
    let parsed: RefCell<FxHashMap<FileId, Option<Rc<FileFacts>>>> = RefCell::default();
    // It has passed the check of its depth when it was read.
    let read = |file| lower_file(ground.workspace.text(file), &LowerOptions::default()).ok().map(Rc::new);
    let facts_of = |file: FileId| parsed.borrow_mut().entry(file).or_insert_with(|| read(file)).clone();
    let fix = |finding: &Finding| {
        let maker = maker(finding)?;
        let file = finding.primary.file;
        let facts = facts_of(file)?;
        let text = ground.workspace.text(file);
        maker(&Site { ground, finding, all: findings, text, facts: &facts, operations: &operations, others: &facts_of })
    };
    findings.iter().map(fix).collect()
}
