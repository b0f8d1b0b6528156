//! Many values at once: one read of the store, one call of the loader for what is missing.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::Instant;

use super::entry::{Cached, Entry, Source, read};
use super::lead::{Demand, Filling, Landed, leased};
use super::load::{self, Wishes};
use super::{Cache, Erased, Inner};
use crate::entity::CacheEntity;
use crate::error::LoadError;
use crate::flight::{Landing, Moment, Passenger, Pilot, Role};
use crate::key::Key;
use crate::local::Ticket;
use crate::observe::{Meter, Outcome};
use crate::slot::{Acquired, Want};
use crate::store::Token;

/// One value of many that this call loads.
struct Seat<E: CacheEntity> {
    id: E::Id,
    key: String,
    token: Token,
    ticket: Ticket,
    pilot: Pilot<Erased>,
    /// When the source or the store was last asked.
    asked: Moment,
    /// See [`crate::guard::Guard::stamp`].
    stamp: u32,
}

/// How long a load of another process is waited for, and how long until it is looked for again.
#[derive(Clone, Copy)]
struct Patience {
    until: Instant,
    pause: Duration,
}

impl<E: CacheEntity> Seat<E> {
    fn mark(&mut self) {
        self.asked = self.pilot.flight().mark();
    }
}

impl Cache {
    /// The values with these ids; what is not in the cache is loaded by one call of `load` with the missing ids. An id
    /// that the loader does not answer is not in the result, and remembered as absent for the entity's `NEGATIVE` time.
    ///
    /// The loader may be called again, for fewer ids, when another process that was loading some of them has failed.
    ///
    /// # Errors
    /// When the load fails: nothing is returned then, also of what was in the cache.
    pub async fn get_many_or_load<E, Er, F, Fut>(
        &self,
        ids: &[E::Id],
        load: F,
    ) -> Result<HashMap<E::Id, Cached<E>>, LoadError<Er>>
    where
        E: CacheEntity,
        Er: Send + Sync + 'static,
        F: Fn(Vec<E::Id>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Vec<E>, Er>> + Send + 'static,
    {
        let inner = &self.inner;
        let meter = inner.meters.of::<E>();
        let load = Arc::new(load);
        let mut found = HashMap::with_capacity(ids.len());
        let mut missing = Vec::new();
        let mut seen = HashSet::with_capacity(ids.len());
        for id in ids.iter().filter(|id| seen.insert(*id)) {
            match inner.copy::<E>(id, Demand { at_least: 0, need_value: true }) {
                Some(copy) => _ = found.insert(id.clone(), copy),
                None => missing.push((id.clone(), Key::<E>::of(id).into_string())),
            }
        }
        let missing = inner.look_many::<E>(missing, &mut found, &meter).await;
        let (mut seats, mut waiting) = (Vec::new(), Vec::new());
        for (id, key) in missing {
            let ticket = inner.local.ticket(&key);
            match inner.flights.join(&key) {
                Role::Leader(pilot, passenger) => {
                    waiting.push((id.clone(), passenger));
                    seats.push(Seat { id, key, token: Token::new(), ticket, pilot, asked: Moment::START, stamp: 0 });
                }
                Role::Follower(passenger) => waiting.push((id, passenger)),
            }
        }
        if !seats.is_empty() {
            let patience = Patience { until: Instant::now() + inner.limits.wait, pause: Duration::from_millis(2) };
            let flight =
                fly_many::<E, Er, F, Fut>(Arc::clone(inner), seats, Arc::clone(&meter), Arc::clone(&load), patience);
            tokio::spawn(flight);
        }
        for (id, passenger) in waiting {
            let answer = match landed::<E, Er>(passenger).await {
                Some(answer) => {
                    meter.read(if answer.is_ok() { Outcome::Miss } else { Outcome::Error });
                    answer.map(|(entry, source)| inner.cached(&entry, source))
                }
                // Another caller's flight that was of no use: this id goes its own way.
                None => self.one_of_many(&id, Arc::clone(&load)).await,
            };
            found.extend(answer?.map(|cached| (id, cached)));
        }
        Ok(found)
    }

    async fn one_of_many<E, Er, F, Fut>(&self, id: &E::Id, load: Arc<F>) -> Result<Option<Cached<E>>, LoadError<Er>>
    where
        E: CacheEntity,
        Er: Send + Sync + 'static,
        F: Fn(Vec<E::Id>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Vec<E>, Er>> + Send + 'static,
    {
        let own = id.clone();
        let wanted = id.clone();
        self.get_or_load_opt(id, move || {
            let loading = load(vec![own]);
            async move { Ok(loading.await?.into_iter().find(|value| value.id() == wanted)) }
        })
        .await
    }
}

async fn landed<E: CacheEntity, Er: Send + Sync + 'static>(passenger: Passenger<Erased>) -> Option<Landed<E, Er>> {
    let Landing::Value(landed) = passenger.await else { return None };
    match landed.downcast_ref::<Landed<E, Er>>()? {
        Ok((entry, source)) => Some(Ok((entry.clone(), *source))),
        Err(error) => Some(Err(error.clone())),
    }
}

impl Inner {
    /// Keys by the node that answers for them, so that one node's trouble does not count for another.
    fn by_node<T>(&self, items: Vec<T>, key: impl Fn(&T) -> &str) -> HashMap<usize, Vec<T>> {
        let mut groups: HashMap<usize, Vec<T>> = HashMap::new();
        for item in items {
            groups.entry(self.guard.store.node(key(&item))).or_default().push(item);
        }
        groups
    }

    /// Moves what the store has into `found`; the rest.
    async fn look_many<E: CacheEntity>(
        &self,
        missing: Vec<(E::Id, String)>,
        found: &mut HashMap<E::Id, Cached<E>>,
        meter: &Meter,
    ) -> Vec<(E::Id, String)> {
        // An invalidation that is owed may reach the store while it is read: what it had before is not for this reader.
        let (mut rest, missing): (Vec<_>, Vec<_>) = missing.into_iter().partition(|(_, key)| self.guard.distrusts(key));
        for (node, group) in self.by_node(missing, |(_, key)| key) {
            let tickets: Vec<Ticket> = group.iter().map(|(_, key)| self.local.ticket(key)).collect();
            let keys: Vec<String> = group.iter().map(|(_, key)| key.clone()).collect();
            let slots = self.guard.call(node, self.limits.read, self.guard.store.get_many(&keys)).await;
            let slots = slots.unwrap_or_else(|_| vec![None; keys.len()]);
            let watermark = self.guard.watermark(node);
            for (((id, key), ticket), bytes) in group.into_iter().zip(tickets).zip(slots) {
                let now = self.guard.now();
                let distrusted = self.guard.distrusts(&key);
                match read::<E>(bytes.as_ref(), &self.meters).entry() {
                    Some(entry) if entry.fresh(now, watermark) && !distrusted => {
                        self.keep(&key, ticket, &entry);
                        let outcome = if entry.value.is_some() { Outcome::StoreHit } else { Outcome::Negative };
                        meter.read(outcome);
                        found.extend(self.cached(&entry, Source::Store).map(|cached| (id, cached)));
                    }
                    _ => rest.push((id, key)),
                }
            }
        }
        rest
    }
}

/// Loads for many flights at once, waiting for others while `patience` lasts. Runs in a task of its own.
async fn fly_many<E, Er, F, Fut>(
    inner: Arc<Inner>,
    seats: Vec<Seat<E>>,
    meter: Arc<Meter>,
    load: Arc<F>,
    patience: Patience,
) where
    E: CacheEntity,
    Er: Send + Sync + 'static,
    F: Fn(Vec<E::Id>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Vec<E>, Er>> + Send + 'static,
{
    let (mut leased, mut unleased, mut busy) = (Vec::new(), Vec::new(), Vec::new());
    // Leases that may have been granted without a word.
    let mut unknown = Vec::new();
    let want = Want { fingerprint: E::FINGERPRINT, ..Want::default() };
    for (node, group) in inner.by_node(seats, |seat| &seat.key) {
        let (mut trusted, distrusted): (Vec<_>, Vec<_>) =
            group.into_iter().partition(|seat| !inner.guard.distrusts(&seat.key));
        unleased.extend(distrusted.into_iter().map(|seat| (seat, true)));
        let keys: Vec<(String, Token)> = trusted.iter().map(|seat| (seat.key.clone(), seat.token)).collect();
        let lease = inner.limits.lease;
        let stamp = inner.guard.stamp(node);
        trusted.iter_mut().for_each(|seat| {
            seat.mark();
            seat.stamp = stamp;
        });
        let call =
            inner.guard.call(node, inner.limits.command, inner.guard.store.acquire_many(&keys, lease, want)).await;
        let Ok(answers) = call else {
            unknown.extend(keys);
            unleased.extend(trusted.into_iter().map(|seat| (seat, true)));
            continue;
        };
        let watermark = inner.guard.watermark(node);
        for (seat, answer) in trusted.into_iter().zip(answers) {
            match answer {
                Acquired::Granted { .. } => leased.push(seat),
                Acquired::Fenced { .. } => unleased.push((seat, false)),
                Acquired::Busy { .. } => busy.push(seat),
                Acquired::Fresh(bytes) => match read::<E>(Some(&bytes), &inner.meters).entry() {
                    Some(entry) if entry.trusted(watermark) => answered::<E, Er>(&inner, seat, entry),
                    // Bytes that cannot be used are replaced by a read of this id alone; here it is only loaded.
                    _ => unleased.push((seat, false)),
                },
            }
        }
    }
    let again = |free, patience| {
        // In a task of their own, or one attempt would lie within the other.
        tokio::spawn(fly_again::<E, Er, F, Fut>(
            Arc::clone(&inner),
            free,
            Arc::clone(&meter),
            Arc::clone(&load),
            patience,
        ));
    };
    let wait = wait_for_others::<E, Er>(&inner, busy, patience, again);
    let own = load_many::<E, Er, F, Fut>(&inner, leased, unleased, &meter, &load);
    let (left, ()) = tokio::join!(wait, own);
    if !left.is_empty() {
        let left = left.into_iter().map(|seat| (seat, false)).collect();
        load_many::<E, Er, F, Fut>(&inner, Vec::new(), left, &meter, &load).await;
    }
    release_all(&inner, unknown.iter().map(|(key, token)| (key.as_str(), *token))).await;
}

/// The same once more, boxed.
fn fly_again<E, Er, F, Fut>(
    inner: Arc<Inner>,
    seats: Vec<Seat<E>>,
    meter: Arc<Meter>,
    load: Arc<F>,
    patience: Patience,
) -> BoxFuture<'static, ()>
where
    E: CacheEntity,
    Er: Send + Sync + 'static,
    F: Fn(Vec<E::Id>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Vec<E>, Er>> + Send + 'static,
{
    Box::pin(fly_many::<E, Er, F, Fut>(inner, seats, meter, load, patience))
}

fn answered<E: CacheEntity, Er: Send + Sync + 'static>(inner: &Inner, seat: Seat<E>, entry: Entry<E>) {
    inner.keep(&seat.key, seat.ticket, &entry);
    seat.pilot.flight().publish(Arc::new(Landed::<E, Er>::Ok((entry, Source::Store))), seat.asked);
    seat.pilot.land(seat.asked);
}

/// Waits for the loads of other processes; those that did not come in time. With those that nobody loads any more
/// everything begins `again`.
async fn wait_for_others<E, Er>(
    inner: &Inner,
    mut busy: Vec<Seat<E>>,
    mut patience: Patience,
    again: impl Fn(Vec<Seat<E>>, Patience),
) -> Vec<Seat<E>>
where
    E: CacheEntity,
    Er: Send + Sync + 'static,
{
    // Of nodes that do not answer.
    let mut given_up = Vec::new();
    while !busy.is_empty() && Instant::now() < patience.until {
        tokio::time::sleep(patience.pause.mul_f64(0.5 + fastrand::f64())).await;
        patience.pause = (patience.pause * 2).min(Duration::from_millis(50));
        let (mut still, mut free) = (Vec::new(), Vec::new());
        for (node, mut group) in inner.by_node(busy, |seat| &seat.key) {
            let keys: Vec<String> = group.iter().map(|seat| seat.key.clone()).collect();
            group.iter_mut().for_each(Seat::mark);
            let slots = inner.guard.call(node, inner.limits.read, inner.guard.store.get_many(&keys)).await;
            let Ok(slots) = slots else {
                given_up.extend(group);
                continue;
            };
            let watermark = inner.guard.watermark(node);
            for (seat, bytes) in group.into_iter().zip(slots) {
                let now = inner.guard.now();
                match read::<E>(bytes.as_ref(), &inner.meters).entry() {
                    Some(entry) if entry.fresh(now, watermark) => answered::<E, Er>(inner, seat, entry),
                    _ if leased(bytes.as_ref(), now) => still.push(seat),
                    // That load has failed, or what it left is no answer here.
                    _ => free.push(Seat { token: Token::new(), ..seat }),
                }
            }
        }
        busy = still;
        if !free.is_empty() {
            again(free, patience);
        }
    }
    busy.extend(given_up);
    busy
}

/// One call of the loader for all seats. `unleased`: not to be stored; the flag says whether late callers may have it.
async fn load_many<E, Er, F, Fut>(
    inner: &Inner,
    mut leased: Vec<Seat<E>>,
    mut unleased: Vec<(Seat<E>, bool)>,
    meter: &Meter,
    load: &Arc<F>,
) where
    E: CacheEntity,
    Er: Send + Sync + 'static,
    F: Fn(Vec<E::Id>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Vec<E>, Er>> + Send + 'static,
{
    if leased.is_empty() && unleased.is_empty() {
        return;
    }
    let seats = leased.iter_mut().chain(unleased.iter_mut().map(|(seat, _)| seat));
    let ids: Vec<E::Id> = seats
        .map(|seat| {
            seat.mark();
            seat.id.clone()
        })
        .collect();
    let with_store = !leased.is_empty();
    let leases: Vec<(&str, Token)> = leased.iter().map(|seat| (seat.key.as_str(), seat.token)).collect();
    let result = inner.renewing(&leases, load::run_many(inner, meter, with_store, || load(ids))).await;
    let (values, took) = match result {
        Ok(loaded) => loaded,
        Err(error) => {
            for seat in leased.iter().chain(unleased.iter().map(|(seat, _)| seat)) {
                seat.pilot.flight().publish(Arc::new(Landed::<E, Er>::Err(error.clone())), Moment::END);
            }
            release_all(inner, leased.iter().map(|seat| (seat.key.as_str(), seat.token))).await;
            for seat in leased.into_iter().chain(unleased.into_iter().map(|(seat, _)| seat)) {
                seat.pilot.land(Moment::END);
            }
            return;
        }
    };
    let mut values: HashMap<E::Id, Arc<E>> = values.into_iter().map(|value| (value.id(), Arc::new(value))).collect();
    let mut entry_of = |seat: &Seat<E>| {
        let value = values.remove(&seat.id);
        let entry = Entry::loaded(value, took, seat.stamp);
        seat.pilot.flight().publish(Arc::new(Landed::<E, Er>::Ok((entry.clone(), Source::Loaded))), seat.asked);
        entry
    };
    for (seat, certain) in unleased {
        entry_of(&seat);
        seat.pilot.land(if certain { Moment::END } else { seat.asked });
    }
    let entries: Vec<_> = leased.into_iter().map(|seat| (entry_of(&seat), seat)).collect();
    for (node, group) in inner.by_node(entries, |(_, seat)| &seat.key) {
        let (mut fills, mut filled) = (Vec::new(), Vec::new());
        for (mut entry, seat) in group {
            match inner.prepare(&mut entry, Wishes::default(), meter) {
                Some((bytes, ttl)) => {
                    fills.push((seat.key.clone(), seat.token, bytes, ttl));
                    filled.push((entry, seat));
                }
                None => {
                    inner.release(&seat.key, seat.token).await;
                    seat.pilot.land(seat.asked);
                }
            }
        }
        filled.iter_mut().for_each(|(_, seat)| seat.mark());
        let answers = inner.guard.call(node, inner.limits.command, inner.guard.store.fill_many(fills)).await;
        let mut answers = answers.unwrap_or_default().into_iter();
        let mut unknown = Vec::new();
        for (entry, seat) in filled {
            let filling = inner.filled(answers.next(), &seat.key, seat.token, seat.ticket, &entry, meter).await;
            seat.pilot.land(if filling == Filling::Stored { seat.asked } else { Moment::START });
            if filling == Filling::Unknown {
                unknown.push((seat.key, seat.token));
            }
        }
        release_all(inner, unknown.iter().map(|(key, token)| (key.as_str(), *token))).await;
    }
}

/// Gives leases back, as long as the store answers.
async fn release_all(inner: &Inner, leases: impl Iterator<Item = (&str, Token)>) {
    for (key, token) in leases {
        if !inner.try_release(key, token).await {
            return;
        }
    }
}
