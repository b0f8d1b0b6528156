//! `[store.NAME]`: a database client in the words of `rules/stores/*.toml`.

use toml::de::DeValue;

use super::table::{read, wrong_word};
use crate::policy::DeclaredStore;
use crate::policy::error::Mistake;
use crate::policy::reader::{Entry, Reader, named, span_of};
use crate::stores::Store;

/// What the names of a list are.
#[derive(Clone, Copy)]
enum Kind {
    /// Packages, as Cargo.toml spells them.
    Package,
    /// Functions or types with their crate: `acme_db::query`.
    Path,
    /// Methods, macros or types by their last name.
    Name,
}

pub(super) fn stores(reader: &mut Reader, entry: &Entry<'_, '_>) -> Vec<DeclaredStore> {
    let mut out = Vec::new();
    let Some(table) = reader.table(entry) else { return out };
    for entry in named(table) {
        let Some(words) = reader.table(&entry) else { continue };
        let what = format!("[store.{}]", entry.name);
        let mut is_sound = true;
        for word in named(words) {
            if let Some((span, mistake)) = wrong_word::<Store>(&word, &what) {
                reader.error(span, mistake);
                is_sound = false;
            } else if !names_are_sound(reader, &word, &what) {
                is_sound = false;
            }
        }
        let Ok(store) = read::<Store>(entry.value) else { continue };
        if !is_sound {
            continue;
        }
        if store.packages.is_empty() {
            let help = format!("name the crate that it is for: `packages = [\"{}\"]`", entry.name);
            reader.missing(entry.key, Mistake::with_help(format!("{what} has no `packages`"), help));
        } else if words.len() == 1 {
            let help = "say what it does, for example `takes-text = [\"execute\"]`, `fetch = [\"query\"]`";
            reader.missing(entry.key, Mistake::with_help(format!("{what} names no function or method"), help));
        } else {
            let place = reader.place(entry.key);
            out.push(DeclaredStore { name: entry.name.to_owned(), store, place });
        }
    }
    out
}

/// Whether all names of one list can be what the list holds; tells those that cannot.
fn names_are_sound(reader: &mut Reader, word: &Entry<'_, '_>, what: &str) -> bool {
    let DeValue::Array(items) = word.value.get_ref() else { return true };
    let kind = match word.name {
        "packages" => Kind::Package,
        "functions" | "insert-functions" | "upsert-functions" | "update-functions" | "delete-functions"
        | "collection-types" => Kind::Path,
        _ => Kind::Name,
    };
    let mut sound = true;
    for item in items.iter() {
        let DeValue::String(name) = item.get_ref() else { continue };
        if let Some(mistake) = mistake(name, kind) {
            let message = format!("{}, in `{}` of {what}", mistake.message, word.name);
            reader.error(span_of(item), Mistake { message, ..mistake });
            sound = false;
        }
    }
    sound
}

fn mistake(name: &str, kind: Kind) -> Option<Mistake> {
    let is_word = |text: &str| {
        !text.is_empty()
            && !text.starts_with(|c: char| c.is_ascii_digit())
            && text.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    let bare = name.trim_end_matches("()").trim_end_matches('!');
    match kind {
        Kind::Package => {
            let sound = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
            (!sound).then(|| {
                Mistake::with_help(
                    format!("`{name}` is no name of a package"),
                    "write it as Cargo.toml does: `acme-db`",
                )
            })
        }
        Kind::Path => {
            let segments: Vec<&str> = name.split("::").collect();
            if segments.len() > 1 && segments.iter().all(|segment| is_word(segment)) {
                return None;
            }
            let spelled = bare.replace('-', "_").replace('.', "::");
            let help = if spelled.contains("::") {
                format!("write `{spelled}`")
            } else {
                format!("write it with its crate: `acme_db::{spelled}`")
            };
            Some(Mistake::with_help(format!("`{name}` is no path with a crate"), help))
        }
        Kind::Name => (!is_word(name)).then(|| {
            let last = bare.rsplit([':', '.']).next().unwrap_or(bare);
            let help = if is_word(last) { format!("write `{last}`") } else { "write the name alone".to_owned() };
            Mistake::with_help(format!("`{name}` is no single name"), help)
        }),
    }
}
