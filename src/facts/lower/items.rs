//! Items: modules, types, constants, `use`.

use cache_schema::shape::Shape;
use proc_macro2::Span as TokenSpan;
use syn::spanned::Spanned as _;

use super::file::Lowerer;
use super::literals::literal;
use super::{name, shapes};
use crate::facts::item::{Field, Variant};
use crate::facts::{Attributes, Item, ItemKind, Literal, Name, Visibility};
use crate::text::Span;

impl Lowerer<'_> {
    pub(super) fn items(&mut self, items: &[syn::Item]) -> Vec<Item> {
        let mut out = Vec::with_capacity(items.len());
        for item in items {
            self.item(item, &mut out);
        }
        out
    }

    /// Lowers one item; macros give any number.
    pub(super) fn item(&mut self, item: &syn::Item, out: &mut Vec<Item>) {
        match item {
            syn::Item::Use(item) => out.push(self.use_item(item)),
            syn::Item::ExternCrate(item) => {
                let alias = item.rename.as_ref().map_or(&item.ident, |(_, alias)| alias);
                let end = item.semi_token.spans[0];
                let head = self.head(&item.attrs, &item.vis, item.extern_token.span, end);
                out.push(self.declare(alias, head, ItemKind::ExternCrate(name(&item.ident))));
            }
            syn::Item::Mod(item) => out.push(self.module(item)),
            syn::Item::Struct(_) | syn::Item::Union(_) | syn::Item::Enum(_) => out.extend(
                self.data(item).map(|lowered| Item { shape: shapes::of_type(item, &lowered.attributes), ..lowered }),
            ),
            syn::Item::Type(item) => {
                let head = self.head(&item.attrs, &item.vis, item.type_token.span, item.semi_token.spans[0]);
                let kind = ItemKind::Alias { generics: self.generics(&item.generics), ty: self.ty(&item.ty) };
                let lowered = self.declare(&item.ident, head, kind);
                out.push(Item { shape: Some(Shape::of_alias(item).into()), ..lowered });
            }
            syn::Item::Const(item) => {
                let head = self.head(&item.attrs, &item.vis, item.const_token.span, item.semi_token.spans[0]);
                let kind =
                    ItemKind::Constant { ty: self.ty(&item.ty), value: Some(self.expr(&item.expr)), is_static: false };
                out.push(self.declare(&item.ident, head, kind));
            }
            syn::Item::Static(item) => {
                let head = self.head(&item.attrs, &item.vis, item.static_token.span, item.semi_token.spans[0]);
                let kind =
                    ItemKind::Constant { ty: self.ty(&item.ty), value: Some(self.expr(&item.expr)), is_static: true };
                out.push(self.declare(&item.ident, head, kind));
            }
            syn::Item::Fn(_) | syn::Item::Trait(_) | syn::Item::TraitAlias(_) | syn::Item::Impl(_) => {
                out.extend(self.callable(item));
            }
            syn::Item::ForeignMod(item) => self.foreign_module(item, out),
            syn::Item::Macro(item) => self.macro_item(item, out),
            _ => {}
        }
    }

    /// The parts that every item has. `keyword` is the first token behind the visibility, `end` the last token.
    pub(super) fn head(
        &mut self,
        attributes: &[syn::Attribute],
        visibility: &syn::Visibility,
        keyword: TokenSpan,
        end: TokenSpan,
    ) -> Head {
        let mut span = self.spans.span(keyword).to(self.spans.span(end));
        let visibility = match visibility {
            syn::Visibility::Public(token) => {
                span = span.to(self.spans.span(token.span));
                Visibility::Public
            }
            syn::Visibility::Restricted(restricted) => {
                span = span.to(self.spans.span(restricted.pub_token.span));
                Visibility::Restricted
            }
            syn::Visibility::Inherited => Visibility::Private,
        };
        for attribute in attributes {
            // Inner attributes (`#![…]`) stand inside, so they change nothing here.
            span = span.to(self.spans.span(attribute.pound_token.spans[0]));
        }
        Head { full_span: span, visibility, attributes: self.attributes(attributes) }
    }

    pub(super) fn declare(&self, ident: &syn::Ident, head: Head, kind: ItemKind) -> Item {
        let span = self.spans.span(ident.span());
        let Head { full_span, visibility, attributes } = head;
        Item { name: name(ident), span, full_span, visibility, attributes, kind, shape: None }
    }

    fn module(&mut self, item: &syn::ItemMod) -> Item {
        let end = match (&item.content, &item.semi) {
            (Some((brace, _)), _) => brace.span.close(),
            (None, Some(semi)) => semi.spans[0],
            (None, None) => item.ident.span(),
        };
        let head = self.head(&item.attrs, &item.vis, item.mod_token.span, end);
        let path = item.attrs.iter().find_map(|attribute| match &attribute.meta {
            syn::Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
                syn::Expr::Lit(lit) => match literal(&lit.lit) {
                    Some(Literal::Str(path)) => Some(path),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        });
        let items = item.content.as_ref().map(|(_, items)| self.items(items));
        self.declare(&item.ident, head, ItemKind::Mod { items, path })
    }

    fn data(&mut self, item: &syn::Item) -> Option<Item> {
        Some(match item {
            syn::Item::Struct(item) => {
                let end = match (&item.fields, &item.semi_token) {
                    (_, Some(semi)) => semi.spans[0],
                    (syn::Fields::Named(fields), None) => fields.brace_token.span.close(),
                    (_, None) => item.ident.span(),
                };
                let head = self.head(&item.attrs, &item.vis, item.struct_token.span, end);
                let fields = self.fields(item.fields.iter());
                let kind = ItemKind::Struct { generics: self.generics(&item.generics), fields };
                self.declare(&item.ident, head, kind)
            }
            syn::Item::Union(item) => {
                let end = item.fields.brace_token.span.close();
                let head = self.head(&item.attrs, &item.vis, item.union_token.span, end);
                let fields = self.fields(item.fields.named.iter());
                let kind = ItemKind::Struct { generics: self.generics(&item.generics), fields };
                self.declare(&item.ident, head, kind)
            }
            syn::Item::Enum(item) => {
                let head = self.head(&item.attrs, &item.vis, item.enum_token.span, item.brace_token.span.close());
                let mut variants = Vec::with_capacity(item.variants.len());
                for variant in &item.variants {
                    if !self.is_dropped(&variant.attrs) {
                        variants.push(Variant {
                            name: name(&variant.ident),
                            span: self.spans.span(variant.ident.span()),
                            fields: self.fields(variant.fields.iter()),
                            attributes: self.attributes(&variant.attrs),
                        });
                    }
                }
                let kind = ItemKind::Enum { generics: self.generics(&item.generics), variants };
                self.declare(&item.ident, head, kind)
            }
            _ => return None,
        })
    }

    fn fields<'f>(&mut self, fields: impl Iterator<Item = &'f syn::Field>) -> Vec<Field> {
        let mut out = Vec::new();
        for (index, field) in fields.enumerate() {
            if self.is_dropped(&field.attrs) {
                continue;
            }
            let (name, span) = match &field.ident {
                Some(ident) => (name(ident), ident.span()),
                None => (smol_str::format_smolstr!("{index}"), field.ty.span()),
            };
            out.push(Field {
                name,
                span: self.spans.span(span),
                ty: self.ty(&field.ty),
                attributes: self.attributes(&field.attrs),
            });
        }
        out
    }

    /// Functions and statics of an `extern` block stand beside it.
    fn foreign_module(&mut self, item: &syn::ItemForeignMod, out: &mut Vec<Item>) {
        for item in &item.items {
            match item {
                syn::ForeignItem::Fn(item) => {
                    let head = self.head(&item.attrs, &item.vis, item.sig.fn_token.span, item.semi_token.spans[0]);
                    out.push(self.function_item(head, &item.sig, None));
                }
                syn::ForeignItem::Static(item) => {
                    let head = self.head(&item.attrs, &item.vis, item.static_token.span, item.semi_token.spans[0]);
                    let kind = ItemKind::Constant { ty: self.ty(&item.ty), value: None, is_static: true };
                    out.push(self.declare(&item.ident, head, kind));
                }
                _ => {}
            }
        }
    }
}

/// What [`Lowerer::head`] found out.
pub(super) struct Head {
    pub(super) full_span: Span,
    pub(super) visibility: Visibility,
    pub(super) attributes: Attributes,
}

/// The name of items that have none.
pub(super) fn nameless() -> Name {
    Name::default()
}
