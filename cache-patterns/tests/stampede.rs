//! Many callers miss one key at once: one load, whatever it comes to, and the same answer for all.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cache_patterns::store::MemoryStore;
use cache_patterns::{Cache, Cached, Limits, LoadError};
use common::Profile;
use common::source::Down;
use tokio::task::JoinSet;

const CALLERS: [usize; 4] = [10, 100, 1_000, 10_000];
/// Of the slow load, which outlasts it.
const LEASE: Duration = Duration::from_millis(150);
/// Of the others: a process that gets no processor for the time of its lease loses it, and that is not the subject here.
const LONG_LEASE: Duration = Duration::from_secs(60);

/// What the load comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ends {
    Value,
    Absence,
    Error,
    Panic,
    /// With a value, after several leases.
    Slowly,
}

/// The source of one stampede. It answers when all callers are there.
struct Source {
    callers: usize,
    arrived: AtomicUsize,
    loads: AtomicUsize,
    ends: Ends,
}

impl Source {
    async fn load(&self) -> Result<Option<Profile>, Down> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        while self.arrived.load(Ordering::SeqCst) < self.callers {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // Between its arrival and its place in the flight a caller does not yield; on a busy machine its thread may be
        // stopped there.
        let pause = if self.ends == Ends::Slowly { LEASE * 4 } else { Duration::from_secs(1) };
        tokio::time::sleep(pause).await;
        match self.ends {
            Ends::Value | Ends::Slowly => Ok(Some(Profile::new(7, 1))),
            Ends::Absence => Ok(None),
            Ends::Error => Err(Down),
            Ends::Panic => panic!("on purpose"),
        }
    }
}

type Answer = Result<Option<Cached<Profile>>, LoadError<Down>>;

async fn stampede(callers: usize, ends: Ends) -> (Vec<Answer>, Arc<Source>, Cache) {
    let limits = Limits {
        lease: if ends == Ends::Slowly { LEASE } else { LONG_LEASE },
        load_soft: Duration::from_secs(60),
        load_hard: Duration::from_secs(60),
        early_refresh: 0.0,
        ..Limits::default()
    };
    let cache = Cache::builder(MemoryStore::default()).limits(limits).build().await.unwrap();
    let source = Arc::new(Source { callers, arrived: AtomicUsize::new(0), loads: AtomicUsize::new(0), ends });
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let (cache, source) = (cache.clone(), Arc::clone(&source));
        tasks.spawn(async move {
            source.arrived.fetch_add(1, Ordering::SeqCst);
            cache.get_or_load_opt(&7, move || async move { source.load().await }).await
        });
    }
    (tasks.join_all().await, source, cache)
}

async fn all_sizes(ends: Ends, same: impl Fn(&Answer, &Answer) -> bool) {
    for callers in CALLERS {
        let (answers, source, cache) = stampede(callers, ends).await;
        let loads = source.loads.load(Ordering::SeqCst);
        println!("{ends:?}, {callers} callers: loads {loads}");
        assert_eq!((loads, cache.stats().loads), (1, 1), "{ends:?}, {callers} callers");
        let alike = answers.iter().filter(|answer| same(&answers[0], answer)).count();
        assert_eq!(alike, callers, "{ends:?}: all have the same answer");
    }
}

fn same_value(one: &Answer, other: &Answer) -> bool {
    let arc = |answer: &Answer| Some(answer.as_ref().ok()?.as_ref()?.clone().into_arc());
    matches!((arc(one), arc(other)), (Some(one), Some(other)) if Arc::ptr_eq(&one, &other))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_is_loaded_once_and_shared() {
    all_sizes(Ends::Value, same_value).await;
}

/// Over paused time, in which the lease is renewed when it is time however busy the machine is.
#[tokio::test(start_paused = true)]
async fn a_slow_load_outlasts_its_first_lease_and_is_the_only_one() {
    all_sizes(Ends::Slowly, same_value).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absence_is_found_once() {
    all_sizes(Ends::Absence, |_, answer| matches!(answer, Ok(None))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_is_met_once_and_shared() {
    let same = |one: &Answer, other: &Answer| matches!((one, other), (Err(LoadError::Failed(one)), Err(LoadError::Failed(other))) if Arc::ptr_eq(one, other));
    all_sizes(Ends::Error, same).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_everybody_s_error() {
    all_sizes(Ends::Panic, |_, answer| matches!(answer, Err(LoadError::Panicked))).await;
}
