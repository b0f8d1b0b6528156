//! What a Cargo.toml says, before it is joined with those of the workspace.
//!
//! Read from a plain table and not into a strict shape: a manifest with an odd entry (a newer cargo's, a generator's
//! template) shall still give all that can be understood.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::disk;

/// The tables of dependencies, and whether what they list is for tests only.
const DEPENDENCY_TABLES: [(&str, bool); 5] = [
    ("dependencies", false),
    ("build-dependencies", false),
    ("build_dependencies", false),
    ("dev-dependencies", true),
    ("dev_dependencies", true),
];

/// A Cargo.toml.
#[derive(Debug, Clone)]
pub(super) struct Manifest {
    /// Absolute path of the folder that holds it.
    pub(super) folder: PathBuf,
    /// Its content; `None` when it could not be read or is no TOML.
    table: Option<Table>,
}

/// Why a manifest could not be understood.
#[derive(Debug)]
pub(super) struct ManifestError {
    /// Byte offset, where known.
    pub(super) offset: Option<u32>,
    /// Lower-case start, no final full stop.
    pub(super) message: String,
}

/// An entry of a dependency table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Entry {
    /// The key, as written.
    pub(super) key: String,
    /// `package = "…"`.
    pub(super) package: Option<String>,
    /// The requirement.
    pub(super) version: Option<String>,
    /// `path = "…"`, absolute.
    pub(super) path: Option<PathBuf>,
    /// `workspace = true`.
    pub(super) inherited: bool,
    /// From a table of dev-dependencies.
    pub(super) dev: bool,
}

/// `[lib]`, `[[bin]]`, … as declared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct DeclaredTarget {
    /// `name`.
    pub(super) name: Option<String>,
    /// `path`, absolute.
    pub(super) path: Option<PathBuf>,
}

impl Manifest {
    /// Reads `folder/Cargo.toml`. One that cannot be understood is given back as well: it is still the border of a
    /// package.
    pub(super) fn read(folder: &Path) -> (Self, Option<ManifestError>) {
        let parsed = match disk::read_to_string(&folder.join("Cargo.toml")) {
            Ok(text) => text.parse::<Table>().map_err(|error| ManifestError {
                offset: error.span().and_then(|span| u32::try_from(span.start).ok()),
                message: format!("is no valid TOML ({}); its dependencies are not known", error.message().trim()),
            }),
            Err(error) => Err(ManifestError {
                offset: None,
                message: format!("could not be read ({error}); its dependencies are not known"),
            }),
        };
        match parsed {
            Ok(table) => (Self { folder: folder.to_path_buf(), table: Some(table) }, None),
            Err(error) => (Self { folder: folder.to_path_buf(), table: None }, Some(error)),
        }
    }

    /// It could be understood.
    pub(super) fn is_valid(&self) -> bool {
        self.table.is_some()
    }

    /// It declares a package, or could, since it was not understood.
    pub(super) fn is_package(&self) -> bool {
        !self.is_valid() || self.package().is_some()
    }

    /// It has a `[workspace]`.
    pub(super) fn is_workspace(&self) -> bool {
        self.workspace().is_some()
    }

    fn section(&self, name: &str) -> Option<&Table> {
        self.table.as_ref()?.get(name)?.as_table()
    }

    fn package(&self) -> Option<&Table> {
        self.section("package").or_else(|| self.section("project"))
    }

    fn workspace(&self) -> Option<&Table> {
        self.section("workspace")
    }

    /// Whether `[workspace] exclude` names a folder that holds `folder`.
    pub(super) fn excludes(&self, folder: &Path) -> bool {
        let excluded = self.workspace().and_then(|table| table.get("exclude")?.as_array());
        excluded.into_iter().flatten().filter_map(Value::as_str).any(|path| folder.starts_with(self.path(path)))
    }

    /// Whether this workspace names the package in `folder`: as a member, or as a dependency with a path.
    pub(super) fn has_member(&self, folder: &Path) -> bool {
        let Some(workspace) = self.workspace() else { return false };
        let listed = workspace.get("members").and_then(Value::as_array);
        let mut patterns = listed.into_iter().flatten().filter_map(Value::as_str);
        let is_member = |pattern: &str| {
            let pattern = self.path(pattern);
            let glob = globset::GlobBuilder::new(&pattern.to_string_lossy()).literal_separator(true).build();
            pattern == folder || glob.is_ok_and(|glob| glob.compile_matcher().is_match(folder))
        };
        let shared = workspace.get("dependencies").and_then(Value::as_table);
        let shared = shared.into_iter().flatten().map(|(key, value)| self.entry(key, value));
        folder == self.folder
            || patterns.any(is_member)
            || self.dependencies().into_iter().chain(shared).any(|entry| entry.path.as_deref() == Some(folder))
    }

    /// The folder that `[package] workspace = "…"` names.
    pub(super) fn named_workspace(&self) -> Option<PathBuf> {
        Some(self.path(self.package()?.get("workspace")?.as_str()?))
    }

    /// A path in this manifest, made absolute.
    fn path(&self, path: &str) -> PathBuf {
        super::paths::absolute(&self.folder, Path::new(path))
    }

    /// `[package] name`, else the folder's name.
    pub(super) fn name(&self) -> String {
        let written = self.package().and_then(|table| table.get("name")?.as_str());
        let folder = || self.folder.file_name().unwrap_or_default().to_string_lossy();
        written.map_or_else(|| folder().into_owned(), ToOwned::to_owned)
    }

    /// A text of `[package]`, inherited from `workspace` where it says so.
    fn package_field<'a>(&'a self, name: &str, workspace: Option<&'a Self>) -> Option<&'a str> {
        let value = self.package()?.get(name)?;
        if inherits(value) { workspace?.workspace()?.get("package")?.get(name)?.as_str() } else { value.as_str() }
    }

    /// `[package] edition`; 2015 when there is none.
    pub(super) fn edition(&self, workspace: Option<&Self>) -> u16 {
        let unknown = if self.is_valid() { 2015 } else { super::DEFAULT_EDITION };
        self.package_field("edition", workspace).and_then(|edition| edition.parse().ok()).unwrap_or(unknown)
    }

    /// `[package] version`.
    pub(super) fn version(&self, workspace: Option<&Self>) -> Option<String> {
        self.package_field("version", workspace).map(ToOwned::to_owned)
    }

    /// Whether a registry may take it: `publish` is neither `false` nor an empty list, here or where it is inherited from.
    pub(super) fn publishes(&self, workspace: Option<&Self>) -> bool {
        let own = self.package().and_then(|table| table.get("publish"));
        let said = match own {
            Some(value) if inherits(value) => {
                workspace.and_then(|workspace| workspace.workspace()?.get("package")?.get("publish"))
            }
            own => own,
        };
        !said.is_some_and(|value| value.as_bool() == Some(false) || value.as_array().is_some_and(Vec::is_empty))
    }

    /// `[lib] crate-type` makes something that programs in other languages load.
    pub(super) fn is_loaded(&self) -> bool {
        let lib = self.section("lib");
        let kinds = lib.and_then(|lib| lib.get("crate-type").or_else(|| lib.get("crate_type"))?.as_array());
        kinds.into_iter().flatten().any(|kind| matches!(kind.as_str(), Some("cdylib" | "staticlib")))
    }

    /// The entries of all dependency tables, those of targets included, in no order that means anything.
    pub(super) fn dependencies(&self) -> Vec<Entry> {
        let Some(table) = &self.table else { return Vec::new() };
        let targets = table.get("target").and_then(Value::as_table);
        let tables =
            std::iter::once(table).chain(targets.into_iter().flat_map(Table::values).filter_map(Value::as_table));
        tables.flat_map(|table| self.entries_of(table)).collect()
    }

    fn entries_of(&self, table: &Table) -> Vec<Entry> {
        let mut entries = Vec::new();
        for (name, dev) in DEPENDENCY_TABLES {
            let listed = table.get(name).and_then(Value::as_table);
            for (key, value) in listed.into_iter().flatten() {
                entries.push(Entry { dev, ..self.entry(key, value) });
            }
        }
        entries
    }

    fn entry(&self, key: &str, value: &Value) -> Entry {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        Entry {
            key: key.to_owned(),
            package: text("package").map(ToOwned::to_owned),
            version: value.as_str().or_else(|| text("version")).map(ToOwned::to_owned),
            path: text("path").map(|path| self.path(path)),
            inherited: inherits(value),
            dev: false,
        }
    }

    /// The entry of `[workspace.dependencies]` with this key.
    pub(super) fn workspace_dependency(&self, key: &str) -> Option<Entry> {
        let value = self.workspace()?.get("dependencies")?.get(key)?;
        Some(self.entry(key, value))
    }

    /// The folder that a `[patch]` puts in place of this package.
    pub(super) fn patched(&self, package: &str) -> Option<PathBuf> {
        let registries = self.section("patch")?.values().filter_map(Value::as_table);
        registries
            .flat_map(|table| table.iter().map(|(key, value)| self.entry(key, value)))
            .find(|entry| entry.package.as_deref().unwrap_or(&entry.key) == package)
            .and_then(|entry| entry.path)
    }

    /// `[lib]`.
    pub(super) fn lib(&self) -> Option<DeclaredTarget> {
        self.table.as_ref()?.get("lib").map(|value| self.target(value))
    }

    /// `[[bin]]`, `[[test]]`, `[[bench]]` or `[[example]]`.
    pub(super) fn targets(&self, section: &str) -> Vec<DeclaredTarget> {
        let listed = self.table.as_ref().and_then(|table| table.get(section)?.as_array());
        listed.into_iter().flatten().map(|value| self.target(value)).collect()
    }

    fn target(&self, value: &Value) -> DeclaredTarget {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        DeclaredTarget { name: text("name").map(ToOwned::to_owned), path: text("path").map(|path| self.path(path)) }
    }

    /// Whether targets of this kind are looked for (`autobins` and the like; yes unless denied).
    pub(super) fn discovers(&self, switch: &str) -> bool {
        self.package().and_then(|table| table.get(switch)?.as_bool()).unwrap_or(true)
    }

    /// The build script: as declared, else `build.rs`; `None` when it is denied.
    pub(super) fn build_script(&self) -> Option<PathBuf> {
        match self.package().and_then(|table| table.get("build")) {
            Some(Value::Boolean(false)) => None,
            Some(Value::String(path)) => Some(self.path(path)),
            _ => Some(self.folder.join("build.rs")),
        }
    }
}

/// `{ workspace = true }`.
fn inherits(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool).unwrap_or(false)
}
