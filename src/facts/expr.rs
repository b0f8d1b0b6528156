//! Bodies: expressions, statements and patterns, as far as the analysis looks at them.

use serde::{Deserialize, Serialize};

use super::{Item, Name, Path, TypeRef};
use crate::text::Span;

/// An expression and its place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Expr {
    /// The whole expression. What a macro expansion wrote itself carries the span of the macro call's name.
    pub span: Span,
    /// What it is.
    pub kind: ExprKind,
}

/// The forms of expressions. Parentheses, groups and `unsafe` are dropped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ExprKind {
    /// A variable, constant, function or unit value.
    Path(Path),
    /// A literal.
    Lit(Literal),
    /// `callee(args)`.
    Call(Box<Expr>, Vec<Expr>),
    /// `receiver.name::<turbofish>(args)`.
    Method(Box<MethodCall>),
    /// `base.name`, `base.0`.
    Field(Box<Expr>, Name),
    /// `base[index]`.
    Index(Box<Expr>, Box<Expr>),
    /// `&e`, `&mut e`.
    Ref(Box<Expr>),
    /// `*e`.
    Deref(Box<Expr>),
    /// `!e`.
    Not(Box<Expr>),
    /// `-e`.
    Neg(Box<Expr>),
    /// `e as T`.
    Cast(Box<Expr>, TypeRef),
    /// `a + b`, `a == b`, `a && b`, …, with the operator as written.
    Binary(Name, Box<Expr>, Box<Expr>),
    /// `a = b`; `a += b` carries `+=`.
    Assign(Name, Box<Expr>, Box<Expr>),
    /// `e.await`.
    Await(Box<Expr>),
    /// `e?`.
    Try(Box<Expr>),
    /// `{ … }`, `unsafe { … }`, `const { … }`.
    Block(Block),
    /// `async { … }`, `async move { … }`.
    Async(Block),
    /// `if cond { … } else …`.
    If(Box<Expr>, Block, Option<Box<Expr>>),
    /// `let PAT = e` in a condition.
    Let(Box<Pat>, Box<Expr>),
    /// `match e { … }`, and `select!` (then the scrutinee is the unit tuple and each arm's pattern is bound by
    /// [`Arm::on`]).
    Match(Box<Expr>, Vec<Arm>),
    /// `while cond { … }`; also `while let`.
    While(Box<Expr>, Block),
    /// `for pat in e { … }`.
    For(Box<Pat>, Box<Expr>, Block),
    /// `loop { … }`.
    Loop(Block),
    /// `|params| body`, `async |params| body`.
    Closure(Box<Closure>),
    /// `return e`.
    Return(Option<Box<Expr>>),
    /// `break e`.
    Break(Option<Box<Expr>>),
    /// `continue`.
    Continue,
    /// `(a, b)`; `()` is empty.
    Tuple(Vec<Expr>),
    /// `[a, b]`.
    Array(Vec<Expr>),
    /// `[a; n]`.
    Repeat(Box<Expr>, Box<Expr>),
    /// `Path { field: e, ..rest }`.
    Struct(Path, Vec<FieldInit>, Option<Box<Expr>>),
    /// `a..b`.
    Range(Option<Box<Expr>>, Option<Box<Expr>>),
    /// A macro call.
    Macro(Box<MacroCall>),
    /// A form that the analysis does not look into.
    Unknown,
}

/// A method call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MethodCall {
    /// What it is called on.
    pub receiver: Expr,
    /// The method.
    pub name: Name,
    /// The method name's place.
    pub name_span: Span,
    /// `::<A, B>`.
    pub turbofish: Vec<TypeRef>,
    /// Arguments without the receiver.
    pub args: Vec<Expr>,
}

/// A literal. Numbers lose their suffix and underscores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Literal {
    /// `"…"`, `r"…"`, `c"…"`, unescaped.
    Str(String),
    /// `b"…"`: the text, where it is UTF-8.
    Bytes(String),
    /// An integer.
    Int(i128),
    /// A float, as written.
    Float(String),
    /// `true`, `false`.
    Bool(bool),
    /// `'c'`.
    Char(char),
}

/// `field: value` in a struct expression; the shorthand `field` has a path as its value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldInit {
    /// The field.
    pub name: Name,
    /// Its value.
    pub value: Expr,
}

/// An arm of a `match` or `select!`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Arm {
    /// Its pattern.
    pub pat: Pat,
    /// In `select!`: the future whose output the pattern binds.
    pub on: Option<Expr>,
    /// `if guard`.
    pub guard: Option<Expr>,
    /// What it does.
    pub body: Expr,
}

/// A closure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Closure {
    /// Parameters, with their types where written.
    pub params: Vec<(Pat, Option<TypeRef>)>,
    /// Its body.
    pub body: Expr,
    /// `async |…|`.
    pub is_async: bool,
}

/// Statements in braces.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// In order.
    pub stmts: Vec<Stmt>,
    /// Braces included.
    pub span: Span,
}

/// A statement. One under `#[cfg(test)]` is left out when the lowering is told to drop tests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Stmt {
    /// `let pat: ty = init else { … };`
    Let {
        /// What is bound.
        pat: Pat,
        /// The written type.
        ty: Option<TypeRef>,
        /// The initialiser.
        init: Option<Expr>,
        /// `else { … }`.
        diverge: Option<Block>,
        /// The whole statement.
        span: Span,
    },
    /// An expression; the last one without semicolon is the block's value.
    Expr {
        /// The expression.
        expr: Expr,
        /// It ends in `;`.
        semi: bool,
    },
    /// An item declared inside a body.
    Item(Box<Item>),
}

/// A pattern and its place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pat {
    /// The whole pattern.
    pub span: Span,
    /// What it is.
    pub kind: PatKind,
}

/// The forms of patterns. `&p`, `box p` and parentheses are dropped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum PatKind {
    /// `_`.
    Wild,
    /// `..`.
    Rest,
    /// `name`, `ref mut name`, `name @ sub`. A bare `None` or `CONST` is also written like this: the resolver decides.
    Bind(Name, Option<Box<Pat>>),
    /// A literal.
    Lit(Literal),
    /// `a..=b`.
    Range,
    /// `Path`, at least two segments.
    Path(Path),
    /// `Path(a, b)`.
    TupleStruct(Path, Vec<Pat>),
    /// `Path { a: p, .. }`.
    Struct(Path, Vec<(Name, Pat)>),
    /// `(a, b)`.
    Tuple(Vec<Pat>),
    /// `[a, .., b]`.
    Slice(Vec<Pat>),
    /// `a | b`.
    Or(Vec<Pat>),
    /// A macro or an odd form.
    Unknown,
}

/// A macro call in expression, statement or item position.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MacroCall {
    /// As written, `::`-joined.
    pub path: String,
    /// The place of the last segment (the macro's name).
    pub name_span: Span,
    /// What stands in it.
    pub body: MacroBody,
}

/// The content of a macro call, as far as it is understood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum MacroBody {
    /// A format string with its arguments resolved into the holes: `format!`, `write!`, `println!`, `panic!`,
    /// `anyhow!`, `bail!`, log macros. Named and positional arguments are inlined; a captured `{id}` is a path.
    Format {
        /// The destination of `write!` and `writeln!`; the condition of `ensure!` and `assert!`.
        first: Option<Expr>,
        /// Literal text (braces unescaped) and holes.
        pieces: Vec<FormatPiece>,
        /// Arguments in front that are not part of the text (`target: …`, fields of log macros), where they parse.
        extra: Vec<Expr>,
    },
    /// Comma-separated expressions (`vec!`, `assert_eq!`, `concat!`, `join!`, `try_join!`, `resp_array!`, `query!`, …),
    /// in any delimiter. `vec![x; n]` is one [`ExprKind::Repeat`].
    List(Vec<Expr>),
    /// A `macro_rules!` macro of the project, expanded: what the call stands for.
    Expanded(Expr),
    /// Not understood. Expressions that could be salvaged are kept (for example the values in `json!({…})`).
    Opaque(Vec<Expr>),
}

/// A piece of a format string.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum FormatPiece {
    /// Text, `{{` and `}}` unescaped.
    Text(String),
    /// A hole.
    Hole {
        /// What is written into it.
        value: Box<Expr>,
        /// What stands after `:`, for example `?`, `>08`, `x`.
        spec: String,
    },
}
