//! `cargo cache-lint`: the same tool, called by cargo with its own name as the first argument.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args: Vec<_> = std::env::args_os().collect();
    if args.get(1).is_some_and(|arg| arg == "cache-lint") {
        args.remove(1);
    }
    cache_lint::cli::main(args)
}
