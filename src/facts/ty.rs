//! Types and paths as they are written, unresolved.

use serde::{Deserialize, Serialize};

use super::Name;
use crate::text::Span;

/// `a::b::<T>::c`, in an expression, a type, a bound or a `use`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Path {
    /// `<Type as Trait>::…`: the type before the trait. The segments then hold the whole `Trait::…` path.
    pub qself: Option<Box<QSelf>>,
    /// Starts with `::`.
    pub global: bool,
    /// At least one.
    pub segments: Vec<Segment>,
    /// The whole path.
    pub span: Span,
}

/// The `<Type as Trait>` in front of a path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QSelf {
    /// The type in the angle brackets.
    pub ty: TypeRef,
    /// How many of the path's segments belong to the trait; 0 for `<Type>::name`.
    pub trait_segments: usize,
}

/// One segment of a path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// The identifier, raw prefix removed.
    pub name: Name,
    /// The identifier's place.
    pub span: Span,
    /// Type arguments in order (lifetimes and const arguments left out). `Fn(A) -> B` is written as args `[A]` and
    /// binding `Output = B`.
    pub args: Vec<TypeRef>,
    /// `Item = T`, and `Item: Bound` as [`TypeRef::ImplTrait`].
    pub bindings: Vec<(Name, TypeRef)>,
}

/// A type as written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum TypeRef {
    /// A named type.
    Path(Path),
    /// `&T` and `&mut T`.
    Ref(Box<TypeRef>),
    /// `(A, B)`; `()` is empty.
    Tuple(Vec<TypeRef>),
    /// `[T]` and `[T; N]`.
    Slice(Box<TypeRef>),
    /// `impl A + B`.
    ImplTrait(Vec<Path>),
    /// `dyn A + B`.
    Dyn(Vec<Path>),
    /// `fn(A) -> B`.
    Fn(Vec<TypeRef>, Option<Box<TypeRef>>),
    /// `_`.
    Infer,
    /// `!`.
    Never,
    /// A macro, a raw pointer to something odd, a form this model leaves out.
    Unknown,
}

/// Generic parameters and their bounds, `where` clauses included.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Generics {
    /// Type parameters in order (no lifetimes, no const parameters).
    pub params: Vec<GenericParam>,
    /// `where T: Bound` for anything, also what the parameter list itself says is *not* repeated here.
    pub predicates: Vec<(TypeRef, Vec<Path>)>,
}

/// `T: Bound = Default`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GenericParam {
    /// `T`.
    pub name: Name,
    /// Trait bounds (lifetimes left out).
    pub bounds: Vec<Path>,
    /// The default type.
    pub default: Option<TypeRef>,
}

impl Path {
    /// The last segment's identifier.
    #[must_use]
    pub fn last(&self) -> Option<&Segment> {
        self.segments.last()
    }

    /// The identifier, if the path is one plain segment with nothing around it.
    #[must_use]
    pub fn as_ident(&self) -> Option<&Name> {
        match self.segments.as_slice() {
            [only] if self.qself.is_none() && !self.global && only.args.is_empty() => Some(&only.name),
            _ => None,
        }
    }

    /// Segments joined with `::`, arguments left out.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        for segment in &self.segments {
            if !out.is_empty() {
                out.push_str("::");
            }
            out.push_str(&segment.name);
        }
        out
    }
}
