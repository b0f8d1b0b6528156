//! `cache-lint check`.

use std::path::PathBuf;

use super::args::{CheckArgs, ThresholdArgs};
use super::cached::{self, Checked};
use super::failure::Failure;
use super::format::ReportFormat;
use super::ground::Ground;
use super::{baseline, fix, setup, step_summary, terminal, watch};
use crate::baseline::Comparison;
use crate::changes::Changes;
use crate::disk::Observation;
use crate::finding::Confidence;
use crate::policy::Policy;
use crate::report::{
    Report, Style, Summary, View, agent, checkstyle, concise, github, gitlab, graphical, json, jsonl, junit, markdown,
    rdjson, rustc_json, sarif, statistics, undetermined,
};
use crate::run::{Analysis, Judged, Judgement, judge};
use crate::standing;

pub(super) fn run(args: &CheckArgs) -> Result<u8, Failure> {
    if fix::is_wanted(args) {
        fix::run(args)
    } else if args.watch {
        watch::run(args)
    } else {
        once(args, 0).map(|(code, _)| code)
    }
}

/// Looks at the sources as they are; so many findings were mended before.
pub(super) fn once(args: &CheckArgs, mended: usize) -> Result<(u8, Seen), Failure> {
    let (ground, changes) = Ground::of(&args.changes)?;
    let on_stderr = terminal::of_stderr(args.output.color);
    let Checked { analysis, judged, observed, began } = cached::check(&ground, args, on_stderr)?;
    let found = Found::of(args, &ground, changes.as_ref(), &analysis, judged)?;
    let code = report(args, &analysis, &found, mended)?;
    let rule_files = analysis.policy.sources.iter().filter_map(|source| analysis.absolute(source.file)).collect();
    Ok((code, Seen { observed, began, rule_files }))
}

/// What a run has looked at.
#[derive(Default)]
pub(super) struct Seen {
    /// What it asked of the disk; nothing when the disk changed meanwhile.
    pub(super) observed: Option<Vec<Observation>>,
    pub(super) began: u64,
    pub(super) rule_files: Vec<PathBuf>,
}

/// The findings, with level, suppression and fingerprint.
pub(super) fn judged(args: &CheckArgs, analysis: &Analysis, today: &str) -> Vec<Judged> {
    judge(analysis, &judgement(args, &analysis.policy, today))
}

/// How the flags want findings judged.
pub(super) fn judgement<'a>(args: &'a CheckArgs, policy: &'a Policy, today: &'a str) -> Judgement<'a> {
    Judgement { levels: setup::levels(&args.levels, policy), no_ignores: args.report.no_ignores, today }
}

/// What is found, and how it stands to the baseline and to what was changed.
pub(super) struct Found {
    pub(super) judged: Vec<Judged>,
    /// What a baseline says, and its name.
    known: Option<(Comparison, String)>,
}

impl Found {
    pub(super) fn of(
        args: &CheckArgs,
        ground: &Ground,
        changes: Option<&Changes>,
        analysis: &Analysis,
        mut judged: Vec<Judged>,
    ) -> Result<Self, Failure> {
        let levels = setup::levels(&args.levels, &analysis.policy);
        let view = view(args, &analysis.policy);
        let known = baseline::of_check(&args.compare, analysis, ground)?;
        let known = known.map(|(known, name)| {
            let counts = |judged: &Judged| view.is_strong_enough(judged);
            (standing::compare(analysis, &mut judged, &known, |meta| levels.runs(meta), counts), name)
        });
        if let Some(changes) = changes {
            standing::narrow(analysis, &mut judged, changes);
        }
        Ok(Self { judged, known })
    }
}

pub(super) fn report(args: &CheckArgs, analysis: &Analysis, found: &Found, mended: usize) -> Result<u8, Failure> {
    let format = args.output.format();
    let on_stderr = terminal::of_stderr(args.output.color);
    let mut report = Report::new(analysis, &found.judged, view(args, &analysis.policy));
    if let Some((comparison, _)) = &found.known {
        report = report.with_baseline(&comparison.fixed);
    }
    report.summary.fixed = mended;
    let category = args.output.sarif_category.as_deref();
    setup::deliver(&args.output, |format, style| render(&report, format, style, category))?;
    if format == ReportFormat::Github {
        step_summary::write(&report, on_stderr);
    }
    if !format.is_complete() {
        terminal::complain(&setup::other_errors(analysis, on_stderr), on_stderr);
    }
    if format == ReportFormat::Concise && !args.report.quiet {
        terminal::complain(&report.summary.text(on_stderr), on_stderr);
    }
    let is_stale = args.compare.strict_baseline && !report.fixed.is_empty();
    if let Some((_, name)) = found.known.as_ref().filter(|_| !format.is_complete()) {
        terminal::complain(&baseline::stale(report.fixed, name, is_stale, on_stderr), on_stderr);
    }
    if args.threshold.strict && !analysis.workspace.errors.is_empty() {
        let count = analysis.workspace.errors.len();
        let message = format!("{count} of the files or folders could not be read, which `--strict` does not allow");
        return Err(Failure::other(message, ""));
    }
    Ok(exit_code(&report.summary, &args.threshold).max(u8::from(is_stale && !args.threshold.exit_zero)))
}

pub(super) fn view(args: &CheckArgs, policy: &Policy) -> View {
    let min_confidence = match args.threshold.min_confidence {
        Some(confidence) => confidence.confidence(),
        None if args.report.show_undetermined => Confidence::Undetermined,
        None => policy.min_confidence(),
    };
    View {
        min_level: args.threshold.min_severity.level(),
        min_confidence,
        suppressed: args.report.show_suppressed,
        known: args.compare.show_known,
        changed_only: args.changes.is_any(),
        quiet: args.report.quiet,
        help: args.input.verbose,
        undetermined: args.report.show_undetermined,
        statistics: args.report.statistics,
    }
}

fn render(report: &Report<'_>, format: ReportFormat, style: Style, category: Option<&str>) -> String {
    match format {
        ReportFormat::Agent => agent::render(report) + &unresolved(report),
        ReportFormat::Checkstyle => checkstyle::render(report),
        ReportFormat::Github => github::render(report),
        ReportFormat::Gitlab => gitlab::render(report),
        ReportFormat::Json => json::render(report),
        ReportFormat::Jsonl => jsonl::render(report),
        ReportFormat::Junit => junit::render(report),
        ReportFormat::Markdown => markdown::render(report, usize::MAX),
        ReportFormat::Rdjson => rdjson::render(report),
        ReportFormat::RustcJson => rustc_json::render(report, style),
        ReportFormat::Sarif => sarif::render(report, category),
        ReportFormat::Concise if report.view.statistics => statistics::render(report, style),
        ReportFormat::Concise => concise::findings(report) + &unresolved(report),
        ReportFormat::Graphical => {
            let findings = if report.view.statistics {
                let table = statistics::render(report, style);
                if table.is_empty() { table } else { table + "\n" }
            } else {
                graphical::findings(report, style)
            };
            let findings = if report.view.undetermined {
                findings + &undetermined::render(report, style) + "\n"
            } else {
                findings
            };
            if report.view.quiet { findings } else { findings + &report.summary.text(style) }
        }
    }
}

/// What could not be resolved, where that is asked for, a line each.
fn unresolved(report: &Report<'_>) -> String {
    if report.view.undetermined { undetermined::concise(report) } else { String::new() }
}

fn exit_code(summary: &Summary, threshold: &ThresholdArgs) -> u8 {
    let counts = summary.findings;
    let fails = counts.errors > 0
        || (threshold.deny_warnings && counts.warnings > 0)
        || threshold.max_warnings.is_some_and(|most| counts.warnings > most);
    u8::from(fails && !threshold.exit_zero)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::super::args::Cli;
    use super::*;
    use crate::report::Counts;

    /// The exit code for so many errors, warnings and notes under these flags.
    fn code(errors: usize, warnings: usize, notes: usize, flags: &str) -> u8 {
        let line = std::iter::once("cache-lint").chain(flags.split_whitespace());
        let cli = Cli::try_parse_from(line).unwrap();
        let summary = Summary { findings: Counts { errors, warnings, notes }, ..Summary::default() };
        exit_code(&summary, &cli.check.threshold)
    }

    #[test]
    fn errors_fail_a_run_and_warnings_do_where_it_is_asked_for() {
        assert_eq!(code(0, 0, 0, ""), 0);
        assert_eq!(code(1, 0, 0, ""), 1);
        assert_eq!(code(0, 3, 5, ""), 0);
        assert_eq!(code(0, 1, 0, "--deny-warnings"), 1);
        assert_eq!(code(0, 0, 9, "--deny-warnings"), 0);
        assert_eq!(code(0, 3, 0, "--max-warnings 3"), 0);
        assert_eq!(code(0, 4, 0, "--max-warnings 3"), 1);
        assert_eq!(code(0, 1, 0, "--max-warnings 0"), 1);
        assert_eq!(code(9, 9, 9, "--deny-warnings --max-warnings 0 --exit-zero"), 0);
    }
}
