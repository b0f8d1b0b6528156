//! One call of a loader: in its turn, within its deadline, whatever it does.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tracing::Instrument as _;

use super::Inner;
use crate::entity::CacheEntity;
use crate::error::LoadError;
use crate::observe::Meter;

/// What a loader may say of the value that it loads.
#[derive(Debug, Clone, Default)]
pub struct LoadContext {
    wishes: Arc<std::sync::Mutex<Wishes>>,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wishes {
    pub(super) ttl: Option<Duration>,
    pub(super) not_cacheable: bool,
}

impl LoadContext {
    /// Shortens the TTL of this value. A longer one than the entity's has no effect.
    pub fn ttl(&self, ttl: Duration) {
        self.wish(|wishes| wishes.ttl = Some(wishes.ttl.map_or(ttl, |before| before.min(ttl))));
    }

    /// The value is handed to its callers and not stored.
    pub fn not_cacheable(&self) {
        self.wish(|wishes| wishes.not_cacheable = true);
    }

    fn wish(&self, wish: impl FnOnce(&mut Wishes)) {
        wish(&mut self.wishes.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(super) fn wishes(&self) -> Wishes {
        *self.wishes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What came of a load.
pub(super) struct LoadResult<E, Er> {
    pub(super) value: Result<Option<Arc<E>>, LoadError<Er>>,
    pub(super) wishes: Wishes,
    pub(super) took: Duration,
}

/// Runs `load` once it is its turn. `with_store`: the store answers, so that the wider bound holds.
pub(super) async fn run<E, Er, F, Fut>(inner: &Inner, meter: &Meter, with_store: bool, load: F) -> LoadResult<E, Er>
where
    E: CacheEntity,
    Er: Send + Sync + 'static,
    F: FnOnce(LoadContext) -> Fut + Send,
    Fut: Future<Output = Result<Option<E>, Er>> + Send,
{
    let context = LoadContext::default();
    let of_loader = context.clone();
    let (value, took) = call(inner, meter, with_store, || load(of_loader)).await;
    LoadResult { value: value.map(|value| value.map(Arc::new)), wishes: context.wishes(), took }
}

/// The same for many values at once, with the time that it took.
pub(super) async fn run_many<T, Er, F, Fut>(
    inner: &Inner,
    meter: &Meter,
    with_store: bool,
    load: F,
) -> Result<(T, Duration), LoadError<Er>>
where
    F: FnOnce() -> Fut + Send,
    Fut: Future<Output = Result<T, Er>> + Send,
{
    let (value, took) = call(inner, meter, with_store, load).await;
    value.map(|value| (value, took))
}

async fn call<T, Er, F, Fut>(
    inner: &Inner,
    meter: &Meter,
    with_store: bool,
    load: F,
) -> (Result<T, LoadError<Er>>, Duration)
where
    F: FnOnce() -> Fut + Send,
    Fut: Future<Output = Result<T, Er>> + Send,
{
    let bound = if with_store { &inner.loads } else { &inner.loads_without_store };
    let Some(_turn) = turn(bound, inner.limits.load_queue).await else {
        return (Err(LoadError::Overloaded), Duration::ZERO);
    };
    let span = tracing::info_span!("cache.load", service = meter.service, entity = meter.entity);
    let began = Instant::now();
    let guarded = AssertUnwindSafe(async move { load().await }).catch_unwind().instrument(span);
    let hard = inner.limits.load_hard;
    let value = match tokio::time::timeout(hard, guarded).await {
        Ok(Ok(Ok(value))) => Ok(value),
        Ok(Ok(Err(error))) => Err(LoadError::Failed(Arc::new(error))),
        Ok(Err(_panic)) => Err(LoadError::Panicked),
        Err(_) => Err(LoadError::TimedOut(hard)),
    };
    let took = began.elapsed();
    meter.loaded(took, value.is_err());
    (value, took)
}

async fn turn(bound: &Semaphore, patience: Duration) -> Option<tokio::sync::SemaphorePermit<'_>> {
    match bound.try_acquire() {
        Ok(permit) => Some(permit),
        Err(_) => tokio::time::timeout(patience, bound.acquire()).await.ok()?.ok(),
    }
}
