//! The rules of a `macro_rules!`, parsed.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use crate::facts::Name;
use crate::facts::lower::name;
use crate::facts::lower::tokens::token_len;

/// `(pattern) => { template }`
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) pattern: Vec<Part>,
    pub(super) template: Vec<Part>,
}

/// One part of a pattern or a template.
#[derive(Debug)]
pub(super) enum Part {
    /// A token that stands for itself.
    Token(TokenTree),
    /// Parts in delimiters.
    Group(Group, Vec<Part>),
    /// `$name:kind` in a pattern, `$name` in a template (then the kind is empty).
    Variable(Variable),
    /// `$(…) separator op`
    Repeat(Repeat),
}

/// A named fragment.
#[derive(Debug)]
pub(super) struct Variable {
    pub(super) name: Name,
    pub(super) kind: Name,
    /// Its tokens, for a template that writes `$name` of a macro it defines.
    pub(super) tokens: Vec<TokenTree>,
}

/// Parts that occur any number of times.
#[derive(Debug)]
pub(super) struct Repeat {
    pub(super) parts: Vec<Part>,
    pub(super) separator: Vec<TokenTree>,
    pub(super) at_least_one: bool,
    pub(super) at_most_one: bool,
}

/// Parses `rule; rule; …`. Rules with forms that are not stable Rust are left out.
pub(super) fn parse(body: TokenStream) -> Vec<Rule> {
    let mut rules = Vec::new();
    let mut trees = body.into_iter();
    while let Some(tree) = trees.next() {
        let TokenTree::Group(pattern) = tree else { continue };
        let template = trees.find_map(|tree| match tree {
            TokenTree::Group(group) => Some(group),
            _ => None,
        });
        if let Some(template) = template
            && let Some(pattern) = parts(pattern.stream(), true)
            && let Some(template) = parts(template.stream(), false)
        {
            rules.push(Rule { pattern, template });
        }
    }
    rules
}

fn parts(tokens: TokenStream, pattern: bool) -> Option<Vec<Part>> {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    let mut rest = trees.as_slice();
    let mut out = Vec::new();
    while let Some((tree, after)) = rest.split_first() {
        rest = after;
        match tree {
            TokenTree::Punct(dollar) if dollar.as_char() == '$' => {
                let (next, after) = rest.split_first()?;
                rest = after;
                match next {
                    // Which crate that is was settled when the definition was handed over.
                    TokenTree::Ident(word) if word == "crate" => out.push(Part::Token(next.clone())),
                    TokenTree::Ident(word) => {
                        let mut kind = Name::default();
                        if pattern {
                            let [colon, TokenTree::Ident(word), after @ ..] = rest else { return None };
                            if !is_punct(colon, ':') {
                                return None;
                            }
                            kind = name(word);
                            rest = after;
                        }
                        let tokens = vec![tree.clone(), next.clone()];
                        out.push(Part::Variable(Variable { name: name(word), kind, tokens }));
                    }
                    TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => {
                        let (repeat, after) = repeat(parts(group.stream(), pattern)?, rest)?;
                        rest = after;
                        out.push(Part::Repeat(repeat));
                    }
                    // `$$` and `${…}` are not stable.
                    _ => return None,
                }
            }
            TokenTree::Group(group) => {
                let parts = parts(group.stream(), pattern)?;
                out.push(Part::Group(group.clone(), parts));
            }
            token => out.push(Part::Token(token.clone())),
        }
    }
    Some(out)
}

/// Reads the separator and the operator behind `$(…)`.
fn repeat(parts: Vec<Part>, rest: &[TokenTree]) -> Option<(Repeat, &[TokenTree])> {
    let operator = |tree: &TokenTree| ['*', '+', '?'].into_iter().find(|&char| is_punct(tree, char));
    let len = if operator(rest.first()?).is_some() { 0 } else { token_len(rest) };
    let (separator, rest) = rest.split_at_checked(len)?;
    let (last, rest) = rest.split_first()?;
    let operator = operator(last)?;
    let separator = separator.to_vec();
    Some((Repeat { parts, separator, at_least_one: operator == '+', at_most_one: operator == '?' }, rest))
}

fn is_punct(tree: &TokenTree, char: char) -> bool {
    matches!(tree, TokenTree::Punct(punct) if punct.as_char() == char)
}
