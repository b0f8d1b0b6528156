//! ## What it does
//!
//! Reports text of a request (a path segment, a query parameter, a field of the body, a header) that is formatted into a
//! key as the caller sent it, in two cases: something is stored under the key; or another key can be reached, because
//! text follows the part or another template of the program goes on where this one ends. Numbers, ids and types of their
//! own are left alone, and so is text that was parsed, hashed, encoded, replaced in, cut, or looked at: its length or
//! characters, a `validate`, a `match` on the texts that are allowed, a body that derives `Validate`. All operations on a
//! key of one form make one finding.
//!
//! ## Why is this bad?
//!
//! The caller writes part of the key. With a `:` in the right place a name becomes another entity's key: a user called
//! `7:tips` reads and overwrites the tips of user 7. And as nobody bounds it, a script that asks for a million long
//! names leaves a million long keys, which push everything else out of memory.
//!
//! ## Example
//!
//! ```rust,ignore
//! async fn search(Query(query): Query<Search>) -> String {
//!     format!("shop:search:{}", query.text)
//! }
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! // Of any length and any characters, and still one short segment.
//! let key = format!("shop:search:{}", blake3::hash(query.text.trim().to_lowercase().as_bytes()).to_hex());
//! ```
//!
//! Or let a type say what it may be (`Slug`, `Uuid`, an enum). The ids of `cache-patterns` are escaped by themselves.
//!
//! ## Options
//!
//! None.
//!
//! ## References
//!
//! - CWE-20: improper input validation
//! - OWASP: Input Validation Cheat Sheet

use std::collections::BTreeMap;

use super::usage::Usage;
use super::{Category, Context, Meta, Rule, code, cure, docs, report};
use crate::finding::{Confidence, Finding, Level};
use crate::inventory::{Effect, Operation};
use crate::provenance::Provenance;
use crate::template::{Hole, Piece, Template};

const SOURCE: &str = include_str!("unsanitised_key_input.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "unsanitised-key-input",
    summary: "a request's text becomes part of a key as it is",
    level: Level::Warning,
    category: Category::Cost,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct UnsanitisedKeyInput;

impl Rule for UnsanitisedKeyInput {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let usage = Usage::new(context.inventory);
        // One cure helps every operation on a key of one form: it is reported once.
        let mut forms: BTreeMap<String, Vec<Site<'_>>> = BTreeMap::new();
        for op in context.inventory.operations.iter().filter(|op| op.sent && usage.chooses_key(op)) {
            if matches!(op.effect, Effect::Publish | Effect::Subscribe | Effect::Scan) {
                continue;
            }
            let Some((template, at)) = op.templates().find_map(received) else { continue };
            let other = reachable(&usage, template, at);
            if op.creates() || other.is_some() {
                forms.entry(template.shape()).or_default().push(Site { op, template, other });
            }
        }
        for (shape, mut sites) in forms {
            // What stores under the key tells most. Of a part of a workspace only the part's own findings are shown.
            let elsewhere = |op: &Operation| context.workspace.file(op.place.file).is_some_and(|file| !file.selected);
            sites.sort_by_key(|site| (elsewhere(site.op), !site.op.creates(), site.op.id));
            if let Some((site, others)) = sites.split_first() {
                let mut finding = site.finding();
                finding.discriminator = shape;
                let others = others.iter().map(|site| site.op);
                finding.labels.extend(report::sites(site.op, others, |op| format!("`{}` of the same key", op.command)));
                findings.push(finding);
            }
        }
    }
}

/// An operation on a key that a request's text is part of.
struct Site<'a> {
    op: &'a Operation,
    template: &'a Template,
    /// Another key that the text may lead to.
    other: Option<String>,
}

/// A key of which a part is a request's text, and which part is the first.
fn received(template: &Template) -> Option<(&Template, usize)> {
    let from_request = |piece: &Piece| matches!(piece, Piece::Hole(hole) if is_text_of_request(hole));
    let at = template.pieces().iter().position(from_request).filter(|_| template.has_literal())?;
    Some((template, at))
}

fn is_text_of_request(hole: &Hole) -> bool {
    let is_text = hole.ty.as_deref().is_some_and(|ty| {
        matches!(ty, "str" | "String" | "Option<String>" | "Cow<str>" | "Vec<String>" | "[String]" | "Option<str>")
    });
    is_text && hole.provenance.has(Provenance::REQUEST)
}

/// Another key that the right text leads to: this one's own rest is shifted, or another template goes on.
fn reachable(usage: &Usage<'_>, template: &Template, at: usize) -> Option<String> {
    if at + 1 < template.pieces().len() {
        return Some(template.to_string());
    }
    let shape = template.shape();
    let mut longer: Vec<&str> = usage.shapes().map(|(other, _)| other).filter(|other| goes_on(&shape, other)).collect();
    longer.sort_unstable();
    longer.first().map(|&other| other.to_owned())
}

/// Whether `other` is `shape` with something behind it, or with text where `shape` has its last hole.
fn goes_on(shape: &str, other: &str) -> bool {
    let Some(front) = shape.strip_suffix("{}") else { return false };
    other != shape
        && other.strip_prefix(front).is_some_and(|rest| !rest.is_empty() && rest != "{}" && rest.contains(':'))
}

impl Site<'_> {
    fn finding(&self) -> Finding {
        let op = self.op;
        let mut finding = report::finding(&META, op);
        let mut names: Vec<_> =
            self.template.holes().filter(|hole| is_text_of_request(hole)).map(|hole| code(&hole.name)).collect();
        names.dedup();
        let all = report::listed(&names);
        let (comes, sanitise) = match names.len() {
            1 => (
                "comes from the request as it is, and becomes part",
                format!("hash {all} or encode it, or give it a type that says what it may be"),
            ),
            _ => (
                "come from the request as they are, and become parts",
                format!("hash {all} or encode them, or give them types that say what they may be"),
            ),
        };
        finding.message = format!("{all} {comes} of {}", report::key(op));
        let name = names.first().map_or("", AsRef::as_ref);
        finding.primary_label = match self.other.as_deref() {
            Some(other) if Some(other) != op.template().map(Template::to_string).as_deref() => {
                format!("a `:` in {name} leads to keys such as {}", code(other))
            }
            Some(_) => format!("a `:` in {name} shifts what follows"),
            None => format!("any text of any length in {name} makes a new key"),
        };
        finding.help = cure::or_companion(op, sanitise, "; the ids of `cache-patterns` are escaped");
        finding
    }
}
