//! `cache-lint files`.

use serde_json::json;

use super::args::FilesArgs;
use super::failure::Failure;
use super::format::Format;
use super::setup::{self, Input};
use super::terminal;
use crate::report::json;
use crate::run;
use crate::source::{SourceFile, Workspace};

pub(super) fn run(args: &FilesArgs) -> Result<(), Failure> {
    let input = Input::of(&args.input)?;
    let policy = setup::policy(&args.policy, &input.places)?;
    let (workspace, _) = run::load(input.options, &policy).map_err(setup::explain)?;
    let style = terminal::of_stdout(args.shown.color);
    let listed = workspace.files.iter().filter(|file| file.selected);
    let listed = listed.filter(|file| args.skipped || file.content.is_some());
    let text = match args.shown.format {
        Format::Json => {
            let files: Vec<_> = listed
                .map(|file| {
                    let package = workspace.package(file.package).map(|package| package.name.as_str());
                    json!({
                        "path": file.path,
                        "package": package.filter(|name| !name.is_empty()),
                        "test": file.test,
                        "skipped": skipped(&workspace, file),
                    })
                })
                .collect();
            json::pretty(&json!({ "schema": json::SCHEMA, "tool": json::Tool::this(), "files": files }))
        }
        Format::Graphical | Format::Concise => listed
            .map(|file| match skipped(&workspace, file) {
                Some(reason) => format!("{} {}\n", file.path, style.dim(&format!("({reason})"))),
                None => format!("{}\n", file.path),
            })
            .collect(),
    };
    terminal::print(&text, style)
}

/// Why a file is not analysed, if it is not.
fn skipped(workspace: &Workspace, file: &SourceFile) -> Option<String> {
    if file.content.is_some() {
        return None;
    }
    if let Some(error) = workspace.errors.iter().find(|error| error.file == Some(file.id)) {
        return Some(error.message.clone());
    }
    let package = workspace.package(file.package)?;
    let reason = match (package.relevant || package.supplies, package.name.as_str()) {
        (true, _) => "test code".to_owned(),
        (false, "") => "no Redis client is mentioned".to_owned(),
        (false, name) => format!("package `{name}` uses no Redis client"),
    };
    Some(reason)
}
