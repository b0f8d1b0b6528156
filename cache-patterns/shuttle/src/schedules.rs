//! What has to hold under any schedule.

use std::sync::Arc;

use shuttle::sync::Mutex;
use shuttle::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use shuttle::{future, thread};

use crate::epochs::Epochs;
use crate::flight::{Flights, Landing, Moment, Role};

const SCHEDULES: usize = 3_000;

/// A row, the store's slot with its lease, and the newest version whose invalidation has returned.
#[derive(Default)]
struct Slot {
    value: Option<u64>,
    lease: Option<u64>,
}

struct World {
    row: AtomicU64,
    slot: Mutex<Slot>,
    acknowledged: AtomicU64,
    attempts: AtomicU64,
    loads: AtomicUsize,
    flights: Arc<Flights<u64>>,
}

impl World {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            row: AtomicU64::new(1),
            slot: Mutex::new(Slot::default()),
            acknowledged: AtomicU64::new(1),
            attempts: AtomicU64::new(0),
            loads: AtomicUsize::new(0),
            flights: Arc::new(Flights::new()),
        })
    }

    /// Another process changes the row; this one's flights are not told.
    fn change(&self) {
        let version = self.row.fetch_add(1, Ordering::SeqCst) + 1;
        *self.slot.lock().unwrap() = Slot::default();
        self.acknowledged.fetch_max(version, Ordering::SeqCst);
    }

    /// The task of a flight, as `cache/lead.rs` does it. `certain`: when the store has taken the value.
    fn fly(&self, pilot: crate::flight::Pilot<u64>, certain: fn(Moment) -> Moment) {
        let attempt = self.attempts.fetch_add(1, Ordering::SeqCst) + 1;
        let asked = pilot.flight().mark();
        let there = {
            let mut slot = self.slot.lock().unwrap();
            if slot.value.is_none() {
                slot.lease = Some(attempt);
            }
            slot.value
        };
        if let Some(value) = there {
            pilot.flight().publish(value, asked);
            pilot.land(asked);
            return;
        }
        let asked = pilot.flight().mark();
        self.loads.fetch_add(1, Ordering::SeqCst);
        let value = self.row.load(Ordering::SeqCst);
        pilot.flight().publish(value, asked);
        let sent = pilot.flight().mark();
        let stored = {
            let mut slot = self.slot.lock().unwrap();
            let holds = slot.lease == Some(attempt);
            if holds {
                *slot = Slot { value: Some(value), lease: None };
            }
            holds
        };
        pilot.land(if stored { certain(sent) } else { asked });
    }

    /// A caller, as `cache/read.rs` does it.
    fn get(self: &Arc<Self>, certain: fn(Moment) -> Moment) -> u64 {
        loop {
            let there = self.slot.lock().unwrap().value;
            if let Some(value) = there {
                return value;
            }
            let passenger = match self.flights.join("k") {
                Role::Follower(passenger) => passenger,
                Role::Leader(pilot, passenger) => {
                    let world = Arc::clone(self);
                    thread::spawn(move || world.fly(pilot, certain));
                    passenger
                }
            };
            if let Landing::Value(value) = future::block_on(passenger) {
                return value;
            }
        }
    }
}

/// One asks; another changes the row, as a process of its own would, and then asks here.
fn a_late_caller(certain: fn(Moment) -> Moment) {
    let world = World::new();
    let early = thread::spawn({
        let world = Arc::clone(&world);
        move || world.get(certain)
    });
    let late = thread::spawn({
        let world = Arc::clone(&world);
        move || {
            world.change();
            let due = world.acknowledged.load(Ordering::SeqCst);
            let given = world.get(certain);
            assert!(given >= due, "given {given}, due {due}");
        }
    });
    early.join().unwrap();
    late.join().unwrap();
}

#[test]
fn nobody_is_given_what_was_invalidated_before_it_came() {
    shuttle::check_random(|| a_late_caller(|sent| sent), SCHEDULES);
    shuttle::check_pct(|| a_late_caller(|sent| sent), SCHEDULES, 3);
}

/// That the search would find it otherwise.
#[test]
#[should_panic(expected = "given 1, due 2")]
fn a_stored_value_is_not_good_for_all_who_wait() {
    shuttle::check_pct(|| a_late_caller(|_| Moment::END), SCHEDULES * 10, 3);
}

#[test]
fn callers_share_one_load() {
    let run = || {
        let world = World::new();
        let callers: Vec<_> = (0..3)
            .map(|_| {
                let world = Arc::clone(&world);
                thread::spawn(move || assert_eq!(world.get(|sent| sent), 1))
            })
            .collect();
        callers.into_iter().for_each(|caller| caller.join().unwrap());
        assert_eq!(world.loads.load(Ordering::SeqCst), 1);
    };
    shuttle::check_random(run, SCHEDULES);
}

#[test]
fn a_pilot_that_vanishes_leaves_nobody_waiting() {
    let run = || {
        let flights: Arc<Flights<u64>> = Arc::new(Flights::new());
        let Role::Leader(pilot, leader) = flights.join("k") else { unreachable!() };
        let task = thread::spawn(move || drop(pilot));
        let follower = thread::spawn({
            let flights = Arc::clone(&flights);
            move || match flights.join("k") {
                Role::Follower(passenger) => future::block_on(passenger),
                Role::Leader(..) => Landing::Abandoned,
            }
        });
        assert_eq!(future::block_on(leader), Landing::Abandoned);
        assert_eq!(follower.join().unwrap(), Landing::Abandoned);
        task.join().unwrap();
        assert!(flights.is_empty());
    };
    shuttle::check_random(run, SCHEDULES);
}

/// A local copy under the stamp that was read before the store: it never outlives the bump that follows the change.
#[test]
fn no_copy_outlives_its_epoch() {
    let run = || {
        let epochs = Arc::new(Epochs::with_stripes(1));
        let row = Arc::new(AtomicU64::new(1));
        let copy = Arc::new(Mutex::new(None));
        let reader = thread::spawn({
            let (epochs, row, copy) = (Arc::clone(&epochs), Arc::clone(&row), Arc::clone(&copy));
            move || {
                let stamp = epochs.stamp(0);
                let value = row.load(Ordering::SeqCst);
                if epochs.holds(0, stamp) {
                    *copy.lock().unwrap() = Some((stamp, value));
                }
            }
        });
        row.store(2, Ordering::SeqCst);
        epochs.bump(0);
        reader.join().unwrap();
        if let Some((stamp, value)) = *copy.lock().unwrap()
            && epochs.holds(0, stamp)
        {
            assert_eq!(value, 2, "an older copy is served after the bump");
        }
    };
    shuttle::check_random(run, SCHEDULES);
}
