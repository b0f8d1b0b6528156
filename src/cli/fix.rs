//! `--fix` and `--diff`.

use std::fmt::Write as _;

use similar::TextDiff;

use super::args::CheckArgs;
use super::check::{self, Found};
use super::failure::Failure;
use super::ground::Ground;
use super::setup::{self, Input, Stages};
use super::terminal;
use crate::changes::Changes;
use crate::date;
use crate::finding::{BaselineState, Safety};
use crate::fixes::{self, MOST_ROUNDS, Outcome, check_tree};
use crate::report::counted;
use crate::run::{self, Judged, Stage};

pub(super) fn is_wanted(args: &CheckArgs) -> bool {
    args.fixes.fix || args.fixes.diff
}

/// Mends, or shows what would be mended.
pub(super) fn run(args: &CheckArgs) -> Result<u8, Failure> {
    let (ground, changes) = Ground::of(&args.changes)?;
    if args.fixes.fix && ground.is_staged() {
        let help = "mend the work tree, with `--changed` in place of `--staged`, and stage it again";
        return Err(Failure::other("what is staged cannot be mended: the work tree may hold another text", help));
    }
    let (outcome, found) = mend(args, &ground, changes.as_ref())?;
    if args.fixes.diff {
        return show(args, &outcome);
    }
    write(&outcome)?;
    let mended = outcome.fixed.len();
    // What was changed has other lines now.
    if changes.is_some() {
        check::once(args, mended).map(|(code, _)| code)
    } else {
        check::report(args, &outcome.analysis, &found, mended)
    }
}

/// Fixes in memory. Refuses before it looks at anything where the work tree would not allow it.
fn mend(args: &CheckArgs, ground: &Ground, changes: Option<&Changes>) -> Result<(Outcome, Found), Failure> {
    let input = Input::on(ground, &args.input)?;
    if input.options.load.stdin.is_some() {
        let help = "write the text to a file, or leave out the flag";
        return Err(Failure::other("a text from standard input cannot be mended", help));
    }
    if args.fixes.fix {
        check_tree(&input.options.load.cwd, args.fixes.allow_dirty, args.fixes.allow_no_vcs)?;
    }
    let policy = setup::policy_on(ground, &args.policy, &input.places)?;
    let view = check::view(args, &policy);
    let stages = Stages::new(&args.input);
    let mut last = None;
    let analyse = |instead: &fixes::Instead| {
        let mut options = input.options.clone();
        options.load.instead.clone_from(instead);
        let analysis = run::analyse(options, policy.clone(), &|stage| stages.enter(stage)).map_err(setup::explain)?;
        stages.enter(Stage::Judging(analysis.inventory.operations.len()));
        let found = Found::of(args, ground, changes, &analysis, check::judged(args, &analysis, &date::today()))?;
        let judged = found.judged.clone();
        last = Some(found);
        Ok::<_, Failure>((analysis, judged))
    };
    let is_reported = |judged: &Judged| {
        view.is_strong_enough(judged) && !judged.outside && judged.baseline != Some(BaselineState::Unchanged)
    };
    let up_to = if args.fixes.unsafe_fixes { Safety::Unsafe } else { Safety::Safe };
    // The lines of what was changed hold for the first round only.
    let rounds = if changes.is_some() { 1 } else { MOST_ROUNDS };
    let outcome = fixes::run(analyse, is_reported, up_to, rounds)?;
    stages.end();
    let found = last.ok_or_else(|| Failure::other("nothing was looked at", ""))?;
    if outcome.left > 0 && changes.is_none() {
        let text = format!("warning: fixes left out, since they do not go together: {}\n", outcome.left);
        terminal::complain(&text, terminal::of_stderr(args.output.color));
    }
    Ok((outcome, found))
}

/// Writes the files that change.
fn write(outcome: &Outcome) -> Result<(), Failure> {
    for (path, change) in &outcome.changes {
        fixes::write(path, &change.before, &change.after)?;
    }
    Ok(())
}

/// Prints what would change; the exit code says whether there is anything.
fn show(args: &CheckArgs, outcome: &Outcome) -> Result<u8, Failure> {
    let mut diff = String::new();
    for change in outcome.changes.values() {
        let lines = TextDiff::from_lines(&*change.before, &*change.after);
        let (before, after) = (format!("a/{}", change.path), format!("b/{}", change.path));
        let _ = write!(diff, "{}", lines.unified_diff().header(&before, &after));
    }
    terminal::print(&diff, terminal::of_stdout(args.output.color))?;
    if !args.report.quiet {
        let files = outcome.changes.len();
        let text = match outcome.fixed.len() {
            0 => "there is nothing to mend\n".to_owned(),
            count => format!("would mend {} in {}\n", counted(count, "finding"), counted(files, "file")),
        };
        terminal::complain(&text, terminal::of_stderr(args.output.color));
    }
    Ok(u8::from(!outcome.changes.is_empty() && !args.threshold.exit_zero))
}
