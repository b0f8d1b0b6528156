//! Names, types, values: what the facts of all files mean together.

use crate::clients::Catalogue;
use crate::facts::FileFacts;
use crate::source::Workspace;

/// Every function that can reach Redis, evaluated.
#[derive(Debug, Default)]
pub struct Program {}

/// Joins the facts of the workspace. `facts[id]` are those of file `id`; `None` for a file that was not parsed.
#[must_use]
pub fn link(_workspace: &Workspace, _facts: &[Option<FileFacts>], _catalogue: &Catalogue) -> Program {
    Program::default()
}
