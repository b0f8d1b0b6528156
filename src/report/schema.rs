//! What `cache-lint schema` prints: how every stored structure stands to its lock file.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::json::{ErrorReport, SCHEMA, Tool, errors};
use super::{Places, Style};
use crate::finding::Level;
use crate::run::Analysis;
use crate::schema::{PartChange, State, Stored};

/// What `cache-lint schema check --format json` prints, and `schema update` as well.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "cache-lint schema --format json")]
pub struct SchemaReport {
    /// The version of this layout; 1.
    pub schema: u32,
    /// What wrote it.
    pub tool: Tool,
    /// Stored structures, by lock file and name; behind those of each file what is only in the file.
    pub structures: Vec<StructureReport>,
    /// What could not be read or understood.
    pub errors: Vec<ErrorReport>,
}

/// A structure that is stored under one key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StructureReport {
    /// The lock file, relative to the working directory, with `/`.
    pub lock: String,
    /// Its table there: `user.profile` is service and entity.
    pub service: String,
    /// See `service`.
    pub entity: String,
    /// The template of the key.
    pub template: String,
    /// The type.
    #[serde(rename = "type")]
    pub type_path: String,
    /// The version in the key; 0 for none.
    pub version: u32,
    /// `recorded`, `missing`, `incomplete`, `moved`, `raised`, `lowered`, `changed`, `compatible` (changed in a way that
    /// both versions read), or `gone` (only in the lock file).
    pub state: String,
    /// What changed.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub changes: Vec<ChangeReport>,
    /// `update` wrote it to the lock file.
    pub written: bool,
    /// Where the type is declared, or the write of a container; absent for what is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// 1-based.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeReport {
    /// The type inside the structure that changed; absent for the structure itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inside: Option<String>,
    /// For people.
    pub what: String,
    /// Why the two versions cannot read each other's values; absent when they can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breaks: Option<String>,
}

impl SchemaReport {
    /// Without any structure yet.
    #[must_use]
    pub fn new(analysis: &Analysis) -> Self {
        let errors = errors(Places::of(analysis), &analysis.workspace.errors);
        Self { schema: SCHEMA, tool: Tool::this(), structures: Vec::new(), errors }
    }

    /// Adds a structure of the code.
    pub fn add(&mut self, analysis: &Analysis, stored: &Stored<'_>, state: &State, written: bool) {
        let spot = Places::of(analysis).spot(stored.schema.root.place.unwrap_or(stored.op.place));
        let changes = match state {
            State::Changed(changes) => changes.iter().map(change).collect(),
            _ => Vec::new(),
        };
        self.structures.push(StructureReport {
            lock: analysis.locks[stored.lock].path.clone(),
            service: stored.slot.service.clone(),
            entity: stored.slot.entity.clone(),
            template: stored.entry.template.clone(),
            type_path: stored.entry.type_path.clone(),
            version: stored.entry.version,
            state: word(state).to_owned(),
            changes,
            written,
            path: Some(spot.path.to_owned()),
            line: Some(spot.position.line),
        });
    }

    /// Adds what only the lock file has.
    pub fn add_gone(
        &mut self,
        lock: &str,
        service: &str,
        entity: &str,
        entry: &cache_schema::lock::Entry,
        written: bool,
    ) {
        self.structures.push(StructureReport {
            lock: lock.to_owned(),
            service: service.to_owned(),
            entity: entity.to_owned(),
            template: entry.template.clone(),
            type_path: entry.type_path.clone(),
            version: entry.version,
            state: "gone".to_owned(),
            changes: Vec::new(),
            written,
            path: None,
            line: None,
        });
    }

    /// Structures that are not as the lock file says, what is only there left out: tests may store it.
    #[must_use]
    pub fn differing(&self) -> usize {
        let differs = |entry: &&StructureReport| !entry.written && !matches!(entry.state.as_str(), "recorded" | "gone");
        self.structures.iter().filter(differs).count()
    }
}

fn change(part: &PartChange) -> ChangeReport {
    ChangeReport {
        inside: part.inside.clone(),
        what: part.change.to_string(),
        breaks: part.change.breaks.map(str::to_owned),
    }
}

fn word(state: &State) -> &'static str {
    match state {
        State::Recorded => "recorded",
        State::Missing => "missing",
        State::Incomplete => "incomplete",
        State::Moved => "moved",
        State::Raised(_) => "raised",
        State::Lowered(_) => "lowered",
        State::Changed(_) if state.is_compatible() => "compatible",
        State::Changed(_) => "changed",
    }
}

/// What a state means for people.
fn meaning(entry: &StructureReport) -> &'static str {
    match (entry.state.as_str(), entry.written) {
        ("changed", true) => "recorded under the same version, as asked",
        ("lowered", true) => "recorded with the lower version, as asked",
        ("gone", true) => "taken out: nothing in the code stores it",
        (_, true) => "recorded",
        ("missing", _) => "not in the lock file",
        ("incomplete", _) => "the types inside it are not in the lock file",
        ("moved", _) => "the same structure, with another type or key in the lock file",
        ("raised", _) => "the version was raised, the lock file does not know yet",
        ("lowered", _) => "the version is lower than in the lock file",
        ("changed", _) => "changed, and the version did not",
        ("compatible", _) => "changed in a way that both versions read, not in the lock file",
        ("gone", _) => "nothing in the code stores it",
        _ => "",
    }
}

/// For people: what differs or was written, and a last line that counts.
#[must_use]
pub fn render(report: &SchemaReport, style: Style) -> String {
    let mut out = String::new();
    let mut lock = "";
    for entry in report.structures.iter().filter(|entry| entry.state != "recorded") {
        if entry.lock != lock {
            lock = &entry.lock;
            out.push_str(&format!("{}\n", style.bold(lock)));
        }
        let level = match (entry.state.as_str(), entry.written) {
            ("changed" | "lowered", false) => Level::Error,
            ("gone", _) | (_, true) => Level::Note,
            _ => Level::Warning,
        };
        let place = match (&entry.path, entry.line) {
            (Some(path), Some(line)) => style.dim(&format!(" ({path}:{line})")),
            _ => String::new(),
        };
        let (key, ty) = (style.code(&entry.template), &entry.type_path);
        out.push_str(&format!("  {key} {ty}{place}\n    {}\n", style.level(level, meaning(entry))));
        for change in &entry.changes {
            let inside = change.inside.as_ref().map(|inside| format!("in `{inside}`, ")).unwrap_or_default();
            let breaks = change.breaks.as_ref().map_or_else(|| " (both read it)".to_owned(), |why| format!(": {why}"));
            out.push_str(&format!("    - {inside}{}{breaks}\n", change.what));
        }
    }
    out + &summary(report)
}

fn summary(report: &SchemaReport) -> String {
    let all = report.structures.iter().filter(|entry| entry.state != "gone").count();
    let written = report.structures.iter().filter(|entry| entry.written).count();
    let count = |number: usize| format!("{number} stored {}", if number == 1 { "structure" } else { "structures" });
    let mut parts = Vec::new();
    if written > 0 {
        parts.push(format!("{written} written"));
    }
    match report.differing() {
        0 if all > 0 => parts.push("all as recorded".to_owned()),
        0 => parts.push("nothing to record".to_owned()),
        differ => parts.push(format!("{differ} not as recorded")),
    }
    format!("{}: {}\n", count(all), parts.join(", "))
}
