//! `cache-lint config`.

use std::fmt::Write as _;

use super::args::PolicyArgs;
use super::load;
use super::output::{Failure, print};

pub(super) fn run(args: &PolicyArgs) -> Result<u8, Failure> {
    let cwd = std::env::current_dir()
        .map_err(|error| Failure::new(format!("cannot tell the working directory: {error}"), None))?;
    let policy = load::policy(args, &cwd)?;
    let mut out = String::new();
    for source in &policy.sources {
        let _ = writeln!(out, "# {}", if source.embedded { "built-in rules" } else { &source.path });
    }
    let values = policy.values();
    let widest = values.iter().map(|(key, value, _)| key.len() + value.chars().count() + 3).max().unwrap_or(0).min(80);
    for (key, value, origin) in values {
        let _ = writeln!(out, "{:<widest$}  # {origin}", format!("{key} = {value}"));
    }
    print(&out)?;
    Ok(0)
}
