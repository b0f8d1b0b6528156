//! The result of a run, kept with every question that the run has asked the disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cache_schema::lock::Lock;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Folder;
use crate::disk::{self, Answer, Observation};
use crate::finding::FileId;
use crate::policy::Policy;
use crate::rules::find;
use crate::run::{Analysis, Extent, Judged, Judgement, RunOptions};
use crate::schema::LockFile;
use crate::source::{Content, Package, PackageId, SourceError, SourceFile, Workspace, normalize};
use crate::text::LineIndex;

/// What a result depends on beside the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// The key of a run with these options; `None` for one whose result depends on more.
    #[must_use]
    pub fn of(options: &RunOptions, policy: &Policy, how: &Judgement<'_>) -> Option<Self> {
        if options.load.stdin.is_some() {
            return None;
        }
        let mut hasher = blake3::Hasher::new();
        let mut add = |part: &str| {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        };
        add("run 1");
        add(&tool());
        add(&format!("{:?}", (&options.load, options.tests)));
        add(&format!("{:?}", (how.levels.overrides, how.levels.only, how.levels.skip, how.no_ignores, how.today)));
        for source in &policy.sources {
            add(&source.path);
            add(&source.text);
        }
        Some(Self(format!("run-{}", hasher.finalize().to_hex().get(..32).unwrap_or_default())))
    }
}

/// The version, and the stamp of the program: two builds of one version need not find the same.
pub(super) fn tool() -> String {
    let stamp =
        std::env::current_exe().and_then(std::fs::metadata).map(|program| (program.len(), program.modified().ok()));
    format!("{} {:?}", env!("CARGO_PKG_VERSION"), stamp.ok())
}

/// The result of an earlier run.
#[derive(Debug)]
pub struct Remembered {
    /// What reports show: no operations, and only the texts of files that findings point into.
    pub analysis: Analysis,
    /// The findings.
    pub judged: Vec<Judged>,
    /// What the run asked of the disk.
    pub observed: Vec<Observation>,
    /// When it began.
    pub began: u64,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    began: u64,
    observed: Vec<Observation>,
    files: Vec<FileRow>,
    /// Without their dependencies, which no report shows.
    packages: Vec<Package>,
    errors: Vec<SourceError>,
    extent: Extent,
    locks: Vec<LockRow>,
    /// With the rule's id, which findings only borrow.
    judged: Vec<(String, Judged)>,
}

/// A `cache-schema.lock`.
#[derive(Serialize, Deserialize)]
struct LockRow {
    file: FileId,
    path: String,
    absolute: PathBuf,
    text: Option<String>,
    broken: bool,
}

#[derive(Serialize, Deserialize)]
struct FileRow {
    path: String,
    package: u32,
    test: bool,
    selected: bool,
    read: bool,
    /// What it held, where something is to be shown of it.
    shown: Option<Answer>,
}

/// Keeps what a run that began at `began` (see [`disk::now`]) has found.
pub fn remember(
    folder: &Folder,
    key: &Key,
    began: u64,
    observed: &[Observation],
    analysis: &Analysis,
    judged: &[Judged],
) {
    let is_shown = shown(analysis, judged);
    let files = analysis.workspace.files.iter().map(|file| FileRow {
        path: file.path.clone(),
        package: file.package.0,
        test: file.test,
        selected: file.selected,
        read: file.content.is_some(),
        shown: file
            .content
            .as_ref()
            .filter(|_| is_shown(file.id))
            .map(|content| Answer::of_text(content.text.as_bytes())),
    });
    let packages = analysis.workspace.packages.iter().cloned();
    let packages = packages.map(|package| Package { dependencies: Vec::new(), ..package });
    let entry = Entry {
        began,
        observed: observed.to_vec(),
        files: files.collect(),
        packages: packages.collect(),
        errors: analysis.workspace.errors.clone(),
        extent: analysis.extent,
        locks: analysis.locks.iter().map(LockRow::of).collect(),
        judged: judged.iter().map(|judged| (judged.finding.rule.to_owned(), judged.clone())).collect(),
    };
    if let Ok(bytes) = postcard::to_stdvec(&entry) {
        folder.write(&key.0, &bytes);
    }
}

impl LockRow {
    fn of(lock: &LockFile) -> Self {
        let LockFile { file, path, absolute, text, broken, .. } = lock.clone();
        Self { file, path, absolute, text, broken }
    }

    /// What reports show of it.
    fn shown(self) -> LockFile {
        let Self { file, path, absolute, text, broken } = self;
        LockFile { file, path, absolute, text, lock: Lock::default(), packages: Vec::new(), broken }
    }
}

/// Whether something is to be shown of a file.
fn shown(analysis: &Analysis, judged: &[Judged]) -> impl Fn(FileId) -> bool {
    let mut files: Vec<FileId> = judged.iter().flat_map(|judged| judged.files()).collect();
    files.extend(analysis.workspace.errors.iter().filter_map(|error| error.file));
    files.sort_unstable();
    files.dedup();
    move |file| files.binary_search(&file).is_ok()
}

/// The result of an earlier run with this key, if the disk would give it the same answers.
#[must_use]
pub fn remembered(folder: &Folder, key: &Key, cwd: &Path, policy: &Policy, tests: bool) -> Option<Remembered> {
    let entry: Entry = postcard::from_bytes(&folder.read(&key.0)?).ok()?;
    if !entry.observed.par_iter().all(|observation| observation.holds(entry.began)) {
        return None;
    }
    let files: Option<Vec<SourceFile>> =
        entry.files.into_iter().zip(0..).map(|(row, id)| file(row, FileId(id), cwd)).collect();
    let workspace = Workspace { files: files?, packages: entry.packages, errors: entry.errors };
    let judged: Option<Vec<Judged>> = entry
        .judged
        .into_iter()
        .map(|(rule, mut judged)| {
            judged.finding.rule = find(&rule)?.meta().id;
            Some(judged)
        })
        .collect();
    let analysis = Analysis {
        workspace,
        policy: policy.clone(),
        cwd: cwd.to_path_buf(),
        tests,
        extent: entry.extent,
        locks: entry.locks.into_iter().map(LockRow::shown).collect(),
        ..Analysis::default()
    };
    Some(Remembered { analysis, judged: judged?, observed: entry.observed, began: entry.began })
}

fn file(row: FileRow, id: FileId, cwd: &Path) -> Option<SourceFile> {
    let absolute = normalize(&cwd.join(&row.path));
    let content = match row.shown {
        Some(answer) => {
            let bytes = disk::read(&absolute).ok()??;
            if Answer::of_text(&bytes) != answer {
                return None;
            }
            let text = String::from_utf8(bytes).ok()?;
            Some(Content { lines: Arc::new(LineIndex::new(&text)), text: text.into() })
        }
        // That it was read still says that it was looked at.
        None if row.read => Some(Content { text: Arc::from(""), lines: Arc::default() }),
        None => None,
    };
    Some(SourceFile {
        id,
        path: row.path,
        absolute,
        package: PackageId(row.package),
        test: row.test,
        selected: row.selected,
        content,
    })
}
