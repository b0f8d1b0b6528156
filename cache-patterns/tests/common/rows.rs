//! A table with one row per test, its readers and its writers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cache_patterns::{Cache, Versioned, Written};

use super::source::Down;
use super::{Profile, Stock};

/// A row with a version, as a database has it.
#[derive(Clone, Default)]
pub struct Table {
    pub row: Arc<Mutex<u64>>,
}

impl Table {
    /// A transaction that takes its time before and after the commit becomes visible. The version that it committed.
    pub async fn update(&self) -> u64 {
        pause().await;
        let mut row = self.row.lock().unwrap();
        *row += 1;
        *row
    }

    pub fn version(&self) -> u64 {
        *self.row.lock().unwrap()
    }
}

/// As long as some other task's step, or as a network.
pub async fn pause() {
    match fastrand::usize(0..8) {
        7 => tokio::time::sleep(Duration::from_millis(1)).await,
        steps => {
            for _ in 0..steps {
                tokio::task::yield_now().await;
            }
        }
    }
}

pub trait Row: Versioned<Id = u64> {
    fn row(id: u64, revision: u64) -> Self;
}

impl Row for Profile {
    fn row(id: u64, revision: u64) -> Self {
        Self::new(id, revision)
    }
}

impl Row for Stock {
    fn row(id: u64, revision: u64) -> Self {
        Self { id, units: 1, revision }
    }
}

pub async fn write<E: Row>(cache: &Cache, table: &Table, id: u64) -> Written<E> {
    cache
        .write::<E, Down, _>(&id, async |writer| {
            let version = table.update().await;
            // The commit itself: what comes back late is what makes the caches' order differ from the database's.
            writer
                .commit(E::row(id, version), async {
                    pause().await;
                    Ok(())
                })
                .await
        })
        .await
        .unwrap()
}

pub async fn read<E: Row>(cache: &Cache, table: &Table, id: u64) -> u64 {
    let table = table.clone();
    let load = move || async move {
        pause().await;
        let version = table.version();
        pause().await;
        Ok::<_, Down>(E::row(id, version))
    };
    cache.get_or_load(&id, load).await.unwrap().data_version()
}
