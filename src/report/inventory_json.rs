//! The JSON contract of `inventory`.

use serde_json::{Value, json};

use super::json::{SCHEMA, confidence_word, errors, tool};
use super::spot;
use crate::inventory::{Operation, Ttl, TtlKind, TtlUnit};
use crate::run::Analysis;

/// Renders every operation of the files that were asked for.
#[must_use]
pub fn render(analysis: &Analysis) -> String {
    let operations: Vec<Value> = analysis.selected().map(|op| operation(analysis, op)).collect();
    let out = json!({
        "schema": SCHEMA,
        "tool": tool(),
        "operations": operations,
        "errors": errors(&analysis.workspace.errors, |error| {
            let (file, offset) = (error.file?, error.offset?);
            let span = crate::text::Span { start: offset, end: offset };
            Some(spot(&analysis.workspace, &analysis.policy, crate::finding::Place { file, span }))
        }),
    });
    let mut text = serde_json::to_string_pretty(&out).unwrap_or_default();
    text.push('\n');
    text
}

fn operation(analysis: &Analysis, op: &Operation) -> Value {
    let spot = spot(&analysis.workspace, &analysis.policy, op.place);
    let keys: Vec<Value> = op.keys.iter().map(|key| json!(key.template)).collect();
    json!({
        "path": spot.path,
        "line": spot.start.line,
        "column": spot.start.column,
        "byte_range": [spot.span.start, spot.span.end],
        "function": op.function,
        "client": op.client,
        "command": op.command,
        "effect": op.effect.word(),
        "via": op.via.word(),
        "keys": keys,
        "ttl": ttl(&op.ttl),
        "value_type": op.value.ty,
        "purpose": op.purpose.word(),
        "confidence": confidence_word(op.confidence),
        "test": op.test,
        "sent": op.sent,
    })
}

/// Milliseconds as seconds: whole where they are.
fn seconds(millis: i128) -> Value {
    if millis % 1000 == 0 {
        i64::try_from(millis / 1000).map_or(Value::Null, |whole| json!(whole))
    } else {
        // Exact to the millisecond up to 285,000 years.
        #[allow(clippy::cast_precision_loss)]
        let fraction = millis as f64 / 1000.0;
        json!(fraction)
    }
}

/// The TTL as in the contract.
#[must_use]
pub fn ttl(ttl: &Ttl) -> Value {
    let absolute = matches!(ttl.unit, Some(TtlUnit::UnixSeconds | TtlUnit::UnixMilliseconds));
    match &ttl.kind {
        TtlKind::None => json!({ "kind": "none" }),
        TtlKind::Constant(_) | TtlKind::Range(..) if absolute => json!({ "kind": "dynamic" }),
        TtlKind::Constant(millis) => json!({ "kind": "seconds", "seconds": seconds(*millis) }),
        TtlKind::Range(min, max) => {
            json!({ "kind": "range", "min_seconds": seconds(*min), "max_seconds": seconds(*max) })
        }
        TtlKind::Dynamic => json!({ "kind": "dynamic" }),
        TtlKind::Maybe => json!({ "kind": "maybe" }),
        TtlKind::Keep => json!({ "kind": "keep" }),
        TtlKind::Separate(Some(millis)) => json!({ "kind": "separate", "seconds": seconds(*millis) }),
        TtlKind::Separate(None) => json!({ "kind": "separate" }),
        TtlKind::Undetermined => json!({ "kind": "undetermined" }),
        TtlKind::NotApplicable => json!({ "kind": "not-applicable" }),
    }
}

/// The TTL for people: `15m`, `1m to 1h`, `none`, `-` where there can be none.
#[must_use]
pub fn ttl_text(ttl: &Ttl) -> String {
    use crate::policy::quantity::show;
    let absolute = matches!(ttl.unit, Some(TtlUnit::UnixSeconds | TtlUnit::UnixMilliseconds));
    match &ttl.kind {
        TtlKind::None => "none".to_owned(),
        TtlKind::Constant(_) | TtlKind::Range(..) if absolute => "given".to_owned(),
        TtlKind::Constant(millis) => show(*millis),
        TtlKind::Range(min, max) => format!("{} to {}", show(*min), show(*max)),
        TtlKind::Dynamic => "given".to_owned(),
        TtlKind::Maybe => "maybe".to_owned(),
        TtlKind::Keep => "keep".to_owned(),
        TtlKind::Separate(Some(millis)) => format!("{} (EXPIRE)", show(*millis)),
        TtlKind::Separate(None) => "EXPIRE".to_owned(),
        TtlKind::Undetermined => "?".to_owned(),
        TtlKind::NotApplicable => "-".to_owned(),
    }
}
