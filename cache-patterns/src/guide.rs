//! The patterns and their limits, a page each.

#[doc = include_str!("../docs/guarantees.md")]
pub mod guarantees {}

#[doc = include_str!("../docs/cache_aside.md")]
pub mod cache_aside {}

#[doc = include_str!("../docs/write_through.md")]
pub mod write_through {}

#[doc = include_str!("../docs/invalidation.md")]
pub mod invalidation {}

#[doc = include_str!("../docs/failure.md")]
pub mod failure {}

/// # Metrics and traces
///
#[doc = include_str!("../docs/metrics.md")]
pub mod metrics {}
