//! What the lowering makes of source text.

mod expansion;
mod exprs;
mod items;
mod macros;
mod registry;
mod show;
