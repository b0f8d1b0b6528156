//! `cache-lint init`: what a project needs to work with the tool, written so that it fits the project.

mod claude;

use std::path::{Path, PathBuf};

use super::args::{ColorChoice, HookArgs, InitArgs};
use super::changes::{self, Change};
use super::failure::Failure;
use super::terminal;
use crate::policy::{FILE_NAMES, TEMPLATE};

pub(super) fn run(args: &InitArgs) -> Result<(), Failure> {
    let style = terminal::of_stdout(ColorChoice::Auto);
    if args.stdout {
        return terminal::print(TEMPLATE, style);
    }
    let [name, others @ ..] = FILE_NAMES;
    if let Some(other) = others.iter().find(|other| Path::new(other).exists()) {
        let message = format!("`{other}` is the rule file of this folder; a second one would be a mistake");
        return Err(Failure::other(message, format!("edit `{other}`, or remove it first")));
    }
    if Path::new(name).exists() && !args.force {
        let help = "`cache-lint init --stdout` prints what would be written; `--force` overwrites the file";
        return Err(Failure::other(format!("`{name}` is there already and was left as it is"), help));
    }
    std::fs::write(name, TEMPLATE).map_err(|error| Failure::other(format!("cannot write `{name}`: {error}"), ""))?;
    let tail = format!("wrote `{name}`; `cache-lint config` shows what holds now\n");
    terminal::print(&format!("{}\n{}", style.dim(TEMPLATE), style.bold(&tail)), style)
}

/// `cache-lint hook --install`.
pub(super) fn hook(args: &HookArgs) -> Result<(), Failure> {
    let path = args.settings.clone().unwrap_or_else(|| in_repository(claude::PATH));
    let shown = changes::shown(&path);
    let change = Change::of(path, |text| claude::merged(&shown, text))?;
    changes::apply(&[change], &args.write)
}

/// A path that is meant from the root of the repository, relative to the working directory.
fn in_repository(path: &str) -> PathBuf {
    let cwd = std::env::current_dir().unwrap_or_default();
    let up = cwd.ancestors().position(|folder| folder.join(".git").exists()).unwrap_or(0);
    std::iter::repeat_n("..", up).collect::<PathBuf>().join(path)
}
