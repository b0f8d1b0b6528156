//! Formats, and the flags that choose them.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::detect;

/// Stands for `--format`.
const VARIABLE: &str = "CACHE_LINT_FORMAT";

/// Formats of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ReportFormat {
    /// For people: code with labels.
    Graphical,
    /// One line for each finding.
    Concise,
    /// One line for each finding with its cure, for coding agents.
    Agent,
    /// A table for comments on a pull request.
    Markdown,
    /// For machines; the schemas are in docs/schema.
    Json,
    /// The same, one finding a line.
    Jsonl,
    /// Annotations and the step summary of GitHub Actions.
    Github,
    /// SARIF 2.1.0, for GitHub code scanning and others.
    Sarif,
    /// A code quality report of GitLab.
    Gitlab,
    /// JUnit XML: a failed test for each finding.
    Junit,
    /// XML of Checkstyle.
    Checkstyle,
    /// Reviewdog's diagnostic format.
    Rdjson,
    /// What cargo prints of rustc's diagnostics, for editors.
    RustcJson,
}

/// Formats of what the other commands print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people: tables.
    Graphical,
    /// One line for each entry.
    Concise,
    /// For machines; the schemas are in docs/schema.
    Json,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ColorChoice {
    /// NO_COLOR, FORCE_COLOR and CLICOLOR_FORCE decide, in this order, else whether the output is a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Where the findings of a check go, and how they look.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct ReportOutputArgs {
    /// How findings look [default: graphical; github in GitHub Actions, agent under a coding agent]
    #[arg(long, short, value_name = "FORMAT", value_enum, alias = "output-format", env = VARIABLE, hide_env_values = true)]
    format: Option<ReportFormat>,
    /// When to use colours
    #[arg(long, value_name = "WHEN", value_enum, default_value = "auto")]
    pub(super) color: ColorChoice,
    /// Also write the findings to a file: sarif=cache-lint.sarif; may be given several times
    #[arg(long, value_name = "FORMAT=PATH", value_delimiter = ',', value_parser = target::<ReportFormat>)]
    pub(super) output: Vec<(ReportFormat, PathBuf)>,
    /// The category of a SARIF report: it tells several uploads for one commit apart
    #[arg(long, value_name = "NAME")]
    pub(super) sarif_category: Option<String>,
}

/// Where a list goes, and how it looks.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputArgs {
    #[command(flatten)]
    pub(super) shown: ShownArgs,
    /// Also write the results to a file: json=report.json; may be given several times
    #[arg(long, value_name = "FORMAT=PATH", value_delimiter = ',', value_parser = target::<Format>)]
    pub(super) output: Vec<(Format, PathBuf)>,
}

/// How results look.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct ShownArgs {
    /// How results look [default: graphical, or what CACHE_LINT_FORMAT names]
    #[arg(long, short, value_enum, alias = "output-format", default_value_t = Format::of_environment())]
    #[arg(hide_default_value = true)]
    pub(super) format: Format,
    /// When to use colours
    #[arg(long, value_name = "WHEN", value_enum, default_value = "auto")]
    pub(super) color: ColorChoice,
}

impl ReportOutputArgs {
    /// The format of standard output: as asked for, else as fits the reader.
    pub(super) fn format(&self) -> ReportFormat {
        self.format.unwrap_or_else(|| detect::format(std::io::stdout().is_terminal()))
    }
}

impl ReportFormat {
    /// It is read as lines: what goes wrong is told in lines as well.
    pub(super) fn is_in_lines(self) -> bool {
        matches!(self, Self::Concise | Self::Agent | Self::Github)
    }

    /// The findings are all that the reader gets: what could not be read, and what a baseline has too much, is in them.
    pub(super) fn is_complete(self) -> bool {
        matches!(self, Self::Json | Self::Jsonl)
    }
}

impl Format {
    /// The variable is for checks first. A format that only a check has is none of a list, and no mistake.
    fn of_environment() -> Self {
        let named = std::env::var(VARIABLE).ok().and_then(|name| Self::from_str(&name, true).ok());
        named.unwrap_or(Self::Graphical)
    }
}

/// `json=report.json`.
fn target<F: ValueEnum>(text: &str) -> Result<(F, PathBuf), String> {
    let Some((format, path)) = text.split_once('=') else {
        return Err("write FORMAT=PATH, for example json=report.json".to_owned());
    };
    let known = || F::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    let Ok(format) = F::from_str(format, false) else {
        let names: Vec<String> = known().map(|value| value.get_name().to_owned()).collect();
        return Err(format!("there is no format `{format}` here; the formats are {}", names.join(", ")));
    };
    if path.is_empty() {
        return Err("the path after `=` is missing".to_owned());
    }
    Ok((format, PathBuf::from(path)))
}
