//! Patterns.

use syn::spanned::Spanned as _;

use super::file::Lowerer;
use super::literals::literal;
use super::name;
use crate::facts::{Name, Pat, PatKind};

impl Lowerer<'_> {
    pub(super) fn pat(&mut self, pat: &syn::Pat) -> Pat {
        let kind = match pat {
            syn::Pat::Paren(paren) => return self.pat(&paren.pat),
            syn::Pat::Reference(reference) => return self.pat(&reference.pat),
            syn::Pat::Type(typed) => return self.pat(&typed.pat),
            syn::Pat::Guard(guard) => return self.pat(&guard.pat),
            syn::Pat::Wild(_) => PatKind::Wild,
            syn::Pat::Rest(_) => PatKind::Rest,
            syn::Pat::Range(_) => PatKind::Range,
            syn::Pat::Ident(ident) => {
                PatKind::Bind(name(&ident.ident), ident.subpat.as_ref().map(|(_, pat)| Box::new(self.pat(pat))))
            }
            syn::Pat::Lit(lit) => literal(&lit.lit).map_or(PatKind::Unknown, PatKind::Lit),
            syn::Pat::Path(path) => PatKind::Path(self.qualified_path(path.qself.as_ref(), &path.path)),
            syn::Pat::TupleStruct(tuple) => PatKind::TupleStruct(
                self.qualified_path(tuple.qself.as_ref(), &tuple.path),
                tuple.elems.iter().map(|pat| self.pat(pat)).collect(),
            ),
            syn::Pat::Struct(fields) => PatKind::Struct(
                self.qualified_path(fields.qself.as_ref(), &fields.path),
                fields.fields.iter().map(|field| (member(&field.member), self.pat(&field.pat))).collect(),
            ),
            syn::Pat::Tuple(tuple) => PatKind::Tuple(tuple.elems.iter().map(|pat| self.pat(pat)).collect()),
            syn::Pat::Slice(slice) => PatKind::Slice(slice.elems.iter().map(|pat| self.pat(pat)).collect()),
            syn::Pat::Or(or) => PatKind::Or(or.cases.iter().map(|pat| self.pat(pat)).collect()),
            _ => PatKind::Unknown,
        };
        Pat { span: self.spans.span(pat.span()), kind }
    }
}

/// The name of a field, or its index.
pub(super) fn member(member: &syn::Member) -> Name {
    match member {
        syn::Member::Named(ident) => name(ident),
        syn::Member::Unnamed(index) => smol_str::format_smolstr!("{}", index.index),
    }
}
