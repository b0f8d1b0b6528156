//! `cache-lint check`.

use std::io::IsTerminal as _;

use super::args::{CheckArgs, Format, Severity, Sureness};
use super::output::{Failure, color, print, width};
use super::{FINDINGS, TROUBLE, load};
use crate::finding::{Confidence, FileId, Finding, Level, Place};
use crate::policy::{Policy, nearest};
use crate::report::summary::Summary;
use crate::report::{Report, Reported, concise, fingerprint, graphical, json, statistics};
use crate::rules::{self, Category, Meta};
use crate::run::Analysis;
use crate::suppress;
use crate::text::Span;

pub(super) fn run(args: &CheckArgs) -> Result<u8, Failure> {
    for name in args.levels.iter().map(|(name, _)| name).chain(&args.only).chain(&args.skip) {
        known(name)?;
    }
    let analysis = load::analysis(&args.input)?;
    let report = report(&analysis, args);
    let terminal = std::io::stdout().is_terminal();
    if args.statistics {
        print(&statistics::render(&report))?;
    } else {
        print(&render(&report, args, args.format, color(args.color, terminal)))?;
    }
    for (format, path) in &args.output {
        let text = render(&report, args, *format, false);
        std::fs::write(path, text).map_err(|error| {
            Failure::new(
                format!("cannot write `{}`: {error}", path.display()),
                Some("give a path in a folder that exists"),
            )
        })?;
    }
    if args.show_suppressed && args.format != Format::Json && !args.statistics {
        print(&suppressed(&report))?;
    }
    if !args.quiet && args.format != Format::Json {
        eprintln!("{}", report.summary.line());
    }
    Ok(exit_code(&report, args))
}

/// Findings that a comment or an exception takes away, with the reasons.
fn suppressed(report: &Report<'_>) -> String {
    let mut out = String::new();
    for reported in &report.findings {
        if let Some(reason) = &reported.suppressed {
            let spot = report.spot(reported.finding.primary);
            out.push_str(&format!(
                "{}:{}: suppressed[{}] {reason}\n",
                spot.path, spot.start.line, reported.finding.rule
            ));
        }
    }
    out
}

fn render(report: &Report<'_>, args: &CheckArgs, format: Format, color: bool) -> String {
    match format {
        Format::Graphical => graphical::render(report, graphical::Style { color, width: width() }),
        Format::Concise => concise::render(report, args.verbose),
        Format::Json => json::render(report, args.show_suppressed),
    }
}

fn exit_code(report: &Report<'_>, args: &CheckArgs) -> u8 {
    if args.strict && report.summary.unreadable > 0 {
        return TROUBLE;
    }
    let too_many = args.max_warnings.is_some_and(|most| report.summary.warnings > most);
    let fails = report.summary.errors > 0 || too_many || (args.deny_warnings && report.summary.warnings > 0);
    if fails && !args.exit_zero { FINDINGS } else { 0 }
}

/// A rule, category or `all`.
fn known(name: &str) -> Result<(), Failure> {
    let ids = || {
        let rules = rules::REGISTRY.iter().map(|rule| rule.meta().id);
        rules
            .chain(suppress::METAS.iter().map(|meta| meta.id))
            .chain(Category::ALL.iter().map(|c| c.word()))
            .chain(["all"])
    };
    if ids().any(|id| id == name) {
        return Ok(());
    }
    let help = match nearest(name, ids()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`cache-lint rules` lists them".to_owned(),
    };
    Err(Failure::Message(format!("unknown rule or category `{name}`"), Some(help)))
}

fn report<'a>(analysis: &'a Analysis, args: &CheckArgs) -> Report<'a> {
    let names = |list: &[String], meta: &Meta| list.iter().any(|name| means(name, meta));
    let wanted = |meta: &Meta| (args.only.is_empty() || names(&args.only, meta)) && !names(&args.skip, meta);
    let findings = analysis.judge(args.input.tests || analysis.policy.tests, wanted);
    let whole_run = args.only.is_empty() && args.skip.is_empty();
    let suppressed = if args.no_ignores {
        suppress::Suppressed { reasons: vec![None; findings.len()], about: Vec::new() }
    } else {
        suppress::apply(analysis, &findings, &load::today(), whole_run)
    };
    let mut all: Vec<(Finding, Option<String>)> = findings.into_iter().zip(suppressed.reasons).collect();
    let about_run =
        suppressed.about.into_iter().chain(parse_errors(analysis)).chain(unused_entries(analysis, whole_run));
    all.extend(
        about_run.filter(|finding| suppress::find(finding.rule).is_none_or(wanted)).map(|finding| (finding, None)),
    );
    for (finding, _) in &mut all {
        finding.level = level(analysis, args, finding);
        // A line of the built-in rules is no file of the reader's.
        finding.labels.retain(|label| analysis.policy.source(label.place.file).is_none_or(|source| !source.embedded));
    }
    all.retain(|(finding, _)| shows(finding, args, &analysis.policy));
    let path = |finding: &Finding| crate::report::spot(&analysis.workspace, &analysis.policy, finding.primary).path;
    all.sort_by_cached_key(|(finding, _)| {
        (path(finding), finding.primary.span, finding.rule, finding.discriminator.clone())
    });
    let paths: Vec<String> = all.iter().map(|(finding, _)| path(finding)).collect();
    let prints = fingerprint::of_all(all.iter().zip(&paths).map(|((finding, _), path)| (finding, path.as_str())));
    let reported: Vec<Reported> = all
        .into_iter()
        .zip(prints)
        .map(|((finding, suppressed), fingerprint)| Reported { finding, fingerprint, suppressed })
        .collect();
    let summary = summary(analysis, &reported);
    Report {
        workspace: &analysis.workspace,
        policy: &analysis.policy,
        findings: reported,
        errors: &analysis.workspace.errors,
        summary,
    }
}

fn means(name: &str, meta: &Meta) -> bool {
    name == meta.id || name == meta.category.word() || name == "all"
}

/// The rule's own judgement, then the rule file, then the command line.
fn level(analysis: &Analysis, args: &CheckArgs, finding: &Finding) -> Level {
    let Some(meta) = rules::find(finding.rule).map(rules::Rule::meta).or_else(|| suppress::find(finding.rule)) else {
        return finding.level;
    };
    let mut level = finding.level;
    let policy = analysis.policy.level(meta.id, meta.category.word(), meta.level);
    if analysis.policy.states_level(meta.id, meta.category.word()) {
        level = stated(policy, level, meta);
    }
    for (name, to) in &args.levels {
        if means(name, meta) {
            level = stated(*to, level, meta);
        }
    }
    level
}

/// A stated level is that of the rule at its full strength: what the rule itself judged weaker stays weaker.
fn stated(to: Level, own: Level, meta: &Meta) -> Level {
    if to == Level::Off || own >= meta.level { to } else { own.min(to) }
}

fn shows(finding: &Finding, args: &CheckArgs, policy: &Policy) -> bool {
    let least = match args.min_severity {
        Some(Severity::Error) => Level::Error,
        Some(Severity::Warning) => Level::Warning,
        Some(Severity::Note) | None => Level::Note,
    };
    let sure = match args.min_confidence {
        Some(Sureness::Certain) => Confidence::Certain,
        Some(Sureness::Likely) => Confidence::Likely,
        None if args.show_undetermined => Confidence::Undetermined,
        None => policy.min_confidence(),
    };
    finding.level >= least && finding.confidence >= sure
}

/// Files that could not be read or parsed are findings as well, so that they can be levelled.
fn parse_errors(analysis: &Analysis) -> Vec<Finding> {
    analysis
        .workspace
        .errors
        .iter()
        .filter_map(|error| {
            let file = error.file?;
            let offset = error.offset.unwrap_or_default();
            let place = Place { file, span: Span { start: offset, end: offset } };
            let help = "mend the file, or leave it out with `--exclude`; all other files were checked";
            analysis.is_selected(file).then(|| suppress::run_finding("parse-error", place, &error.message, help))
        })
        .collect()
}

fn unused_entries(analysis: &Analysis, whole_run: bool) -> Vec<Finding> {
    // Of a part of the workspace nothing can be said about what the rest needs.
    let all = analysis.workspace.files.iter().all(|file| file.selected);
    if !whole_run || !all || analysis.inventory.operations.is_empty() {
        return Vec::new();
    }
    let templates: Vec<_> = analysis.inventory.operations.iter().flat_map(|op| op.templates()).collect();
    analysis
        .policy
        .unused(&templates)
        .into_iter()
        .map(|entry| {
            let message = format!("{} matches no key of this run", entry.what);
            let help = "mend its pattern, or remove it; `cache-lint inventory --by-key` lists the keys";
            suppress::run_finding("unused-policy-entry", entry.place, &message, help)
        })
        .collect()
}

fn summary(analysis: &Analysis, reported: &[Reported]) -> Summary {
    use crate::inventory::TtlKind;
    let count = |level: Level| reported.iter().filter(|r| r.suppressed.is_none() && r.finding.level == level).count();
    let undetermined = analysis.selected().filter(|op| {
        op.ttl.kind == TtlKind::Undetermined || op.command == "?" || op.keys.iter().any(|key| key.template.is_none())
    });
    let files: Vec<FileId> = analysis.workspace.files.iter().filter(|file| file.selected).map(|file| file.id).collect();
    let packages: std::collections::BTreeSet<_> =
        analysis.workspace.files.iter().filter(|file| file.selected).map(|file| file.package).collect();
    Summary {
        files: files.len(),
        parsed: analysis.parsed,
        packages: packages.len(),
        operations: analysis.selected().count(),
        undetermined: undetermined.count(),
        errors: count(Level::Error),
        warnings: count(Level::Warning),
        notes: count(Level::Note),
        suppressed: reported.iter().filter(|r| r.suppressed.is_some()).count(),
        unreadable: analysis.workspace.errors.len(),
    }
}
