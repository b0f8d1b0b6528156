//! Edits into texts.

use std::collections::BTreeMap;

use crate::facts::lower::{LowerOptions, lower_file};
use crate::finding::{Edit, FileId, Fix};
use crate::source::check_depth;
use crate::text::Span;

/// What came of the fixes of one round.
#[derive(Debug, Default)]
pub struct Applied {
    /// The new text of every file that changed.
    pub texts: BTreeMap<FileId, String>,
    /// The fixes that are in it, by their index.
    pub done: Vec<usize>,
    /// The fixes after which a file would not parse any more.
    pub refused: Vec<usize>,
}

/// Applies as many of these fixes as go together, and after which every file still parses. Recurses with the nesting of
/// the code.
#[must_use]
pub fn apply<'a>(fixes: &[&Fix], text: impl Fn(FileId) -> &'a str) -> Applied {
    let chosen = choose(fixes);
    let all = patch(fixes, &chosen, &text);
    if let Some(texts) = all.filter(|texts| texts.values().all(|text| parses(text))) {
        return Applied { texts, done: chosen, refused: Vec::new() };
    }
    // One of them is at fault: each by itself, on top of those that are fine.
    let mut applied = Applied::default();
    for at in chosen {
        let mut tried = applied.done.clone();
        tried.push(at);
        match patch(fixes, &tried, &text).filter(|texts| texts.values().all(|text| parses(text))) {
            Some(texts) => (applied.texts, applied.done) = (texts, tried),
            None => applied.refused.push(at),
        }
    }
    applied
}

/// The fixes that do not touch each other's edits: the first of two that do. Those left out are for the next round.
#[must_use]
pub fn choose(fixes: &[&Fix]) -> Vec<usize> {
    let mut taken: BTreeMap<FileId, Vec<Span>> = BTreeMap::new();
    let mut chosen = Vec::new();
    for (at, fix) in fixes.iter().enumerate() {
        let edits = &fix.edits;
        let apart = edits.iter().enumerate().all(|(nth, edit)| {
            let own = edits.iter().take(nth).filter(|other| other.place.file == edit.place.file);
            let others = taken.get(&edit.place.file).into_iter().flatten().copied();
            !own.map(|other| other.place.span).chain(others).any(|other| touch(other, edit.place.span))
        });
        if apart && !edits.is_empty() {
            for edit in edits {
                taken.entry(edit.place.file).or_default().push(edit.place.span);
            }
            chosen.push(at);
        }
    }
    chosen
}

/// Whether it matters which of two edits is made first.
fn touch(one: Span, other: Span) -> bool {
    one.start == other.start || (one.start < other.end && other.start < one.end)
}

/// The texts after these fixes; `None` when an edit lies outside of its file, or within a character.
fn patch<'a>(fixes: &[&Fix], chosen: &[usize], text: &impl Fn(FileId) -> &'a str) -> Option<BTreeMap<FileId, String>> {
    let mut edits: BTreeMap<FileId, Vec<&Edit>> = BTreeMap::new();
    for edit in chosen.iter().filter_map(|&at| fixes.get(at)).flat_map(|fix| &fix.edits) {
        edits.entry(edit.place.file).or_default().push(edit);
    }
    edits.into_iter().map(|(file, edits)| Some((file, patched(text(file), edits)?))).collect()
}

/// A text after edits that do not touch each other, in any order.
pub(super) fn patched(text: &str, mut edits: Vec<&Edit>) -> Option<String> {
    edits.sort_by_key(|edit| edit.place.span);
    let mut out = String::with_capacity(text.len() + 64);
    let mut at = 0;
    for Edit { place, text: new } in edits {
        let (start, end) = (place.span.start as usize, place.span.end as usize);
        out.push_str(text.get(at..start)?);
        text.get(start..end)?;
        out.push_str(new);
        at = end;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}

fn parses(text: &str) -> bool {
    check_depth(text).is_ok() && lower_file(text, &LowerOptions::default()).is_ok()
}
