//! The command line.

use std::path::PathBuf;

use clap::{ArgMatches, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

/// Finds every Redis operation in Rust sources and checks keys, TTLs and miss paths against a rule file.
#[derive(Debug, Parser)]
#[command(name = "cache-lint", version, args_conflicts_with_subcommands = true, max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 nothing at or over the threshold, 1 findings, 2 usage, rule file or internal error."
)]
pub(super) struct Cli {
    /// What to do; `check` when left out.
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    /// Options of `check`.
    #[command(flatten)]
    pub(super) check: CheckArgs,
}

/// Sub-commands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Lint (the default)
    Check(Box<CheckArgs>),
    /// List every Redis operation, or every key template
    Inventory(InventoryArgs),
    /// Explain a rule
    Explain {
        /// The rule, for example `missing-ttl`
        rule: String,
    },
    /// List the rules
    Rules {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Show the resolved rule file, with the origin of every value
    Config(PolicyArgs),
    /// List the files of the run, and whether they are parsed
    Files(InputArgs),
    /// Write a commented cache-lint.toml
    Init {
        /// Overwrite a rule file that is there
        #[arg(long)]
        force: bool,
        /// Print it instead
        #[arg(long)]
        stdout: bool,
    },
}

/// What to look at.
#[derive(Debug, Clone, Args)]
pub(super) struct InputArgs {
    /// Files and folders; `-` reads the standard input
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// With `-`: where the text is to be taken to lie
    #[arg(long, value_name = "PATH")]
    pub(super) stdin_filename: Option<PathBuf>,
    /// Read paths from a file, one a line (`-`: standard input)
    #[arg(long, value_name = "FILE")]
    pub(super) files_from: Option<PathBuf>,
    /// Leave out what matches (as in .gitignore)
    #[arg(long, value_name = "GLOB", value_delimiter = ',')]
    pub(super) exclude: Vec<String>,
    /// Leave out what matches even if it is named
    #[arg(long)]
    pub(super) force_exclude: bool,
    /// Look at test code as well
    #[arg(long)]
    pub(super) tests: bool,
    /// Threads; 0 for as many as there are cores
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) threads: usize,
    /// No progress on the terminal
    #[arg(long)]
    pub(super) no_progress: bool,
    /// Options of the rule file.
    #[command(flatten)]
    pub(super) policy: PolicyArgs,
}

/// Which rule file holds.
#[derive(Debug, Clone, Args)]
pub(super) struct PolicyArgs {
    /// The rule file
    #[arg(long, short, value_name = "PATH", env = "CACHE_LINT_CONFIG")]
    pub(super) config: Option<PathBuf>,
    /// Ignore rule files that would be found: only the built-in rules hold
    #[arg(long)]
    pub(super) isolated: bool,
}

/// Options of `inventory`.
#[derive(Debug, Args)]
pub(super) struct InventoryArgs {
    /// What to look at.
    #[command(flatten)]
    pub(super) input: InputArgs,
    /// One row per key template: commands, TTLs, value types, readers, writers, invalidators
    #[arg(long)]
    pub(super) by_key: bool,
    /// Output format
    #[arg(long, short, value_enum, default_value_t = InventoryFormat::Table, alias = "output-format")]
    pub(super) format: InventoryFormat,
}

/// Formats of `inventory`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum InventoryFormat {
    /// For people
    Table,
    /// The stable contract
    Json,
}

/// Options of `check`.
#[derive(Debug, Clone, Args)]
pub(super) struct CheckArgs {
    /// What to look at.
    #[command(flatten)]
    pub(super) input: InputArgs,
    /// Output format
    #[arg(long, short, value_enum, default_value_t = Format::Graphical, env = "CACHE_LINT_FORMAT", alias = "output-format")]
    pub(super) format: Format,
    /// Write a format to a file as well; may be repeated
    #[arg(long, value_name = "FORMAT=PATH", value_parser = output)]
    pub(super) output: Vec<(Format, PathBuf)>,
    /// Do not report a rule, a category or `all`; of -A, -W and -D the later one wins
    #[arg(long, short = 'A', value_name = "RULE", value_delimiter = ',')]
    pub(super) allow: Vec<String>,
    /// Report as a warning
    #[arg(long, short = 'W', value_name = "RULE", value_delimiter = ',')]
    pub(super) warn: Vec<String>,
    /// Report as an error
    #[arg(long, short = 'D', value_name = "RULE", value_delimiter = ',')]
    pub(super) deny: Vec<String>,
    /// Run these rules only
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(super) only: Vec<String>,
    /// Leave these rules out
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(super) skip: Vec<String>,
    /// Hide findings below this level
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub(super) min_severity: Option<Severity>,
    /// Hide findings below this confidence
    #[arg(long, value_enum, value_name = "CONFIDENCE")]
    pub(super) min_confidence: Option<Sureness>,
    /// Warnings fail the run, too
    #[arg(long)]
    pub(super) deny_warnings: bool,
    /// More warnings than this fail the run
    #[arg(long, value_name = "N")]
    pub(super) max_warnings: Option<usize>,
    /// Findings do not fail the run
    #[arg(long)]
    pub(super) exit_zero: bool,
    /// A file that cannot be read or parsed fails the run
    #[arg(long)]
    pub(super) strict: bool,
    /// Ignore suppression comments and exceptions
    #[arg(long)]
    pub(super) no_ignores: bool,
    /// In JSON: show suppressed findings with their reasons
    #[arg(long)]
    pub(super) show_suppressed: bool,
    /// Show findings about what could not be resolved
    #[arg(long)]
    pub(super) show_undetermined: bool,
    /// Show how often each rule is broken instead of the findings
    #[arg(long)]
    pub(super) statistics: bool,
    /// No summary
    #[arg(long, short)]
    pub(super) quiet: bool,
    /// In concise output: help below each finding
    #[arg(long, short, conflicts_with = "quiet")]
    pub(super) verbose: bool,
    /// When to use colour
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(super) color: Color,
    /// `-A`, `-W`, `-D` in the order in which they were given.
    #[arg(skip)]
    pub(super) levels: Vec<(String, crate::finding::Level)>,
}

/// Formats of `check`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people: the code with labels
    Graphical,
    /// One line a finding
    Concise,
    /// The stable contract
    Json,
}

/// `--min-severity`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "the words say it")]
pub(super) enum Severity {
    Note,
    #[value(alias = "warn")]
    Warning,
    Error,
}

/// `--min-confidence`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "the words say it")]
pub(super) enum Sureness {
    Likely,
    Certain,
}

/// `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "the words say it")]
pub(super) enum Color {
    Auto,
    Always,
    Never,
}

fn output(text: &str) -> Result<(Format, PathBuf), String> {
    let (format, path) = text.split_once('=').ok_or("write FORMAT=PATH, for example `json=findings.json`")?;
    let format = Format::from_str(format, true)
        .map_err(|_| format!("`{format}` is no format: use graphical, concise or json"))?;
    if path.is_empty() {
        return Err("the path behind `=` is empty".to_owned());
    }
    Ok((format, PathBuf::from(path)))
}

/// Reads the command line.
///
/// # Errors
/// What `clap` has to say, help and version included.
pub(super) fn parse(args: impl IntoIterator<Item = std::ffi::OsString>) -> Result<Cli, clap::Error> {
    let matches = Cli::command().try_get_matches_from(args)?;
    let mut cli = Cli::from_arg_matches(&matches)?;
    cli.check.levels = level_order(&matches);
    if let (Some(Command::Check(check)), Some((_, matches))) = (&mut cli.command, matches.subcommand()) {
        check.levels = level_order(matches);
    }
    Ok(cli)
}

/// `-A`, `-W` and `-D` as they were interleaved.
fn level_order(matches: &ArgMatches) -> Vec<(String, crate::finding::Level)> {
    use crate::finding::Level;
    let mut found = Vec::new();
    for (id, level) in [("allow", Level::Off), ("warn", Level::Warning), ("deny", Level::Error)] {
        let (Ok(Some(values)), Some(indices)) = (matches.try_get_many::<String>(id), matches.indices_of(id)) else {
            continue;
        };
        found.extend(values.zip(indices).map(|(value, at)| (at, value.clone(), level)));
    }
    found.sort_by_key(|(at, _, _)| *at);
    found.into_iter().map(|(_, value, level)| (value, level)).collect()
}
