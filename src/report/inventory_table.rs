//! Every operation as a table for people.

use super::inventory_json::ttl_text;
use super::{spot, table};
use crate::run::Analysis;

/// Renders every operation of the files that were asked for.
#[must_use]
pub fn render(analysis: &Analysis) -> String {
    let rows: Vec<Vec<String>> = analysis
        .selected()
        .map(|op| {
            let spot = spot(&analysis.workspace, &analysis.policy, op.place);
            vec![
                format!("{}:{}", spot.path, spot.start.line),
                op.command.clone(),
                keys(op),
                ttl_text(&op.ttl),
                op.value.ty.clone().unwrap_or_else(|| "-".to_owned()),
                op.purpose.word().to_owned(),
                op.via.word().to_owned(),
            ]
        })
        .collect();
    table::render(&["PLACE", "COMMAND", "KEY", "TTL", "VALUE", "PURPOSE", "VIA"], &rows)
}

fn keys(op: &crate::inventory::Operation) -> String {
    let mut all: Vec<String> =
        op.keys.iter().map(|key| key.template.as_ref().map_or_else(|| "?".to_owned(), ToString::to_string)).collect();
    let more = all.len().saturating_sub(2);
    all.truncate(2);
    match (all.is_empty(), more) {
        (true, _) => "-".to_owned(),
        (_, 0) => all.join(" "),
        _ => format!("{} (+{more})", all.join(" ")),
    }
}
