//! `#[cache(…)]` on the struct.

use cache_schema::key::{NAME_RULE, is_name, to_name};
use cache_schema::ttl::{self, TtlError};
use proc_macro2::Span;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::punctuated::Punctuated;
use syn::{Attribute, DeriveInput, Expr, ExprLit, Lit, LitStr, Meta, Path, Token};

use crate::mistakes::{Mistakes, list, unknown};

/// The four that have no default, in the order in which they are written.
const DEMANDED: [&str; 4] = ["service", "entity", "version", "ttl"];

const KNOWN: [&str; 13] = [
    "service",
    "entity",
    "version",
    "ttl",
    "jitter",
    "stale",
    "stale_if_error",
    "negative",
    "local",
    "fenced",
    "codec",
    "no_pin",
    "crate",
];

/// How values become bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    Json,
    Postcard,
    MsgPack,
}

/// A value and where it is written.
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

/// What the struct's attributes say. `None`: not stated, or stated wrongly, which is among the mistakes then.
#[derive(Default)]
pub(crate) struct Attributes {
    pub(crate) service: Option<String>,
    pub(crate) entity: Option<String>,
    pub(crate) version: Option<u32>,
    pub(crate) ttl: Option<u32>,
    pub(crate) jitter: Option<u16>,
    pub(crate) stale: Option<u32>,
    pub(crate) stale_if_error: Option<u32>,
    /// Inner `None`: never.
    pub(crate) negative: Option<Option<u32>>,
    pub(crate) local: Option<At<u32>>,
    pub(crate) fenced: bool,
    pub(crate) codec: Option<At<Codec>>,
    pub(crate) no_pin: bool,
    pub(crate) krate: Option<Path>,
    /// All names that are stated, with their values as written.
    stated: Vec<(String, String)>,
}

/// The items of all `#[cache(…)]` among `attributes`.
pub(crate) fn items(attributes: &[Attribute], mistakes: &mut Mistakes) -> Vec<Meta> {
    let mut out = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("cache")) {
        match attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated) {
            Ok(metas) => out.extend(metas),
            Err(error) => mistakes.add(error),
        }
    }
    out
}

/// The name of an item: `ttl` of `ttl = "15m"`, `crate` of `crate = "…"`.
pub(crate) fn name_of(meta: &Meta) -> String {
    let segments: Vec<String> = meta.path().segments.iter().map(|segment| segment.ident.unraw().to_string()).collect();
    segments.join("::")
}

impl Attributes {
    pub(crate) fn of(input: &DeriveInput, mistakes: &mut Mistakes) -> Self {
        let mut out = Self::default();
        for meta in items(&input.attrs, mistakes) {
            let name = name_of(&meta);
            if out.stated.iter().any(|(stated, _)| *stated == name) {
                mistakes.at(&meta, format!("`{name}` is stated twice"));
                continue;
            }
            out.read(&name, &meta, mistakes);
            if KNOWN.contains(&name.as_str()) {
                out.stated.push((name, meta.to_token_stream().to_string()));
            }
        }
        out.demand(input, mistakes);
        if let (Some(local), Some(ttl)) = (&out.local, out.ttl)
            && local.value > ttl
        {
            let message = format!("`local` is longer than `ttl`; write at most `local = \"{}\"`", ttl::show(ttl));
            mistakes.add(syn::Error::new(local.span, message));
        }
        out
    }

    fn read(&mut self, name: &str, meta: &Meta, mistakes: &mut Mistakes) {
        match name {
            "service" => self.service = key_name(name, meta, mistakes),
            "entity" => self.entity = key_name(name, meta, mistakes),
            "version" => self.version = version(meta, mistakes),
            "ttl" => self.ttl = duration(name, meta, mistakes).map(|at| at.value),
            "jitter" => self.jitter = jitter(meta, mistakes),
            "stale" => self.stale = duration(name, meta, mistakes).map(|at| at.value),
            "stale_if_error" => self.stale_if_error = duration(name, meta, mistakes).map(|at| at.value),
            "negative" => {
                let never = matches!(literal(meta), Some(Lit::Str(text)) if text.value() == "never");
                self.negative =
                    if never { Some(None) } else { duration(name, meta, mistakes).map(|at| Some(at.value)) };
            }
            "local" => self.local = duration(name, meta, mistakes),
            "fenced" => self.fenced = flag(name, meta, mistakes),
            "no_pin" => self.no_pin = flag(name, meta, mistakes),
            "codec" => self.codec = codec(meta, mistakes),
            "crate" => {
                self.krate = text(name, "\"cache_patterns\"", meta, mistakes).and_then(|path| {
                    path.parse::<Path>()
                        .map_err(|_| mistakes.at(path, "this is no path; write for example `crate = \"shop::cache\"`"))
                        .ok()
                });
            }
            "id" | "data_version" => {
                mistakes.at(meta, format!("`{name}` belongs on a field: write `#[cache({name})]` above it"));
            }
            _ => mistakes.at(meta.path(), unknown(name, &KNOWN)),
        }
    }

    /// Tells what has no default and is not stated, with the line to write.
    fn demand(&self, input: &DeriveInput, mistakes: &mut Mistakes) {
        let stated = |name: &str| self.stated.iter().find(|(stated, _)| stated == name).map(|(_, text)| text.clone());
        let missing: Vec<&str> = DEMANDED.into_iter().filter(|name| stated(name).is_none()).collect();
        if missing.is_empty() {
            return;
        }
        let entity = to_name(&input.ident.unraw().to_string()).unwrap_or_else(|| "name".to_owned());
        let mut line: Vec<String> = DEMANDED
            .into_iter()
            .map(|name| {
                stated(name).unwrap_or_else(|| match name {
                    "service" => "service = \"my-service\"".to_owned(),
                    "entity" => format!("entity = \"{entity}\""),
                    "version" => "version = 1".to_owned(),
                    _ => "ttl = \"15m\"".to_owned(),
                })
            })
            .collect();
        line.extend(
            self.stated.iter().filter(|(name, _)| !DEMANDED.contains(&name.as_str())).map(|(_, text)| text.clone()),
        );
        let verb = if missing.len() == 1 { "is" } else { "are" };
        let message = format!(
            "{} {verb} not stated and {} no default; write\n\n    #[cache({})]\n",
            list(&missing, "and"),
            if missing.len() == 1 { "has" } else { "have" },
            line.join(", ")
        );
        match input.attrs.iter().find(|attribute| attribute.path().is_ident("cache")) {
            Some(attribute) => mistakes.at(attribute, message),
            None => mistakes.at(&input.ident, message),
        }
    }
}

fn literal(meta: &Meta) -> Option<&Lit> {
    let Meta::NameValue(pair) = meta else { return None };
    let mut value = &pair.value;
    // A literal that a macro hands on comes in an invisible group.
    while let Expr::Group(group) = value {
        value = &group.expr;
    }
    match value {
        Expr::Lit(ExprLit { lit, .. }) => Some(lit),
        _ => None,
    }
}

/// What the mistake in a value is shown at: the value if there is one.
fn value_of(meta: &Meta) -> &dyn ToTokens {
    match meta {
        Meta::NameValue(pair) => &pair.value,
        other => other,
    }
}

fn text<'a>(name: &str, example: &str, meta: &'a Meta, mistakes: &mut Mistakes) -> Option<&'a LitStr> {
    if let Some(Lit::Str(text)) = literal(meta) {
        return Some(text);
    }
    mistakes.at(value_of(meta), format!("`{name}` is a text in quotes; write for example `{name} = {example}`"));
    None
}

fn key_name(name: &str, meta: &Meta, mistakes: &mut Mistakes) -> Option<String> {
    let text = text(name, "\"user\"", meta, mistakes)?;
    let value = text.value();
    if is_name(&value) {
        return Some(value);
    }
    let near = to_name(&value).map(|near| format!("write `{name} = \"{near}\"`; ")).unwrap_or_default();
    mistakes.at(text, format!("`{value}` cannot be part of a key: {near}a name is {NAME_RULE}"));
    None
}

fn version(meta: &Meta, mistakes: &mut Mistakes) -> Option<u32> {
    let found = match literal(meta) {
        Some(Lit::Int(number)) => number.base10_parse::<u32>().ok(),
        _ => None,
    };
    if found.is_some_and(|version| version > 0) {
        return found;
    }
    mistakes
        .at(value_of(meta), "`version` is a number from 1, raised whenever the struct changes; write `version = 1`");
    None
}

fn duration(name: &str, meta: &Meta, mistakes: &mut Mistakes) -> Option<At<u32>> {
    if let Some(Lit::Int(number)) = literal(meta) {
        let shown = number
            .base10_parse::<u32>()
            .ok()
            .filter(|seconds| *seconds > 0)
            .map_or_else(|| "15m".to_owned(), ttl::show);
        mistakes
            .at(number, format!("`{name}` is a text with a unit; for {number} seconds write `{name} = \"{shown}\"`"));
        return None;
    }
    let text = text(name, "\"15m\"", meta, mistakes)?;
    match ttl::parse(&text.value()) {
        Ok(value) => Some(At { value, span: text.span() }),
        // Zero is no mistake here but a wish, which leaving the attribute out fulfils.
        Err(TtlError::Zero) if name != "ttl" => {
            mistakes.at(
                text,
                format!(
                    "`{name}` of zero: leave `{name}` out{}",
                    if name == "negative" { " or write `negative = \"never\"`" } else { "" }
                ),
            );
            None
        }
        Err(error) => {
            mistakes.at(text, format!("`{name}`: {error}"));
            None
        }
    }
}

fn jitter(meta: &Meta, mistakes: &mut Mistakes) -> Option<u16> {
    let read = match literal(meta) {
        Some(Lit::Str(text)) => ttl::jitter(&text.value()),
        Some(Lit::Float(share)) => share.base10_parse::<f64>().map_err(|_| TtlError::Share).and_then(ttl::jitter_of),
        Some(Lit::Int(number)) if number.base10_digits() == "0" => Ok(0),
        _ => Err(TtlError::Share),
    };
    read.map_err(|error| mistakes.at(value_of(meta), format!("`jitter`: {error}"))).ok()
}

fn flag(name: &str, meta: &Meta, mistakes: &mut Mistakes) -> bool {
    match (meta, literal(meta)) {
        (Meta::Path(_), _) => true,
        (_, Some(Lit::Bool(flag))) => flag.value,
        _ => {
            mistakes.at(value_of(meta), format!("`{name}` stands alone: write `#[cache({name})]`"));
            false
        }
    }
}

fn codec(meta: &Meta, mistakes: &mut Mistakes) -> Option<At<Codec>> {
    let text = text("codec", "\"json\"", meta, mistakes)?;
    let value = match text.value().as_str() {
        "json" => Codec::Json,
        "postcard" => Codec::Postcard,
        "msgpack" => Codec::MsgPack,
        other => {
            mistakes.at(text, unknown(other, &["json", "postcard", "msgpack"]));
            return None;
        }
    };
    Some(At { value, span: text.span() })
}
