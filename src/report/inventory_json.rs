//! `inventory --format json`, version 1.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::json::{ErrorReport, SCHEMA, Tool, errors};
use super::ttl::TtlReport;
use super::{Places, confidence_word};
use crate::inventory::Operation;
use crate::run::Analysis;

/// What `cache-lint inventory --format json` prints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "cache-lint inventory --format json")]
pub struct InventoryReport {
    /// The version of this layout; 1.
    pub schema: u32,
    /// What wrote it.
    pub tool: Tool,
    /// Sorted by path and place.
    pub operations: Vec<OperationReport>,
    /// What could not be read or understood.
    pub errors: Vec<ErrorReport>,
}

/// One Redis command that the program can send.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OperationReport {
    /// Relative to the working directory, with `/`.
    pub path: String,
    /// 1-based; of the method, command or wrapper name.
    pub line: u32,
    /// 1-based, in characters.
    pub column: u32,
    /// First byte, and one past the last.
    pub byte_range: [u32; 2],
    /// The enclosing function's path; empty outside of functions.
    pub function: String,
    /// The client library.
    pub client: String,
    /// The Redis command in capitals.
    pub command: String,
    /// What it does: `read`, `write`, `delete`, `expire`, `persist`, `counter`, `collection-write`, `collection-read`,
    /// `lock`, `scan`, `flush`, `publish`, `subscribe`, `script` or `other`.
    pub effect: String,
    /// In which form it stands: `method`, `ufcs`, `command`, `pipeline`, `script`, `attribute` or `wrapper`.
    pub via: String,
    /// Key templates with holes as `{name}`; `null` for a key of which nothing is known.
    pub keys: Vec<Option<String>>,
    /// Its TTL.
    pub ttl: TtlReport,
    /// The Rust type that is stored, where known.
    pub value_type: Option<String>,
    /// What the key is used for.
    pub purpose: String,
    /// `certain` or `likely`.
    pub confidence: String,
    /// It stands in test code.
    pub test: bool,
    /// `false`: its future is dropped without being awaited, so nothing is sent. `true` also where this is not known.
    pub sent: bool,
}

/// The operations as data.
#[must_use]
pub fn report(analysis: &Analysis) -> InventoryReport {
    let places = Places::of(analysis);
    InventoryReport {
        schema: SCHEMA,
        tool: Tool::this(),
        operations: analysis.operations().map(|op| operation(places, op)).collect(),
        errors: errors(places, &analysis.workspace.errors),
    }
}

fn operation(places: Places<'_>, op: &Operation) -> OperationReport {
    let spot = places.spot(op.place);
    OperationReport {
        path: spot.path.to_owned(),
        line: spot.position.line,
        column: spot.position.column,
        byte_range: [spot.span.start, spot.span.end],
        function: op.function.clone(),
        client: op.client.clone(),
        command: op.command.clone(),
        effect: op.effect.word().to_owned(),
        via: op.via.word().to_owned(),
        keys: op.keys.iter().map(|key| key.template.as_ref().map(ToString::to_string)).collect(),
        ttl: TtlReport::of(&op.ttl),
        value_type: op.value.ty.clone(),
        purpose: op.purpose.word().to_owned(),
        confidence: confidence_word(op.confidence).to_owned(),
        test: op.test,
        sent: op.sent,
    }
}
