//! A circuit breaker for one node: calls that fail or are slow open it, probes close it. Pure; time is an argument.

use std::time::Duration;

/// When a breaker opens and how it comes back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BreakerPolicy {
    /// Calls are judged over this time.
    pub window: Duration,
    /// Fewer calls than this are not judged.
    pub least_calls: u32,
    /// Opens at this share of failed or slow calls, 0 to 1. When `least_calls` slow ones follow each other it opens
    /// whatever went before: a busy node that freezes has a window full of good calls.
    pub share: f64,
    /// A call that takes longer counts as failed.
    pub slow: Duration,
    /// How long it stays open at first; doubled at every failed probe.
    pub open: Duration,
    /// And at most.
    pub open_most: Duration,
    /// Probes that must succeed, after the first one, before it closes.
    pub probes: u32,
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(10),
            least_calls: 20,
            share: 0.5,
            slow: Duration::from_millis(50),
            open: Duration::from_secs(1),
            open_most: Duration::from_secs(30),
            probes: 5,
        }
    }
}

/// Whether a call may go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permit {
    /// Yes.
    Call,
    /// Yes, and its outcome decides.
    Probe,
    /// No.
    Refused,
}

/// Seen from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls go out.
    Closed,
    /// Some do, to see.
    HalfOpen,
    /// None do.
    Open,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Closed,
    Open { until: u64, length: Duration },
    HalfOpen { running: u32, good: u32, length: Duration },
}

/// Parts of the window.
const PARTS: usize = 10;

/// The breaker of one node. Times are milliseconds of a clock that never goes back.
#[derive(Debug)]
pub struct Breaker {
    policy: BreakerPolicy,
    state: State,
    /// Slow calls since the last good one.
    slow_in_a_row: u32,
    /// Calls and bad calls by part of the window, and which part each stands for.
    parts: [(u64, u32, u32); PARTS],
}

impl Breaker {
    /// A closed one.
    #[must_use]
    pub fn new(policy: BreakerPolicy) -> Self {
        Self { policy, state: State::Closed, slow_in_a_row: 0, parts: [(u64::MAX, 0, 0); PARTS] }
    }

    /// Its state at `now`.
    #[must_use]
    pub fn state(&self, now: u64) -> BreakerState {
        match self.state {
            State::Closed => BreakerState::Closed,
            State::Open { until, .. } if now < until => BreakerState::Open,
            State::Open { .. } | State::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    /// Asks for a call at `now`. Whoever got [`Permit::Call`] or [`Permit::Probe`] must report with
    /// [`Breaker::report`].
    pub fn ask(&mut self, now: u64) -> Permit {
        if let State::Open { until, length } = self.state
            && now >= until
        {
            self.state = State::HalfOpen { running: 0, good: 0, length };
        }
        match &mut self.state {
            State::Closed => Permit::Call,
            State::Open { .. } => Permit::Refused,
            State::HalfOpen { running, good, .. } => {
                // One at first; after it succeeded, the others may go together.
                let most = if *good == 0 { 1 } else { self.policy.probes };
                if *running >= most {
                    return Permit::Refused;
                }
                *running += 1;
                Permit::Probe
            }
        }
    }

    /// Reports the outcome of a call: how long it took, and whether it failed.
    pub fn report(&mut self, permit: Permit, took: Duration, failed: bool, now: u64) {
        let bad = failed || took > self.policy.slow;
        match (permit, &mut self.state) {
            (Permit::Probe, State::HalfOpen { running, good, length }) => {
                *running = running.saturating_sub(1);
                if bad {
                    let length = (*length * 2).min(self.policy.open_most);
                    self.open(length, now);
                } else {
                    *good += 1;
                    if *good > self.policy.probes {
                        self.parts = [(u64::MAX, 0, 0); PARTS];
                        self.state = State::Closed;
                    }
                }
            }
            (Permit::Call, State::Closed) => {
                self.count(bad, now);
                // A connection that breaks under many calls fails all of them at once: that is one event, and fast.
                self.slow_in_a_row = match (bad, took > self.policy.slow) {
                    (false, _) => 0,
                    (true, slow) => self.slow_in_a_row + u32::from(slow),
                };
                if self.slow_in_a_row >= self.policy.least_calls.max(1) {
                    return self.open(self.policy.open, now);
                }
                let (calls, bad) = self.counts(now);
                if calls >= self.policy.least_calls && f64::from(bad) >= self.policy.share * f64::from(calls) {
                    self.open(self.policy.open, now);
                }
            }
            // An answer to a call that was sent before the state changed says nothing about the new state.
            _ => {}
        }
    }

    /// Counts calls that went well and were not reported one by one, all of the second that began at `then`.
    pub fn went_well(&mut self, calls: u32, then: u64) {
        if calls > 0 && matches!(self.state, State::Closed) {
            self.slow_in_a_row = 0;
            self.part_of(then).1 += calls;
        }
    }

    /// The node has answered something that no caller waited for. However often probes have failed before, the next one
    /// goes out as after the first time.
    pub fn answered(&mut self) {
        if let State::Open { until, length } = &mut self.state {
            let spared = length.saturating_sub(self.policy.open);
            *until = until.saturating_sub(crate::clock::millis(spared));
            *length -= spared;
        }
    }

    /// A probe that will never be reported: its caller was dropped.
    pub fn forget(&mut self, permit: Permit) {
        if let (Permit::Probe, State::HalfOpen { running, .. }) = (permit, &mut self.state) {
            *running = running.saturating_sub(1);
        }
    }

    fn open(&mut self, length: Duration, now: u64) {
        self.slow_in_a_row = 0;
        self.state = State::Open { until: now + crate::clock::millis(length), length };
    }

    fn part(&self, now: u64) -> u64 {
        let width = (crate::clock::millis(self.policy.window) / PARTS as u64).max(1);
        now / width
    }

    fn count(&mut self, bad: bool, now: u64) {
        let part = self.part_of(now);
        part.1 += 1;
        part.2 += u32::from(bad);
    }

    fn part_of(&mut self, now: u64) -> &mut (u64, u32, u32) {
        let part = self.part(now);
        let at = usize::try_from(part % PARTS as u64).unwrap_or(0);
        if self.parts[at].0 != part {
            self.parts[at] = (part, 0, 0);
        }
        &mut self.parts[at]
    }

    fn counts(&self, now: u64) -> (u32, u32) {
        let newest = self.part(now);
        let oldest = newest.saturating_sub(PARTS as u64 - 1);
        let live = self.parts.iter().filter(|part| (oldest..=newest).contains(&part.0));
        live.fold((0, 0), |(calls, bad), part| (calls + part.1, bad + part.2))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FAST: Duration = Duration::from_millis(1);

    fn fail(breaker: &mut Breaker, now: u64) -> Permit {
        let permit = breaker.ask(now);
        breaker.report(permit, FAST, true, now);
        permit
    }

    #[test]
    fn it_opens_within_twenty_failed_calls() {
        let mut breaker = Breaker::new(BreakerPolicy::default());
        for _ in 0..20 {
            assert_eq!(fail(&mut breaker, 5), Permit::Call);
        }
        assert_eq!(breaker.state(5), BreakerState::Open);
        assert_eq!(breaker.ask(6), Permit::Refused);
    }

    #[test]
    fn slow_calls_count_as_failed() {
        let mut breaker = Breaker::new(BreakerPolicy::default());
        for _ in 0..20 {
            let permit = breaker.ask(0);
            breaker.report(permit, Duration::from_millis(51), false, 0);
        }
        assert_eq!(breaker.state(0), BreakerState::Open);
    }

    #[test]
    fn a_busy_node_that_freezes_is_noticed_as_soon_as_a_quiet_one() {
        let mut breaker = Breaker::new(BreakerPolicy::default());
        breaker.went_well(100_000, 0);
        for _ in 0..19 {
            breaker.report(Permit::Call, Duration::MAX, true, 1_000);
        }
        assert_eq!(breaker.state(1_000), BreakerState::Closed);
        breaker.report(Permit::Call, FAST, false, 1_000);
        (0..1_000).for_each(|_| breaker.report(Permit::Call, FAST, true, 1_000));
        assert_eq!(breaker.state(1_000), BreakerState::Closed, "fast failures are judged by their share");
        for _ in 0..20 {
            breaker.report(Permit::Call, Duration::MAX, true, 1_000);
        }
        assert_eq!(breaker.state(1_000), BreakerState::Open);
    }

    #[test]
    fn one_probe_then_five_then_it_closes() {
        let mut breaker = Breaker::new(BreakerPolicy::default());
        (0..20).for_each(|_| assert_eq!(fail(&mut breaker, 0), Permit::Call));
        assert_eq!(breaker.ask(1_000), Permit::Probe);
        assert_eq!(breaker.ask(1_000), Permit::Refused, "the first probe is alone");
        breaker.report(Permit::Probe, FAST, false, 1_001);
        let permits: Vec<_> = (0..6).map(|_| breaker.ask(1_002)).collect();
        assert_eq!(permits, [[Permit::Probe; 5].as_slice(), &[Permit::Refused]].concat());
        (0..5).for_each(|_| breaker.report(Permit::Probe, FAST, false, 1_003));
        assert_eq!(breaker.state(1_003), BreakerState::Closed);
        assert_eq!(fail(&mut breaker, 1_004), Permit::Call);
        assert_eq!(breaker.state(1_004), BreakerState::Closed, "what came before it closed is forgotten");
    }

    #[test]
    fn a_failed_probe_doubles_the_wait() {
        let mut breaker = Breaker::new(BreakerPolicy::default());
        (0..20).for_each(|_| assert_eq!(fail(&mut breaker, 0), Permit::Call));
        assert_eq!(fail(&mut breaker, 1_000), Permit::Probe);
        assert_eq!(breaker.ask(2_999), Permit::Refused);
        assert_eq!(breaker.ask(3_000), Permit::Probe);
    }

    #[test]
    fn a_node_that_answers_is_probed_as_after_the_first_time() {
        let mut breaker = Breaker::new(BreakerPolicy::default());
        (0..20).for_each(|_| assert_eq!(fail(&mut breaker, 0), Permit::Call));
        breaker.answered();
        assert_eq!(breaker.ask(999), Permit::Refused, "not before the first wait is over");
        assert_eq!(fail(&mut breaker, 1_000), Permit::Probe);
        assert_eq!(fail(&mut breaker, 3_000), Permit::Probe);
        assert_eq!(breaker.ask(4_000), Permit::Refused, "until 7,000");
        breaker.answered();
        breaker.answered();
        assert_eq!(breaker.ask(4_000), Permit::Probe);
    }

    proptest! {
        /// Whatever happens, it never stays shut for longer than the longest wait, and never lets more than the allowed
        /// number of probes out.
        #[test]
        fn it_always_comes_back(steps in prop::collection::vec((0u64..3_000, any::<bool>(), any::<bool>()), 1..200)) {
            let policy = BreakerPolicy::default();
            let mut breaker = Breaker::new(policy);
            let mut now = 0;
            let mut probes = 0;
            for (pause, failed, answered) in steps {
                now += pause;
                let permit = breaker.ask(now);
                if permit == Permit::Refused {
                    continue;
                }
                probes += u32::from(permit == Permit::Probe);
                prop_assert!(probes <= policy.probes);
                if answered {
                    breaker.report(permit, FAST, failed, now);
                } else {
                    breaker.forget(permit);
                }
                probes -= u32::from(permit == Permit::Probe);
            }
            let later = now + crate::clock::millis(policy.open_most);
            prop_assert_ne!(breaker.ask(later), Permit::Refused);
        }
    }
}
