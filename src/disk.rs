//! What an analysis asks of the disk, kept so that it can be asked again.
//!
//! What a run finds follows from the tool, its options and the answers that the disk gives. So a result may be used again
//! for as long as every question would be answered as it was. All stages read through this module; [`recorded`] collects
//! the questions, whichever thread asks them, and clippy forbids the ways around it.
#![allow(clippy::disallowed_methods, reason = "this is the one place that asks")]

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// The size in bytes beyond which a file is not read. The largest generated sources known are around 10 MB.
pub const MAX_FILE_SIZE: u64 = 16 << 20;

/// A question.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Question {
    /// What a file holds.
    Content(PathBuf),
    /// Whether there is a file, a folder, or nothing.
    Kind(PathBuf),
    /// Which sources, manifests and folders a folder holds, and what is to be passed over in it.
    Listing(PathBuf),
}

/// An answer, as the hash of what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Answer([u8; 16]);

/// What tells cheaply that a file or folder was not touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stamp {
    size: u64,
    /// Nanoseconds since 1970.
    modified: u64,
    /// The same of the last change of any kind, which no program can set; 0 where the system does not tell.
    changed: u64,
    inode: u64,
}

/// A question with its answer, and the stamps by which the answer is known to hold still.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    question: Question,
    answer: Answer,
    stamps: Vec<Option<Stamp>>,
}

/// Stamps are as coarse as the file system's clock. What was touched so shortly before a run that a second change could
/// have the same stamp is read again.
const COARSEST: u64 = 2_000_000_000;

type Log = Mutex<FxHashMap<Question, Option<Answer>>>;

static RECORDING: RwLock<Option<Arc<Log>>> = RwLock::new(None);

/// Runs `work`, and gives every question that it asks with its answer; `None` when the disk changed meanwhile. Questions
/// that others ask at the same time are among them, which makes a result hold less often, never wrongly.
pub fn recorded<R>(work: impl FnOnce() -> R) -> (R, Option<Vec<Observation>>) {
    let log = Arc::new(Log::default());
    let started = now();
    *RECORDING.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&log));
    let result = work();
    *RECORDING.write().unwrap_or_else(PoisonError::into_inner) = None;
    let mut asked: Vec<(Question, Option<Answer>)> =
        log.lock().unwrap_or_else(PoisonError::into_inner).drain().collect();
    asked.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    let observations = asked
        .into_par_iter()
        .map(|(question, answer)| {
            let stamps = question.stamps();
            // A folder is answered for now; it must not have changed since the run has walked it.
            let fresh = |stamp: &Option<Stamp>| stamp.is_some_and(|stamp| stamp.newest() >= started);
            if matches!(question, Question::Listing(_)) && stamps.iter().any(fresh) {
                return None;
            }
            let answer = if matches!(question, Question::Listing(_)) { question.ask() } else { answer? };
            Some(Observation { question, answer, stamps })
        })
        .collect();
    (result, observations)
}

impl Observation {
    /// Whether the disk would answer as it did when the run that began at `recorded` (see [`now`]) asked it.
    #[must_use]
    pub fn holds(&self, recorded: u64) -> bool {
        let is_settled = |stamp: &Option<Stamp>| stamp.is_none_or(|stamp| stamp.newest() + COARSEST < recorded);
        let untouched = !matches!(self.question, Question::Kind(_))
            && self.stamps.iter().all(is_settled)
            && self.question.stamps() == self.stamps;
        untouched || self.question.ask() == self.answer
    }

    /// The answer of now.
    #[must_use]
    pub fn of(question: Question) -> Self {
        let stamps = question.stamps();
        Self { answer: question.ask(), question, stamps }
    }

    /// The same question, answered now.
    #[must_use]
    pub fn again(self) -> Self {
        Self::of(self.question)
    }

    /// The folder in which a change would show.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        match &self.question {
            Question::Listing(folder) => Some(folder),
            Question::Content(path) | Question::Kind(path) => path.parent(),
        }
    }
}

impl Question {
    fn ask(&self) -> Answer {
        match self {
            Self::Content(path) => Answer::of_content(&read_file(path)),
            Self::Kind(path) => Answer::of_kind(fs::metadata(path).ok().as_ref()),
            Self::Listing(folder) => listing(folder),
        }
    }

    fn stamps(&self) -> Vec<Option<Stamp>> {
        match self {
            Self::Content(path) => vec![Stamp::of(path)],
            Self::Kind(_) => Vec::new(),
            Self::Listing(folder) => {
                let ignores = IGNORE_FILES.map(|name| Stamp::of(&folder.join(name)));
                std::iter::once(Stamp::of(folder)).chain(ignores).collect()
            }
        }
    }
}

impl Answer {
    fn of(parts: &[&[u8]]) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        let mut out = [0; 16];
        out.copy_from_slice(hasher.finalize().as_bytes().get(..16).unwrap_or(&[0; 16]));
        Self(out)
    }

    /// The answer for a file that holds this.
    #[must_use]
    pub fn of_text(text: &[u8]) -> Self {
        Self::of(&[b"content", text])
    }

    fn of_content(read: &io::Result<Option<Vec<u8>>>) -> Self {
        match read {
            Ok(Some(bytes)) => Self::of_text(bytes),
            Ok(None) => Self::of(&[b"large"]),
            Err(error) => Self::of(&[b"error", format!("{:?}", error.kind()).as_bytes()]),
        }
    }

    fn of_kind(metadata: Option<&Metadata>) -> Self {
        let kind: &[u8] = match metadata {
            Some(metadata) if metadata.is_file() => b"file",
            Some(metadata) if metadata.is_dir() => b"folder",
            Some(_) => b"other",
            None => b"nothing",
        };
        Self::of(&[b"kind", kind])
    }
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let metadata = fs::symlink_metadata(path).ok()?;
        // A link says nothing of what it leads to.
        let metadata = if metadata.is_symlink() { fs::metadata(path).ok()? } else { metadata };
        let since = |time: SystemTime| time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
        let modified = metadata.modified().map_or(0, since);
        #[cfg(unix)]
        let (changed, inode) = {
            use std::os::unix::fs::MetadataExt as _;
            let seconds = u64::try_from(metadata.ctime()).unwrap_or(0);
            (seconds * 1_000_000_000 + u64::try_from(metadata.ctime_nsec()).unwrap_or(0), metadata.ino())
        };
        #[cfg(not(unix))]
        let (changed, inode) = (0, 0);
        Some(Self { size: metadata.len(), modified: u64::try_from(modified).unwrap_or(u64::MAX), changed, inode })
    }

    fn newest(&self) -> u64 {
        self.modified.max(self.changed)
    }
}

/// Nanoseconds since 1970.
#[must_use]
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

fn note(question: impl FnOnce() -> Question, answer: impl FnOnce() -> Option<Answer>) {
    let recording = RECORDING.read().unwrap_or_else(PoisonError::into_inner).clone();
    let Some(log) = recording else { return };
    let (question, answer) = (question(), answer());
    let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
    match log.entry(question) {
        std::collections::hash_map::Entry::Vacant(entry) => {
            entry.insert(answer);
        }
        // Two answers to one question: neither can be relied on.
        std::collections::hash_map::Entry::Occupied(mut entry) if *entry.get() != answer => {
            entry.insert(None);
        }
        std::collections::hash_map::Entry::Occupied(_) => {}
    }
}

/// The bytes of a file; `None` when it is larger than [`MAX_FILE_SIZE`].
///
/// # Errors
/// When it cannot be read.
pub fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let read = read_file(path);
    note(|| Question::Content(path.to_path_buf()), || Some(Answer::of_content(&read)));
    read
}

/// The text of a file.
///
/// # Errors
/// When it cannot be read, is too large, or is not UTF-8.
pub fn read_to_string(path: &Path) -> io::Result<String> {
    let bytes = read(path)?.ok_or_else(|| io::Error::other("it is too large"))?;
    String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is no UTF-8 text"))
}

/// The size is not taken on trust: a file may grow.
fn read_file(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    if size > MAX_FILE_SIZE {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0) + 1);
    file.take(MAX_FILE_SIZE + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= MAX_FILE_SIZE).then_some(bytes))
}

/// What stands at a path; links are followed.
#[must_use]
pub fn metadata(path: &Path) -> Option<Metadata> {
    let metadata = fs::metadata(path).ok();
    note(|| Question::Kind(path.to_path_buf()), || Some(Answer::of_kind(metadata.as_ref())));
    metadata
}

/// There is a file.
#[must_use]
pub fn is_file(path: &Path) -> bool {
    metadata(path).is_some_and(|metadata| metadata.is_file())
}

/// There is something.
#[must_use]
pub fn exists(path: &Path) -> bool {
    metadata(path).is_some()
}

/// A folder is walked, or looked at to see whether it is to be walked.
pub fn walked(folder: &Path) {
    note(|| Question::Listing(folder.to_path_buf()), || None);
}

const IGNORE_FILES: [&str; 2] = [".gitignore", ".ignore"];

/// What a walk goes by: names of sources, manifests, markers of caches and folders, and the texts of ignore files.
fn listing(folder: &Path) -> Answer {
    let matters = |entry: &fs::DirEntry| {
        let name = entry.file_name();
        // Hidden folders are not walked.
        if name.as_encoded_bytes().starts_with(b".") {
            return None;
        }
        let is_folder = entry.file_type().is_ok_and(|kind| !kind.is_file());
        let named = ["Cargo.toml", "CACHEDIR.TAG"].iter().any(|known| name == *known);
        let is_source = Path::new(&name).extension().is_some_and(|extension| extension == "rs");
        (is_folder || named || is_source).then(|| (name.as_encoded_bytes().to_vec(), is_folder))
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return Answer::of(&[b"unlisted", format!("{:?}", error.kind()).as_bytes()]),
    };
    let mut names: Vec<(Vec<u8>, bool)> = entries.flatten().filter_map(|entry| matters(&entry)).collect();
    names.sort_unstable();
    let mut parts: Vec<&[u8]> = vec![b"listing"];
    for (name, is_folder) in &names {
        parts.extend([name.as_slice(), if *is_folder { b"folder" } else { b"file" }]);
    }
    let ignores = IGNORE_FILES.map(|name| fs::read(folder.join(name)).unwrap_or_default());
    parts.extend(ignores.iter().map(Vec::as_slice));
    Answer::of(&parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recording is one for the whole process.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

    fn observe(work: impl FnOnce()) -> Vec<Observation> {
        let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        recorded(work).1.unwrap()
    }

    /// Whether what was asked about this folder would be answered alike, by stamps and by content.
    fn holds(observations: &[Observation], below: &Path) -> (bool, bool) {
        let ours = || {
            observations.iter().filter(|observation| match &observation.question {
                Question::Content(path) | Question::Kind(path) | Question::Listing(path) => path.starts_with(below),
            })
        };
        assert!(ours().count() > 0);
        (ours().all(|one| one.holds(u64::MAX)), ours().all(|one| one.holds(0)))
    }

    #[test]
    fn an_answer_holds_until_what_was_asked_for_changes() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::write(path("a.rs"), "1").unwrap();
        fs::write(path("other.txt"), "1").unwrap();
        let ask = || {
            observe(|| {
                assert_eq!(read(&path("a.rs")).unwrap().unwrap(), b"1");
                assert!(read_to_string(&path("none.rs")).is_err() && !exists(&path("later")));
            })
        };
        let before = ask();
        assert_eq!(holds(&before, dir.path()), (true, true));
        fs::write(path("other.txt"), "2").unwrap();
        assert_eq!(holds(&before, dir.path()), (true, true));
        // The same again is a new stamp and the old answer.
        fs::write(path("a.rs"), "1").unwrap();
        assert_eq!(holds(&before, dir.path()), (true, true));
        fs::write(path("none.rs"), "").unwrap();
        assert_eq!(holds(&before, dir.path()), (false, false));
        fs::remove_file(path("none.rs")).unwrap();
        fs::create_dir(path("later")).unwrap();
        assert_eq!(holds(&before, dir.path()), (false, false));
        fs::remove_dir(path("later")).unwrap();
        fs::write(path("a.rs"), "2").unwrap();
        assert!(!holds(&before, dir.path()).1);
        fs::remove_file(path("a.rs")).unwrap();
        assert_eq!(holds(&before, dir.path()), (false, false));
    }

    #[test]
    fn a_folder_is_what_a_walk_would_find() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::write(path("a.rs"), "1").unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
        let before = observe(|| walked(dir.path()));
        fs::write(path("note.txt"), "1").unwrap();
        fs::write(path("a.rs"), "2").unwrap();
        assert_eq!(holds(&before, dir.path()), (true, true));
        for (name, is_folder) in [("b.rs", false), ("Cargo.toml", false), (".gitignore", false), ("sub", true)] {
            if is_folder {
                fs::create_dir(path(name)).unwrap()
            } else {
                fs::write(path(name), "*").unwrap()
            }
            assert_eq!(holds(&before, dir.path()), (false, false), "{name}");
            if is_folder {
                fs::remove_dir(path(name)).unwrap()
            } else {
                fs::remove_file(path(name)).unwrap()
            }
            assert_eq!(holds(&before, dir.path()), (true, true), "{name}");
        }
    }

    #[test]
    fn two_answers_to_one_question_are_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.rs");
        let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, observations) = recorded(|| {
            fs::write(&path, "1").unwrap();
            read(&path).unwrap();
            fs::write(&path, "2").unwrap();
            read(&path).unwrap();
        });
        assert_eq!(observations, None);
    }
}
