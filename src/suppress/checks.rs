//! What is wrong with suppression comments.

use rustc_hash::FxHashSet;

use super::{Entry, FileDirectives, Placed, Reach, Settings, is_blanket};
use crate::date;
use crate::finding::{Confidence, Finding, Place};
use crate::levels;
use crate::rules::{Category, REGISTRY, find};
use crate::source::DirectiveKind;
use crate::text::Span;

/// A reason has at least as many words.
const WORDS: usize = 3;
/// First words that announce a reason and give none.
const EXCUSES: [&str; 7] = ["todo", "fixme", "temp", "tmp", "xxx", "hack", "wip"];

/// Everything that is wrong with the directives of these files.
pub(super) fn check(
    files: &[FileDirectives],
    entries: &[Entry<'_>],
    used: &FxHashSet<usize>,
    settings: &Settings<'_>,
) -> Vec<Finding> {
    let mut out = Vec::new();
    for file in files {
        for placed in &file.placed {
            let mut judge = Judge { file, placed, out: &mut out };
            judge.form(settings);
        }
    }
    for (at, entry) in entries.iter().enumerate() {
        let mut judge = Judge { file: entry.file, placed: entry.placed, out: &mut out };
        if !judge.duplicate(entry, entries.get(..at).unwrap_or_default()) && !used.contains(&at) {
            judge.unused(entry, settings);
        }
    }
    out
}

struct Judge<'a> {
    file: &'a FileDirectives,
    placed: &'a Placed,
    out: &'a mut Vec<Finding>,
}

impl Judge<'_> {
    fn report(&mut self, rule: &'static str, span: Span, message: String, label: &str, help: String) {
        let Some(meta) = find(rule).map(|rule| rule.meta()) else { return };
        let directive = &self.placed.directive;
        let named: Vec<&str> = directive.rules.iter().map(|(name, _)| name.as_str()).collect();
        self.out.push(Finding {
            rule: meta.id,
            level: meta.level,
            confidence: Confidence::Certain,
            message,
            help,
            primary: Place { file: self.file.file, span },
            primary_label: label.to_owned(),
            function: String::new(),
            labels: Vec::new(),
            flow: Vec::new(),
            discriminator: format!("{}[{}]", word(directive.kind), named.join(",")),
            fix: None,
        });
    }

    /// What can be told of the comment alone.
    fn form(&mut self, settings: &Settings<'_>) {
        let directive = &self.placed.directive;
        let span = directive.span;
        if let Some(fault) = &directive.malformed {
            let help = "write `// cache-lint: ignore[rule] -- reason`".to_owned();
            let message = format!("this comment suppresses nothing: {fault}");
            return self.report("suppression-malformed", span, message, "not understood", help);
        }
        if let Some((until, at)) = &directive.until
            && !date::is_day(until)
        {
            let message = format!("this comment suppresses nothing: `{until}` is no day of the calendar");
            let help = "write the last day on which it holds as `until=YYYY-MM-DD`".to_owned();
            return self.report("suppression-malformed", *at, message, "no day", help);
        }
        self.rules();
        self.place();
        if directive.kind == DirectiveKind::IgnoreEnd {
            return;
        }
        if is_blanket(self.placed) {
            let message = format!("`{}` without rules hides every finding, also those to come", word(directive.kind));
            let help = format!("name the rules that are meant: `{}[rule]`", word(directive.kind));
            self.report("suppression-blanket", span, message, "hides everything", help);
        }
        self.reason(settings);
        self.until(settings);
    }

    fn rules(&mut self) {
        for (name, span) in self.placed.directive.rules.clone() {
            match find(&name).map(|rule| rule.meta()) {
                None if name == "all" => {}
                None => {
                    let known = REGISTRY.iter().map(|rule| rule.meta());
                    let known = known.filter(|meta| meta.category != Category::Run).map(|meta| meta.id);
                    let message = levels::unknown("rule", &name, known);
                    let help = "use the name of a rule, as `cache-lint rules` lists them".to_owned();
                    self.report("suppression-unknown-rule", span, message, "no such rule", help);
                }
                Some(meta) if meta.category == Category::Run => {
                    let message = format!("`{}` is about the run itself and cannot be suppressed", meta.id);
                    let help = format!("set its level instead: `[levels] {} = \"off\"` in the rule file", meta.id);
                    self.report("suppression-unknown-rule", span, message, "has no effect here", help);
                }
                Some(_) => {}
            }
        }
    }

    fn place(&mut self) {
        let directive = &self.placed.directive;
        let (span, kind) = (directive.span, directive.kind);
        match self.placed.reach {
            Reach::Span(_) | Reach::End => {}
            Reach::Misplaced if kind == DirectiveKind::IgnoreFile => {
                let message = "`ignore-file` suppresses nothing here: it stands below code".to_owned();
                let help = "move it to a line of its own above the first item of the file".to_owned();
                self.report("suppression-misplaced", span, message, "not at the top", help);
            }
            Reach::Misplaced => {
                let message = "this comment suppresses nothing: no statement or item follows it".to_owned();
                let help = "put it above the statement that it is for, or at the end of its line".to_owned();
                self.report("suppression-misplaced", span, message, "nothing follows", help);
            }
            Reach::Unmatched if kind == DirectiveKind::IgnoreStart => {
                let message = "`ignore-start` suppresses nothing: no `ignore-end` ends its range".to_owned();
                let help = "end the range with `// cache-lint: ignore-end`".to_owned();
                self.report("suppression-unmatched-range", span, message, "never ends", help);
            }
            Reach::Unmatched => {
                let message = "`ignore-end` ends nothing: no `ignore-start` with these rules is open".to_owned();
                let help =
                    "remove it, or begin the range with `// cache-lint: ignore-start[rule] -- reason`".to_owned();
                self.report("suppression-unmatched-range", span, message, "was never begun", help);
            }
        }
    }

    fn reason(&mut self, settings: &Settings<'_>) {
        let directive = &self.placed.directive;
        let span = directive.span;
        let message = match directive.reason.as_ref().map(|(reason, _)| reason.as_str()).unwrap_or_default() {
            "" => "this suppression gives no reason".to_owned(),
            text if is_excuse(text) => format!("`{text}` announces a change; it is no reason to suppress a finding"),
            text if text.split_whitespace().count() < WORDS => {
                format!("`{text}` is too short for a reason: it takes at least {WORDS} words")
            }
            _ => {
                if settings.require_until && directive.until.is_none() {
                    let help = "add the last day on which it holds: `until=YYYY-MM-DD` before ` -- `".to_owned();
                    let message = "this suppression has no `until`, which the rule file demands".to_owned();
                    self.report("suppression-no-reason", span, message, "has no last day", help);
                }
                return;
            }
        };
        let help = "say why the code is right as it is: ` -- the nightly import deletes these keys`".to_owned();
        self.report("suppression-no-reason", span, message, "why?", help);
    }

    fn until(&mut self, settings: &Settings<'_>) {
        let Some((until, span)) = self.placed.directive.until.clone() else { return };
        if until.as_str() < settings.today {
            let message = format!("this suppression held until `{until}` and suppresses nothing any more");
            let help = "remove it and mend the finding, or set a later day".to_owned();
            self.report("suppression-expired", span, message, "past", help);
        }
    }

    /// Whether an earlier entry already does all that this one does; then that is reported.
    fn duplicate(&mut self, entry: &Entry<'_>, earlier: &[Entry<'_>]) -> bool {
        let covers = |other: &&Entry<'_>| {
            other.file.file == entry.file.file
                && other.reach.contains(entry.reach)
                && (other.rule.is_none() || other.rule == entry.rule)
        };
        if !earlier.iter().rev().take_while(|other| other.file.file == entry.file.file).any(|other| covers(&other)) {
            return false;
        }
        let what = entry.rule.map_or_else(|| "everything".to_owned(), |rule| format!("`{rule}`"));
        let message = format!("{what} is suppressed here already");
        let help = "remove the second suppression".to_owned();
        self.report("suppression-duplicate", entry.span, message, "a second time", help);
        true
    }

    fn unused(&mut self, entry: &Entry<'_>, settings: &Settings<'_>) {
        let ran = |id: &str| find(id).is_some_and(|rule| (settings.ran)(rule.meta()));
        let judged = match entry.rule {
            Some(rule) => ran(rule),
            None => REGISTRY.iter().all(|rule| (settings.ran)(rule.meta())),
        };
        let in_tests =
            !settings.tests && entry.file.tests.iter().any(|test| test.contains(entry.placed.directive.span));
        if !judged || in_tests || !entry.file.parsed {
            return;
        }
        let what = entry.rule.map_or_else(|| "nothing".to_owned(), |rule| format!("no `{rule}`"));
        let message = format!("there is {what} to suppress here");
        let help = "remove it: a suppression that is left behind hides the next mistake".to_owned();
        self.report("suppression-unused", entry.span, message, "suppresses nothing", help);
    }
}

/// `todo`, `FIXME: later`, `temp fix`.
fn is_excuse(reason: &str) -> bool {
    let first = reason.split(|c: char| !c.is_alphanumeric()).find(|word| !word.is_empty()).unwrap_or_default();
    EXCUSES.contains(&first.to_lowercase().as_str())
}

fn word(kind: DirectiveKind) -> &'static str {
    match kind {
        DirectiveKind::Ignore => "ignore",
        DirectiveKind::IgnoreFile => "ignore-file",
        DirectiveKind::IgnoreStart => "ignore-start",
        DirectiveKind::IgnoreEnd => "ignore-end",
    }
}
