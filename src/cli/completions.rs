//! `cache-lint completions` and `cache-lint man`.

use clap::builder::PossibleValuesParser;
use clap::{Command, CommandFactory as _};
use clap_complete::{Shell, generate};
use clap_mangen::Man;

use super::args::{Cli, CompletionsArgs, ManArgs};
use super::failure::Failure;
use super::format::ColorChoice;
use super::terminal;
use super::writes::shown;
use crate::levels::names;
use crate::rules::Category;

const NAME: &str = "cache-lint";

pub(super) fn run(args: &CompletionsArgs) -> Result<(), Failure> {
    let mut command = with_rules(Cli::command());
    let mut script = Vec::new();
    generate(args.shell, &mut command, NAME, &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    print(&if args.shell == Shell::Bash { consistent(&script, &command) } else { script })
}

/// clap_complete 4.6 spells a hyphen in a command's name in two ways in its script for bash, where the two have to agree
/// for any sub-command to be completed.
fn consistent(script: &str, command: &Command) -> String {
    let names = command.get_subcommands().map(Command::get_name).chain([NAME]);
    names.filter(|name| name.contains('-')).fold(script.to_owned(), |script, name| {
        script.replace(&name.replace('-', "__subcmd__"), &name.replace('-', "__"))
    })
}

/// Shells offer the rules where a rule is wanted.
fn with_rules(command: Command) -> Command {
    let rules = || PossibleValuesParser::new(names());
    let selectors = || PossibleValuesParser::new(names().chain(Category::ALL.map(Category::word)).chain(["all"]));
    let selecting = move |command: Command| {
        let ids = ["only", "skip", "allow", "warn", "deny"];
        let present: Vec<&str> =
            ids.into_iter().filter(|id| command.get_arguments().any(|arg| arg.get_id() == id)).collect();
        present.into_iter().fold(command, |command, id| command.mut_arg(id, |arg| arg.value_parser(selectors())))
    };
    selecting(command)
        .mut_subcommand("check", selecting)
        .mut_subcommand("rules", selecting)
        .mut_subcommand("explain", |explain| explain.mut_arg("rule", |arg| arg.value_parser(rules())))
}

pub(super) fn man(args: &ManArgs) -> Result<(), Failure> {
    let command = Cli::command();
    if let Some(folder) = &args.out {
        return clap_mangen::generate_to(command, folder).map_err(|error| {
            Failure::other(format!("cannot write to `{}`: {error}", shown(folder)), "create the folder first")
        });
    }
    let mut page = Vec::new();
    let written = Man::new(command).render(&mut page);
    written.map_err(|error| Failure::other(format!("the page cannot be written: {error}"), ""))?;
    print(&String::from_utf8_lossy(&page))
}

fn print(text: &str) -> Result<(), Failure> {
    terminal::print(text, terminal::of_stdout(ColorChoice::Never))
}
