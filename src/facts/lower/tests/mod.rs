//! What the lowering makes of source text.

mod registry;
mod show;
