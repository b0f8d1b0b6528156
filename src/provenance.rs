//! Where a value comes from, as far as rules ask: what makes a key that cannot be found again, or that a caller writes.

use std::ops::{BitOr, BitOrAssign};

/// A set of origins. A value made of several others has those of all of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Provenance(u16);

impl Provenance {
    /// Nothing worth telling is known.
    pub const NONE: Self = Self(0);
    /// Text of a request (path, query, body, header) as the caller sent it: not parsed, hashed, escaped or checked.
    pub const REQUEST: Self = Self(1);
    /// The time of day, as fine as the clock gives it.
    pub const TIME: Self = Self(1 << 1);
    /// The number of a period of time: what is left of the time after it was divided.
    pub const PERIOD: Self = Self(1 << 2);
    /// Drawn at random: a number, a UUID of version 4 or 7.
    pub const RANDOM: Self = Self(1 << 3);
    /// A hash whose algorithm may change with the Rust version: `DefaultHasher`.
    pub const HASHER: Self = Self(1 << 4);
    /// A hash with a seed of this process.
    pub const SEEDED: Self = Self(1 << 5);
    /// A floating-point number, written with all its digits.
    pub const FLOAT: Self = Self(1 << 6);
    /// The `Debug` text of a struct, an `Option` or a collection.
    pub const DEBUG: Self = Self(1 << 7);
    /// The `Debug` text of a map or set whose order is another one in each process.
    pub const UNORDERED: Self = Self(1 << 8);
    /// An element of the collection that the enclosing loop walks, or made of one.
    pub const ELEMENT: Self = Self(1 << 9);

    /// Whether all of `other` are in it.
    #[must_use]
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Those that are in `other` as well.
    #[must_use]
    pub fn only(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Without those of `other`.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// What is left after a method that is known by name alone.
    #[must_use]
    pub fn through(self, method: &str) -> Self {
        let mut left = self;
        if !is_same_text(method) {
            left = left.without(Self::REQUEST);
        }
        if !is_same_time(method) {
            left = left.without(Self::TIME);
        }
        if !(is_same_text(method) || is_same_number(method)) {
            left = left.without(Self::RANDOM | Self::HASHER | Self::SEEDED | Self::PERIOD);
        }
        left
    }

    /// What arithmetic leaves: a time that is divided numbers a period, and so does one that is rounded by it.
    #[must_use]
    pub fn combined(self, op: &str, other: Self) -> Self {
        let both = self | other;
        if both.has(Self::PERIOD) || (both.has(Self::TIME) && matches!(op, "/" | "%")) {
            return both.without(Self::TIME) | Self::PERIOD;
        }
        match op {
            // One of few is chosen: a shard, a slot.
            "%" | "/" | "&" | ">>" => both.without(Self::RANDOM),
            _ => both,
        }
    }
}

impl BitOr for Provenance {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Provenance {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// The text goes on as it is, or as good as.
fn is_same_text(method: &str) -> bool {
    matches!(
        method,
        "to_string"
            | "to_owned"
            | "into"
            | "clone"
            | "cloned"
            | "as_str"
            | "as_ref"
            | "as_deref"
            | "into_inner"
            | "into_owned"
            | "into_string"
            | "borrow"
            | "deref"
            | "unwrap"
            | "expect"
            | "unwrap_or"
            | "unwrap_or_default"
            | "unwrap_or_else"
            | "ok"
            | "ok_or"
            | "ok_or_else"
            | "map_err"
            | "trim"
            | "trim_start"
            | "trim_end"
            | "to_lowercase"
            | "to_uppercase"
            | "to_ascii_lowercase"
            | "to_ascii_uppercase"
            | "to_str"
            | "await"
    )
}

fn is_same_number(method: &str) -> bool {
    matches!(
        method,
        "finish"
            | "hash_one"
            | "build_hasher"
            | "simple"
            | "hyphenated"
            | "as_simple"
            | "as_hyphenated"
            | "as_u128"
            | "as_bytes"
            | "into_bytes"
            | "encode_lower"
            | "try_into"
            | "abs"
            | "wrapping_add"
    )
}

/// Methods of clocks and moments that round to no more than a second.
fn is_same_time(method: &str) -> bool {
    is_same_text(method)
        || method.starts_with("timestamp")
        || method.starts_with("unix_timestamp")
        || matches!(
            method,
            "duration_since"
                | "elapsed"
                | "as_secs"
                | "as_millis"
                | "as_micros"
                | "as_nanos"
                | "as_secs_f64"
                | "as_second"
                | "as_millisecond"
                | "as_microsecond"
                | "as_nanosecond"
                | "whole_seconds"
                | "whole_milliseconds"
                | "num_seconds"
                | "num_milliseconds"
                | "to_rfc3339"
                | "to_rfc2822"
                | "naive_utc"
                | "naive_local"
                | "and_utc"
                | "with_timezone"
                | "to_offset"
                | "checked_add"
                | "checked_sub"
                | "try_into"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_is_divided_numbers_a_period() {
        let now = Provenance::TIME;
        assert_eq!(now.combined("/", Provenance::NONE), Provenance::PERIOD);
        // `now - now % 60`
        assert_eq!(now.combined("-", now.combined("%", Provenance::NONE)), Provenance::PERIOD);
        assert_eq!(now.combined("+", Provenance::NONE), Provenance::TIME);
        assert_eq!(now.through("timestamp"), now);
        assert_eq!(now.through("date_naive"), Provenance::NONE);
    }

    #[test]
    fn request_text_survives_what_leaves_it_as_it_is() {
        let text = Provenance::REQUEST;
        assert_eq!(text.through("trim").through("to_lowercase"), text);
        assert_eq!(text.through("parse"), Provenance::NONE);
        assert_eq!((text | Provenance::ELEMENT).through("replace"), Provenance::ELEMENT);
    }
}
