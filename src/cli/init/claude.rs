//! The hooks of a coding agent, in `.claude/settings.json`.

use jsonc_parser::cst::{CstArray, CstInputValue, CstRootNode};
use jsonc_parser::{ParseOptions, json};

use crate::cli::failure::Failure;

/// Where a project keeps the settings that all who work on it share.
pub(super) const PATH: &str = ".claude/settings.json";

/// What the agent calls.
const COMMAND: &str = "cache-lint hook";
/// Seconds after which the agent goes on without an answer.
const TIMEOUT: u32 = 120;

/// The settings with our hooks in them; everything else, comments and layout included, stays as it is.
pub(super) fn merged(path: &str, text: Option<&str>) -> Result<String, Failure> {
    let text = text.filter(|text| !text.trim().is_empty()).unwrap_or("{}\n");
    let fault = |what: &str| {
        Failure::other(
            format!("`{path}` {what}; nothing was written"),
            "mend it, or add the hooks by hand: see docs/agents.md",
        )
    };
    let root = CstRootNode::parse(text, &ParseOptions::default())
        .map_err(|error| fault(&format!("cannot be read as JSON: {error}")))?;
    let settings = root.object_value_or_create().ok_or_else(|| fault("holds something other than settings"))?;
    let hooks = settings.object_value_or_create("hooks").ok_or_else(|| fault("has `hooks` that are no object"))?;
    let events = [("PostToolUse", Some("Edit|Write|MultiEdit")), ("Stop", None)];
    for (event, matcher) in events {
        let list =
            hooks.array_value_or_create(event).ok_or_else(|| fault(&format!("has `hooks.{event}` that is no list")))?;
        if !calls_us(&list) {
            list.ensure_multiline();
            list.append(entry(matcher));
        }
    }
    Ok(root.to_string())
}

fn calls_us(list: &CstArray) -> bool {
    list.elements().iter().any(|element| element.to_string().contains(COMMAND))
}

fn entry(matcher: Option<&str>) -> CstInputValue {
    let hooks = json!([{ "type": "command", "command": COMMAND, "timeout": TIMEOUT }]);
    match matcher {
        Some(matcher) => json!({ "matcher": matcher, "hooks": hooks }),
        None => json!({ "hooks": hooks }),
    }
}
