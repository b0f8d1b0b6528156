//! Every Redis operation of the workspace, and the order of events inside each function.
//!
//! [`operation`] is the contract that rules and reports read. The other files make it out of what `link` found.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod build;
mod collection;
pub mod event;
mod events;
pub mod inputs;
mod interpret;
pub mod operation;
pub mod origin;
mod outside;
mod owners;
mod purpose;
pub mod schema;
mod script;
mod separate;
mod ttl;
mod undetermined;
mod value;
mod wrapper;

pub use collection::takes_many;
pub use event::{
    ConnectEvent, ConnectKind, DatabaseAction, DatabaseEvent, Endless, Event, ExitKind, FunctionEvents, GuardKind,
    LoadKind, LocalAction, LocalEvent, MessageStep, RunsOn, SignalKind,
};
pub use operation::{
    BatchUse, CollectionUse, Condition, Effect, Encoding, KeyUse, OpId, Operation, Purpose, Ttl, TtlKind, TtlUnit,
    ValueUse, Via, WrapperUse,
};

pub use undetermined::{Fact, Undetermined};

use std::collections::BTreeSet;

use crate::finding::{FileId, Place};

/// All that was found, the input of every rule.
#[derive(Debug, Default)]
pub struct Inventory {
    /// Sorted by path, then place; `operations[id]` is the operation with that id.
    pub operations: Vec<Operation>,
    /// Functions with at least one operation, or one statement that writes a database, in them or in their callees.
    pub functions: Vec<FunctionEvents>,
    /// Every connection that is opened, by place.
    pub connections: Vec<Opened>,
    /// What the calls of functions that look at a miss were given.
    pub inputs: inputs::Inputs,
    /// Which data is cached under which key.
    pub origins: origin::Origins,
    /// What could not be resolved, and why.
    pub undetermined: Vec<Undetermined>,
    /// Names of the types of the code, and of their fields.
    pub types: BTreeSet<String>,
    /// See `types`.
    pub fields: BTreeSet<String>,
    /// Entries of `[values]` of the rule file that name something of the code, by place.
    pub declared: Vec<Place>,
    /// Entries of `[values]` that the code contradicts, with what it says.
    pub contradicted: Vec<(Place, String)>,
}

/// A connection that is opened, wherever that is.
#[derive(Debug, Clone)]
pub struct Opened {
    /// What is opened, and how long it waits.
    pub event: std::sync::Arc<ConnectEvent>,
    /// `crate::module::Type::function`; empty at module level.
    pub function: String,
    /// It stands in test code.
    pub test: bool,
}

impl Inventory {
    /// The operation with this id.
    #[must_use]
    pub fn operation(&self, id: OpId) -> &Operation {
        &self.operations[id.0 as usize]
    }

    /// Operations of a file, in order.
    pub fn in_file(&self, file: FileId) -> impl Iterator<Item = &Operation> {
        self.operations.iter().filter(move |op| op.place.file == file)
    }

    /// Operations on keys of this shape (see [`crate::template::Template::shape`]), in order.
    pub fn with_shape<'a>(&'a self, shape: &'a str) -> impl Iterator<Item = &'a Operation> {
        self.operations.iter().filter(move |op| op.templates().any(|key| key.shape() == shape))
    }
}

/// Turns what `link` found into operations and events.
#[must_use]
pub fn build(program: &crate::link::Program<'_>) -> Inventory {
    build::build(program)
}
