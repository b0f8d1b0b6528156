//! Text is added to YAML files at their end, and only if the file then says what it said before and this: everything in
//! it keeps its layout and its comments.

use saphyr::{LoadableYamlNode as _, Yaml};

use crate::cli::failure::Failure;

/// The only document of a file.
pub(super) fn parse(text: &str) -> Option<Yaml<'_>> {
    let mut documents = Yaml::load_from_str(text).ok()?;
    let only = documents.pop()?;
    documents.is_empty().then_some(only)
}

/// `text` with `addition` below it.
pub(super) fn appended(text: &str, addition: &str) -> String {
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    format!("{text}{end}{addition}")
}

/// What cannot be added without changing what is there.
pub(super) fn by_hand(path: &str, why: &str, addition: &str) -> Failure {
    Failure::other(format!("`{path}` {why}; nothing was written"), format!("add this to it by hand:\n\n{addition}"))
}
