//! A source of rows that counts its loads: stands for the database.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::Profile;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the source is down")]
pub struct Down;

/// Rows by id; the value is the revision. Clones are the same source.
#[derive(Clone, Default)]
pub struct Source {
    rows: Arc<Mutex<HashMap<u64, u64>>>,
    loads: Arc<AtomicUsize>,
    running: Arc<AtomicUsize>,
    most_running: Arc<AtomicUsize>,
    pub delay: Duration,
}

impl Source {
    pub fn with_delay(delay: Duration) -> Self {
        Self { delay, ..Self::default() }
    }

    /// Commits a change; its revision.
    pub fn write(&self, id: u64) -> u64 {
        let mut rows = self.rows.lock().unwrap();
        let revision = rows.entry(id).or_insert(0);
        *revision += 1;
        *revision
    }

    pub fn remove(&self, id: u64) {
        self.rows.lock().unwrap().remove(&id);
    }

    pub fn revision(&self, id: u64) -> u64 {
        self.rows.lock().unwrap().get(&id).copied().unwrap_or(0)
    }

    pub fn loads(&self) -> usize {
        self.loads.load(Ordering::SeqCst)
    }

    /// The most loads that ran at once.
    pub fn most_running(&self) -> usize {
        self.most_running.load(Ordering::SeqCst)
    }

    /// Reads a row in the middle of the delay.
    pub async fn load_opt(self, id: u64) -> Result<Option<Profile>, Down> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_running.fetch_max(running, Ordering::SeqCst);
        tokio::time::sleep(self.delay / 2).await;
        let row = self.rows.lock().unwrap().get(&id).copied();
        tokio::time::sleep(self.delay / 2).await;
        self.running.fetch_sub(1, Ordering::SeqCst);
        Ok(row.map(|revision| Profile::new(id, revision)))
    }

    pub async fn load(self, id: u64) -> Result<Profile, Down> {
        self.load_opt(id).await?.ok_or(Down)
    }

    pub async fn load_many(self, ids: Vec<u64>) -> Result<Vec<Profile>, Down> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(self.delay).await;
        let rows = self.rows.lock().unwrap();
        Ok(ids.into_iter().filter_map(|id| rows.get(&id).map(|revision| Profile::new(id, *revision))).collect())
    }
}
