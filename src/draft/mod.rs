//! A rule file that fits the code, as `cache-lint init` writes it.
//!
//! | module | decides |
//! |---|---|
//! | `keys` | what is known of each key: uses, TTLs, the pattern that names it |
//! | `format` | the format that most keys have, and which have another |
//! | `classes` | which keys belong together, and for how long they live |
//! | `render` | how it reads |
//!
//! What the code does is not always what the team wants: whatever is taken from it says so, and what is in doubt stands
//! in a comment.

mod classes;
mod format;
mod keys;
mod render;

use crate::run::Analysis;

/// The rule file that fits what was found; `None` when no key is known, so that there is nothing to fit.
#[must_use]
pub fn rule_file(analysis: &Analysis) -> Option<String> {
    let keys = keys::of(analysis);
    if keys.is_empty() {
        return None;
    }
    let format = format::of(&keys, &analysis.policy);
    let classes = classes::of(&keys, &format, analysis);
    Some(render::text(analysis, &keys, &format, &classes))
}
