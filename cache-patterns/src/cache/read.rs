//! Cache-Aside: the local copy, the store, the flight.

use std::sync::Arc;
use std::time::Duration;

use super::entry::{Cached, Entry, LocalEntry, Reading, Source, read};
use super::lead::{Demand, Landed, Reason, Request, fly};
use super::load::{self, LoadContext};
use super::{Cache, Inner};
use crate::early;
use crate::entity::{CacheEntity, Versioned};
use crate::error::LoadError;
use crate::flight::{Landing, Passenger, Role};
use crate::key::Key;
use crate::local::Ticket;
use crate::observe::{Meter, Outcome};

/// How often a caller joins a flight before it loads for itself.
const ROUNDS: usize = 3;

/// Of so many local hits in a row, one gives way to other tasks: a loop over hits would starve the connection's task.
const HITS_PER_YIELD: u32 = 32;

impl Cache {
    /// The value with this id: from the cache, or loaded by `load` and stored.
    ///
    /// Of all callers in all processes that miss it at once, one loads; the others wait for its value. The load runs
    /// in a task of its own, so that it does not matter which caller goes away. A value that was invalidated while it
    /// was being loaded is handed to those who asked before, and neither stored nor handed to anyone who asked later.
    ///
    /// ```
    /// # use cache_patterns::{Cache, CacheEntity, Key, Ttl, store::MemoryStore};
    /// # #[derive(Clone, serde::Serialize, serde::Deserialize)]
    /// # struct UserProfile { id: i64, name: String }
    /// # impl CacheEntity for UserProfile {
    /// #     type Id = i64;
    /// #     const SERVICE: &'static str = "user";
    /// #     const ENTITY: &'static str = "profile";
    /// #     const VERSION: u32 = 2;
    /// #     const TTL: Ttl = Ttl::mins(15);
    /// #     fn id(&self) -> i64 { self.id }
    /// # }
    /// # async fn from_database(id: i64) -> Result<UserProfile, std::io::Error> {
    /// #     Ok(UserProfile { id, name: "Ada".into() })
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cache = Cache::builder(MemoryStore::default()).build().await?;
    /// let profile = cache.get_or_load(&7, move || from_database(7)).await?;
    /// assert_eq!(profile.name, "Ada");
    /// # let profile: cache_patterns::Cached<UserProfile> = profile;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`LoadError`], when the value is not in the cache and the load fails. Trouble with the store is none: then the
    /// source is asked, under a bound.
    pub async fn get_or_load<E, Er, F, Fut>(&self, id: &E::Id, load: F) -> Result<Cached<E>, LoadError<Er>>
    where
        E: CacheEntity,
        Er: Send + Sync + 'static,
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<E, Er>> + Send + 'static,
    {
        self.get_or_load_with(id, |_| load()).await
    }

    /// As [`Cache::get_or_load`]; the loader can shorten the TTL or keep the value from being stored.
    ///
    /// # Errors
    /// As there.
    pub async fn get_or_load_with<E, Er, F, Fut>(&self, id: &E::Id, load: F) -> Result<Cached<E>, LoadError<Er>>
    where
        E: CacheEntity,
        Er: Send + Sync + 'static,
        F: FnOnce(LoadContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<E, Er>> + Send + 'static,
    {
        self.value(id, Demand { at_least: 0, need_value: true }, load).await
    }

    /// As [`Cache::get_or_load`], for what may not exist: `Ok(None)` from the loader is remembered for the entity's
    /// `NEGATIVE` time. An error is never remembered.
    ///
    /// # Errors
    /// As there.
    pub async fn get_or_load_opt<E, Er, F, Fut>(&self, id: &E::Id, load: F) -> Result<Option<Cached<E>>, LoadError<Er>>
    where
        E: CacheEntity,
        Er: Send + Sync + 'static,
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<Option<E>, Er>> + Send + 'static,
    {
        self.read(id, Demand { at_least: 0, need_value: false }, |_| load()).await
    }

    /// As [`Cache::get_or_load`], for a caller that has seen `version` (of its own write, for example) and must not be
    /// given an older one.
    ///
    /// # Errors
    /// As there, and [`LoadError::TooOld`] when the source itself answers with an older version (a lagging replica).
    pub async fn get_at_least<E, Er, F, Fut>(
        &self,
        id: &E::Id,
        version: u64,
        load: F,
    ) -> Result<Cached<E>, LoadError<Er>>
    where
        E: Versioned,
        Er: Send + Sync + 'static,
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<E, Er>> + Send + 'static,
    {
        self.value(id, Demand { at_least: version, need_value: true }, |_| load()).await
    }

    async fn value<E, Er, F, Fut>(&self, id: &E::Id, demand: Demand, load: F) -> Result<Cached<E>, LoadError<Er>>
    where
        E: CacheEntity,
        Er: Send + Sync + 'static,
        F: FnOnce(LoadContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<E, Er>> + Send + 'static,
    {
        let load = |context: LoadContext| {
            let loading = load(context);
            async move { loading.await.map(Some) }
        };
        // Without a value the request is not answered, so `None` stands for a flight that was of no use.
        self.read(id, demand, load).await?.ok_or(LoadError::Cancelled)
    }

    async fn read<E, Er, F, Fut>(&self, id: &E::Id, demand: Demand, load: F) -> Result<Option<Cached<E>>, LoadError<Er>>
    where
        E: CacheEntity,
        Er: Send + Sync + 'static,
        F: FnOnce(LoadContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Option<E>, Er>> + Send + 'static,
    {
        let inner = &self.inner;
        if let Some(copy) = inner.copy(id, demand) {
            give_way().await;
            return Ok(Some(copy));
        }
        let request = Request { key: Key::<E>::of(id).into_string(), demand };
        let answer = match inner.look::<E>(&request).await {
            // The usual way out, apart from the rest because it is to cost no more than the plain command: the clock is
            // read once.
            Look::Serve(entry, Source::Store, now) if !inner.wants_refresh(&entry, Source::Store, now) => {
                inner.meters.with::<E, _>(|meter| {
                    meter.read(if entry.value.is_some() { Outcome::StoreHit } else { Outcome::Negative });
                });
                tracing::debug!(service = E::SERVICE, entity = E::ENTITY, "cache hit");
                let age = entry.age(now);
                return Ok(entry.value.map(|value| Cached::new(value, Source::Store, entry.version, age)));
            }
            // In a box, so that the future of a hit is small: it is moved several times before it is polled.
            look => Box::pin(inner.find(request, look, load)).await,
        };
        let outcome = match &answer {
            Ok((_, Source::Stale)) => Outcome::Stale,
            Ok((_, Source::Loaded)) => Outcome::Miss,
            Ok((entry, _)) if entry.value.is_none() => Outcome::Negative,
            Ok(_) => Outcome::StoreHit,
            Err(_) => Outcome::Error,
        };
        inner.meters.with::<E, _>(|meter| meter.read(outcome));
        tracing::debug!(service = E::SERVICE, entity = E::ENTITY, ?outcome, "cache read");
        answer.map(|(entry, source)| inner.cached(&entry, source))
    }
}

/// What the store had for a reader.
enum Look<E> {
    /// This is the answer, at this time of the store's clock.
    Serve(Entry<E>, Source, u64),
    /// Load. `spare`: may be served when the load fails.
    Load { spare: Option<Entry<E>>, reason: Reason },
}

impl Inner {
    /// The local copy, if there is one that may be served. Allocates nothing.
    pub(super) fn copy<E: CacheEntity>(&self, id: &E::Id, demand: Demand) -> Option<Cached<E>> {
        if E::LOCAL.is_zero() {
            return None;
        }
        self.local.get::<E, LocalEntry<E>, _>(id, |copy, ago| {
            if !demand.accepts(&copy.entry) {
                return None;
            }
            let value = Arc::clone(copy.entry.value.as_ref()?);
            copy.meter.read(Outcome::LocalHit);
            Some(Cached::new(value, Source::Local, copy.entry.version, copy.age + Duration::from_millis(ago)))
        })
    }

    pub(super) fn cached<E: CacheEntity>(&self, entry: &Entry<E>, source: Source) -> Option<Cached<E>> {
        let value = Arc::clone(entry.value.as_ref()?);
        let age = if source == Source::Loaded { Duration::ZERO } else { entry.age(self.guard.now()) };
        Some(Cached::new(value, source, entry.version, age))
    }

    /// The way of everything that is no plain hit; `look`: what the store had.
    async fn find<E, Er, F, Fut>(self: &Arc<Self>, request: Request, look: Look<E>, load: F) -> Landed<E, Er>
    where
        E: CacheEntity,
        Er: Send + Sync + 'static,
        F: FnOnce(LoadContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Option<E>, Er>> + Send + 'static,
    {
        let meter = self.meters.of::<E>();
        let (mut load, mut look) = (Some(load), Some(look));
        for _ in 0..ROUNDS {
            let look = match look.take() {
                Some(look) => look,
                None => self.look::<E>(&request).await,
            };
            let (spare, reason) = match look {
                Look::Serve(entry, source, now) => {
                    if self.wants_refresh(&entry, source, now)
                        && let Some(load) = load.take()
                    {
                        self.refresh(request, load, &meter);
                    }
                    return Ok((entry, source));
                }
                Look::Load { spare, reason } => (spare, reason),
            };
            let (passenger, leads) = match self.flights.join(&request.key) {
                Role::Follower(passenger) => (passenger, false),
                Role::Leader(pilot, passenger) => {
                    let Some(load) = load.take() else { return Err(LoadError::Cancelled) };
                    tokio::spawn(fly(Arc::clone(self), request.clone(), reason, pilot, Arc::clone(&meter), load));
                    (passenger, true)
                }
            };
            match self.wait::<E, Er>(passenger, spare.as_ref(), &meter).await {
                Waited::Landed(Ok((entry, _))) if leads && entry.version < request.demand.at_least => {
                    return Err(LoadError::TooOld { wanted: request.demand.at_least, found: entry.version });
                }
                Waited::Landed(Ok((entry, source))) if leads || request.demand.accepts(&entry) => {
                    // Who waited for another's load has missed as well.
                    return Ok((entry, if source == Source::Store && !leads { Source::Store } else { source }));
                }
                Waited::Landed(Ok(_)) => {}
                Waited::Landed(Err(error)) => {
                    return spare.map(|entry| (entry, Source::Stale)).ok_or(error);
                }
                Waited::Enough => {
                    if let Some(entry) = spare {
                        return Ok((entry, Source::Stale));
                    }
                }
                Waited::Again if leads => return Err(LoadError::Cancelled),
                Waited::Again => {}
            }
        }
        // Every flight was overtaken by a change. A load that begins now is young enough for this caller.
        let Some(load) = load.take() else { return Err(LoadError::Cancelled) };
        let inner = Arc::clone(self);
        let alone = tokio::spawn(async move { load::run(&inner, &meter, true, load).await });
        let result = alone.await.map_err(|_| LoadError::Cancelled)?;
        let entry = Entry::loaded(result.value?, result.took, self.guard.stamp(0));
        if entry.version < request.demand.at_least {
            return Err(LoadError::TooOld { wanted: request.demand.at_least, found: entry.version });
        }
        Ok((entry, Source::Loaded))
    }

    /// Reads the store, and makes a local copy of what is fresh.
    async fn look<E: CacheEntity>(&self, request: &Request) -> Look<E> {
        let nothing = Look::Load { spare: None, reason: Reason::Miss };
        let key = request.key.as_str();
        if self.guard.distrusts(key) {
            return nothing;
        }
        let ticket = self.local.ticket(key);
        let node = self.guard.store.node(key);
        // An error is not a miss: the caller has waited for the store once, and does not a second time.
        let Ok(bytes) = self.guard.call(node, self.limits.read, self.guard.store.get(key)).await else {
            return Look::Load { spare: None, reason: Reason::NoStore };
        };
        // The invalidation may have failed while the store was being read.
        if self.guard.distrusts(key) {
            return nothing;
        }
        self.judge(request, node, ticket, read(bytes.as_ref(), &self.meters))
    }

    fn judge<E: CacheEntity>(&self, request: &Request, node: usize, ticket: Ticket, reading: Reading<E>) -> Look<E> {
        let entry = match reading {
            Reading::Nothing { spoilt } => {
                let reason = if spoilt { Reason::Unusable } else { Reason::Miss };
                return Look::Load { spare: None, reason };
            }
            Reading::Entry(entry) => entry,
        };
        let (now, watermark) = (self.guard.now(), self.guard.watermark(node));
        let accepted = request.demand.accepts(&entry);
        if accepted && entry.fresh(now, watermark) {
            self.keep(&request.key, ticket, &entry);
            return Look::Serve(entry, Source::Store, now);
        }
        if accepted && entry.stale(now, watermark) {
            return Look::Serve(entry, Source::Stale, now);
        }
        // To the store it may be fresh: only this reader has a reason to refuse it.
        let unusable = !entry.only_on_error && now < entry.soft_deadline;
        let reason = if unusable { Reason::Unusable } else { Reason::Miss };
        let spare = Some(entry).filter(|entry| accepted && entry.on_error(now));
        Look::Load { spare, reason }
    }

    fn wants_refresh<E: CacheEntity>(&self, entry: &Entry<E>, source: Source, now: u64) -> bool {
        if source == Source::Stale {
            return true;
        }
        let gap = Duration::from_millis(entry.soft_deadline.saturating_sub(now));
        source == Source::Store
            && early::refreshes_early(gap, entry.cost, E::TTL.as_duration(), self.limits.early_refresh)
    }

    /// Refreshes in the background, unless somebody is at it.
    fn refresh<E, Er, F, Fut>(self: &Arc<Self>, request: Request, load: F, meter: &Arc<Meter>)
    where
        E: CacheEntity,
        Er: Send + Sync + 'static,
        F: FnOnce(LoadContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Option<E>, Er>> + Send + 'static,
    {
        if let Some(pilot) = self.flights.start(&request.key) {
            tokio::spawn(fly(Arc::clone(self), request, Reason::Refresh, pilot, Arc::clone(meter), load));
        }
    }

    /// Waits for a flight; with something to serve meanwhile, only for so long.
    async fn wait<E: CacheEntity, Er: Send + Sync + 'static>(
        &self,
        passenger: Passenger<super::Erased>,
        spare: Option<&Entry<E>>,
        meter: &Meter,
    ) -> Waited<E, Er> {
        let _waiting = meter.waiting();
        let landing = if spare.is_some() {
            match tokio::time::timeout(self.limits.load_soft, passenger).await {
                Ok(landing) => landing,
                Err(_) => return Waited::Enough,
            }
        } else {
            passenger.await
        };
        match landing {
            Landing::Value(landed) => match landed.downcast_ref::<Landed<E, Er>>() {
                Some(Ok((entry, source))) => Waited::Landed(Ok((entry.clone(), *source))),
                Some(Err(error)) => Waited::Landed(Err(error.clone())),
                // The flight was another caller's with another error type.
                None => Waited::Again,
            },
            Landing::Retry | Landing::Abandoned => Waited::Again,
        }
    }
}

enum Waited<E, Er> {
    Landed(Landed<E, Er>),
    /// The soft deadline has passed.
    Enough,
    Again,
}

async fn give_way() {
    std::thread_local! {
        static HITS: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
    }
    let hits = HITS.with(|hits| {
        hits.set(hits.get().wrapping_add(1));
        hits.get()
    });
    if hits.is_multiple_of(HITS_PER_YIELD) {
        tokio::task::consume_budget().await;
    }
}
