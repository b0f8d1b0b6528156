//! Durations and their units, by the names that `std`, `chrono`, `time` and `jiff` give to them.

use crate::clients::Unit;
use crate::link::ty::Ty;
use crate::link::value::{Data, Value, join};

pub(super) const MICROS: i128 = 1_000_000;

/// Microseconds per unit, by the names that `std`, `chrono`, `time` and `jiff` give to constructors and accessors.
pub(super) fn unit_micros(name: &str) -> Option<(i128, Option<Unit>)> {
    let name = name.trim_start_matches("from_").trim_start_matches("try_").trim_start_matches("num_");
    let name = name.trim_start_matches("whole_").trim_start_matches("as_").trim_start_matches("to_");
    Some(match name {
        "micros" | "microseconds" => (1, None),
        "millis" | "milliseconds" => (1_000, Some(Unit::Milliseconds)),
        "secs" | "seconds" | "secs_f64" | "secs_f32" | "seconds_f64" | "seconds_f32" => (MICROS, Some(Unit::Seconds)),
        "mins" | "minutes" => (60 * MICROS, None),
        "hours" => (3_600 * MICROS, None),
        "days" => (86_400 * MICROS, None),
        "weeks" => (604_800 * MICROS, None),
        _ => return None,
    })
}

pub(super) fn duration(count: &Value, micros: i128) -> Value {
    let data = match count.data {
        Data::Int(n) => n.checked_mul(micros).map_or(Data::Unknown, Data::Duration),
        _ => Data::Unknown,
    };
    Value { ty: Ty::external("Duration"), data, ..count.clone() }
}

/// `as_secs()`, `num_milliseconds()` of a duration.
pub(super) fn duration_part(receiver: &Value, name: &str, args: usize) -> Option<Value> {
    if args != 0 || !(name.starts_with("as_") || name.starts_with("num_") || name.starts_with("whole_")) {
        return None;
    }
    let (micros, unit) = unit_micros(name)?;
    let part = |value: &Value| {
        let data = match value.data {
            Data::Duration(d) => Data::Int(d / micros),
            _ => Data::Unknown,
        };
        Value { ty: Ty::external("u64"), data, unit, ..value.clone() }
    };
    Some(match &receiver.data {
        Data::OneOf(all) => join(all.iter().map(part)),
        _ => part(receiver),
    })
}
