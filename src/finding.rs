//! What a rule reports, free of any output format.

use serde::{Deserialize, Serialize};

use crate::text::Span;

/// Index of a file in the run; the rule file is a file as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FileId(pub u32);

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Not reported.
    Off,
    /// Worth knowing; never fails a run by default.
    Note,
    /// Likely wrong.
    #[serde(alias = "warn")]
    Warning,
    /// Wrong.
    #[serde(alias = "deny")]
    Error,
}

/// How sure the analysis is that the code does what the finding says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Something could not be resolved; shown only on demand.
    Undetermined,
    /// Good evidence, one link inferred.
    Likely,
    /// Every link resolved.
    Certain,
}

/// How a finding stands to a baseline, in the words of SARIF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BaselineState {
    /// The baseline does not hold it.
    New,
    /// The baseline holds it.
    Unchanged,
}

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The file.
    pub file: FileId,
    /// The bytes.
    pub span: Span,
}

/// A place with something to say about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// Where; may be in the rule file.
    pub place: Place,
    /// Lower-case start, no final full stop.
    pub message: String,
}

/// Whether a fix may be applied unseen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Safety {
    /// The program does the same, apart from the fault (`--fix`).
    Safe,
    /// Somebody has to read it (`--unsafe-fixes`).
    Unsafe,
}

/// A text that takes the place of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// What is replaced; empty for an insertion.
    pub place: Place,
    /// What stands there afterwards.
    pub text: String,
}

/// A change of the sources that removes a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    /// Whether it may be applied unseen.
    pub safety: Safety,
    /// What it does: starts with a verb, no final full stop.
    pub message: String,
    /// All of them or none; they do not overlap.
    pub edits: Vec<Edit>,
}

/// One thing that a rule has to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule's id, for example `missing-ttl`. Serialised beside it, because it is only borrowed.
    #[serde(skip)]
    pub rule: &'static str,
    /// The level after the rule's own judgement, before the policy and the command line have their say.
    pub level: Level,
    /// How sure it is.
    pub confidence: Confidence,
    /// One sentence: lower-case start, no final full stop, code in backticks.
    pub message: String,
    /// The cure, starting with a verb, in the user's own names.
    pub help: String,
    /// Where it is reported.
    pub primary: Place,
    /// Said at the primary place in the graphical report (short).
    pub primary_label: String,
    /// The enclosing function's path, empty at file level.
    pub function: String,
    /// Other places: the read, the load, the policy line.
    pub labels: Vec<Label>,
    /// The steps that lead to the fault, in the order in which the program takes them, where the order is the fault.
    pub flow: Vec<Label>,
    /// What identifies the finding beside rule, path and function: the normalised key template, the command, the class.
    /// Never a line, never the message.
    pub discriminator: String,
    /// The change that removes it, where one is known.
    pub fix: Option<Fix>,
}
