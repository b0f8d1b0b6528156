//! serde attributes: names for the stored form, and what else counts.

use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, Meta, Token};

use super::text::canonical;

/// Attributes that leave the form and its meaning as they are.
const WITHOUT_EFFECT: [&str; 4] = ["borrow", "bound", "crate", "expecting"];

/// A text for writing and one for reading; most often the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Both {
    pub(super) written: Option<String>,
    pub(super) read: Option<String>,
}

/// What the serde attributes of one item, variant or field say.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    pub(super) rename: Both,
    pub(super) rename_all: Both,
    pub(super) rename_all_fields: Both,
    /// Not stored at all.
    pub(super) skipped: bool,
    /// `deny_unknown_fields`.
    pub(super) closed: bool,
    aliases: Vec<String>,
    others: Vec<String>,
}

impl Attributes {
    pub(super) fn of(attributes: &[Attribute]) -> Self {
        let mut out = Self::default();
        let (mut unwritten, mut unread) = (false, false);
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
            let Ok(metas) = attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated) else {
                out.others.push(canonical(attribute.meta.to_token_stream()));
                continue;
            };
            for meta in metas {
                let name = meta.path().get_ident().map(ToString::to_string).unwrap_or_default();
                match name.as_str() {
                    "rename" => out.rename.read_from(&meta),
                    "rename_all" => out.rename_all.read_from(&meta),
                    "rename_all_fields" => out.rename_all_fields.read_from(&meta),
                    "skip" => (unwritten, unread) = (true, true),
                    "skip_serializing" => unwritten = true,
                    "skip_deserializing" => unread = true,
                    "deny_unknown_fields" => out.closed = true,
                    "alias" => out.aliases.push(canonical(meta.to_token_stream())),
                    name if WITHOUT_EFFECT.contains(&name) => {}
                    _ => out.others.push(canonical(meta.to_token_stream())),
                }
            }
        }
        out.skipped = unwritten && unread;
        if unwritten != unread {
            out.others.push(if unwritten { "skip_serializing" } else { "skip_deserializing" }.to_owned());
        }
        out
    }

    /// The stored name of what Rust calls `own`, given what the item around it says for all.
    pub(super) fn name(&self, own: &str, all: &Both, case: fn(&str, &str) -> String) -> String {
        let one = |own_name: &Option<String>, rule: &Option<String>| {
            own_name.clone().unwrap_or_else(|| rule.as_deref().map_or_else(|| own.to_owned(), |rule| case(rule, own)))
        };
        let (written, read) = (one(&self.rename.written, &all.written), one(&self.rename.read, &all.read));
        if written == read { written } else { format!("{written}/{read}") }
    }

    /// What counts besides names, sorted. `name` is the stored name: an alias counts where reading needs it.
    pub(super) fn into_others(mut self, name: &str) -> Vec<String> {
        if name.contains('/') {
            self.others.append(&mut self.aliases);
        }
        self.others.sort();
        self.others.dedup();
        self.others
    }
}

impl Both {
    /// `key = "x"` or `key(serialize = "x", deserialize = "y")`.
    fn read_from(&mut self, meta: &Meta) {
        match meta {
            Meta::NameValue(pair) => {
                let text = literal(&pair.value);
                self.written.clone_from(&text);
                self.read = text;
            }
            Meta::List(list) => {
                let Ok(pairs) = list.parse_args_with(Punctuated::<syn::MetaNameValue, Token![,]>::parse_terminated)
                else {
                    return;
                };
                for pair in pairs {
                    if pair.path.is_ident("serialize") {
                        self.written = literal(&pair.value);
                    } else if pair.path.is_ident("deserialize") {
                        self.read = literal(&pair.value);
                    }
                }
            }
            _ => {}
        }
    }

    pub(super) fn or<'a>(&'a self, other: &'a Self) -> &'a Self {
        if *self == Self::default() { other } else { self }
    }
}

fn literal(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}
