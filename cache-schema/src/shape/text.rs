//! Tokens as text that depends on the tokens alone: the printer of the compiler changes its spaces between releases.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// `tokens` with one space where two words would run together and after each comma, and none elsewhere.
///
/// A comma before a closing `>` is left out, as it means nothing there.
#[must_use]
pub fn canonical(tokens: TokenStream) -> String {
    let mut out = String::new();
    write(tokens, &mut out);
    out
}

fn write(tokens: TokenStream, out: &mut String) {
    for tree in tokens {
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                out.push_str(open);
                write(group.stream(), out);
                out.push_str(close);
            }
            TokenTree::Punct(punct) => match punct.as_char() {
                ',' => out.push_str(", "),
                '>' => {
                    if let Some(kept) = out.strip_suffix(", ").map(str::len) {
                        out.truncate(kept);
                    }
                    out.push('>');
                }
                other => out.push(other),
            },
            TokenTree::Ident(ident) => word(&ident.to_string(), out),
            TokenTree::Literal(literal) => word(&literal.to_string(), out),
        }
    }
}

fn word(word: &str, out: &mut String) {
    if out.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '"') {
        out.push(' ');
    }
    out.push_str(word);
}
