//! The flight table and the epochs of cache-patterns, as they stand, under the scheduler of shuttle: a few thousand random
//! interleavings of threads at every lock and every atomic. `cargo test` here takes seconds.
//!
//! The explorer of `../tests/models` visits every order of whole steps; this visits some of the orders within them.
#![allow(dead_code, reason = "parts of the sources that only the crate itself uses")]

#[path = "../../src/epochs.rs"]
pub mod epochs;
#[path = "../../src/flight.rs"]
pub mod flight;
#[path = "../../src/sync.rs"]
mod sync;

#[cfg(test)]
mod schedules;
