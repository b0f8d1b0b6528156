//! One row per key template: commands, TTLs, value types, readers, writers, invalidators.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::inventory_json::ttl_text;
use super::json::{SCHEMA, tool};
use super::{spot, table};
use crate::inventory::{Effect, Operation, TtlKind};
use crate::run::Analysis;

/// What is known of one template.
#[derive(Debug, Default)]
struct Row {
    template: String,
    commands: Vec<String>,
    ttls: Vec<String>,
    types: Vec<String>,
    readers: Vec<String>,
    writers: Vec<String>,
    invalidators: Vec<String>,
    purpose: &'static str,
}

/// As a table.
#[must_use]
pub fn render_table(analysis: &Analysis) -> String {
    let rows: Vec<Vec<String>> = rows(analysis)
        .into_iter()
        .map(|row| {
            vec![
                row.template,
                row.purpose.to_owned(),
                dash(&row.commands),
                dash(&row.ttls),
                dash(&row.types),
                dash(&row.readers),
                dash(&row.writers),
                dash(&row.invalidators),
            ]
        })
        .collect();
    table::render(&["KEY", "PURPOSE", "COMMANDS", "TTL", "VALUE", "READ AT", "WRITTEN AT", "DELETED AT"], &rows)
}

/// As JSON.
#[must_use]
pub fn render_json(analysis: &Analysis) -> String {
    let keys: Vec<Value> = rows(analysis)
        .into_iter()
        .map(|row| {
            json!({
                "template": row.template,
                "purpose": row.purpose,
                "commands": row.commands,
                "ttls": row.ttls,
                "value_types": row.types,
                "readers": row.readers,
                "writers": row.writers,
                "invalidators": row.invalidators,
            })
        })
        .collect();
    let mut text =
        serde_json::to_string_pretty(&json!({ "schema": SCHEMA, "tool": tool(), "keys": keys })).unwrap_or_default();
    text.push('\n');
    text
}

fn rows(analysis: &Analysis) -> Vec<Row> {
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    for op in analysis.selected() {
        for template in op.templates().filter(|template| template.has_literal()) {
            let row = rows.entry(template.shape()).or_default();
            if row.template.is_empty() {
                row.template = template.to_string();
            }
            enter(analysis, row, op);
        }
    }
    rows.into_values().collect()
}

fn enter(analysis: &Analysis, row: &mut Row, op: &Operation) {
    let spot = spot(&analysis.workspace, &analysis.policy, op.place);
    let place = format!("{}:{}", spot.path, spot.start.line);
    add(&mut row.commands, op.command.clone());
    if op.creates() && op.ttl.kind != TtlKind::NotApplicable {
        add(&mut row.ttls, ttl_text(&op.ttl));
    }
    if let Some(ty) = op.value.ty.clone().filter(|_| op.creates()) {
        add(&mut row.types, ty);
    }
    if row.purpose.is_empty() || row.purpose == "unknown" {
        row.purpose = op.purpose.word();
    }
    match op.effect {
        Effect::Read | Effect::CollectionRead | Effect::Scan | Effect::Subscribe => add(&mut row.readers, place),
        Effect::Delete | Effect::Flush => add(&mut row.invalidators, place),
        Effect::Other => {}
        _ => add(&mut row.writers, place),
    }
}

fn add(list: &mut Vec<String>, item: String) {
    if !list.contains(&item) {
        list.push(item);
    }
}

fn dash(list: &[String]) -> String {
    match list {
        [] => "-".to_owned(),
        [one] => one.clone(),
        [one, two] => format!("{one}, {two}"),
        [one, two, rest @ ..] => format!("{one}, {two} (+{})", rest.len()),
    }
}
