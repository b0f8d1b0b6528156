//! `check --watch`: checks again whenever the disk would give another answer.
//!
//! The folders that a run has asked about are watched, and no others. An event only says that it is time to look: whether
//! anything that matters has changed is told by the questions of the last run, so builds, editors' swap files and the
//! tool's own cache set nothing off.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use notify_debouncer_mini::notify::{self, RecommendedWatcher, RecursiveMode};
use notify_debouncer_mini::{DebounceEventResult, Debouncer, new_debouncer};
use rayon::prelude::*;

use super::args::CheckArgs;
use super::check::{self, Seen};
use super::failure::Failure;
use super::ground::Ground;
use super::terminal;
use crate::disk::{self, Observation, Question};
use crate::policy::FILE_NAMES;

/// Events that follow each other within this time are one: editors write a file in several steps.
const TOGETHER: Duration = Duration::from_millis(100);

/// Runs until the process is ended.
pub(super) fn run(args: &CheckArgs) -> Result<u8, Failure> {
    if args.input.paths.iter().any(|path| path.as_os_str() == "-") {
        return Err(Failure::other("a text from standard input does not change", "leave out `-`, or `--watch`"));
    }
    let (sender, events) = mpsc::channel();
    let mut watch = Watch {
        debouncer: new_debouncer(TOGETHER, sender).map_err(|error| refused(&error))?,
        ground: Ground::work_tree()?,
        folders: BTreeSet::new(),
        observed: Vec::new(),
        since: 0,
        rule_files: BTreeSet::new(),
        is_late: false,
    };
    let style = terminal::of_stderr(args.output.color);
    loop {
        if io::stdout().is_terminal() {
            // The screen, what has scrolled out of it, and the cursor. A terminal that is gone needs no clearing.
            let _ = io::stdout().write_all(b"\x1b[2J\x1b[3J\x1b[H");
        }
        match check::once(args, 0) {
            Ok((_, seen)) => watch.after(seen),
            Err(failure) => {
                terminal::complain(&failure.text(style, args.output.format().is_in_lines()), style);
                watch.after_failure();
            }
        }
        watch.follow()?;
        if !args.report.quiet {
            terminal::complain(&format!("{}\n", style.dim("watching for changes; Ctrl-C ends")), style);
        }
        watch.wait(&events)?;
    }
}

/// What is watched, and how it was when it was last looked at.
struct Watch {
    debouncer: Debouncer<RecommendedWatcher>,
    ground: Ground,
    folders: BTreeSet<PathBuf>,
    observed: Vec<Observation>,
    /// When it was observed; see [`disk::now`].
    since: u64,
    /// Those of the last run that could read them, and those that would hold if they were there.
    rule_files: BTreeSet<PathBuf>,
    /// The disk changed during the run.
    is_late: bool,
}

impl Watch {
    fn after(&mut self, seen: Seen) {
        self.is_late = seen.observed.is_none();
        self.since = seen.began;
        self.rule_files = seen.rule_files.into_iter().chain(possible_rule_files(&self.ground)).collect();
        self.observed = seen.observed.unwrap_or_default();
        self.observe_rule_files();
    }

    /// The mistake is in a rule file, or there is nothing to check.
    fn after_failure(&mut self) {
        self.is_late = false;
        self.since = disk::now();
        self.rule_files.extend(possible_rule_files(&self.ground));
        self.observed = std::mem::take(&mut self.observed).into_iter().map(Observation::again).collect();
        self.observed.push(Observation::of(Question::Listing(self.ground.cwd.clone())));
        self.observe_rule_files();
    }

    fn observe_rule_files(&mut self) {
        let stated = self.rule_files.iter().map(|file| Observation::of(Question::Content(file.clone())));
        self.observed.extend(stated);
    }

    /// Whether the disk would give the same answers again.
    fn holds(&self) -> bool {
        !self.is_late && self.observed.par_iter().all(|observation| observation.holds(self.since))
    }

    /// Watches the folders in which a change would show, as far as they belong to the project.
    fn follow(&mut self) -> Result<(), Failure> {
        let project = self.ground.project();
        let asked = self.observed.iter().filter_map(Observation::folder).filter(|folder| folder.starts_with(project));
        let rules = self.rule_files.iter().filter_map(|file| file.parent()).filter(|folder| folder.is_dir());
        let wanted: BTreeSet<PathBuf> = asked.chain(rules).map(Path::to_path_buf).collect();
        for gone in self.folders.difference(&wanted) {
            // It may be gone from the disk as well.
            let _ = self.debouncer.watcher().unwatch(gone);
        }
        let mut watched = BTreeSet::new();
        for folder in wanted {
            if !folder.is_dir() {
                continue;
            }
            // Also where it is watched: a folder that was made anew is another one.
            match self.debouncer.watcher().watch(&folder, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    watched.insert(folder);
                }
                // It went away meanwhile, which its parent tells.
                Err(_) if !folder.is_dir() => {}
                Err(error) => return Err(refused(&error)),
            }
        }
        self.folders = watched;
        Ok(())
    }

    /// Returns when there is something to look at.
    fn wait(&self, events: &Receiver<DebounceEventResult>) -> Result<(), Failure> {
        // What changed between the run and the watching has no event. Reading is an event as well, so what happened is
        // no reason to run again, only to look.
        while self.holds() {
            let ended = |_| Failure::other("the system watches no more", "start again");
            // An error says that events were lost: look all the same.
            let _ = events.recv().map_err(ended)?;
        }
        Ok(())
    }
}

/// Where a rule file would hold.
fn possible_rule_files(ground: &Ground) -> impl Iterator<Item = PathBuf> {
    let folders = ground.cwd.ancestors().take_while(|folder| folder.starts_with(ground.project()));
    folders.flat_map(|folder| FILE_NAMES.map(|name| folder.join(name)))
}

fn refused(error: &notify::Error) -> Failure {
    let help = match error.kind {
        notify::ErrorKind::MaxFilesWatch => "allow more: `sysctl fs.inotify.max_user_watches=524288`",
        _ => "run without `--watch`",
    };
    Failure::other(format!("folders cannot be watched: {error}"), help)
}
