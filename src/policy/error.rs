//! Mistakes in a rule file.

use std::path::Path;
use std::sync::Arc;

use crate::text::{LineIndex, Position, Span};

/// One mistake, with its place and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PolicyError {
    /// The file, as shown.
    pub path: String,
    /// Its text; empty when it could not be read.
    pub text: Arc<str>,
    /// Where in it, in bytes; always inside `text`.
    pub span: Option<Span>,
    /// What is wrong: lower-case start, no final full stop.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl PolicyError {
    /// A file or folder that is wrong as a whole.
    #[must_use]
    pub(super) fn of_file(cwd: &Path, path: &Path, message: impl Into<String>, help: Option<String>) -> Self {
        Self { path: shown(cwd, path), text: Arc::from(""), span: None, message: message.into(), help }
    }

    /// Line and column of the mistake.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.span.map(|span| LineIndex::new(&self.text).position(&self.text, span.start))
    }
}

/// What is wrong with one value, before it is known where the value stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Mistake {
    /// Lower-case start, no final full stop.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl Mistake {
    pub(super) fn with_help(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: Some(help.into()) }
    }

    /// `word` is none of `known`, which are called `what`.
    pub(super) fn unknown(word: &str, what: &str, known: &[&str]) -> Self {
        let help = match nearest(word, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("use {}", quoted(known)),
        };
        Self::with_help(format!("`{word}` is no {what}"), help)
    }
}

impl From<String> for Mistake {
    fn from(message: String) -> Self {
        Self { message, help: None }
    }
}

impl From<&str> for Mistake {
    fn from(message: &str) -> Self {
        message.to_owned().into()
    }
}

/// A path as shown: relative to the working directory, with `/`.
#[must_use]
pub(super) fn shown(cwd: &Path, path: &Path) -> String {
    let absolute = cwd.join(path);
    let (ours, theirs): (Vec<_>, Vec<_>) = (cwd.components().collect(), absolute.components().collect());
    let shared = ours.iter().zip(&theirs).take_while(|(a, b)| a == b).count();
    // Two paths that share nothing but the root are told apart best by the whole of them.
    let parts: Vec<String> = if shared > 1 {
        let down = theirs[shared..].iter().map(|part| part.as_os_str().to_string_lossy().into_owned());
        std::iter::repeat_n("..".to_owned(), ours.len() - shared).chain(down).collect()
    } else {
        return absolute.to_string_lossy().replace('\\', "/");
    };
    if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
}

/// The known word nearest to `word`, if one is near enough to be meant.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len().min(word.len()) / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Words in backticks: `` `a`, `b` or `c` ``.
#[must_use]
pub(super) fn quoted(words: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    listed(words, "or")
}

/// Words in backticks: `` `a`, `b` and `c` ``.
#[must_use]
pub(super) fn all_of(words: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    listed(words, "and")
}

fn listed(words: impl IntoIterator<Item = impl AsRef<str>>, joint: &str) -> String {
    let mut words: Vec<String> = words.into_iter().map(|word| format!("`{}`", word.as_ref())).collect();
    match words.pop() {
        Some(last) if !words.is_empty() => format!("{} {joint} {last}", words.join(", ")),
        Some(last) => last,
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{nearest, quoted};

    #[test]
    fn a_near_word_is_meant_and_a_far_one_is_not() {
        assert_eq!(nearest("mising-ttl", ["key-format", "missing-ttl"]), Some("missing-ttl"));
        assert_eq!(nearest("Error", ["error", "warn"]), Some("error"));
        assert_eq!(nearest("levles", ["levels", "class"]), Some("levels"));
        assert_eq!(nearest("colour", ["levels", "class"]), None);
    }

    #[test]
    fn words_are_listed_as_in_a_sentence() {
        assert_eq!(quoted(["a", "b", "c"]), "`a`, `b` or `c`");
        assert_eq!(quoted(["a"]), "`a`");
    }
}
