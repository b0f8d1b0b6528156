//! What a session was told when it wanted to stop. Without it an agent that decides to leave a finding as it is, or a
//! user whose own unfinished work has one, would be told at the end of every turn.

use std::collections::BTreeSet;
use std::path::Path;

use crate::cache::Folder;

pub(super) struct Told {
    /// Where it is kept; nowhere without a cache.
    folder: Option<Folder>,
    name: String,
    /// One fingerprint a line.
    fingerprints: BTreeSet<String>,
}

impl Told {
    /// What this session was told about this project.
    pub(super) fn of(folder: Option<Folder>, session: &str, root: &Path) -> Self {
        let folder = folder.filter(|_| !session.is_empty());
        let hash = blake3::hash(format!("{session}\0{}", root.display()).as_bytes()).to_hex();
        let name = format!("told-{}", &hash[..32]);
        let bytes = folder.as_ref().and_then(|folder| folder.read(&name)).unwrap_or_default();
        let fingerprints = String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect();
        Self { folder, name, fingerprints }
    }

    pub(super) fn is_news(&self, fingerprint: &str) -> bool {
        !self.fingerprints.contains(fingerprint)
    }

    /// Writes down what is told now. Where that fails, the session is told again.
    pub(super) fn remember<'a>(&mut self, fingerprints: impl Iterator<Item = &'a str>) {
        let before = self.fingerprints.len();
        self.fingerprints.extend(fingerprints.map(str::to_owned));
        if let Some(folder) = self.folder.as_ref().filter(|_| self.fingerprints.len() > before) {
            let text: String = self.fingerprints.iter().map(|print| format!("{print}\n")).collect();
            folder.write(&self.name, text.as_bytes());
        }
    }
}
