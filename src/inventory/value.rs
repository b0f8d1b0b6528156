//! What is stored.

use super::operation::{Encoding, ValueUse};
use crate::facts::{Attributes, ItemKind};
use crate::link::ty::{Ty, last_segment};
use crate::link::value::{Argument, Data, Value};
use crate::link::{Program, expand};

pub(super) fn stored(program: &Program<'_>, argument: &Argument) -> ValueUse {
    let mut found = of_value(program, &argument.value);
    found.span = Some(argument.span);
    found.lost = argument.value.loss();
    found
}

/// What is published.
pub(super) fn message(program: &Program<'_>, argument: &Argument) -> ValueUse {
    let texts = argument.value.texts().into_iter().map(|(field, text)| (field.to_string(), text)).collect();
    ValueUse { texts, ..stored(program, argument) }
}

/// Whether a collection cannot grow by what a command puts into it: the member is a constant, or the command trims.
pub(super) fn is_bounded(command: &str, spelled: &str, args: &[Argument]) -> bool {
    let rest = args.get(1..).unwrap_or_default();
    match command {
        "XADD" => {
            let trims = |value: &Value| match &value.data {
                Data::Options(_, set) => set.iter().any(|(name, _)| matches!(name.as_str(), "trim" | "maxlen")),
                _ => {
                    value.as_text().is_some_and(|text| ["MAXLEN", "MINID"].iter().any(|w| text.eq_ignore_ascii_case(w)))
                }
            };
            // fred: key, NOMKSTREAM, cap, id, fields.
            let capped = rest.len() == 4
                && rest.get(1).is_some_and(|cap| {
                    !matches!(&cap.value.data, Data::Unit)
                        && !matches!(&cap.value.data, Data::Variant(name, _) if last_segment(name) == "None")
                });
            spelled.contains("maxlen") || capped || rest.iter().flat_map(expand).any(|argument| trims(&argument.value))
        }
        "HSET" | "HMSET" | "HSETNX" | "HINCRBY" | "HINCRBYFLOAT" => {
            let mut fields = rest.iter().step_by(2).map(|argument| &argument.value);
            rest.first().is_some_and(|first| match &first.value.data {
                Data::List { .. } => is_named(&first.value),
                _ => fields.all(|field| field.as_text().is_some()),
            })
        }
        "SADD" => rest.first().is_some_and(|member| is_named(&member.value) || member.value.as_text().is_some()),
        "ZADD" | "ZINCRBY" | "GEOADD" => rest.iter().any(|argument| {
            argument.value.as_text().is_some_and(|text| {
                text.parse::<f64>().is_err() && !["NX", "XX", "GT", "LT", "CH", "INCR"].contains(&text)
            })
        }),
        _ => false,
    }
}

/// A complete list of constants, or of pairs that begin with one.
fn is_named(list: &Value) -> bool {
    let Data::List { items, complete: true } = &list.data else { return false };
    items.iter().all(|item| match &item.data {
        Data::Tuple(parts) => parts.first().is_some_and(|name| name.as_text().is_some()),
        _ => item.as_text().is_some(),
    })
}

fn of_value(program: &Program<'_>, value: &Value) -> ValueUse {
    if let Some(encoded) = &value.encoded {
        return ValueUse {
            ty: shown(program, &encoded.ty),
            encoding: encoded.format,
            replaced: encoded.replaced,
            structured: encoded.generic || is_structured(&encoded.ty),
            versioned: carries_version(program, &encoded.ty),
            schema: (encoded.format != Encoding::Protobuf)
                .then(|| program.world.schema(&encoded.ty, encoded.by_position))
                .flatten(),
            fields: fields(program, &encoded.ty),
            ..ValueUse::default()
        };
    }
    match &value.data {
        Data::Variant(name, inner) => {
            if super::interpret::is_value_wrapper(program, name)
                && let Some(inner) = inner.first()
            {
                return ValueUse {
                    ty: shown(program, &inner.ty),
                    encoding: Encoding::Json,
                    structured: is_structured(&inner.ty) || matches!(inner.ty, Ty::Bounded(_)),
                    versioned: carries_version(program, &inner.ty),
                    schema: program.world.schema(&inner.ty, false),
                    fields: fields(program, &inner.ty),
                    ..ValueUse::default()
                };
            }
            match (last_segment(name), inner.first()) {
                ("Some" | "Ok", Some(inner)) => of_value(program, inner),
                _ => ValueUse::default(),
            }
        }
        Data::Text(template) => ValueUse {
            ty: Some("String".to_owned()),
            encoding: Encoding::Plain,
            constant: template.as_text().map(str::to_owned),
            ..ValueUse::default()
        },
        Data::Int(n) => ValueUse {
            ty: shown(program, &value.ty),
            encoding: Encoding::Plain,
            constant: Some(n.to_string()),
            ..ValueUse::default()
        },
        Data::Bool(b) => ValueUse {
            ty: Some("bool".to_owned()),
            encoding: Encoding::Plain,
            constant: Some(b.to_string()),
            ..ValueUse::default()
        },
        Data::OneOf(all) => all
            .iter()
            .map(|value| of_value(program, value))
            .find(|found| found.encoding != Encoding::Unknown)
            .unwrap_or_default(),
        _ => by_type(program, &value.ty),
    }
}

fn by_type(program: &Program<'_>, ty: &Ty) -> ValueUse {
    let plain = ty.is_text() || ty.is_number() || matches!(ty.last(), Some("bool" | "char" | "Uuid"));
    let derived = match ty {
        Ty::Adt(def, _) => program.world.derives(*def, "ToRedisArgs") || program.world.derives(*def, "ToValkeyArgs"),
        _ => false,
    };
    let encoding = match (plain, derived) {
        (true, _) => Encoding::Plain,
        (_, true) => Encoding::Json,
        _ => Encoding::Unknown,
    };
    ValueUse {
        ty: shown(program, ty),
        encoding,
        structured: derived,
        schema: derived.then(|| program.world.schema(ty, false)).flatten(),
        versioned: carries_version(program, ty),
        fields: if derived { fields(program, ty) } else { Vec::new() },
        ..ValueUse::default()
    }
}

fn shown(program: &Program<'_>, ty: &Ty) -> Option<String> {
    ty.shown(&|def| program.world.type_name(def))
}

/// A struct or enum of the workspace, or a collection of such.
fn is_structured(ty: &Ty) -> bool {
    match ty {
        Ty::Adt(..) => true,
        Ty::List(inner) => is_structured(inner),
        Ty::Tuple(parts) => parts.len() > 1 || parts.iter().any(is_structured),
        Ty::External(path, args) => {
            args.iter().any(is_structured)
                || !(ty.is_text() || ty.is_number() || is_scalar(last_segment(path)) || !args.is_empty())
        }
        Ty::Bounded(_) | Ty::Callable(_) | Ty::Unknown => false,
    }
}

fn is_scalar(name: &str) -> bool {
    matches!(
        name,
        "bool"
            | "char"
            | "Uuid"
            | "Value"
            | "Duration"
            | "DateTime"
            | "NaiveDate"
            | "NaiveDateTime"
            | "Decimal"
            | "Ulid"
            | "IpAddr"
            | "Url"
    )
}

/// A field that says which version the payload is of.
fn carries_version(program: &Program<'_>, ty: &Ty) -> bool {
    match ty {
        Ty::Adt(def, args) => {
            let own = match &program.world.index.def(*def).item.kind {
                ItemKind::Struct { fields, .. } => fields.iter().any(|field| {
                    matches!(
                        field.name.as_str(),
                        "schema_version" | "cache_version" | "format_version" | "payload_version" | "schema"
                    ) || (field.name == "version" && fields.len() <= 4)
                }),
                _ => false,
            };
            own || args.iter().any(|arg| carries_version(program, arg))
        }
        Ty::External(_, args) => args.iter().any(|arg| carries_version(program, arg)),
        Ty::List(inner) => carries_version(program, inner),
        _ => false,
    }
}

/// Depth of structs in structs whose fields are named.
const MOST_FIELD_DEPTH: u8 = 3;

/// The names of the fields that are stored with a struct.
fn fields(program: &Program<'_>, ty: &Ty) -> Vec<String> {
    let mut out = Vec::new();
    add_fields(program, ty, 0, &mut out);
    out
}

fn add_fields(program: &Program<'_>, ty: &Ty, depth: u8, out: &mut Vec<String>) {
    if depth > MOST_FIELD_DEPTH {
        return;
    }
    match ty {
        Ty::Adt(def, args) => {
            if let ItemKind::Struct { fields, .. } = &program.world.index.def(*def).item.kind {
                for field in fields.iter().filter(|field| !is_skipped(&field.attributes)) {
                    if !out.iter().any(|known| known == field.name.as_str()) {
                        out.push(field.name.to_string());
                    }
                    add_fields(program, &program.world.field(ty, &field.name), depth + 1, out);
                }
            }
            args.iter().for_each(|arg| add_fields(program, arg, depth + 1, out));
        }
        Ty::External(_, args) => args.iter().for_each(|arg| add_fields(program, arg, depth, out)),
        Ty::List(inner) => add_fields(program, inner, depth, out),
        Ty::Tuple(parts) => parts.iter().for_each(|part| add_fields(program, part, depth, out)),
        Ty::Bounded(_) | Ty::Callable(_) | Ty::Unknown => {}
    }
}

/// `#[serde(skip)]`, `#[serde(skip_serializing)]`.
fn is_skipped(attributes: &Attributes) -> bool {
    attributes
        .others
        .iter()
        .filter(|attribute| attribute.path == "serde")
        .any(|attribute| attribute.args.iter().any(|arg| matches!(arg.name.as_str(), "skip" | "skip_serializing")))
}
