//! Epochs of local copies: a copy is served only while the epoch of its stripe is the one that was read *before* the
//! store was read. Pure; runs unchanged under the model checkers.

use crate::sync::{AtomicU64, Ordering};

/// Stripes: one invalidation costs this share of the local copies.
pub const STRIPES: usize = 4096;

/// What the epochs were when a read began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Stamp {
    stripe: u64,
    all: u64,
}

/// Counters that only grow.
#[derive(Debug)]
pub struct Epochs {
    stripes: Vec<AtomicU64>,
    all: AtomicU64,
}

impl Epochs {
    /// All at zero.
    #[must_use]
    pub fn new() -> Self {
        Self::with_stripes(STRIPES)
    }

    /// With this many stripes, at least one; for models, which want few.
    #[must_use]
    pub fn with_stripes(stripes: usize) -> Self {
        Self { stripes: (0..stripes.max(1)).map(|_| AtomicU64::new(0)).collect(), all: AtomicU64::new(0) }
    }

    /// The epochs of a key with this hash. To be read before the store is.
    #[must_use]
    pub fn stamp(&self, hash: u64) -> Stamp {
        Stamp { stripe: self.stripe(hash).load(Ordering::Acquire), all: self.all.load(Ordering::Acquire) }
    }

    /// Whether nothing was invalidated in the stripe since `stamp`.
    #[must_use]
    pub fn holds(&self, hash: u64, stamp: Stamp) -> bool {
        self.stamp(hash) == stamp
    }

    /// Ends every copy in the stripe of this hash. To be called after the store was changed.
    pub fn bump(&self, hash: u64) {
        self.stripe(hash).fetch_add(1, Ordering::AcqRel);
    }

    /// Ends every copy.
    pub fn bump_all(&self) {
        self.all.fetch_add(1, Ordering::AcqRel);
    }

    fn stripe(&self, hash: u64) -> &AtomicU64 {
        // The remainder is below the length, which is a usize.
        let at = usize::try_from(hash % self.stripes.len() as u64).unwrap_or(0);
        &self.stripes[at]
    }
}

impl Default for Epochs {
    fn default() -> Self {
        Self::new()
    }
}
