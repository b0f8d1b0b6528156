//! The callers of one process, their flights over a store whose answers are on the way for a while, and another process
//! that loads, writes and invalidates. This process hears nothing of it: there is no bus here.
//!
//! The law: nobody is given a version older than the newest whose invalidation had returned when they came.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cache_patterns::envelope::{Header, Kind, Token};
use cache_patterns::flight::{Flights, Landing, Moment, Role};
use cache_patterns::slot::{self, Acquired, Filled, Invalidation, Stored, Want};

use super::explorer::{Model, holds, is_broken};

const LEASE: Duration = Duration::from_millis(10);
const TTL: Duration = Duration::from_millis(1_000);
const NOW: u64 = 1_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    None,
    /// What the source answered is good for all who wait.
    PublishedForAll,
    /// What the store took is good for all who wait when its answer arrives.
    StoredForAll,
    /// What another process had stored is good for all who wait when the store's answer arrives.
    AnsweredForAll,
}

/// What is known of a moment: the number of marks before it, or the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum At {
    Mark(usize),
    End,
}

/// A flight as its callers see it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Course {
    marks: usize,
    published: Option<(u8, At)>,
    landed: Option<At>,
}

impl Course {
    fn mark(&mut self) -> At {
        self.marks += 1;
        At::Mark(self.marks)
    }

    /// The crate's own flight, brought to this state; what a caller that joined after so many marks is told.
    fn tells(&self, joined: usize) -> Option<Landing<u8>> {
        let table: Arc<Flights<u8>> = Arc::new(Flights::new());
        let Role::Leader(pilot, mut passenger) = table.join("k") else { unreachable!("the table is new") };
        let mut moments = vec![Moment::START];
        for mark in 1..=self.marks {
            moments.push(pilot.flight().mark());
            if mark == joined
                && let Role::Follower(later) = table.join("k")
            {
                passenger = later;
            }
        }
        let moment = |at: At| match at {
            At::Mark(mark) => moments[mark],
            At::End => Moment::END,
        };
        if let Some((version, at)) = self.published {
            pilot.flight().publish(version, moment(at));
        }
        match self.landed {
            Some(at) => pilot.land(moment(at)),
            // The real pilot goes on.
            None => std::mem::forget(pilot),
        }
        passenger.look()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Caller {
    /// Not there yet, or on its way round again; what it may not be given less than, once it has come.
    Idle(Option<u8>),
    /// Found nothing in the store.
    Looked(u8),
    /// In this flight, after so many marks.
    Waits(u8, usize, usize),
    Gone,
}

/// The task of the last flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Task {
    None,
    Starts,
    /// The question for the lease is on its way, the answer is.
    Asks(At),
    Granted,
    Fresh(u8, At),
    Busy,
    Reads(At),
    HasRead(u8, At),
    Fills(u8, At),
    Filled(bool, At),
}

/// A reader of another process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Other {
    Idle,
    Leased,
    Loaded(u8),
    Gone,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct World {
    slot: Option<Stored>,
    row: u8,
    /// The newest version whose invalidation has returned.
    acknowledged: u8,
    courses: Vec<Course>,
    task: Task,
    callers: Vec<Caller>,
    other: Other,
    writes: u8,
    /// A caller was given this though it was due that.
    given: Option<(u8, u8)>,
}

struct Process {
    flaw: Flaw,
    callers: usize,
    writes: u8,
}

const SOUND: Process = Process { flaw: Flaw::None, callers: 2, writes: 2 };

fn bytes(version: u8) -> Bytes {
    let header = Header { soft_deadline: NOW + 1_000, ..Header::new(Kind::Value) };
    header.with_payload(&[version]).into()
}

fn value(slot: Option<&Bytes>) -> Option<u8> {
    let (header, payload) = Header::decode(slot?)?;
    header.kind.is_answer().then(|| payload[0])
}

fn token(of: usize) -> Token {
    Token::from_bytes([u8::try_from(of + 1).unwrap(); 16])
}

impl World {
    fn course(&mut self) -> &mut Course {
        self.courses.last_mut().unwrap()
    }

    fn land(&mut self, at: At) {
        self.course().landed = Some(at);
        self.task = Task::None;
    }

    fn acquire(&mut self, of: usize) -> Acquired {
        slot::acquire(&mut self.slot, token(of), LEASE, Want::default(), NOW)
    }
}

type Step<'a> = &'a mut dyn FnMut(&str, &dyn Fn(&mut World));

impl Process {
    fn caller(&self, world: &World, at: usize, step: Step) {
        match world.callers[at] {
            Caller::Idle(due) => step("looks into the store", &|next| {
                let due = due.unwrap_or(next.acknowledged);
                next.callers[at] = match value(next.slot.as_ref().map(|stored| &stored.bytes)) {
                    Some(version) => {
                        next.given = Some((version, due));
                        Caller::Gone
                    }
                    None => Caller::Looked(due),
                };
            }),
            Caller::Looked(due) => step("joins", &|next| {
                if next.task == Task::None {
                    next.courses.push(Course::default());
                    next.task = Task::Starts;
                }
                let marks = next.course().marks;
                next.callers[at] = Caller::Waits(due, next.courses.len() - 1, marks);
            }),
            Caller::Waits(due, flight, joined) => match world.courses[flight].tells(joined) {
                None => {}
                Some(Landing::Value(version)) => step("is served", &|next| {
                    next.given = Some((version, due));
                    next.callers[at] = Caller::Gone;
                }),
                Some(Landing::Retry | Landing::Abandoned) => {
                    step("goes round again", &|next| next.callers[at] = Caller::Idle(Some(due)));
                }
            },
            Caller::Gone => {}
        }
    }

    fn task(&self, world: &World, step: Step) {
        let all = |flaw: Flaw, at: At| if self.flaw == flaw { At::End } else { at };
        match world.task {
            Task::None => {}
            // Until something changes there is nothing else to be told.
            Task::Busy if matches!(world.clone().acquire(world.courses.len()), Acquired::Busy { .. }) => {}
            Task::Starts | Task::Busy => step("the flight asks for the lease", &|next| {
                next.task = Task::Asks(next.course().mark());
            }),
            Task::Asks(asked) => step("the store answers", &|next| {
                next.task = match next.acquire(next.courses.len()) {
                    Acquired::Granted { .. } => Task::Granted,
                    Acquired::Fresh(bytes) => Task::Fresh(value(Some(&bytes)).unwrap(), asked),
                    Acquired::Busy { .. } | Acquired::Fenced { .. } => Task::Busy,
                };
            }),
            Task::Fresh(version, asked) => step("the flight has an answer", &|next| {
                let at = all(Flaw::AnsweredForAll, asked);
                next.course().published = Some((version, at));
                next.land(at);
            }),
            Task::Granted => step("the flight has the lease", &|next| {
                next.task = Task::Reads(next.course().mark());
            }),
            Task::Reads(asked) => step("the source answers", &|next| next.task = Task::HasRead(next.row, asked)),
            Task::HasRead(version, asked) => step("the flight sends its value", &|next| {
                next.course().published = Some((version, all(Flaw::PublishedForAll, asked)));
                next.task = Task::Fills(version, next.course().mark());
            }),
            Task::Fills(version, sent) => step("the store takes or refuses it", &|next| {
                let filled = slot::fill(&mut next.slot, token(next.courses.len()), &bytes(version), TTL, NOW);
                next.task = Task::Filled(filled == Filled::Stored, sent);
            }),
            Task::Filled(stored, sent) => step("the flight lands", &|next| {
                next.land(if stored { all(Flaw::StoredForAll, sent) } else { At::Mark(0) });
            }),
        }
    }

    fn elsewhere(world: &World, step: Step) {
        if world.row > world.acknowledged {
            step("another process invalidates", &|next| {
                slot::invalidate(&mut next.slot, Invalidation::Hard, NOW);
                next.acknowledged = next.row;
            });
        } else if world.writes > 0 {
            step("another process commits", &|next| {
                next.writes -= 1;
                next.row += 1;
            });
        }
        match world.other {
            Other::Idle => step("another process asks", &|next| {
                next.other = match next.acquire(100) {
                    Acquired::Granted { .. } => Other::Leased,
                    _ => Other::Gone,
                };
            }),
            Other::Leased => step("another process reads the source", &|next| next.other = Other::Loaded(next.row)),
            Other::Loaded(version) => step("another process fills", &|next| {
                slot::fill(&mut next.slot, token(100), &bytes(version), TTL, NOW);
                next.other = Other::Gone;
            }),
            Other::Gone => {}
        }
    }
}

impl Model for Process {
    type State = World;

    fn initial(&self) -> Vec<World> {
        vec![World {
            slot: None,
            row: 1,
            acknowledged: 1,
            courses: Vec::new(),
            task: Task::None,
            callers: vec![Caller::Idle(None); self.callers],
            other: Other::Idle,
            writes: self.writes,
            given: None,
        }]
    }

    fn steps(&self, world: &World, into: &mut Vec<(String, World)>) {
        let mut step = |name: &str, change: &dyn Fn(&mut World)| {
            let mut next = world.clone();
            next.given = None;
            change(&mut next);
            into.push((name.to_owned(), next));
        };
        for at in 0..self.callers {
            self.caller(world, at, &mut |name, change| step(&format!("caller {at} {name}"), change));
        }
        self.task(world, &mut step);
        Self::elsewhere(world, &mut step);
    }

    fn wrong(&self, world: &World) -> Option<String> {
        let (given, due) = world.given?;
        (given < due).then(|| format!("a caller was given {given}, though {due} was invalidated for before it came"))
    }
}

#[test]
fn no_flight_is_more_certain_than_the_store() {
    holds("flight: 2 callers, 2 writes elsewhere", &SOUND);
    holds("flight: 3 callers, 1 write elsewhere", &Process { callers: 3, writes: 1, ..SOUND });
}

#[test]
fn each_moment_is_needed() {
    for flaw in [Flaw::PublishedForAll, Flaw::StoredForAll, Flaw::AnsweredForAll] {
        is_broken(&format!("flight, {flaw:?}"), &Process { flaw, ..SOUND });
    }
}
