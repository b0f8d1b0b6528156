//! Functions, traits and impls.

use syn::spanned::Spanned as _;

use super::expand::parse_all;
use super::file::Lowerer;
use super::items::{Head, nameless};
use super::macros::macro_name;
use super::name;
use crate::facts::{Function, Item, ItemKind, Name, Param, Path, TypeRef};

/// What stands in the braces of a trait or impl.
#[derive(Default)]
struct Members {
    functions: Vec<Function>,
    types: Vec<(Name, TypeRef)>,
    constants: Vec<Item>,
}

impl Lowerer<'_> {
    pub(super) fn callable(&mut self, item: &syn::Item) -> Option<Item> {
        Some(match item {
            syn::Item::Fn(item) => {
                let head =
                    self.head(&item.attrs, &item.vis, first_token(&item.sig), item.block.brace_token.span.close());
                self.function_item(head, &item.sig, Some(&item.block))
            }
            syn::Item::Trait(item) => {
                let first = item.unsafety.map_or(item.trait_token.span, |token| token.span);
                let head = self.head(&item.attrs, &item.vis, first, item.brace_token.span.close());
                let mut members = Members::default();
                for member in &item.items {
                    self.trait_member(member, &mut members);
                }
                let kind = ItemKind::Trait {
                    generics: self.generics(&item.generics),
                    supertraits: self.bounds(&item.supertraits),
                    functions: members.functions,
                    types: members.types,
                    constants: members.constants,
                };
                self.declare(&item.ident, head, kind)
            }
            syn::Item::TraitAlias(item) => {
                let head = self.head(&item.attrs, &item.vis, item.trait_token.span, item.semi_token.spans[0]);
                let kind = ItemKind::Trait {
                    generics: self.generics(&item.generics),
                    supertraits: self.bounds(&item.bounds),
                    functions: Vec::new(),
                    types: Vec::new(),
                    constants: Vec::new(),
                };
                self.declare(&item.ident, head, kind)
            }
            syn::Item::Impl(item) => return self.impl_item(item),
            _ => return None,
        })
    }

    fn impl_item(&mut self, item: &syn::ItemImpl) -> Option<Item> {
        if item.modifiers.polarity.is_some() {
            return None;
        }
        let first = item.unsafety.map_or(item.impl_token.span, |token| token.span);
        let head = self.head(&item.attrs, &syn::Visibility::Inherited, first, item.brace_token.span.close());
        let trait_: Option<Path> = item.trait_.as_ref().map(|(path, _)| self.path(path));
        let mut members = Members::default();
        for member in &item.items {
            self.impl_member(member, &mut members);
        }
        let kind = ItemKind::Impl {
            generics: self.generics(&item.generics),
            trait_,
            self_ty: self.ty(&item.self_ty),
            functions: members.functions,
            types: members.types,
            constants: members.constants,
        };
        Some(Item {
            name: nameless(),
            span: self.spans.span(item.self_ty.span()),
            full_span: head.full_span,
            visibility: head.visibility,
            attributes: head.attributes,
            kind,
            shape: None,
        })
    }

    fn impl_member(&mut self, member: &syn::ImplItem, members: &mut Members) {
        match member {
            syn::ImplItem::Fn(item) => {
                let head =
                    self.head(&item.attrs, &item.vis, first_token(&item.sig), item.block.brace_token.span.close());
                members.functions.push(self.function(head, &item.sig, Some(&item.block)));
            }
            syn::ImplItem::Type(item) => members.types.push((name(&item.ident), self.ty(&item.ty))),
            syn::ImplItem::Const(item) => {
                let head = self.head(&item.attrs, &item.vis, item.const_token.span, item.semi_token.spans[0]);
                let kind =
                    ItemKind::Constant { ty: self.ty(&item.ty), value: Some(self.expr(&item.expr)), is_static: false };
                members.constants.push(self.declare(&item.ident, head, kind));
            }
            syn::ImplItem::Macro(item) => {
                let expanded = self.expand_with(&item.mac, parse_all::<syn::ImplItem>, |lowerer, expanded| {
                    expanded.iter().for_each(|member| lowerer.impl_member(member, members));
                });
                if expanded.is_none() {
                    self.family_of(&item.mac, &macro_name(&item.mac));
                }
            }
            _ => {}
        }
    }

    fn trait_member(&mut self, member: &syn::TraitItem, members: &mut Members) {
        match member {
            syn::TraitItem::Fn(item) => {
                let end = match (&item.default, &item.semi_token) {
                    (Some(block), _) => block.brace_token.span.close(),
                    (None, Some(semi)) => semi.spans[0],
                    (None, None) => item.sig.paren_token.span.close(),
                };
                let head = self.head(&item.attrs, &syn::Visibility::Inherited, first_token(&item.sig), end);
                members.functions.push(self.function(head, &item.sig, item.default.as_ref()));
            }
            syn::TraitItem::Type(item) => {
                let ty = match &item.default {
                    Some((_, ty)) => self.ty(ty),
                    None => TypeRef::ImplTrait(self.bounds(&item.bounds)),
                };
                members.types.push((name(&item.ident), ty));
            }
            syn::TraitItem::Const(item) => {
                let end = item.semi_token.spans[0];
                let head = self.head(&item.attrs, &syn::Visibility::Inherited, item.const_token.span, end);
                let kind = ItemKind::Constant {
                    ty: self.ty(&item.ty),
                    value: item.default.as_ref().map(|(_, value)| self.expr(value)),
                    is_static: false,
                };
                members.constants.push(self.declare(&item.ident, head, kind));
            }
            syn::TraitItem::Macro(item) => {
                let expanded = self.expand_with(&item.mac, parse_all::<syn::TraitItem>, |lowerer, expanded| {
                    expanded.iter().for_each(|member| lowerer.trait_member(member, members));
                });
                if expanded.is_none() {
                    self.family_of(&item.mac, &macro_name(&item.mac));
                }
            }
            _ => {}
        }
    }

    pub(super) fn function_item(&mut self, head: Head, signature: &syn::Signature, body: Option<&syn::Block>) -> Item {
        let function = self.function(head, signature, body);
        Item {
            name: function.name.clone(),
            span: function.span,
            full_span: function.full_span,
            visibility: function.visibility,
            attributes: function.attributes.clone(),
            kind: ItemKind::Function(function),
            shape: None,
        }
    }

    fn function(&mut self, head: Head, signature: &syn::Signature, body: Option<&syn::Block>) -> Function {
        let mut has_self = false;
        let mut params = Vec::with_capacity(signature.inputs.len());
        for input in &signature.inputs {
            match input {
                syn::FnArg::Receiver(_) => has_self = true,
                syn::FnArg::Typed(param) if !self.is_dropped(&param.attrs) => {
                    params.push(Param { pat: self.pat(&param.pat), ty: self.ty(&param.ty) });
                }
                syn::FnArg::Typed(_) => {}
            }
        }
        Function {
            name: name(&signature.ident),
            span: self.spans.span(signature.ident.span()),
            full_span: head.full_span,
            visibility: head.visibility,
            attributes: head.attributes,
            generics: self.generics(&signature.generics),
            has_self,
            params,
            ret: self.return_type(&signature.output),
            is_async: signature.asyncness.is_some(),
            body: body.map(|body| self.block(body)),
        }
    }
}

/// The first token of a signature.
fn first_token(signature: &syn::Signature) -> proc_macro2::Span {
    if let Some(token) = signature.constness {
        return token.span;
    }
    if let Some(token) = signature.asyncness {
        return token.span;
    }
    match signature.safety {
        syn::Safety::Unsafe(token) => return token.span,
        syn::Safety::Safe(token) => return token.span,
        syn::Safety::Default => {}
    }
    signature.abi.as_ref().map_or(signature.fn_token.span, |abi| abi.extern_token.span)
}
