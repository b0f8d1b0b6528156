//! The tables that come with the tool, each read when it is first asked for.

use std::sync::OnceLock;

use rustc_hash::FxHashSet;

use super::client::{Client, build};
use super::commands::Commands;
use super::error::{RowPath, TableError};
use super::table::DeclaredClient;
use super::{ClientId, CrateSpec};
use crate::facts::Name;

/// A table in the source tree.
#[derive(Debug)]
pub(crate) struct Embedded {
    /// The client's name.
    pub name: &'static str,
    text: &'static str,
    client: OnceLock<Client>,
}

macro_rules! tables {
    ($($name:literal: $file:literal),* $(,)?) => {
        /// All of them; the index is the [`ClientId`].
        pub(crate) static TABLES: [Embedded; [$($name),*].len()] = [$(Embedded {
            name: $name,
            text: include_str!(concat!("../../rules/clients/", $file)),
            client: OnceLock::new(),
        }),*];
    };
}

tables! {
    "redis": "redis.toml",
    "fred": "fred.toml",
    "rustis": "rustis.toml",
    "valkey-glide": "valkey-glide.toml",
    "simple_redis": "simple_redis.toml",
    "redis-async": "redis-async.toml",
    "cached": "cached.toml",
    "rslock": "rslock.toml",
    "redlock": "redlock.toml",
    "redis-macros": "redis-macros.toml",
    "hitbox-redis": "hitbox-redis.toml",
    "cache-patterns": "cache-patterns.toml",
}

impl Embedded {
    /// The keys above the first table: which crates it describes and by which words it is found. Cheap.
    pub(crate) fn header(&self) -> DeclaredClient {
        let end = self.text.find("\n[").unwrap_or(self.text.len());
        toml::from_str(&self.text[..end]).unwrap_or_default()
    }

    /// The whole table, read at the first call.
    pub(crate) fn client(&self, id: ClientId) -> &Client {
        // That the embedded tables have no mistakes is a test's business; a row with one would only be missing here.
        self.client.get_or_init(|| self.read(id).0)
    }

    /// Reads the table and tells its mistakes.
    pub(crate) fn read(&self, id: ClientId) -> (Client, Vec<TableError>) {
        match toml::from_str::<DeclaredClient>(self.text) {
            Ok(mut table) => {
                self.name.clone_into(&mut table.name);
                build(id, false, &table, Commands::embedded())
            }
            Err(error) => (Client::default(), vec![RowPath(vec![self.name.to_owned()]).error(error.to_string())]),
        }
    }

    /// The names of the methods, found by looking at the lines only.
    fn method_names(&self) -> impl Iterator<Item = &'static str> {
        self.text
            .lines()
            .skip_while(|line| *line != "[methods]")
            .skip(1)
            .take_while(|line| !line.starts_with('['))
            .filter_map(|line| line.split_once(" = ").map(|(name, _)| name))
            .filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase()))
    }
}

/// The names of all command methods, without reading the tables.
pub(crate) fn method_names() -> &'static FxHashSet<&'static str> {
    static NAMES: OnceLock<FxHashSet<&'static str>> = OnceLock::new();
    NAMES.get_or_init(|| TABLES.iter().flat_map(Embedded::method_names).collect())
}

/// `acme-cache`, or `valkey-glide as glide`.
pub(crate) fn crate_spec(entry: &str) -> CrateSpec {
    match entry.split_once(" as ") {
        Some((package, lib)) => CrateSpec { package: Name::new(package.trim()), lib: Name::new(lib.trim()) },
        None => CrateSpec { package: Name::new(entry), lib: Name::new(entry.replace('-', "_")) },
    }
}
