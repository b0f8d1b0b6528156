//! Workflow commands of GitHub Actions: annotations at the lines of a pull request.

use std::borrow::Cow;

use super::concise::one_line;
use super::{Report, Style};
use crate::finding::Level;

/// The annotations, then the figures. A suppressed finding is none.
///
/// GitHub shows about ten annotations of each level and step; the log has them all, each with its place, because the log
/// shows nothing but the message.
#[must_use]
pub fn render(report: &Report<'_>) -> String {
    let places = report.places();
    let mut out = String::new();
    for judged in report.unsuppressed() {
        let finding = &judged.finding;
        let spot = places.spot(finding.primary);
        let path = report.path_below_root(finding.primary.file);
        let (start, end) = (spot.position, spot.end);
        let command = match finding.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note | Level::Off => "notice",
        };
        let mut properties =
            vec![format!("file={}", property(&path)), format!("line={}", start.line), format!("endLine={}", end.line)];
        // Columns of an annotation over several lines make GitHub drop it.
        if start.line == end.line {
            properties.extend([format!("col={}", start.column), format!("endColumn={}", end.column)]);
        }
        properties.push(format!("title={}", property(&format!("cache-lint {}", finding.rule))));
        let mut message =
            format!("{path}:{}:{} {}: {}", start.line, start.column, finding.rule, one_line(&finding.message));
        if !finding.help.is_empty() {
            message.push_str(&format!("\nhelp: {}", one_line(&finding.help)));
        }
        out.push_str(&format!("::{command} {}::{}\n", properties.join(","), data(&message)));
    }
    if !report.view.quiet {
        out.push_str(&report.summary.text(Style::PLAIN));
    }
    out
}

/// As a message has to be written.
fn data(text: &str) -> Cow<'_, str> {
    escaped(text, &[('%', "%25"), ('\r', "%0D"), ('\n', "%0A")])
}

/// As a value before the message has to be written.
fn property(text: &str) -> Cow<'_, str> {
    escaped(text, &[('%', "%25"), ('\r', "%0D"), ('\n', "%0A"), (':', "%3A"), (',', "%2C")])
}

fn escaped<'a>(text: &'a str, codes: &[(char, &str)]) -> Cow<'a, str> {
    let code = |c: char| codes.iter().find(|(known, _)| *known == c).map(|(_, code)| *code);
    if !text.contains(|c| code(c).is_some()) {
        return Cow::Borrowed(text);
    }
    text.chars().map(|c| code(c).map_or_else(|| c.to_string(), str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_in_a_command_is_escaped() {
        assert_eq!(data("50%: a,b\r\nc"), "50%25: a,b%0D%0Ac");
        assert_eq!(property("src/a,b:c%.rs"), "src/a%2Cb%3Ac%25.rs");
    }
}
