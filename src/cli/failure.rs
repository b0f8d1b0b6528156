//! Why a command ends with exit code 2.

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
            Self::Source(_) => line(style, &self.to_string(), self.advice()),
            Self::Other { help, .. } => line(style, &self.to_string(), help.as_deref()),
        }
    }

    fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Source(SourceLoadError::NothingToCheck { .. }) => {
                Some("name a folder with Rust sources, or look at `.gitignore` and `[paths] exclude`")
            }
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
