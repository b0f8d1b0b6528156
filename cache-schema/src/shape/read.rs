//! From a syntax tree to a [`Shape`].

use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, GenericParam};

use super::attributes::{Attributes, Both};
use super::text::canonical;
use super::{Body, Field, Fields, Order, Shape, Style, Variant, case};

pub(super) fn shape(item: &DeriveInput, order: Order) -> Shape {
    let mut own = Attributes::of(&item.attrs);
    let (all, all_fields) = (std::mem::take(&mut own.rename_all), std::mem::take(&mut own.rename_all_fields));
    let body = match &item.data {
        Data::Struct(data) => Body::Struct(fields(&data.fields, &all)),
        Data::Union(data) => Body::Struct(Fields {
            style: Style::Named,
            fields: data.fields.named.iter().map(|f| named(f, &all)).collect(),
        }),
        Data::Enum(data) => Body::Enum(
            data.variants
                .iter()
                .filter_map(|variant| {
                    let attributes = Attributes::of(&variant.attrs);
                    if attributes.skipped {
                        return None;
                    }
                    let fields = fields(&variant.fields, attributes.rename_all.or(&all_fields));
                    let own = variant.ident.unraw().to_string();
                    let name = attributes.name(&own, &all, case::variant);
                    Some(Variant { attributes: attributes.into_others(&name), name, own, fields })
                })
                .collect(),
        ),
    };
    let generics = generics(&item.generics);
    let closed = own.closed;
    Shape { name: item.ident.unraw().to_string(), generics, attributes: own.into_others(""), body, order, closed }
}

pub(super) fn generics(generics: &syn::Generics) -> Vec<String> {
    let written = generics.params.iter().map(|param| match param {
        GenericParam::Lifetime(param) => format!("'{}", param.lifetime.ident),
        GenericParam::Type(param) => param.ident.to_string(),
        GenericParam::Const(param) => format!("const {}: {}", param.ident, canonical(param.ty.to_token_stream())),
    });
    written.collect()
}

fn fields(fields: &syn::Fields, all: &Both) -> Fields {
    let style = match fields {
        syn::Fields::Named(_) => Style::Named,
        syn::Fields::Unnamed(_) => Style::Tuple,
        syn::Fields::Unit => Style::Unit,
    };
    let stored = fields.iter().enumerate().filter(|(_, field)| !Attributes::of(&field.attrs).skipped);
    let fields = match style {
        Style::Named => stored.map(|(_, field)| named(field, all)).collect(),
        // A skipped field of a tuple is not stored, so that what counts is the index among those that are.
        _ => stored.enumerate().map(|(at, (own, field))| one(field, at.to_string(), own.to_string())).collect(),
    };
    Fields { style, fields }
}

fn named(field: &syn::Field, all: &Both) -> Field {
    let own = field.ident.as_ref().map(|ident| ident.unraw().to_string()).unwrap_or_default();
    one(field, Attributes::of(&field.attrs).name(&own, all, case::field), own)
}

fn one(field: &syn::Field, name: String, own: String) -> Field {
    let attributes = Attributes::of(&field.attrs).into_others(&name);
    Field { name, own, ty: canonical(field.ty.to_token_stream()), attributes }
}
