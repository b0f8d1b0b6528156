//! What the lowering makes of source text.

mod expansion;
mod exprs;
mod items;
mod macros;
mod places;
mod registry;
mod show;
mod templates;
mod workspace;
