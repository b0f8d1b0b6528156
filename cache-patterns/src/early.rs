//! Early refresh at random, so that one caller reloads before the entry expires and the others go on hitting.
//!
//! XFetch (Vattani, Chierichetti, Lowenstein: Optimal Probabilistic Cache Stampede Prevention, VLDB 2015): refresh at
//! `now` if `now - cost * beta * ln(U) >= expiry`, with `U` uniform in (0, 1] and `cost` the measured load time.

use std::time::Duration;

/// Beyond this many times `beta * cost` before the expiry the chance is below 10⁻⁷ and no random number is drawn.
const NEGLIGIBLE: f64 = 16.0;

/// Whether this reader should refresh an entry that expires in `gap`, whose load costs `cost`.
///
/// The lead is at most half of `ttl`. `beta` 1 is the optimum; 0 turns it off.
#[must_use]
pub fn refreshes_early(gap: Duration, cost: Duration, ttl: Duration, beta: f64) -> bool {
    if beta <= 0.0 || gap.as_secs_f64() > cost.as_secs_f64() * beta * NEGLIGIBLE {
        return false;
    }
    // (0, 1]: the logarithm of 0 is none.
    refreshes_early_by(gap, cost, ttl, beta, 1.0 - fastrand::f64())
}

/// As [`refreshes_early`] with the random number given: `unit` in (0, 1].
#[must_use]
pub fn refreshes_early_by(gap: Duration, cost: Duration, ttl: Duration, beta: f64, unit: f64) -> bool {
    let scale = cost.as_secs_f64() * beta;
    let gap = gap.as_secs_f64();
    if scale <= 0.0 || gap > scale * NEGLIGIBLE || gap > ttl.as_secs_f64() / 2.0 {
        return false;
    }
    -scale * unit.ln() >= gap
}

/// A smoothed load time: an exponentially weighted mean with weight 0.2, between 1 ms and a quarter of `ttl`.
#[must_use]
pub fn smooth(before: Option<Duration>, measured: Duration, ttl: Duration) -> Duration {
    const WEIGHT: f64 = 0.2;
    let mean = before.map_or(measured, |before| before.mul_f64(1.0 - WEIGHT) + measured.mul_f64(WEIGHT));
    let least = Duration::from_millis(1);
    mean.clamp(least, (ttl / 4).max(least))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Loads per refresh are e^(1/beta), whatever the rate (derived from the paper's density; ± 10 % here).
    #[test]
    fn loads_per_refresh_follow_the_law() {
        let (ttl, cost, step) = (Duration::from_secs(60), Duration::from_millis(100), Duration::from_millis(1));
        for (beta, expected) in [(1.0, std::f64::consts::E), (2.0, 0.5f64.exp())] {
            let mut random = fastrand::Rng::with_seed(7);
            let (cycles, mut loads) = (2_000, 0u32);
            for _ in 0..cycles {
                // Readers once a millisecond; the first that triggers ends the cycle one load time later.
                let mut first: Option<Duration> = None;
                let mut at = ttl - Duration::from_millis(3_000);
                while at < ttl && first.is_none_or(|first| at < first + cost) {
                    if refreshes_early_by(ttl - at, cost, ttl, beta, 1.0 - random.f64()) {
                        loads += 1;
                        first.get_or_insert(at);
                    }
                    at += step;
                }
                loads += u32::from(first.is_none());
            }
            let mean = f64::from(loads) / f64::from(cycles);
            assert!((mean / expected - 1.0).abs() < 0.1, "beta {beta}: {mean} loads, expected {expected}");
        }
    }

    #[test]
    fn far_from_the_expiry_nothing_is_refreshed() {
        let cost = Duration::from_millis(10);
        assert!(!refreshes_early_by(Duration::from_secs(5), cost, Duration::from_secs(60), 1.0, 1e-9));
        assert!(refreshes_early_by(Duration::from_millis(10), cost, Duration::from_secs(60), 1.0, 1e-9));
    }
}
