//! The embedded tables hold together; calls mean what the clients' sources say; mistakes are told well.

mod calls;
mod declared;
mod paths;
mod tables;

use super::*;

/// The id of an embedded client.
fn id(name: &str) -> ClientId {
    Catalogue::embedded().client_named(name).expect("an embedded client")
}

/// The shape of a method that has to be there.
fn method(client: &str, version: Option<[u32; 3]>, name: &str, args: usize) -> &'static MethodSpec {
    Catalogue::embedded().method(id(client), version, name, args).unwrap_or_else(|| panic!("{client} {name}/{args}"))
}
