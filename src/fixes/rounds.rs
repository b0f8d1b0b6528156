//! Fixing until there is nothing left to fix.
//!
//! Two fixes may touch the same text, and one may make room for another, so the sources are analysed again after each
//! round, in memory. What is on the disk changes at the very end, or not at all.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::apply::{Applied, apply};
use crate::finding::{FileId, Fix, Safety};
use crate::run::{Analysis, Judged, on_large_stack};

/// Rounds after which it ends although there are fixes left: then one undoes another.
pub const MOST_ROUNDS: usize = 10;

/// Texts in place of those on the disk, by absolute path.
pub type Instead = FxHashMap<PathBuf, Arc<str>>;

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// The sources after the last fix.
    pub analysis: Analysis,
    /// What was mended, in order.
    pub fixed: Vec<Fixed>,
    /// Files that change, by absolute path, with the path as shown and both texts.
    pub changes: BTreeMap<PathBuf, Change>,
    /// Fixes were left out, because the file would not have parsed any more, or because they never came to an end.
    pub left: usize,
}

/// A file before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// As shown to people.
    pub path: String,
    /// As read.
    pub before: Arc<str>,
    /// As it is to be.
    pub after: Arc<str>,
}

/// A finding that is mended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixed {
    /// Its rule.
    pub rule: &'static str,
    /// The file, as shown.
    pub path: String,
    /// What was done.
    pub message: String,
}

/// Applies the fixes of all findings that `wanted` picks, up to this safety, in at most so many rounds. `analyse` looks at the sources with these
/// texts in place of those on the disk.
///
/// # Errors
/// Those of `analyse`.
pub fn run<E>(
    mut analyse: impl FnMut(&Instead) -> Result<(Analysis, Vec<Judged>), E>,
    wanted: impl Fn(&Judged) -> bool,
    up_to: Safety,
    most: usize,
) -> Result<Outcome, E> {
    let mut instead = Instead::default();
    let mut changes: BTreeMap<PathBuf, Change> = BTreeMap::new();
    let mut fixed = Vec::new();
    let mut left = 0;
    let mut rounds = 0;
    loop {
        let (analysis, judged) = analyse(&instead)?;
        let with_fix: Vec<(&Judged, &Fix)> = judged
            .iter()
            .filter(|judged| judged.suppression.is_none() && wanted(judged))
            .filter_map(|judged| Some((judged, judged.finding.fix.as_ref()?)))
            .filter(|(_, fix)| fix.safety <= up_to)
            .collect();
        let fixes: Vec<&Fix> = with_fix.iter().map(|(_, fix)| *fix).collect();
        let texts = |file: FileId| analysis.workspace.text(file);
        let applied = if fixes.is_empty() { Applied::default() } else { on_large_stack(|| apply(&fixes, texts)) };
        if applied.done.is_empty() || rounds == most {
            left += fixes.len();
            changes.retain(|_, change| change.before != change.after);
            return Ok(Outcome { analysis, fixed, changes, left });
        }
        rounds += 1;
        for (judged, fix) in applied.done.iter().filter_map(|&at| with_fix.get(at)) {
            let file = analysis.workspace.file(judged.finding.primary.file);
            let path = file.map(|file| file.path.clone()).unwrap_or_default();
            fixed.push(Fixed { rule: judged.finding.rule, path, message: fix.message.clone() });
        }
        for (file, after) in applied.texts {
            let Some(file) = analysis.workspace.file(file) else { continue };
            let (Some(content), after) = (&file.content, Arc::<str>::from(after)) else { continue };
            instead.insert(file.absolute.clone(), after.clone());
            let change = changes.entry(file.absolute.clone()).or_insert_with(|| Change {
                path: file.path.clone(),
                before: content.text.clone(),
                after: content.text.clone(),
            });
            change.after = after;
        }
    }
}
