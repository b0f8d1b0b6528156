//! Flags and sub-commands.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use super::cached::CacheArgs;
use super::compare_args::{BaselineArgs, ChangeArgs, CompareArgs};
use super::format::{OutputArgs, ReportOutputArgs, ShownArgs};
use super::level_flags::LevelFlags;
use crate::finding::{Confidence, Level};
use crate::generate::Pattern;
use crate::levels::{Selector, names, unknown};

/// Shown below the help of `check`.
const EXIT_CODES: &str = "\
Exit codes:
  0  nothing at or over the threshold
  1  findings at or over the threshold: any error; any warning with --deny-warnings; more warnings
     than --max-warnings allows. What --min-severity, --min-confidence or a baseline hides is not
     counted, nor what --fix has mended; with --strict-baseline also entries of the baseline that
     were not found again; with --diff something would be mended
  2  a mistake in the command line, the rule file or the baseline, nothing to check, or an
     internal error; with --strict also a file that could not be read as Rust";

/// The version, and the commit where the build knows it.
const LONG_VERSION: &str = match option_env!("CACHE_LINT_VERSION") {
    Some(version) => version,
    None => env!("CARGO_PKG_VERSION"),
};

/// Finds every Redis operation in Rust sources and checks keys, TTLs and miss paths against a rule file.
#[derive(Debug, Parser)]
#[command(
    name = "cache-lint",
    bin_name = "cache-lint",
    version,
    long_version = LONG_VERSION,
    max_term_width = 110,
    args_conflicts_with_subcommands = true,
    after_help = EXIT_CODES
)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) check: CheckArgs,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check sources against the rule file; the command that runs when none is named.
    #[command(after_help = EXIT_CODES)]
    Check(CheckArgs),
    /// List every Redis operation with its key, TTL and value.
    Inventory(InventoryArgs),
    /// Say what a rule is about: what it reports, why, and what to write instead.
    Explain(ExplainArgs),
    /// List all rules with the level that they have here.
    Rules(RulesArgs),
    /// Show every value of the resolved rule file and where it comes from.
    Config(ConfigArgs),
    /// List the files that a check looks at.
    Files(FilesArgs),
    /// Write a commented cache-lint.toml that fits the code, and what else a project needs.
    Init(InitArgs),
    /// Write code for a cached type on cache-patterns, with its tests.
    Generate(GenerateArgs),
    /// Write down the findings of today, so that `check` reports only what comes after.
    ///
    /// The first run writes all findings to the baseline. Later runs take out what was not found again and leave new
    /// findings open, unless --accept-new takes them in.
    Baseline(BaselineArgs),
    /// Remove what runs have left behind for the next one.
    Clean(CacheArgs),
    /// Answer a coding agent that has edited a file or wants to stop; --install writes the hooks.
    Hook(HookArgs),
    /// Hold stored structures against cache-schema.lock, or write it.
    Schema(SchemaArgs),
    /// Write the rule file as a section of CLAUDE.md or AGENTS.md; --import reads one into a rule file.
    RulesMd(RulesMdArgs),
    /// Print a completion script for a shell.
    Completions(CompletionsArgs),
    /// Print the manual page.
    Man(ManArgs),
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    pub(super) input: InputArgs,
    #[command(flatten)]
    pub(super) policy: PolicyArgs,
    #[command(flatten)]
    pub(super) levels: LevelArgs,
    #[command(flatten)]
    pub(super) threshold: ThresholdArgs,
    #[command(flatten)]
    pub(super) compare: CompareArgs,
    #[command(flatten)]
    pub(super) changes: ChangeArgs,
    /// Check again whenever something changes, until Ctrl-C
    #[arg(long, short, conflicts_with_all = ["staged", "fix", "diff"], help_heading = "Output")]
    pub(super) watch: bool,
    #[command(flatten)]
    pub(super) output: ReportOutputArgs,
    #[command(flatten)]
    pub(super) report: ReportArgs,
    #[command(flatten)]
    pub(super) fixes: FixArgs,
}

#[derive(Debug, Args)]
pub(super) struct InventoryArgs {
    /// One row for each key: its commands, TTLs, value types, and who reads, writes and deletes it.
    #[arg(long)]
    pub(super) by_key: bool,
    #[command(flatten)]
    pub(super) input: InputArgs,
    #[command(flatten)]
    pub(super) policy: PolicyArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// End with exit code 2 when a file could not be read as Rust.
    #[arg(long)]
    pub(super) strict: bool,
}

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// The rule, for example missing-ttl.
    #[arg(value_parser = rule)]
    pub(super) rule: &'static str,
    #[command(flatten)]
    pub(super) shown: ShownArgs,
}

#[derive(Debug, Args)]
pub(super) struct RulesArgs {
    #[command(flatten)]
    pub(super) policy: PolicyArgs,
    #[command(flatten)]
    pub(super) levels: LevelArgs,
    #[command(flatten)]
    pub(super) shown: ShownArgs,
}

#[derive(Debug, Args)]
pub(super) struct ConfigArgs {
    #[command(flatten)]
    pub(super) policy: PolicyArgs,
    #[command(flatten)]
    pub(super) shown: ShownArgs,
}

#[derive(Debug, Args)]
pub(super) struct FilesArgs {
    #[command(flatten)]
    pub(super) input: InputArgs,
    #[command(flatten)]
    pub(super) policy: PolicyArgs,
    #[command(flatten)]
    pub(super) shown: ShownArgs,
    /// Also list the files that are skipped, with the reason.
    #[arg(long)]
    pub(super) skipped: bool,
}

#[derive(Debug, Args)]
pub(super) struct SchemaArgs {
    #[command(subcommand)]
    pub(super) action: SchemaAction,
}

#[derive(Debug, Subcommand)]
pub(super) enum SchemaAction {
    /// List what is stored otherwise than cache-schema.lock says; ends with exit code 1 when something is.
    Check(SchemaRunArgs),
    /// Write to cache-schema.lock what is new, what has a raised version, and changes that both versions read.
    Update(SchemaUpdateArgs),
}

#[derive(Debug, Args)]
pub(super) struct SchemaRunArgs {
    #[command(flatten)]
    pub(super) input: InputArgs,
    #[command(flatten)]
    pub(super) policy: PolicyArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(super) struct SchemaUpdateArgs {
    /// Write also what changed under the same version, or has a lower one: for what was never deployed
    #[arg(long)]
    pub(super) force: bool,
    /// Take out what nothing in the code stores
    #[arg(long)]
    pub(super) prune: bool,
    #[command(flatten)]
    pub(super) run: SchemaRunArgs,
}

impl SchemaAction {
    pub(super) fn run(&self) -> &SchemaRunArgs {
        match self {
            Self::Check(run) => run,
            Self::Update(update) => &update.run,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// Overwrite a cache-lint.toml that is there
    #[arg(long, conflicts_with = "stdout")]
    pub(super) force: bool,
    /// Print the rule file and write nothing
    #[arg(long, conflicts_with_all = ["dry_run", "yes"])]
    pub(super) stdout: bool,
    /// Also add the hook to .pre-commit-config.yaml
    #[arg(long, conflicts_with = "stdout")]
    pub(super) pre_commit: bool,
    /// Also write a workflow for GitHub Actions
    #[arg(long, conflicts_with = "stdout")]
    pub(super) github: bool,
    /// Also add a job to .gitlab-ci.yml
    #[arg(long, conflicts_with = "stdout")]
    pub(super) gitlab: bool,
    /// Also add the hooks for Claude Code to .claude/settings.json
    #[arg(long, conflicts_with = "stdout")]
    pub(super) claude: bool,
    #[command(flatten)]
    pub(super) write: WriteArgs,
}

#[derive(Debug, Args)]
pub(super) struct HookArgs {
    /// Write the hooks into the settings of Claude Code, after showing them
    #[arg(long)]
    pub(super) install: bool,
    /// The settings to write [default: .claude/settings.json in the root of the repository]
    #[arg(long, value_name = "PATH", requires = "install")]
    pub(super) settings: Option<PathBuf>,
    #[command(flatten)]
    pub(super) write: WriteArgs,
    #[command(flatten)]
    pub(super) policy: PolicyArgs,
    #[command(flatten)]
    pub(super) cache: CacheArgs,
}

#[derive(Debug, Args)]
pub(super) struct RulesMdArgs {
    /// Put the section into this file, in the place of the one between the markers or at the end
    #[arg(long = "write", value_name = "FILE", conflicts_with_all = ["check", "import"])]
    pub(super) write_to: Option<PathBuf>,
    /// End with exit code 1 when section and rule file say different things [default: CLAUDE.md, else AGENTS.md]
    #[arg(long, value_name = "FILE", num_args = 0..=1, conflicts_with = "import")]
    pub(super) check: Option<Option<PathBuf>>,
    /// Print the rule file that a section says, and tell what was not understood
    #[arg(long, value_name = "FILE")]
    pub(super) import: Option<PathBuf>,
    #[command(flatten)]
    pub(super) write: WriteArgs,
    #[command(flatten)]
    pub(super) policy: PolicyArgs,
}

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(super) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// Write the pages of all commands into this folder instead
    #[arg(long, value_name = "FOLDER")]
    pub(super) out: Option<PathBuf>,
}

/// Whether files are written.
#[derive(Debug, Args)]
#[command(next_help_heading = "Writing")]
pub(super) struct WriteArgs {
    /// Show what would be written, and write nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Write without asking
    #[arg(long, short, conflicts_with = "dry_run")]
    pub(super) yes: bool,
}

#[derive(Debug, Args)]
pub(super) struct GenerateArgs {
    /// Which pattern.
    #[arg(value_enum)]
    pub(super) pattern: Pattern,
    /// The service and the name of what is cached, as they stand in the key: user:profile.
    #[arg(long, value_name = "SERVICE:NAME")]
    pub(super) entity: String,
    /// The version of the cached structure.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) version: u32,
    /// How long an entry lives, for example 15m [default: the TTL of the key's class in the rule file]
    #[arg(long, value_name = "DURATION")]
    pub(super) ttl: Option<String>,
    /// The type: a name to declare it (UserProfile), a path to take one that is there (crate::model::UserProfile).
    #[arg(long = "type", value_name = "TYPE")]
    pub(super) ty: String,
    /// The type of its id (i64), or the field with its type (user_id:i64).
    #[arg(long, value_name = "[FIELD:]TYPE")]
    pub(super) id: String,
    /// The file to write; without it the code is printed.
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Overwrite a file that is there.
    #[arg(long, requires = "out")]
    pub(super) force: bool,
    #[command(flatten)]
    pub(super) policy: PolicyArgs,
}

/// What to look at.
#[derive(Debug, Args)]
#[command(next_help_heading = "Input")]
pub(super) struct InputArgs {
    /// Files and folders to look at; `-` for a text from standard input [default: the working directory]
    #[arg(value_name = "PATHS", help_heading = "Arguments")]
    pub(super) paths: Vec<PathBuf>,
    /// Take more paths from a file, one a line; `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub(super) files_from: Option<PathBuf>,
    /// Where the text from standard input is to be taken to lie
    #[arg(long, value_name = "PATH")]
    pub(super) stdin_filename: Option<PathBuf>,
    /// Look at test code as well: tests, benches, examples, #[cfg(test)], #[test]
    #[arg(long)]
    pub(super) tests: bool,
    /// Leave out what matches, in the syntax of .gitignore
    #[arg(long, value_name = "GLOB")]
    pub(super) exclude: Vec<String>,
    /// Leave out excluded files also where they are named, as a pre-commit hook does
    #[arg(long)]
    pub(super) force_exclude: bool,
    /// Threads for reading and parsing [default: one per processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) threads: Option<u16>,
    /// Do not show on standard error where a long run stands
    #[arg(long)]
    pub(super) no_progress: bool,
    /// Say on standard error which rule files hold and how long each stage took; with --format concise, put the
    /// cure below each finding
    #[arg(long, short)]
    pub(super) verbose: bool,
    #[command(flatten)]
    pub(super) cache: CacheArgs,
}

/// Which rule file holds.
#[derive(Debug, Args)]
#[command(next_help_heading = "Rule file")]
pub(super) struct PolicyArgs {
    /// The rule file [default: the nearest cache-lint.toml, .cache-lint.toml, .config/cache-lint.toml or
    /// metadata.cache-lint in Cargo.toml, up to the root of the repository]
    #[arg(long, short, value_name = "PATH", env = "CACHE_LINT_CONFIG", hide_env_values = true)]
    pub(super) config: Option<PathBuf>,
    /// Take no rule file, not even one that is named; only the rules that come with the tool hold
    #[arg(long)]
    pub(super) isolated: bool,
}

/// Which rules run, and at which level.
#[derive(Debug, Args)]
#[command(next_help_heading = "Rules")]
pub(super) struct LevelArgs {
    #[command(flatten)]
    pub(super) levels: LevelFlags,
    /// Run these rules or categories only
    #[arg(long, value_name = "RULE", value_delimiter = ',', value_parser = Selector::parse)]
    pub(super) only: Vec<Selector>,
    /// Do not run these rules or categories
    #[arg(long, value_name = "RULE", value_delimiter = ',', value_parser = Selector::parse)]
    pub(super) skip: Vec<Selector>,
}

/// What makes a run fail, and what is shown.
#[derive(Debug, Args)]
#[command(next_help_heading = "Threshold")]
pub(super) struct ThresholdArgs {
    /// Neither show nor count findings below this level
    #[arg(long, value_name = "LEVEL", value_enum, default_value_t = MinLevel::Note)]
    pub(super) min_severity: MinLevel,
    /// Neither show nor count findings that are less sure [default: likely, or what the rule file says]
    #[arg(long, value_name = "CONFIDENCE", value_enum)]
    pub(super) min_confidence: Option<MinConfidence>,
    /// Fail on warnings, not on errors only
    #[arg(long)]
    pub(super) deny_warnings: bool,
    /// Fail on more than so many warnings
    #[arg(long, value_name = "N")]
    pub(super) max_warnings: Option<usize>,
    /// End with exit code 0 whatever is found
    #[arg(long)]
    pub(super) exit_zero: bool,
    /// End with exit code 2 when a file could not be read as Rust
    #[arg(long)]
    pub(super) strict: bool,
}

/// The levels of `--min-severity`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum MinLevel {
    Note,
    #[value(alias = "warn")]
    Warning,
    Error,
}

/// The grades of `--min-confidence`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum MinConfidence {
    Undetermined,
    Likely,
    Certain,
}

/// What is mended.
#[derive(Debug, Args)]
#[command(next_help_heading = "Fixes")]
pub(super) struct FixArgs {
    /// Mend in the sources what can be mended unseen; what is left is reported
    #[arg(long, group = "mending")]
    pub(super) fix: bool,
    /// With --fix or --diff: also what somebody has to read afterwards
    #[arg(long, requires = "mending")]
    pub(super) unsafe_fixes: bool,
    /// Print as a unified diff what --fix would change, and change nothing; exit code 1 if there is anything
    #[arg(long, group = "mending", conflicts_with = "output")]
    pub(super) diff: bool,
    /// Mend although there are changes that are not committed
    #[arg(long, requires = "fix")]
    pub(super) allow_dirty: bool,
    /// Mend although the sources are in no git repository
    #[arg(long, requires = "fix")]
    pub(super) allow_no_vcs: bool,
}

/// What is reported.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct ReportArgs {
    /// No summary
    #[arg(long, short, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Report also what suppression comments and exceptions of the rule file take away
    #[arg(long)]
    pub(super) no_ignores: bool,
    /// Show suppressed findings as well, with the reason; they are not counted
    #[arg(long)]
    pub(super) show_suppressed: bool,
    /// Tell what could not be resolved, why, and what to declare in the rule file; findings that rest on it are shown as
    /// well, as with --min-confidence undetermined
    #[arg(long, conflicts_with = "min_confidence")]
    pub(super) show_undetermined: bool,
    /// Show how often each rule reported something, instead of the findings (in JSON: beside them)
    #[arg(long, action = ArgAction::SetTrue)]
    pub(super) statistics: bool,
}

impl MinLevel {
    pub(super) fn level(self) -> Level {
        match self {
            Self::Note => Level::Note,
            Self::Warning => Level::Warning,
            Self::Error => Level::Error,
        }
    }
}

impl MinConfidence {
    pub(super) fn confidence(self) -> Confidence {
        match self {
            Self::Undetermined => Confidence::Undetermined,
            Self::Likely => Confidence::Likely,
            Self::Certain => Confidence::Certain,
        }
    }
}

fn rule(text: &str) -> Result<&'static str, String> {
    names().find(|name| *name == text).ok_or_else(|| unknown("rule", text, names()))
}
