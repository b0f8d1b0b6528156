//! What runs leave behind for the next one, on disk. Nothing here is ever needed: what is missing, damaged, foreign or of
//! another version is made anew.
//!
//! | file | is |
//! |---|---|
//! | `folder` | entries: checksummed, written whole or not at all, the oldest dropped when there are too many |
//! | `whole` | the result of a run, for as long as the disk would answer all its questions as it did |
//! | `facts` | what files say, by their content, so that a run after a change parses only what changed |

mod facts;
mod folder;
#[cfg(test)]
mod tests;
mod whole;

pub use facts::FactsPack;
pub use folder::Folder;
pub use whole::{Key, Remembered, remember, remembered};
