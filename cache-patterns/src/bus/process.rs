//! A bus between caches of one process: for tests, and for several caches over one store.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{broadcast, mpsc};

use super::{Bus, BusEvent, Notice};
use crate::store::StoreFuture;
use crate::sync::{Mutex, lock};

/// Messages that a slow receiver may be behind.
const BACKLOG: usize = 4096;

/// A bus inside the process. Clones are the same bus.
#[derive(Clone)]
pub struct ProcessBus {
    sender: broadcast::Sender<(u64, Notice)>,
    /// Numbers are given out and sent under one lock, so that they arrive in order.
    counter: Arc<Mutex<()>>,
    last: Arc<AtomicU64>,
}

impl ProcessBus {
    /// A bus without members.
    #[must_use]
    pub fn new() -> Self {
        let (sender, _) = broadcast::channel(BACKLOG);
        Self { sender, counter: Arc::new(Mutex::new(())), last: Arc::new(AtomicU64::new(0)) }
    }
}

impl Default for ProcessBus {
    fn default() -> Self {
        Self::new()
    }
}

impl Bus for ProcessBus {
    fn publish(&self, notice: Notice) -> StoreFuture<'_, u64> {
        let _order = lock(&self.counter);
        let number = self.last.fetch_add(1, Ordering::SeqCst) + 1;
        // Nobody listening is no error.
        let _ = self.sender.send((number, notice));
        Box::pin(std::future::ready(Ok(number)))
    }

    fn listen(&self, events: mpsc::Sender<BusEvent>) -> StoreFuture<'_, ()> {
        let mut messages = self.sender.subscribe();
        let counter = self.last.load(Ordering::SeqCst);
        Box::pin(async move {
            let mut event = BusEvent::Connected { counter };
            loop {
                if events.send(event).await.is_err() {
                    return Ok(());
                }
                event = match messages.recv().await {
                    Ok((number, notice)) => BusEvent::Notice { number, notice },
                    Err(broadcast::error::RecvError::Lagged(_)) => BusEvent::Overrun,
                    Err(broadcast::error::RecvError::Closed) => return Ok(()),
                };
            }
        })
    }

    fn silence(&self) -> Option<Duration> {
        None
    }
}
