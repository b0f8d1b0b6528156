//! The format that most keys have.

use super::keys::Key;
use crate::policy::grammar::normal_segments;
use crate::policy::{KeyFormat, KeyShape, Policy, VersionSpelling};
use crate::template::{Piece, Template};

/// What may stand between segments, the usual first.
const SEPARATORS: [char; 4] = [':', '/', '.', '|'];

/// The format that is written into the rule file.
pub(super) struct Format<'a> {
    pub(super) text: String,
    pub(super) separator: char,
    /// Keys of which it is known whether they fit.
    pub(super) judged: usize,
    /// Those that do not.
    pub(super) misfits: Vec<&'a Key<'a>>,
    /// The first segment that most of them share.
    pub(super) service: Option<String>,
}

/// The strictest of the usual formats that two of three keys have; where none is, the one that most have.
pub(super) fn of<'a>(keys: &'a [Key<'a>], policy: &Policy) -> Format<'a> {
    let separator = separator(keys);
    let usual = policy.keys.format.value.text.replace(policy.keys.separator.value, &separator.to_string());
    let short = format!("{{entity}}{separator}{{id}}");
    let mut candidates: Vec<Format<'_>> =
        [usual, short].into_iter().filter_map(|text| judged(keys, text, separator)).collect();
    let most =
        |format: &Format<'_>| format.judged > 0 && (format.judged - format.misfits.len()) * 3 >= format.judged * 2;
    let strict = candidates.iter().position(most);
    let fewest = || (0..candidates.len()).min_by_key(|at| candidates[*at].misfits.len());
    // A format that hardly any key has is still what the team may want to come to.
    let chosen = strict.or_else(|| fewest().filter(|at| candidates[*at].misfits.len() * 2 < candidates[*at].judged));
    let mut format = candidates.swap_remove(chosen.unwrap_or(0));
    if format.text.starts_with("{service}") {
        format.service = service(keys, separator);
    }
    format
}

fn separator(keys: &[Key<'_>]) -> char {
    let has = |template: &Template, separator: char| {
        template.pieces().iter().any(|piece| matches!(piece, Piece::Text(text) if text.contains(separator)))
    };
    let count = |separator: &char| keys.iter().filter(|key| has(key.template, *separator)).count();
    SEPARATORS.into_iter().find(|separator| count(separator) * 2 > keys.len()).unwrap_or(':')
}

fn judged<'a>(keys: &'a [Key<'a>], text: String, separator: char) -> Option<Format<'a>> {
    let format = KeyFormat::new(&text, separator).ok()?;
    let spelling = VersionSpelling::default();
    let shapes: Vec<KeyShape> = keys.iter().map(|key| format.check(key.template, &spelling, None)).collect();
    let judged = shapes.iter().filter(|shape| **shape != KeyShape::Unknown).count();
    let misfits = keys.iter().zip(&shapes).filter(|(_, shape)| matches!(shape, KeyShape::Broken(_)));
    let misfits = misfits.map(|(key, _)| key).collect();
    Some(Format { text, separator, judged, misfits, service: None })
}

/// The first segment of two of three keys, if it may stand for a service.
fn service(keys: &[Key<'_>], separator: char) -> Option<String> {
    let mut counts: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    for key in keys {
        let first =
            normal_segments(key.template, separator).first().and_then(|first| first.as_text().map(str::to_owned));
        *counts.entry(first.unwrap_or_default()).or_default() += 1;
    }
    let (name, count) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    (is_name && count > 1 && count * 3 >= keys.len() * 2).then_some(name)
}
