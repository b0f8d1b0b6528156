//! What one file says, as plain data: items, signatures, and bodies as small expression trees with byte offsets.
//!
//! This is the only folder that sees `syn`. The model lies in three files: [`item`] (declarations), [`ty`] (types and
//! paths) and [`expr`] (bodies). [`lower`] makes it from a syntax tree, which is dropped at once.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

pub mod expr;
pub mod item;
pub mod lower;
pub mod ty;
pub mod walk;

pub use expr::{
    Arm, Block, Closure, Expr, ExprKind, FieldInit, FormatPiece, Literal, MacroBody, MacroCall, MethodCall, Pat,
    PatKind, Stmt,
};
pub use item::{Attribute, Attributes, FileFacts, Function, Item, ItemKind, MacroDef, Param, UseLeaf, Visibility};
pub use ty::{Generics, Path, Segment, TypeRef};

/// An identifier. Short ones are stored inline, so cloning is cheap.
pub type Name = smol_str::SmolStr;
