//! One rule file, read: what it states, with places; what it leaves out stays open for the layers below.

mod class;
mod client;
mod exception;
mod keys;
pub(super) mod names;
mod store;
mod table;
mod values;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::error::Mistake;
use super::paths::PathGlob;
use super::pattern::Pattern;
use super::reader::{Entry, Reader, named, span_of};
use super::{DeclaredStore, DeclaredValue, Exception, KeyException, Located, Vocabulary, quantity};
use crate::clients::DeclaredClient;
use crate::finding::{Level, Place};

pub(super) use class::ClassLayer;

/// A list that replaces the one of the layer below, or adds to it.
#[derive(Debug, Clone)]
pub(super) struct Listed<T> {
    pub(super) replace: Option<Vec<T>>,
    pub(super) extend: Vec<T>,
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self { replace: None, extend: Vec::new() }
    }
}

impl<T> Listed<T> {
    /// Takes the list of `key` or of `extend-key`.
    fn set(&mut self, name: &str, list: Vec<T>) {
        if name.starts_with("extend-") {
            self.extend = list;
        } else {
            self.replace = Some(list);
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Layer {
    /// What cuts the patterns and the format of this file.
    pub(super) separator: char,
    pub(super) default: Option<Located<bool>>,
    pub(super) baseline: Option<Located<PathBuf>>,
    pub(super) keys: KeysLayer,
    pub(super) ttl: TtlLayer,
    pub(super) classes: Vec<ClassLayer>,
    pub(super) levels: BTreeMap<String, Located<Level>>,
    pub(super) exceptions: Vec<Exception>,
    pub(super) cheap_loads: Listed<Located<String>>,
    pub(super) guards: Listed<Located<String>>,
    pub(super) external_channels: Listed<Located<Pattern>>,
    pub(super) secrets: SecretsLayer,
    pub(super) logs_count: Option<Located<bool>>,
    pub(super) require_until: Option<Located<bool>>,
    pub(super) exclude: Listed<Located<PathGlob>>,
    pub(super) tests: Option<Located<bool>>,
    pub(super) report_undetermined: Option<Located<bool>>,
    pub(super) clients: Vec<DeclaredClient>,
    /// Where each client stands, by name.
    pub(super) client_places: BTreeMap<String, Place>,
    pub(super) stores: Vec<DeclaredStore>,
    pub(super) values: Vec<DeclaredValue>,
}

/// `[keys]`.
#[derive(Debug, Default)]
pub(super) struct KeysLayer {
    pub(super) format: Option<Located<String>>,
    pub(super) separator: Option<Located<char>>,
    pub(super) version_prefix: Option<Located<String>>,
    pub(super) service: Option<Located<String>>,
    pub(super) exceptions: Listed<KeyException>,
}

/// `[ttl]`.
#[derive(Debug, Default)]
pub(super) struct TtlLayer {
    pub(super) required: Option<Located<bool>>,
    pub(super) jitter: Option<Located<u8>>,
    pub(super) min: Option<Located<i128>>,
    pub(super) max: Option<Located<i128>>,
}

/// `[secrets]`.
#[derive(Debug, Default)]
pub(super) struct SecretsLayer {
    pub(super) types: Listed<Located<String>>,
    pub(super) fields: Listed<Located<String>>,
    pub(super) max_ttl: Option<Located<i128>>,
}

/// What reading a file needs to know beside the file.
#[derive(Clone, Copy)]
pub(super) struct Setting<'a> {
    pub(super) vocabulary: &'a Vocabulary<'a>,
    /// Globs of paths are relative to this folder.
    pub(super) folder: &'a Path,
    /// What cuts patterns and the format: the file's own separator, or that of what it extends.
    pub(super) separator: char,
}

/// The document of a rule file; what is no TOML goes to `reader`.
pub(super) fn parse<'i>(reader: &mut Reader, text: &'i str) -> toml::Spanned<DeTable<'i>> {
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        reader.syntax(error);
    }
    document
}

/// The table that stands under `keys` in a document.
pub(super) fn inner<'t, 'i>(document: &'t DeTable<'i>, keys: &[&str]) -> Option<&'t DeTable<'i>> {
    keys.iter().try_fold(document, |table, key| match table.get(*key)?.get_ref() {
        DeValue::Table(inner) => Some(inner),
        _ => None,
    })
}

/// The files that a rule file extends.
pub(super) fn extends(reader: &mut Reader, table: &DeTable<'_>) -> Vec<Located<String>> {
    named(table).iter().filter(|entry| entry.name == "extends").flat_map(|entry| reader.texts(entry)).collect()
}

/// The separator that a rule file states.
pub(super) fn stated_separator(table: &DeTable<'_>) -> Option<char> {
    let text = table.get("keys")?.get_ref().get("separator")?.get_ref().as_str()?;
    keys::read_separator(text).ok()
}

/// Reads a rule file; mistakes go to `reader`.
pub(super) fn read(reader: &mut Reader, table: &DeTable<'_>, setting: Setting<'_>) -> Layer {
    let mut layer = Layer { separator: setting.separator, ..Layer::default() };
    for entry in reader.entries(table, names::TOP, "the rule file") {
        match entry.name {
            "version" => version(reader, &entry),
            "default" => layer.default = reader.flag(&entry),
            "baseline" => layer.baseline = reader.parsed(&entry, |text| baseline(text, setting.folder)),
            "keys" => keys::keys(reader, &entry, &mut layer.keys, setting),
            "ttl" => keys::ttl(reader, &entry, &mut layer.ttl),
            "class" => layer.classes = class::classes(reader, &entry, setting),
            "levels" => exception::levels(reader, &entry, &mut layer, setting.vocabulary),
            "exceptions" => layer.exceptions = exception::exceptions(reader, &entry, setting),
            "loads" => layer.cheap_loads = list(reader, &entry, names::LOADS, "[loads]", function),
            "guards" => layer.guards = list(reader, &entry, names::GUARDS, "[guards]", function),
            "channels" => {
                let separator = setting.separator;
                let pattern = |text: &str| Pattern::new(text, separator);
                layer.external_channels = list(reader, &entry, names::CHANNELS, "[channels]", pattern);
            }
            "secrets" => secrets(reader, &entry, &mut layer.secrets),
            "metrics" => layer.logs_count = one_flag(reader, &entry, names::METRICS, "[metrics]"),
            "suppressions" => layer.require_until = one_flag(reader, &entry, names::SUPPRESSIONS, "[suppressions]"),
            "undetermined" => {
                layer.report_undetermined = one_flag(reader, &entry, names::UNDETERMINED, "[undetermined]")
            }
            "paths" => paths(reader, &entry, &mut layer, setting.folder),
            "client" => client::clients(reader, &entry, &mut layer),
            "store" => layer.stores = store::stores(reader, &entry),
            "values" => layer.values = values::values(reader, &entry),
            // `extends` was read before, because what it names is read before.
            _ => {}
        }
    }
    layer
}

fn version(reader: &mut Reader, entry: &Entry<'_, '_>) {
    if !matches!(entry.value.get_ref(), DeValue::Integer(number) if number.to_string() == "1") {
        let help = "write `version = 1`, or use the release of cache-lint for which the file is meant";
        let message = "this release of cache-lint reads rule files of version 1";
        reader.error(span_of(entry.value), Mistake::with_help(message, help));
    }
}

/// A file, relative to the folder of the rule file.
fn baseline(text: &str, folder: &Path) -> Result<PathBuf, Mistake> {
    if text.trim().is_empty() {
        let help = format!("write `baseline = \"{}\"`", crate::baseline::FILE_NAME);
        return Err(Mistake::with_help("the path of the baseline is empty", help));
    }
    Ok(folder.join(text))
}

/// A table with one list in it, which may be replaced or extended.
fn list<T>(
    reader: &mut Reader,
    entry: &Entry<'_, '_>,
    known: &[&str],
    what: &str,
    parse: impl Fn(&str) -> Result<T, Mistake>,
) -> Listed<Located<T>> {
    let mut out = Listed::default();
    let Some(table) = reader.table(entry) else { return out };
    for entry in reader.entries(table, known, what) {
        let list = reader.all(&entry, &parse);
        out.set(entry.name, list);
    }
    out
}

fn one_flag(reader: &mut Reader, entry: &Entry<'_, '_>, known: &[&str], what: &str) -> Option<Located<bool>> {
    let table = reader.table(entry)?;
    let entries = reader.entries(table, known, what);
    entries.iter().find_map(|entry| reader.flag(entry))
}

/// A pattern for functions.
fn function(text: &str) -> Result<String, Mistake> {
    let is_path = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '.' | '*' | '<' | '>' | ' ' | '#');
    if text.trim().is_empty() {
        Err(Mistake::with_help("the function's name is empty", "write for example `*::flags::load`"))
    } else if text.chars().all(is_path) {
        Ok(text.trim_end_matches("()").to_owned())
    } else {
        Err(Mistake::with_help(format!("`{text}` is no path of a function"), "write for example `*::flags::load`"))
    }
}

fn secrets(reader: &mut Reader, entry: &Entry<'_, '_>, layer: &mut SecretsLayer) {
    let Some(table) = reader.table(entry) else { return };
    for entry in reader.entries(table, names::SECRETS, "[secrets]") {
        match entry.name {
            "types" | "extend-types" => {
                let types = reader.all(&entry, |text| secret_name(text, "Credentials", |c| c == '_'));
                layer.types.set(entry.name, types);
            }
            "max-ttl" => layer.max_ttl = reader.quantity(&entry, "s", positive),
            name => {
                let fields = reader.all(&entry, |text| secret_name(text, "password*", |c| matches!(c, '_' | '*')));
                layer.fields.set(name, fields);
            }
        }
    }
}

/// The name of a type or a field.
fn secret_name(text: &str, example: &str, also: impl Fn(char) -> bool) -> Result<String, Mistake> {
    let is_name = !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || also(c));
    if is_name && text.chars().any(char::is_alphanumeric) {
        Ok(text.to_owned())
    } else {
        Err(Mistake::with_help(format!("`{text}` is no name"), format!("write for example `{example}`")))
    }
}

fn paths(reader: &mut Reader, entry: &Entry<'_, '_>, layer: &mut Layer, folder: &Path) {
    let Some(table) = reader.table(entry) else { return };
    for entry in reader.entries(table, names::PATHS, "[paths]") {
        if entry.name == "tests" {
            layer.tests = reader.flag(&entry);
        } else {
            let list = reader.all(&entry, |text| PathGlob::new(text, folder));
            layer.exclude.set(entry.name, list);
        }
    }
}

/// A TTL that the server takes.
fn positive(text: &str) -> Result<i128, Mistake> {
    match quantity::duration(text)? {
        0 => Err(Mistake::with_help("a TTL of zero is refused by the server", "give at least `1ms`")),
        millis => Ok(millis),
    }
}
