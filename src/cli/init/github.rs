//! A workflow of GitHub Actions.

use crate::cli::failure::Failure;

pub(super) const PATH: &str = ".github/workflows/cache-lint.yml";

const WORKFLOW: &str = include_str!("../../../rules/ci/github.yml");

/// The workflow, which is a file of its own; one that is there is the team's.
pub(super) fn workflow(path: &str, text: Option<&str>) -> Result<String, Failure> {
    match text {
        None => Ok(WORKFLOW.replace("VERSION", env!("CARGO_PKG_VERSION"))),
        Some(text) if text.contains("cache-lint") => Ok(text.to_owned()),
        Some(_) => Err(Failure::other(
            format!("`{path}` is there already and does something else; nothing was written"),
            "rename it, or copy the step from docs/ci.md into it",
        )),
    }
}
