//! What went wrong inside the tool is told in one message, never as a bare panic.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use super::format::ColorChoice;
use super::terminal;
use crate::finding::Level;

const ISSUES: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/issues");

/// Where the last panic was. A panic that a parser's thread survives is overwritten by the one that ends the run.
static LAST: Mutex<String> = Mutex::new(String::new());

/// Runs `work`; a panic in it ends with a message and exit code 2.
pub(super) fn guarded(work: impl FnOnce() -> ExitCode) -> ExitCode {
    set_hook(Box::new(|info| {
        let mut text = info.location().map(|at| format!(" at {}:{}", at.file(), at.line())).unwrap_or_default();
        let trace = Backtrace::capture();
        if trace.status() == BacktraceStatus::Captured {
            text.push_str(&format!("\n{trace}"));
        }
        *LAST.lock().unwrap_or_else(PoisonError::into_inner) = text;
    }));
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(code) => code,
        Err(panic) => {
            let style = terminal::of_stderr(ColorChoice::Auto);
            let place = LAST.lock().unwrap_or_else(PoisonError::into_inner);
            let what = message(panic.as_ref());
            let text = format!(
                "{} {what}{place}\n{} this is a fault of cache-lint {}, not of your code; please report it with the \
                 code that it was run on: {ISSUES}\n",
                style.level(Level::Error, "internal error:"),
                style.bold("help:"),
                env!("CARGO_PKG_VERSION"),
            );
            terminal::complain(&text, style);
            ExitCode::from(2)
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("something went wrong")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_panic_is_found_however_it_was_made() {
        assert_eq!(message(&"plain"), "plain");
        assert_eq!(message(&"made".to_owned()), "made");
        assert_eq!(message(&3), "something went wrong");
    }
}
