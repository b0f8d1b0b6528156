//! Code on `cache-patterns`, written from a short request and the rule file.
//!
//! `request` holds what is asked for against the policy; `parts` is what all patterns share; each pattern has its own
//! file. The trees of `syn` are output here: nothing is read from them.

mod cache_aside;
mod invalidation;
mod parts;
mod request;
#[cfg(test)]
mod tests;
mod write_through;

pub use request::{Asked, Request, RequestError};

/// The patterns that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Pattern {
    /// Read through the cache; save, then invalidate. For data read often and changed rarely.
    CacheAside,
    /// The transaction first; only what was committed is stored. For data that has to be consistent.
    WriteThrough,
    /// Copies in every server, dropped when one of them changes the data.
    Invalidation,
}

impl Pattern {
    /// As on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::CacheAside => "cache-aside",
            Self::WriteThrough => "write-through",
            Self::Invalidation => "invalidation",
        }
    }
}

/// The module for a request.
///
/// # Errors
/// Only if the code that was put together is none, which tests rule out.
pub fn module(request: &Request) -> Result<String, syn::Error> {
    let tokens = match request.pattern {
        Pattern::CacheAside => cache_aside::module(request),
        Pattern::WriteThrough => write_through::module(request),
        Pattern::Invalidation => invalidation::module(request),
    };
    Ok(spaced(&prettyplease::unparse(&syn::parse2(tokens)?)))
}

/// What Cargo.toml needs for it.
#[must_use]
pub fn dependencies(pattern: Pattern) -> Vec<String> {
    let cache = match pattern {
        Pattern::Invalidation => "cache-patterns = { version = \"0.1\", features = [\"redis\"] }",
        Pattern::CacheAside | Pattern::WriteThrough => "cache-patterns = \"0.1\"",
    };
    let mut lines = vec![
        cache.to_owned(),
        "serde = { version = \"1\", features = [\"derive\"] }".to_owned(),
        "tracing = \"0.1\"".to_owned(),
    ];
    if pattern == Pattern::CacheAside {
        lines.push("thiserror = \"2\"".to_owned());
    }
    lines
}

/// What the tests of the module need beside these.
pub const DEV_DEPENDENCY: &str = "tokio = { version = \"1\", features = [\"macros\", \"rt-multi-thread\", \"time\"] }";

/// Empty lines between items and groups of `use`, and the marks of `tracing`, which the printer leaves to others.
fn spaced(text: &str) -> String {
    let mut out = String::new();
    let mut before = "";
    // In a `use` of several lines.
    let mut in_use = false;
    for line in text.lines() {
        let (above, here) = (before.trim_start(), line.trim_start());
        let was_use = above.starts_with("use ") || (in_use && above == "};");
        if above == "};" {
            in_use = false;
        }
        in_use |= here.starts_with("use ") && !here.ends_with(';');
        let open = above.starts_with("///") || above.starts_with("#[") || above.ends_with(['{', ',']);
        let item = ["///", "#[", "pub ", "impl", "fn ", "async fn", "mod "].iter().any(|start| here.starts_with(start));
        let group = |line: &str| ["use std", "use super"].iter().find(|start| line.starts_with(**start)).copied();
        let uses_end = was_use
            && above.ends_with(';')
            && if here.starts_with("use ") { group(above) != group(here) } else { !here.is_empty() };
        let docs_end = above.starts_with("//!") && !here.starts_with("//!") && !here.is_empty();
        if (item && !open && !above.is_empty()) || uses_end || docs_end {
            out.push('\n');
        }
        // The printer sets the marks of `tracing` apart.
        let shown = if here.starts_with("tracing::") || here.contains("=> tracing::") {
            line.replace("? ", "?")
        } else {
            line.to_owned()
        };
        out.push_str(&shown);
        out.push('\n');
        before = here;
    }
    out
}
