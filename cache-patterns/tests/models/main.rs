//! Every interleaving of the protocols, over the very functions that the stores run.
//!
//! Each protocol is searched exhaustively within its bounds: so many readers, writers, evictions, expiries and deaths.
//! Beside it stand the variants that are known to be wrong: the explorer has to find each of them stale.
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod bus;
mod explorer;
mod fenced;
mod flight;
mod floor;
mod lease;
mod light;
mod world;
