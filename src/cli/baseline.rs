//! `cache-lint baseline`, and the baseline that a check holds its findings against.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::compare_args::{BaselineArgs, CompareArgs};
use super::failure::Failure;
use super::format::Format;
use super::ground::Ground;
use super::{setup, terminal};
use crate::baseline::{Baseline, BaselineError, Comparison, Entry, FILE_NAME};
use crate::date;
use crate::finding::Level;
use crate::policy::Policy;
use crate::report::{Style, counted, json};
use crate::run::{Analysis, Judged, Judgement, Stage, judge};
use crate::standing;

pub(super) fn run(args: &BaselineArgs) -> Result<(), Failure> {
    let on_stderr = terminal::of_stderr(args.shown.color);
    let (analysis, stages) = setup::analyse(&args.input, &args.policy, on_stderr)?;
    stages.enter(Stage::Judging(analysis.inventory.operations.len()));
    let levels = setup::levels(&args.levels, &analysis.policy);
    let today = date::today();
    let mut judged = judge(&analysis, &Judgement { levels, no_ignores: false, today: &today });
    stages.end();

    let stated = args.baseline.clone().or_else(|| of_rule_file(&analysis.policy));
    let path = stated.unwrap_or_else(|| analysis.root().join(FILE_NAME));
    let shown = shown(&analysis.cwd, &path);
    let old = match Baseline::read(&path, &shown) {
        Ok(baseline) => Some(baseline),
        Err(BaselineError::Missing { .. }) if !args.prune => None,
        Err(error) => return Err(error.into()),
    };
    let min_confidence = analysis.policy.min_confidence();
    let counts = |judged: &Judged| judged.finding.confidence >= min_confidence;
    let before = old.clone().unwrap_or_default();
    let comparison = standing::compare(&analysis, &mut judged, &before, |meta| levels.runs(meta), counts);
    let takes_new = old.is_none() || args.accept_new;
    let taken = if takes_new { &comparison.new[..] } else { &[] };
    let after: Baseline = comparison.kept.iter().chain(taken).cloned().collect();
    if old.as_ref() != Some(&after) {
        after.write(&path, &shown)?;
    }
    let is_used = of_rule_file(&analysis.policy).is_some_and(|used| used == path);
    let outcome = Outcome { path: &shown, after: after.len(), comparison: &comparison, takes_new, is_used };
    let style = terminal::of_stdout(args.shown.color);
    let text = match args.shown.format {
        Format::Json => outcome.json(),
        _ => outcome.text(style),
    };
    terminal::print(&text, style)
}

/// What `baseline` did.
struct Outcome<'a> {
    path: &'a str,
    after: usize,
    comparison: &'a Comparison,
    takes_new: bool,
    /// The rule file names this baseline.
    is_used: bool,
}

impl Outcome<'_> {
    fn text(&self, style: Style) -> String {
        let Comparison { new, fixed, .. } = self.comparison;
        let held = style.bold(&format!("`{}` holds {}", self.path, counted(self.after, "finding")));
        let mut parts = Vec::new();
        if self.takes_new && !new.is_empty() {
            parts.push(format!("{} came in", new.len()));
        }
        if !fixed.is_empty() {
            parts.push(format!("{} went out", fixed.len()));
        }
        let mut out = if parts.is_empty() { format!("{held}\n") } else { format!("{held}: {}\n", parts.join(", ")) };
        if !self.takes_new && !new.is_empty() {
            let are = if new.len() == 1 { "is" } else { "are" };
            let findings = counted(new.len(), "new finding");
            out.push_str(&format!("{findings} {are} left out; mend them, or take them in with `--accept-new`\n"));
        }
        if !self.is_used {
            let head = style.bold("help:");
            let flag = format!("cache-lint check --baseline {}", quoted(self.path));
            out.push_str(&format!("{head} `{flag}` hides them; so does `baseline` in the rule file\n"));
        }
        out
    }

    fn json(&self) -> String {
        let Comparison { new, fixed, .. } = self.comparison;
        let accepted: &[Entry] = if self.takes_new { new } else { &[] };
        let open: &[Entry] = if self.takes_new { &[] } else { new };
        json::pretty(&json!({
            "schema": json::SCHEMA,
            "tool": json::Tool::this(),
            "path": self.path,
            "findings": self.after,
            "accepted": accepted,
            "removed": fixed,
            "left_out": open,
        }))
    }
}

/// The baseline of a check, and what messages call it; `None` where there is none.
pub(super) fn of_check(
    args: &CompareArgs,
    analysis: &Analysis,
    ground: &Ground,
) -> Result<Option<(Baseline, String)>, Failure> {
    if args.no_baseline {
        return Ok(None);
    }
    let Some(path) = args.baseline.clone().or_else(|| of_rule_file(&analysis.policy)) else {
        if args.strict_baseline || args.show_known {
            let flag = if args.strict_baseline { "--strict-baseline" } else { "--show-known" };
            let help = "name it with `--baseline PATH`, or as `baseline` in the rule file";
            return Err(Failure::other(format!("`{flag}` needs a baseline, and there is none"), help));
        }
        return Ok(None);
    };
    // What is staged is looked for first, be it named by somebody or by a staged rule file.
    let mut path = ground.file(&path);
    if !path.exists() {
        path = ground.outside(&path);
    }
    let shown = shown(&analysis.cwd, &path);
    Ok(Some((Baseline::read(&path, &shown)?, shown)))
}

/// What to say of entries that were not found again, for standard error.
pub(super) fn stale(fixed: &[Entry], shown: &str, is_fault: bool, style: Style) -> String {
    if fixed.is_empty() {
        return String::new();
    }
    let (level, head) = if is_fault { (Level::Error, "error:") } else { (Level::Warning, "warning:") };
    let (were, them) = if fixed.len() == 1 { ("was", "it") } else { ("were", "them") };
    let entries = counted_entries(fixed.len());
    let mut out = format!("{} {entries} of `{shown}` {were} not found again\n", style.level(level, head));
    for Entry { path, rule, function, subject, .. } in fixed {
        let place = if function.is_empty() { path.clone() } else { format!("{path}, `{function}`") };
        out.push_str(&format!("  {rule} `{subject}` in {place}\n"));
    }
    out.push_str(&format!("{} `cache-lint baseline --prune` takes {them} out\n", style.bold("help:")));
    out
}

fn counted_entries(count: usize) -> String {
    if count == 1 { "1 entry".to_owned() } else { format!("{count} entries") }
}

fn of_rule_file(policy: &Policy) -> Option<PathBuf> {
    policy.baseline.as_ref().map(|baseline| baseline.value.clone())
}

/// Relative to the working directory where it lies below, with `/`.
fn shown(cwd: &Path, path: &Path) -> String {
    let text = path.strip_prefix(cwd).unwrap_or(path).to_string_lossy().into_owned();
    if cfg!(windows) { text.replace('\\', "/") } else { text }
}

/// For a shell.
fn quoted(path: &str) -> String {
    if path.contains(char::is_whitespace) { format!("'{path}'") } else { path.to_owned() }
}
