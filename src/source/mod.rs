//! Which files belong to the run, and what cargo would know of them.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod assemble;
mod comments;
mod depth;
mod lexer;
mod load;
mod lock;
mod manifest;
mod manifests;
mod modules;
mod packages;
mod paths;
mod read;
mod relevance;
mod scope;
mod targets;
#[cfg(test)]
mod tests;
mod walk;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use comments::{Directive, DirectiveKind, directives};
pub use depth::{DepthError, MAX_BRACKETS, MAX_LEVELS, PARSE_STACK, check_depth};

pub use crate::disk::MAX_FILE_SIZE;
pub use load::{LoadOptions, SourceLoadError, Stdin};
pub use modules::child_module_candidates;
pub use paths::{display, normalize};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::finding::FileId;
use crate::text::LineIndex;

/// The edition of code whose package says none that could be read.
const DEFAULT_EDITION: u16 = 2021;

/// The files and packages of a run.
#[derive(Debug, Default)]
pub struct Workspace {
    /// Packages, sorted by manifest path. A run without any manifest has one nameless package.
    pub packages: Vec<Package>,
    /// All `.rs` files of the run, sorted by path; `files[id]` is the file with that id.
    pub files: Vec<SourceFile>,
    /// What could not be read, walked or understood. Never ends the run.
    pub errors: Vec<SourceError>,
}

/// Index into [`Workspace::packages`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PackageId(pub u32);

/// A `[package]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Package {
    /// Its index.
    pub id: PackageId,
    /// `[package] name`.
    pub name: String,
    /// The name of its library in code (hyphens become underscores; `[lib] name` wins).
    pub lib_name: String,
    /// `[package] version`, inherited where it says so.
    pub version: Option<String>,
    /// Absolute path of Cargo.toml; empty for the nameless package.
    pub manifest: PathBuf,
    /// Absolute path of the folder that holds it.
    pub root: PathBuf,
    /// `2015` … `2024`.
    pub edition: u16,
    /// All dependency tables joined: normal, dev, build, target-specific, inherited from the workspace.
    pub dependencies: Vec<Dependency>,
    /// Library, binaries, tests, benches, examples, build script: declared and auto-discovered, as far as the file exists.
    pub targets: Vec<Target>,
    /// Its files can matter: it depends on a Redis client, or on a package of the run that can matter, or nothing is
    /// known of its dependencies and a file mentions a client.
    pub relevant: bool,
    /// A library for programs that are not of this run: nobody keeps it from being published, and no program here uses
    /// it. What its public traits leave open is decided elsewhere.
    pub open: bool,
    /// It is not relevant, but a relevant package depends on it, directly or not: constants, types and traits that
    /// matter there may be declared here. Its files are read as well.
    pub supplies: bool,
}

/// A dependency of a package.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Dependency {
    /// The name in code (`kv` for `kv = { package = "redis" }`; `glide` for `valkey-glide`), with underscores.
    pub alias: String,
    /// The package's name in the registry.
    pub package: String,
    /// The version in Cargo.lock that satisfies the requirement, else the requirement stripped to its number. The lock
    /// is only asked for packages that are relevant or supply one.
    pub version: Option<String>,
    /// The package of this run that it is, for path and workspace dependencies.
    pub local: Option<PackageId>,
    /// Listed under `[dev-dependencies]` only.
    pub dev_only: bool,
}

/// A compilation target of a package.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Target {
    /// What kind.
    pub kind: TargetKind,
    /// Its name.
    pub name: String,
    /// Absolute path of its root file.
    pub root: PathBuf,
}

/// The kinds of targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TargetKind {
    /// `[lib]`.
    Lib,
    /// `[[bin]]`.
    Bin,
    /// `[[test]]`.
    Test,
    /// `[[bench]]`.
    Bench,
    /// `[[example]]`.
    Example,
    /// `build.rs`.
    Build,
}

/// A `.rs` file of the run.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Its index.
    pub id: FileId,
    /// As shown to people and in JSON: relative to the working directory, with `/`.
    pub path: String,
    /// Absolute path.
    pub absolute: PathBuf,
    /// The package it belongs to (the nearest manifest above it).
    pub package: PackageId,
    /// It belongs to a test, bench or example target by its place.
    pub test: bool,
    /// It is one of those that were asked for. The others are there because what they say matters to these.
    pub selected: bool,
    /// Its text and lines; `None` for a file that cannot matter and was not read, or could not be read.
    pub content: Option<Content>,
}

/// A text and its lines. A byte order mark is kept, so that offsets are those of the file.
#[derive(Debug, Clone)]
pub struct Content {
    /// The text.
    pub text: Arc<str>,
    /// Its lines.
    pub lines: Arc<LineIndex>,
}

/// Something that could not be read, walked or understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceError {
    /// As shown, with `/`; empty when it is no single file's.
    pub path: String,
    /// The file, when it is one of the run.
    pub file: Option<FileId>,
    /// Byte offset in the file, where known.
    pub offset: Option<u32>,
    /// What and why, and what to do; lower-case start, no final full stop.
    pub message: String,
}

impl Workspace {
    /// The file with this id; `None` for a place in a rule file.
    #[must_use]
    pub fn file(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    /// The package with this id.
    #[must_use]
    pub fn package(&self, id: PackageId) -> Option<&Package> {
        self.packages.get(id.0 as usize)
    }

    /// All files by absolute path, to find those of modules and `include_str!`.
    #[must_use]
    pub fn by_path(&self) -> FxHashMap<&Path, FileId> {
        self.files.iter().map(|file| (file.absolute.as_path(), file.id)).collect()
    }

    /// The text of a file; empty when it was not read.
    #[must_use]
    pub fn text(&self, id: FileId) -> &str {
        self.file(id).and_then(|file| file.content.as_ref()).map_or("", |content| &content.text)
    }
}
