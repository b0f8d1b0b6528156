//! `cache-lint hook`: what a coding agent is told after it has edited a file (`PostToolUse`) and before it stops
//! (`Stop`), in the protocol of Claude Code.
//!
//! | module | does |
//! |---|---|
//! | `event` | reads what the agent sends, and answers |
//! | `brought` | finds what a change has brought: findings that are there now and were not before |
//! | `git` | what was there before, and what has changed since |
//! | `told` | remembers what a session was told, so that nobody is told twice |
//!
//! The agent's session never fails on a fault of this tool: that is told to the user, beside the session.

mod brought;
mod event;
mod told;

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use brought::{Brought, Project, is_rule_file, is_rust};
use event::{Answer, Event, Kind};
use told::Told;

use super::args::HookArgs;
use super::failure::Failure;
use super::{init, setup};
use crate::changes::Repository;
use crate::finding::Level;
use crate::report::Style;

/// Lines that an agent is told at most; the rest is a number.
const MOST: usize = 20;

pub(super) fn run(args: &HookArgs) -> Result<u8, Failure> {
    if args.install {
        return init::hook(args).map(|()| 0);
    }
    if std::io::stdin().is_terminal() {
        let help = "a coding agent runs it; `cache-lint hook --install` writes it into the agent's settings";
        return Err(Failure::other("this command reads the JSON of a coding agent from standard input", help));
    }
    let answered = catch_unwind(AssertUnwindSafe(|| answer(args)));
    let answer = match answered {
        Ok(Ok(answer)) => answer,
        Ok(Err(failure)) => Answer::Notice(failure.text(Style::PLAIN, true)),
        Err(_) => Answer::Notice("an internal error of cache-lint; `cache-lint` alone says more".to_owned()),
    };
    answer.give()
}

fn answer(args: &HookArgs) -> Result<Answer, Failure> {
    let event = Event::read(&setup::standard_input()?)?;
    let root = event.root();
    let moved = root.canonicalize().and_then(|root| std::env::set_current_dir(&root).map(|()| root));
    let root = moved.map_err(|error| {
        Failure::other(format!("the folder `{}` of the session cannot be entered: {error}", root.display()), "")
    })?;
    let project = Project { root, policy: &args.policy, cache: args.cache.folder() };
    match event.kind() {
        Kind::Edited(file) => edited(&project, &event, &file),
        Kind::Stopping => stopping(&project, &event),
        Kind::Other => Ok(Answer::Silence),
    }
}

/// The findings that an edit has brought into its file.
fn edited(project: &Project<'_>, event: &Event, file: &Path) -> Result<Answer, Failure> {
    let Ok(file) = file.canonicalize() else { return Ok(Answer::Silence) };
    if !file.is_file() || !(is_rust(&file) || is_rule_file(&file)) {
        return Ok(Answer::Silence);
    }
    let before = || event.text_before().or_else(|| committed(&file)).unwrap_or_default();
    let found = match project.brought_by(&file, &before) {
        // Who has just written the rule file is the one to mend it.
        Err(Failure::Policy(errors)) if is_rule_file(&file) => {
            return Ok(Answer::Block(Failure::Policy(errors).text(Style::PLAIN, true)));
        }
        other => other?,
    };
    let Some(worst) = found.worst() else { return Ok(Answer::Silence) };
    let text = text("this edit brings", &[found]);
    Ok(if worst == Level::Error { Answer::Block(text) } else { Answer::Context(text) })
}

/// The findings in all that is not committed: edits through a shell come to light here. A session is told each once.
fn stopping(project: &Project<'_>, event: &Event) -> Result<Answer, Failure> {
    if event.stop_hook_active {
        return Ok(Answer::Silence);
    }
    let mut told = Told::of(project.cache.clone(), &event.session_id, &project.root);
    let mut found = Vec::new();
    for (folder, files) in by_workspace(project) {
        found.push(project.brought_in(&folder, &files, &|file| committed(file).unwrap_or_default())?);
    }
    for brought in &mut found {
        brought.retain(|judged| told.is_news(&judged.fingerprint));
    }
    let worst = found.iter().filter_map(Brought::worst).max();
    told.remember(found.iter().flat_map(Brought::fingerprints));
    Ok(match worst {
        None => Answer::Silence,
        Some(Level::Error) => Answer::Block(text("what is not committed yet has", &found)),
        Some(_) => Answer::Notice(text("what is not committed yet has", &found)),
    })
}

/// The changed files that matter, by the folder that is analysed for them.
fn by_workspace(project: &Project<'_>) -> BTreeMap<PathBuf, Vec<PathBuf>> {
    let mut folders: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    for file in changed(&project.root) {
        if file.is_file() && (is_rust(&file) || is_rule_file(&file)) {
            folders.entry(project.workspace_of(&file)).or_default().push(file);
        }
    }
    folders
}

/// The text of a file in the last commit of its repository; `None` where there is none.
fn committed(file: &Path) -> Option<String> {
    Repository::around_alone(file.parent()?).ok()?.committed(file)
}

/// The files that differ from the last commit, new ones included, absolute. Nothing where there is no git.
fn changed(folder: &Path) -> Vec<PathBuf> {
    let Ok(repository) = Repository::around_alone(folder) else { return Vec::new() };
    let files = repository.changed_files().unwrap_or_default();
    let mut files: Vec<PathBuf> =
        files.iter().filter_map(|file| repository.root().join(file).canonicalize().ok()).collect();
    files.sort();
    files.dedup();
    files
}

/// What the agent reads: a head, a line for each finding, and what to do.
fn text(what: &str, found: &[Brought]) -> String {
    let lines: String = found.iter().map(Brought::lines).collect();
    let count = found.iter().map(|brought| brought.fingerprints().count()).sum::<usize>();
    let mut out = format!("cache-lint: {what} {}:\n", crate::report::counted(count, "finding"));
    let mut shown = lines.lines();
    for line in shown.by_ref().take(MOST) {
        out.push_str(line);
        out.push('\n');
    }
    let left = shown.count();
    if left > 0 {
        out.push_str(&format!("and {left} more: `cache-lint` shows them\n"));
    }
    out.push_str("`cache-lint explain RULE` says why, and what to write instead\n");
    out
}
