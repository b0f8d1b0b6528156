//! `macro_rules!` of the project: which definitions there are, and what a call of one stands for.
//!
//! Hygiene is left out: names that a definition binds itself are plain names in the expansion.

mod fragments;
mod levels;
mod matcher;
mod rules;
mod transcribe;

use std::rc::Rc;
use std::str::FromStr as _;

use proc_macro2::{TokenStream, TokenTree};
use rustc_hash::FxHashMap;
use syn::parse::{ParseStream, Parser as _};

use self::rules::Rule;
use super::file::Lowerer;
use super::macros::{call_name_span, family, macro_name};
use super::spans::SpanMap;
use crate::facts::Name;
use crate::facts::item::MacroDef;

/// Expansions inside expansions.
const MAX_DEPTH: usize = 32;
/// Tokens that all expansions of one file may make together.
const MAX_TOKENS: usize = 400_000;
/// Levels of the syntax trees of an expansion and of those that it stands in, together. The parser recurses, so this is
/// to an expansion what the check of the nesting of its text is to a file.
const MAX_LEVELS: usize = 4_000;

/// What a call stands for.
pub(in crate::facts::lower) struct Expansion {
    pub(in crate::facts::lower) tokens: TokenStream,
    /// Levels that its tree has at most.
    pub(in crate::facts::lower) levels: usize,
}

/// The definitions that calls in one file can mean.
pub(in crate::facts::lower) struct MacroTable<'a> {
    /// As written in this file, in order.
    definitions: Vec<MacroDef>,
    /// Rules of this file, those out of expansions included.
    own: FxHashMap<Name, Vec<Rc<[Rule]>>>,
    given: FxHashMap<&'a str, Vec<&'a MacroDef>>,
    /// Rules of `given`, made at the first call.
    read: FxHashMap<Name, Vec<Rc<[Rule]>>>,
    depth: usize,
    levels: usize,
    tokens_left: usize,
}

impl<'a> MacroTable<'a> {
    pub(in crate::facts::lower) fn new(
        given: &'a [MacroDef],
        tokens: &TokenStream,
        text: &str,
        spans: &SpanMap<'_>,
    ) -> Self {
        let mut table = Self {
            definitions: Vec::new(),
            own: FxHashMap::default(),
            given: FxHashMap::default(),
            read: FxHashMap::default(),
            depth: 0,
            levels: 0,
            tokens_left: MAX_TOKENS,
        };
        for definition in given {
            table.given.entry(&definition.name).or_default().push(definition);
        }
        if memchr::memmem::find(text.as_bytes(), b"macro_rules").is_some() {
            table.collect(tokens.clone(), spans);
        }
        table
    }

    /// Finds `macro_rules! name { … }` at any depth: a macro may be used above the module that defines it.
    fn collect(&mut self, tokens: TokenStream, spans: &SpanMap<'_>) {
        let mut exported = false;
        let mut trees = tokens.into_iter().peekable();
        while let Some(tree) = trees.next() {
            match tree {
                TokenTree::Ident(word) if word == "macro_rules" => {
                    let bang = trees.next_if(|next| matches!(next, TokenTree::Punct(next) if next.as_char() == '!'));
                    let ident = bang.and_then(|_| trees.next_if(|next| matches!(next, TokenTree::Ident(_))));
                    if let Some(TokenTree::Ident(ident)) = ident
                        && let Some(TokenTree::Group(body)) = trees.next()
                    {
                        let start = spans.span(body.span_open()).end as usize;
                        let end = spans.span(body.span_close()).start as usize;
                        let name = super::name(&ident);
                        let rules = spans.slice(start, end).to_owned();
                        self.definitions.push(MacroDef { name: name.clone(), rules, exported });
                        self.add(name, body.stream());
                    }
                    exported = false;
                }
                TokenTree::Group(group) => {
                    // An attribute in front of the definition.
                    exported |= group
                        .stream()
                        .into_iter()
                        .next()
                        .is_some_and(|first| matches!(first, TokenTree::Ident(word) if word == "macro_export"));
                    self.collect(group.stream(), spans);
                }
                TokenTree::Punct(punct) if punct.as_char() == '#' => {}
                _ => exported = false,
            }
        }
    }

    fn add(&mut self, name: Name, body: TokenStream) {
        let rules = rules::parse(body);
        self.own.entry(name).or_default().push(rules.into());
    }

    /// A definition in the tree. Those of the file itself are known already.
    pub(in crate::facts::lower) fn define(&mut self, item: &syn::ItemMacro) {
        if self.depth > 0
            && let Some(ident) = &item.ident
        {
            self.add(super::name(ident), item.mac.tokens.clone());
        }
    }

    /// Whether any definition of that name is at hand.
    pub(in crate::facts::lower) fn is_defined(&self, name: &Name) -> bool {
        self.own.contains_key(name) || self.given.contains_key(name.as_str())
    }

    /// Takes the definitions that are written in the file.
    pub(in crate::facts::lower) fn take_definitions(&mut self) -> Vec<MacroDef> {
        std::mem::take(&mut self.definitions)
    }

    /// All rule sets that a call can mean, nearest first. The last definition of the file goes first: it shadows.
    fn candidates(&mut self, name: &Name, own: bool, given: bool) -> Vec<Rc<[Rule]>> {
        let mut out = Vec::new();
        if own && let Some(sets) = self.own.get(name) {
            out.extend(sets.iter().rev().cloned());
        }
        if given && let Some(definitions) = self.given.get(name.as_str()) {
            let read = self.read.entry(name.clone()).or_insert_with(|| {
                let bodies = definitions.iter().filter_map(|definition| TokenStream::from_str(&definition.rules).ok());
                bodies.map(|body| rules::parse(body).into()).collect()
            });
            out.extend(read.iter().cloned());
        }
        out
    }
}

impl Lowerer<'_> {
    /// What a call of a macro of the project stands for; `None` when the macro is none of the project's, no rule
    /// matches, or a limit is reached. The result has to be lowered inside [`Self::nested`].
    pub(in crate::facts::lower) fn expand(&mut self, call: &syn::Macro) -> Option<Expansion> {
        let name = macro_name(call);
        if self.macros.depth >= MAX_DEPTH || !self.macros.is_defined(&name) {
            return None;
        }
        let head = call.path.segments.first().map(|segment| super::name(&segment.ident));
        let plain = call.path.segments.len() == 1 && call.path.leading_colon.is_none();
        let near = plain || head.is_some_and(|head| matches!(head.as_str(), "crate" | "self" | "super"));
        // `tracing::info!` is not the `info!` of the project, and neither is one that was imported.
        let given = family(&name).is_none() || (near && !(plain && self.imported.contains(&name)));
        let at = call_name_span(call);
        for rules in self.macros.candidates(&name, near, given) {
            for rule in rules.iter() {
                let Some(bindings) = matcher::match_rule(rule, &call.tokens) else { continue };
                let tokens = transcribe::transcribe(rule, &bindings, at, &mut self.macros.tokens_left)?;
                let levels = levels::levels(&tokens);
                return (self.macros.levels + levels <= MAX_LEVELS).then_some(Expansion { tokens, levels });
            }
        }
        None
    }

    /// Runs `work` one level of expansion deeper, inside an expansion of so many levels.
    pub(in crate::facts::lower) fn nested<T>(&mut self, levels: usize, work: impl FnOnce(&mut Self) -> T) -> T {
        self.macros.depth += 1;
        self.macros.levels += levels;
        let result = work(self);
        self.macros.levels -= levels;
        self.macros.depth -= 1;
        result
    }

    /// Expands a call, parses what it stands for, and runs `work` on that one level deeper. `None` when there is no
    /// expansion, or it is nothing that `parser` takes.
    pub(in crate::facts::lower) fn expand_with<T, R>(
        &mut self,
        call: &syn::Macro,
        parser: impl FnOnce(ParseStream<'_>) -> syn::Result<T>,
        work: impl FnOnce(&mut Self, T) -> R,
    ) -> Option<R> {
        let Expansion { tokens, levels } = self.expand(call)?;
        let parsed = parser.parse2(tokens).ok()?;
        Some(self.nested(levels, |lowerer| work(lowerer, parsed)))
    }
}

/// Parses items, members or the like until the end.
pub(in crate::facts::lower) fn parse_all<T: syn::parse::Parse>(input: ParseStream<'_>) -> syn::Result<Vec<T>> {
    let mut out = Vec::new();
    while !input.is_empty() {
        out.push(input.parse()?);
    }
    Ok(out)
}
