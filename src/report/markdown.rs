//! A table for comments on pull requests and for the summary of a CI step.

use super::concise::one_line;
use super::{Report, Style, level_word, summary, uri};
use crate::run::Judged;

/// The report; findings for which `room` bytes do not suffice are counted instead of shown.
#[must_use]
pub fn render(report: &Report<'_>, room: usize) -> String {
    let findings = &report.findings;
    let text = report.summary.text(Style::PLAIN);
    let (outcome, extent) = text.trim_end().split_once('\n').unwrap_or((&text, ""));
    let mut out = format!("### cache-lint: {outcome}\n\n");
    if !findings.is_empty() {
        out.push_str("| level | rule | place | finding |\n|---|---|---|---|\n");
    }
    for (at, judged) in findings.iter().enumerate() {
        let row = row(report, judged);
        if out.len() + row.len() > room {
            out.push_str(&format!("\n{} not shown.\n", summary::counted(findings.len() - at, "more finding")));
            break;
        }
        out.push_str(&row);
    }
    if !report.view.quiet && !extent.is_empty() {
        let gap = if findings.is_empty() { "" } else { "\n" };
        out.push_str(&format!("{gap}{}\n", extent.replace('\n', "<br>\n")));
    }
    out
}

fn row(report: &Report<'_>, judged: &Judged) -> String {
    let finding = &judged.finding;
    let spot = report.places().spot(finding.primary);
    let mut text = cell(&finding.message);
    if let Some(suppression) = &judged.suppression {
        text.push_str(&format!(" (suppressed: {})", cell(&suppression.reason)));
    }
    if !finding.help.is_empty() {
        text.push_str(&format!("<br>help: {}", cell(&finding.help)));
    }
    let place =
        format!("{}:{}:{}", report.path_below_root(finding.primary.file), spot.position.line, spot.position.column);
    format!(
        "| {} | [{}]({}) | {} | {text} |\n",
        level_word(finding.level),
        finding.rule,
        uri::page_of(finding.rule),
        cell(&format!("`{place}`")),
    )
}

/// A text in a cell: a bar would end the cell even in code, and outside of code a bracket would be a tag or a link.
fn cell(text: &str) -> String {
    let text = one_line(text).replace('|', "\\|");
    if text.matches('`').count() % 2 == 1 {
        return outside(&text);
    }
    let parts = text.split('`').enumerate();
    let parts: Vec<String> =
        parts.map(|(at, part)| if at % 2 == 1 { part.to_owned() } else { outside(part) }).collect();
    parts.join("`")
}

fn outside(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '*' | '_' | '[' => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_hold_what_they_are_given() {
        assert_eq!(cell("`a | b` | <c>\n*d*"), "`a \\| b` \\| &lt;c>\\n\\*d\\*");
        assert_eq!(cell("`Option<User>` of `x_y`, x_y"), "`Option<User>` of `x_y`, x\\_y");
        assert_eq!(cell("an odd ` <"), "an odd ` &lt;");
    }
}
