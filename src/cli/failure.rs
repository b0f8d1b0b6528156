//! Why a command ends with exit code 2.

use crate::baseline::BaselineError;
use crate::changes::GitError;
use crate::fixes::{TreeError, WriteError};
use crate::policy::PolicyError;
use crate::report::{Style, concise, graphical};
use crate::source::SourceLoadError;

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// Mistakes in rule files.
    #[error("{} in the rule file", .0.len())]
    Policy(Vec<PolicyError>),
    /// Nothing to look at.
    #[error(transparent)]
    Source(#[from] SourceLoadError),
    /// A baseline that cannot be used.
    #[error(transparent)]
    Baseline(#[from] BaselineError),
    /// Git cannot say what was changed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The work tree may not be changed.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A file cannot be changed.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// Anything else: what is wrong, and what to do.
    #[error("{message}")]
    Other {
        /// Lower-case start, no final full stop.
        message: String,
        /// Lower-case start, no final full stop.
        help: Option<String>,
    },
}

impl Failure {
    pub(super) fn other(message: impl Into<String>, help: impl Into<String>) -> Self {
        let help: String = help.into();
        Self::Other { message: message.into(), help: Some(help).filter(|help| !help.is_empty()) }
    }

    /// For standard error; a line feed at its end.
    pub(super) fn text(&self, style: Style, in_lines: bool) -> String {
        match self {
            Self::Policy(errors) if in_lines => concise::policy_errors(errors),
            Self::Policy(errors) => graphical::policy_errors(errors, style),
            Self::Baseline(BaselineError::Malformed { path, text, span, .. }) => {
                let error = PolicyError {
                    path: path.clone(),
                    text: text.as_str().into(),
                    span: Some(*span),
                    message: self.to_string(),
                    help: self.advice().map(str::to_owned),
                };
                let errors = std::slice::from_ref(&error);
                if in_lines { concise::policy_errors(errors) } else { graphical::policy_errors(errors, style) }
            }
            Self::Source(_) | Self::Baseline(_) | Self::Git(_) | Self::Tree(_) | Self::Write(_) => {
                line(style, &self.to_string(), self.advice())
            }
            Self::Other { help, .. } => line(style, &self.to_string(), help.as_deref()),
        }
    }

    fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Source(SourceLoadError::NothingToCheck { .. }) => {
                Some("name a folder with Rust sources, or look at `.gitignore` and `[paths] exclude`")
            }
            Self::Baseline(BaselineError::Missing { .. }) => Some("`cache-lint baseline` writes one"),
            Self::Baseline(BaselineError::Malformed { .. }) => Some(
                "resolve a conflict in it by keeping the lines of both sides, or write it anew: remove it and run `cache-lint baseline`",
            ),
            Self::Git(GitError::NoRepository { .. }) => {
                Some("`--changed`, `--since` and `--staged` compare with commits; leave them out to check everything")
            }
            Self::Git(GitError::UnknownCommit(_)) => {
                Some("name a commit, a branch or a tag; in CI fetch it first, and the history back to it")
            }
            Self::Git(GitError::NoCommonAncestor(_)) => {
                Some("in CI fetch the whole history (`fetch-depth: 0`); a shallow clone does not reach back to it")
            }
            Self::Git(GitError::Unmerged) => Some("resolve them and `git add` the files"),
            Self::Tree(TreeError::NoRepository(_)) => {
                Some("`--allow-no-vcs` mends all the same; `--diff` shows the changes first")
            }
            Self::Tree(_) => Some("commit or stash them, or say `--allow-dirty`; `--diff` shows the changes first"),
            Self::Write(WriteError::Changed(_)) => Some("run it again"),
            _ => None,
        }
    }
}

fn line(style: Style, message: &str, help: Option<&str>) -> String {
    let mut out = format!("{} {message}\n", style.level(crate::finding::Level::Error, "error:"));
    if let Some(help) = help {
        out.push_str(&format!("{} {help}\n", style.bold("help:")));
    }
    out
}
