//! What a handler gets of a request: the extractors of the web frameworks, and what is taken out of them.

use crate::facts::ItemKind;
use crate::link::ty::{Ty, last_segment};
use crate::link::value::Value;
use crate::link::world::World;
use crate::provenance::Provenance;

/// Crates whose extractors hold what the caller sent.
const FRAMEWORKS: &[&str] = &["axum", "axum_extra", "actix_web", "actix_web_lab", "poem", "ntex", "salvo", "rocket"];

/// A parameter as it comes in: an extractor stands for what it holds.
pub(super) fn received(value: Value) -> Value {
    let Ty::External(path, args) = &value.ty else { return value };
    let framework = path.split("::").next().is_some_and(|name| FRAMEWORKS.contains(&name));
    match (last_segment(path), args.first()) {
        ("Path" | "Query" | "Json" | "Form" | "RawQuery" | "RawForm", Some(inner)) if framework => {
            let inner = inner.clone();
            Value { ty: inner, provenance: value.provenance | Provenance::REQUEST, ..value }
        }
        ("HeaderMap" | "HttpRequest", _) => Value { provenance: value.provenance | Provenance::REQUEST, ..value },
        _ => value,
    }
}

/// What a method of something from a request gives: the text itself, or what leads to it.
pub(super) fn through(value: &mut Value, receiver: &Value, method: &str) {
    value.provenance |= receiver.provenance.through(method);
    if !receiver.provenance.has(Provenance::REQUEST) {
        return;
    }
    let container = matches!(receiver.ty.last(), Some("HeaderMap" | "HttpRequest"));
    match method {
        "headers" | "match_info" if container => {
            value.provenance |= Provenance::REQUEST;
            value.ty = receiver.ty.clone();
        }
        "get" | "query" | "query_string" | "path" if container => {
            value.provenance |= Provenance::REQUEST;
            value.ty = Ty::external("str");
        }
        _ if value.provenance.has(Provenance::REQUEST) && value.ty.is_unknown() => value.ty = receiver.ty.clone(),
        _ => {}
    }
}

/// What a parameter of this type gets: where it is no text, the value is no longer one.
pub(super) fn given_for(value: Value, declared: &Ty) -> Value {
    // An extractor was already taken for what it holds.
    let same = received(Value::typed(declared.clone())).ty != *declared;
    if same || is_text(declared) || !is_text(&value.ty) {
        return value;
    }
    let provenance = value.provenance.without(Provenance::REQUEST);
    Value { ty: declared.clone(), provenance, ..value }
}

/// A type whose text is short and of known form, whatever was sent: numbers, ids, dates, enums without fields, and
/// structs around one of these.
pub(super) fn is_bounded(world: &World<'_>, ty: &Ty) -> bool {
    match ty {
        Ty::External(path, args) => match last_segment(path) {
            "bool" | "char" | "Uuid" | "Ulid" | "ObjectId" | "Hyphenated" | "Simple" | "NaiveDate"
            | "NaiveDateTime" | "NaiveTime" | "DateTime" | "OffsetDateTime" | "PrimitiveDateTime" | "Date" | "Time"
            | "Timestamp" | "Zoned" | "Duration" | "IpAddr" | "Ipv4Addr" | "Ipv6Addr" | "Decimal" => true,
            "Option" | "Arc" | "Box" | "Cow" | "Rc" => args.first().is_some_and(|ty| is_bounded(world, ty)),
            _ => ty.is_number(),
        },
        Ty::Adt(def, _) => match &world.index.def(*def).item.kind {
            ItemKind::Struct { fields, .. } => match fields.as_slice() {
                [only] => {
                    let inner = world.field(ty, &only.name);
                    inner != *ty && is_bounded(world, &inner)
                }
                _ => false,
            },
            ItemKind::Enum { variants, .. } => variants.iter().all(|variant| variant.fields.is_empty()),
            _ => false,
        },
        _ => false,
    }
}

/// Text that may be anything.
pub(super) fn is_text(ty: &Ty) -> bool {
    match ty {
        Ty::External(path, args) => match last_segment(path) {
            "str" | "String" => true,
            "Option" | "Cow" | "Box" | "Arc" | "Vec" => args.first().is_some_and(is_text),
            _ => false,
        },
        Ty::List(inner) => is_text(inner),
        _ => false,
    }
}
