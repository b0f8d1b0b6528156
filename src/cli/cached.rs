//! What a check finds, as of an earlier run where nothing has changed since.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::args::CheckArgs;
use super::failure::Failure;
use super::ground::Ground;
use super::{check, setup, terminal};
use crate::cache::{FactsPack, Folder, Key, Remembered, remember, remembered};
use crate::date;
use crate::disk::{self, Observation};
use crate::report::Style;
use crate::run::{Analysis, Judged, Stage};

/// Where results are kept.
#[derive(Debug, Args)]
#[command(next_help_heading = "Cache")]
pub(super) struct CacheArgs {
    /// Neither use nor keep what runs leave behind for the next one
    #[arg(long)]
    pub(super) no_cache: bool,
    /// Where to keep it [default: cache-lint in the user's folder for caches]
    #[arg(
        long,
        value_name = "PATH",
        env = "CACHE_LINT_CACHE_DIR",
        hide_env_values = true,
        value_hint = ValueHint::DirPath
    )]
    pub(super) cache_dir: Option<PathBuf>,
}

impl CacheArgs {
    /// The folder, where one is wanted and known.
    pub(super) fn folder(&self) -> Option<Folder> {
        if self.no_cache {
            return None;
        }
        match &self.cache_dir {
            Some(path) if !path.as_os_str().is_empty() => Some(Folder::at(path.clone())),
            _ => Folder::usual(),
        }
    }
}

/// `cache-lint clean`.
pub(super) fn clean(args: &CacheArgs) -> Result<(), Failure> {
    let style = terminal::of_stdout(super::format::ColorChoice::Auto);
    let Some(folder) = args.folder() else {
        return terminal::print("there is no cache\n", style);
    };
    let path = folder.path().display();
    let count = folder
        .clean()
        .map_err(|error| Failure::other(format!("cannot clean `{path}`: {error}"), "remove the folder by hand"))?;
    let entries = if count == 1 { "1 entry".to_owned() } else { format!("{count} entries") };
    terminal::print(&format!("removed {entries} from `{path}`\n"), style)
}

/// What a check has found.
pub(super) struct Checked {
    pub(super) analysis: Analysis,
    pub(super) judged: Vec<Judged>,
    /// What it has asked of the disk; nothing where nobody will ask, or the disk changed meanwhile.
    pub(super) observed: Option<Vec<Observation>>,
    /// When it began; see [`disk::now`].
    pub(super) began: u64,
}

/// Analyses and judges, unless an earlier run has and everything that it asked of the disk is as it was.
pub(super) fn check(ground: &Ground, args: &CheckArgs, style: Style) -> Result<Checked, Failure> {
    let prepared = setup::prepare(ground, &args.input, &args.policy, style)?;
    let today = date::today();
    // A copy of the index has another place each time.
    // What could not be resolved is not kept.
    let folder = args.input.cache.folder().filter(|_| !ground.is_staged() && !args.report.show_undetermined);
    let key = folder.and_then(|folder| {
        let key = Key::of(&prepared.options, &prepared.policy, &check::judgement(args, &prepared.policy, &today))?;
        Some((folder, key))
    });
    if let Some((folder, key)) = &key {
        let tests = prepared.options.tests || prepared.policy.tests;
        if let Some(hit) = remembered(folder, key, &ground.cwd, &prepared.policy, tests) {
            let Remembered { analysis, judged, observed, began } = hit;
            let hit = Checked { analysis, judged, observed: Some(observed), began };
            if args.input.verbose {
                terminal::complain("nothing has changed since an earlier run\n", style);
            }
            return Ok(hit);
        }
    }
    let facts = facts(ground, &args.input.cache);
    let run = || {
        let (analysis, stages) = prepared.run(facts.as_ref())?;
        stages.enter(Stage::Judging(analysis.inventory.operations.len()));
        let judged = check::judged(args, &analysis, &today);
        stages.end();
        Ok::<_, Failure>((analysis, judged))
    };
    let began = disk::now();
    let (found, observed) = if key.is_some() || args.watch { disk::recorded(run) } else { (run(), None) };
    let (analysis, judged) = found?;
    if let (Some((folder, key)), Some(observed)) = (&key, &observed) {
        remember(folder, key, began, observed, &analysis, &judged);
    }
    if let Some(facts) = facts {
        facts.close();
    }
    Ok(Checked { analysis, judged, observed, began })
}

/// What earlier runs know of the files around the working directory.
pub(super) fn facts(ground: &Ground, args: &CacheArgs) -> Option<FactsPack> {
    Some(FactsPack::open(&args.folder()?, ground.project()))
}
