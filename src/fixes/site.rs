//! One finding with all that a fix may look at: its file, the operations, the client's tables.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::syntax::{Around, Call};
use crate::clients::{Catalogue, ClientId};
use crate::facts::{FileFacts, ItemKind, UseLeaf};
use crate::finding::{Edit, FileId, Finding, Fix, Place, Safety};
use crate::inventory::{Effect, Inventory, Operation, TtlKind};
use crate::policy::Policy;
use crate::source::{Package, Workspace};
use crate::suppress::FileDirectives;
use crate::text::Span;

/// What all fixes of a run may look at.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// The files.
    pub workspace: &'a Workspace,
    /// The operations.
    pub inventory: &'a Inventory,
    /// The rule file.
    pub policy: &'a Policy,
    /// What calls of clients mean.
    pub catalogue: &'a Catalogue,
    /// The suppression comments.
    pub directives: &'a [FileDirectives],
}

/// A finding and its file.
pub(super) struct Site<'a> {
    pub(super) ground: Ground<'a>,
    pub(super) finding: &'a Finding,
    /// Everything that was found, suppressed or not.
    pub(super) all: &'a [Finding],
    pub(super) text: &'a str,
    pub(super) facts: &'a FileFacts,
    pub(super) operations: &'a FxHashMap<Place, Vec<&'a Operation>>,
    /// What another file says.
    pub(super) others: &'a dyn Fn(FileId) -> Option<Rc<FileFacts>>,
}

impl<'a> Site<'a> {
    pub(super) fn file(&self) -> FileId {
        self.finding.primary.file
    }

    pub(super) fn package(&self) -> Option<&'a Package> {
        let file = self.ground.workspace.file(self.file())?;
        self.ground.workspace.package(file.package)
    }

    /// The only operation at a place.
    pub(super) fn operation(&self, place: Place) -> Option<&'a Operation> {
        match self.operations.get(&place)?.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Operations of this effect on keys of the same shape as this operation's, itself left out.
    pub(super) fn others(&self, op: &Operation, effect: Effect) -> bool {
        let shape = op.template().map(crate::template::Template::shape);
        let others =
            self.ground.inventory.operations.iter().filter(|other| other.id != op.id && other.effect == effect);
        shape.is_none_or(|shape| others.flat_map(Operation::templates).any(|key| key.shape() == shape))
    }

    /// The TTLs, in milliseconds, that other writes of the same key have, each once.
    pub(super) fn ttls_of_others(&self, op: &Operation) -> Vec<i128> {
        let Some(shape) = op.template().map(crate::template::Template::shape) else { return Vec::new() };
        let others = self.ground.inventory.with_shape(&shape).filter(|other| other.id != op.id && other.creates());
        let mut found: Vec<i128> = others
            .filter_map(|other| match other.ttl.kind {
                TtlKind::Constant(ms) if ms > 0 => Some(ms),
                _ => None,
            })
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    pub(super) fn around(&self, place: Span) -> Option<Around<'a>> {
        Around::of(self.facts, place)
    }

    /// The client of an operation, and its version in this package.
    pub(super) fn client(&self, op: &Operation) -> Option<(ClientId, Option<[u32; 3]>)> {
        let id = self.ground.catalogue.client_named(&op.client)?;
        let version = self.package().and_then(|package| {
            package.dependencies.iter().find_map(|dependency| {
                self.ground.catalogue.version_of(id, &dependency.package, dependency.version.as_deref()?)
            })
        });
        Some((id, version))
    }

    /// An item of a client, by its canonical path, as this file has to write it: `SetExpiry`, `redis::SetExpiry`,
    /// `deadpool_redis::redis::SetExpiry`.
    pub(super) fn path_of(&self, canonical: &str) -> Option<String> {
        let (library, rest) = canonical.split_once("::")?;
        let name = crate::link::ty::last_segment(canonical);
        let module = canonical.strip_suffix(name)?.trim_end_matches("::");
        let leaves: Vec<&UseLeaf> = self
            .facts
            .items
            .iter()
            .filter_map(|item| match &item.kind {
                ItemKind::Use(leaves) => Some(leaves),
                _ => None,
            })
            .flatten()
            .collect();
        // A name of the file's own scope says nothing inside a module of the file.
        if !self.in_inner_module() {
            let holds = |leaf: &UseLeaf| leaf.path.iter().any(|part| part == library);
            if let Some(leaf) = leaves
                .iter()
                .find(|leaf| !leaf.glob && holds(leaf) && leaf.path.last().is_some_and(|last| last == name))
            {
                return Some(leaf.name.to_string());
            }
            let written = |leaf: &UseLeaf| leaf.path.join("::");
            let globs = leaves.iter().filter(|leaf| leaf.glob).any(|leaf| written(leaf) == module);
            if globs && !self.declares(name) {
                return Some(name.to_owned());
            }
        }
        let package = self.package()?;
        let direct = package.dependencies.iter().find(|dependency| {
            self.ground.catalogue.lib_name(&dependency.package) == Some(library) && !dependency.dev_only
        });
        if let Some(dependency) = direct {
            return Some(format!("{}::{rest}", dependency.alias));
        }
        // Through the crate that brings it.
        leaves.iter().find_map(|leaf| {
            let at = leaf.path.iter().skip(1).position(|part| part == library)? + 1;
            Some(format!("{}::{rest}", leaf.path[..=at].join("::")))
        })
    }

    fn in_inner_module(&self) -> bool {
        self.facts.items.iter().any(|item| {
            matches!(&item.kind, ItemKind::Mod { items: Some(_), .. })
                && item.full_span.contains(self.finding.primary.span)
        })
    }

    fn declares(&self, name: &str) -> bool {
        self.facts.items.iter().any(|item| item.name == name)
    }

    pub(super) fn edit(&self, span: Span, text: impl Into<String>) -> Edit {
        Edit { place: Place { file: self.file(), span }, text: text.into() }
    }

    /// Puts a text in.
    pub(super) fn insert(&self, at: u32, text: impl Into<String>) -> Edit {
        self.edit(Span { start: at, end: at }, text)
    }

    /// Where an argument of a call ends, closing brackets around it included.
    pub(super) fn end_of_argument(&self, call: &Call<'_>, at: usize) -> Option<u32> {
        let end = call.args.get(at)?.span.end;
        let limit = call.args.get(at + 1).map_or(call.whole.span.end.checked_sub(1)?, |next| next.span.start);
        let between = Span { start: end, end: limit }.of(self.text);
        let closing = between.find(|c: char| c != ')' && !c.is_whitespace()).unwrap_or(between.len());
        let brackets = between.get(..closing)?.rfind(')').map_or(0, |at| at + 1);
        Some(end + u32::try_from(brackets).ok()?)
    }

    /// Puts a further argument behind the one at `at`, on a line of its own where that one has one.
    pub(super) fn insert_argument(&self, call: &Call<'_>, at: usize, text: &str) -> Option<Edit> {
        let start = call.args.get(at)?.span.start;
        Some(
            self.insert(self.end_of_argument(call, at)?, format!(",{}{text}", self.space_before(start).unwrap_or(" "))),
        )
    }

    /// The white space that the line of a place begins with.
    pub(super) fn indent_of_line(&self, at: u32) -> &'a str {
        let before = self.text.get(..at as usize).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        let code = line.find(|c: char| c != ' ' && c != '\t').unwrap_or(line.len());
        let start = before.len() - line.len();
        self.text.get(start..start + code).unwrap_or_default()
    }

    /// How the lines of the file end.
    pub(super) fn line_break(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }

    /// Line feed and indentation in front of a place, if nothing else stands there.
    pub(super) fn space_before(&self, at: u32) -> Option<&'a str> {
        let before = self.text.get(..at as usize)?;
        let space = before.get(before.trim_end_matches([' ', '\t', '\r', '\n']).len()..)?;
        let line = space.rfind('\n')?;
        let from = if space.get(..line)?.ends_with('\r') { line - 1 } else { line };
        space.get(from..)
    }
}

/// A fix that may be applied unseen.
pub(super) fn safe(message: impl Into<String>, edits: Vec<Edit>) -> Fix {
    Fix { safety: Safety::Safe, message: message.into(), edits }
}

/// A fix that somebody has to read.
pub(super) fn unsafe_(message: impl Into<String>, edits: Vec<Edit>) -> Fix {
    Fix { safety: Safety::Unsafe, message: message.into(), edits }
}

/// A number as it is written in source: `900`, `86_400`.
pub(super) fn number(value: i128) -> String {
    let digits = value.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push('_');
        }
        out.push(digit);
    }
    out
}
