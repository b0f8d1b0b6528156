//! Stored structures held against `cache-schema.lock`, for the rule `schema-changed` and the command `schema`.
//!
//! `files` finds the lock files, `slot` says under which name a key stands in one, `compare` what differs.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod compare;
mod files;
mod slot;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use cache_schema::lock::{Entry, Inside};

pub use compare::{PartChange, State, compare};
pub use files::{LockFile, load};
pub use slot::Slot;

use crate::inventory::schema::{Part, Schema};
use crate::inventory::{Inventory, Operation, Purpose};
use crate::policy::Policy;
use crate::source::Workspace;

/// A structure as it is stored under one key, and as the lock file would have it.
#[derive(Debug)]
pub struct Stored<'a> {
    /// The lock file to which it belongs: an index into those of the run.
    pub lock: usize,
    /// Its name there.
    pub slot: Slot,
    /// What the code says.
    pub entry: Entry,
    /// A write of it.
    pub op: &'a Operation,
    /// What is written.
    pub schema: &'a Schema,
}

/// Every structure that is stored under a key of which the version is known. Keys that hold two types are left out:
/// `key-collision` speaks of them. Sorted by lock file and name.
#[must_use]
pub fn stored<'a>(
    inventory: &'a Inventory,
    policy: &Policy,
    workspace: &'a Workspace,
    locks: &[LockFile],
) -> Vec<Stored<'a>> {
    let mut found: BTreeMap<(usize, Slot), Option<Stored<'a>>> = BTreeMap::new();
    for (op, schema) in writes(workspace, inventory) {
        let Some(slot) = op.template().and_then(|key| Slot::of(policy, key, schema.entity)) else { continue };
        let home = workspace.file(schema.root.place.unwrap_or(op.place).file).map(|file| file.package);
        let Some(lock) = home.and_then(|home| locks.iter().position(|lock| lock.packages.contains(&home))) else {
            continue;
        };
        let entry = entry(op, &slot, schema);
        let known = found.entry((lock, slot.clone()));
        known
            .and_modify(|known| {
                let alike = known.as_ref().is_some_and(|known| {
                    known.entry.type_path == entry.type_path
                        && known.entry.version == entry.version
                        && known.entry.fingerprint == entry.fingerprint
                });
                if !alike {
                    *known = None;
                }
            })
            .or_insert_with(|| Some(Stored { lock, slot, entry: entry.clone(), op, schema }));
    }
    found.into_values().flatten().collect()
}

/// Writes of which the structure is known, in the files that were asked for.
fn writes<'a>(workspace: &'a Workspace, inventory: &'a Inventory) -> impl Iterator<Item = (&'a Operation, &'a Schema)> {
    inventory.operations.iter().filter_map(|op| {
        let selected = workspace.file(op.place.file).is_some_and(|file| file.selected);
        let counts = selected && !op.test && op.sent && op.creates() && !op.forwards_key && op.keys.len() == 1;
        // A payload that says which version it is of is read by that.
        let told_otherwise = op.value.versioned || op.purpose == Purpose::Lock;
        let schema = op.value.schema.as_deref().filter(|_| counts && !told_otherwise)?;
        op.template()?.has_literal().then_some((op, schema))
    })
}

fn entry(op: &Operation, slot: &Slot, schema: &Schema) -> Entry {
    let inside = |part: &Part| Inside { fingerprint: part.shape.fingerprint(), fields: part.shape.lines() };
    Entry {
        template: op.template().map(ToString::to_string).unwrap_or_default(),
        type_path: schema.root.path.clone(),
        version: slot.version,
        fingerprint: schema.root.shape.fingerprint(),
        fields: schema.root.shape.lines(),
        inside: schema.inside.iter().map(|(name, part)| (name.clone(), inside(part))).collect(),
    }
}
