//! SARIF 2.1.0, as GitHub code scanning and other readers take it.

mod model;

use rustc_hash::FxHashMap;

use super::line_hash::line_hashes;
use super::{Report, Spot, confidence_word, json, uri};
use crate::baseline::Entry;
use crate::finding::{BaselineState, Confidence, FileId, Finding, Label, Level, Place};
use crate::rules::{Meta, REGISTRY, find};
use crate::run::Judged;
use model::{
    ArtifactChange, ArtifactLocation, AutomationDetails, CodeFlow, Configuration, Driver, Fix, Help, Invocation,
    Location, Log, LogicalLocation, Message, Notification, PartialFingerprints, PhysicalLocation, Region, Replacement,
    ReportingDescriptor, ResultProperties, RuleProperties, Run, SarifResult, Suppression, ThreadFlow,
    ThreadFlowLocation, Tool,
};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
const VERSION: &str = "2.1.0";
/// What relative paths are relative to.
const ROOT: &str = "%SRCROOT%";
/// GitHub reads no more of a description.
const LONGEST_DESCRIPTION: usize = 1024;

/// The report as a SARIF log. `category` tells this upload from others of the same commit.
#[must_use]
pub fn render(report: &Report<'_>, category: Option<&str>) -> String {
    let root = serde_json::json!({ ROOT: { "description": { "text": "the root of the repository" } } });
    let run = Run {
        tool: Tool { driver: driver() },
        // Readers take what stands before the last slash as the category, and what follows as the number of a run.
        automation_details: category
            .map(|category| AutomationDetails { id: format!("{}/", category.trim_end_matches('/')) }),
        column_kind: "unicodeCodePoints",
        original_uri_base_ids: root,
        invocations: [Invocation { execution_successful: true, tool_execution_notifications: notifications(report) }],
        results: Results { report, hashes: FxHashMap::default() }.all(),
    };
    json::pretty(&Log { schema: SCHEMA, version: VERSION, runs: [run] })
}

fn driver() -> Driver {
    Driver {
        name: env!("CARGO_PKG_NAME"),
        semantic_version: env!("CARGO_PKG_VERSION"),
        information_uri: env!("CARGO_PKG_REPOSITORY"),
        rules: REGISTRY.iter().map(|rule| descriptor(rule.meta())).collect(),
    }
}

/// `cache-lint/missing-ttl`.
fn id(rule: &str) -> String {
    format!("{}/{rule}", env!("CARGO_PKG_NAME"))
}

fn descriptor(meta: &Meta) -> ReportingDescriptor {
    let markdown = meta.markdown();
    ReportingDescriptor {
        id: id(meta.id),
        name: pascal_case(meta.id),
        short_description: Message { text: sentence(meta.summary) },
        full_description: Message { text: cut(&meta.what(), LONGEST_DESCRIPTION) },
        help: Help { text: markdown.clone(), markdown },
        help_uri: uri::page_of(meta.id),
        default_configuration: Configuration {
            enabled: meta.level != Level::Off,
            level: level(if meta.level == Level::Off { Level::Warning } else { meta.level }),
        },
        properties: RuleProperties {
            tags: ["cache", "redis", meta.category.word()],
            precision: match meta.confidence {
                Confidence::Certain => "very-high",
                Confidence::Likely => "high",
                Confidence::Undetermined => "medium",
            },
            severity: match meta.level {
                Level::Error => "error",
                Level::Warning => "warning",
                Level::Note | Level::Off => "recommendation",
            },
        },
    }
}

fn notifications(report: &Report<'_>) -> Vec<Notification> {
    let sources = &report.analysis.workspace.errors;
    let notifications = json::errors(report.places(), sources).into_iter().zip(sources).map(|(error, source)| {
        let path = source.file.map_or(error.path, |file| report.path_below_root(file));
        let region = error.line.zip(error.column).map(|(start_line, start_column)| Region {
            start_line,
            start_column,
            end_line: None,
            end_column: None,
            byte_offset: None,
            byte_length: None,
            snippet: None,
        });
        let location = Location {
            id: None,
            message: None,
            physical_location: PhysicalLocation { artifact_location: artifact(&path), region },
            logical_locations: Vec::new(),
        };
        let locations = if path.is_empty() { Vec::new() } else { vec![location] };
        Notification { level: "warning", message: Message { text: sentence(&error.message) }, locations }
    });
    notifications.collect()
}

struct Results<'a> {
    report: &'a Report<'a>,
    /// The hashes of the lines of the files that have findings.
    hashes: FxHashMap<FileId, Vec<String>>,
}

impl<'a> Results<'a> {
    fn all(mut self) -> Vec<SarifResult> {
        let mut results: Vec<SarifResult> = self.report.findings.iter().map(|judged| self.result(judged)).collect();
        // Only beside the known ones: GitHub, which knows no baseline, would take each for an open alert.
        if self.report.view.known {
            results.extend(self.report.fixed.iter().map(|entry| self.absent(entry)));
        }
        results
    }

    /// What the baseline holds and the run has not found again; where it stood is known up to its function.
    fn absent(&self, entry: &Entry) -> SarifResult {
        let logical = LogicalLocation { fully_qualified_name: entry.function.clone(), kind: "function" };
        let meta = find(&entry.rule).map(|rule| rule.meta());
        SarifResult {
            rule_id: id(&entry.rule),
            rule_index: REGISTRY.iter().position(|rule| rule.meta().id == entry.rule),
            level: level(meta.map_or(Level::Warning, |meta| meta.level)),
            baseline_state: Some("absent"),
            message: Message { text: plain(&format!("`{}` was found here earlier, and is no more.", entry.subject)) },
            locations: [Location {
                id: None,
                message: None,
                physical_location: PhysicalLocation { artifact_location: artifact(&entry.path), region: None },
                logical_locations: if entry.function.is_empty() { Vec::new() } else { vec![logical] },
            }],
            related_locations: Vec::new(),
            code_flows: Vec::new(),
            partial_fingerprints: PartialFingerprints { line_hash: None, own: entry.fingerprint.clone() },
            fixes: Vec::new(),
            suppressions: self.report.view.suppressed.then(Vec::new),
            properties: ResultProperties { confidence: confidence_word(Confidence::Certain) },
        }
    }

    fn result(&mut self, judged: &Judged) -> SarifResult {
        let finding = &judged.finding;
        let mut location = self.location(finding.primary);
        if !finding.function.is_empty() {
            let fully_qualified_name = finding.function.clone();
            location.logical_locations.push(LogicalLocation { fully_qualified_name, kind: "function" });
        }
        let related =
            finding.labels.iter().zip(1..).map(|(label, id)| Location { id: Some(id), ..self.labelled(label) });
        let steps = finding.flow.iter().map(|step| ThreadFlowLocation { location: self.labelled(step) });
        let flow = CodeFlow { thread_flows: [ThreadFlow { locations: steps.collect() }] };
        SarifResult {
            rule_id: id(finding.rule),
            rule_index: REGISTRY.iter().position(|rule| rule.meta().id == finding.rule),
            level: level(finding.level),
            baseline_state: judged.baseline.map(baseline_state),
            message: Message { text: message(finding) },
            related_locations: related.collect(),
            code_flows: if finding.flow.is_empty() { Vec::new() } else { vec![flow] },
            partial_fingerprints: PartialFingerprints {
                line_hash: self.line_hash(finding.primary),
                own: judged.fingerprint.clone(),
            },
            fixes: finding.fix.iter().map(|fix| self.fix(fix)).collect(),
            suppressions: self.suppressions(judged),
            properties: ResultProperties { confidence: confidence_word(finding.confidence) },
            locations: [location],
        }
    }

    /// Where suppressed findings are shown, the others have to say that they are not.
    fn suppressions(&self, judged: &Judged) -> Option<Vec<Suppression>> {
        let suppressions = judged.suppression.iter().map(|suppression| Suppression {
            kind: if suppression.place.is_some() { "inSource" } else { "external" },
            justification: suppression.reason.clone(),
            location: suppression.place.map(|place| self.location(place)),
        });
        self.report.view.suppressed.then(|| suppressions.collect())
    }

    fn line_hash(&mut self, place: Place) -> Option<String> {
        let spot = self.spot(place);
        if spot.text.is_empty() {
            return None;
        }
        let hashes = self.hashes.entry(place.file).or_insert_with(|| line_hashes(spot.text));
        hashes.get(spot.position.line as usize - 1).cloned()
    }

    fn fix(&self, fix: &crate::finding::Fix) -> Fix {
        let mut files: Vec<(FileId, Vec<Replacement>)> = Vec::new();
        for edit in &fix.edits {
            let spot = self.spot(edit.place);
            let replacement = Replacement {
                deleted_region: Region { snippet: None, ..region(&spot) },
                inserted_content: Message { text: edit.text.clone() },
            };
            match files.iter_mut().find(|(file, _)| *file == edit.place.file) {
                Some((_, replacements)) => replacements.push(replacement),
                None => files.push((edit.place.file, vec![replacement])),
            }
        }
        let changes = files.into_iter().map(|(file, replacements)| ArtifactChange {
            artifact_location: artifact(&self.report.path_below_root(file)),
            replacements,
        });
        Fix {
            description: Message { text: sentence(&fix.message) },
            artifact_changes: changes.collect(),
            properties: model::FixProperties { safety: fix.safety },
        }
    }

    fn labelled(&self, label: &Label) -> Location {
        Location { message: Some(Message { text: label.message.clone() }), ..self.location(label.place) }
    }

    fn location(&self, place: Place) -> Location {
        let spot = self.spot(place);
        Location {
            id: None,
            message: None,
            physical_location: PhysicalLocation {
                artifact_location: artifact(&self.report.path_below_root(place.file)),
                region: Some(region(&spot)),
            },
            logical_locations: Vec::new(),
        }
    }

    fn spot(&self, place: Place) -> Spot<'a> {
        self.report.places().spot(place)
    }
}

/// A path below the root is relative to it; another one is absolute.
fn artifact(path: &str) -> ArtifactLocation {
    match uri::file(path) {
        Some(uri) => ArtifactLocation { uri, uri_base_id: None },
        None => ArtifactLocation { uri: uri::relative(path), uri_base_id: Some(ROOT) },
    }
}

fn region(spot: &Spot<'_>) -> Region {
    let snippet = spot.span.of(spot.text);
    Region {
        start_line: spot.position.line,
        start_column: spot.position.column,
        end_line: Some(spot.end.line),
        end_column: Some(spot.end.column),
        byte_offset: Some(spot.span.start),
        byte_length: Some(spot.span.end - spot.span.start),
        snippet: Some(snippet).filter(|text| !text.is_empty()).map(|text| Message { text: text.to_owned() }),
    }
}

/// The fact first: where there is little room, readers see the first sentence only. The other places are linked, because
/// GitHub shows no others.
fn message(finding: &Finding) -> String {
    let mut text = plain(&finding.message) + ".";
    if !finding.help.is_empty() {
        text.push_str(&format!(" {}.", plain(&capitalised(&finding.help))));
    }
    let links = finding.labels.iter().zip(1..).map(|(label, id)| format!("[{}]({id})", bracketed(&label.message)));
    let links: Vec<String> = links.collect();
    if !links.is_empty() {
        text.push_str(&format!(" See: {}.", links.join(", ")));
    }
    text
}

/// Brackets and backslashes as they have to stand in the text of a link.
fn bracketed(text: &str) -> String {
    text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]")
}

/// A text that no reader takes for a link.
fn plain(text: &str) -> String {
    if text.contains("](") { bracketed(text) } else { text.to_owned() }
}

fn baseline_state(state: BaselineState) -> &'static str {
    match state {
        BaselineState::New => "new",
        BaselineState::Unchanged => "unchanged",
    }
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
        Level::Off => "none",
    }
}

fn sentence(text: &str) -> String {
    format!("{}.", capitalised(text))
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn pascal_case(text: &str) -> String {
    text.split('-').map(capitalised).collect()
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most { text.to_owned() } else { text.chars().take(most - 1).chain(['…']).collect() }
}
