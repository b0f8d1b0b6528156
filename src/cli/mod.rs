//! The command line: one file per sub-command.

mod args;
mod check;
mod config;
mod explain;
mod files;
mod init;
mod inventory;
mod load;
mod output;
mod rules;

use std::ffi::OsString;
use std::process::ExitCode;

use args::{Cli, Command};
use output::Failure;

/// Findings at or over the threshold.
const FINDINGS: u8 = 1;
/// Usage, rule file, missing path, internal error.
const TROUBLE: u8 = 2;

/// Runs the tool on these arguments (the first is the program's name).
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match args::parse(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors.
            let code = if error.use_stderr() { TROUBLE } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    std::panic::set_hook(Box::new(|_| {}));
    let run = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(cli)));
    let code = match run {
        Ok(Ok(code)) => code,
        Ok(Err(failure)) => {
            failure.print();
            TROUBLE
        }
        Err(panic) => {
            let what = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("no message");
            eprintln!("error: internal error: {what}");
            eprintln!(
                "  help: please report this with the file it happens on: {}/issues",
                env!("CARGO_PKG_REPOSITORY")
            );
            TROUBLE
        }
    };
    ExitCode::from(code)
}

fn run(cli: Cli) -> Result<u8, Failure> {
    match cli.command {
        None => check::run(&cli.check),
        Some(Command::Check(args)) => check::run(&args),
        Some(Command::Inventory(args)) => inventory::run(&args),
        Some(Command::Explain { rule }) => explain::run(&rule),
        Some(Command::Rules { json }) => rules::run(json),
        Some(Command::Config(args)) => config::run(&args),
        Some(Command::Files(args)) => files::run(&args),
        Some(Command::Init { force, stdout }) => init::run(force, stdout),
    }
}
