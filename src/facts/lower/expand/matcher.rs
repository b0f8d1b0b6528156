//! Holding the tokens of a call against the pattern of a rule.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use rustc_hash::FxHashMap;

use super::fragments::fragment_len;
use super::rules::{Part, Repeat, Rule};
use crate::facts::Name;

/// What a variable stands for.
#[derive(Debug, Clone)]
pub(super) enum Binding {
    /// Tokens, with the kind of the fragment.
    Tokens(Name, Vec<TokenTree>),
    /// One for each round of a repetition.
    Rounds(Vec<Binding>),
}

/// Variables by name.
pub(super) type Bindings = FxHashMap<Name, Binding>;

/// What the variables stand for, if the whole call matches.
pub(super) fn match_rule(rule: &Rule, tokens: &TokenStream) -> Option<Bindings> {
    let trees: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let mut bindings = Bindings::default();
    let rest = match_parts(&rule.pattern, &trees, &mut bindings)?;
    rest.is_empty().then_some(bindings)
}

/// Matches all parts from the front. Gives what is left.
///
/// Repetitions take all they can. Rustc itself refuses patterns where it would matter whether they take less.
fn match_parts<'t>(parts: &[Part], mut trees: &'t [TokenTree], bindings: &mut Bindings) -> Option<&'t [TokenTree]> {
    for part in parts {
        trees = match part {
            Part::Token(token) => match_token(token, trees)?,
            Part::Group(group, inner) => {
                let (TokenTree::Group(found), rest) = trees.split_first()? else { return None };
                if found.delimiter() != group.delimiter() {
                    return None;
                }
                let content: Vec<TokenTree> = found.stream().into_iter().collect();
                if !match_parts(inner, &content, bindings)?.is_empty() {
                    return None;
                }
                rest
            }
            Part::Variable(variable) => {
                let len = fragment_len(&variable.kind, trees)?;
                let (found, rest) = trees.split_at_checked(len)?;
                bindings.insert(variable.name.clone(), Binding::Tokens(variable.kind.clone(), found.to_vec()));
                rest
            }
            Part::Repeat(repeat) => match_repeat(repeat, trees, bindings)?,
        };
    }
    Some(trees)
}

fn match_repeat<'t>(repeat: &Repeat, mut trees: &'t [TokenTree], bindings: &mut Bindings) -> Option<&'t [TokenTree]> {
    let mut rounds = 0;
    let mut names = Vec::new();
    variables(&repeat.parts, &mut names);
    let mut collected: Vec<Vec<Binding>> = vec![Vec::new(); names.len()];
    while !(repeat.at_most_one && rounds == 1) {
        let start = if rounds == 0 { Some(trees) } else { match_tokens(&repeat.separator, trees) };
        let mut round = Bindings::default();
        let Some(rest) = start.and_then(|start| match_parts(&repeat.parts, start, &mut round)) else { break };
        // A round that takes nothing would go on for ever.
        if rest.len() == trees.len() {
            break;
        }
        for (name, list) in names.iter().zip(&mut collected) {
            list.extend(round.remove(*name));
        }
        trees = rest;
        rounds += 1;
    }
    if repeat.at_least_one && rounds == 0 {
        return None;
    }
    for (name, list) in names.into_iter().zip(collected) {
        bindings.insert(name.clone(), Binding::Rounds(list));
    }
    Some(trees)
}

/// Names of all variables in a pattern.
fn variables<'p>(parts: &'p [Part], out: &mut Vec<&'p Name>) {
    for part in parts {
        match part {
            Part::Token(_) => {}
            Part::Group(_, parts) => variables(parts, out),
            Part::Variable(variable) => out.push(&variable.name),
            Part::Repeat(repeat) => variables(&repeat.parts, out),
        }
    }
}

fn match_tokens<'t>(tokens: &[TokenTree], mut trees: &'t [TokenTree]) -> Option<&'t [TokenTree]> {
    for token in tokens {
        trees = match_token(token, trees)?;
    }
    Some(trees)
}

fn match_token<'t>(token: &TokenTree, trees: &'t [TokenTree]) -> Option<&'t [TokenTree]> {
    let (found, rest) = trees.split_first()?;
    let same = match (token, found) {
        (TokenTree::Ident(left), TokenTree::Ident(right)) => left == right,
        (TokenTree::Punct(left), TokenTree::Punct(right)) => left.as_char() == right.as_char(),
        (TokenTree::Literal(left), TokenTree::Literal(right)) => left.to_string() == right.to_string(),
        // A token that went through an outer macro as a fragment.
        (_, TokenTree::Group(group)) if group.delimiter() == Delimiter::None => {
            let inner: Vec<TokenTree> = group.stream().into_iter().collect();
            inner.len() == 1 && match_token(token, &inner).is_some()
        }
        _ => false,
    };
    same.then_some(rest)
}
