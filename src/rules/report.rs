//! Small parts that findings are made of.

use super::{Meta, code};
use crate::finding::{Finding, Label, Place};
use crate::inventory::Operation;

/// How many other sites of one key are named in a finding.
const SITES: usize = 12;

/// A finding at `op` with the rule's own level; texts are for the rule to fill in.
pub(super) fn finding(meta: &Meta, op: &Operation) -> Finding {
    Finding {
        rule: meta.id,
        level: meta.level,
        confidence: op.confidence.min(meta.confidence),
        message: String::new(),
        help: String::new(),
        primary: op.place,
        primary_label: String::new(),
        function: op.function.clone(),
        labels: Vec::new(),
        flow: Vec::new(),
        discriminator: subject(op),
        fix: None,
    }
}

/// A finding at a place that is no operation.
pub(super) fn finding_at(meta: &Meta, place: Place, function: &str, discriminator: &str) -> Finding {
    Finding {
        rule: meta.id,
        level: meta.level,
        confidence: meta.confidence,
        message: String::new(),
        help: String::new(),
        primary: place,
        primary_label: String::new(),
        function: function.to_owned(),
        labels: Vec::new(),
        flow: Vec::new(),
        discriminator: discriminator.to_owned(),
        fix: None,
    }
}

/// Whether a call of the companion crate sends it.
pub(super) fn is_companion(op: &Operation) -> bool {
    op.client == "cache-patterns"
}

/// A place with something to say about it.
pub(super) fn label(place: Place, message: impl Into<String>) -> Label {
    Label { place, message: message.into() }
}

/// What identifies the operation without its place: the shape of its key, else the command.
pub(super) fn subject(op: &Operation) -> String {
    op.template().map_or_else(|| op.command.clone(), crate::template::Template::shape)
}

/// The key for messages: its template, else the expression as written.
pub(super) fn key(op: &Operation) -> String {
    match (op.template(), op.keys.first()) {
        (Some(template), _) if !op.forwards_key || template.has_literal() => code(&template.to_string()).into_owned(),
        (_, Some(key)) if !key.written.is_empty() => format!("the key {}", code(&key.written)),
        _ => "a key".to_owned(),
    }
}

/// Labels for other sites of the same key: those in the file of `op` first, each place once.
pub(super) fn sites<'a>(
    op: &Operation,
    others: impl Iterator<Item = &'a Operation>,
    message: impl Fn(&Operation) -> String,
) -> Vec<Label> {
    let mut others: Vec<_> = others.filter(|other| other.place != op.place).collect();
    others.sort_by_key(|other| (other.place.file != op.place.file, other.place));
    others.dedup_by_key(|other| other.place);
    others.into_iter().take(SITES).map(|other| label(other.place, message(other))).collect()
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn listed(words: &[impl AsRef<str>]) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    match words.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, front)) => format!("{} and {last}", front.join(", ")),
        None => String::new(),
    }
}

/// Milliseconds as people write them: `15m`, `1h`, `90s`, `250ms`.
#[must_use]
pub fn duration(ms: i128) -> String {
    for (unit, size) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)] {
        if ms != 0 && ms % size == 0 {
            return format!("{}{unit}", ms / size);
        }
    }
    if ms == 0 { "0s".to_owned() } else { format!("{ms}ms") }
}
