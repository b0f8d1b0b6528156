//! What a session was told when it wanted to stop. Without it an agent that decides to leave a finding as it is, or a
//! user whose own unfinished work has one, would be told at the end of every turn.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a session is remembered after it was last told something.
const KEPT: Duration = Duration::from_secs(14 * 24 * 3600);

pub(super) struct Told {
    /// One fingerprint a line; `None` where no folder for such files is known.
    file: Option<PathBuf>,
    fingerprints: BTreeSet<String>,
}

impl Told {
    /// What this session was told about this project.
    pub(super) fn of(session: &str, root: &Path) -> Self {
        let folder = folder().filter(|_| !session.is_empty());
        let file = folder.map(|folder| {
            let mut name = blake3::hash(format!("{session}\0{}", root.display()).as_bytes()).to_hex().to_string();
            name.truncate(32);
            folder.join(name)
        });
        let text = file.as_ref().and_then(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
        Self { file, fingerprints: text.lines().map(str::to_owned).collect() }
    }

    pub(super) fn is_news(&self, fingerprint: &str) -> bool {
        !self.fingerprints.contains(fingerprint)
    }

    /// Writes down what is told now. Where that fails, the session is told again.
    pub(super) fn remember<'a>(&mut self, fingerprints: impl Iterator<Item = &'a str>) {
        let before = self.fingerprints.len();
        self.fingerprints.extend(fingerprints.map(str::to_owned));
        let Some((file, folder)) = self.file.as_ref().and_then(|file| Some((file, file.parent()?))) else { return };
        if self.fingerprints.len() == before || std::fs::create_dir_all(folder).is_err() {
            return;
        }
        let _ = std::fs::write(file, self.fingerprints.iter().map(|print| format!("{print}\n")).collect::<String>());
        forget(folder);
    }
}

/// Removes what old sessions have left.
fn forget(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let age = entry.metadata().and_then(|data| data.modified()).ok().and_then(|time| time.elapsed().ok());
        if age.is_some_and(|age| age > KEPT) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Where the system wants such files.
fn folder() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let caches = variable("XDG_CACHE_HOME")
        .or_else(|| variable("LOCALAPPDATA"))
        .or_else(|| variable("HOME").map(|home| home.join(".cache")))?;
    Some(caches.join("cache-lint").join("hook"))
}
