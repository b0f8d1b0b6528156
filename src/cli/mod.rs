//! The command line: one file per sub-command.

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the tool on these arguments (the first is the program's name).
pub fn main(_args: impl IntoIterator<Item = OsString>) -> ExitCode {
    ExitCode::from(2)
}
