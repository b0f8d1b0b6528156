//! Caches that sit above a client: attribute macros and stores.

use super::error::{RowPath, TableError};
use super::table::{AttributeEntry, DeclaredClient, StoreEntry};
use super::version::{Range, parse_range};
use super::{AttributeSpec, ClientId, StoreSpec, Unit, methods};
use crate::facts::Name;

/// Reads the attributes of a table.
pub(crate) fn attributes(
    client: ClientId,
    table: &DeclaredClient,
    root: &RowPath,
    found: &mut Vec<AttributeSpec>,
    errors: &mut Vec<TableError>,
) {
    for (index, entry) in table.attributes.iter().enumerate() {
        let row = root.join("attributes").join(entry.paths.first().map_or(&index.to_string(), |path| path));
        match attribute(client, entry, &row) {
            Ok(spec) => found.push(spec),
            Err(error) => errors.push(error),
        }
    }
}

/// Reads the stores of a table.
pub(crate) fn stores(
    client: ClientId,
    table: &DeclaredClient,
    root: &RowPath,
    found: &mut Vec<StoreSpec>,
    errors: &mut Vec<TableError>,
) {
    for (index, entry) in table.stores.iter().enumerate() {
        let row = root.join("stores").join(entry.types.first().map_or(&index.to_string(), |path| path));
        match store(client, entry, &row) {
            Ok(spec) => found.push(spec),
            Err(error) => errors.push(error),
        }
    }
}

fn attribute(client: ClientId, entry: &AttributeEntry, row: &RowPath) -> Result<AttributeSpec, TableError> {
    let (since, until) = range(entry.versions.as_deref(), row)?;
    Ok(AttributeSpec {
        paths: names(&entry.paths),
        client,
        since,
        until,
        redis_when: names(&entry.redis_when),
        redis_types: names(&entry.redis_types),
        ttl: units(&entry.ttl, &row.join("ttl"))?,
        refresh: name(entry.refresh.as_deref()),
        prefix: name(entry.prefix.as_deref()),
        default_prefix: name(entry.default_prefix.as_deref()),
        key: name(entry.key.as_deref()),
        key_format: name(entry.key_format.as_deref()),
        default_namespace: name(entry.default_namespace.as_deref()),
        command: Name::new(entry.command.as_deref().unwrap_or("SETEX")),
        single_flight: entry.single_flight,
    })
}

fn store(client: ClientId, entry: &StoreEntry, row: &RowPath) -> Result<StoreSpec, TableError> {
    let (since, until) = range(entry.versions.as_deref(), row)?;
    let makers = entry
        .makers
        .iter()
        .map(|(name, text)| methods::store_maker(name, text, &row.join("makers").join(name)))
        .collect::<Result<_, _>>()?;
    Ok(StoreSpec {
        types: names(&entry.types),
        client,
        since,
        until,
        makers,
        ttl_methods: units(&entry.ttl_by, &row.join("ttl_by"))?,
        refresh_methods: names(&entry.refresh_by),
        namespace_methods: names(&entry.namespace_by),
        prefix_methods: names(&entry.prefix_by),
        key_format: name(entry.key_format.as_deref()),
        default_namespace: name(entry.default_namespace.as_deref()),
        ttl_elsewhere: entry.ttl_elsewhere,
    })
}

fn range(text: Option<&str>, row: &RowPath) -> Result<Range, TableError> {
    text.map_or(Ok((None, None)), |text| parse_range(text).map_err(|message| row.join("versions").error(message)))
}

fn units(map: &std::collections::BTreeMap<String, String>, row: &RowPath) -> Result<Vec<(Name, Unit)>, TableError> {
    map.iter()
        .map(|(name, word)| {
            let unit = methods::unit(word).map_err(|message| row.join(name).error(message))?;
            Ok((Name::new(name), unit))
        })
        .collect()
}

fn names(list: &[String]) -> Vec<Name> {
    list.iter().map(Name::new).collect()
}

fn name(text: Option<&str>) -> Option<Name> {
    text.map(Name::new)
}
