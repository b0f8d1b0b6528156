//! The format of a run that was asked for none, by what the environment tells of the reader.

use std::collections::HashMap;

use super::format::ReportFormat;

/// What coding agents set for the commands that they run.
const AGENTS: [&str; 9] = [
    "AI_AGENT",
    "CLAUDECODE",
    "CLAUDE_CODE",
    "CODEX_SANDBOX",
    "CODEX_THREAD_ID",
    "COPILOT_CLI",
    "CURSOR_AGENT",
    "GEMINI_CLI",
    "OPENCODE",
];
/// Every variable of this agent begins so.
const JUNIE: &str = "JUNIE_";
/// Set in every shell of a workplace in which people type as well: it tells of an agent only where nobody looks.
const SHARED_WITH_PEOPLE: &str = "REPL_ID";

/// The format for the environment of this process.
pub(super) fn format(is_terminal: bool) -> ReportFormat {
    let text = |value: std::ffi::OsString| value.to_string_lossy().into_owned();
    of(&std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect(), is_terminal)
}

/// An agent goes before the CI system that it runs in: what it runs is read by it, not by the system.
fn of(variables: &HashMap<String, String>, is_terminal: bool) -> ReportFormat {
    let is_set = |name: &str| variables.get(name).is_some_and(|value| !matches!(value.as_str(), "" | "0" | "false"));
    let is_agent = AGENTS.iter().any(|name| is_set(name))
        || variables.keys().any(|name| name.starts_with(JUNIE) && is_set(name))
        || (is_set(SHARED_WITH_PEOPLE) && !is_terminal);
    if is_agent {
        ReportFormat::Agent
    } else if variables.get("GITHUB_ACTIONS").is_some_and(|value| value == "true") {
        ReportFormat::Github
    } else {
        ReportFormat::Graphical
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detected(variables: &[(&str, &str)], is_terminal: bool) -> ReportFormat {
        of(&variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(), is_terminal)
    }

    #[test]
    fn people_get_code_with_labels() {
        assert_eq!(detected(&[("PATH", "/bin"), ("CI", "true")], true), ReportFormat::Graphical);
        assert_eq!(detected(&[], false), ReportFormat::Graphical);
    }

    #[test]
    fn github_actions_gets_annotations() {
        assert_eq!(detected(&[("GITHUB_ACTIONS", "true")], false), ReportFormat::Github);
        assert_eq!(detected(&[("GITHUB_ACTIONS", "false")], false), ReportFormat::Graphical);
    }

    #[test]
    fn agents_get_lines_wherever_they_run() {
        for name in AGENTS.into_iter().chain(["JUNIE_SESSION"]) {
            assert_eq!(detected(&[(name, "1")], true), ReportFormat::Agent, "{name}");
            assert_eq!(detected(&[(name, "1"), ("GITHUB_ACTIONS", "true")], false), ReportFormat::Agent, "{name}");
            assert_eq!(detected(&[(name, "")], true), ReportFormat::Graphical, "{name}");
            assert_eq!(detected(&[(name, "0")], true), ReportFormat::Graphical, "{name}");
        }
    }

    #[test]
    fn a_workplace_of_people_and_agents_is_an_agent_s_where_nobody_looks() {
        assert_eq!(detected(&[("REPL_ID", "x")], false), ReportFormat::Agent);
        assert_eq!(detected(&[("REPL_ID", "x")], true), ReportFormat::Graphical);
    }
}
