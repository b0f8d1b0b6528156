//! Finds the rule file of a folder.

use std::path::{Path, PathBuf};

use toml::de::DeTable;

use super::error::{PolicyError, all_of, shown};
use super::layer::inner;

/// Names of rule files in one folder, of which one may be there.
pub const FILE_NAMES: [&str; 3] = ["cache-lint.toml", ".cache-lint.toml", ".config/cache-lint.toml"];

/// A rule file, or the table of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    /// Where the rules stand in the file: `workspace`, `metadata`, `cache-lint` in a manifest, nothing else.
    pub(super) keys: Vec<&'static str>,
}

impl Found {
    pub(super) fn file(path: PathBuf) -> Self {
        Self { path, keys: Vec::new() }
    }

    pub(super) fn shown(&self, cwd: &Path) -> String {
        let path = shown(cwd, &self.path);
        if self.keys.is_empty() { path } else { format!("{path} [{}]", self.keys.join(".")) }
    }
}

/// Looks in `start` and the folders above it, up to the root of the repository; where there is no repository up to the
/// workspace, or else the outermost package. The nearest folder that has a rule file wins; two in one folder are a
/// mistake, because nobody could tell which one holds.
pub(super) fn discover(start: &Path, cwd: &Path) -> Result<Option<Found>, PolicyError> {
    let start = std::path::absolute(start).unwrap_or_else(|_| start.to_path_buf());
    let folders: Vec<&Path> = start.ancestors().filter(|folder| folder.is_dir()).collect();
    for folder in &folders[..=last(&folders).min(folders.len().saturating_sub(1))] {
        let mut here: Vec<Found> =
            FILE_NAMES.iter().map(|name| folder.join(name)).filter(|path| path.is_file()).map(Found::file).collect();
        here.extend(in_manifest(folder));
        if here.len() > 1 {
            let names = all_of(here.iter().map(|found| found.shown(cwd)));
            return Err(PolicyError::of_file(
                cwd,
                folder,
                format!("more than one rule file in one folder: {names}"),
                Some("keep one of them, or name one with `--config`".to_owned()),
            ));
        }
        if let Some(found) = here.pop() {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Index of the outermost folder to look in.
fn last(folders: &[&Path]) -> usize {
    let find = |holds: &dyn Fn(&Path) -> bool| folders.iter().position(|folder| holds(folder));
    find(&|folder| folder.join(".git").exists())
        .or_else(|| find(&|folder| manifest(folder).is_some_and(|text| has_table(&text, "workspace"))))
        .or_else(|| folders.iter().rposition(|folder| folder.join("Cargo.toml").is_file()))
        .unwrap_or(0)
}

fn manifest(folder: &Path) -> Option<String> {
    std::fs::read_to_string(folder.join("Cargo.toml")).ok()
}

fn has_table(manifest: &str, name: &str) -> bool {
    // Most manifests name no workspace at all and need not be parsed.
    manifest.contains(name) && DeTable::parse_recoverable(manifest).0.get_ref().contains_key(name)
}

fn in_manifest(folder: &Path) -> Vec<Found> {
    let Some(text) = manifest(folder).filter(|text| text.contains("cache-lint")) else { return Vec::new() };
    let (document, _) = DeTable::parse_recoverable(&text);
    ["workspace", "package"]
        .into_iter()
        .map(|owner| vec![owner, "metadata", "cache-lint"])
        .filter(|keys| inner(document.get_ref(), keys).is_some())
        .map(|keys| Found { path: folder.join("Cargo.toml"), keys })
        .collect()
}
