//! Copies in this process: decoded values that are served while nothing invalidated their stripe.

use std::any::{Any, TypeId};
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::Equivalent;
use quick_cache::sync::Cache as Container;
use xxhash_rust::xxh3::xxh3_64;

use crate::clock::Clock;
use crate::entity::CacheEntity;
use crate::epochs::{Epochs, Stamp};

/// Which value of which entity. Not the key's text: a hit would spend as long on writing it as on all the rest.
struct Which {
    entity: TypeId,
    id: Box<dyn AnyId>,
}

/// The same for a search, with the caller's id.
struct Wanted<'a, E: CacheEntity>(&'a E::Id);

/// An id of whatever type.
trait AnyId: Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn same(&self, other: &dyn AnyId) -> bool;
    fn feed(&self, state: &mut dyn Hasher);
}

impl<T: Eq + Hash + Send + Sync + 'static> AnyId for T {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn same(&self, other: &dyn AnyId) -> bool {
        other.as_any().downcast_ref() == Some(self)
    }

    fn feed(&self, mut state: &mut dyn Hasher) {
        self.hash(&mut state);
    }
}

impl Hash for Which {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.entity.hash(state);
        self.id.feed(state);
    }
}

impl PartialEq for Which {
    fn eq(&self, other: &Self) -> bool {
        self.entity == other.entity && self.id.same(&*other.id)
    }
}

impl Eq for Which {}

impl<E: CacheEntity> Hash for Wanted<'_, E> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        TypeId::of::<E>().hash(state);
        self.0.hash(state);
    }
}

impl<E: CacheEntity> Equivalent<Which> for Wanted<'_, E> {
    fn equivalent(&self, which: &Which) -> bool {
        which.entity == TypeId::of::<E>() && which.id.as_any().downcast_ref() == Some(self.0)
    }
}

/// A copy. Of whatever type in the container.
struct Copy<T> {
    value: T,
    ticket: Ticket,
    /// Milliseconds of the steady clock.
    made: u64,
    /// The same.
    until: u64,
}

/// The copies of one cache.
pub(crate) struct Local {
    copies: Option<Container<Which, Arc<dyn Any + Send + Sync>>>,
    epochs: Epochs,
    clock: Arc<dyn Clock>,
    /// Until then nothing can have been missed; milliseconds of the steady clock.
    trusted_until: AtomicU64,
}

/// Taken before the store is read; what is read after may be kept under it.
#[derive(Clone, Copy)]
pub(crate) struct Ticket {
    hash: u64,
    stamp: Stamp,
}

impl Local {
    /// Room for `entries` copies; 0: none are kept. Without a bus they are always trusted.
    pub(crate) fn new(entries: usize, clock: Arc<dyn Clock>, trusted: bool) -> Self {
        Self {
            copies: (entries > 0).then(|| Container::new(entries)),
            epochs: Epochs::new(),
            clock,
            trusted_until: AtomicU64::new(if trusted { u64::MAX } else { 0 }),
        }
    }

    pub(crate) fn on(&self) -> bool {
        self.copies.is_some()
    }

    /// What `serve` makes of the copy of the value with this id, and of how many milliseconds ago it was made.
    pub(crate) fn get<E: CacheEntity, T: Send + Sync + 'static, R>(
        &self,
        id: &E::Id,
        serve: impl FnOnce(&T, u64) -> Option<R>,
    ) -> Option<R> {
        let copies = self.copies.as_ref()?;
        let now = self.clock.steady_ms();
        if now >= self.trusted_until.load(Ordering::Acquire) {
            return None;
        }
        let copy = copies.get(&Wanted::<E>(id))?;
        let copy: &Copy<T> = copy.downcast_ref()?;
        let good = now < copy.until && self.epochs.holds(copy.ticket.hash, copy.ticket.stamp);
        if good { serve(&copy.value, now.saturating_sub(copy.made)) } else { None }
    }

    pub(crate) fn ticket(&self, key: &str) -> Ticket {
        if !self.on() {
            // Nothing will be kept under it.
            return Ticket { hash: 0, stamp: self.epochs.stamp(0) };
        }
        let hash = xxh3_64(key.as_bytes());
        Ticket { hash, stamp: self.epochs.stamp(hash) }
    }

    /// Keeps `value` for `millis` as the copy of the value with this id, unless something was invalidated since the
    /// ticket was taken.
    pub(crate) fn put<E: CacheEntity, T: Send + Sync + 'static>(
        &self,
        id: E::Id,
        ticket: Ticket,
        value: T,
        millis: u64,
    ) {
        let Some(copies) = &self.copies else { return };
        if millis > 0 && self.epochs.holds(ticket.hash, ticket.stamp) {
            let made = self.clock.steady_ms();
            let copy = Copy { value, ticket, made, until: made.saturating_add(millis) };
            copies.insert(Which { entity: TypeId::of::<E>(), id: Box::new(id) }, Arc::new(copy));
        }
    }

    /// The entry was invalidated. To be called after the store was changed. Its copy is served no more; the next one
    /// takes its place.
    pub(crate) fn drop_copy(&self, key: &str) {
        self.epochs.bump(xxh3_64(key.as_bytes()));
    }

    /// Anything may have been invalidated.
    pub(crate) fn drop_all(&self) {
        self.epochs.bump_all();
    }

    /// The bus was heard: copies are good until `millis` from now. `None`: not at all, until it is heard again.
    pub(crate) fn trust(&self, millis: Option<u64>) {
        let until = millis.map_or(0, |millis| self.clock.steady_ms().saturating_add(millis));
        self.trusted_until.store(until, Ordering::Release);
    }

    pub(crate) fn trusted(&self) -> bool {
        self.clock.steady_ms() < self.trusted_until.load(Ordering::Acquire)
    }
}
