//! Declarations of one file.

use std::sync::Arc;

use cache_schema::shape::Shape;
use serde::{Deserialize, Serialize};

use super::{Block, Expr, Generics, Name, Pat, Path, TypeRef};
use crate::text::Span;

/// Everything that one file says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FileFacts {
    /// Items at the top of the file, in order. Inline modules hold their own.
    pub items: Vec<Item>,
    /// `#![…]` of the file.
    pub attributes: Attributes,
    /// `macro_rules!` definitions anywhere in the file.
    pub macros: Vec<MacroDef>,
    /// Names of macros that are called here, are not known to the lowering, and had no definition at hand. The
    /// workspace lowers the file again once another file defines one of them.
    pub unresolved_macros: Vec<Name>,
}

/// A declaration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// The declared name; empty for `use` and `impl`.
    pub name: Name,
    /// The name's place; for an `impl`, its self type's.
    pub span: Span,
    /// The whole item, attributes included.
    pub full_span: Span,
    /// Who can see it.
    pub visibility: Visibility,
    /// Its attributes.
    pub attributes: Attributes,
    /// What it is.
    pub kind: ItemKind,
    /// For a type that can be serialised, and an alias: what of it decides how stored bytes are read.
    pub shape: Option<Arc<Shape>>,
}

/// Who can see an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Visibility {
    /// `pub`.
    Public,
    /// `pub(crate)`, `pub(in …)`, `pub(super)`.
    Restricted,
    /// None written.
    Private,
}

/// What an item declares.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ItemKind {
    /// One `use` statement, flattened into its leaves.
    Use(Vec<UseLeaf>),
    /// `extern crate name as alias;` (the item's name is the alias, or the name).
    ExternCrate(Name),
    /// `mod name;` or `mod name { … }`.
    Mod {
        /// The items of an inline module.
        items: Option<Vec<Item>>,
        /// `#[path = "…"]`.
        path: Option<String>,
    },
    /// A struct or union.
    Struct {
        /// Generic parameters.
        generics: Generics,
        /// Fields in order; tuple fields are named `0`, `1`, ….
        fields: Vec<Field>,
    },
    /// An enum.
    Enum {
        /// Generic parameters.
        generics: Generics,
        /// Variants in order.
        variants: Vec<Variant>,
    },
    /// `type Name<…> = T;`
    Alias {
        /// Generic parameters.
        generics: Generics,
        /// What it stands for.
        ty: TypeRef,
    },
    /// A trait, and the functions it declares (with or without body).
    Trait {
        /// Generic parameters.
        generics: Generics,
        /// Supertraits.
        supertraits: Vec<Path>,
        /// Functions, with default bodies where there are any.
        functions: Vec<Function>,
        /// Associated types with their bounds as [`TypeRef::ImplTrait`], or their default.
        types: Vec<(Name, TypeRef)>,
        /// Associated constants.
        constants: Vec<Item>,
    },
    /// `impl Type { … }` or `impl Trait for Type { … }`.
    Impl {
        /// Generic parameters.
        generics: Generics,
        /// The trait, if any (negative impls are left out).
        trait_: Option<Path>,
        /// The type.
        self_ty: TypeRef,
        /// Functions.
        functions: Vec<Function>,
        /// Associated types.
        types: Vec<(Name, TypeRef)>,
        /// Associated constants.
        constants: Vec<Item>,
    },
    /// A free function.
    Function(Function),
    /// `const` or `static`, also those of `lazy_static!` and `thread_local!` (then the value is the initialiser).
    Constant {
        /// The declared type.
        ty: TypeRef,
        /// The value, if the item has one.
        value: Option<Expr>,
        /// `static`, `lazy_static!` or `thread_local!`.
        is_static: bool,
    },
}

/// `a::b as c` or `a::*`, one leaf of a `use` tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UseLeaf {
    /// Starts with `::`.
    pub global: bool,
    /// The path without `*`; `self` at the end is dropped.
    pub path: Vec<Name>,
    /// The name it gets in this scope (`_` for anonymous); meaningless for a glob.
    pub name: Name,
    /// `a::*`.
    pub glob: bool,
    /// `pub use`.
    pub public: bool,
    /// The leaf's place.
    pub span: Span,
}

/// A field of a struct or variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Its name, or its index.
    pub name: Name,
    /// The name's place (the type's, for a tuple field).
    pub span: Span,
    /// Its type.
    pub ty: TypeRef,
    /// Its attributes.
    pub attributes: Attributes,
}

/// A variant of an enum.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    /// Its name.
    pub name: Name,
    /// The name's place.
    pub span: Span,
    /// Its fields.
    pub fields: Vec<Field>,
    /// Its attributes.
    pub attributes: Attributes,
}

/// A function with its signature and body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Function {
    /// Its name.
    pub name: Name,
    /// The name's place.
    pub span: Span,
    /// The whole function, attributes included.
    pub full_span: Span,
    /// Who can see it.
    pub visibility: Visibility,
    /// Its attributes.
    pub attributes: Attributes,
    /// Generic parameters.
    pub generics: Generics,
    /// It takes `self` in some form.
    pub has_self: bool,
    /// Parameters without `self`.
    pub params: Vec<Param>,
    /// The written return type.
    pub ret: Option<TypeRef>,
    /// `async fn`.
    pub is_async: bool,
    /// The body; none in a trait without default, or in `extern`.
    pub body: Option<Block>,
}

/// A parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Param {
    /// Its pattern.
    pub pat: Pat,
    /// Its type.
    pub ty: TypeRef,
}

/// The attributes of an item, split into what the analysis asks for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    /// `#[cfg(test)]` or an `all(…)` that demands it.
    pub cfg_test: bool,
    /// `#[test]`, `#[tokio::test]`, `#[rstest]`, `#[bench]` and the like.
    pub is_test: bool,
    /// Names in `#[derive(…)]`, last segment only.
    pub derives: Vec<Name>,
    /// All others, `doc` left out.
    pub others: Vec<Attribute>,
}

/// `#[path(name = value, …)]` or `#[path = value]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attribute {
    /// `serde`, `cached::proc_macro::io_cached`, ….
    pub path: String,
    /// The path's place.
    pub span: Span,
    /// Arguments: the name on the left of `=` (empty when there is none), the value (none for a bare word), and the
    /// argument's place. String values are kept as literals, unparsed.
    pub args: Vec<AttributeArg>,
}

/// One argument of an attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttributeArg {
    /// The name on the left of `=`, or the bare word.
    pub name: Name,
    /// What stands on the right, when it is an expression.
    pub value: Option<Expr>,
    /// The argument's place.
    pub span: Span,
}

/// A `macro_rules!` definition, kept as text so that other files can expand it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MacroDef {
    /// Its name.
    pub name: Name,
    /// The rules: tokens between the outer braces, as written.
    pub rules: String,
    /// `#[macro_export]`.
    pub exported: bool,
}
