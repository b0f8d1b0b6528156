//! `[values]` of the rule file: what names stand for where the code does not say.

use std::cell::RefCell;
use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::ty::{Ty, last_segment};
use super::value::{Data, Value};
use crate::finding::Place;
use crate::policy::pattern::glob;
use crate::policy::{DeclaredContent, DeclaredValue};
use crate::template::{Piece, Template};

/// Depth of wrappers (`Result<Option<u64>>`) that a declared value is put into.
const MOST_WRAPPERS: u8 = 4;

/// The entries of `[values]`, by the last segment of their paths.
pub(crate) struct Declared<'p> {
    by_last: FxHashMap<&'p str, Vec<&'p DeclaredValue>>,
    /// Entries that say something else than the code does: what the code says, by the entry's place.
    conflicts: RefCell<BTreeMap<Place, String>>,
    used: RefCell<Vec<Place>>,
}

impl<'p> Declared<'p> {
    pub(crate) fn new(values: &'p [DeclaredValue]) -> Self {
        let mut by_last: FxHashMap<&str, Vec<&DeclaredValue>> = FxHashMap::default();
        for value in values {
            by_last.entry(last_segment(&value.path)).or_default().push(value);
        }
        for list in by_last.values_mut() {
            // The longest path says most.
            list.sort_by_key(|value| std::cmp::Reverse(value.path.len()));
        }
        Self { by_last, conflicts: RefCell::default(), used: RefCell::default() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_last.is_empty()
    }

    /// The entry for `owner::name`. `owner` is only asked for where an entry ends in the name.
    pub(crate) fn find(&self, name: &str, owner: impl FnOnce() -> String) -> Option<&'p DeclaredValue> {
        let list = self.by_last.get(last_segment(name))?;
        let owner = owner();
        let full = if owner.is_empty() { name.to_owned() } else { format!("{owner}::{name}") };
        let found = list.iter().find(|value| names(&value.path, &full)).copied()?;
        self.used.borrow_mut().push(found.place);
        Some(found)
    }

    /// What a name stands for: the declared value where the code's own is not known, else the code's.
    pub(crate) fn settle(&self, entry: &DeclaredValue, found: Value, ty: &Ty, given: &[(String, Value)]) -> Value {
        let name = last_segment(&entry.path);
        let declared = made(&entry.content, name, ty, given, 0);
        match compare(&found, &declared) {
            Comparison::Declared => {
                let name = if found.name.is_empty() { name.into() } else { found.name.clone() };
                Value { name, reads: found.reads, part: found.part, provenance: found.provenance, ..declared }
            }
            Comparison::Same => found,
            Comparison::Conflict(code) => {
                self.conflicts.borrow_mut().entry(entry.place).or_insert(code);
                found
            }
        }
    }

    /// Entries that named something, and those that the code contradicts with what it says.
    pub(crate) fn outcome(&self) -> (Vec<Place>, Vec<(Place, String)>) {
        let mut used = std::mem::take(&mut *self.used.borrow_mut());
        used.sort_unstable();
        used.dedup();
        (used, std::mem::take(&mut *self.conflicts.borrow_mut()).into_iter().collect())
    }
}

/// Whether a declared path means this one: it is the end of it, and `crate::` stands for any crate.
pub(crate) fn names(declared: &str, full: &str) -> bool {
    if let Some(rest) = declared.strip_prefix("crate::") {
        return full.split_once("::").is_some_and(|(_, inner)| inner == rest);
    }
    full == declared || full.strip_suffix(declared).is_some_and(|front| front.ends_with("::"))
}

/// A declared value of this type.
fn made(content: &DeclaredContent, name: &str, ty: &Ty, given: &[(String, Value)], depth: u8) -> Value {
    if depth < MOST_WRAPPERS
        && let Ty::External(path, _) = ty
        && let Some(inner) = ty.inside()
        && !ty.is_text()
    {
        let inner = made(content, name, inner, given, depth + 1);
        let variant = match last_segment(path) {
            "Option" => "Some",
            other if other.ends_with("Result") => "Ok",
            _ => return inner,
        };
        return Value { ty: ty.clone(), ..Value::wrapped(variant, inner) };
    }
    let data = match content {
        DeclaredContent::Number(number) if ty.is_duration() => Data::Duration(number.saturating_mul(1_000_000)),
        DeclaredContent::Number(number) => Data::Int(*number),
        DeclaredContent::Flag(flag) => Data::Bool(*flag),
        DeclaredContent::Text { template, millis } => match millis {
            Some(millis) if ty.is_number() => Data::Int(millis / unit_of(name)),
            Some(millis) if !ty.is_text() => Data::Duration(millis.saturating_mul(1000)),
            _ => Data::Text(filled(template, given)),
        },
    };
    let shown = match (&data, ty.is_unknown()) {
        (Data::Text(_), true) => Ty::external("String"),
        (Data::Duration(_), true) => Ty::external("Duration"),
        _ => ty.clone(),
    };
    Value { ty: shown, data, ..Value::default() }
}

/// The template with what a function is given in place of the holes that are called like its parameters.
fn filled(template: &Template, given: &[(String, Value)]) -> Template {
    let mut out = Template::default();
    for piece in template.pieces() {
        match piece {
            Piece::Text(text) => out.push_text(text),
            Piece::Hole(hole) => {
                let value = given.iter().find(|(name, _)| *name == hole.name).and_then(|(_, v)| v.as_template());
                match value {
                    Some(value) => out.push(&value),
                    None => out.push_hole(hole.clone()),
                }
            }
        }
    }
    out
}

/// Milliseconds in the unit in which a number of this name counts; seconds unless the name says otherwise.
fn unit_of(name: &str) -> i128 {
    let lower = name.to_ascii_lowercase();
    match lower.rsplit('_').next().unwrap_or(&lower) {
        "ms" | "msec" | "msecs" | "millis" | "milliseconds" => 1,
        "min" | "mins" | "minute" | "minutes" => 60_000,
        "hour" | "hours" => 3_600_000,
        "day" | "days" => 86_400_000,
        _ => 1000,
    }
}

enum Comparison {
    /// The code does not say, or says less.
    Declared,
    Same,
    /// What the code says.
    Conflict(String),
}

fn compare(found: &Value, declared: &Value) -> Comparison {
    let mut conflict = None;
    let mut known = false;
    for alternative in found.alternatives() {
        match compare_one(alternative, declared) {
            Comparison::Same => return Comparison::Same,
            Comparison::Declared => {}
            Comparison::Conflict(code) => {
                known = true;
                conflict.get_or_insert(code);
            }
        }
    }
    match conflict {
        Some(code) if known => Comparison::Conflict(code),
        _ => Comparison::Declared,
    }
}

fn compare_one(found: &Value, declared: &Value) -> Comparison {
    let same = |same: bool, code: String| if same { Comparison::Same } else { Comparison::Conflict(code) };
    match (&found.data, &declared.data) {
        (Data::Variant(_, inner), _) if !inner.is_empty() => compare_one(&inner[0], declared),
        (_, Data::Variant(_, inner)) if !inner.is_empty() => compare_one(found, &inner[0]),
        // An `Err` or `None` on another path contradicts nothing.
        (Data::Variant(..), _) => Comparison::Declared,
        (Data::Text(code), Data::Text(wanted)) => {
            if !code.has_literal() || glob(&starred(code), &wanted.shape()) && code.shape() != wanted.shape() {
                Comparison::Declared
            } else {
                same(code.shape() == wanted.shape() || glob(&starred(wanted), &code.shape()), format!("\"{code}\""))
            }
        }
        (Data::Int(code), Data::Int(wanted)) => same(code == wanted, code.to_string()),
        (Data::Bool(code), Data::Bool(wanted)) => same(code == wanted, code.to_string()),
        (Data::Duration(code), Data::Duration(wanted)) => {
            same(code == wanted, format!("\"{}\"", crate::policy::quantity::show(code / 1000)))
        }
        (Data::Text(code), _) if code.has_literal() => Comparison::Conflict(format!("\"{code}\"")),
        (Data::Int(code), Data::Duration(wanted)) => same(code * 1_000_000 == *wanted, code.to_string()),
        (Data::Int(code), _) => Comparison::Conflict(code.to_string()),
        (Data::Duration(code), _) => {
            Comparison::Conflict(format!("\"{}\"", crate::policy::quantity::show(code / 1000)))
        }
        _ => Comparison::Declared,
    }
}

/// The text with `*` for its holes.
fn starred(template: &Template) -> String {
    let mut out = String::new();
    for piece in template.pieces() {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Hole(_) => out.push('*'),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_path_is_meant_by_its_end_and_whole_segments() {
        for (declared, full) in [
            ("keys::user", "acme_keys::keys::user"),
            ("user", "acme::user"),
            ("Settings::ttl", "shop::config::Settings::ttl"),
            ("crate::config::PREFIX", "shop::config::PREFIX"),
            ("shop::config::PREFIX", "shop::config::PREFIX"),
        ] {
            assert!(names(declared, full), "{declared} {full}");
        }
        for (declared, full) in [
            ("keys::user", "acme::monkeys::user"),
            ("user", "acme::superuser"),
            ("crate::PREFIX", "shop::config::PREFIX"),
            ("crate::config::PREFIX", "shop::app::config::PREFIX"),
        ] {
            assert!(!names(declared, full), "{declared} {full}");
        }
    }
}
