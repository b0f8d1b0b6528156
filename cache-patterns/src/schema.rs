//! What the derive leans on: the data version of a row, and the test that holds a struct against `cache-schema.lock`.

use crate::key::KeySegment;

/// One of several fields that are the id together.
#[must_use]
pub fn segment<T: KeySegment>(field: &T) -> T {
    field.clone()
}

/// A whole number that a row carries and every committed change raises. For `#[cache(data_version)]`.
///
/// A negative number is none (0, "not known").
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a data version",
    label = "not a whole number",
    note = "a data version is a counter that every UPDATE raises: `u64`, `u32`, `i64` or `i32`",
    note = "not a time: `now()` is the start of the transaction in PostgreSQL, and clocks differ"
)]
pub trait DataVersion {
    /// The number; 0 for not known.
    fn data_version(&self) -> u64;
}

impl DataVersion for u64 {
    fn data_version(&self) -> u64 {
        *self
    }
}

impl DataVersion for u32 {
    fn data_version(&self) -> u64 {
        u64::from(*self)
    }
}

impl DataVersion for i64 {
    fn data_version(&self) -> u64 {
        u64::try_from(*self).unwrap_or(0)
    }
}

impl DataVersion for i32 {
    fn data_version(&self) -> u64 {
        u64::try_from(*self).unwrap_or(0)
    }
}

/// Holds version and fingerprint of `E` against `cache-schema.lock`, in `directory` or above it.
///
/// The test that `#[derive(CacheEntity)]` generates calls this. With `CACHE_SCHEMA_UPDATE=1` in the environment it
/// writes the file, unless the struct changed under the same version.
///
/// # Errors
/// Says what changed and what to do.
#[cfg(feature = "derive")]
pub fn pin<E: crate::CacheEntity>(
    directory: &str,
    type_path: &str,
    template: &str,
    fields: &[&str],
) -> Result<(), String> {
    let now = cache_schema::lock::Entry {
        template: template.to_owned(),
        type_path: type_path.to_owned(),
        version: E::VERSION,
        fingerprint: E::FINGERPRINT,
        fields: fields.iter().map(|field| (*field).to_owned()).collect(),
        inside: std::collections::BTreeMap::new(),
    };
    cache_schema::lock::pin(std::path::Path::new(directory), E::SERVICE, E::ENTITY, &now)
        .map_err(|error| error.to_string())
}
