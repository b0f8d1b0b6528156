//! Attributes: what is test code, derives, and the arguments of all others.

use proc_macro2::{TokenStream, TokenTree};
use syn::Meta;
use syn::parse::Parser as _;
use syn::spanned::Spanned as _;

use super::file::Lowerer;
use super::name;
use super::tokens::{join_path, split};
use crate::facts::item::AttributeArg;
use crate::facts::{Attribute, Attributes, ExprKind, Name};

/// Attributes (by their last segment) that turn a function into a test or a benchmark.
const TEST_ATTRIBUTES: &[&str] =
    &["test", "rstest", "bench", "test_case", "wasm_bindgen_test", "quickcheck", "gtest", "divan_bench", "test_matrix"];

impl Lowerer<'_> {
    pub(super) fn attributes(&mut self, attributes: &[syn::Attribute]) -> Attributes {
        let mut out = Attributes::default();
        for attribute in attributes {
            self.meta(&attribute.meta, &mut out);
        }
        out
    }

    fn meta(&mut self, meta: &Meta, out: &mut Attributes) {
        let path = meta.path();
        let Some(last) = path.segments.last().map(|segment| name(&segment.ident)) else { return };
        match (last.as_str(), meta) {
            ("doc", _) => {}
            ("derive", Meta::List(list)) => {
                for path in split(list.tokens.clone(), &[","]) {
                    out.derives.extend(syn::parse2::<syn::Path>(path).ok().as_ref().and_then(last_name));
                }
            }
            ("cfg", Meta::List(list)) => {
                out.cfg_test |= demands_test(list.tokens.clone());
                self.other(meta, out);
            }
            ("cfg_attr", Meta::List(list)) => {
                let mut parts = split(list.tokens.clone(), &[","]).into_iter();
                if parts.next().is_some_and(demands_test) {
                    return;
                }
                for part in parts {
                    if let Ok(meta) = syn::parse2::<Meta>(part) {
                        self.meta(&meta, out);
                    }
                }
            }
            (last, _) => {
                out.is_test |= TEST_ATTRIBUTES.contains(&last);
                self.other(meta, out);
            }
        }
    }

    fn other(&mut self, meta: &Meta, out: &mut Attributes) {
        let args = match meta {
            Meta::Path(_) => Vec::new(),
            Meta::List(list) => {
                split(list.tokens.clone(), &[","]).into_iter().filter_map(|part| self.attribute_arg(part)).collect()
            }
            Meta::NameValue(pair) => vec![AttributeArg {
                name: Name::default(),
                value: Some(self.expr(&pair.value)),
                span: self.spans.span(pair.value.span()),
            }],
        };
        let path = meta.path();
        out.others.push(Attribute { path: join_path(path), span: self.spans.span(path.span()), args });
    }

    /// `name = value`, a bare word, a nested list (its name, with the whole as a call), or a lone expression.
    fn attribute_arg(&mut self, tokens: TokenStream) -> Option<AttributeArg> {
        let span = self.spans.span(tokens.span());
        let pair = |input: syn::parse::ParseStream<'_>| -> syn::Result<(syn::Path, Option<TokenStream>)> {
            let path = input.call(syn::Path::parse_mod_style)?;
            if input.is_empty() {
                return Ok((path, None));
            }
            input.parse::<syn::Token![=]>()?;
            Ok((path, Some(input.parse()?)))
        };
        if let Ok((path, value)) = pair.parse2(tokens.clone()) {
            // Anything may stand behind `=` in the arguments of a procedural macro, a type for example.
            let value = value.map(|value| self.parse_expr(value).unwrap_or_else(|| super::unknown(span)));
            return Some(AttributeArg { name: join_path(&path).into(), value, span });
        }
        let value = self.parse_expr(tokens)?;
        let name = match &value.kind {
            ExprKind::Call(callee, _) => match &callee.kind {
                ExprKind::Path(path) => path.text().into(),
                _ => Name::default(),
            },
            _ => Name::default(),
        };
        Some(AttributeArg { name, value: Some(value), span })
    }

    /// Whether a statement, arm, field or parameter with these attributes is to be left out.
    pub(super) fn is_dropped(&self, attributes: &[syn::Attribute]) -> bool {
        self.options.drop_tests && attributes.iter().any(is_cfg_test)
    }
}

/// `#[cfg(test)]`, or a `#[cfg(all(…))]` that demands it.
pub(super) fn is_cfg_test(attribute: &syn::Attribute) -> bool {
    attribute.path().is_ident("cfg") && matches!(&attribute.meta, Meta::List(list) if demands_test(list.tokens.clone()))
}

fn last_name(path: &syn::Path) -> Option<Name> {
    path.segments.last().map(|segment| name(&segment.ident))
}

/// Whether a cfg predicate can hold in test builds only.
pub(super) fn demands_test(predicate: TokenStream) -> bool {
    let mut tokens = predicate.into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(TokenTree::Ident(word)), None) => word == "test",
        (Some(TokenTree::Ident(word)), Some(TokenTree::Group(members))) => {
            let mut members = split(members.stream(), &[","]).into_iter().peekable();
            if word == "all" {
                members.any(demands_test)
            } else {
                word == "any" && members.peek().is_some() && members.all(demands_test)
            }
        }
        _ => false,
    }
}
