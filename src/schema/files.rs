//! The lock files of a run: for each package that stores a structure the next one upward, or where it would be.

use std::path::{Path, PathBuf};

use cache_schema::lock::{self, Lock};

use super::writes;
use crate::disk;
use crate::finding::{FileId, Place};
use crate::inventory::Inventory;
use crate::source::{PackageId, SourceError, Workspace, display};
use crate::text::Span;

/// Ids of lock files count from here: between those of sources and those of rule files.
const FIRST_ID: u32 = u32::MAX / 2;

/// A `cache-schema.lock`, there or not.
#[derive(Debug, Clone)]
pub struct LockFile {
    /// For places in it.
    pub file: FileId,
    /// Relative to the working directory, with `/`.
    pub path: String,
    /// Absolute.
    pub absolute: PathBuf,
    /// Its text; `None` when there is no such file yet.
    pub text: Option<String>,
    /// What it says; empty when there is none, or none that can be read.
    pub lock: Lock,
    /// The packages that it speaks of.
    pub packages: Vec<PackageId>,
    /// It is there and cannot be read.
    pub broken: bool,
}

/// Finds and reads them. What cannot be read is added to the workspace's errors.
#[must_use]
pub fn load(workspace: &mut Workspace, inventory: &Inventory, cwd: &Path) -> Vec<LockFile> {
    let mut locks: Vec<LockFile> = Vec::new();
    let mut packages: Vec<PackageId> = writes(workspace, inventory)
        .filter_map(|(op, schema)| workspace.file(schema.root.place.unwrap_or(op.place).file))
        .map(|file| file.package)
        .collect();
    packages.sort_unstable();
    packages.dedup();
    for id in packages {
        let Some(package) = workspace.package(id) else { continue };
        let root = if package.root.as_os_str().is_empty() { cwd } else { package.root.as_path() };
        for folder in root.ancestors() {
            // It looks for itself; here it is only told that these count.
            let _ = [lock::FILE_NAME, "Cargo.lock"].map(|name| disk::is_file(&folder.join(name)));
        }
        let absolute = lock::find(root).unwrap_or_else(|place| place);
        if let Some(known) = locks.iter_mut().find(|known| known.absolute == absolute) {
            known.packages.push(id);
            continue;
        }
        let path = display(cwd, &absolute);
        let number = u32::try_from(locks.len()).unwrap_or_default();
        let (text, read) = match disk::read_to_string(&absolute) {
            Ok(text) => {
                let read = Lock::parse(&text);
                (Some(text), read)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => (None, Ok(Lock::default())),
            Err(error) => (None, Err(error.to_string())),
        };
        let broken = read.is_err();
        let lock = read.unwrap_or_else(|message| {
            let message = message.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
            let message = format!("cannot be read ({message}); `schema-changed` is silent");
            workspace.errors.push(SourceError { path: path.clone(), file: None, offset: None, message });
            Lock::default()
        });
        locks.push(LockFile {
            file: FileId(FIRST_ID + number),
            path,
            absolute,
            text,
            lock,
            packages: vec![id],
            broken,
        });
    }
    locks
}

impl LockFile {
    /// There is a file, and it says something.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.text.is_some() && !self.broken
    }

    /// The line that says `field` of an entity, or of a type inside it; else the line that begins its table.
    #[must_use]
    pub fn line(&self, service: &str, entity: &str, inside: Option<&str>, field: Option<&str>) -> Option<Place> {
        let text = self.text.as_deref()?;
        let header = lock::header(service, entity, inside);
        let mut at = 0;
        let mut table = None;
        for line in text.split_inclusive('\n') {
            let trimmed = line.trim();
            let start = at + line.find(trimmed).unwrap_or_default();
            let span = Span::new(start, start + trimmed.trim_end_matches(',').len());
            at += line.len();
            if table.is_none() {
                if trimmed == header {
                    table = Some(span);
                }
                continue;
            }
            if trimmed.starts_with('[') {
                break;
            }
            let says = |field: &str| {
                let quoted = lock::quote(field);
                let front = quoted.trim_end_matches(['"', '\'']);
                trimmed.strip_prefix(front).is_some_and(|rest| rest.starts_with([':', ' ', '(', '"', '\'']))
            };
            if field.is_some_and(says) {
                return Some(Place { file: self.file, span });
            }
        }
        table.map(|span| Place { file: self.file, span })
    }
}
