//! What a call means: tables read from `rules/clients/*.toml`. Knows nothing of syntax.
//!
//! Paths are canonical: `redis::aio::ConnectionManager`, however the program reaches it
//! (`deadpool_redis::redis::aio::ConnectionManager`, a renamed crate, a re-export).
//!
//! # Adding a client
//!
//! 1. Write `rules/clients/NAME.toml`. The words are those of [`DeclaredClient`], the same that a rule file may use
//!    under `[client.NAME]`; `rules/clients/redis.toml` explains them at its top, `rules/clients/commands.toml` lists
//!    the server's commands. The keys `crates`, `companions` and `mentions` stand above the first table, because they
//!    are read on every run and the rest only when the client occurs.
//! 2. Name the file in `embedded.rs`.
//! 3. Add its numbers to the test `every_table_has_as_many_rows_as_its_client_has_methods`, and a call or two with
//!    everything unusual about the client (argument order, TTL type, re-exports) to `tests.rs`.
//!
//! The tests then tell of commands that do not exist, positions that lie outside, versions that overlap.
//! A method gets one row per shape: where releases differ, rows carry ranges (`@..0.32`, `@1.0..`).

mod catalogue;
mod client;
mod commands;
mod effect;
mod embedded;
mod error;
mod layers;
mod methods;
mod names;
mod row;
mod spec;
mod table;
#[cfg(test)]
mod tests;
mod version;
mod with_ttl;

pub use catalogue::Catalogue;
pub use effect::{CommandEffect, OnTtl, Unit};
pub use error::{RowPath, TableError};
pub use spec::{
    AttributeSpec, ClientId, ClientSpec, CommandSpec, CrateSpec, EntityRow, EntityWord, KeyPositions, Maker,
    MethodSpec, RawForm, StoreMaker, StoreSpec, TraitSpec, TtlArgument, TypeKind, TypeSpec, Waits,
};
pub use table::{
    AttributeEntry, DeclaredClient, Mode, Rows, StoreEntry, TraitWord, TypeEntry, TypeTable, WaitWord, WaitsTable,
};
pub use with_ttl::{FormWord, Reply, TtlForm};
