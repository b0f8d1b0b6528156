//! From `syn` to facts.

mod attributes;
mod expand;
mod exprs;
mod file;
mod formatting;
mod functions;
mod item_macros;
mod items;
mod literals;
mod macros;
mod patterns;
mod select;
mod shapes;
mod spans;
mod template;
#[cfg(test)]
mod tests;
mod tokens;
mod types;
mod uses;
mod workspace;

#[cfg(test)]
pub(crate) use file::lower_text;
pub use file::{LowerOptions, Lowered, ParseFailure, lower_file};
pub use workspace::{Memory, lower_all, lower_all_with};

use smol_str::ToSmolStr as _;
use syn::ext::IdentExt as _;

use super::{Expr, ExprKind, Name};
use crate::text::Span;

/// An identifier without its raw prefix.
fn name(ident: &proc_macro2::Ident) -> Name {
    ident.unraw().to_smolstr()
}

/// An expression that the model has no form for.
fn unknown(span: Span) -> Expr {
    Expr { span, kind: ExprKind::Unknown }
}
