//! What a subscriber knows of the messages that it should have received. Pure; time is an argument.
//!
//! Pub/Sub delivers at most once and says nothing of what it dropped. So every message carries a number that grows by
//! one, the publisher of each channel is heard at least once a second, and whatever does not fit is a gap.

use std::time::Duration;

/// What a number means for the local copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// The next one: apply it.
    Next,
    /// Known already.
    Old,
    /// `missing` messages before it were lost: apply it, and replay those or drop every copy.
    Gap {
        /// The first that is missing.
        from: u64,
        /// How many.
        missing: u64,
    },
    /// The counter was lost (restart, failover): drop every copy.
    Restarted,
}

/// The state of one channel's subscription. Times are milliseconds of a clock that never goes back.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sequence {
    /// The last number that was applied; `None` until the channel was synchronised.
    last: Option<u64>,
    heard: u64,
    silence: Duration,
}

impl Sequence {
    /// Not synchronised yet. After `silence` without a message, local copies are not to be trusted.
    #[must_use]
    pub fn new(silence: Duration) -> Self {
        Self { last: None, heard: 0, silence }
    }

    /// The counter as it was read *after* the subscription stood. `true`: nothing was lost since the last message, the
    /// local copies may be kept. Never with a counter of zero: it may never have been raised, or have been lost.
    pub fn synchronise(&mut self, counter: u64, now: u64) -> bool {
        self.heard = now;
        let kept = counter > 0 && self.last == Some(counter);
        self.last = Some(counter);
        kept
    }

    /// A message or a heartbeat with this number. A heartbeat repeats the last number that was given out.
    pub fn arrive(&mut self, number: u64, heartbeat: bool, now: u64) -> Arrival {
        self.heard = now;
        let Some(last) = self.last else {
            self.last = Some(number);
            return Arrival::Restarted;
        };
        let expected = if heartbeat { last } else { last + 1 };
        if number == expected {
            self.last = Some(number);
            return Arrival::Next;
        }
        if number > expected {
            self.last = Some(number);
            return Arrival::Gap { from: last + 1, missing: number - expected };
        }
        // A few behind: a message that a replay has covered already. The counter itself never goes back, so a heartbeat
        // that is behind tells of a counter that was lost; so does a message from the beginning.
        if heartbeat || number <= 1 {
            self.last = Some(number);
            return Arrival::Restarted;
        }
        Arrival::Old
    }

    /// The connection is gone: what comes next must be synchronised first.
    pub fn lose(&mut self) {
        self.heard = 0;
    }

    /// Whether something was heard within the allowed silence.
    #[must_use]
    pub fn alive(&self, now: u64) -> bool {
        self.last.is_some() && self.heard > 0 && now < self.heard + crate::clock::millis(self.silence)
    }

    /// The last number that was applied.
    #[must_use]
    pub fn last(&self) -> Option<u64> {
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(number: u64) -> Sequence {
        let mut sequence = Sequence::new(Duration::from_secs(3));
        sequence.synchronise(number, 1);
        sequence
    }

    #[test]
    fn the_next_number_is_applied_and_a_jump_is_a_gap() {
        let mut sequence = at(7);
        assert_eq!(sequence.arrive(8, false, 2), Arrival::Next);
        assert_eq!(sequence.arrive(11, false, 3), Arrival::Gap { from: 9, missing: 2 });
        assert_eq!(sequence.arrive(10, false, 4), Arrival::Old);
        assert_eq!(sequence.arrive(12, false, 5), Arrival::Next);
    }

    #[test]
    fn a_heartbeat_repeats_the_last_number_so_that_a_loss_at_the_end_shows() {
        let mut sequence = at(7);
        assert_eq!(sequence.arrive(7, true, 2), Arrival::Next);
        assert_eq!(sequence.arrive(9, true, 3), Arrival::Gap { from: 8, missing: 2 });
        assert_eq!(sequence.arrive(9, true, 4), Arrival::Next);
    }

    #[test]
    fn a_counter_that_went_back_is_a_restart() {
        let mut sequence = at(7);
        assert_eq!(sequence.arrive(0, true, 2), Arrival::Restarted);
        assert_eq!(sequence.arrive(1, false, 2), Arrival::Next);
        assert_eq!(at(7).arrive(1, false, 2), Arrival::Restarted);
    }

    #[test]
    fn silence_is_noticed_and_a_lost_connection_at_once() {
        let mut sequence = at(7);
        assert!(sequence.alive(3_000));
        assert!(!sequence.alive(3_001));
        sequence.arrive(8, false, 4_000);
        assert!(sequence.alive(4_001));
        sequence.lose();
        assert!(!sequence.alive(4_001));
        assert!(sequence.synchronise(8, 4_002), "nothing was sent meanwhile");
        assert!(!sequence.synchronise(9, 4_003), "something was");
        assert!(!at(0).synchronise(0, 2), "the first message may have been lost with the counter");
    }
}
