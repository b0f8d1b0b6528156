//! What a change has brought: the findings that touch a file now, and are not there when the file is as it was before.
//!
//! Everything else stays as it is in the second look, so what is told is what this file's change has done, wherever the
//! cause and the effect stand.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::cache::{FactsPack, Folder};
use crate::cli::args::PolicyArgs;
use crate::cli::failure::Failure;
use crate::cli::setup;
use crate::date;
use crate::facts::lower::Memory;
use crate::finding::{Confidence, FileId, Level};
use crate::levels::Levels;
use crate::policy::{FILE_NAMES, Policy};
use crate::report::{Report, View, agent};
use crate::run::{self, Analysis, Judged, Judgement, RunOptions, judge};
use crate::source::{LoadOptions, SourceLoadError, Stdin};

/// The project of a session.
pub(super) struct Project<'a> {
    /// The working directory, canonical.
    pub(super) root: PathBuf,
    pub(super) policy: &'a PolicyArgs,
    /// Where earlier runs have left what the files say.
    pub(super) cache: Option<Folder>,
}

/// Findings that were not there before.
#[derive(Debug, Default)]
pub(super) struct Brought {
    analysis: Analysis,
    judged: Vec<Judged>,
}

impl Brought {
    pub(super) fn worst(&self) -> Option<Level> {
        self.judged.iter().map(|judged| judged.finding.level).max()
    }

    pub(super) fn fingerprints(&self) -> impl Iterator<Item = &str> {
        self.judged.iter().map(|judged| judged.fingerprint.as_str())
    }

    pub(super) fn retain(&mut self, keep: impl Fn(&Judged) -> bool) {
        self.judged.retain(keep);
    }

    /// A line for each.
    pub(super) fn lines(&self) -> String {
        let view = View {
            min_level: Level::Note,
            min_confidence: Confidence::Undetermined,
            suppressed: false,
            known: true,
            changed_only: false,
            quiet: true,
            help: true,
            undetermined: false,
            statistics: false,
        };
        agent::render(&Report::new(&self.analysis, &self.judged, view))
    }
}

impl Project<'_> {
    /// What the change of `file` has brought. `before` gives its text before the change, and is asked only if there is
    /// anything at all.
    pub(super) fn brought_by(&self, file: &Path, before: &dyn Fn() -> String) -> Result<Brought, Failure> {
        self.brought_in(&self.workspace_of(file), &[file.to_path_buf()], &|_| before())
    }

    /// What the changes of these files of one workspace have brought.
    pub(super) fn brought_in(
        &self,
        folder: &Path,
        files: &[PathBuf],
        before: &dyn Fn(&Path) -> String,
    ) -> Result<Brought, Failure> {
        let policy = setup::policy(self.policy, &[folder.to_path_buf()])?;
        let Some((analysis, judged)) = self.look(folder, policy, None)? else { return Ok(Brought::default()) };
        let mut news = BTreeSet::new();
        for file in files {
            let touching: Vec<&Judged> = judged.iter().filter(|judged| self.touches(&analysis, judged, file)).collect();
            if touching.is_empty() {
                continue;
            }
            let text = before(file);
            let known = self.known(folder, file, &text)?;
            news.extend(
                touching.iter().map(|judged| judged.fingerprint.clone()).filter(|print| !known.contains(print)),
            );
        }
        let judged = judged.into_iter().filter(|judged| news.contains(&judged.fingerprint)).collect();
        Ok(Brought { analysis, judged })
    }

    /// The fingerprints of all findings with `file` as it was before.
    fn known(&self, folder: &Path, file: &Path, text: &str) -> Result<BTreeSet<String>, Failure> {
        let seen = if is_rule_file(file) {
            // A rule file that could not be read judged nothing.
            match setup::with_vocabulary(|known| Policy::parse(&file.to_string_lossy(), text, known)) {
                Ok(policy) => self.look(folder, policy, None)?,
                Err(_) => None,
            }
        } else {
            let policy = setup::policy(self.policy, &[folder.to_path_buf()])?;
            self.look(folder, policy, Some(Stdin { text: text.to_owned(), filename: Some(file.to_path_buf()) }))?
        };
        Ok(seen.into_iter().flat_map(|(_, judged)| judged).map(|judged| judged.fingerprint).collect())
    }

    /// The findings that an agent is told of; nothing where there is no Rust source.
    fn look(
        &self,
        folder: &Path,
        policy: Policy,
        stdin: Option<Stdin>,
    ) -> Result<Option<(Analysis, Vec<Judged>)>, Failure> {
        let load =
            LoadOptions { paths: vec![folder.to_path_buf()], cwd: self.root.clone(), stdin, ..LoadOptions::default() };
        let facts = self.cache.as_ref().map(|cache| FactsPack::open(cache, self.repository()));
        let memory = facts.as_ref().map(|facts| facts as &dyn Memory);
        let options = RunOptions { load, ..RunOptions::default() };
        let analysis = run::analyse_with(options, policy, memory, &|_| {});
        if let Some(facts) = facts {
            facts.close();
        }
        let analysis = match analysis {
            Ok(analysis) => analysis,
            Err(SourceLoadError::NothingToCheck { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let today = date::today();
        let levels = Levels { policy: &analysis.policy, overrides: &[], only: &[], skip: &[] };
        let mut judged = judge(&analysis, &Judgement { levels, no_ignores: false, today: &today });
        let sure = analysis.policy.min_confidence();
        judged.retain(|Judged { finding, suppression, .. }| {
            // A file that is no Rust yet is the compiler's business, and often the next edit's.
            suppression.is_none()
                && finding.level >= Level::Warning
                && finding.confidence >= sure
                && finding.rule != "parse-error"
        });
        Ok(Some((analysis, judged)))
    }

    /// The root of the repository; that of the project where there is none.
    fn repository(&self) -> &Path {
        self.root.ancestors().find(|folder| folder.join(".git").exists()).unwrap_or(&self.root)
    }

    /// Whether any place of a finding lies in `file`.
    fn touches(&self, analysis: &Analysis, judged: &Judged, file: &Path) -> bool {
        let is_it = |id: FileId| match (analysis.workspace.file(id), analysis.policy.source(id)) {
            (Some(source), _) => source.absolute == file,
            (None, Some(source)) => self.root.join(&source.path).canonicalize().is_ok_and(|path| path == file),
            (None, None) => false,
        };
        let finding = &judged.finding;
        is_it(finding.primary.file) || finding.labels.iter().any(|label| is_it(label.place.file))
    }

    /// The folder that is analysed for a file: that of the outermost manifest between it and the root of its repository
    /// (or of the project, where there is none), because keys are followed over packages.
    pub(super) fn workspace_of(&self, file: &Path) -> PathBuf {
        let folder = if is_rule_file(file) { below(file) } else { file.parent().unwrap_or(file).to_path_buf() };
        let top = folder.ancestors().find(|above| above.join(".git").exists());
        let top = top.map_or_else(|| self.root.clone(), Path::to_path_buf);
        let inside = folder.ancestors().take_while(|above| above.starts_with(&top));
        let outermost = inside.filter(|above| above.join("Cargo.toml").is_file()).last();
        // What a rule file says holds below it, whatever else there is above.
        match outermost.filter(|_| !is_rule_file(file)) {
            Some(outermost) => outermost.to_path_buf(),
            None => folder,
        }
    }
}

/// The folder that a rule file holds for.
fn below(file: &Path) -> PathBuf {
    let folder = file.parent().unwrap_or(file);
    let above = folder.parent().filter(|_| folder.file_name().is_some_and(|name| name == ".config"));
    above.unwrap_or(folder).to_path_buf()
}

pub(super) fn is_rust(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "rs")
}

pub(super) fn is_rule_file(file: &Path) -> bool {
    FILE_NAMES.iter().any(|name| file.ends_with(name))
}
