//! Futures that are dropped at every point where they can be: after each number of polls until they are done. Counted
//! over tokio's paused time, so that the same points are met on every machine.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use cache_patterns::store::MemoryStore;
use cache_patterns::testing::{FaultStore, Faults};
use cache_patterns::{Cache, Cached, Limits, LoadError, Source as From, Versioned};
use common::source::{Down, Source};
use common::{Profile, Stock};

/// More than any call here needs.
const MOST_POLLS: usize = 1_000;

/// A future that is dropped when it was polled so often and is not done yet.
struct DroppedAfter<F> {
    future: Pin<Box<F>>,
    polls: usize,
}

impl<F: Future> Future for DroppedAfter<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls == 0 {
            return Poll::Ready(None);
        }
        self.polls -= 1;
        match self.future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            // At once, and not at the next wake-up: others are to find it as it was left.
            Poll::Pending if self.polls == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// `None` when it was dropped.
async fn polled<F: Future>(future: F, polls: usize) -> Option<F::Output> {
    DroppedAfter { future: Box::pin(future), polls }.await
}

/// Every call of the store waits a moment before it is carried out and another one after: both are points to be dropped at.
async fn slow_store() -> (MemoryStore, Faults, Cache) {
    let store = MemoryStore::default();
    let (line, faults) = FaultStore::new(store.clone());
    faults.delay(Duration::from_millis(2));
    faults.late(Duration::from_millis(2));
    let limits = Limits { lease: Duration::from_secs(60), early_refresh: 0.0, ..Limits::default() };
    let cache = Cache::builder(line).local(100).bus(cache_patterns::bus::ProcessBus::new()).limits(limits);
    (store, faults, cache.build().await.unwrap())
}

async fn get(cache: &Cache, source: &Source, id: u64) -> Result<Cached<Profile>, LoadError<Down>> {
    let source = source.clone();
    cache.get_or_load(&id, move || source.load(id)).await
}

/// What a leader calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    One,
    Optional,
    Many,
    AtLeast,
}

async fn lead(cache: &Cache, source: &Source, call: Call) {
    let source = source.clone();
    let revision = match call {
        Call::One => get(cache, &source, 7).await.unwrap().revision,
        Call::Optional => cache.get_or_load_opt(&7, move || source.load_opt(7)).await.unwrap().unwrap().revision,
        Call::Many => {
            let found = cache.get_many_or_load(&[7], move |ids| source.clone().load_many(ids)).await.unwrap();
            let value: &Cached<Profile> = &found[&7];
            value.revision
        }
        Call::AtLeast => cache.get_at_least(&7, 1, move || source.load(7)).await.unwrap().revision,
    };
    assert_eq!(revision, 1);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_is_dropped_at_any_point_hurts_nobody() {
    for call in [Call::One, Call::Optional, Call::Many, Call::AtLeast] {
        let mut points = 0;
        for polls in 0..MOST_POLLS {
            let (_, _, cache) = slow_store().await;
            let source = Source::with_delay(Duration::from_millis(20));
            source.write(7);
            let leader = tokio::spawn({
                let (cache, source) = (cache.clone(), source.clone());
                async move { polled(lead(&cache, &source, call), polls).await }
            });
            tokio::task::yield_now().await;
            let followers: Vec<_> = (0..999)
                .map(|_| {
                    let (cache, source) = (cache.clone(), source.clone());
                    tokio::spawn(async move { get(&cache, &source, 7).await })
                })
                .collect();
            let done = leader.await.unwrap().is_some();
            let mut served = 0;
            for follower in followers {
                let value = tokio::time::timeout(Duration::from_secs(600), follower).await.expect("nobody hangs");
                served += usize::from(value.unwrap().is_ok());
            }
            assert_eq!((source.loads(), served), (1, 999), "{call:?}, dropped after {polls} polls");
            if done {
                break;
            }
            points = polls + 1;
        }
        println!("{call:?}: the leader was dropped at each of {points} points: loads 1, served 999 of 999");
        assert!((3..MOST_POLLS).contains(&points), "{points} points");
    }
}

#[tokio::test(start_paused = true)]
async fn an_invalidation_that_is_dropped_once_it_has_begun_is_carried_out() {
    let mut points = 0;
    for polls in 1..MOST_POLLS {
        let (_, _, cache) = slow_store().await;
        let source = Source::default();
        source.write(7);
        get(&cache, &source, 7).await.unwrap();
        cache.idle().await;
        let newest = source.write(7);
        let done = polled(cache.invalidate::<Profile>(&7), polls).await.is_some();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(get(&cache, &source, 7).await.unwrap().revision, newest, "dropped after {polls} polls");
        if done {
            break;
        }
        points = polls;
    }
    println!("an invalidation was dropped at each of {points} points and carried out");
    assert!((1..MOST_POLLS).contains(&points), "{points} points");
}

trait Row: Versioned<Id = u64> {
    fn row(revision: u64) -> Self;
}

impl Row for Profile {
    fn row(revision: u64) -> Self {
        Self::new(7, revision)
    }
}

impl Row for Stock {
    fn row(revision: u64) -> Self {
        Self { id: 7, units: 1, revision }
    }
}

async fn read<E: Row>(cache: &Cache, table: &Source) -> Cached<E> {
    let table = table.clone();
    cache.get_or_load(&7, move || async move { Ok::<_, Down>(E::row(table.revision(7))) }).await.unwrap()
}

/// A writer that is dropped anywhere, in its transaction, in the commit or after it, leaves nothing older than the table.
async fn dropped_writer<E: Row>() {
    let mut points = 0;
    for polls in 0..MOST_POLLS {
        let (_, _, cache) = slow_store().await;
        let table = Source::default();
        table.write(7);
        read::<E>(&cache, &table).await;
        cache.idle().await;
        let moment = || tokio::time::sleep(Duration::from_millis(1));
        let write = cache.write::<E, Down, _>(&7, async |writer| {
            moment().await;
            let commit = async {
                moment().await;
                table.write(7);
                moment().await;
                Ok(())
            };
            writer.commit(E::row(2), commit).await
        });
        let done = polled(write, polls).await.is_some();
        // What goes on in the background, and the fence of a writer that was dropped while it put it up.
        tokio::time::sleep(Limits::default().transaction + Duration::from_secs(1)).await;
        for _ in 0..2 {
            let found = read::<E>(&cache, &table).await;
            assert_eq!(found.data_version(), table.revision(7), "dropped after {polls} polls");
            cache.idle().await;
        }
        assert_ne!(read::<E>(&cache, &table).await.source(), From::Loaded, "it is cached again, {polls} polls");
        if done {
            break;
        }
        points = polls + 1;
    }
    println!("a writer, fenced {}, was dropped at each of {points} points: 0 stale", E::FENCED);
    assert!((3..MOST_POLLS).contains(&points), "{points} points");
}

#[tokio::test(start_paused = true)]
async fn a_writer_that_is_dropped_at_any_point_leaves_nothing_older() {
    dropped_writer::<Profile>().await;
    dropped_writer::<Stock>().await;
}
