//! All mistakes of one derive, told at once.

use proc_macro2::TokenStream;
use quote::ToTokens;
use strsim::osa_distance;
use syn::Error;

/// Mistakes in the order in which they were found.
#[derive(Default)]
pub(crate) struct Mistakes(Option<Error>);

impl Mistakes {
    /// Adds a mistake at `tokens`.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, message: impl std::fmt::Display) {
        self.add(Error::new_spanned(tokens, message));
    }

    pub(crate) fn add(&mut self, error: Error) {
        match &mut self.0 {
            Some(first) => first.combine(error),
            none => *none = Some(error),
        }
    }

    pub(crate) fn into_result(self) -> Result<(), Self> {
        if self.0.is_some() { Err(self) } else { Ok(()) }
    }

    pub(crate) fn to_compile_error(&self) -> TokenStream {
        self.0.as_ref().map(Error::to_compile_error).unwrap_or_default()
    }
}

/// "`ttll` is not known; did you mean `ttl`?", or all that is known.
pub(crate) fn unknown(word: &str, known: &[&str]) -> String {
    let nearest = known.iter().min_by_key(|name| osa_distance(word, name));
    match nearest {
        Some(name) if osa_distance(word, name) <= name.len().max(3) / 3 => {
            format!("`{word}` is not known; did you mean `{name}`?")
        }
        _ => format!("`{word}` is not known; there are {}", list(known, "and")),
    }
}

/// "`a`, `b` and `c`".
pub(crate) fn list(words: &[&str], joint: &str) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} {joint} {last}", before.join(", ")),
        None => String::new(),
    }
}
