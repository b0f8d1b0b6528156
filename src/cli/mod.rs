//! The command line: one file per sub-command.

mod args;
mod baseline;
mod cached;
mod check;
mod compare_args;
mod completions;
mod config;
mod detect;
mod explain;
mod failure;
mod files;
mod fix;
mod format;
mod generate;
mod ground;
mod hook;
mod init;
mod inventory;
mod level_flags;
mod panics;
mod progress;
mod rules;
mod rules_md;
mod schema;
mod setup;
mod step_summary;
mod terminal;
mod watch;
mod writes;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

use args::{Cli, Command};
use failure::Failure;
use format::{ColorChoice, Format};

/// Runs the tool on these arguments (the first is the program's name).
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    panics::guarded(|| run(args))
}

fn run(args: Vec<OsString>) -> ExitCode {
    let is_hook = args.get(1).is_some_and(|command| command == "hook");
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        // Help and version end with 0, mistakes with 2. Whether the text can be written changes neither.
        Err(error) => {
            let _ = error.print();
            // To an agent, 2 says that its edit was wrong: see `hook`.
            let code = if error.use_stderr() && is_hook { 1 } else { error.exit_code() };
            return ExitCode::from(u8::try_from(code).unwrap_or(2));
        }
    };
    let command = cli.command.unwrap_or(Command::Check(cli.check));
    let (color, in_lines) = look(&command);
    match dispatch(&command) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            let style = terminal::of_stderr(color);
            terminal::complain(&failure.text(style, in_lines), style);
            ExitCode::from(2)
        }
    }
}

fn dispatch(command: &Command) -> Result<u8, Failure> {
    match command {
        Command::Check(args) => check::run(args),
        Command::Inventory(args) => inventory::run(args),
        Command::Explain(args) => explain::run(args).map(|()| 0),
        Command::Rules(args) => rules::run(args).map(|()| 0),
        Command::Config(args) => config::run(args).map(|()| 0),
        Command::Files(args) => files::run(args).map(|()| 0),
        Command::Init(args) => init::run(args).map(|()| 0),
        Command::Clean(args) => cached::clean(args).map(|()| 0),
        Command::Generate(args) => generate::run(args).map(|()| 0),
        Command::Baseline(args) => baseline::run(args).map(|()| 0),
        Command::Hook(args) => hook::run(args),
        Command::Schema(args) => schema::run(args),
        Command::RulesMd(args) => rules_md::run(args),
        Command::Completions(args) => completions::run(args).map(|()| 0),
        Command::Man(args) => completions::man(args).map(|()| 0),
    }
}

/// How failures of a command are to look: colours, and whether in lines.
fn look(command: &Command) -> (ColorChoice, bool) {
    let shown = match command {
        Command::Check(args) => return (args.output.color, args.output.format().is_in_lines()),
        Command::Inventory(args) => &args.output.shown,
        Command::Explain(args) => &args.shown,
        Command::Rules(args) => &args.shown,
        Command::Config(args) => &args.shown,
        Command::Files(args) => &args.shown,
        Command::Baseline(args) => &args.shown,
        Command::Schema(args) => &args.action.run().output.shown,
        Command::Init(_)
        | Command::Hook(_)
        | Command::Clean(_)
        | Command::Generate(_)
        | Command::RulesMd(_)
        | Command::Completions(_)
        | Command::Man(_) => return (ColorChoice::Auto, false),
    };
    (shown.color, shown.format == Format::Concise)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Cli::command().debug_assert();
    }
}
