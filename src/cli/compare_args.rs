//! Flags about what is known already and what was changed.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::args::{InputArgs, LevelArgs, PolicyArgs};
use super::format::ShownArgs;

/// What findings are held against.
#[derive(Debug, Args)]
#[command(next_help_heading = "Known findings")]
pub(super) struct CompareArgs {
    /// Hide what this baseline holds [default: `baseline` in the rule file]
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(super) baseline: Option<PathBuf>,
    /// Take no baseline, not even that of the rule file
    #[arg(long, conflicts_with_all = ["baseline", "strict_baseline", "show_known"])]
    pub(super) no_baseline: bool,
    /// Fail when the baseline holds what was not found again
    #[arg(long)]
    pub(super) strict_baseline: bool,
    /// Show what the baseline holds as well; it is not counted
    #[arg(long)]
    pub(super) show_known: bool,
}

/// Which changes findings have to touch.
#[derive(Debug, Args)]
#[command(next_help_heading = "Only what was changed")]
pub(super) struct ChangeArgs {
    /// Report only what touches lines that differ from the last commit: in the work tree, staged or not, and in new
    /// files
    #[arg(long, conflicts_with_all = ["since", "staged"])]
    pub(super) changed: bool,
    /// Report only what touches lines changed since the branch has left this commit, branch or tag
    #[arg(long, value_name = "REF", conflicts_with = "staged")]
    pub(super) since: Option<String>,
    /// Check what is staged as it would be committed, and report only what touches it
    #[arg(long)]
    pub(super) staged: bool,
}

impl ChangeArgs {
    /// One of them is given.
    pub(super) fn is_any(&self) -> bool {
        self.changed || self.since.is_some() || self.staged
    }
}

/// `cache-lint baseline`.
#[derive(Debug, Args)]
pub(super) struct BaselineArgs {
    /// Take in new findings as well, where there is a baseline already
    #[arg(long, conflicts_with = "prune")]
    pub(super) accept_new: bool,
    /// Only take out what was not found again; never write a first baseline
    #[arg(long)]
    pub(super) prune: bool,
    /// The file [default: `baseline` in the rule file, else cache-lint-baseline.json at the repository's root]
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(super) baseline: Option<PathBuf>,
    #[command(flatten)]
    pub(super) input: InputArgs,
    #[command(flatten)]
    pub(super) policy: PolicyArgs,
    #[command(flatten)]
    pub(super) levels: LevelArgs,
    #[command(flatten)]
    pub(super) shown: ShownArgs,
}
