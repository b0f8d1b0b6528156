//! The `cache-lint` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    cache_lint::cli::main(std::env::args_os())
}
