//! Writing out the template of a rule.

use proc_macro2::{Delimiter, Group, Punct, Spacing, Span, TokenStream, TokenTree};

use super::matcher::{Binding, Bindings};
use super::rules::{Part, Repeat, Rule, Variable};

/// The tokens that the template stands for. Those of the template itself get the place `at`, those of the call keep
/// theirs. `None` when a repetition does not fit or `budget` (in tokens) runs out.
pub(super) fn transcribe(rule: &Rule, bindings: &Bindings, at: Span, budget: &mut usize) -> Option<TokenStream> {
    let mut writer = Writer { at, budget, depth: 0 };
    // An expansion to nothing costs as well, so that a tree of them comes to an end.
    writer.charge(CALL_COST)?;
    writer.parts(&rule.template, &|name| bindings.get(name))
}

struct Writer<'b> {
    at: Span,
    budget: &'b mut usize,
    depth: usize,
}

/// What a call costs beside its tokens, in tokens.
const CALL_COST: usize = 20;

/// Brackets inside brackets of one template.
const MAX_NESTING: usize = 128;

/// Finds what a variable stands for in the current round.
type Scope<'s> = &'s dyn Fn(&str) -> Option<&'s Binding>;

impl Writer<'_> {
    fn charge(&mut self, tokens: usize) -> Option<()> {
        let left = self.budget.checked_sub(tokens);
        // Once it does not suffice, nothing more is expanded in this file.
        *self.budget = left.unwrap_or(0);
        left.map(drop)
    }

    /// Charges a token and all in it: a rule that writes a bracket twice doubles what is inside.
    fn charge_all(&mut self, token: &TokenTree) -> Option<()> {
        self.charge(1)?;
        match token {
            TokenTree::Group(group) => group.stream().into_iter().try_for_each(|token| self.charge_all(&token)),
            _ => Some(()),
        }
    }

    fn parts(&mut self, parts: &[Part], scope: Scope<'_>) -> Option<TokenStream> {
        let mut out = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            match part {
                Part::Token(token) => {
                    self.charge(1)?;
                    out.push(respan(token.clone(), self.at));
                }
                Part::Group(group, inner) => {
                    self.charge(1)?;
                    self.depth += 1;
                    if self.depth > MAX_NESTING {
                        return None;
                    }
                    let mut written = Group::new(group.delimiter(), self.parts(inner, scope)?);
                    self.depth -= 1;
                    written.set_span(self.at);
                    out.push(TokenTree::Group(written));
                }
                Part::Variable(variable) => {
                    let path_follows = is_colon(parts.get(index + 1)) && is_colon(parts.get(index + 2));
                    self.variable(variable, path_follows, scope, &mut out)?;
                }
                Part::Repeat(repeat) => self.repeat(repeat, scope, &mut out)?,
            }
        }
        Some(out.into_iter().collect())
    }

    fn variable(
        &mut self,
        variable: &Variable,
        path_follows: bool,
        scope: Scope<'_>,
        out: &mut Vec<TokenTree>,
    ) -> Option<()> {
        match scope(&variable.name) {
            // A `$name` that this rule does not know belongs to a macro that the template defines.
            None => out.extend(variable.tokens.iter().map(|token| respan(token.clone(), self.at))),
            Some(Binding::Rounds(_)) => return None,
            Some(Binding::Tokens(kind, tokens)) => {
                tokens.iter().try_for_each(|token| self.charge_all(token))?;
                match kind.as_str() {
                    // An expression stays one operand whatever stands beside it.
                    "expr" | "expr_2021" if tokens.len() > 1 => {
                        out.push(TokenTree::Group(Group::new(Delimiter::None, tokens.iter().cloned().collect())));
                    }
                    // `$t::new()` with `Vec<u8>` reads `<Vec<u8>>::new()`.
                    "ty" if path_follows && tokens.len() > 1 => {
                        out.push(self.punct('<'));
                        out.extend(tokens.iter().cloned());
                        out.push(self.punct('>'));
                    }
                    _ => out.extend(tokens.iter().cloned()),
                }
            }
        }
        Some(())
    }

    fn repeat(&mut self, repeat: &Repeat, scope: Scope<'_>, out: &mut Vec<TokenTree>) -> Option<()> {
        let mut rounds = None;
        count_rounds(&repeat.parts, scope, &mut rounds)?;
        for round in 0..rounds? {
            if round > 0 {
                self.charge(repeat.separator.len())?;
                out.extend(repeat.separator.iter().map(|token| respan(token.clone(), self.at)));
            }
            self.charge(1)?;
            let inner = |name: &str| match scope(name)? {
                Binding::Rounds(list) => list.get(round),
                tokens => Some(tokens),
            };
            out.extend(self.parts(&repeat.parts, &inner)?);
        }
        Some(())
    }

    fn punct(&self, char: char) -> TokenTree {
        let mut punct = Punct::new(char, Spacing::Alone);
        punct.set_span(self.at);
        TokenTree::Punct(punct)
    }
}

/// How often a repetition is written: as often as its repeated variables were bound, which all have to agree.
fn count_rounds(parts: &[Part], scope: Scope<'_>, rounds: &mut Option<usize>) -> Option<()> {
    for part in parts {
        match part {
            Part::Token(_) => {}
            Part::Group(_, parts) => count_rounds(parts, scope, rounds)?,
            Part::Repeat(repeat) => count_rounds(&repeat.parts, scope, rounds)?,
            Part::Variable(variable) => {
                if let Some(Binding::Rounds(list)) = scope(&variable.name) {
                    if rounds.is_some_and(|rounds| rounds != list.len()) {
                        return None;
                    }
                    *rounds = Some(list.len());
                }
            }
        }
    }
    Some(())
}

fn is_colon(part: Option<&Part>) -> bool {
    matches!(part, Some(Part::Token(TokenTree::Punct(punct))) if punct.as_char() == ':')
}

/// Moves a token, and all in it, to another place.
fn respan(token: TokenTree, at: Span) -> TokenTree {
    match token {
        TokenTree::Group(group) => {
            let inner = group.stream().into_iter().map(|token| respan(token, at)).collect();
            let mut moved = Group::new(group.delimiter(), inner);
            moved.set_span(at);
            TokenTree::Group(moved)
        }
        mut token => {
            token.set_span(at);
            token
        }
    }
}
