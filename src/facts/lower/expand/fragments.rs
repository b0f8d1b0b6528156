//! How many tokens a fragment such as `$x:expr` takes.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};

use crate::facts::lower::tokens::token_len;

/// How many trees from the front of `trees` are a fragment of that kind; `None` when none is there.
pub(super) fn fragment_len(kind: &str, trees: &[TokenTree]) -> Option<usize> {
    let first = trees.first();
    match (kind, first) {
        ("vis", _) => {
            let parse = |input: ParseStream<'_>| input.parse::<syn::Visibility>().map(drop);
            prefix_len(trees, parse)
        }
        (_, None) => None,
        ("tt", Some(_)) => Some(token_len(trees)),
        ("ident", Some(TokenTree::Ident(word))) => (word != "_").then_some(1),
        ("block", Some(TokenTree::Group(group))) if group.delimiter() == Delimiter::Brace => Some(1),
        ("lifetime", Some(TokenTree::Punct(quote))) if quote.as_char() == '\'' => Some(2),
        ("literal", Some(first)) => match first {
            TokenTree::Literal(_) => Some(1),
            TokenTree::Ident(word) if word == "true" || word == "false" => Some(1),
            TokenTree::Punct(minus) if minus.as_char() == '-' => {
                matches!(trees.get(1), Some(TokenTree::Literal(_))).then_some(2)
            }
            // A literal that went through an outer macro.
            TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
                syn::parse2::<syn::Lit>(group.stream()).ok().map(|_| 1)
            }
            _ => None,
        },
        ("expr" | "expr_2021", Some(_)) => prefix_len(trees, |input| input.parse::<syn::Expr>().map(drop)),
        ("ty", Some(_)) => prefix_len(trees, |input| input.parse::<syn::Type>().map(drop)),
        ("path", Some(_)) => prefix_len(trees, |input| input.parse::<syn::TypePath>().map(drop)),
        ("pat", Some(_)) => prefix_len(trees, |input| syn::Pat::parse_multi_with_leading_vert(input).map(drop)),
        ("pat_param", Some(_)) => prefix_len(trees, |input| syn::Pat::parse_single(input).map(drop)),
        ("item", Some(_)) => prefix_len(trees, |input| input.parse::<syn::Item>().map(drop)),
        ("meta", Some(_)) => prefix_len(trees, |input| input.parse::<syn::Meta>().map(drop)),
        ("stmt", Some(first)) => {
            if matches!(first, TokenTree::Ident(word) if word == "let") {
                // A `stmt` fragment goes without its semicolon.
                let end = |tree: &TokenTree| matches!(tree, TokenTree::Punct(punct) if punct.as_char() == ';');
                return Some(trees.iter().position(end).unwrap_or(trees.len()));
            }
            prefix_len(trees, |input| {
                let ahead = input.fork();
                if ahead.call(syn::Ident::parse_any).is_ok() && input.fork().parse::<syn::Item>().is_ok() {
                    return input.parse::<syn::Item>().map(drop);
                }
                input.parse::<syn::Expr>().map(drop)
            })
        }
        _ => None,
    }
}

/// How many trees a parser takes from the front. It is first tried on what stands before the next `,`, `;` or `=>`,
/// for most fragments end there and the rest of a long list need not be copied each time.
fn prefix_len(trees: &[TokenTree], parse: impl Fn(ParseStream<'_>) -> syn::Result<()>) -> Option<usize> {
    let ends = |(at, tree): (usize, &TokenTree)| match tree {
        TokenTree::Punct(punct) => match punct.as_char() {
            ',' | ';' => true,
            '=' => matches!(trees.get(at + 1), Some(TokenTree::Punct(next)) if next.as_char() == '>'),
            _ => false,
        },
        _ => false,
    };
    let short = trees.iter().enumerate().position(ends).unwrap_or(trees.len());
    let left = |len: usize| {
        let tokens: TokenStream = trees.iter().take(len).cloned().collect();
        let parse = |input: ParseStream<'_>| {
            parse(input)?;
            let rest: TokenStream = input.parse()?;
            Ok(rest.into_iter().count())
        };
        parse.parse2(tokens).ok()
    };
    match left(short) {
        Some(0) => return Some(short),
        Some(rest) if short == trees.len() => return short.checked_sub(rest),
        None if short == trees.len() => return None,
        _ => {}
    }
    left(trees.len()).and_then(|rest| trees.len().checked_sub(rest))
}
