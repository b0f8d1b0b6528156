//! `[client.NAME]`: read by serde, word by word and entry by entry, so that every wrong one is told.

use toml::de::{DeTable, DeValue};

use super::Layer;
use super::table::{located, read, wrong_word};
use crate::clients::{Catalogue, DeclaredClient, Rows, TypeKind, TypeTable};
use crate::policy::error::Mistake;
use crate::policy::reader::{Entry, Reader, named, span_of};
use crate::text::Span;

pub(super) fn clients(reader: &mut Reader, entry: &Entry<'_, '_>, layer: &mut Layer) {
    let Some(table) = reader.table(entry) else { return };
    for entry in named(table) {
        let Some(words) = reader.table(&entry) else { continue };
        let what = format!("[client.{}]", entry.name);
        let mut is_sound = true;
        for word in named(words) {
            for (span, mistake) in mistakes_of(&word, &what) {
                reader.error(span, mistake);
                is_sound = false;
            }
        }
        if is_sound && let Ok(client) = read::<DeclaredClient>(entry.value) {
            let client = DeclaredClient { name: entry.name.to_owned(), ..client };
            for error in Catalogue::with_declared(std::slice::from_ref(&client)).1 {
                let span = deepest(table, &error.row.0).unwrap_or(entry.key);
                reader.error(span, format!("{} (in `client.{}`)", error.message, error.row));
            }
            layer.client_places.insert(entry.name.to_owned(), reader.place(entry.key));
            layer.clients.push(client);
        }
    }
}

/// What is wrong with one word of a client.
fn mistakes_of(word: &Entry<'_, '_>, what: &str) -> Vec<(Span, Mistake)> {
    let mut out = Vec::new();
    if let DeValue::Table(rows) = word.value.get_ref() {
        for row in named(rows) {
            let checked = match (word.name, row.value.get_ref()) {
                ("types", DeValue::String(_)) => read::<TypeKind>(row.value).err(),
                ("types", DeValue::Table(_)) => read::<TypeTable>(row.value).err(),
                ("types", _) => Some(plain(&row, "the kind of a type, or a table with `kind`")),
                ("methods" | "raw" | "with_ttl", _) if read::<Rows>(row.value).is_err() => {
                    Some(plain(&row, "a row, or a list of rows"))
                }
                _ => None,
            };
            out.extend(checked.map(|(span, mistake)| (span.unwrap_or(row.key), located(mistake, what))));
        }
    }
    if out.is_empty() {
        out.extend(wrong_word::<DeclaredClient>(word, what));
    }
    out
}

fn plain(row: &Entry<'_, '_>, wanted: &str) -> (Option<Span>, Mistake) {
    (Some(span_of(row.value)), format!("`{}` wants {wanted}", row.name).into())
}

/// The place of the row of a table that `path` leads to, or of the last part of it that is there.
fn deepest(clients: &DeTable<'_>, path: &[String]) -> Option<Span> {
    let (mut table, mut span) = (clients, None);
    for part in path {
        let Some(value) = table.get(part.as_str()) else { break };
        match value.get_ref() {
            DeValue::Table(inner) => {
                span = named(table).iter().find(|entry| entry.name == part).map(|entry| entry.key);
                table = inner;
            }
            _ => return Some(span_of(value)),
        }
    }
    span
}
