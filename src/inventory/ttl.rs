//! What a TTL argument says.

use super::operation::{Ttl, TtlKind, TtlUnit};
use crate::clients::{TtlArgument, Unit};
use crate::link::Program;
use crate::link::ty::{Ty, last_segment};
use crate::link::value::{Argument, Data, Value};

/// The TTL at `argument`, which takes what `kind` says.
pub(super) fn argument(program: &Program<'_>, argument: &Argument, kind: &TtlArgument) -> Ttl {
    match kind {
        TtlArgument::Number(unit) => number(program, argument, *unit),
        TtlArgument::Enum(_) => finish(program, argument, enumerated(program, &argument.value, kind)),
        TtlArgument::Options(_) => options_argument(program, argument),
    }
}

/// A number in `unit`.
pub(super) fn number(program: &Program<'_>, argument: &Argument, unit: Unit) -> Ttl {
    let kind = of_number(&argument.value, unit);
    let ttl = Ttl { unit: unit_of(unit), ..Ttl::of(kind) };
    finish(program, argument, ttl)
}

/// A set of options.
pub(super) fn options_argument(program: &Program<'_>, argument: &Argument) -> Ttl {
    finish(program, argument, options(program, &argument.value))
}

/// Whether the value is the caller's.
pub(super) fn forwarded(value: &Value) -> bool {
    match &value.data {
        Data::Variant(_, inner) => inner.iter().any(forwarded),
        Data::Options(_, calls) => calls.iter().any(|(_, args)| args.iter().any(forwarded)),
        Data::OneOf(all) => all.iter().any(forwarded),
        Data::Int(_) | Data::Duration(_) => false,
        _ => value.parameter,
    }
}

fn finish(program: &Program<'_>, argument: &Argument, ttl: Ttl) -> Ttl {
    let written = argument.span.of(program.world.workspace.text(argument.file)).to_owned();
    let source_unit = ttl.source_unit.or_else(|| source_unit(&argument.value));
    let jitter = ttl.jitter || jittered(&argument.value);
    Ttl { span: Some(argument.span), written, source_unit, jitter, lost: argument.value.loss(), ..ttl }
}

fn jittered(value: &Value) -> bool {
    value.jitter || value.alternatives().iter().any(|value| value.jitter)
}

fn source_unit(value: &Value) -> Option<TtlUnit> {
    match &value.data {
        Data::Variant(_, inner) => inner.iter().find_map(source_unit),
        _ => value.unit.and_then(unit_of),
    }
}

pub(super) fn unit_of(unit: Unit) -> Option<TtlUnit> {
    Some(match unit {
        Unit::Seconds => TtlUnit::Seconds,
        Unit::Milliseconds => TtlUnit::Milliseconds,
        Unit::UnixSeconds => TtlUnit::UnixSeconds,
        Unit::UnixMilliseconds => TtlUnit::UnixMilliseconds,
        Unit::Duration | Unit::Keep | Unit::Persist | Unit::None => return None,
    })
}

fn of_number(value: &Value, unit: Unit) -> TtlKind {
    match &value.data {
        Data::Int(n) => {
            let millis = match unit {
                Unit::Seconds | Unit::UnixSeconds => n.checked_mul(1000),
                _ => Some(*n),
            };
            millis.map_or(TtlKind::Dynamic, TtlKind::Constant)
        }
        // `"60"` in a list of words.
        Data::Text(text) => match text.as_text().and_then(|text| text.parse::<i128>().ok()) {
            Some(n) => of_number(&Value::int(n), unit),
            None => TtlKind::Dynamic,
        },
        Data::Duration(micros) => TtlKind::Constant(micros / 1000),
        Data::OneOf(all) => {
            all.iter().map(|value| of_number(value, unit)).reduce(either).unwrap_or(TtlKind::Undetermined)
        }
        Data::Variant(name, inner) => match last_segment(name) {
            "None" => TtlKind::None,
            "Some" | "Ok" => inner.first().map_or(TtlKind::Dynamic, |inner| of_number(inner, unit)),
            _ => TtlKind::Dynamic,
        },
        _ if is_option(&value.ty) => TtlKind::Maybe,
        _ => TtlKind::Dynamic,
    }
}

fn is_option(ty: &Ty) -> bool {
    match ty {
        Ty::External(path, _) => last_segment(path) == "Option" || ty.inside().is_some_and(is_option),
        _ => false,
    }
}

fn enumerated(program: &Program<'_>, value: &Value, kind: &TtlArgument) -> Ttl {
    match &value.data {
        Data::Variant(name, inner) => match last_segment(name) {
            "Some" | "Ok" => inner.first().map_or(Ttl::of(TtlKind::Dynamic), |inner| enumerated(program, inner, kind)),
            "None" if name.as_str() == "None" || name.ends_with("Option::None") => Ttl::of(TtlKind::None),
            variant => {
                let TtlArgument::Enum(path) = kind else { return Ttl::of(TtlKind::Dynamic) };
                let unit = program
                    .world
                    .catalogue
                    .type_spec(path)
                    .and_then(|spec| spec.variants.iter().find(|(known, _)| known == variant))
                    .map(|(_, unit)| *unit);
                match unit {
                    Some(Unit::Keep) => Ttl::of(TtlKind::Keep),
                    Some(Unit::Persist | Unit::None) => Ttl::of(TtlKind::None),
                    Some(unit) => Ttl {
                        unit: unit_of(unit),
                        source_unit: inner.first().and_then(source_unit),
                        jitter: inner.first().is_some_and(jittered),
                        ..Ttl::of(inner.first().map_or(TtlKind::Dynamic, |inner| of_number(inner, unit)))
                    },
                    None => Ttl::of(TtlKind::Dynamic),
                }
            }
        },
        Data::OneOf(all) => all
            .iter()
            .map(|value| enumerated(program, value, kind))
            .reduce(|a, b| Ttl { kind: either(a.kind.clone(), b.kind), ..a })
            .unwrap_or(Ttl::of(TtlKind::Undetermined)),
        Data::Options(..) => options(program, value),
        _ if is_option(&value.ty) => Ttl::of(TtlKind::Maybe),
        _ => Ttl::of(TtlKind::Dynamic),
    }
}

fn options(program: &Program<'_>, value: &Value) -> Ttl {
    match &value.data {
        Data::Options(path, calls) => {
            let Some(spec) = program.world.catalogue.type_spec(path) else { return Ttl::of(TtlKind::Undetermined) };
            let open = calls.iter().any(|(name, _)| name == "?");
            let given = calls.iter().rev().find_map(|(name, args)| {
                let (_, kind) = spec.ttl_methods.iter().find(|(known, _)| known == name)?;
                Some((kind, args.first()))
            });
            match given {
                Some((TtlArgument::Number(unit), Some(value))) => Ttl {
                    unit: unit_of(*unit),
                    source_unit: source_unit(value),
                    jitter: jittered(value),
                    ..Ttl::of(of_number(value, *unit))
                },
                Some((kind, Some(value))) => enumerated(program, value, kind),
                Some((_, None)) => Ttl::of(TtlKind::Dynamic),
                None if open => Ttl::of(TtlKind::Undetermined),
                None => Ttl::of(TtlKind::None),
            }
        }
        Data::OneOf(all) => all
            .iter()
            .map(|value| options(program, value))
            .reduce(|a, b| Ttl { kind: either(a.kind.clone(), b.kind), ..a })
            .unwrap_or(Ttl::of(TtlKind::Undetermined)),
        Data::Variant(name, inner) => match last_segment(name) {
            "Some" | "Ok" => inner.first().map_or(Ttl::of(TtlKind::Undetermined), |inner| options(program, inner)),
            "None" => Ttl::of(TtlKind::None),
            _ => Ttl::of(TtlKind::Undetermined),
        },
        _ => Ttl::of(TtlKind::Undetermined),
    }
}

/// What two paths say together.
pub(super) fn either(a: TtlKind, b: TtlKind) -> TtlKind {
    use TtlKind::{Constant, Dynamic, Keep, Maybe, None, NotApplicable, Range, Separate, Undetermined};
    match (a, b) {
        (a, b) if a == b => a,
        (Undetermined, _) | (_, Undetermined) => Undetermined,
        (Constant(a), Constant(b)) => Range(a.min(b), a.max(b)),
        (Constant(n), Range(low, high)) | (Range(low, high), Constant(n)) => Range(low.min(n), high.max(n)),
        (Range(a, b), Range(c, d)) => Range(a.min(c), b.max(d)),
        (None | Maybe, _) | (_, None | Maybe) => Maybe,
        (Separate(a), _) | (_, Separate(a)) => Separate(a),
        (Keep, other) | (other, Keep) | (NotApplicable, other) | (other, NotApplicable) => other,
        (Dynamic, _) | (_, Dynamic) => Dynamic,
    }
}

/// The TTL of an EXPIRE command, as (constant milliseconds).
pub(super) fn constant_of(ttl: &Ttl) -> Option<i128> {
    match ttl.kind {
        TtlKind::Constant(n) => Some(n),
        _ => Option::None,
    }
}
