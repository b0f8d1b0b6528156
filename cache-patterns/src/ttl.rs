//! How long an entry may live: a TTL that cannot be zero, forgotten or unbounded, and its jitter.

use std::fmt;
use std::time::Duration;

/// A TTL in whole seconds, at least 1 second and at most 30 days.
///
/// The bounds are checked when the value is made. In a constant that is at compile time: a wrong TTL does not build.
///
/// ```
/// use cache_patterns::Ttl;
/// const PROFILE: Ttl = Ttl::mins(15);
/// assert_eq!(PROFILE.as_secs(), 900);
/// ```
///
/// ```compile_fail
/// use cache_patterns::Ttl;
/// const NEVER: Ttl = Ttl::secs(0);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ttl(u32);

impl Ttl {
    /// The longest TTL: 30 days.
    pub const MAX: Self = Self(30 * 24 * 3600);

    /// A TTL of `seconds` seconds.
    ///
    /// # Panics
    /// If `seconds` is 0 or more than 30 days; in a constant this is a compile error.
    #[must_use]
    pub const fn secs(seconds: u32) -> Self {
        assert!(seconds > 0, "a TTL of zero would make the entry vanish as it is written; state at least 1 second");
        assert!(seconds <= Self::MAX.0, "a TTL is at most 30 days; what has to stay longer belongs into a database");
        Self(seconds)
    }

    /// A TTL of `minutes` minutes. Panics as [`Ttl::secs`] does.
    #[must_use]
    pub const fn mins(minutes: u32) -> Self {
        assert!(
            minutes <= Self::MAX.0 / 60,
            "a TTL is at most 30 days; what has to stay longer belongs into a database"
        );
        Self::secs(minutes * 60)
    }

    /// A TTL of `hours` hours. Panics as [`Ttl::secs`] does.
    #[must_use]
    pub const fn hours(hours: u32) -> Self {
        assert!(
            hours <= Self::MAX.0 / 3600,
            "a TTL is at most 30 days; what has to stay longer belongs into a database"
        );
        Self::secs(hours * 3600)
    }

    /// Seconds.
    #[must_use]
    pub const fn as_secs(self) -> u32 {
        self.0
    }

    /// The same as a [`Duration`].
    #[must_use]
    pub const fn as_duration(self) -> Duration {
        Duration::from_secs(self.0 as u64)
    }
}

impl fmt::Debug for Ttl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}s", self.0)
    }
}

/// The share of a TTL that is taken off at random, so that entries written together do not expire together.
///
/// Subtractive: the effective TTL is `ttl * (1 - jitter * U)` with `U` uniform in 0..1, never above the stated TTL.
/// For `n` entries written together, a source that bears `c` extra loads a second and a TTL of `t` seconds, the jitter
/// should be at least `n / (c * t)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jitter(u16);

impl Jitter {
    /// No jitter.
    pub const NONE: Self = Self(0);
    /// One tenth: the default.
    pub const TENTH: Self = Self(100);

    /// A share in thousandths, at most 900.
    ///
    /// # Panics
    /// If `permille` is over 900; in a constant this is a compile error.
    #[must_use]
    pub const fn permille(permille: u16) -> Self {
        assert!(permille <= 900, "a jitter is at most 90 % of the TTL");
        Self(permille)
    }

    /// `ttl` shortened by a random part of this share, never below 1 millisecond.
    #[must_use]
    pub fn shorten(self, ttl: Duration) -> Duration {
        self.shorten_by(ttl, fastrand::f64())
    }

    /// As [`Jitter::shorten`], with the random number given: `unit` in 0..1.
    #[must_use]
    pub fn shorten_by(self, ttl: Duration, unit: f64) -> Duration {
        let share = f64::from(self.0) / 1000.0 * unit.clamp(0.0, 1.0);
        ttl.mul_f64(1.0 - share).max(Duration::from_millis(1))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn jitter_only_shortens_and_by_no_more_than_its_share(
            seconds in 1u32..=Ttl::MAX.as_secs(), permille in 0u16..=900, unit in 0.0f64..=1.0,
        ) {
            let ttl = Ttl::secs(seconds).as_duration();
            let short = Jitter::permille(permille).shorten_by(ttl, unit);
            prop_assert!(short <= ttl);
            let least = ttl.mul_f64(1.0 - f64::from(permille) / 1000.0);
            prop_assert!(short + Duration::from_micros(1) >= least, "{short:?} < {least:?}");
        }
    }

    #[test]
    #[should_panic(expected = "at most 30 days")]
    fn a_ttl_over_thirty_days_is_refused() {
        let _ = Ttl::hours(30 * 24 + 1);
    }
}
