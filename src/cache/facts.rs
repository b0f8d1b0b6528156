//! What files say, by their content.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::Folder;
use crate::facts::lower::{Lowered, Memory};

/// Runs after which what no run has asked for is dropped: long enough for going back and forth between branches.
const PATIENCE: u16 = 30;

type Hash = [u8; 16];

/// The facts of one project's files.
#[derive(Debug)]
pub struct FactsPack {
    folder: Folder,
    name: String,
    known: FxHashMap<Hash, Item>,
    used: Mutex<FxHashMap<Hash, Option<Vec<u8>>>>,
    grown: AtomicBool,
}

/// The encoded facts of a file, and how many runs have not asked for them.
#[derive(Debug, Serialize, Deserialize)]
struct Item {
    age: u16,
    #[serde(with = "serde_bytes")]
    facts: Vec<u8>,
}

impl FactsPack {
    /// Those of the project around `root`.
    #[must_use]
    pub fn open(folder: &Folder, root: &Path) -> Self {
        let project = hash(&[root.as_os_str().as_encoded_bytes(), super::whole::tool().as_bytes()]);
        let name = format!("facts-{}", project.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        let known = folder.read(&name).and_then(|bytes| postcard::from_bytes(&bytes).ok()).unwrap_or_default();
        Self { folder: folder.clone(), name, known, used: Mutex::default(), grown: AtomicBool::new(false) }
    }

    /// Writes what is new, and drops what has not been asked for in a long time.
    pub fn close(mut self) {
        if !self.grown.load(Ordering::Relaxed) {
            return;
        }
        let used = self.used.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.known.retain(|hash, item| {
            item.age = if used.contains_key(hash) { 0 } else { item.age + 1 };
            item.age <= PATIENCE
        });
        for (hash, facts) in used {
            if let Some(facts) = facts {
                self.known.insert(hash, Item { age: 0, facts });
            }
        }
        if let Ok(bytes) = postcard::to_stdvec(&self.known) {
            self.folder.write(&self.name, &bytes);
        }
    }

    fn used(&self) -> std::sync::MutexGuard<'_, FxHashMap<Hash, Option<Vec<u8>>>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory for FactsPack {
    fn recall(&self, text: &str, options: &[u8]) -> Option<Lowered> {
        let hash = hash(&[text.as_bytes(), options]);
        let lowered = postcard::from_bytes(&self.known.get(&hash)?.facts).ok()?;
        self.used().insert(hash, None);
        Some(lowered)
    }

    fn keep(&self, text: &str, options: &[u8], lowered: &Lowered) {
        if let Ok(facts) = postcard::to_stdvec(lowered) {
            self.grown.store(true, Ordering::Relaxed);
            self.used().insert(hash(&[text.as_bytes(), options]), Some(facts));
        }
    }
}

fn hash(parts: &[&[u8]]) -> Hash {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut out = [0; 16];
    out.copy_from_slice(hasher.finalize().as_bytes().get(..16).unwrap_or(&[0; 16]));
    out
}
