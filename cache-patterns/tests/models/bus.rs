//! Copies in a process, told of invalidations by a channel that drops, repeats, breaks, and forgets its numbers.
//!
//! The law: once an invalidation has arrived, or something has that tells of its loss, no older copy is served.

use std::time::Duration;

use cache_patterns::epochs::{Epochs, Stamp};
use cache_patterns::sequence::{Arrival, Sequence};

use super::explorer::{Model, holds, is_broken};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    None,
    /// The notice is sent before the store is changed.
    PublishFirst,
    /// A copy is stamped when it is made, not before the store was read.
    StampAtInsert,
    /// Numbers that do not fit are passed over.
    NoGaps,
    /// A new connection is trusted without comparing the counter.
    NoCounter,
    /// What was read before the first connection is trusted.
    TrustedAtFirst,
    /// The counter is read before the subscription stands.
    CounterFirst,
    /// A counter that was lost begins at zero again.
    CounterFromZero,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Message {
    number: u64,
    heartbeat: bool,
    /// The version whose notice this is, or the last that was sent before a heartbeat.
    tells: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Link {
    /// Messages come.
    Listening,
    /// It is broken, which the subscriber does not know yet.
    HalfOpen,
    Down,
    /// Subscribed; the counter is not read yet.
    Subscribed,
    /// The counter was read before (a mistake).
    Counted(u64, u8),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Reader {
    Idle,
    Ticket(Stamp),
    Read(Stamp, u8),
}

/// A process, the channel and the store, with what may still go wrong.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct World {
    version: u8,
    /// Up to here notices were sent.
    sent: u8,
    counter: u64,
    queue: Vec<Message>,
    link: Link,
    sequence: Sequence,
    trusted: bool,
    /// How often one stripe was bumped, and all were.
    bumps: (u8, u8),
    /// The newest version that the subscriber could know of.
    known: u8,
    reader: Reader,
    copy: Option<(Stamp, u8)>,
    writes: u8,
    heartbeats: u8,
    drops: u8,
    repeats: u8,
    breaks: u8,
    restarts: u8,
}

struct Bus {
    flaw: Flaw,
    writes: u8,
    heartbeats: u8,
    drops: u8,
    repeats: u8,
    breaks: u8,
    restarts: u8,
}

/// Messages are dropped and repeated, the connection stands.
const LOSSY: Bus = Bus { flaw: Flaw::None, writes: 3, heartbeats: 1, drops: 1, repeats: 1, breaks: 0, restarts: 0 };
/// The connection breaks, the server forgets.
const BREAKING: Bus = Bus { flaw: Flaw::None, writes: 2, heartbeats: 1, drops: 0, repeats: 0, breaks: 1, restarts: 1 };

fn epochs((one, all): (u8, u8)) -> Epochs {
    let epochs = Epochs::with_stripes(1);
    (0..one).for_each(|_| epochs.bump(0));
    (0..all).for_each(|_| epochs.bump_all());
    epochs
}

impl World {
    fn stamp(&self) -> Stamp {
        epochs(self.bumps).stamp(0)
    }

    fn serves(&self) -> Option<u8> {
        let (stamp, version) = self.copy?;
        (self.trusted && epochs(self.bumps).holds(0, stamp)).then_some(version)
    }

    fn send(&mut self, message: Message) {
        if matches!(self.link, Link::Listening | Link::Subscribed) {
            self.queue.push(message);
        }
    }

    fn cut(&mut self) {
        self.queue.clear();
        self.link = match self.link {
            Link::Listening | Link::HalfOpen => Link::HalfOpen,
            _ => Link::Down,
        };
    }

    /// As the receiver does: what was heard first ends copies, then its number is judged.
    fn receive(&mut self, message: Message, flaw: Flaw) {
        if !message.heartbeat {
            self.bumps.0 += 1;
        }
        let arrival = self.sequence.arrive(message.number, message.heartbeat, 1);
        match arrival {
            Arrival::Gap { .. } | Arrival::Restarted if flaw != Flaw::NoGaps => self.bumps.1 += 1,
            _ => {}
        }
        self.known = self.known.max(message.tells);
    }

    fn synchronise(&mut self, counter: u64, tells: u8, flaw: Flaw) {
        let first = self.sequence.last().is_none();
        let kept = self.sequence.synchronise(counter, 1);
        let passed_over = flaw == Flaw::NoCounter || (first && flaw == Flaw::TrustedAtFirst);
        if !kept && !passed_over {
            self.bumps.1 += 1;
        }
        self.trusted = true;
        self.known = self.known.max(tells);
        self.link = Link::Listening;
    }
}

impl Bus {
    fn publisher(&self, world: &World, mut step: impl FnMut(&str, &dyn Fn(&mut World))) {
        let publish = |next: &mut World, tells: u8| {
            if next.counter == 0 && self.flaw != Flaw::CounterFromZero {
                // The server's time, which is past every number that was given out before.
                next.counter = 100 * u64::from(1 + self.restarts - next.restarts);
            }
            next.counter += 1;
            next.sent = tells;
            next.send(Message { number: next.counter, heartbeat: false, tells });
        };
        let early = self.flaw == Flaw::PublishFirst;
        if world.sent == world.version && world.writes > 0 {
            step(if early { "sends a notice" } else { "changes the store" }, &|next| {
                next.writes -= 1;
                if early { publish(next, next.version + 1) } else { next.version += 1 }
            });
        } else if world.sent != world.version {
            step(if early { "changes the store" } else { "sends a notice" }, &|next| {
                if early { next.version += 1 } else { publish(next, next.version) }
            });
        }
        if world.heartbeats > 0 {
            step("says a heartbeat", &|next| {
                next.heartbeats -= 1;
                next.send(Message { number: next.counter, heartbeat: true, tells: next.sent });
            });
        }
    }

    fn channel(&self, world: &World, mut step: impl FnMut(&str, &dyn Fn(&mut World))) {
        for at in 0..world.queue.len() {
            if world.drops > 0 {
                step("drops a message", &|next| {
                    next.drops -= 1;
                    next.queue.remove(at);
                });
            }
        }
        if world.repeats > 0 && !world.queue.is_empty() {
            step("repeats a message", &|next| {
                next.repeats -= 1;
                next.queue.push(next.queue[0]);
            });
        }
        if world.breaks > 0 {
            step("breaks", &|next| {
                next.breaks -= 1;
                next.cut();
            });
        }
        if world.restarts > 0 {
            step("forgets its numbers", &|next| {
                next.restarts -= 1;
                next.counter = 0;
                next.cut();
            });
        }
    }

    fn subscriber(&self, world: &World, mut step: impl FnMut(&str, &dyn Fn(&mut World))) {
        match world.link {
            Link::Listening if !world.queue.is_empty() => step("receives", &|next| {
                let message = next.queue.remove(0);
                next.receive(message, self.flaw);
            }),
            Link::Listening => {}
            Link::HalfOpen => step("notices the loss", &|next| {
                next.sequence.lose();
                next.trusted = false;
                next.link = Link::Down;
            }),
            Link::Down if self.flaw == Flaw::CounterFirst => {
                step("reads the counter", &|next| next.link = Link::Counted(next.counter, next.sent));
            }
            Link::Down => step("subscribes", &|next| next.link = Link::Subscribed),
            Link::Counted(counter, tells) => {
                step("subscribes", &|next| next.synchronise(counter, tells, self.flaw));
            }
            Link::Subscribed => {
                step("reads the counter", &|next| next.synchronise(next.counter, next.sent, self.flaw));
            }
        }
    }

    fn reader(&self, world: &World, mut step: impl FnMut(&str, &dyn Fn(&mut World))) {
        match world.reader {
            Reader::Idle if world.copy.is_none() || world.serves().is_none() => {
                step("takes a ticket", &|next| next.reader = Reader::Ticket(next.stamp()));
            }
            Reader::Idle => {}
            Reader::Ticket(stamp) => {
                step("reads the store", &|next| next.reader = Reader::Read(stamp, next.version));
            }
            Reader::Read(stamp, version) => step("keeps a copy", &|next| {
                let stamp = if self.flaw == Flaw::StampAtInsert { next.stamp() } else { stamp };
                if epochs(next.bumps).holds(0, stamp) {
                    next.copy = Some((stamp, version));
                }
                next.reader = Reader::Idle;
            }),
        }
    }
}

impl Model for Bus {
    type State = World;

    fn initial(&self) -> Vec<World> {
        vec![World {
            version: 1,
            sent: 1,
            counter: 0,
            queue: Vec::new(),
            link: Link::Down,
            sequence: Sequence::new(Duration::from_secs(3)),
            trusted: false,
            bumps: (0, 0),
            known: 1,
            reader: Reader::Idle,
            copy: None,
            writes: self.writes,
            heartbeats: self.heartbeats,
            drops: self.drops,
            repeats: self.repeats,
            breaks: self.breaks,
            restarts: self.restarts,
        }]
    }

    fn steps(&self, world: &World, into: &mut Vec<(String, World)>) {
        let mut step = |name: &str, change: &dyn Fn(&mut World)| {
            let mut next = world.clone();
            change(&mut next);
            into.push((name.to_owned(), next));
        };
        self.publisher(world, &mut step);
        self.channel(world, &mut step);
        self.subscriber(world, &mut step);
        self.reader(world, &mut step);
    }

    fn wrong(&self, world: &World) -> Option<String> {
        let served = world.serves()?;
        // Where nothing was dropped and nothing is under way, everything that was sent is known.
        let all = world.link == Link::Listening && world.queue.is_empty() && world.drops == self.drops;
        let known = if all { world.sent.max(world.known) } else { world.known };
        (served < known).then(|| format!("a copy of {served} is served, though {known} is known"))
    }
}

#[test]
fn no_copy_outlives_the_news() {
    holds("bus: drop, repeat", &LOSSY);
    holds("bus: break, restart", &BREAKING);
}

#[test]
fn each_part_of_the_protocol_is_needed() {
    for flaw in [Flaw::PublishFirst, Flaw::StampAtInsert, Flaw::NoGaps, Flaw::TrustedAtFirst] {
        is_broken(&format!("bus, {flaw:?}"), &Bus { flaw, ..LOSSY });
    }
    for flaw in [Flaw::NoCounter, Flaw::CounterFirst, Flaw::CounterFromZero] {
        is_broken(&format!("bus, {flaw:?}"), &Bus { flaw, ..BREAKING });
    }
}
