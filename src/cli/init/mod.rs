//! `cache-lint init`: what a project needs to work with the tool, written so that it fits the project.

mod claude;
mod github;
mod gitlab;
mod pre_commit;
mod yaml;

use std::path::{Path, PathBuf};

use super::args::{HookArgs, InitArgs};
use super::failure::Failure;
use super::format::ColorChoice;
use super::writes::{self, Change};
use super::{setup, terminal};
use crate::draft;
use crate::policy::{FILE_NAMES, Policy, TEMPLATE};
use crate::run::{self, RunOptions};
use crate::source::{LoadOptions, SourceLoadError};

pub(super) fn run(args: &InitArgs) -> Result<(), Failure> {
    if args.stdout {
        return terminal::print(&rule_file()?, terminal::of_stdout(ColorChoice::Auto));
    }
    let mut changes = Vec::new();
    let beside = args.pre_commit || args.github || args.gitlab || args.claude;
    changes.extend(rule_file_change(args.force, beside)?);
    if args.pre_commit {
        changes.push(in_repository(pre_commit::PATH, pre_commit::with_hook)?);
    }
    if args.github {
        changes.push(in_repository(github::PATH, github::workflow)?);
    }
    if args.gitlab {
        changes.push(in_repository(gitlab::PATH, gitlab::with_job)?);
    }
    if args.claude {
        changes.push(in_repository(claude::PATH, claude::merged)?);
    }
    // Who says `--force` has been asked about the rule file.
    writes::apply(&changes, &args.write, args.force)
}

/// `cache-lint hook --install`.
pub(super) fn hook(args: &HookArgs) -> Result<(), Failure> {
    let change = match &args.settings {
        Some(path) => Change::of(path, |text| claude::merged(&writes::shown(path), text))?,
        None => in_repository(claude::PATH, claude::merged)?,
    };
    writes::apply(&[change], &args.write, false)
}

/// The rule file of the working directory; nothing where there is one and something else is asked for.
fn rule_file_change(force: bool, beside: bool) -> Result<Option<Change>, Failure> {
    let [name, others @ ..] = FILE_NAMES;
    if let Some(other) = others.iter().find(|other| Path::new(other).exists()) {
        if beside {
            return Ok(None);
        }
        let message = format!("`{other}` is the rule file of this folder; a second one would be a mistake");
        return Err(Failure::other(message, format!("edit `{other}`, or remove it first")));
    }
    if Path::new(name).exists() && !force {
        if beside {
            return Ok(None);
        }
        let help = "`cache-lint init --stdout` prints what would be written; `--force` overwrites the file";
        return Err(Failure::other(format!("`{name}` is there already and was left as it is"), help));
    }
    let text = rule_file()?;
    Change::of(name, |_| Ok(text)).map(Some)
}

/// The rule file that fits the code below the working directory; the general one where there is no Redis.
fn rule_file() -> Result<String, Failure> {
    let cwd = std::env::current_dir()
        .map_err(|error| Failure::other(format!("the working directory cannot be read: {error}"), ""))?;
    let load = LoadOptions { cwd, ..LoadOptions::default() };
    let analysis = match run::analyse(RunOptions { load, ..RunOptions::default() }, Policy::default(), &|_| {}) {
        Ok(analysis) => analysis,
        Err(SourceLoadError::NothingToCheck { .. }) => return Ok(TEMPLATE.to_owned()),
        Err(error) => return Err(error.into()),
    };
    let Some(text) = draft::rule_file(&analysis) else { return Ok(TEMPLATE.to_owned()) };
    // What the tool cannot read itself, nobody should get.
    setup::with_vocabulary(|known| Policy::parse(FILE_NAMES[0], &text, known)).map_err(Failure::Policy)?;
    Ok(text)
}

/// A change of a file that is meant from the root of the repository. `make` is told how the path is shown.
fn in_repository(
    path: &str,
    make: impl FnOnce(&str, Option<&str>) -> Result<String, Failure>,
) -> Result<Change, Failure> {
    let cwd = std::env::current_dir().unwrap_or_default();
    let up = cwd.ancestors().position(|folder| folder.join(".git").exists()).unwrap_or(0);
    let path = std::iter::repeat_n("..", up).collect::<PathBuf>().join(path);
    let shown = writes::shown(&path);
    Change::of(path, |text| make(&shown, text))
}
