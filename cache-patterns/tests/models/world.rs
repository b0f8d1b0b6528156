//! One slot, one row, readers and writers: what all store protocols have in common.

use std::time::Duration;

use bytes::Bytes;
use cache_patterns::envelope::{Header, Kind, Token};
use cache_patterns::slot::{self, Acquired, Invalidation, Settlement, Stored, Want};

use super::explorer::Model;

/// Milliseconds. A lease, what a fence and a floor last, and a TTL that never ends here: eviction stands for its end.
const LEASE: Duration = Duration::from_millis(10);
const FENCE: Duration = Duration::from_millis(20);
const KEEP: Duration = Duration::from_millis(20);
const TTL: Duration = Duration::from_millis(100_000);
/// Steps of time: past every lease, past everything but values.
const TICKS: [u64; 2] = [11, 30];

/// How a writer tells the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Commit, then invalidate (both ways).
    Invalidate,
    /// Commit, then leave the least version.
    Floor,
    /// Commit, then settle without a fence.
    Light,
    /// Fence, commit, settle.
    Fenced,
}

/// A known mistake, to be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    None,
    /// The reader stores what it read without a lease.
    FillWithoutLease,
    /// The reader reads the source before it has the lease.
    ReadBeforeLease,
    /// All attempts of one process have the same token.
    TokenOfProcess,
    /// The writer takes the entry away before it commits.
    DeleteBeforeCommit,
    /// Before and after, and may die in between.
    DeleteTwice,
    /// The writer puts its row into the slot, whatever is there.
    SetAfterCommit,
    /// The same, when the slot holds nothing newer; an empty slot is filled.
    CompareAndSetEmpty,
    /// Two writers have the same fence.
    SharedFence,
    /// The last writer under the fence stores its own row, whatever the others committed.
    LastLeavesOwn,
    /// A transaction may outlast its fence.
    TransactionOutlastsFence,
}

/// Bounds and mode of a search.
#[derive(Debug, Clone)]
pub struct Bounds {
    pub writers: Vec<Mode>,
    pub readers: usize,
    /// How often the store loses the slot.
    pub evictions: u8,
    /// How often time moves.
    pub ticks: u8,
    /// Writers may die between commit and the store, or not.
    pub crash_after_commit: bool,
    /// Readers read a replica that lags by at most [`KEEP`].
    pub lag: bool,
    /// Rows carry their version.
    pub versioned: bool,
    /// Writers may delete the row, and be told nothing of their commit.
    pub outcomes: bool,
    /// A holder may renew once.
    pub renew: bool,
    /// What is committed is recorded in an outbox, and a relay delivers it, once more often than it should.
    pub outbox: bool,
    pub flaw: Flaw,
}

impl Bounds {
    pub fn of(writers: &[Mode], readers: usize) -> Self {
        Self {
            writers: writers.to_vec(),
            readers,
            evictions: 1,
            ticks: 1,
            crash_after_commit: false,
            lag: false,
            versioned: true,
            outcomes: false,
            renew: false,
            outbox: false,
            flaw: Flaw::None,
        }
    }

    pub fn with(self, flaw: Flaw) -> Self {
        Self { flaw, ..self }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Reader {
    Idle,
    /// Read the source, has no lease yet (a mistake).
    Early(u8),
    Leased {
        renewed: bool,
    },
    Loaded(u8),
    Gone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Writer {
    Idle,
    /// In the transaction; a fence, if any, ends then.
    Open(u64),
    /// Committed as this version.
    Committed(u8),
    /// The commit's answer was lost: it took place or not.
    Unknown(u8),
    /// Died in the commit, which may still take place.
    InDoubt(u64),
    Done,
}

/// A state of the whole.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct World {
    slot: Option<Stored>,
    now: u64,
    /// The version that is committed, from 1.
    row: u8,
    /// Bit `n`: version `n` is a deletion.
    deletions: u8,
    /// What the replica shows, and when what it lacks was committed.
    replica: u8,
    behind_since: Vec<u64>,
    /// The newest version whose writer was told that the store knows.
    acknowledged: u8,
    readers: Vec<Reader>,
    writers: Vec<Writer>,
    evictions: u8,
    ticks: u8,
    /// Versions that were committed and not delivered yet.
    outbox: Vec<u8>,
    repeats: u8,
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap()
}

impl World {
    /// The bytes of a version of the row. The payload is always the version, also where the header does not tell it.
    fn bytes(&self, version: u8, versioned: bool) -> Bytes {
        let deleted = self.deletions & (1 << version) != 0;
        let kind = if deleted { Kind::Negative } else { Kind::Value };
        let told = if versioned && !deleted { u64::from(version) } else { 0 };
        let header = Header { version: told, soft_deadline: self.now + millis(TTL), ..Header::new(kind) };
        header.with_payload(&[version]).into()
    }

    fn put(&mut self, version: u8, versioned: bool) {
        self.slot = Some(Stored { bytes: self.bytes(version, versioned), expires: self.now + millis(TTL) });
    }

    /// The version that a reader would be given.
    fn served(&self) -> Option<u8> {
        let stored = self.slot.as_ref().filter(|stored| self.now < stored.expires)?;
        let (header, payload) = Header::decode(&stored.bytes)?;
        (header.kind.is_answer() && self.now < header.soft_deadline).then(|| payload[0])
    }

    fn commit(&mut self, delete: bool, lag: bool) -> u8 {
        self.row += 1;
        self.outbox.push(self.row);
        if delete {
            self.deletions |= 1 << self.row;
        }
        if lag {
            self.behind_since.push(self.now);
        } else {
            self.replica = self.row;
        }
        self.row
    }

    fn acknowledge(&mut self, version: u8) {
        self.acknowledged = self.acknowledged.max(version);
    }
}

fn token(of: usize) -> Token {
    Token::from_bytes([u8::try_from(of + 1).unwrap(); 16])
}

impl Bounds {
    fn reader_token(&self, reader: usize) -> Token {
        token(if self.flaw == Flaw::TokenOfProcess { 0 } else { reader })
    }

    fn writer_token(&self, writer: usize) -> Token {
        token(100 + if self.flaw == Flaw::SharedFence { 0 } else { writer })
    }

    fn reader_steps(&self, world: &World, at: usize, into: &mut Vec<(String, World)>) {
        let mut step = |name: &str, change: &dyn Fn(&mut World) -> Reader| {
            let mut next = world.clone();
            next.readers[at] = change(&mut next);
            into.push((format!("reader {at} {name}"), next));
        };
        let acquire = |next: &mut World, refresh: bool, then: Reader| {
            let want = Want { refresh, ..Want::default() };
            match slot::acquire(&mut next.slot, self.reader_token(at), LEASE, want, next.now) {
                Acquired::Granted { .. } => then,
                Acquired::Busy { .. } | Acquired::Fenced { .. } | Acquired::Fresh(_) => Reader::Gone,
            }
        };
        match world.readers[at] {
            Reader::Idle if self.flaw == Flaw::ReadBeforeLease || self.flaw == Flaw::FillWithoutLease => {
                step("reads the source", &|next| Reader::Early(next.replica));
            }
            Reader::Idle => {
                step("asks", &|next| acquire(next, false, Reader::Leased { renewed: false }));
                step("asks for a refresh", &|next| acquire(next, true, Reader::Leased { renewed: false }));
            }
            Reader::Early(seen) if self.flaw == Flaw::FillWithoutLease => step("stores", &|next| {
                next.put(seen, self.versioned);
                Reader::Gone
            }),
            Reader::Early(seen) => step("asks", &|next| acquire(next, false, Reader::Loaded(seen))),
            Reader::Leased { renewed } => {
                step("reads the source", &|next| Reader::Loaded(next.replica));
                step("dies", &|_| Reader::Gone);
                if self.renew && !renewed {
                    step("renews", &|next| {
                        slot::renew(&mut next.slot, self.reader_token(at), LEASE, next.now);
                        Reader::Leased { renewed: true }
                    });
                }
            }
            Reader::Loaded(seen) => {
                step("fills", &|next| {
                    let bytes = next.bytes(seen, self.versioned);
                    slot::fill(&mut next.slot, self.reader_token(at), &bytes, TTL, next.now);
                    Reader::Gone
                });
                step("gives the lease back", &|next| {
                    slot::release(&mut next.slot, self.reader_token(at), next.now);
                    Reader::Gone
                });
                step("dies", &|_| Reader::Gone);
            }
            Reader::Gone => {}
        }
    }

    fn writer_steps(&self, world: &World, at: usize, into: &mut Vec<(String, World)>) {
        let mut step = |name: &str, change: &dyn Fn(&mut World) -> Writer| {
            let mut next = world.clone();
            next.writers[at] = change(&mut next);
            into.push((format!("writer {at} {name}"), next));
        };
        let mode = self.writers[at];
        let fence = (mode == Mode::Fenced).then(|| self.writer_token(at));
        let settle = |next: &mut World, how: &Settlement| {
            if self.flaw == Flaw::LastLeavesOwn {
                forget_version(&mut next.slot);
            }
            slot::settle(&mut next.slot, fence, how, next.now);
        };
        match world.writers[at] {
            Writer::Idle => match (mode, self.flaw) {
                (Mode::Fenced, _) => step("fences", &|next| {
                    slot::fence(&mut next.slot, self.writer_token(at), FENCE, next.now);
                    Writer::Open(next.now + millis(FENCE))
                }),
                (_, Flaw::DeleteBeforeCommit | Flaw::DeleteTwice) => step("deletes the entry", &|next| {
                    slot::invalidate(&mut next.slot, Invalidation::Hard, next.now);
                    Writer::Open(u64::MAX)
                }),
                _ => step("begins", &|_| Writer::Open(u64::MAX)),
            },
            Writer::Open(deadline) => {
                step("commits", &|next| Writer::Committed(next.commit(false, self.lag)));
                if self.outcomes {
                    step("commits a deletion", &|next| Writer::Committed(next.commit(true, self.lag)));
                    step("commits and is not told", &|next| Writer::Unknown(next.commit(false, self.lag)));
                    step("fails to commit and is not told", &|_| Writer::Unknown(0));
                    step("rolls back", &|next| {
                        if mode == Mode::Fenced {
                            settle(next, &Settlement::Abandoned);
                        }
                        Writer::Done
                    });
                }
                if self.crash_after_commit {
                    step("dies in the commit", &|_| Writer::InDoubt(deadline));
                }
                step("dies in the transaction", &|_| Writer::Done);
            }
            Writer::InDoubt(_) => {
                step("has committed", &|next| {
                    next.commit(false, self.lag);
                    Writer::Done
                });
                step("has not committed", &|_| Writer::Done);
            }
            Writer::Committed(version) => {
                let mut tell = |name: &str, tell: &dyn Fn(&mut World)| {
                    step(name, &|next| {
                        tell(next);
                        next.acknowledge(version);
                        Writer::Done
                    });
                };
                match (mode, self.flaw) {
                    (_, Flaw::DeleteBeforeCommit) => tell("is done", &|_| {}),
                    (_, Flaw::SetAfterCommit) => tell("stores its row", &|next| next.put(version, self.versioned)),
                    (_, Flaw::CompareAndSetEmpty) => tell("compares and stores", &|next| {
                        if next.served().is_none_or(|held| held < version) {
                            next.put(version, self.versioned);
                        }
                    }),
                    (Mode::Invalidate, _) => {
                        for how in [Invalidation::Hard, Invalidation::Soft] {
                            tell("invalidates", &|next| slot::invalidate(&mut next.slot, how, next.now));
                        }
                    }
                    (Mode::Floor, _) => tell("leaves a floor", &|next| {
                        let how = Invalidation::Floor { version: u64::from(version), keep: KEEP };
                        slot::invalidate(&mut next.slot, how, next.now);
                    }),
                    (Mode::Light | Mode::Fenced, _) => tell("settles", &|next| {
                        let how = if next.deletions & (1 << version) == 0 {
                            Settlement::Value { bytes: next.bytes(version, self.versioned), ttl: TTL }
                        } else {
                            Settlement::Deleted { version: u64::from(version), keep: KEEP }
                        };
                        settle(next, &how);
                    }),
                }
                if self.crash_after_commit {
                    step("dies after the commit", &|_| Writer::Done);
                }
            }
            Writer::Unknown(version) => {
                step("does not know", &|next| {
                    match mode {
                        Mode::Light | Mode::Fenced => settle(next, &Settlement::Unknown),
                        _ => slot::invalidate(&mut next.slot, Invalidation::Hard, next.now),
                    }
                    next.acknowledge(version);
                    Writer::Done
                });
            }
            Writer::Done => {}
        }
    }

    /// The relay: what is recorded is gone only after the store knows.
    fn relay_steps(&self, world: &World, into: &mut Vec<(String, World)>) {
        let Some(version) = world.outbox.first().copied().filter(|_| self.outbox) else { return };
        let mut delivered = world.clone();
        let how = Settlement::Deleted { version: u64::from(version), keep: KEEP };
        slot::settle(&mut delivered.slot, None, &how, delivered.now);
        delivered.acknowledge(version);
        if world.repeats > 0 {
            let mut next = delivered.clone();
            next.repeats -= 1;
            into.push((format!("the relay delivers {version} and dies"), next));
        }
        delivered.outbox.remove(0);
        into.push((format!("the relay delivers {version}"), delivered));
    }

    /// Time may not pass what the protocol's conditions bound: a fenced transaction ends before its fence, and a
    /// replica lags no longer than a floor stays.
    fn may_be(&self, world: &World, now: u64) -> bool {
        let in_time = |writer: &Writer| match writer {
            Writer::Open(deadline) | Writer::InDoubt(deadline) => now < *deadline,
            _ => true,
        };
        let transactions = self.flaw == Flaw::TransactionOutlastsFence || world.writers.iter().all(in_time);
        transactions && world.behind_since.iter().all(|since| now < since + millis(KEEP))
    }
}

/// What a fence knows of the versions that were committed under it.
fn forget_version(slot: &mut Option<Stored>) {
    if let Some(stored) = slot
        && let Some((header, payload)) = Header::decode(&stored.bytes)
        && header.kind == Kind::Fence
    {
        let bytes = Header { version: 0, ..header }.with_payload(payload).into();
        *slot = Some(Stored { bytes, expires: stored.expires });
    }
}

impl Model for Bounds {
    type State = World;

    fn initial(&self) -> Vec<World> {
        let empty = World {
            slot: None,
            now: 1_000,
            row: 1,
            deletions: 0,
            replica: 1,
            behind_since: Vec::new(),
            acknowledged: 1,
            readers: vec![Reader::Idle; self.readers],
            writers: vec![Writer::Idle; self.writers.len()],
            evictions: self.evictions,
            ticks: self.ticks,
            outbox: Vec::new(),
            repeats: 1,
        };
        let mut filled = empty.clone();
        filled.put(1, self.versioned);
        vec![empty, filled]
    }

    fn steps(&self, world: &World, into: &mut Vec<(String, World)>) {
        (0..self.readers).for_each(|at| self.reader_steps(world, at, into));
        (0..self.writers.len()).for_each(|at| self.writer_steps(world, at, into));
        self.relay_steps(world, into);
        if world.evictions > 0 && world.slot.is_some() {
            let mut next = world.clone();
            next.slot = None;
            next.evictions -= 1;
            into.push(("the store evicts".to_owned(), next));
        }
        if world.replica < world.row {
            let mut next = world.clone();
            next.replica += 1;
            next.behind_since.remove(0);
            into.push(("the replica follows".to_owned(), next));
        }
        for by in TICKS {
            if world.ticks > 0 && self.may_be(world, world.now + by) {
                let mut next = world.clone();
                next.now += by;
                next.ticks -= 1;
                into.push((format!("{by} ms pass"), next));
            }
        }
    }

    fn wrong(&self, world: &World) -> Option<String> {
        let served = world.served()?;
        if served < world.acknowledged {
            return Some(format!("serves {served} after {} was acknowledged", world.acknowledged));
        }
        let rest = world.readers.iter().all(|reader| *reader == Reader::Gone)
            && world.writers.iter().all(|writer| *writer == Writer::Done)
            && (world.outbox.is_empty() || !self.outbox);
        (rest && served < world.row).then(|| format!("at rest the slot holds {served}, committed is {}", world.row))
    }
}
