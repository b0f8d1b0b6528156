//! What a coding agent sends to a hook, and what it is answered.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::cli::failure::Failure;
use crate::cli::terminal;
use crate::report::Style;

/// Tells the root of the project to a hook.
const PROJECT: &str = "CLAUDE_PROJECT_DIR";

/// What the agent sends. Whatever is not read here may be there or not.
#[derive(Debug, Deserialize)]
pub(super) struct Event {
    hook_event_name: String,
    #[serde(default)]
    pub(super) session_id: String,
    #[serde(default)]
    cwd: PathBuf,
    #[serde(default)]
    tool_input: Value,
    #[serde(default)]
    tool_response: Value,
    /// The agent goes on because a hook told it to: to tell it again would never end.
    #[serde(default)]
    pub(super) stop_hook_active: bool,
}

/// What has happened.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A tool has written this file.
    Edited(PathBuf),
    /// The agent, or one of its helpers, holds itself to be done.
    Stopping,
    /// Nothing of interest.
    Other,
}

impl Event {
    pub(super) fn read(text: &str) -> Result<Self, Failure> {
        serde_json::from_str(text).map_err(|error| {
            Failure::other(
                format!("what came over standard input is no hook event: {error}"),
                "a coding agent runs `cache-lint hook`; `cache-lint` alone checks the project",
            )
        })
    }

    pub(super) fn kind(&self) -> Kind {
        match self.hook_event_name.as_str() {
            "PostToolUse" => match self.tool_input.get("file_path").and_then(Value::as_str) {
                Some(path) => Kind::Edited(self.cwd.join(path)),
                None => Kind::Other,
            },
            "Stop" | "SubagentStop" => Kind::Stopping,
            _ => Kind::Other,
        }
    }

    /// The folder that paths are shown relative to.
    pub(super) fn root(&self) -> PathBuf {
        let stated = std::env::var_os(PROJECT).map(PathBuf::from).filter(|root| root.is_dir());
        let given = || if self.cwd.as_os_str().is_empty() { PathBuf::from(".") } else { self.cwd.clone() };
        stated.unwrap_or_else(given)
    }

    /// The file's text before the edit, where the agent tells it.
    pub(super) fn text_before(&self) -> Option<String> {
        self.tool_response.get("originalFile").and_then(Value::as_str).map(str::to_owned)
    }
}

/// What the agent, or its user, is told.
#[derive(Debug)]
pub(super) enum Answer {
    /// Nothing.
    Silence,
    /// The agent reads it and goes on.
    Context(String),
    /// The agent reads it, and has to do something about it.
    Block(String),
    /// The user reads it; the agent does not.
    Notice(String),
}

impl Answer {
    /// Gives the answer, and the exit code: 2 makes the agent read standard error, 0 makes it read JSON.
    pub(super) fn give(self) -> Result<u8, Failure> {
        let answer = match self {
            Self::Silence => return Ok(0),
            Self::Block(text) => {
                terminal::complain(&text, Style::PLAIN);
                return Ok(2);
            }
            Self::Context(text) => {
                json!({ "hookSpecificOutput": { "hookEventName": "PostToolUse", "additionalContext": text } })
            }
            Self::Notice(text) => {
                let text = text.trim_end();
                let text = if text.starts_with("cache-lint") { text.to_owned() } else { format!("cache-lint: {text}") };
                json!({ "systemMessage": text })
            }
        };
        // A reader that has gone has nothing to be told; any other fault must not fail the session either.
        let _ = terminal::print(&format!("{answer}\n"), Style::PLAIN);
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> Kind {
        Event::read(text).unwrap().kind()
    }

    #[test]
    fn an_edit_names_its_file() {
        let text = r#"{"hook_event_name":"PostToolUse","cwd":"/shop","tool_name":"Edit",
            "tool_input":{"file_path":"src/lib.rs","old_string":"a","new_string":"b"}}"#;
        assert_eq!(kind(text), Kind::Edited(PathBuf::from("/shop/src/lib.rs")));
    }

    #[test]
    fn what_edits_no_file_is_of_no_interest() {
        assert_eq!(kind(r#"{"hook_event_name":"PostToolUse","tool_input":{"command":"ls"}}"#), Kind::Other);
        assert_eq!(kind(r#"{"hook_event_name":"PostToolUse","tool_input":"odd"}"#), Kind::Other);
        assert_eq!(kind(r#"{"hook_event_name":"SessionStart"}"#), Kind::Other);
    }

    #[test]
    fn helpers_stop_as_the_agent_does() {
        assert_eq!(kind(r#"{"hook_event_name":"Stop"}"#), Kind::Stopping);
        assert_eq!(kind(r#"{"hook_event_name":"SubagentStop"}"#), Kind::Stopping);
    }

    #[test]
    fn the_text_before_is_there_or_not() {
        let of = |response: &str| {
            let text = format!(r#"{{"hook_event_name":"PostToolUse","tool_response":{response}}}"#);
            Event::read(&text).unwrap().text_before()
        };
        assert_eq!(of(r#"{"originalFile":"fn a() {}"}"#).as_deref(), Some("fn a() {}"));
        assert_eq!(of(r#"{"originalFile":null}"#), None);
        assert_eq!(of(r#""done""#), None);
    }
}
