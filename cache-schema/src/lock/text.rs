//! The text of the file.

use std::fmt::Write as _;

use super::Entry;

pub(super) fn table(service: &str, entity: &str, entry: &Entry, out: &mut String) {
    let _ = writeln!(out, "{}", header(service, entity, None));
    let _ = writeln!(out, "template = {}", quote(&entry.template));
    let _ = writeln!(out, "type = {}", quote(&entry.type_path));
    if entry.version > 0 {
        let _ = writeln!(out, "version = {}", entry.version);
    }
    shape(entry.fingerprint, &entry.fields, out);
    for (name, inside) in &entry.inside {
        let _ = writeln!(out, "\n{}", header(service, entity, Some(name)));
        shape(inside.fingerprint, &inside.fields, out);
    }
}

fn shape(fingerprint: u32, fields: &[String], out: &mut String) {
    let _ = writeln!(out, "fingerprint = \"{fingerprint:#010x}\"");
    if !fields.is_empty() {
        out.push_str("fields = [\n");
        for field in fields {
            let _ = writeln!(out, "    {},", quote(field));
        }
        out.push_str("]\n");
    }
}

/// The line that begins the table of an entity, or of a type inside it.
#[must_use]
pub fn header(service: &str, entity: &str, inside: Option<&str>) -> String {
    // Names of the grammar are bare keys in TOML, and so are names of types; others are quoted.
    let is_bare = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    };
    let bare = |name: &str| if is_bare(name) { name.to_owned() } else { quote(name) };
    let inside = inside.map(|name| format!(".inside.{}", bare(name))).unwrap_or_default();
    format!("[{}.{}{inside}]", bare(service), bare(entity))
}

/// A text as the file writes it.
#[must_use]
pub fn quote(text: &str) -> String {
    toml::Value::from(text).to_string()
}
