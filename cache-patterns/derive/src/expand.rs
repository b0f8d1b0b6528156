//! What the derive writes.

use cache_schema::key::template;
use cache_schema::shape::{Order, Shape};
use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{DeriveInput, Path, parse_quote};

use crate::attributes::{Attributes, Codec};
use crate::fields::Parts;
use crate::mistakes::Mistakes;

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream, Mistakes> {
    let mut mistakes = Mistakes::default();
    let attributes = Attributes::of(input, &mut mistakes);
    let parts = Parts::of(input, &mut mistakes);
    mistakes.into_result()?;
    // Each is there: leaving one out is among the mistakes.
    let (Some(service), Some(entity), Some(version), Some(ttl)) =
        (&attributes.service, &attributes.entity, attributes.version, attributes.ttl)
    else {
        return Ok(TokenStream::new());
    };

    let krate: Path = attributes.krate.clone().unwrap_or_else(|| parse_quote!(::cache_patterns));
    let name = &input.ident;
    let optional = optional(&attributes, &krate);
    let order = match &attributes.codec {
        Some(codec) if codec.value == Codec::Postcard => Order::Counts,
        _ => Order::Free,
    };
    let shape = Shape::of(input, order);
    let fingerprint = shape.fingerprint();
    let (id_type, id_value) = id(&parts, &krate);
    let (data_version, versioned) = data_version(&parts, name, &krate);
    let pinned = if attributes.no_pin {
        TokenStream::new()
    } else {
        let ids: Vec<String> = parts.ids.iter().map(crate::fields::Marked::placeholder).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        pin(name, &krate, &template(service, version, entity, &ids), &shape.lines())
    };

    Ok(quote! {
        #[automatically_derived]
        impl #krate::CacheEntity for #name {
            type Id = #id_type;
            const SERVICE: &'static str = #service;
            const ENTITY: &'static str = #entity;
            const VERSION: u32 = #version;
            const TTL: #krate::Ttl = #krate::Ttl::secs(#ttl);
            const FINGERPRINT: u32 = #fingerprint;
            #optional
            fn id(&self) -> Self::Id {
                #id_value
            }
            #data_version
        }
        #versioned
        #pinned
    })
}

/// The constants that have a default and are stated.
fn optional(attributes: &Attributes, krate: &Path) -> TokenStream {
    let mut out = TokenStream::new();
    if let Some(permille) = attributes.jitter {
        out.extend(quote!(const JITTER: #krate::Jitter = #krate::Jitter::permille(#permille);));
    }
    let durations = [
        ("STALE", attributes.stale),
        ("STALE_IF_ERROR", attributes.stale_if_error),
        ("LOCAL", attributes.local.as_ref().map(|local| local.value)),
    ];
    for (constant, seconds) in durations {
        if let Some(seconds) = seconds.map(u64::from) {
            let constant = format_ident!("{constant}");
            out.extend(quote!(const #constant: ::core::time::Duration = ::core::time::Duration::from_secs(#seconds);));
        }
    }
    if let Some(negative) = attributes.negative {
        let value = negative.map_or_else(
            || quote!(::core::option::Option::None),
            |seconds| quote!(::core::option::Option::Some(#krate::Ttl::secs(#seconds))),
        );
        out.extend(quote!(const NEGATIVE: ::core::option::Option<#krate::Ttl> = #value;));
    }
    if attributes.fenced {
        out.extend(quote!(
            const FENCED: bool = true;
        ));
    }
    if let Some(codec) = &attributes.codec {
        let variant = match codec.value {
            Codec::Json => quote_spanned!(codec.span=> Json),
            Codec::Postcard => quote_spanned!(codec.span=> Postcard),
            Codec::MsgPack => quote_spanned!(codec.span=> MsgPack),
        };
        out.extend(quote!(const CODEC: #krate::Codec = #krate::Codec::#variant;));
    }
    out
}

fn id(parts: &Parts<'_>, krate: &Path) -> (TokenStream, TokenStream) {
    if let [id] = parts.ids.as_slice() {
        let (ty, member) = (id.ty, &id.member);
        return (ty.to_token_stream(), quote_spanned!(ty.span()=> ::core::clone::Clone::clone(&self.#member)));
    }
    let types = parts.ids.iter().map(|id| id.ty);
    // At the field's type, where one that is no segment is shown: the tuple's own error names none of its fields.
    let values = parts.ids.iter().map(|id| {
        let member = &id.member;
        quote_spanned!(id.ty.span()=> #krate::schema::segment(&self.#member))
    });
    (quote!((#(#types),*)), quote!((#(#values),*)))
}

fn data_version(parts: &Parts<'_>, name: &syn::Ident, krate: &Path) -> (TokenStream, TokenStream) {
    let Some(field) = &parts.data_version else { return Default::default() };
    let member = &field.member;
    // At the field's type, where a wrong one is shown.
    let value = quote_spanned!(field.ty.span()=> #krate::schema::DataVersion::data_version(&self.#member));
    (
        quote!(fn data_version(&self) -> u64 { #value }),
        quote! {
            #[automatically_derived]
            impl #krate::Versioned for #name {}
        },
    )
}

fn pin(name: &syn::Ident, krate: &Path, template: &str, fields: &[String]) -> TokenStream {
    let text = name.unraw().to_string();
    let test = format_ident!("cache_schema_{}", snake(&text), span = name.span());
    quote! {
        #[cfg(test)]
        #[test]
        #[allow(non_snake_case, unnameable_test_items)]
        fn #test() {
            if let ::core::result::Result::Err(message) = #krate::schema::pin::<#name>(
                ::core::env!("CARGO_MANIFEST_DIR"),
                ::core::concat!(::core::module_path!(), "::", #text),
                #template,
                &[#(#fields),*],
            ) {
                ::core::panic!("\n\n{message}\n\n");
            }
        }
    }
}

fn snake(name: &str) -> String {
    cache_schema::key::to_name(name).map_or_else(|| name.to_owned(), |name| name.replace('-', "_"))
}
