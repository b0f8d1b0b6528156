//! The store behind deadlines, a breaker for each node, the set of invalidations that it owes and the watermark below
//! which its answers are not trusted.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures_util::future::join_all;

use crate::breaker::{Breaker, BreakerPolicy, BreakerState, Permit};
use crate::clock::{Clock, millis};
use crate::dirty::DirtySet;
use crate::slot::Invalidation;
use crate::store::{Store, StoreError, StoreFuture};
use crate::sync::{Mutex, lock};

/// How many owed invalidations are replayed at once.
const REPLAY: usize = 256;

pub(crate) struct Guard {
    pub(crate) store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    policy: BreakerPolicy,
    nodes: RwLock<Vec<Arc<Node>>>,
    first: Node,
    dirty: Mutex<DirtySet>,
    /// Whether anything is owed, so that a read need not lock the set to see that nothing is.
    owes: AtomicBool,
    identities: Mutex<Vec<Option<String>>>,
    /// For all nodes.
    watermark: AtomicU32,
    /// Of the loudest overflow: raised in the store at recovery.
    owed_watermark: AtomicU32,
}

/// One node's breaker. While it is closed, calls that go well touch only the counter.
struct Node {
    closed: AtomicBool,
    good: AtomicU32,
    /// Second of the steady clock that the counter is about.
    second: AtomicU64,
    breaker: Mutex<Breaker>,
    /// What was written up to this server second is not trusted.
    watermark: AtomicU32,
}

/// How many keys are invalidated at once: enough that a connection is never idle, few enough that of a store that has
/// stopped answering not all of them have to time out.
pub(crate) const AT_ONCE: usize = 64;

/// `items` in parts of 1, 2, 4 … and at most `most`: a node on probation, whose breaker lets one call through and then
/// some, is asked no more at once than that.
pub(crate) fn growing<T>(mut items: &[T], most: usize) -> impl Iterator<Item = &[T]> {
    let mut size = 1;
    std::iter::from_fn(move || {
        let (part, rest) = items.split_at_checked(size).unwrap_or((items, &[]));
        (items, size) = (rest, (size * 2).min(most));
        (!part.is_empty()).then_some(part)
    })
}

impl Node {
    fn new(policy: BreakerPolicy) -> Self {
        Self {
            closed: AtomicBool::new(true),
            good: AtomicU32::new(0),
            second: AtomicU64::new(0),
            breaker: Mutex::new(Breaker::new(policy)),
            watermark: AtomicU32::new(0),
        }
    }

    fn ask(&self, now: u64) -> Permit {
        if self.closed.load(Ordering::Acquire) { Permit::Call } else { self.locked(now, |breaker| breaker.ask(now)) }
    }

    fn answered(&self, now: u64) {
        if !self.closed.load(Ordering::Acquire) {
            self.locked(now, Breaker::answered);
        }
    }

    fn report(&self, permit: Permit, took: Duration, failed: bool, slow: Duration, now: u64) {
        let fine = permit == Permit::Call && !failed && took <= slow && self.closed.load(Ordering::Acquire);
        if fine && self.second.load(Ordering::Relaxed) == now / 1000 {
            self.good.fetch_add(1, Ordering::Relaxed);
        } else {
            self.locked(now, |breaker| breaker.report(permit, took, failed, now));
        }
    }

    /// Asks the breaker, after what went well before was told to it.
    fn locked<T>(&self, now: u64, ask: impl FnOnce(&mut Breaker) -> T) -> T {
        let mut breaker = lock(&self.breaker);
        let second = self.second.swap(now / 1000, Ordering::Relaxed);
        breaker.went_well(self.good.swap(0, Ordering::Relaxed), second * 1000);
        let answer = ask(&mut breaker);
        self.closed.store(breaker.state(now) == BreakerState::Closed, Ordering::Release);
        answer
    }
}

/// The first node, which is the only one most of the time, is borrowed: counting references to it would cost every hit.
enum NodeRef<'a> {
    First(&'a Node),
    Other(Arc<Node>),
}

impl std::ops::Deref for NodeRef<'_> {
    type Target = Node;

    fn deref(&self) -> &Node {
        match self {
            Self::First(node) => node,
            Self::Other(node) => node,
        }
    }
}

/// Frees the permit of a call whose future was dropped.
struct Outstanding<'a> {
    node: &'a Node,
    clock: &'a dyn Clock,
    permit: Permit,
    reported: bool,
}

impl Drop for Outstanding<'_> {
    fn drop(&mut self) {
        if !self.reported {
            self.node.locked(self.clock.steady_ms(), |breaker| breaker.forget(self.permit));
        }
    }
}

impl Guard {
    pub(crate) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, policy: BreakerPolicy, most_dirty: usize) -> Self {
        Self {
            store,
            clock,
            policy,
            nodes: RwLock::new(Vec::new()),
            first: Node::new(policy),
            dirty: Mutex::new(DirtySet::new(most_dirty)),
            owes: AtomicBool::new(false),
            identities: Mutex::new(Vec::new()),
            watermark: AtomicU32::new(0),
            owed_watermark: AtomicU32::new(0),
        }
    }

    fn node(&self, node: usize) -> NodeRef<'_> {
        if node == 0 {
            return NodeRef::First(&self.first);
        }
        if let Some(known) = self.nodes.read().unwrap_or_else(PoisonError::into_inner).get(node - 1) {
            return NodeRef::Other(Arc::clone(known));
        }
        let mut nodes = self.nodes.write().unwrap_or_else(PoisonError::into_inner);
        while nodes.len() < node {
            nodes.push(Arc::new(Node::new(self.policy)));
        }
        NodeRef::Other(Arc::clone(&nodes[node - 1]))
    }

    /// Sends one call, if the breaker lets it, and waits for it no longer than `deadline`.
    pub(crate) async fn call<T>(
        &self,
        node: usize,
        deadline: Duration,
        call: StoreFuture<'_, T>,
    ) -> Result<T, StoreError> {
        let node = self.node(node);
        let began = self.clock.steady_ms();
        let permit = node.ask(began);
        if permit == Permit::Refused {
            return Err(StoreError::HeldBack);
        }
        let mut outstanding = Outstanding { node: &node, clock: &*self.clock, permit, reported: false };
        let answer = tokio::time::timeout(deadline, call).await.unwrap_or(Err(StoreError::TimedOut(deadline)));
        outstanding.reported = true;
        // A refused command is an answer: the node is well.
        let failed = matches!(answer, Err(StoreError::TimedOut(_) | StoreError::Unreachable(_) | StoreError::HeldBack));
        let now = self.clock.steady_ms();
        let took = match &answer {
            // Nobody knows how long it would have taken.
            Err(StoreError::TimedOut(_)) => Duration::MAX,
            _ => Duration::from_millis(now.saturating_sub(began)),
        };
        node.report(permit, took, failed, self.policy.slow, now);
        answer
    }

    /// Whether the store's answer for `key` may be older than an invalidation that it has not received.
    pub(crate) fn distrusts(&self, key: &str) -> bool {
        self.owes.load(Ordering::Acquire) && lock(&self.dirty).distrusts(key)
    }

    /// What was written at or before this server second is not served as fresh.
    pub(crate) fn watermark(&self, node: usize) -> u32 {
        self.node(node).watermark.load(Ordering::Relaxed).max(self.watermark.load(Ordering::Relaxed))
    }

    /// What is loaded from now on was written at this server second. To be taken before the store is asked for the lease:
    /// an invalidation that a failover loses while the load runs may have meant that load as well. Above the watermark,
    /// or what is loaded in the rest of its second would be loaded again and again.
    pub(crate) fn stamp(&self, node: usize) -> u32 {
        match self.watermark(node) {
            0 => self.server_seconds(),
            watermark => self.server_seconds().max(watermark.saturating_add(1)),
        }
    }

    /// Remembers an invalidation that did not reach the store.
    pub(crate) fn owe(&self, key: &str, how: Invalidation) {
        let mut dirty = lock(&self.dirty);
        dirty.add(key, how);
        self.owes.store(true, Ordering::Release);
        if dirty.overflowed() {
            // As a load of this moment would be stamped, so that it is distrusted as well.
            self.owed_watermark.fetch_max(self.stamp(self.store.node(key)), Ordering::Relaxed);
        }
        metrics::gauge!("cache_dirty_keys").set(small(dirty.len()));
    }

    pub(crate) fn owed(&self) -> usize {
        let dirty = lock(&self.dirty);
        dirty.len() + usize::from(dirty.overflowed())
    }

    /// Whether more is owed than could be remembered by key.
    pub(crate) fn overflowed(&self) -> bool {
        lock(&self.dirty).overflowed()
    }

    fn server_seconds(&self) -> u32 {
        u32::try_from(self.store.now() / 1000).unwrap_or(u32::MAX)
    }

    /// Sends what is owed. To be called often; returns the keys that are clean now. A node that does not answer holds up
    /// what is owed to it, and nothing else.
    pub(crate) async fn replay(&self, deadline: Duration) -> Vec<String> {
        let mut done = Vec::new();
        let mut silent: Vec<usize> = Vec::new();
        loop {
            let batch = lock(&self.dirty).batch(REPLAY, |key| !silent.contains(&self.store.node(key)));
            if batch.is_empty() {
                break;
            }
            for part in growing(&batch, AT_ONCE) {
                let part = part.iter().filter(|(key, _)| !silent.contains(&self.store.node(key)));
                let answers = join_all(part.map(async |(key, owed)| {
                    let node = self.store.node(key);
                    let answer = self.call(node, deadline, self.store.invalidate(key, owed.how, None)).await;
                    (key, owed, answer.map_err(|_| node))
                }));
                for (key, owed, answer) in answers.await {
                    if let Err(node) = answer {
                        silent.push(node);
                        continue;
                    }
                    let mut dirty = lock(&self.dirty);
                    dirty.done(key, owed.ticket);
                    self.owes.store(!dirty.is_empty(), Ordering::Release);
                    metrics::gauge!("cache_dirty_keys").set(small(dirty.len()));
                    drop(dirty);
                    done.push(key.clone());
                }
            }
        }
        let overflowed = lock(&self.dirty).overflowed();
        if overflowed {
            let seconds = self.owed_watermark.load(Ordering::Relaxed);
            // Before it is sent: what overflows from here on has a higher mark.
            self.watermark.fetch_max(seconds, Ordering::Relaxed);
            if self.call(0, deadline, self.store.raise_watermark(seconds)).await.is_ok() {
                let mut dirty = lock(&self.dirty);
                // One that came meanwhile is not covered by this mark.
                if self.owed_watermark.load(Ordering::Relaxed) == seconds {
                    dirty.forgive_overflow();
                }
                self.owes.store(!dirty.is_empty(), Ordering::Release);
            }
        }
        done
    }

    /// Asks the nodes who they are, and distrusts what was written before a node changed; whether there is something new
    /// to distrust.
    pub(crate) async fn inspect(&self, deadline: Duration) -> bool {
        // First: a store that does not answer is when the breakers matter.
        self.show_breakers();
        let Ok(Ok(info)) = tokio::time::timeout(deadline, self.store.info()).await else { return false };
        let mut risen = self.watermark.fetch_max(info.watermark, Ordering::Relaxed) < info.watermark;
        let steady = self.clock.steady_ms();
        let mut known = lock(&self.identities);
        let nodes = info.identities.len().max(known.len());
        known.resize(nodes, None);
        for (node, identity) in info.identities.into_iter().enumerate() {
            let Some(identity) = identity else { continue };
            if known[node].as_ref().is_some_and(|before| *before != identity) {
                tracing::warn!(node, "a cache node was restarted or replaced: what was written before is refreshed");
                // As a load of this moment would be stamped: it may be as old as what was lost.
                self.node(node).watermark.fetch_max(self.stamp(node), Ordering::Relaxed);
                risen = true;
            }
            known[node] = Some(identity);
            self.node(node).answered(steady);
        }
        risen
    }

    fn show_breakers(&self) {
        for node in 0..self.store.nodes() {
            let state = self.breaker(node);
            let number = match state {
                BreakerState::Closed => 0.0,
                BreakerState::HalfOpen => 1.0,
                BreakerState::Open => 2.0,
            };
            metrics::gauge!("cache_breaker_state", "node" => node.to_string()).set(number);
        }
    }

    pub(crate) fn breaker(&self, node: usize) -> BreakerState {
        let now = self.clock.steady_ms();
        lock(&self.node(node).breaker).state(now)
    }

    /// Milliseconds of the server's clock.
    pub(crate) fn now(&self) -> u64 {
        self.store.now()
    }

    /// This much later by the server's clock.
    pub(crate) fn after(&self, duration: Duration) -> u64 {
        self.now().saturating_add(millis(duration))
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge")]
fn small(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::clock::SystemClock;
    use crate::slot::{Acquired, Filled, Settled, Settlement, Want};
    use crate::store::{Confirm, Info, Token};

    const SOON: Duration = Duration::from_millis(50);

    /// Keys that begin with `b` are on another node, which does not answer.
    struct HalfDead;

    fn no_answer<'a, T: Send + 'a>() -> StoreFuture<'a, T> {
        Box::pin(std::future::ready(Err(StoreError::Unreachable("half of it is dead".to_owned()))))
    }

    impl Store for HalfDead {
        fn get<'a>(&'a self, _: &'a str) -> StoreFuture<'a, Option<Bytes>> {
            no_answer()
        }
        fn get_many<'a>(&'a self, _: &'a [String]) -> StoreFuture<'a, Vec<Option<Bytes>>> {
            no_answer()
        }
        fn acquire<'a>(&'a self, _: &'a str, _: Token, _: Duration, _: Want) -> StoreFuture<'a, Acquired> {
            no_answer()
        }
        fn acquire_many<'a>(
            &'a self,
            _: &'a [(String, Token)],
            _: Duration,
            _: Want,
        ) -> StoreFuture<'a, Vec<Acquired>> {
            no_answer()
        }
        fn fill<'a>(&'a self, _: &'a str, _: Token, _: Bytes, _: Duration) -> StoreFuture<'a, Filled> {
            no_answer()
        }
        fn fill_many<'a>(&'a self, _: Vec<(String, Token, Bytes, Duration)>) -> StoreFuture<'a, Vec<Filled>> {
            no_answer()
        }
        fn renew<'a>(&'a self, _: &'a str, _: Token, _: Duration) -> StoreFuture<'a, bool> {
            no_answer()
        }
        fn release<'a>(&'a self, _: &'a str, _: Token) -> StoreFuture<'a, ()> {
            no_answer()
        }
        fn invalidate<'a>(&'a self, key: &'a str, _: Invalidation, _: Option<Confirm>) -> StoreFuture<'a, u32> {
            if self.node(key) == 0 { Box::pin(std::future::ready(Ok(0))) } else { no_answer() }
        }
        fn fence<'a>(&'a self, _: &'a str, _: Token, _: Duration) -> StoreFuture<'a, ()> {
            no_answer()
        }
        fn settle<'a>(&'a self, _: &'a str, _: Option<Token>, _: Settlement) -> StoreFuture<'a, Settled> {
            no_answer()
        }
        fn info(&self) -> StoreFuture<'_, Info> {
            no_answer()
        }
        fn raise_watermark(&self, _: u32) -> StoreFuture<'_, ()> {
            Box::pin(async {
                tokio::time::sleep(SOON).await;
                Ok(())
            })
        }
        fn now(&self) -> u64 {
            1_000_000
        }
        fn node(&self, key: &str) -> usize {
            usize::from(key.starts_with('b'))
        }
        fn nodes(&self) -> usize {
            2
        }
        fn shared(&self) -> bool {
            true
        }
    }

    fn guard(most_dirty: usize) -> Guard {
        Guard::new(Arc::new(HalfDead), Arc::new(SystemClock::new()), BreakerPolicy::default(), most_dirty)
    }

    #[tokio::test]
    async fn a_dead_node_does_not_hold_up_what_is_owed_to_another() {
        let guard = guard(1000);
        for number in 0..400 {
            guard.owe(&format!("a{number}"), Invalidation::Hard);
            guard.owe(&format!("b{number}"), Invalidation::Hard);
        }
        assert_eq!(guard.replay(SOON * 20).await.len(), 400);
        assert!(guard.distrusts("b7") && !guard.distrusts("a7"));
    }

    #[tokio::test]
    async fn an_overflow_during_the_recovery_from_one_is_not_forgiven_with_it() {
        let guard = guard(0);
        guard.owe("a", Invalidation::Hard);
        tokio::join!(guard.replay(SOON * 20), async {
            tokio::time::sleep(SOON / 2).await;
            guard.owe("another", Invalidation::Hard);
        });
        assert!(guard.distrusts("another"), "nobody was told of it");
        let (before, _) = (guard.stamp(0), guard.replay(SOON * 20).await);
        assert!(!guard.distrusts("another") && guard.watermark(0) >= before, "what was loaded before it is distrusted");
    }
}
