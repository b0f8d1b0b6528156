//! `cache-schema.lock`: the shape that every version of every cached structure has.
//!
//! ```toml
//! [user.profile]
//! template = "user:v2:profile:{id}"
//! type = "shop::user::UserProfile"
//! version = 2
//! fingerprint = "0x36fd4e00"
//! fields = [
//!     "id: i64",
//!     "name: String",
//! ]
//! ```
//!
//! What is inside the types of its fields stands in tables of its own below it, `[user.profile.inside.Address]`.
//!
//! The file is checked in. A structure that changes while its version stays is found by [`Lock::check`], and what
//! changed is named. [`pin`] does this for one entity from a test; `#[derive(CacheEntity)]` writes that test.

mod compare;
mod lines;
mod text;

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use self::compare::{Change, ChangeKind, Ordered, Reading, changes};
use self::text::table;
pub use self::text::{header, quote};

/// The name of the file.
pub const FILE_NAME: &str = "cache-schema.lock";

/// The environment variable that lets [`pin`] write: `1` for what is new or has a raised version, `force` for all.
pub const UPDATE: &str = "CACHE_SCHEMA_UPDATE";

const HEADER: &str = "\
# The shape of every cached structure at its version. Check this file in.
# Written by `cache-lint schema update`, and for derived entities by `CACHE_SCHEMA_UPDATE=1 cargo test`.

";

/// What the file says of one entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The keys it is stored under: `user:v2:profile:{id}`.
    pub template: String,
    /// The path of the type: `shop::user::UserProfile`.
    #[serde(rename = "type")]
    pub type_path: String,
    /// The version in the key, from 1; 0 for keys without one, which only the linter records.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub version: u32,
    /// The fingerprint of the shape; written as `0x` and eight hexadecimal digits.
    #[serde(with = "hex")]
    pub fingerprint: u32,
    /// The shape for people: `name: Type`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// The types that are reached through the fields, by name. The linter records them; a derive cannot see them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inside: BTreeMap<String, Inside>,
}

/// What the file says of a type inside an entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inside {
    /// As for the entity itself.
    #[serde(with = "hex")]
    pub fingerprint: u32,
    /// As for the entity itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
}

/// The whole file: service, entity, entry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lock {
    services: BTreeMap<String, BTreeMap<String, Entry>>,
}

/// Why a structure and the lock do not agree. The text says what to do.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Drift {
    /// The entity is not in the file.
    #[error("`{service}:{entity}` ({type_path}) is not in {FILE_NAME}\n\n{}", lines(.entry))]
    Missing {
        /// First segment of the key.
        service: String,
        /// Third segment of the key.
        entity: String,
        /// The type.
        type_path: String,
        /// The table to add, in TOML.
        entry: String,
    },
    /// The shape changed, the version did not.
    #[error(
        "{type_path}: {changes}, but `version` is still {version}: entries that were stored before would be read as the new structure\n  \
         raise it: `#[cache(…, version = {next})]`, then run `{UPDATE}=1 cargo test`\n  \
         (if version {version} was never deployed, run `{UPDATE}=force cargo test` instead)",
        changes = describe(.before, .after), next = version.saturating_add(1)
    )]
    Changed {
        /// The type.
        type_path: String,
        /// The version in code and file.
        version: u32,
        /// The fields in the file.
        before: Vec<String>,
        /// The fields in the code.
        after: Vec<String>,
    },
    /// The version was raised and the file does not know yet.
    #[error(
        "{type_path} has version {version}, {FILE_NAME} still has {locked}: run `{UPDATE}=1 cargo test` and check the file in"
    )]
    Raised {
        /// The type.
        type_path: String,
        /// The version in the code.
        version: u32,
        /// The version in the file.
        locked: u32,
    },
    /// The version is lower than in the file.
    #[error(
        "{type_path} has version {version}, but {FILE_NAME} has {locked}: entries of an earlier version {version} may still be stored\n  \
         use at least `version = {}`", locked.saturating_add(1)
    )]
    Lowered {
        /// The type.
        type_path: String,
        /// The version in the code.
        version: u32,
        /// The version in the file.
        locked: u32,
    },
    /// The same keys belong to another type in the file.
    #[error(
        "{FILE_NAME} has {locked} under `{template}`, here it is {type_path}\n  \
         if both exist, give one another `entity` name: they share their keys\n  \
         {}", if *.alike { "if the type moved, run `CACHE_SCHEMA_UPDATE=1 cargo test`" }
         else { "if the type moved, it changed as well: raise `version`, then run `CACHE_SCHEMA_UPDATE=1 cargo test`" }
    )]
    Type {
        /// The template of the keys.
        template: String,
        /// The type in the code.
        type_path: String,
        /// The type in the file.
        locked: String,
        /// Whether both have the same fingerprint.
        alike: bool,
    },
    /// Only the parts of the id have other names.
    #[error("{FILE_NAME} has `{locked}` for {type_path}, the code has `{template}`: run `{UPDATE}=1 cargo test`")]
    Template {
        /// The type.
        type_path: String,
        /// The template in the code.
        template: String,
        /// The template in the file.
        locked: String,
    },
}

impl Drift {
    /// Whether an update may write over this without being forced.
    #[must_use]
    pub fn may_be_updated(&self) -> bool {
        !matches!(self, Self::Changed { .. } | Self::Lowered { .. } | Self::Type { alike: false, .. })
    }
}

/// What keeps the lock from being read, written or held against the code.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LockError {
    /// Code and file do not agree.
    #[error("{0}")]
    Drift(Drift),
    /// There is no file. The text has the table to begin it with.
    #[error("there is no {FILE_NAME} in {} or above it, so that {drift}", directory.display())]
    NoFile {
        /// Where the search began.
        directory: PathBuf,
        /// The entity that is missing.
        drift: Drift,
    },
    /// The file is no lock.
    #[error("{}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong and where.
        message: String,
    },
    /// Reading or writing failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process seems to be writing.
    #[error("{} is there since more than {WAIT:?}: if no test is running, remove it", .0.display())]
    Busy(PathBuf),
}

/// How long one writer waits for another.
const WAIT: Duration = Duration::from_secs(10);

impl Lock {
    /// The lock in `text`.
    ///
    /// # Errors
    /// Says what is wrong with the text, and where.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    /// The file's text: sorted, one table for each entity, the same text for the same lock.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = HEADER.to_owned();
        for (at, (service, entity, entry)) in self.entries().enumerate() {
            if at > 0 {
                out.push('\n');
            }
            table(service, entity, entry, &mut out);
        }
        out
    }

    /// Service, entity and entry, sorted.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &str, &Entry)> {
        self.services.iter().flat_map(|(service, entities)| {
            entities.iter().map(move |(entity, entry)| (service.as_str(), entity.as_str(), entry))
        })
    }

    /// The entry of an entity.
    #[must_use]
    pub fn get(&self, service: &str, entity: &str) -> Option<&Entry> {
        self.services.get(service)?.get(entity)
    }

    /// Sets the entry of an entity.
    pub fn set(&mut self, service: &str, entity: &str, entry: Entry) {
        self.services.entry(service.to_owned()).or_default().insert(entity.to_owned(), entry);
    }

    /// Takes the entry of an entity out.
    pub fn remove(&mut self, service: &str, entity: &str) {
        if let Some(entities) = self.services.get_mut(service) {
            entities.remove(entity);
            if entities.is_empty() {
                self.services.remove(service);
            }
        }
    }

    /// Holds `now`, what the code says, against the lock.
    ///
    /// # Errors
    /// Says what differs and what to do.
    pub fn check(&self, service: &str, entity: &str, now: &Entry) -> Result<(), Drift> {
        let type_path = now.type_path.clone();
        let Some(locked) = self.get(service, entity) else {
            let mut entry = String::new();
            table(service, entity, now, &mut entry);
            return Err(Drift::Missing { service: service.to_owned(), entity: entity.to_owned(), type_path, entry });
        };
        if now.version > locked.version {
            return Err(Drift::Raised { type_path, version: now.version, locked: locked.version });
        }
        if now.version < locked.version {
            return Err(Drift::Lowered { type_path, version: now.version, locked: locked.version });
        }
        if now.type_path != locked.type_path {
            // Another type with another structure must not take the table over without being asked.
            let alike = now.fingerprint == locked.fingerprint;
            let (template, locked) = (now.template.clone(), locked.type_path.clone());
            return Err(Drift::Type { template, type_path, locked, alike });
        }
        if now.fingerprint != locked.fingerprint {
            let (before, after) = (locked.fields.clone(), now.fields.clone());
            return Err(Drift::Changed { type_path, version: now.version, before, after });
        }
        if now.template != locked.template {
            let (template, locked) = (now.template.clone(), locked.template.clone());
            return Err(Drift::Template { type_path, template, locked });
        }
        Ok(())
    }

    /// The lock in the file at `path`; `None` where there is no file.
    ///
    /// # Errors
    /// When the file cannot be read or is no lock.
    pub fn read(path: &Path) -> Result<Option<Self>, LockError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(LockError::Io { path: path.to_owned(), source }),
        };
        Self::parse(&text).map(Some).map_err(|message| LockError::Syntax { path: path.to_owned(), message })
    }
}

/// Changes the file at `path` and replaces it whole: readers see the old or the new one, writers wait for each other.
///
/// The file is not touched when `change` fails or leaves it as it is.
///
/// # Errors
/// What `change` returns, and whatever keeps the file from being read or written.
pub fn update(path: &Path, change: impl FnOnce(&mut Lock) -> Result<(), LockError>) -> Result<(), LockError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| LockError::Io { path, source }
    };
    let draft = path.with_extension("lock.tmp");
    // Tests run side by side, as threads or processes: who made the draft writes, until it takes the file's place.
    let since = Instant::now();
    let mut file = loop {
        match fs::OpenOptions::new().write(true).create_new(true).open(&draft) {
            Ok(file) => break file,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && since.elapsed() < WAIT => {
                thread::sleep(Duration::from_millis(5));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(LockError::Busy(draft)),
            Err(error) => return Err(io(&draft)(error)),
        }
    };
    let written = (|| {
        let before = Lock::read(path)?;
        let mut lock = before.clone().unwrap_or_default();
        change(&mut lock)?;
        if before.as_ref() == Some(&lock) {
            return Ok(false);
        }
        file.write_all(lock.text().as_bytes()).map_err(io(&draft))?;
        fs::rename(&draft, path).map_err(io(path))?;
        Ok(true)
    })();
    if !matches!(written, Ok(true)) {
        let _ = fs::remove_file(&draft);
    }
    written.map(|_| ())
}

/// The lock file for a crate in `directory`: the next one upward; where there is none, the place for one, which is the
/// workspace's root (the next `Cargo.lock` upward) or the crate itself.
///
/// # Errors
/// The place where one should be, when there is none.
pub fn find(directory: &Path) -> Result<PathBuf, PathBuf> {
    if let Some(found) = directory.ancestors().map(|above| above.join(FILE_NAME)).find(|path| path.is_file()) {
        return Ok(found);
    }
    let root = directory.ancestors().find(|above| above.join("Cargo.lock").is_file()).unwrap_or(directory);
    Err(root.join(FILE_NAME))
}

/// Holds one entity against the lock file above `directory`; with the environment variable [`UPDATE`] writes it.
///
/// # Errors
/// Says what differs and what to do.
pub fn pin(directory: &Path, service: &str, entity: &str, now: &Entry) -> Result<(), LockError> {
    let update = env::var(UPDATE).unwrap_or_default();
    pin_as(directory, service, entity, now, Mode::of(&update))
}

/// What [`pin_as`] may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Nothing.
    Check,
    /// What is new, moved, or has a raised version.
    Update,
    /// Everything.
    Force,
}

impl Mode {
    fn of(text: &str) -> Self {
        match text {
            "" | "0" => Self::Check,
            "force" => Self::Force,
            _ => Self::Update,
        }
    }
}

/// As [`pin`], with what may be written given.
///
/// # Errors
/// As [`pin`].
pub fn pin_as(directory: &Path, service: &str, entity: &str, now: &Entry, mode: Mode) -> Result<(), LockError> {
    let found = find(directory);
    if mode == Mode::Check {
        let Some(lock) = found.ok().map(|path| Lock::read(&path)).transpose()?.flatten() else {
            let check = Lock::default().check(service, entity, now);
            return check.map_err(|drift| LockError::NoFile { directory: directory.to_owned(), drift });
        };
        return lock.check(service, entity, now).map_err(LockError::Drift);
    }
    let path = found.unwrap_or_else(|place| place);
    update(&path, |lock| {
        match lock.check(service, entity, now) {
            Err(drift) if mode != Mode::Force && !drift.may_be_updated() => return Err(LockError::Drift(drift)),
            _ => {
                let mut next = now.clone();
                // What a derive cannot see stays as the linter recorded it, as long as the structure stays.
                let known = lock.get(service, entity).filter(|known| {
                    known.fingerprint == now.fingerprint && known.version == now.version && now.inside.is_empty()
                });
                if let Some(known) = known {
                    next.inside.clone_from(&known.inside);
                }
                lock.set(service, entity, next);
            }
        }
        Ok(())
    })
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

fn lines(entry: &str) -> String {
    format!("run `{UPDATE}=1 cargo test` and check the file in, or add:\n\n{entry}")
}

/// What changed from `before` to `after`, field by field. How they are read is not known here; that order counts is the
/// likely reason where nothing else differs.
fn describe(before: &[String], after: &[String]) -> String {
    let reading = Reading { by_position: true, closed: false };
    changes(before, after, reading).iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

mod hex {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(number: &u32, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(&format_args!("{number:#010x}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<u32, D::Error> {
        let text = String::deserialize(input)?;
        text.strip_prefix("0x")
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .ok_or_else(|| Error::custom(format!("`{text}` is no fingerprint; it has the form `0x36fd4e00`")))
    }
}

#[cfg(test)]
mod tests;
