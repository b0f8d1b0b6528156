//! Suppression comments, and what is wrong with them.
//!
//! The checks on suppressions are rules like others, except that nothing suppresses them.

use crate::finding::{Confidence, FileId, Finding, Level, Place};
use crate::policy::{Subject, nearest};
use crate::rules::{Category, Meta};
use crate::run::{Analysis, Comments};
use crate::source::{Directive, DirectiveKind};
use crate::text::Span;

const fn meta(id: &'static str, summary: &'static str, level: Level, docs: &'static str) -> Meta {
    Meta { id, summary, level, category: Category::Run, confidence: Confidence::Certain, since: "0.1.0", docs }
}

macro_rules! page {
    ($what:literal, $why:literal) => {
        concat!("## What it does\n\n", $what, "\n\n## Why is this bad?\n\n", $why, "\n\n## Options\n\nThe form is `// cache-lint: ignore[rule, rule] until=2027-03-01 -- reason`; `ignore` on its own line is for the next statement or item, behind code for that line; `ignore-file` for the file; `ignore-start` and `ignore-end` for what stands between. `until` can be demanded with `[suppressions] require-until`. This rule can be levelled, but not suppressed.\n")
    };
}

/// Every rule about the run itself, sorted by id.
pub static METAS: [Meta; 10] = [
    meta(
        "parse-error",
        "a file could not be read or parsed, so nothing is known of it",
        Level::Warning,
        page!(
            "Reports a file that could not be read or that is not Rust as `syn` knows it.",
            "Operations in it, and wrappers that other files call, are not seen: the run is less than it seems."
        ),
    ),
    meta(
        "suppression-blanket",
        "a suppression names no rule",
        Level::Warning,
        page!("Reports a suppression without rules in brackets.", "It hides what is not there yet."),
    ),
    meta(
        "suppression-duplicate",
        "a rule is suppressed twice for one place",
        Level::Note,
        page!(
            "Reports a rule that a suppression names twice, or that an enclosing one already names.",
            "When one of them goes, the other keeps hiding."
        ),
    ),
    meta(
        "suppression-expired",
        "a suppression's last day is over",
        Level::Warning,
        page!(
            "Reports a suppression whose `until` lies in the past, or is no date; it no longer holds.",
            "Somebody meant to come back to this."
        ),
    ),
    meta(
        "suppression-misplaced",
        "a suppression stands before nothing",
        Level::Warning,
        page!(
            "Reports a suppression behind which no statement or item follows, or whose form is not understood.",
            "It has no effect, although it looks as if it had."
        ),
    ),
    meta(
        "suppression-no-reason",
        "a suppression does not say why",
        Level::Warning,
        page!(
            "Reports a suppression without a reason of at least three words, or with a placeholder such as `todo`.",
            "Nobody can tell later whether it still holds."
        ),
    ),
    meta(
        "suppression-unknown-rule",
        "a suppression names a rule that does not exist",
        Level::Warning,
        page!("Reports a name in brackets that is no rule.", "A misspelt name suppresses nothing."),
    ),
    meta(
        "suppression-unmatched-range",
        "a suppressed range has no beginning or no end",
        Level::Warning,
        page!(
            "Reports `ignore-start` without `ignore-end`, and the reverse.",
            "The range ends somewhere else than its author thought."
        ),
    ),
    meta(
        "suppression-unused",
        "a suppression suppresses nothing",
        Level::Warning,
        page!("Reports a suppression of a rule that finds nothing there.", "It will hide the next fault of that kind."),
    ),
    meta(
        "unused-policy-entry",
        "an entry of the rule file matches nothing",
        Level::Warning,
        page!(
            "Reports classes and exceptions of the project's own rule file whose patterns match no key of the run.",
            "A pattern with a slip in it protects nothing; one that is no longer needed misleads."
        ),
    ),
];

/// The rule about the run with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Meta> {
    METAS.iter().find(|meta| meta.id == id)
}

/// What suppressions did to the findings.
#[derive(Debug, Default)]
pub struct Suppressed {
    /// For each finding, the reason why it is not shown.
    pub reasons: Vec<Option<String>>,
    /// Findings about the suppressions themselves.
    pub about: Vec<Finding>,
}

/// Applies comments and exceptions of the rule file. `today` as `2026-11-23`.
#[must_use]
pub fn apply(analysis: &Analysis, findings: &[Finding], today: &str, whole_run: bool) -> Suppressed {
    let mut out = Suppressed { reasons: vec![None; findings.len()], about: Vec::new() };
    let mut files: Vec<(&FileId, &Comments)> = analysis.comments.iter().collect();
    files.sort_by_key(|(file, _)| **file);
    for (file, comments) in files {
        if analysis.is_selected(*file) {
            File { analysis, file: *file, comments, findings, today, whole_run }.apply(&mut out);
        }
    }
    for (at, finding) in findings.iter().enumerate() {
        if out.reasons[at].is_none() {
            out.reasons[at] = exception(analysis, finding, today);
        }
    }
    out
}

fn exception(analysis: &Analysis, finding: &Finding, today: &str) -> Option<String> {
    let path = std::path::Path::new(&analysis.workspace.file(finding.primary.file)?.path);
    let operation = analysis.inventory.in_file(finding.primary.file).find(|op| op.place == finding.primary);
    let template = operation.and_then(|op| op.template());
    let category = crate::rules::find(finding.rule).map_or("", |rule| rule.meta().category.word());
    let subject = Subject { rule: finding.rule, category, template, path, function: &finding.function };
    analysis.policy.exception(subject, today).map(|exception| exception.reason.clone())
}

struct File<'a> {
    analysis: &'a Analysis,
    file: FileId,
    comments: &'a Comments,
    findings: &'a [Finding],
    today: &'a str,
    /// Every rule ran, so a suppression that nothing needs is unused.
    whole_run: bool,
}

impl File<'_> {
    fn apply(&self, out: &mut Suppressed) {
        let mut open: Option<&Directive> = None;
        let mut covered: Vec<(Span, &str)> = Vec::new();
        for directive in &self.comments.directives {
            let scope = match directive.kind {
                DirectiveKind::IgnoreFile => Some(Span { start: 0, end: u32::MAX }),
                DirectiveKind::Ignore => self.scope(directive),
                DirectiveKind::IgnoreStart => {
                    if let Some(before) = open.replace(directive) {
                        self.about(
                            out,
                            "suppression-unmatched-range",
                            before.span,
                            "`ignore-start` without `ignore-end` before the next one",
                            "add `// cache-lint: ignore-end` where the range ends",
                        );
                    }
                    self.range(directive)
                }
                DirectiveKind::IgnoreEnd => {
                    if open.take().is_none() {
                        self.about(
                            out,
                            "suppression-unmatched-range",
                            directive.span,
                            "`ignore-end` without `ignore-start`",
                            "remove it, or add `// cache-lint: ignore-start[rule] -- reason` above",
                        );
                    }
                    continue;
                }
            };
            if let Some(message) = &directive.malformed {
                self.about(
                    out,
                    "suppression-misplaced",
                    directive.span,
                    message,
                    "write `// cache-lint: ignore[rule] -- reason`",
                );
            }
            let Some(scope) = scope else {
                self.about(
                    out,
                    "suppression-misplaced",
                    directive.span,
                    "no statement or item follows this suppression",
                    "move it in front of what it is for, or behind the code of its line",
                );
                continue;
            };
            self.directive(directive, scope, &mut covered, out);
        }
        if let Some(before) = open {
            self.about(
                out,
                "suppression-unmatched-range",
                before.span,
                "`ignore-start` without `ignore-end`",
                "add `// cache-lint: ignore-end` where the range ends",
            );
        }
    }

    fn directive<'d>(
        &self,
        directive: &'d Directive,
        scope: Span,
        covered: &mut Vec<(Span, &'d str)>,
        out: &mut Suppressed,
    ) {
        if directive.rules.is_empty() && directive.malformed.is_none() {
            self.about(
                out,
                "suppression-blanket",
                directive.span,
                "this suppression names no rule",
                "name the rules in brackets: `ignore[missing-ttl] -- reason`",
            );
        }
        let reason = directive.reason.as_ref().map_or("", |(text, _)| text.as_str());
        if let Some(complaint) = poor_reason(reason) {
            self.about(
                out,
                "suppression-no-reason",
                directive.span,
                complaint,
                "say behind `--` why this is right here",
            );
        }
        let mut holds = true;
        match &directive.until {
            Some((until, span)) => {
                let is_date = until.len() == 10
                    && until
                        .bytes()
                        .enumerate()
                        .all(|(at, b)| if at == 4 || at == 7 { b == b'-' } else { b.is_ascii_digit() });
                if !is_date {
                    self.about(
                        out,
                        "suppression-expired",
                        *span,
                        &format!("`{until}` is no date"),
                        "write for example `until=2027-03-01`",
                    );
                    holds = false;
                } else if until.as_str() < self.today {
                    self.about(
                        out,
                        "suppression-expired",
                        *span,
                        &format!("this suppression ended on {until}"),
                        "mend what it hides, or set a new day with a reason",
                    );
                    holds = false;
                }
            }
            None if self.analysis.policy.require_until => {
                self.about(
                    out,
                    "suppression-expired",
                    directive.span,
                    "this suppression has no last day, which the rule file demands",
                    "add `until=` and a date",
                );
            }
            None => {}
        }
        for (rule, span) in &directive.rules {
            if crate::rules::find(rule).is_none() {
                let known = crate::rules::REGISTRY.iter().map(|rule| rule.meta().id);
                let help = match (find(rule), nearest(rule, known)) {
                    (Some(_), _) => {
                        "rules about the run cannot be suppressed; set their level in the rule file".to_owned()
                    }
                    (None, Some(near)) => format!("write `{near}` if that is meant"),
                    (None, None) => "see `cache-lint rules` for the names".to_owned(),
                };
                self.about(
                    out,
                    "suppression-unknown-rule",
                    *span,
                    &format!("there is no rule `{rule}` to suppress"),
                    &help,
                );
                continue;
            }
            if covered.iter().any(|(other, name)| *name == rule && (other.contains(scope) || scope.contains(*other))) {
                self.about(
                    out,
                    "suppression-duplicate",
                    *span,
                    &format!("`{rule}` is suppressed here already"),
                    "remove one of the two",
                );
            }
            covered.push((scope, rule));
            let mut used = false;
            for (at, finding) in self.findings.iter().enumerate() {
                let here = finding.primary.file == self.file && touches(scope, finding.primary.span);
                if here && finding.rule == rule {
                    used = true;
                    if holds && out.reasons[at].is_none() {
                        out.reasons[at] =
                            Some(if reason.is_empty() { "no reason given".to_owned() } else { reason.to_owned() });
                    }
                }
            }
            if !used && holds && self.whole_run {
                self.about(
                    out,
                    "suppression-unused",
                    *span,
                    &format!("`{rule}` finds nothing here"),
                    "remove the suppression",
                );
            }
        }
        // Without rules it stands for all: reported, but honoured, so that nothing appears that was hidden on purpose.
        if directive.rules.is_empty() && holds && directive.malformed.is_none() {
            for (at, finding) in self.findings.iter().enumerate() {
                if finding.primary.file == self.file
                    && touches(scope, finding.primary.span)
                    && out.reasons[at].is_none()
                {
                    out.reasons[at] = Some(reason.to_owned());
                }
            }
        }
    }

    /// What `ignore` is for: its line, or the next statement or item.
    fn scope(&self, directive: &Directive) -> Option<Span> {
        let content = self.analysis.workspace.file(self.file)?.content.as_ref()?;
        let line_of = |offset: u32| content.lines.position(&content.text, offset).line;
        if !directive.own_line {
            return Some(content.lines.line_span(&content.text, line_of(directive.span.start)));
        }
        let next = self
            .comments
            .nodes
            .iter()
            .filter(|node| node.start >= directive.span.end)
            .min_by_key(|node| (node.start, std::cmp::Reverse(node.end)))?;
        // A blank line between is allowed; other code between means that the comment ends a block.
        let between = content.text.get(directive.span.end as usize..next.start as usize)?;
        let code_between = between.lines().any(|line| {
            let line = line.trim();
            !line.is_empty()
                && !line.starts_with("//")
                && !line.starts_with("#[")
                && !line.starts_with("/*")
                && !line.starts_with('*')
        });
        (!code_between).then_some(*next)
    }

    fn range(&self, directive: &Directive) -> Option<Span> {
        let end = self
            .comments
            .directives
            .iter()
            .find(|other| other.kind == DirectiveKind::IgnoreEnd && other.span.start > directive.span.end)
            .map_or(u32::MAX, |end| end.span.start);
        Some(Span { start: directive.span.end, end })
    }

    fn about(&self, out: &mut Suppressed, rule: &'static str, span: Span, message: &str, help: &str) {
        out.about.push(run_finding(rule, Place { file: self.file, span }, message, help));
    }
}

/// A finding about the run itself.
#[must_use]
pub fn run_finding(rule: &'static str, place: Place, message: &str, help: &str) -> Finding {
    Finding {
        rule,
        level: find(rule).map_or(Level::Warning, |meta| meta.level),
        confidence: Confidence::Certain,
        message: message.to_owned(),
        help: help.to_owned(),
        primary: place,
        primary_label: "here".to_owned(),
        function: String::new(),
        labels: Vec::new(),
        discriminator: message.to_owned(),
    }
}

fn touches(scope: Span, span: Span) -> bool {
    span.start < scope.end && scope.start <= span.start
}

fn poor_reason(reason: &str) -> Option<&'static str> {
    let words: Vec<&str> = reason.split_whitespace().collect();
    let lower = reason.to_ascii_lowercase();
    if words.is_empty() {
        return Some("this suppression does not say why");
    }
    if words.len() < 3
        || ["todo", "fixme", "temp", "temporary", "xxx"]
            .iter()
            .any(|word| lower.split(|c: char| !c.is_alphanumeric()).next() == Some(word))
    {
        return Some("the reason of this suppression says nothing");
    }
    None
}
