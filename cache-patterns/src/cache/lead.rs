//! What the task of a flight does: take the lease, load, fill; or wait for another process's load.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::entry::{Entry, LocalEntry, Reading, read};
use super::load::{self, LoadContext, LoadResult, Wishes};
use super::{Erased, Inner, Source};
use crate::clock::millis;
use crate::entity::CacheEntity;
use crate::envelope::Header;
use crate::error::LoadError;
use crate::flight::{Flight, Moment, Pilot};
use crate::key::Key;
use crate::local::Ticket;
use crate::observe::Meter;
use crate::slot::{Acquired, Filled, Want};
use crate::store::{StoreError, Token};

/// What a flight brings.
pub(super) type Landed<E, Er> = Result<(Entry<E>, Source), LoadError<Er>>;

/// What a reader asks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Demand {
    /// The least data version; 0: any.
    pub(super) at_least: u64,
    /// A known absence is no answer.
    pub(super) need_value: bool,
}

impl Demand {
    pub(super) fn accepts<E>(self, entry: &Entry<E>) -> bool {
        entry.version >= self.at_least && !(self.need_value && entry.value.is_none())
    }
}

/// Of which key.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) key: String,
    pub(super) demand: Demand,
}

/// Why a flight was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// Somebody waits for the value.
    Miss,
    /// Somebody waits, and the store has just failed to answer.
    NoStore,
    /// The store holds bytes that cannot be used although they look fresh to it.
    Unusable,
    /// Nobody waits: the value is refreshed before or after its TTL.
    Refresh,
}

/// How the store answered the wish to load.
enum Leave<E> {
    /// Load, and fill under this token what was [stamped](crate::guard::Guard::stamp) so.
    Lease(Token, u32),
    /// Load, and do not fill. `certain`: callers that come late may have the value nevertheless. `asked`: the token of a
    /// lease that the store may have granted without a word.
    NoFill { with_store: bool, certain: bool, asked: Option<Token> },
    /// Somebody else has loaded it; the store was asked at this moment.
    Answer(Entry<E>, Moment),
    /// Somebody else is at it, and nobody waits here.
    GiveUp,
}

/// What became of a value that was to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filling {
    Stored,
    NotStored,
    /// The store did not answer. It may have the value, or the lease may still lie there and keep others waiting.
    Unknown,
}

/// The whole flight. Runs in a task of its own.
pub(super) async fn fly<E, Er, F, Fut>(
    inner: Arc<Inner>,
    request: Request,
    reason: Reason,
    pilot: Pilot<Erased>,
    meter: Arc<Meter>,
    load: F,
) where
    E: CacheEntity,
    Er: Send + Sync + 'static,
    F: FnOnce(LoadContext) -> Fut + Send,
    Fut: Future<Output = Result<Option<E>, Er>> + Send,
{
    // Before the store is asked: what is invalidated from here on ends the copy that is made below.
    let ticket = inner.local.ticket(&request.key);
    let leave = inner.leave::<E>(&request, reason, pilot.flight()).await;
    let publish = |landed: Landed<E, Er>, asked: Moment| pilot.flight().publish(Arc::new(landed), asked);
    match leave {
        Leave::GiveUp => {}
        Leave::Answer(entry, asked) => {
            inner.keep(&request.key, ticket, &entry);
            publish(Ok((entry, Source::Store)), asked);
            pilot.land(asked);
        }
        Leave::NoFill { with_store, certain, asked: token } => {
            let asked = pilot.flight().mark();
            let result = load::run(&inner, &meter, with_store, load).await;
            let stamp = inner.guard.stamp(inner.guard.store.node(&request.key));
            publish(inner.landed(&result, stamp), asked);
            pilot.land(if certain { Moment::END } else { asked });
            if let Some(token) = token {
                inner.release(&request.key, token).await;
            }
        }
        Leave::Lease(token, stamp) => {
            let asked = pilot.flight().mark();
            let Some(mut result) = inner.load_under_lease(&request.key, token, &pilot, &meter, load).await else {
                // Nobody wants it any more. The lease is free again, and callers that come now start anew.
                inner.release(&request.key, token).await;
                return;
            };
            if result.value.as_ref().is_ok_and(|row| row.as_ref().is_some_and(|row| !is_at::<E>(row, &request.key))) {
                // Its callers have asked for it. Stored under this id, it would be handed to those who ask for another row.
                tracing::error!(
                    service = E::SERVICE,
                    entity = E::ENTITY,
                    "a loader has answered with a row of another id"
                );
                result.wishes.not_cacheable = true;
            }
            let landed = inner.landed(&result, stamp);
            let entry = landed.as_ref().ok().map(|(entry, _)| entry.clone());
            publish(landed, asked);
            let Some(entry) = entry else {
                inner.release(&request.key, token).await;
                // An error is as true for those who came late.
                pilot.land(Moment::END);
                return;
            };
            let sent = pilot.flight().mark();
            match inner.fill(&request.key, token, ticket, entry, result.wishes, &meter).await {
                Filling::Stored => pilot.land(sent),
                Filling::NotStored => pilot.land(asked),
                Filling::Unknown => {
                    pilot.land(asked);
                    inner.release(&request.key, token).await;
                }
            }
        }
    }
}

/// Whether this is the row of this key. By the keys, because ids that are equal have equal keys and no others.
fn is_at<E: CacheEntity>(row: &E, key: &str) -> bool {
    Key::<E>::of(&row.id()).as_str() == key
}

/// Whether somebody is loading into this slot.
pub(super) fn leased(slot: Option<&bytes::Bytes>, now: u64) -> bool {
    slot.and_then(|bytes| Header::decode(bytes)).is_some_and(|(header, _)| header.leased(now))
}

fn every(period: Duration) -> tokio::time::Interval {
    tokio::time::interval_at(Instant::now() + period, period)
}

impl Inner {
    /// Asks for the lease until there is an answer: a lease, a value, or the end of patience.
    async fn leave<E: CacheEntity>(&self, request: &Request, reason: Reason, flight: &Flight<Erased>) -> Leave<E> {
        let key = request.key.as_str();
        let without_store = |asked| Leave::NoFill { with_store: false, certain: true, asked };
        if reason == Reason::NoStore || self.guard.distrusts(key) {
            return without_store(None);
        }
        let node = self.guard.store.node(key);
        let mut token = Token::new();
        let mut broken = false;
        let mut want =
            Want { fingerprint: E::FINGERPRINT, at_least: request.demand.at_least, refresh: reason != Reason::Miss };
        let patience = Instant::now() + self.limits.wait;
        let mut pause = Duration::from_millis(2);
        loop {
            let (lease, command) = (self.limits.lease, self.limits.command);
            let (asked, stamp) = (flight.mark(), self.guard.stamp(node));
            let acquired = self.guard.call(node, command, self.guard.store.acquire(key, token, lease, want)).await;
            let remaining = match acquired {
                Ok(Acquired::Granted { .. }) => return Leave::Lease(token, stamp),
                Ok(Acquired::Fenced { .. }) => {
                    return Leave::NoFill { with_store: true, certain: false, asked: None };
                }
                Ok(Acquired::Fresh(bytes)) => {
                    if let Reading::Entry(entry) = read::<E>(Some(&bytes), &self.meters)
                        && entry.trusted(self.guard.watermark(node))
                        && request.demand.accepts(&entry)
                    {
                        return Leave::Answer(entry, asked);
                    }
                    want.refresh = true;
                    continue;
                }
                Ok(Acquired::Busy { .. }) if reason == Reason::Refresh => return Leave::GiveUp,
                Ok(Acquired::Busy { remaining, .. }) => remaining,
                // The connection broke: once more on the next one. The lease may have been granted without a word, and
                // is given back. The token is new, because the first request may still be on its way: granted again
                // after an invalidation, it would let an older value in.
                Err(StoreError::Unreachable(_)) if !broken && self.try_release(key, token).await => {
                    (broken, token) = (true, Token::new());
                    continue;
                }
                Err(error) => {
                    tracing::debug!(entity = E::ENTITY, %error, "loading without the store");
                    return without_store(Some(token));
                }
            };
            // Another process loads. Its value is read as soon as it is there; its lease is taken over when it ends.
            let again = (Instant::now() + remaining).min(patience);
            loop {
                tokio::time::sleep(pause.mul_f64(0.5 + fastrand::f64()).min(remaining)).await;
                pause = (pause * 2).min(Duration::from_millis(50));
                let asked = flight.mark();
                let Ok(bytes) = self.guard.call(node, self.limits.read, self.guard.store.get(key)).await else {
                    return without_store(None);
                };
                let now = self.guard.now();
                match read::<E>(bytes.as_ref(), &self.meters) {
                    Reading::Entry(entry)
                        if entry.fresh(now, self.guard.watermark(node)) && request.demand.accepts(&entry) =>
                    {
                        return Leave::Answer(entry, asked);
                    }
                    // Invalidated, given back, or filled with what is no answer here: ask for the lease at once.
                    _ if !leased(bytes.as_ref(), now) => break,
                    _ => {}
                }
                if Instant::now() >= again {
                    break;
                }
            }
            if Instant::now() >= patience {
                return Leave::NoFill { with_store: true, certain: false, asked: None };
            }
        }
    }

    /// Loads, renewing the lease. `None`: cancelled, because nobody waits any more.
    async fn load_under_lease<E, Er, F, Fut>(
        &self,
        key: &str,
        token: Token,
        pilot: &Pilot<Erased>,
        meter: &Meter,
        load: F,
    ) -> Option<LoadResult<E, Er>>
    where
        E: CacheEntity,
        Er: Send + Sync + 'static,
        F: FnOnce(LoadContext) -> Fut + Send,
        Fut: Future<Output = Result<Option<E>, Er>> + Send,
    {
        let leases = [(key, token)];
        let mut running = pin!(self.renewing(&leases, load::run(self, meter, true, load)));
        let mut glance = every(Duration::from_millis(20));
        loop {
            tokio::select! {
                result = &mut running => return Some(result),
                _ = glance.tick(), if self.limits.cancel_unwanted => {
                    if pilot.unwanted() {
                        return None;
                    }
                }
            }
        }
    }

    /// Renews the leases as long as `load` takes, which does not wait for it.
    pub(super) async fn renewing<T>(&self, leases: &[(&str, Token)], load: impl Future<Output = T>) -> T {
        let lease = self.limits.lease;
        let renewing = async {
            let mut renewal = every((lease / 3).max(Duration::from_millis(1)));
            loop {
                renewal.tick().await;
                // Lost or unreachable: the load goes on for its callers, and the fill will be refused.
                join_all(leases.iter().map(|(key, token)| {
                    let node = self.guard.store.node(key);
                    self.guard.call(node, self.limits.command, self.guard.store.renew(key, *token, lease))
                }))
                .await;
            }
        };
        tokio::select! {
            result = load => result,
            () = renewing => unreachable!("leases are renewed for ever"),
        }
    }

    /// A loaded value as an entry that is fresh from now on.
    fn landed<E: CacheEntity, Er>(&self, result: &LoadResult<E, Er>, stamp: u32) -> Landed<E, Er> {
        match &result.value {
            Ok(value) => Ok((Entry::loaded(value.clone(), result.took, stamp), Source::Loaded)),
            Err(error) => Err(error.clone()),
        }
    }

    /// Stores what was loaded, and makes the local copy.
    pub(super) async fn fill<E: CacheEntity>(
        &self,
        key: &str,
        token: Token,
        ticket: Ticket,
        mut entry: Entry<E>,
        wishes: Wishes,
        meter: &Meter,
    ) -> Filling {
        let Some((bytes, ttl)) = self.prepare(&mut entry, wishes, meter) else {
            self.release(key, token).await;
            return Filling::NotStored;
        };
        let node = self.guard.store.node(key);
        let filled = self.guard.call(node, self.limits.command, self.guard.store.fill(key, token, bytes, ttl)).await;
        self.filled(filled.ok(), key, token, ticket, &entry, meter).await
    }

    /// Acts upon the store's answer to a fill; `None`: there was none.
    pub(super) async fn filled<E: CacheEntity>(
        &self,
        answer: Option<Filled>,
        key: &str,
        token: Token,
        ticket: Ticket,
        entry: &Entry<E>,
        meter: &Meter,
    ) -> Filling {
        match answer {
            Some(Filled::Stored) => {
                self.keep(key, ticket, entry);
                return Filling::Stored;
            }
            Some(Filled::Lost) => meter.refused(),
            Some(Filled::Older) => {
                meter.refused();
                tracing::debug!(entity = meter.entity, "the source is behind what is known to be committed");
                self.release(key, token).await;
            }
            None => return Filling::Unknown,
        }
        Filling::NotStored
    }

    /// The bytes and the hard expiry of an entry that was loaded; `None`: it is not to be stored.
    pub(super) fn prepare<E: CacheEntity>(
        &self,
        entry: &mut Entry<E>,
        wishes: Wishes,
        meter: &Meter,
    ) -> Option<(bytes::Bytes, Duration)> {
        if wishes.not_cacheable {
            return None;
        }
        let stated = if entry.value.is_some() { E::TTL.as_duration() } else { E::NEGATIVE?.as_duration() };
        let fresh = E::JITTER.shorten(wishes.ttl.map_or(stated, |ttl| ttl.min(stated)));
        entry.soft_deadline = self.guard.after(fresh);
        let cost = crate::early::smooth(None, entry.cost, fresh);
        match Entry::encode(entry.value.as_deref(), entry.soft_deadline, cost, entry.written_at) {
            Ok((bytes, _)) => {
                let kept = if entry.value.is_some() { E::STALE.max(E::STALE_IF_ERROR) } else { Duration::ZERO };
                Some((bytes, fresh + kept))
            }
            Err(error) => {
                tracing::error!(entity = meter.entity, %error, "a value cannot be encoded and is not cached");
                None
            }
        }
    }

    /// Makes a local copy, for as long as the entity allows and the entry is fresh. Not of a value that says another id
    /// than it was asked by: what invalidates it would not be heard of.
    pub(super) fn keep<E: CacheEntity>(&self, key: &str, ticket: Ticket, entry: &Entry<E>) {
        if E::LOCAL.is_zero() || !self.local.on() {
            return;
        }
        let Some(row) = entry.value.as_ref().filter(|row| is_at::<E>(row, key)) else { return };
        let now = self.guard.now();
        let fresh = entry.soft_deadline.saturating_sub(now);
        let copy = LocalEntry { entry: entry.clone(), meter: self.meters.of::<E>(), age: entry.age(now) };
        self.local.put::<E, _>(row.id(), ticket, copy, millis(E::LOCAL).min(fresh));
    }

    pub(super) async fn release(&self, key: &str, token: Token) {
        // Where it does not arrive, the lease ends by itself.
        let _ = self.try_release(key, token).await;
    }

    /// Gives a lease back; whether the store has answered.
    pub(super) async fn try_release(&self, key: &str, token: Token) -> bool {
        let node = self.guard.store.node(key);
        self.guard.call(node, self.limits.command, self.guard.store.release(key, token)).await.is_ok()
    }
}
