//! Mistakes in a rule file.

use std::path::PathBuf;
use std::sync::Arc;

use crate::text::Span;

/// One mistake, with its place and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PolicyError {
    /// The file, as shown.
    pub path: String,
    /// Its text; empty when it could not be read.
    pub text: Arc<str>,
    /// Where in it.
    pub span: Option<Span>,
    /// What is wrong: lower-case start, no final full stop.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl PolicyError {
    /// A file that could not be read at all.
    #[must_use]
    pub fn of_file(path: &std::path::Path, message: impl Into<String>, help: Option<String>) -> Self {
        Self { path: shown(path), text: Arc::from(""), span: None, message: message.into(), help }
    }
}

/// A path as shown, with `/`.
#[must_use]
pub(super) fn shown(path: &std::path::Path) -> String {
    let path: PathBuf = std::env::current_dir()
        .ok()
        .and_then(|cwd| path.strip_prefix(cwd).ok().map(PathBuf::from))
        .unwrap_or_else(|| path.to_path_buf());
    path.to_string_lossy().replace('\\', "/")
}

/// The known word nearest to `word`, if one is near enough to be meant.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len().min(word.len()) / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
