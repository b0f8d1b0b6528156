//! Shapes of types that can be serialised: the same as the derive macro of `cache-patterns` sees.

use std::sync::Arc;

use cache_schema::shape::{Order, Shape};
use syn::{Attribute, Data, DeriveInput, Fields, Meta, parse_quote};

use super::attributes::demands_test;
use super::tokens::split;
use crate::facts::Attributes;

/// Derives that turn a type into bytes and back.
const DERIVES: [&str; 10] = [
    "Serialize",
    "Deserialize",
    "Serialize_repr",
    "Deserialize_repr",
    "CacheEntity",
    "Encode",
    "Decode",
    "Archive",
    "BorshSerialize",
    "BorshDeserialize",
];

/// The shape of a struct, union or enum, read by a codec that looks fields up by name; `None` where nothing derives one.
pub(super) fn of_type(item: &syn::Item, attributes: &Attributes) -> Option<Arc<Shape>> {
    if !attributes.derives.iter().any(|name| DERIVES.contains(&name.as_str())) {
        return None;
    }
    let mut input = match item {
        syn::Item::Struct(item) => DeriveInput::from(item.clone()),
        syn::Item::Enum(item) => DeriveInput::from(item.clone()),
        syn::Item::Union(item) => DeriveInput::from(item.clone()),
        _ => return None,
    };
    take_conditions_as_met(&mut input.attrs);
    match &mut input.data {
        Data::Struct(data) => in_fields(&mut data.fields),
        Data::Union(data) => data.fields.named.iter_mut().for_each(|field| take_conditions_as_met(&mut field.attrs)),
        Data::Enum(data) => {
            for variant in &mut data.variants {
                take_conditions_as_met(&mut variant.attrs);
                in_fields(&mut variant.fields);
            }
        }
    }
    Some(Arc::new(Shape::of(&input, Order::Free)))
}

fn in_fields(fields: &mut Fields) {
    fields.iter_mut().for_each(|field| take_conditions_as_met(&mut field.attrs));
}

/// `#[cfg_attr(feature = "serde", serde(rename = "x"))]` is what a derive sees as `#[serde(rename = "x")]`.
fn take_conditions_as_met(attributes: &mut Vec<Attribute>) {
    if !attributes.iter().any(|attribute| attribute.path().is_ident("cfg_attr")) {
        return;
    }
    let mut out = Vec::with_capacity(attributes.len());
    for attribute in attributes.drain(..) {
        let Meta::List(list) = &attribute.meta else {
            out.push(attribute);
            continue;
        };
        if !list.path.is_ident("cfg_attr") {
            out.push(attribute);
            continue;
        }
        let mut parts = split(list.tokens.clone(), &[","]).into_iter();
        if parts.next().is_some_and(demands_test) {
            continue;
        }
        let metas = parts.filter_map(|part| syn::parse2::<Meta>(part).ok());
        out.extend(metas.map(|meta| -> Attribute { parse_quote!(#[#meta]) }));
    }
    *attributes = out;
}
