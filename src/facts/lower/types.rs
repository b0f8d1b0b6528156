//! Types, paths and generic parameters.

use syn::punctuated::Punctuated;
use syn::{GenericArgument, PathArguments, ReturnType, Type, TypeParamBound};

use super::file::Lowerer;
use super::name;
use crate::facts::ty::GenericParam;
use crate::facts::ty::QSelf;
use crate::facts::{Generics, Name, Path, Segment, TypeRef};
use crate::text::Span;

impl Lowerer<'_> {
    pub(super) fn ty(&mut self, ty: &Type) -> TypeRef {
        match ty {
            Type::Path(path) => TypeRef::Path(self.qualified_path(path.qself.as_ref(), &path.path)),
            Type::Reference(reference) => TypeRef::Ref(Box::new(self.ty(&reference.elem))),
            Type::Ptr(pointer) => TypeRef::Ref(Box::new(self.ty(&pointer.elem))),
            Type::Paren(paren) => self.ty(&paren.elem),
            Type::Group(group) => self.ty(&group.elem),
            Type::Tuple(tuple) => TypeRef::Tuple(tuple.elems.iter().map(|ty| self.ty(ty)).collect()),
            Type::Array(array) => TypeRef::Slice(Box::new(self.ty(&array.elem))),
            Type::Slice(slice) => TypeRef::Slice(Box::new(self.ty(&slice.elem))),
            Type::ImplTrait(bounds) => TypeRef::ImplTrait(self.bounds(&bounds.bounds)),
            Type::TraitObject(bounds) => TypeRef::Dyn(self.bounds(&bounds.bounds)),
            Type::FnPtr(pointer) => TypeRef::Fn(
                pointer.inputs.iter().map(|input| self.ty(&input.ty)).collect(),
                self.return_type(&pointer.output).map(Box::new),
            ),
            Type::Infer(_) => TypeRef::Infer,
            Type::Never(_) => TypeRef::Never,
            _ => TypeRef::Unknown,
        }
    }

    pub(super) fn return_type(&mut self, output: &ReturnType) -> Option<TypeRef> {
        match output {
            ReturnType::Default => None,
            ReturnType::Type(_, ty) => Some(self.ty(ty)),
        }
    }

    pub(super) fn path(&mut self, path: &syn::Path) -> Path {
        self.qualified_path(None, path)
    }

    pub(super) fn qualified_path(&mut self, qself: Option<&syn::QSelf>, path: &syn::Path) -> Path {
        let mut span: Option<Span> = None;
        let mut cover = |part: Span| span = Some(span.map_or(part, |span| span.to(part)));
        if let Some(qself) = qself {
            cover(self.spans.span(qself.lt_token.spans[0]));
            cover(self.spans.span(qself.gt_token.spans[0]));
        }
        if let Some(colons) = path.leading_colon {
            cover(self.spans.span(colons.spans[0]));
        }
        let mut segments = Vec::with_capacity(path.segments.len());
        for segment in &path.segments {
            let (lowered, whole) = self.segment(segment);
            cover(whole);
            segments.push(lowered);
        }
        Path {
            qself: qself.map(|qself| Box::new(QSelf { ty: self.ty(&qself.ty), trait_segments: qself.position })),
            // `<T>::name` has a leading `::` in syn's tree, which is no global path.
            global: path.leading_colon.is_some() && qself.is_none_or(|qself| qself.position > 0),
            segments,
            span: span.unwrap_or_default(),
        }
    }

    /// The segment, and its place with its arguments.
    fn segment(&mut self, segment: &syn::PathSegment) -> (Segment, Span) {
        let span = self.spans.span(segment.ident.span());
        let mut whole = span;
        let mut args = Vec::new();
        let mut bindings = Vec::new();
        match &segment.arguments {
            PathArguments::None => {}
            PathArguments::AngleBracketed(angle) => {
                whole = whole.to(self.spans.span(angle.gt_token.spans[0]));
                for arg in &angle.args {
                    match arg {
                        GenericArgument::Type(ty) => args.push(self.ty(ty)),
                        GenericArgument::AssocType(assoc) => bindings.push((name(&assoc.ident), self.ty(&assoc.ty))),
                        GenericArgument::Constraint(constraint) => bindings
                            .push((name(&constraint.ident), TypeRef::ImplTrait(self.bounds(&constraint.bounds)))),
                        _ => {}
                    }
                }
            }
            PathArguments::Parenthesized(parens) => {
                whole = whole.to(self.spans.span(parens.paren_token.span.close()));
                if let ReturnType::Type(_, ty) = &parens.output {
                    whole = whole.to(self.spans.span(syn::spanned::Spanned::span(ty.as_ref())));
                }
                args = parens.inputs.iter().map(|input| self.ty(&input.ty)).collect();
                let output = self.return_type(&parens.output).unwrap_or(TypeRef::Tuple(Vec::new()));
                bindings.push((Name::new_static("Output"), output));
            }
        }
        (Segment { name: name(&segment.ident), span, args, bindings }, whole)
    }

    /// Type arguments of a turbofish.
    pub(super) fn turbofish(&mut self, generics: Option<&syn::AngleBracketedGenericArguments>) -> Vec<TypeRef> {
        let Some(generics) = generics else { return Vec::new() };
        generics
            .args
            .iter()
            .filter_map(|arg| match arg {
                GenericArgument::Type(ty) => Some(self.ty(ty)),
                _ => None,
            })
            .collect()
    }

    /// The traits among bounds; `?Sized` is none, for it only lifts a bound.
    pub(super) fn bounds(&mut self, bounds: &Punctuated<TypeParamBound, syn::Token![+]>) -> Vec<Path> {
        bounds
            .iter()
            .filter_map(|bound| match bound {
                TypeParamBound::Trait(bound) if bound.maybe.is_none() => Some(self.path(&bound.path)),
                _ => None,
            })
            .collect()
    }

    pub(super) fn generics(&mut self, generics: &syn::Generics) -> Generics {
        let params = generics
            .params
            .iter()
            .filter_map(|param| match param {
                syn::GenericParam::Type(param) => Some(GenericParam {
                    name: name(&param.ident),
                    bounds: self.bounds(&param.bounds),
                    default: param.default.as_ref().map(|(_, ty)| self.ty(ty)),
                }),
                _ => None,
            })
            .collect();
        let predicates = generics.where_clause.iter().flat_map(|clause| &clause.predicates);
        let predicates = predicates
            .filter_map(|predicate| match predicate {
                syn::WherePredicate::Type(predicate) => {
                    Some((self.ty(&predicate.bounded_ty), self.bounds(&predicate.bounds)))
                }
                _ => None,
            })
            .collect();
        Generics { params, predicates }
    }
}
