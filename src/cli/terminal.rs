//! Where output goes, and how it may look there.

use std::io::{self, ErrorKind, IsTerminal, Write};

use anstream::AutoStream;
use supports_hyperlinks::Stream;

use super::failure::Failure;
use super::format::ColorChoice;
use crate::report::Style;

/// Columns where there is no terminal to ask.
const WIDTH: usize = 100;
/// Columns that text for people takes at most: longer lines are hard to read.
const WIDEST: usize = 140;
const NARROWEST: usize = 50;

/// Whether to colour: the flag, then the variables, then whether somebody looks.
fn colored(choice: ColorChoice, variable: impl Fn(&str) -> Option<String>, is_terminal: bool) -> bool {
    let set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    let forced = |name: &str| variable(name).is_some_and(|value| !value.is_empty() && value != "0");
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto if set("NO_COLOR") => false,
        ColorChoice::Auto if forced("FORCE_COLOR") || forced("CLICOLOR_FORCE") => true,
        ColorChoice::Auto => is_terminal && variable("TERM").is_none_or(|term| term != "dumb"),
    }
}

fn style(choice: ColorChoice, is_terminal: bool, stream: Stream) -> Style {
    let color = colored(choice, |name| std::env::var(name).ok(), is_terminal);
    let width = if is_terminal { terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)) } else { None };
    // Who wants no colours wants no other escapes either.
    let links = color && supports_hyperlinks::on(stream);
    Style { color, links, width: width.unwrap_or(WIDTH).clamp(NARROWEST, WIDEST) }
}

/// The look of standard output.
pub(super) fn of_stdout(choice: ColorChoice) -> Style {
    style(choice, io::stdout().is_terminal(), Stream::Stdout)
}

/// The look of standard error.
pub(super) fn of_stderr(choice: ColorChoice) -> Style {
    style(choice, io::stderr().is_terminal(), Stream::Stderr)
}

/// Writes to standard output. A reader that has gone (`| head`) is no fault.
pub(super) fn print(text: &str, style: Style) -> Result<(), Failure> {
    let choice = stream_choice(style);
    match write(AutoStream::new(io::stdout().lock(), choice), text) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::other(format!("cannot write to standard output: {error}"), ""))
        }
        _ => Ok(()),
    }
}

/// Writes to standard error. When that fails there is nobody left to tell.
pub(super) fn complain(text: &str, style: Style) {
    let _ = write(AutoStream::new(io::stderr().lock(), stream_choice(style)), text);
}

/// The text is coloured already, or not at all: the stream only has to make an old Windows console understand it.
fn stream_choice(style: Style) -> anstream::ColorChoice {
    if style.color { anstream::ColorChoice::Always } else { anstream::ColorChoice::Never }
}

fn write(mut stream: impl Write, text: &str) -> io::Result<()> {
    stream.write_all(text.as_bytes())?;
    stream.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auto(variables: &[(&str, &str)], is_terminal: bool) -> bool {
        let find =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        colored(ColorChoice::Auto, find, is_terminal)
    }

    #[test]
    fn the_flag_goes_before_the_variables() {
        assert!(colored(ColorChoice::Always, |_| Some("1".to_owned()), false));
        assert!(!colored(ColorChoice::Never, |_| Some("1".to_owned()), true));
    }

    #[test]
    fn the_variables_go_before_the_terminal_in_their_order() {
        assert!(!auto(&[("NO_COLOR", "1"), ("FORCE_COLOR", "1"), ("CLICOLOR_FORCE", "1")], true));
        assert!(auto(&[("FORCE_COLOR", "1")], false));
        assert!(auto(&[("CLICOLOR_FORCE", "1")], false));
        assert!(!auto(&[("FORCE_COLOR", "0"), ("CLICOLOR_FORCE", "0")], false));
        assert!(auto(&[("NO_COLOR", "")], true));
    }

    #[test]
    fn else_a_terminal_gets_colours() {
        assert!(auto(&[], true) && !auto(&[], false) && !auto(&[("TERM", "dumb")], true));
    }
}
