//! Entries in one folder.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What every entry begins with; the number is raised when the layout of this head changes.
const MAGIC: &[u8; 8] = b"clint\x00\x00\x01";
const CHECKSUM: usize = 32;
const EXTENSION: &str = "entry";
/// Bytes that all entries may take.
const MOST_BYTES: u64 = 256 << 20;
/// How old a left-over of a run that was killed has to be before it is removed.
const LEFT_OVER: std::time::Duration = std::time::Duration::from_secs(3600);

/// A folder of entries.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
    most: u64,
}

impl Folder {
    /// The folder at this path, which need not exist yet.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self { path, most: MOST_BYTES }
    }

    /// With another bound on the size of all entries, in bytes.
    #[must_use]
    pub fn with_most(self, most: u64) -> Self {
        Self { most, ..self }
    }

    /// Where programs keep such things on this system, below a folder of our own; `None` where nobody has a home.
    #[must_use]
    pub fn usual() -> Option<Self> {
        use etcetera::BaseStrategy as _;
        let strategy = etcetera::choose_base_strategy().ok()?;
        Some(Self::at(strategy.cache_dir().join("cache-lint")))
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn entry(&self, name: &str) -> PathBuf {
        self.path.join(format!("{name}.{EXTENSION}"))
    }

    /// The payload of an entry; `None` when there is none that is whole.
    #[must_use]
    pub fn read(&self, name: &str) -> Option<Vec<u8>> {
        let mut bytes = fs::read(self.entry(name)).ok()?;
        let rest = bytes.strip_prefix(MAGIC)?;
        let (checksum, payload) = rest.split_at_checked(CHECKSUM)?;
        // The name is part of it, so that an entry under a wrong name is foreign.
        if sum(name, payload).as_bytes() != checksum {
            return None;
        }
        Some(bytes.split_off(MAGIC.len() + CHECKSUM))
    }

    /// Writes an entry. When that fails (no room, no right) the next run does without: nobody has to be told.
    pub fn write(&self, name: &str, payload: &[u8]) {
        if self.try_write(name, payload).is_ok() {
            self.shrink();
        }
    }

    fn try_write(&self, name: &str, payload: &[u8]) -> std::io::Result<()> {
        if !self.path.is_dir() {
            fs::create_dir_all(&self.path)?;
            // For backups, and for ourselves when the folder lies in the tree that is linted.
            fs::write(
                self.path.join("CACHEDIR.TAG"),
                "Signature: 8a477f597d28d172789f06886806bc55\n# by cache-lint\n",
            )?;
            fs::write(self.path.join(".gitignore"), "*\n")?;
        }
        // Whoever reads at the same time sees the old entry or the new one; of two writers the last one stays.
        let mut file = tempfile::Builder::new().prefix("new-").tempfile_in(&self.path)?;
        file.write_all(MAGIC)?;
        file.write_all(sum(name, payload).as_bytes())?;
        file.write_all(payload)?;
        file.persist(self.entry(name)).map_err(|error| error.error)?;
        Ok(())
    }

    /// Drops the oldest entries until the rest fits.
    fn shrink(&self) {
        let now = SystemTime::now();
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.path).into_iter().flatten().flatten() {
            let path = entry.path();
            let Ok(metadata) = entry.metadata() else { continue };
            let Ok(modified) = metadata.modified() else { continue };
            if path.extension().is_some_and(|extension| extension == EXTENSION) {
                entries.push((modified, metadata.len(), path));
            } else if is_left_over(&path) && now.duration_since(modified).is_ok_and(|age| age > LEFT_OVER) {
                let _ = fs::remove_file(path);
            }
        }
        let mut total: u64 = entries.iter().map(|(_, size, _)| size).sum();
        entries.sort();
        for (_, size, path) in entries {
            if total <= self.most {
                break;
            }
            let _ = fs::remove_file(path);
            total -= size;
        }
    }

    /// Removes all entries, and the folder when nothing else is in it.
    ///
    /// # Errors
    /// When something may not be removed.
    pub fn clean(&self) -> std::io::Result<usize> {
        let listed = match fs::read_dir(&self.path) {
            Ok(listed) => listed,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(error),
        };
        let mut count = 0;
        for entry in listed {
            let path = entry?.path();
            let is_entry = path.extension().is_some_and(|extension| extension == EXTENSION);
            let is_ours = |name: &str| path.file_name().is_some_and(|file| file == name);
            if is_entry || is_left_over(&path) || is_ours("CACHEDIR.TAG") || is_ours(".gitignore") {
                fs::remove_file(&path)?;
                count += usize::from(is_entry);
            }
        }
        // What others have put there stays.
        let _ = fs::remove_dir(&self.path);
        Ok(count)
    }
}

fn is_left_over(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("new-"))
}

fn sum(name: &str, payload: &[u8]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(name.len() as u64).to_le_bytes());
    hasher.update(name.as_bytes());
    hasher.update(payload);
    hasher.finalize()
}
