//! `cache-lint rules-md`.

use std::path::{Path, PathBuf};

use super::args::RulesMdArgs;
use super::failure::Failure;
use super::format::ColorChoice;
use super::writes::{self, Change, shown};
use super::{setup, terminal};
use crate::policy::Policy;
use crate::run::{self, RunOptions};
use crate::section::{self, agree, find, import::import, placed};
use crate::source::{LoadOptions, SourceLoadError};
use crate::template::Template;

/// Where agents look for what a project wants of them.
const FILES: [&str; 2] = ["CLAUDE.md", "AGENTS.md"];

pub(super) fn run(args: &RulesMdArgs) -> Result<u8, Failure> {
    let style = terminal::of_stdout(ColorChoice::Auto);
    if let Some(path) = &args.import {
        let read = import(&text_of(path)?);
        if !read.any {
            let message = format!("`{}` says nothing about caching that is understood", shown(path));
            return Err(Failure::other(message, "`cache-lint init` writes a rule file from the code"));
        }
        let on_stderr = terminal::of_stderr(ColorChoice::Auto);
        for line in &read.left {
            terminal::complain(&format!("not understood: {line}\n"), on_stderr);
        }
        setup::with_vocabulary(|known| Policy::parse("cache-lint.toml", &read.text, known)).map_err(Failure::Policy)?;
        return terminal::print(&read.text, style).map(|()| 0);
    }
    let policy = setup::policy(&args.policy, &[])?;
    if let Some(path) = &args.check {
        return check(path.as_deref(), &policy);
    }
    let section = rendered(policy)?;
    let Some(path) = &args.write_to else { return terminal::print(&section, style).map(|()| 0) };
    let change = Change::of(path, |text| Ok(placed(text.unwrap_or_default(), &section)))?;
    writes::apply(&[change], &args.write, false).map(|()| 0)
}

/// The section, with examples out of the code.
fn rendered(policy: Policy) -> Result<String, Failure> {
    let cwd = std::env::current_dir()
        .map_err(|error| Failure::other(format!("the working directory cannot be read: {error}"), ""))?;
    let load = LoadOptions { cwd, ..LoadOptions::default() };
    let again = policy.clone();
    let analysis = match run::analyse(RunOptions { load, ..RunOptions::default() }, policy, &|_| {}) {
        Ok(analysis) => analysis,
        Err(SourceLoadError::NothingToCheck { .. }) => return Ok(section::render(&again, &[])),
        Err(error) => return Err(error.into()),
    };
    let mut keys: Vec<&Template> =
        analysis.operations().filter(|op| op.creates()).flat_map(|op| op.templates()).collect();
    keys.sort();
    keys.dedup_by_key(|key| key.shape());
    Ok(section::render(&analysis.policy, &keys))
}

/// 1 when the section is missing or says something else than the rule file.
fn check(path: Option<&Path>, policy: &Policy) -> Result<u8, Failure> {
    let there = || FILES.iter().map(PathBuf::from).find(|path| path.is_file());
    let path = path.map(Path::to_path_buf).or_else(there).ok_or_else(|| {
        Failure::other(
            "there is neither a CLAUDE.md nor an AGENTS.md here",
            "`cache-lint rules-md --write CLAUDE.md` writes one",
        )
    })?;
    let text = text_of(&path)?;
    let path = shown(&path);
    let advice = format!("`cache-lint rules-md --write {path}` writes it anew\n");
    let style = terminal::of_stdout(ColorChoice::Auto);
    let message = match find(&text) {
        None => format!("`{path}` has no section between `{}` and `{}`\n", section::BEGIN, section::END),
        Some(range) if !agree(&text[range.clone()], &section::render(policy, &[])) => {
            format!("the section in `{path}` and the rule file say different things\n")
        }
        Some(_) => return Ok(0),
    };
    terminal::print(&(message + &advice), style).map(|()| 1)
}

fn text_of(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure::other(format!("cannot read `{}`: {error}", shown(path)), ""))
}
