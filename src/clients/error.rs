//! Mistakes in a table, told so that whoever wrote the row finds it.

use std::fmt;

/// A mistake in one row of a client table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{row}: {message}")]
pub struct TableError {
    /// The row: the keys that lead to it, from the client's name down (`["acme", "methods", "put"]`).
    pub row: RowPath,
    /// What is wrong, and what would be right.
    pub message: String,
}

/// Keys that lead to a row of a table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RowPath(pub Vec<String>);

impl RowPath {
    /// The path of a part of this row.
    #[must_use]
    pub(crate) fn join(&self, part: &str) -> Self {
        let mut parts = self.0.clone();
        parts.push(part.to_owned());
        Self(parts)
    }

    /// An error at this row.
    #[must_use]
    pub(crate) fn error(&self, message: impl Into<String>) -> TableError {
        TableError { row: self.clone(), message: message.into() }
    }
}

impl fmt::Display for RowPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.0.iter().enumerate() {
            let bare = part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
            let dot = if index == 0 { "" } else { "." };
            if bare { write!(out, "{dot}{part}")? } else { write!(out, "{dot}\"{part}\"")? }
        }
        Ok(())
    }
}

/// `; did you mean `x`?` when a known word is near, else nothing.
pub(crate) fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len().min(word.len()) / 4)
        .min_by_key(|(distance, _)| *distance)
        .map_or_else(String::new, |(_, candidate)| format!("; did you mean `{candidate}`?"))
}
