//! The Lua scripts do what the functions of `slot` do: random operations on one key give the same answers and leave the
//! same bytes in the memory store and in Redis.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use std::cell::Cell;
use std::time::Duration;

use bytes::Bytes;
use cache_patterns::envelope::{Header, Kind, Token, fence_records};
use cache_patterns::store::{
    Acquired, Filled, Invalidation, MemoryStore, RedisStore, Settled, Settlement, Store, Want,
};
use common::RedisServer;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// Deadlines may differ by what the two stores' calls lie apart, milliseconds.
const APART: u64 = 50;
/// Never ends during a test.
const LONG: Duration = Duration::from_secs(60);
const LONGER: Duration = Duration::from_secs(120);

#[derive(Debug, Clone)]
enum Step {
    Acquire {
        token: u8,
        at_least: u64,
        fingerprint: u32,
        refresh: bool,
    },
    Fill {
        token: u8,
        version: u64,
        kind: Kind,
        fresh: bool,
    },
    Renew {
        token: u8,
    },
    Release {
        token: u8,
    },
    Invalidate(Invalidation),
    Fence {
        token: u8,
    },
    Settle {
        token: Option<u8>,
        how: Ending,
    },
    /// Bytes that nobody of ours wrote.
    Foreign(Vec<u8>),
}

#[derive(Debug, Clone)]
enum Ending {
    Value(u64),
    Deleted(u64),
    Abandoned,
    Unknown,
}

/// What an operation answered, without times.
#[derive(Debug, PartialEq)]
enum Answer {
    Granted(Option<Content>),
    Busy(Option<Content>, u64),
    Fenced(u64),
    Fresh(Content),
    Filled(Filled),
    Renewed(bool),
    Settled(Settled),
    Nothing,
}

/// A slot; the deadlines apart from the rest.
#[derive(Debug, PartialEq)]
struct Content {
    kind: Kind,
    flags: u8,
    fingerprint: u32,
    version: u64,
    token: Token,
    payload: Vec<u8>,
    deadlines: Vec<u64>,
}

fn content(bytes: &[u8]) -> Option<Content> {
    let (header, payload) = Header::decode(bytes)?;
    let mut deadlines = vec![header.soft_deadline, header.lease_deadline];
    let payload = if header.kind == Kind::Fence {
        let records = fence_records(payload);
        deadlines.extend(records.iter().map(|record| record.1));
        records.iter().flat_map(|record| *record.0.as_bytes()).collect()
    } else {
        payload.to_vec()
    };
    let Header { kind, flags, fingerprint, version, token, .. } = header;
    Some(Content { kind, flags, fingerprint, version, token, payload, deadlines })
}

impl Answer {
    /// The same but for times that lie at most [`APART`] apart.
    fn agrees(&self, other: &Self) -> bool {
        let near = |a: u64, b: u64| a.abs_diff(b) <= APART;
        match (self, other) {
            (Self::Granted(a), Self::Granted(b)) => agree(a.as_ref(), b.as_ref()),
            (Self::Busy(a, left), Self::Busy(b, right)) => agree(a.as_ref(), b.as_ref()) && near(*left, *right),
            (Self::Fenced(a), Self::Fenced(b)) => near(*a, *b),
            (Self::Fresh(a), Self::Fresh(b)) => agree(Some(a), Some(b)),
            (a, b) => a == b,
        }
    }
}

fn agree(a: Option<&Content>, b: Option<&Content>) -> bool {
    let (a, b) = match (a, b) {
        (None, None) => return true,
        (Some(a), Some(b)) => (a, b),
        _ => return false,
    };
    let times = a.deadlines.len() == b.deadlines.len()
        && a.deadlines.iter().zip(&b.deadlines).all(|(a, b)| a.abs_diff(*b) <= APART);
    times
        && (a.kind, a.flags, a.fingerprint, a.version, a.token, &a.payload)
            == (b.kind, b.flags, b.fingerprint, b.version, b.token, &b.payload)
}

fn token(number: u8) -> Token {
    Token::from_bytes([number + 1; 16])
}

fn bytes(now: u64, kind: Kind, version: u64, fresh: bool) -> Bytes {
    let soft_deadline = if fresh { now + 90_000 } else { now.saturating_sub(1_000) };
    let header = Header { version, soft_deadline, fingerprint: 7, ..Header::new(kind) };
    header.with_payload(format!("version {version}").as_bytes()).into()
}

async fn run(store: &dyn Store, key: &str, now: u64, step: &Step) -> Answer {
    let left = |remaining: Duration| u64::try_from(remaining.as_millis()).unwrap();
    match step {
        Step::Acquire { token: of, at_least, fingerprint, refresh } => {
            let want = Want { fingerprint: *fingerprint, at_least: *at_least, refresh: *refresh };
            let stale = |stale: Option<Bytes>| stale.and_then(|bytes| content(&bytes));
            match store.acquire(key, token(*of), LONG, want).await.unwrap() {
                Acquired::Granted { stale: old } => Answer::Granted(stale(old)),
                Acquired::Busy { remaining, stale: old } => Answer::Busy(stale(old), left(remaining)),
                Acquired::Fenced { remaining } => Answer::Fenced(left(remaining)),
                Acquired::Fresh(bytes) => Answer::Fresh(content(&bytes).unwrap()),
            }
        }
        Step::Fill { token: of, version, kind, fresh } => {
            let bytes = bytes(now, *kind, *version, *fresh);
            Answer::Filled(store.fill(key, token(*of), bytes, LONGER).await.unwrap())
        }
        Step::Renew { token: of } => Answer::Renewed(store.renew(key, token(*of), LONG).await.unwrap()),
        Step::Release { token: of } => {
            store.release(key, token(*of)).await.unwrap();
            Answer::Nothing
        }
        Step::Invalidate(how) => {
            store.invalidate(key, *how, None).await.unwrap();
            Answer::Nothing
        }
        Step::Fence { token: of } => {
            store.fence(key, token(*of), LONG).await.unwrap();
            Answer::Nothing
        }
        Step::Settle { token: of, how } => {
            let how = match how {
                Ending::Value(version) => {
                    Settlement::Value { bytes: bytes(now, Kind::Value, *version, true), ttl: LONGER }
                }
                Ending::Deleted(version) => Settlement::Deleted { version: *version, keep: LONG },
                Ending::Abandoned => Settlement::Abandoned,
                Ending::Unknown => Settlement::Unknown,
            };
            Answer::Settled(store.settle(key, of.map(token), how).await.unwrap())
        }
        Step::Foreign(_) => Answer::Nothing,
    }
}

/// Versions around the places where doubles and signs go wrong.
fn version() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0..4u64, 1 => Just((1 << 53) + 1), 1 => Just(1 << 53), 1 => Just(u64::MAX), 1 => Just(1 << 32)]
}

fn step() -> impl Strategy<Value = Step> {
    let invalidation = prop_oneof![
        2 => Just(Invalidation::Hard),
        2 => Just(Invalidation::Soft),
        1 => (version(), prop::bool::ANY).prop_map(|(version, long)| Invalidation::Floor {
            version,
            keep: if long { LONGER } else { LONG },
        }),
    ];
    let ending = prop_oneof![
        4 => version().prop_map(Ending::Value),
        1 => version().prop_map(Ending::Deleted),
        1 => Just(Ending::Abandoned),
        1 => Just(Ending::Unknown),
    ];
    let kind = prop_oneof![4 => Just(Kind::Value), 1 => Just(Kind::Negative)];
    prop_oneof![
        4 => (0..3u8, version(), 6..8u32, prop::bool::ANY).prop_map(|(token, at_least, fingerprint, refresh)| {
            Step::Acquire { token, at_least, fingerprint, refresh }
        }),
        4 => (0..3u8, version(), kind, prop::bool::weighted(0.7))
            .prop_map(|(token, version, kind, fresh)| Step::Fill { token, version, kind, fresh }),
        1 => (0..3u8).prop_map(|token| Step::Renew { token }),
        1 => (0..3u8).prop_map(|token| Step::Release { token }),
        2 => invalidation.prop_map(Step::Invalidate),
        2 => (0..12u8).prop_map(|token| Step::Fence { token }),
        4 => (prop::option::of(0..12u8), ending).prop_map(|(token, how)| Step::Settle { token, how }),
        1 => prop::collection::vec(any::<u8>(), 0..80).prop_map(Step::Foreign),
    ]
}

#[test]
fn scripts_and_functions_agree() {
    let server = RedisServer::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let memory = MemoryStore::default();
    let (redis, raw) = runtime.block_on(async {
        let client = redis::Client::open(server.url()).unwrap();
        let raw = client.get_multiplexed_async_connection().await.unwrap();
        (RedisStore::connect(&server.url()).await.unwrap(), raw)
    });
    let runs = Cell::new(0);
    let config = ProptestConfig {
        cases: 1_500,
        max_shrink_iters: 2_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let outcome = TestRunner::new(config).run(&prop::collection::vec(step(), 1..24), |steps| {
        runs.set(runs.get() + 1);
        let mut raw = raw.clone();
        let key = format!("test:v1:differential:{}", runs.get());
        runtime.block_on(async {
            for (at, step) in steps.iter().enumerate() {
                if let Step::Foreign(bytes) = step {
                    memory.put_raw(&key, bytes.clone(), LONG);
                    let millis = u64::try_from(LONG.as_millis()).unwrap();
                    let _: () = redis::cmd("SET")
                        .arg(&key)
                        .arg(bytes)
                        .arg("PX")
                        .arg(millis)
                        .query_async(&mut raw)
                        .await
                        .unwrap();
                }
                let now = memory.now();
                let (one, other) = (run(&memory, &key, now, step).await, run(&redis, &key, now, step).await);
                prop_assert!(one.agrees(&other), "step {at} {step:?}: memory {one:?}, Redis {other:?}");
                let one = memory.get(&key).await.unwrap();
                let other = redis.get(&key).await.unwrap();
                prop_assert_eq!(one.is_some(), other.is_some(), "step {} {:?}: presence", at, step);
                let (one, other) = (one.and_then(|bytes| content(&bytes)), other.and_then(|bytes| content(&bytes)));
                prop_assert!(
                    agree(one.as_ref(), other.as_ref()),
                    "after step {at} {step:?}: memory {one:?}, Redis {other:?}"
                );
            }
            Ok(())
        })
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    println!("{} sequences of operations, the same in memory and in Redis", runs.get());
}
