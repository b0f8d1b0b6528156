//! One file: text in, facts out, syntax tree gone.

use std::collections::BTreeSet;
use std::str::FromStr as _;

use proc_macro2::TokenStream;
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use super::expand::MacroTable;
use super::spans::SpanMap;
use crate::facts::Name;
use crate::facts::item::{FileFacts, MacroDef};
use crate::text::Span;

/// What [`lower_file`] may be told.
#[derive(Debug, Clone, Copy, Default)]
pub struct LowerOptions<'a> {
    /// `macro_rules!` definitions of other files that this file may call. Its own definitions go before these, and
    /// among these the first one whose rules match is taken.
    pub macros: &'a [MacroDef],
    /// Leaves out statements, match arms, fields and parameters under `#[cfg(test)]`. Items are always kept: they
    /// carry the attribute.
    pub drop_tests: bool,
}

/// A file that is no Rust that `syn` knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("parse error: {message}")]
pub struct ParseFailure {
    /// What the parser expected; lower-case start, no final full stop.
    pub message: String,
    /// Byte offset in the file.
    pub offset: u32,
}

/// Parses `text` and takes its facts. All spans are byte offsets into `text`, a byte order mark and a shebang
/// included.
///
/// The parser recurses: text of unknown origin has to pass [`crate::source::check_depth`] before, and needs a thread with
/// a stack of [`crate::source::PARSE_STACK`].
///
/// # Errors
///
/// When the text does not parse, with the place.
pub fn lower_file(text: &str, options: &LowerOptions<'_>) -> Result<FileFacts, ParseFailure> {
    lower_text(text, options).map(|lowered| lowered.facts)
}

/// Facts, and what only the workspace wants to know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lowered {
    pub(super) facts: FileFacts,
    /// Names of macros that were called as if they were those of the standard library or of well-known crates, by a
    /// plain name that the file does not import from elsewhere. A definition in the same package would win.
    pub(super) assumed: BTreeSet<Name>,
}

/// Clears `proc_macro2`'s table of sources however the lowering ends.
struct ClearSpans;

impl Drop for ClearSpans {
    fn drop(&mut self) {
        proc_macro2::extra::invalidate_current_thread_spans();
    }
}

pub(crate) fn lower_text(text: &str, options: &LowerOptions<'_>) -> Result<Lowered, ParseFailure> {
    // Declared first, so dropped last: after every tree that holds spans.
    let _clear = ClearSpans;
    let prefix = prefix_len(text);
    let parsed = text.get(prefix..).unwrap_or("");
    let spans = SpanMap::new(parsed, prefix);
    let tokens = TokenStream::from_str(parsed).map_err(|error| ParseFailure {
        message: "unbalanced brackets or an unfinished literal".to_owned(),
        offset: Span::new(spans.offset(error.span().start()), 0).start,
    })?;
    let macros = MacroTable::new(options.macros, &tokens, parsed, &spans);
    let file: syn::File = syn::parse2(tokens).map_err(|error| failure(&error, &spans, text))?;
    let mut lowerer = Lowerer {
        spans,
        options: *options,
        macros,
        imported: foreign_imports(&file.items),
        unresolved: BTreeSet::new(),
        assumed: BTreeSet::new(),
    };
    let attributes = lowerer.attributes(&file.attrs);
    let items = lowerer.items(&file.items);
    let facts = FileFacts {
        items,
        attributes,
        macros: lowerer.macros.take_definitions(),
        unresolved_macros: lowerer.unresolved.into_iter().collect(),
    };
    Ok(Lowered { facts, assumed: lowerer.assumed })
}

/// The state while one file is lowered. The methods lie with the forms they lower.
pub(super) struct Lowerer<'a> {
    pub(super) spans: SpanMap<'a>,
    pub(super) options: LowerOptions<'a>,
    pub(super) macros: MacroTable<'a>,
    /// Names that a `use` at the top of the file takes from another crate.
    pub(super) imported: FxHashSet<Name>,
    pub(super) unresolved: BTreeSet<Name>,
    pub(super) assumed: BTreeSet<Name>,
}

/// Length of byte order mark and shebang line, by the rule of rustc: `#!` followed by `[` is an attribute.
fn prefix_len(text: &str) -> usize {
    const BOM: &str = "\u{feff}";
    let bom = if text.starts_with(BOM) { BOM.len() } else { 0 };
    let rest = text.get(bom..).unwrap_or("");
    match rest.strip_prefix("#!") {
        Some(after) if !skip_blank(after).starts_with('[') => bom + rest.find('\n').unwrap_or(rest.len()),
        _ => bom,
    }
}

/// Skips white space and comments.
fn skip_blank(mut text: &str) -> &str {
    loop {
        text = text.trim_start();
        if text.starts_with("//") {
            text = text.find('\n').and_then(|at| text.get(at..)).unwrap_or("");
        } else if text.starts_with("/*") {
            text = text.find("*/").and_then(|at| text.get(at + 2..)).unwrap_or("");
        } else {
            return text;
        }
    }
}

fn failure(error: &syn::Error, spans: &SpanMap<'_>, text: &str) -> ParseFailure {
    let message = error.to_string();
    // The end of the input has no place of its own: `syn` reports an empty span at the very start.
    let at_end = message.starts_with("unexpected end of input") && error.span().byte_range() == (0..0);
    let offset = if at_end { text.len() } else { spans.offset(error.span().start()) };
    ParseFailure { message, offset: Span::new(offset, 0).start }
}

/// Names that top-level `use` statements take from another crate.
fn foreign_imports(items: &[syn::Item]) -> FxHashSet<Name> {
    fn leaves(tree: &syn::UseTree, out: &mut FxHashSet<Name>) {
        match tree {
            syn::UseTree::Path(path) => leaves(&path.tree, out),
            syn::UseTree::Name(name) => drop(out.insert(super::name(&name.ident))),
            syn::UseTree::Rename(rename) => drop(out.insert(super::name(&rename.rename))),
            syn::UseTree::Glob(_) => {}
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| leaves(tree, out)),
        }
    }
    let mut out = FxHashSet::default();
    for item in items {
        if let syn::Item::Use(item) = item
            && let syn::UseTree::Path(path) = &item.tree
            && !["crate", "self", "super"].iter().any(|own| path.ident == own)
        {
            leaves(&item.tree, &mut out);
        }
    }
    out
}
