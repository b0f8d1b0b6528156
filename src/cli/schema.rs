//! `cache-lint schema check|update`.

use cache_schema::lock::{self, LockError};

use super::args::{SchemaAction, SchemaArgs};
use super::failure::Failure;
use super::format::Format;
use super::{setup, terminal};
use crate::report::json;
use crate::report::schema::{SchemaReport, render};
use crate::run::Analysis;
use crate::schema::{State, Stored, compare, stored};

pub(super) fn run(args: &SchemaArgs) -> Result<u8, Failure> {
    let run = args.action.run();
    let on_stderr = terminal::of_stderr(run.output.shown.color);
    let (analysis, stages) = setup::analyse(&run.input, &run.policy, on_stderr)?;
    stages.end();
    let all = stored(&analysis.inventory, &analysis.policy, &analysis.workspace, &analysis.locks);
    let report = match &args.action {
        SchemaAction::Check(_) => check(&analysis, &all),
        SchemaAction::Update(update) => self::update(&analysis, &all, update.force, update.prune)?,
    };
    setup::deliver(&run.output, |format, style| match format {
        Format::Json => json::pretty(&report),
        _ => render(&report, style),
    })?;
    if run.output.shown.format != Format::Json {
        for error in &analysis.workspace.errors {
            let path = if error.path.is_empty() { String::new() } else { format!("{}: ", error.path) };
            let head = on_stderr.level(crate::finding::Level::Warning, "warning:");
            terminal::complain(&format!("{head} {path}{}\n", error.message), on_stderr);
        }
    }
    let differs = report.differing() > 0;
    if differs && run.output.shown.format != Format::Json {
        let advice = match &args.action {
            SchemaAction::Check(_) => "raise the version of what changed, then run `cache-lint schema update`",
            SchemaAction::Update(_) => {
                "raise the version; if it was never deployed, `cache-lint schema update --force` records the change under it"
            }
        };
        terminal::complain(&format!("{} {advice}\n", on_stderr.bold("help:")), on_stderr);
    }
    Ok(u8::from(differs || analysis.locks.iter().any(|lock| lock.broken)))
}

fn check(analysis: &Analysis, all: &[Stored<'_>]) -> SchemaReport {
    let mut report = SchemaReport::new(analysis);
    for (at, file) in analysis.locks.iter().enumerate() {
        for stored in all.iter().filter(|stored| stored.lock == at) {
            let state = compare(file.lock.get(&stored.slot.service, &stored.slot.entity), stored);
            report.add(analysis, stored, &state, false);
        }
        for (service, entity, entry) in gone(analysis, all, at, &file.lock) {
            report.add_gone(&file.path, service, entity, entry, false);
        }
    }
    report
}

fn update(analysis: &Analysis, all: &[Stored<'_>], force: bool, prune: bool) -> Result<SchemaReport, Failure> {
    let mut report = SchemaReport::new(analysis);
    for (at, file) in analysis.locks.iter().enumerate() {
        let own: Vec<&Stored<'_>> = all.iter().filter(|stored| stored.lock == at).collect();
        if own.is_empty() {
            continue;
        }
        let write = |lock: &mut lock::Lock| {
            for stored in &own {
                let (service, entity) = (&stored.slot.service, &stored.slot.entity);
                let state = compare(lock.get(service, entity), stored);
                let writes = state != State::Recorded && (force || state.is_compatible());
                if writes {
                    lock.set(service, entity, stored.entry.clone());
                }
                report.add(analysis, stored, &state, writes);
            }
            let left = lock.clone();
            for (service, entity, entry) in gone(analysis, all, at, &left) {
                if prune {
                    lock.remove(service, entity);
                }
                report.add_gone(&file.path, service, entity, entry, prune);
            }
            Ok(())
        };
        lock::update(&file.absolute, write).map_err(|error| failure(&error))?;
    }
    Ok(report)
}

/// Entries that nothing in the code stores. Where only a part of it was looked at, nothing is known of them.
fn gone<'l>(
    analysis: &Analysis,
    all: &[Stored<'_>],
    at: usize,
    lock: &'l lock::Lock,
) -> Vec<(&'l str, &'l str, &'l lock::Entry)> {
    if analysis.workspace.files.iter().any(|file| !file.selected) {
        return Vec::new();
    }
    let is_stored = |service: &str, entity: &str| {
        all.iter().any(|stored| stored.lock == at && stored.slot.service == service && stored.slot.entity == entity)
    };
    lock.entries().filter(|(service, entity, _)| !is_stored(service, entity)).collect()
}

fn failure(error: &LockError) -> Failure {
    let help = match error {
        LockError::Syntax { .. } => "mend it, or remove it and run `cache-lint schema update` again",
        _ => "",
    };
    Failure::other(error.to_string(), help)
}
