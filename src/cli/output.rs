//! Writing to the terminal: failures, colour, closed pipes, progress.

use std::io::{IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource};

use super::args::Color;
use crate::policy::PolicyError;

/// Why a run could not do what it was asked for.
#[derive(Debug)]
pub(super) enum Failure {
    /// A message, and what to do.
    Message(String, Option<String>),
    /// Mistakes in rule files.
    Policy(Vec<PolicyError>),
}

impl Failure {
    pub(super) fn new(message: impl Into<String>, help: Option<&str>) -> Self {
        Self::Message(message.into(), help.map(str::to_owned))
    }

    /// A path that is not there may be a misspelt sub-command.
    pub(super) fn or_command(self, error: &crate::source::SourceLoadError) -> Self {
        let crate::source::SourceLoadError::Missing { path, .. } = error else { return self };
        let commands = ["check", "inventory", "explain", "rules", "config", "files", "init"];
        match crate::policy::nearest(path, commands) {
            Some(near) if near == path => {
                Self::new(format!("`{path}` does not exist"), Some("the command of that name stands before all flags"))
            }
            Some(near) => Self::Message(
                format!("`{path}` is no command and no path that exists"),
                Some(format!("did you mean `{near}`?")),
            ),
            None => self,
        }
    }

    pub(super) fn print(&self) {
        match self {
            Self::Message(message, help) => {
                eprintln!("error: {message}");
                if let Some(help) = help {
                    eprintln!("  help: {help}");
                }
            }
            Self::Policy(errors) => {
                for error in errors {
                    eprint!("{}", policy_error(error, color(Color::Auto, std::io::stderr().is_terminal())));
                }
                let n = errors.len();
                eprintln!("error: {n} mistake{} in the rule file", if n == 1 { "" } else { "s" });
            }
        }
    }
}

/// A mistake in a rule file, with the line that it is in.
fn policy_error(error: &PolicyError, color: bool) -> String {
    let theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let mut diagnostic = MietteDiagnostic::new(error.message.clone());
    if let Some(help) = &error.help {
        diagnostic = diagnostic.with_help(help.clone());
    }
    let Some(span) = error.span else {
        let help = error.help.as_ref().map(|help| format!("  help: {help}\n")).unwrap_or_default();
        return format!("error: {}: {}\n{help}", error.path, error.message);
    };
    let end = (span.end as usize).min(error.text.len());
    let start = (span.start as usize).min(end);
    diagnostic = diagnostic.with_label(LabeledSpan::new_primary_with_span(Some("here".to_owned()), start..end));
    let report =
        miette::Report::new(diagnostic).with_source_code(NamedSource::new(&error.path, error.text.to_string()));
    let mut out = String::new();
    let handler = GraphicalReportHandler::new_themed(theme).with_width(100).with_links(false);
    match handler.render_report(&mut out, report.as_ref()) {
        Ok(()) => out,
        Err(_) => format!("error: {}: {}\n", error.path, error.message),
    }
}

/// Whether to use colour: the flag, then NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, then the terminal.
pub(super) fn color(flag: Color, terminal: bool) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0");
    match flag {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if set("NO_COLOR") => false,
        Color::Auto if set("FORCE_COLOR") || set("CLICOLOR_FORCE") => true,
        Color::Auto => terminal && std::env::var_os("TERM").is_none_or(|term| term != "dumb"),
    }
}

/// Writes to the standard output. A reader that has gone away ends the program quietly.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => Err(Failure::new(format!("cannot write to the standard output: {error}"), None)),
    }
}

/// Columns of the terminal.
pub(super) fn width() -> usize {
    std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).unwrap_or(100)
}

/// Shows on a terminal what a run is doing once it has taken a second, and wipes it away at the end.
pub(super) struct Progress {
    stage: Arc<Mutex<Option<String>>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Progress {
    pub(super) fn start(wanted: bool) -> Self {
        let stage = Arc::new(Mutex::new(Some(String::new())));
        let shared = stage.clone();
        let thread = (wanted && std::io::stderr().is_terminal()).then(|| {
            std::thread::spawn(move || {
                let begun = Instant::now();
                let mut shown = false;
                loop {
                    std::thread::sleep(Duration::from_millis(100));
                    let Some(text) = shared.lock().ok().and_then(|stage| stage.clone()) else { break };
                    if begun.elapsed() >= Duration::from_secs(1) {
                        eprint!("\r\x1b[2K{text} …");
                        shown = true;
                    }
                }
                if shown {
                    eprint!("\r\x1b[2K");
                }
            })
        });
        Self { stage, thread }
    }

    pub(super) fn stage(&self, text: &str) {
        if let Ok(mut stage) = self.stage.lock() {
            *stage = Some(text.to_owned());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Ok(mut stage) = self.stage.lock() {
            *stage = None;
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
