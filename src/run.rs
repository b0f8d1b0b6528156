//! The stages joined: from paths to what is reported.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::clients::Catalogue;
use crate::disk;
use crate::facts::lower::{Memory, lower_all_with};
use crate::finding::{BaselineState, FileId, Finding, Level, Place};
use crate::fingerprint::{Fingerprints, Identity};
use crate::fixes::{self, Ground};
use crate::inventory::{self, Inventory, Operation};
use crate::levels::Levels;
use crate::link::{LinkOptions, link};
use crate::policy::{Policy, Subject};
use crate::rules::{self, Category, Context, Meta};
use crate::schema::{self, LockFile};
use crate::source::{LoadOptions, SourceLoadError, Workspace, normalize};
use crate::suppress::{self, FileDirectives, Settings, Suppression};

/// Stack of the thread that evaluates: it recurses with the nesting of the code.
const STACK: usize = 512 << 20;

/// What a run found.
#[derive(Debug, Default)]
pub struct Analysis {
    /// The files.
    pub workspace: Workspace,
    /// The operations.
    pub inventory: Inventory,
    /// The lock files of stored structures.
    pub locks: Vec<LockFile>,
    /// The rule file.
    pub policy: Policy,
    /// What calls of clients mean.
    pub catalogue: Catalogue,
    /// The suppression comments of the files that were asked for.
    pub directives: Vec<FileDirectives>,
    /// The working directory, absolute: what paths are shown relative to.
    pub cwd: PathBuf,
    /// Test code was looked at as well.
    pub tests: bool,
    /// How much was looked at.
    pub extent: Extent,
}

/// How much was looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// Files that were asked for and read.
    pub files: usize,
    /// Files that were asked for and cannot matter.
    pub files_skipped: usize,
    /// Packages of the files that were read.
    pub packages: usize,
    /// Operations in them.
    pub operations: usize,
    /// Operations of which a key or the TTL could not be resolved.
    pub undetermined: usize,
}

impl Analysis {
    /// The operations that were asked for: those of the named files, and of tests only where these are looked at.
    pub fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.inventory.operations.iter().filter(|op| {
            (self.tests || !op.test) && self.workspace.file(op.place.file).is_some_and(|file| file.selected)
        })
    }

    /// With its extent, counted.
    #[must_use]
    pub fn measured(mut self) -> Self {
        let selected = || self.workspace.files.iter().filter(|file| file.selected);
        let read = || selected().filter(|file| file.content.is_some());
        let packages: BTreeSet<_> = read().map(|file| file.package).collect();
        self.extent = Extent {
            files: read().count(),
            files_skipped: selected().count() - read().count(),
            packages: packages.len(),
            operations: self.operations().count(),
            undetermined: self.operations().filter(|op| !op.is_resolved()).count(),
        };
        self
    }

    /// The root of the repository around the working directory; the working directory where there is none.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.cwd.ancestors().find(|folder| disk::exists(&folder.join(".git"))).unwrap_or(&self.cwd)
    }

    /// The absolute path of a place's file; `None` for the rules that come with the tool.
    #[must_use]
    pub fn absolute(&self, file: FileId) -> Option<PathBuf> {
        if let Some(file) = self.workspace.file(file) {
            return Some(file.absolute.clone());
        }
        if let Some(lock) = self.locks.iter().find(|lock| lock.file == file) {
            return Some(lock.absolute.clone());
        }
        let source = self.policy.source(file).filter(|source| !source.embedded)?;
        Some(normalize(&self.cwd.join(&source.path)))
    }

    /// The path of a file relative to `root`, with `/`: the same from whichever folder the tool is called.
    #[must_use]
    pub fn path_below(&self, root: &Path, file: FileId) -> String {
        let Some(path) = self.absolute(file) else { return String::new() };
        let below = path.strip_prefix(root).map(Path::to_path_buf).unwrap_or(path);
        let shown = below.to_string_lossy();
        if cfg!(windows) { shown.replace('\\', "/") } else { shown.into_owned() }
    }
}

/// Options of the analysis itself.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// What to read. The client packages, what the rule file excludes, and the number of threads are filled in here.
    pub load: LoadOptions,
    /// Test code as well.
    pub tests: bool,
    /// Threads for reading and parsing; 0 for one per processor.
    pub threads: usize,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Files are searched and read.
    Reading,
    /// So many files are parsed.
    Parsing(usize),
    /// What so many files say is joined.
    Following(usize),
    /// So many operations are judged.
    Judging(usize),
}

impl std::fmt::Display for Stage {
    /// For people: "parsing 12 files".
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Reading => f.write_str("reading files"),
            Self::Parsing(files) => write!(f, "parsing {files} files"),
            Self::Following(files) => write!(f, "following keys through {files} files"),
            Self::Judging(operations) => write!(f, "judging {operations} operations"),
        }
    }
}

/// Reads, joins and takes stock. `watch` is told of every stage as it begins.
///
/// # Errors
/// Nothing to check, or a named path that is not there.
pub fn analyse(options: RunOptions, policy: Policy, watch: &dyn Fn(Stage)) -> Result<Analysis, SourceLoadError> {
    analyse_with(options, policy, None, watch)
}

/// The same; files that the memory knows are not parsed.
///
/// # Errors
/// Nothing to check, or a named path that is not there.
pub fn analyse_with(
    options: RunOptions,
    policy: Policy,
    memory: Option<&dyn Memory>,
    watch: &dyn Fn(Stage),
) -> Result<Analysis, SourceLoadError> {
    let RunOptions { threads, tests, .. } = options;
    let tests = tests || policy.tests;
    watch(Stage::Reading);
    let cwd = options.load.cwd.clone();
    let (mut workspace, catalogue) = on_threads(threads, || load(options, &policy))?;
    let read = workspace.files.iter().filter(|file| file.content.is_some()).count();
    watch(Stage::Parsing(read));
    let (facts, errors) = on_threads(threads, || lower_all_with(&workspace, memory));
    workspace.errors.extend(errors);
    workspace.errors.sort_by(|a, b| (&a.path, a.offset, &a.message).cmp(&(&b.path, b.offset, &b.message)));
    watch(Stage::Following(read));
    let options = LinkOptions { tests, stores: &policy.stores, values: &policy.values };
    let (inventory, directives) = on_large_stack(|| {
        let selected = workspace.files.iter().zip(&facts).filter(|(file, _)| file.selected);
        let directives = selected
            .filter_map(|(file, facts)| suppress::collect(file.id, file.content.as_ref()?, facts.as_ref()))
            .collect();
        let inventory = link(&workspace, &facts, &catalogue, options, inventory::build);
        (inventory, directives)
    });
    let locks = schema::load(&mut workspace, &inventory, &cwd);
    let extent = Extent::default();
    Ok(Analysis { workspace, inventory, locks, policy, catalogue, directives, cwd, tests, extent }.measured())
}

/// The files of a run, and the clients that make them matter.
///
/// # Errors
/// Nothing to check, or a named path that is not there.
pub fn load(options: RunOptions, policy: &Policy) -> Result<(Workspace, Catalogue), SourceLoadError> {
    // Mistakes in the tables of a rule file are told when it is read.
    let (catalogue, _) = Catalogue::with_declared(&policy.clients);
    let mut load = options.load;
    load.client_crates = catalogue.relevant_packages().into_iter().map(str::to_owned).collect();
    load.client_words = catalogue.mention_words().into_iter().map(str::to_owned).collect();
    load.include_tests |= options.tests || policy.tests;
    load.threads = options.threads;
    load.exclude.extend(policy.exclude_globs(&load.cwd));
    Ok((Workspace::load(&load)?, catalogue))
}

/// A finding as it is reported: with its final level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// The finding; its level is the one that counts.
    pub finding: Finding,
    /// Why it is not reported, if it is not.
    pub suppression: Option<Suppression>,
    /// Its identity across changes of the code.
    pub fingerprint: String,
    /// How it stands to the baseline; `None` where there is none.
    pub baseline: Option<BaselineState>,
    /// None of its places lies in what was changed. Only set where a run asks for changes.
    pub outside: bool,
}

impl Judged {
    /// The files that it points into.
    pub fn files(&self) -> impl Iterator<Item = FileId> {
        let Finding { primary, labels, flow, fix, .. } = &self.finding;
        let edits = fix.iter().flat_map(|fix| &fix.edits).map(|edit| edit.place);
        let comment = self.suppression.iter().filter_map(|suppression| suppression.place);
        let labels = labels.iter().chain(flow).map(|label| label.place);
        std::iter::once(*primary).chain(labels).chain(edits).chain(comment).map(|place| place.file)
    }
}

/// How findings are judged.
#[derive(Debug, Clone, Copy)]
pub struct Judgement<'a> {
    /// Which rules run, at which level.
    pub levels: Levels<'a>,
    /// Suppression comments and exceptions of the rule file have no effect.
    pub no_ignores: bool,
    /// `2027-03-01`.
    pub today: &'a str,
}

/// Runs the rules, and applies suppressions, exceptions and levels. Sorted by path, place and rule.
#[must_use]
pub fn judge(analysis: &Analysis, how: &Judgement<'_>) -> Vec<Judged> {
    let Analysis { inventory, policy, workspace, locks, .. } = analysis;
    let runs = |meta: &Meta| how.levels.runs(meta);
    let mut findings = rules::run(Context { inventory, policy, workspace, locks }, analysis.tests, runs);
    // A place in a rule file belongs to every run.
    findings.retain(|finding| workspace.file(finding.primary.file).is_none_or(|file| file.selected));
    let settings = Settings {
        today: how.today,
        ignored: how.no_ignores,
        require_until: policy.require_until,
        tests: analysis.tests,
        ran: &runs,
    };
    let (marks, about_comments) = suppress::apply(&findings, &analysis.directives, &settings);
    let exceptions = Exceptions::of(analysis, how.today);
    let mut judged: Vec<Judged> = findings
        .into_iter()
        .zip(marks)
        .chain(about_comments.into_iter().map(|finding| (finding, None)))
        .filter_map(|(mut finding, mark)| {
            let meta = rules::find(finding.rule)?.meta();
            if !runs(meta) {
                return None;
            }
            finding.level = how.levels.level(meta, finding.level);
            // A line of the rules that come with the tool is in no file of the reader's.
            finding.labels.retain(|label| policy.source(label.place.file).is_none_or(|source| !source.embedded));
            let excepted = || if how.no_ignores { None } else { exceptions.of_finding(&finding, meta) };
            let suppression = mark.or_else(excepted);
            (finding.level != Level::Off).then_some(Judged {
                finding,
                suppression,
                fingerprint: String::new(),
                baseline: None,
                outside: false,
            })
        })
        .collect();
    judged.sort_by(|a, b| sort_key(analysis, &a.finding).cmp(&sort_key(analysis, &b.finding)));
    judged.dedup_by(|a, b| a.finding == b.finding);
    propose_fixes(analysis, &mut judged);
    let prints = fingerprints(analysis, &judged);
    for (judged, print) in judged.iter_mut().zip(prints) {
        judged.fingerprint = print;
    }
    judged
}

/// Gives findings their fixes. What is suppressed stays as it is.
fn propose_fixes(analysis: &Analysis, judged: &mut [Judged]) {
    let Analysis { inventory, policy, workspace, catalogue, directives, .. } = analysis;
    let ground = Ground { workspace, inventory, policy, catalogue, directives };
    let findings: Vec<Finding> = judged.iter().map(|judged| judged.finding.clone()).collect();
    let proposed = on_large_stack(|| fixes::propose(ground, &findings));
    for (judged, fix) in judged.iter_mut().zip(proposed) {
        if judged.suppression.is_none() && judged.finding.fix.is_none() {
            judged.finding.fix = fix;
        }
    }
}

fn sort_key<'a>(analysis: &'a Analysis, finding: &'a Finding) -> (&'a str, u32, &'a str, &'a str, &'a str) {
    let path = path_of(analysis, finding);
    (path, finding.primary.span.start, finding.rule, &finding.discriminator, &finding.message)
}

fn path_of<'a>(analysis: &'a Analysis, finding: &Finding) -> &'a str {
    let file = finding.primary.file;
    let in_code = analysis.workspace.file(file).map(|file| file.path.as_str());
    in_code.or_else(|| analysis.policy.source(file).map(|source| source.path.as_str())).unwrap_or_default()
}

fn fingerprints(analysis: &Analysis, judged: &[Judged]) -> Vec<String> {
    let root = analysis.root();
    let path = |judged: &Judged| analysis.path_below(root, judged.finding.primary.file);
    let paths: Vec<String> = judged.iter().map(path).collect();
    let mut prints = Fingerprints::default();
    let identities = judged.iter().zip(&paths).map(|(Judged { finding, .. }, path)| Identity {
        rule: finding.rule,
        path,
        function: &finding.function,
        discriminator: &finding.discriminator,
    });
    identities.map(|identity| prints.next(identity)).collect()
}

/// The exceptions of the rule file.
struct Exceptions<'a> {
    analysis: &'a Analysis,
    today: &'a str,
    operations: FxHashMap<Place, &'a Operation>,
}

impl<'a> Exceptions<'a> {
    fn of(analysis: &'a Analysis, today: &'a str) -> Self {
        let idle = analysis.policy.exceptions.is_empty();
        let all = if idle { &[][..] } else { &analysis.inventory.operations };
        Self { analysis, today, operations: all.iter().map(|op| (op.place, op)).collect() }
    }

    fn of_finding(&self, finding: &Finding, meta: &Meta) -> Option<Suppression> {
        if self.analysis.policy.exceptions.is_empty() || meta.category == Category::Run {
            return None;
        }
        let subject = Subject {
            rule: meta.id,
            category: meta.category.word(),
            template: self.operations.get(&finding.primary).and_then(|op| op.template()),
            path: Path::new(path_of(self.analysis, finding)),
            function: &finding.function,
        };
        let exception = self.analysis.policy.exception(subject, self.today)?;
        Some(Suppression { reason: exception.reason.clone(), place: None })
    }
}

/// Runs `work` on as many threads; on one per processor for 0, or where there are not as many to be had.
fn on_threads<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
    if threads == 0 {
        return work();
    }
    match rayon::ThreadPoolBuilder::new().num_threads(threads).build() {
        Ok(pool) => pool.install(work),
        Err(_) => work(),
    }
}

/// Runs `work` on a thread with a large stack.
pub(crate) fn on_large_stack<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("link".to_owned()).stack_size(STACK).spawn_scoped(scope, work);
        match thread {
            Ok(handle) => match handle.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            },
            // Only when the system gives no more threads.
            Err(_) => std::process::abort(),
        }
    })
}
