//! Helpers over token streams.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use syn::ext::IdentExt as _;

/// Cuts a stream at the given separators (`,`, `;`, `=>`) at its top level. Empty parts are left out.
pub(super) fn split(tokens: TokenStream, separators: &[&str]) -> Vec<TokenStream> {
    split_with(tokens, separators).into_iter().map(|(part, _)| part).filter(|part| !part.is_empty()).collect()
}

/// As [`split`], each part with the separator behind it (`None` for the last), empty parts included, save that a
/// separator at the very end starts no further part.
pub(super) fn split_with(tokens: TokenStream, separators: &[&str]) -> Vec<(TokenStream, Option<&'static str>)> {
    let mut parts = Vec::new();
    let mut part: Vec<TokenTree> = Vec::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let found = match &token {
            TokenTree::Punct(punct) => match punct.as_char() {
                ',' if separators.contains(&",") => Some(","),
                ';' if separators.contains(&";") => Some(";"),
                '=' if separators.contains(&"=>") => {
                    // `a <=> b` and `==>` are nothing in Rust; only a fresh `=` starts an arrow.
                    tokens.next_if(|next| matches!(next, TokenTree::Punct(next) if next.as_char() == '>')).map(|_| "=>")
                }
                _ => None,
            },
            _ => None,
        };
        match found {
            Some(separator) => parts.push((TokenStream::from_iter(part.drain(..)), Some(separator))),
            None => part.push(token),
        }
    }
    if !part.is_empty() {
        parts.push((TokenStream::from_iter(part), None));
    }
    parts
}

/// The segments of a path, `::`-joined, without arguments and raw prefixes.
pub(super) fn join_path(path: &syn::Path) -> String {
    let mut out = String::new();
    for segment in &path.segments {
        if !out.is_empty() {
            out.push_str("::");
        }
        out.push_str(&segment.ident.unraw().to_string());
    }
    out
}

/// The only token of a stream, invisible groups around it removed.
pub(super) fn only(tokens: TokenStream) -> Option<TokenTree> {
    let mut tokens = tokens.into_iter();
    let first = tokens.next()?;
    if tokens.next().is_some() {
        return None;
    }
    match first {
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => only(group.stream()),
        other => Some(other),
    }
}

/// Operators of several characters, longest first.
const OPERATORS: &[&str] = &[
    "<<=", ">>=", "...", "..=", "=>", "->", "::", "..", "==", "!=", "<=", ">=", "&&", "||", "<<", ">>", "+=", "-=",
    "*=", "/=", "%=", "^=", "&=", "|=",
];

/// How many trees of the front make up one token in the sense of rustc: `=>` and `'a` are two trees, but one token.
pub(super) fn token_len(trees: &[TokenTree]) -> usize {
    let Some(TokenTree::Punct(first)) = trees.first() else { return trees.len().min(1) };
    if first.as_char() == '\'' {
        return trees.len().min(2);
    }
    let mut run = String::new();
    for tree in trees.iter().take(3) {
        let TokenTree::Punct(punct) = tree else { break };
        run.push(punct.as_char());
        if punct.spacing() == Spacing::Alone {
            break;
        }
    }
    OPERATORS.iter().find(|operator| run.starts_with(**operator)).map_or(1, |operator| operator.len())
}
