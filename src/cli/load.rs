//! From flags to an analysis.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::args::{InputArgs, PolicyArgs};
use super::output::{Failure, Progress};
use crate::policy::{Policy, PolicyOptions, Vocabulary};
use crate::run::{Analysis, RunOptions, analyse};
use crate::source::{LoadOptions, Stdin};

/// Reads the rule file that holds for `start`.
pub(super) fn policy(args: &PolicyArgs, start: &Path) -> Result<Policy, Failure> {
    let mut rules: Vec<&str> = crate::rules::REGISTRY.iter().map(|rule| rule.meta().id).collect();
    rules.extend(crate::suppress::METAS.iter().map(|meta| meta.id));
    let categories: Vec<&str> = crate::rules::Category::ALL.iter().map(|category| category.word()).collect();
    let options = PolicyOptions { config: args.config.clone(), isolated: args.isolated, start: start.to_path_buf() };
    Policy::load(&options, &Vocabulary { rules: &rules, categories: &categories }).map_err(Failure::Policy)
}

/// Reads, joins and takes stock of what the flags ask for.
pub(super) fn analysis(args: &InputArgs) -> Result<Analysis, Failure> {
    let cwd = std::env::current_dir()
        .map_err(|error| Failure::new(format!("cannot tell the working directory: {error}"), None))?;
    let (paths, stdin) = paths(args)?;
    let start = paths.first().map_or_else(|| cwd.clone(), |path| cwd.join(path));
    let start = if start.is_file() { start.parent().map_or(start.clone(), Path::to_path_buf) } else { start };
    let policy = policy(&args.policy, &start)?;
    let tests = args.tests || policy.tests;
    if args.threads > 0 {
        // Fails only if a pool was built before, which then stays.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(args.threads).build_global();
    }
    let load = LoadOptions {
        paths,
        cwd,
        exclude: args.exclude.clone(),
        force_exclude: args.force_exclude,
        include_tests: tests,
        stdin,
        threads: args.threads,
        ..LoadOptions::default()
    };
    let progress = Progress::start(!args.no_progress);
    analyse(RunOptions { load, tests }, policy, &|stage| progress.stage(stage))
        .map_err(|error| Failure::new(error.to_string(), None).or_command(&error))
}

fn paths(args: &InputArgs) -> Result<(Vec<PathBuf>, Option<Stdin>), Failure> {
    let mut paths = args.paths.clone();
    if let Some(list) = &args.files_from {
        let text = if list.as_os_str() == "-" {
            standard_input()?
        } else {
            std::fs::read_to_string(list).map_err(|error| {
                Failure::new(format!("cannot read the list of files `{}`: {error}", list.display()), None)
            })?
        };
        paths.extend(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(PathBuf::from));
        if paths.is_empty() {
            return Err(Failure::new(format!("the list of files `{}` is empty", list.display()), None));
        }
    }
    let asks_stdin = paths.iter().any(|path| path.as_os_str() == "-");
    if !asks_stdin {
        if args.stdin_filename.is_some() {
            return Err(Failure::new(
                "`--stdin-filename` is for the path `-`, which is not given",
                Some("add `-` to read the standard input"),
            ));
        }
        return Ok((paths, None));
    }
    paths.retain(|path| path.as_os_str() != "-");
    let text = standard_input()?;
    Ok((paths, Some(Stdin { text, filename: args.stdin_filename.clone() })))
}

fn standard_input() -> Result<String, Failure> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| Failure::new(format!("cannot read the standard input: {error}"), None))?;
    Ok(text)
}

/// Today as `2026-11-23`, in UTC. `SOURCE_DATE_EPOCH` stands in for the clock, for runs that must repeat.
pub(super) fn today() -> String {
    let seconds =
        std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|text| text.parse::<u64>().ok()).unwrap_or_else(|| {
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs())
        });
    civil(seconds / 86_400)
}

/// A day since 1970-01-01 in the Gregorian calendar, after Hinnant's `civil_from_days`.
fn civil(days: u64) -> String {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::civil;

    #[test]
    fn days_become_dates() {
        assert_eq!(civil(0), "1970-01-01");
        assert_eq!(civil(19_782), "2024-02-29");
        assert_eq!(civil(20_780), "2026-11-23");
    }
}
