//! What the cache does with what a driver hears, and how notices are sent: one decision for all drivers.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::{Bus, BusEvent, Notice};
use crate::clock::{Clock, millis};
use crate::sequence::{Arrival, Sequence};
use crate::store::StoreError;

/// Keys of one message.
const MOST_KEYS: usize = 256;
/// Invalidations that wait to be sent.
const QUEUE: usize = 1024;
/// Events that wait to be applied; a driver that is faster waits.
const EVENTS: usize = 1024;
/// A longer gap is not replayed: every copy is dropped instead.
const MOST_REPLAYED: u64 = 10_000;

/// What a receiver acts upon.
pub(crate) trait Copies: Send + Sync + 'static {
    /// These entries were invalidated elsewhere.
    fn dropped(&self, keys: &[String]);
    /// Any entry may have been.
    fn dropped_all(&self);
    /// Copies may be served for this long; `None`: not until further notice. `u64::MAX`: for ever.
    fn trusted_for(&self, millis: Option<u64>);
    /// Not this cache's own.
    fn is_own(&self, origin: u64) -> bool;
}

/// Receives until the cache is gone.
pub(crate) async fn receive<C: Copies>(bus: Arc<dyn Bus>, copies: Weak<C>, clock: Arc<dyn Clock>) {
    let (sender, mut events) = mpsc::channel(EVENTS);
    let driver = Arc::clone(&bus);
    let listening = tokio::spawn(async move {
        if let Err(error) = driver.listen(sender).await {
            tracing::error!(%error, "the invalidation bus has ended; local copies are bypassed");
        }
    });
    let silence = bus.silence();
    let trust = silence.map_or(u64::MAX, millis);
    let mut sequence = Sequence::new(silence.unwrap_or(Duration::MAX));
    while let Some(event) = events.recv().await {
        let Some(copies) = copies.upgrade() else { break };
        let now = clock.steady_ms().max(1);
        let arrival = match event {
            BusEvent::Connected { counter } => {
                let first = sequence.last().is_none();
                if !sequence.synchronise(counter, now) {
                    if first {
                        // No gap, but reads that began before anything could be heard must not leave copies.
                        copies.dropped_all();
                    } else {
                        drop_all(&*copies);
                    }
                }
                copies.trusted_for(Some(trust));
                metrics::gauge!("cache_bus_trusted").set(1.0);
                continue;
            }
            BusEvent::Lost => {
                sequence.lose();
                copies.trusted_for(None);
                metrics::gauge!("cache_bus_trusted").set(0.0);
                continue;
            }
            BusEvent::Overrun => {
                drop_all(&*copies);
                continue;
            }
            BusEvent::Heartbeat { number } => sequence.arrive(number, true, now),
            BusEvent::Notice { number, notice } => {
                metrics::counter!("cache_bus_messages_total").increment(1);
                let lag = Duration::from_millis(clock.wall_ms().saturating_sub(notice.at_ms));
                metrics::histogram!("cache_bus_lag_seconds").record(lag.as_secs_f64());
                if !copies.is_own(notice.origin) {
                    copies.dropped(&notice.keys);
                    tracing::debug!(keys = notice.keys.len(), number, "invalidation received");
                }
                sequence.arrive(number, false, now)
            }
        };
        match arrival {
            Arrival::Next | Arrival::Old => {}
            Arrival::Restarted => drop_all(&*copies),
            Arrival::Gap { from, missing } => {
                // Until the gap is closed nothing may be served; the replay takes a round trip.
                let notices = if missing <= MOST_REPLAYED {
                    copies.trusted_for(None);
                    bus.replay(from, from + missing - 1).await.unwrap_or_default()
                } else {
                    None
                };
                match notices {
                    Some(notices) => notices.iter().for_each(|notice| copies.dropped(&notice.keys)),
                    None => drop_all(&*copies),
                }
            }
        }
        copies.trusted_for(Some(trust));
    }
    listening.abort();
}

fn drop_all(copies: &impl Copies) {
    metrics::counter!("cache_bus_gap_total").increment(1);
    tracing::warn!("invalidation messages were missed; every local copy is dropped");
    copies.dropped_all();
}

struct Job {
    keys: Vec<String>,
    done: oneshot::Sender<Result<(), StoreError>>,
}

/// Sends notices; those that come while one is under way go together in the next.
pub(crate) struct Publisher {
    jobs: mpsc::Sender<Job>,
}

impl Publisher {
    /// Starts the task that sends.
    pub(crate) fn start(bus: Arc<dyn Bus>, origin: u64, clock: Arc<dyn Clock>, deadline: Duration) -> Self {
        let (jobs, mut waiting) = mpsc::channel::<Job>(QUEUE);
        tokio::spawn(async move {
            // What could not be sent: said again with the next notice, or after a pause.
            let mut owed: Vec<String> = Vec::new();
            loop {
                let job = if owed.is_empty() {
                    waiting.recv().await
                } else {
                    match tokio::time::timeout(Duration::from_millis(100), waiting.recv()).await {
                        Ok(job) => job,
                        Err(_) => Some(Job { keys: Vec::new(), done: oneshot::channel().0 }),
                    }
                };
                let Some(job) = job else { return };
                let mut batch = vec![job];
                while batch.iter().map(|job| job.keys.len()).sum::<usize>() < MOST_KEYS
                    && let Ok(job) = waiting.try_recv()
                {
                    batch.push(job);
                }
                let mut keys = std::mem::take(&mut owed);
                keys.extend(batch.iter().flat_map(|job| job.keys.iter().cloned()));
                let notice = Notice { origin, at_ms: clock.wall_ms(), keys };
                let sent = tokio::time::timeout(deadline, bus.publish(notice.clone())).await;
                let answer = match sent {
                    Ok(Ok(_)) => Ok(()),
                    Ok(Err(error)) => Err(error),
                    Err(_) => Err(StoreError::TimedOut(deadline)),
                };
                if answer.is_err() {
                    owed = notice.keys;
                    owed.sort_unstable();
                    owed.dedup();
                }
                for job in batch {
                    // A caller that left needs no answer.
                    let _ = job.done.send(answer.clone());
                }
            }
        });
        Self { jobs }
    }

    /// Sends the keys, with others if others wait. On an error they are said again until they get through.
    pub(crate) async fn publish(&self, keys: Vec<String>) -> Result<(), StoreError> {
        let (done, answer) = oneshot::channel();
        let gone = || StoreError::Unreachable("the cache was shut down".to_owned());
        self.jobs.send(Job { keys, done }).await.map_err(|_| gone())?;
        answer.await.unwrap_or_else(|_| Err(gone()))
    }
}
