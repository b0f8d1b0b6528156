//! What can go wrong, by the call it goes wrong in.

use std::sync::Arc;
use std::time::Duration;

pub use crate::store::StoreError;

/// Why a value could not be had. Trouble with the store is not among the reasons: then the source is asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError<E> {
    /// The loader's own error, shared by all callers that waited for it.
    #[error("{0}")]
    Failed(Arc<E>),
    /// The loader did not end within the hard deadline.
    #[error("the load did not end within {0:?}")]
    TimedOut(Duration),
    /// The loader panicked.
    #[error("the load panicked")]
    Panicked,
    /// Too many loads are under way; the source is protected.
    #[error("too many loads are under way")]
    Overloaded,
    /// The runtime is shutting down, or the last caller left and the policy is to cancel then.
    #[error("the load was cancelled")]
    Cancelled,
    /// The source answered with a version below the one that the caller has seen.
    #[error("the source answered with version {found}, older than {wanted}")]
    TooOld {
        /// The least version asked for.
        wanted: u64,
        /// The version that came.
        found: u64,
    },
}

impl<E> Clone for LoadError<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Failed(error) => Self::Failed(Arc::clone(error)),
            Self::TimedOut(after) => Self::TimedOut(*after),
            Self::Panicked => Self::Panicked,
            Self::Overloaded => Self::Overloaded,
            Self::Cancelled => Self::Cancelled,
            Self::TooOld { wanted, found } => Self::TooOld { wanted: *wanted, found: *found },
        }
    }
}

/// A setting that cannot work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A setting is out of its range.
    #[error("`{setting}` {problem}")]
    Setting {
        /// The builder's method or the field of its argument.
        setting: &'static str,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}
