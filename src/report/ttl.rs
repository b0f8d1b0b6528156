//! TTLs in the words of the JSON contract, and of people.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Number;

use crate::inventory::{Ttl, TtlKind, TtlUnit};

/// A TTL in JSON. Seconds are whole numbers where they are, else decimal ones.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum TtlReport {
    /// Provably none.
    None,
    /// A constant.
    Seconds {
        /// How many.
        seconds: Number,
    },
    /// Between two constants.
    Range {
        /// The shortest.
        min_seconds: Number,
        /// The longest.
        max_seconds: Number,
    },
    /// Given, value not known.
    Dynamic,
    /// Absent on some path.
    Maybe,
    /// The TTL that the key has is kept.
    Keep,
    /// Set by a later EXPIRE.
    Separate {
        /// How many, where known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seconds: Option<Number>,
    },
    /// Could not be resolved; may or may not be there.
    Undetermined,
    /// The command has none.
    NotApplicable,
}

impl TtlReport {
    /// The TTL as reported.
    #[must_use]
    pub fn of(ttl: &Ttl) -> Self {
        match ttl.kind {
            TtlKind::None => Self::None,
            TtlKind::Constant(_) | TtlKind::Range(..) if is_absolute(ttl) => Self::Dynamic,
            TtlKind::Constant(ms) => Self::Seconds { seconds: seconds(ms) },
            TtlKind::Range(min, max) => Self::Range { min_seconds: seconds(min), max_seconds: seconds(max) },
            TtlKind::Dynamic => Self::Dynamic,
            TtlKind::Maybe => Self::Maybe,
            TtlKind::Keep => Self::Keep,
            TtlKind::Separate(ms) => Self::Separate { seconds: ms.map(seconds) },
            TtlKind::Undetermined => Self::Undetermined,
            TtlKind::NotApplicable => Self::NotApplicable,
        }
    }
}

/// A time of day says nothing of how long it is until then.
fn is_absolute(ttl: &Ttl) -> bool {
    matches!(ttl.unit, Some(TtlUnit::UnixSeconds | TtlUnit::UnixMilliseconds))
}

/// Milliseconds as seconds: whole where they are. What no JSON number holds is cut to the largest that one does.
fn seconds(ms: i128) -> Number {
    if ms % 1000 == 0 {
        let whole = ms / 1000;
        return i64::try_from(whole)
            .map_or_else(|_| Number::from(if whole < 0 { i64::MIN } else { i64::MAX }), Number::from);
    }
    #[allow(clippy::cast_precision_loss, reason = "only TTLs of more than 285,000 years lose anything")]
    let fraction = ms as f64 / 1000.0;
    Number::from_f64(fraction).unwrap_or_else(|| Number::from(0))
}

/// The TTL in a table: `15m`, `5m..10m`, `none`; empty where a command has none.
#[must_use]
pub(super) fn words(ttl: &Ttl) -> String {
    match ttl.kind {
        TtlKind::None => "none".to_owned(),
        TtlKind::Constant(_) | TtlKind::Range(..) if is_absolute(ttl) => "dynamic".to_owned(),
        TtlKind::Constant(ms) => duration(ms),
        TtlKind::Range(min, max) => format!("{}..{}", duration(min), duration(max)),
        TtlKind::Dynamic => "dynamic".to_owned(),
        TtlKind::Maybe => "maybe".to_owned(),
        TtlKind::Keep => "keep".to_owned(),
        TtlKind::Separate(Some(ms)) => format!("{} (EXPIRE)", duration(ms)),
        TtlKind::Separate(None) => "dynamic (EXPIRE)".to_owned(),
        TtlKind::Undetermined => "?".to_owned(),
        TtlKind::NotApplicable => String::new(),
    }
}

/// In the largest units that come out even: `1h`, `90s` as `1m30s`, `250ms`.
fn duration(ms: i128) -> String {
    if ms == 0 {
        return "0s".to_owned();
    }
    let mut rest = ms.unsigned_abs();
    let mut out = if ms < 0 { "-".to_owned() } else { String::new() };
    for (unit, size) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)] {
        if rest >= size {
            out.push_str(&format!("{}{unit}", rest / size));
            rest %= size;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::{json, to_value};

    use super::*;

    #[test]
    fn every_kind_has_the_shape_of_the_contract() {
        let shape = |kind: TtlKind| to_value(TtlReport::of(&Ttl::of(kind))).unwrap();
        assert_eq!(shape(TtlKind::None), json!({"kind": "none"}));
        assert_eq!(shape(TtlKind::Constant(900_000)), json!({"kind": "seconds", "seconds": 900}));
        assert_eq!(shape(TtlKind::Constant(1_500)), json!({"kind": "seconds", "seconds": 1.5}));
        let range = json!({"kind": "range", "min_seconds": 60, "max_seconds": 120});
        assert_eq!(shape(TtlKind::Range(60_000, 120_000)), range);
        assert_eq!(shape(TtlKind::Dynamic), json!({"kind": "dynamic"}));
        assert_eq!(shape(TtlKind::Maybe), json!({"kind": "maybe"}));
        assert_eq!(shape(TtlKind::Keep), json!({"kind": "keep"}));
        assert_eq!(shape(TtlKind::Separate(Some(60_000))), json!({"kind": "separate", "seconds": 60}));
        assert_eq!(shape(TtlKind::Separate(None)), json!({"kind": "separate"}));
        assert_eq!(shape(TtlKind::Undetermined), json!({"kind": "undetermined"}));
        assert_eq!(shape(TtlKind::NotApplicable), json!({"kind": "not-applicable"}));
        assert_eq!(shape(TtlKind::Constant(i128::MAX / 1000 * 1000)), json!({"kind": "seconds", "seconds": i64::MAX}));
    }

    #[test]
    fn a_point_in_time_is_no_duration() {
        let at = Ttl { unit: Some(TtlUnit::UnixSeconds), ..Ttl::of(TtlKind::Constant(3_600_000)) };
        assert_eq!(to_value(TtlReport::of(&at)).unwrap(), json!({"kind": "dynamic"}));
        assert_eq!(words(&at), "dynamic");
    }

    #[test]
    fn people_read_durations() {
        assert_eq!(words(&Ttl::of(TtlKind::Constant(900_000))), "15m");
        assert_eq!(words(&Ttl::of(TtlKind::Constant(90_000))), "1m30s");
        assert_eq!(words(&Ttl::of(TtlKind::Constant(1_500))), "1s500ms");
        assert_eq!(words(&Ttl::of(TtlKind::Constant(-1_000))), "-1s");
        assert_eq!(words(&Ttl::of(TtlKind::Range(60_000, 3_600_000))), "1m..1h");
    }
}
