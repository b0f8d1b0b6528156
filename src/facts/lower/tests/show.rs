//! Facts in a short notation, so that a test can say what it expects in one line.
//!
//! It follows Rust where the model does, always with brackets where Rust goes by precedence, and shows the model where
//! it adds something: bodies of macros are written as `format!{…}`, `list!{…}`, `opaque!{…}` and `expanded!{…}`.

use crate::facts::lower::{LowerOptions, lower_file};
use crate::facts::ty::GenericParam;
use crate::facts::{
    Block, Expr, ExprKind, FileFacts, FormatPiece, Generics, Item, ItemKind, Literal, MacroBody, MacroCall, Pat,
    PatKind, Path, Segment, Stmt, TypeRef,
};

pub(super) fn lower(text: &str) -> FileFacts {
    lower_file(text, &LowerOptions::default()).unwrap_or_else(|error| panic!("{error} at {}", error.offset))
}

/// The body of `fn f() { text }`, braces left out.
pub(super) fn body(text: &str) -> String {
    let facts = lower(&format!("fn f() {{ {text} }}"));
    let shown = function_body(facts.items.last().expect("an item"));
    shown.strip_prefix("{ ").and_then(|rest| rest.strip_suffix(" }")).unwrap_or(&shown).to_owned()
}

pub(super) fn function_body(item: &Item) -> String {
    match &item.kind {
        ItemKind::Function(function) => block(function.body.as_ref().expect("a body")),
        other => panic!("no function: {other:?}"),
    }
}

fn join<T>(list: &[T], separator: &str, show: impl Fn(&T) -> String) -> String {
    list.iter().map(show).collect::<Vec<_>>().join(separator)
}

pub(super) fn exprs(list: &[Expr]) -> String {
    join(list, ", ", expr)
}

pub(super) fn block(block: &Block) -> String {
    if block.stmts.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", join(&block.stmts, " ", stmt)) }
}

fn stmt(stmt: &Stmt) -> String {
    match stmt {
        Stmt::Let { pat: bound, ty: written, init, diverge, .. } => {
            let mut out = format!("let {}", pat(bound));
            if let Some(written) = written {
                out += &format!(": {}", ty(written));
            }
            if let Some(init) = init {
                out += &format!(" = {}", expr(init));
            }
            if let Some(diverge) = diverge {
                out += &format!(" else {}", block(diverge));
            }
            out + ";"
        }
        Stmt::Expr { expr: value, semi } => expr(value) + if *semi { ";" } else { "" },
        Stmt::Item(declared) => item(declared),
    }
}

pub(super) fn literal(literal: &Literal) -> String {
    match literal {
        Literal::Str(text) => format!("{text:?}"),
        Literal::Bytes(text) => format!("b{text:?}"),
        Literal::Int(int) => int.to_string(),
        Literal::Float(float) => float.clone(),
        Literal::Bool(bool) => bool.to_string(),
        Literal::Char(char) => format!("{char:?}"),
    }
}

fn optional(value: Option<&Expr>) -> String {
    value.map_or_else(String::new, |value| format!(" {}", expr(value)))
}

pub(super) fn expr(value: &Expr) -> String {
    match &value.kind {
        ExprKind::Path(value) => path(value),
        ExprKind::Lit(value) => literal(value),
        ExprKind::Call(callee, args) => format!("{}({})", expr(callee), exprs(args)),
        ExprKind::Method(call) => {
            let turbofish = match call.turbofish.as_slice() {
                [] => String::new(),
                types => format!("::<{}>", join(types, ", ", ty)),
            };
            format!("{}.{}{turbofish}({})", expr(&call.receiver), call.name, exprs(&call.args))
        }
        ExprKind::Field(base, name) => format!("{}.{name}", expr(base)),
        ExprKind::Index(base, index) => format!("{}[{}]", expr(base), expr(index)),
        ExprKind::Ref(inner) => format!("&{}", expr(inner)),
        ExprKind::Deref(inner) => format!("*{}", expr(inner)),
        ExprKind::Not(inner) => format!("!{}", expr(inner)),
        ExprKind::Neg(inner) => format!("-{}", expr(inner)),
        ExprKind::Cast(inner, target) => format!("({} as {})", expr(inner), ty(target)),
        ExprKind::Binary(operator, left, right) | ExprKind::Assign(operator, left, right) => {
            format!("({} {operator} {})", expr(left), expr(right))
        }
        ExprKind::Await(inner) => format!("{}.await", expr(inner)),
        ExprKind::Try(inner) => format!("{}?", expr(inner)),
        ExprKind::Block(inner) => block(inner),
        ExprKind::Async(inner) => format!("async {}", block(inner)),
        ExprKind::If(cond, then, otherwise) => {
            let otherwise = otherwise.as_ref().map_or_else(String::new, |it| format!(" else {}", expr(it)));
            format!("if {} {}{otherwise}", expr(cond), block(then))
        }
        ExprKind::Let(bound, value) => format!("let {} = {}", pat(bound), expr(value)),
        ExprKind::Match(scrutinee, arms) => {
            let arms = join(arms, ", ", |arm| {
                let on = arm.on.as_ref().map_or_else(String::new, |on| format!(" <- {}", expr(on)));
                let guard = arm.guard.as_ref().map_or_else(String::new, |guard| format!(" if {}", expr(guard)));
                format!("{}{on}{guard} => {}", pat(&arm.pat), expr(&arm.body))
            });
            format!("match {} {{ {arms} }}", expr(scrutinee))
        }
        ExprKind::While(cond, body) => format!("while {} {}", expr(cond), block(body)),
        ExprKind::For(bound, iterated, body) => format!("for {} in {} {}", pat(bound), expr(iterated), block(body)),
        ExprKind::Loop(body) => format!("loop {}", block(body)),
        ExprKind::Closure(closure) => {
            let params = join(&closure.params, ", ", |(bound, written)| {
                pat(bound) + &written.as_ref().map_or_else(String::new, |it| format!(": {}", ty(it)))
            });
            format!("{}|{params}| {}", if closure.is_async { "async " } else { "" }, expr(&closure.body))
        }
        ExprKind::Return(value) => format!("return{}", optional(value.as_deref())),
        ExprKind::Break(value) => format!("break{}", optional(value.as_deref())),
        ExprKind::Continue => "continue".to_owned(),
        ExprKind::Tuple(list) => format!("({})", exprs(list)),
        ExprKind::Array(list) => format!("[{}]", exprs(list)),
        ExprKind::Repeat(element, length) => format!("[{}; {}]", expr(element), expr(length)),
        ExprKind::Struct(name, fields, rest) => {
            let mut fields: Vec<String> =
                fields.iter().map(|field| format!("{}: {}", field.name, expr(&field.value))).collect();
            fields.extend(rest.as_ref().map(|rest| format!("..{}", expr(rest))));
            format!("{} {{ {} }}", path(name), fields.join(", "))
        }
        ExprKind::Range(start, end) => {
            let part = |part: &Option<Box<Expr>>| part.as_ref().map_or_else(String::new, |part| expr(part));
            format!("({}..{})", part(start), part(end))
        }
        ExprKind::Macro(call) => macro_call(call),
        ExprKind::Unknown => "<unknown>".to_owned(),
    }
}

fn macro_call(call: &MacroCall) -> String {
    let name = &call.path;
    match &call.body {
        MacroBody::Format { first, pieces, extra } => {
            let mut parts: Vec<String> = first.iter().map(|first| format!("to {}", expr(first))).collect();
            parts.extend(extra.iter().map(|extra| format!("extra {}", expr(extra))));
            parts.push(format!("`{}`", join(pieces, "", piece)));
            format!("{name}!format{{{}}}", parts.join(", "))
        }
        MacroBody::List(list) => format!("{name}!list{{{}}}", exprs(list)),
        MacroBody::Expanded(expanded) => format!("{name}!expanded{{{}}}", expr(expanded)),
        MacroBody::Opaque(list) => format!("{name}!opaque{{{}}}", exprs(list)),
    }
}

fn piece(piece: &FormatPiece) -> String {
    match piece {
        FormatPiece::Text(text) => text.clone(),
        FormatPiece::Hole { value, spec } if spec.is_empty() => format!("<{}>", expr(value)),
        FormatPiece::Hole { value, spec } => format!("<{} :{spec}>", expr(value)),
    }
}

pub(super) fn pat(value: &Pat) -> String {
    let list = |list: &[Pat]| join(list, ", ", pat);
    match &value.kind {
        PatKind::Wild => "_".to_owned(),
        PatKind::Rest => "..".to_owned(),
        PatKind::Bind(name, None) => name.to_string(),
        PatKind::Bind(name, Some(sub)) => format!("{name} @ {}", pat(sub)),
        PatKind::Lit(value) => literal(value),
        PatKind::Range => "<range>".to_owned(),
        PatKind::Path(value) => path(value),
        PatKind::TupleStruct(name, parts) => format!("{}({})", path(name), list(parts)),
        PatKind::Struct(name, fields) => {
            format!("{} {{ {} }}", path(name), join(fields, ", ", |(name, it)| format!("{name}: {}", pat(it))))
        }
        PatKind::Tuple(parts) => format!("({})", list(parts)),
        PatKind::Slice(parts) => format!("[{}]", list(parts)),
        PatKind::Or(parts) => format!("({})", join(parts, " | ", pat)),
        PatKind::Unknown => "<unknown>".to_owned(),
    }
}

pub(super) fn path(value: &Path) -> String {
    let segments = join(&value.segments, "::", segment);
    match &value.qself {
        None => {
            if value.global {
                format!("::{segments}")
            } else {
                segments
            }
        }
        Some(qself) if qself.trait_segments == 0 => format!("<{}>::{segments}", ty(&qself.ty)),
        Some(qself) => {
            let (of_trait, rest) = value.segments.split_at(qself.trait_segments);
            let colons = if value.global { "::" } else { "" };
            format!("<{} as {colons}{}>::{}", ty(&qself.ty), join(of_trait, "::", segment), join(rest, "::", segment))
        }
    }
}

fn segment(segment: &Segment) -> String {
    let mut args: Vec<String> = segment.args.iter().map(ty).collect();
    args.extend(segment.bindings.iter().map(|(name, bound)| format!("{name} = {}", ty(bound))));
    if args.is_empty() { segment.name.to_string() } else { format!("{}<{}>", segment.name, args.join(", ")) }
}

pub(super) fn ty(value: &TypeRef) -> String {
    match value {
        TypeRef::Path(value) => path(value),
        TypeRef::Ref(inner) => format!("&{}", ty(inner)),
        TypeRef::Tuple(parts) => format!("({})", join(parts, ", ", ty)),
        TypeRef::Slice(inner) => format!("[{}]", ty(inner)),
        TypeRef::ImplTrait(bounds) => format!("impl {}", join(bounds, " + ", path)),
        TypeRef::Dyn(bounds) => format!("dyn {}", join(bounds, " + ", path)),
        TypeRef::Fn(params, output) => {
            let output = output.as_ref().map_or_else(String::new, |it| format!(" -> {}", ty(it)));
            format!("fn({}){output}", join(params, ", ", ty))
        }
        TypeRef::Infer => "_".to_owned(),
        TypeRef::Never => "!".to_owned(),
        TypeRef::Unknown => "<unknown>".to_owned(),
    }
}

pub(super) fn generics(value: &Generics) -> String {
    let param = |param: &GenericParam| {
        let mut out = param.name.to_string();
        if !param.bounds.is_empty() {
            out += &format!(": {}", join(&param.bounds, " + ", path));
        }
        if let Some(default) = &param.default {
            out += &format!(" = {}", ty(default));
        }
        out
    };
    let mut out = join(&value.params, ", ", param);
    if !value.predicates.is_empty() {
        out += " where ";
        out += &join(&value.predicates, ", ", |(bounded, bounds)| {
            format!("{}: {}", ty(bounded), join(bounds, " + ", path))
        });
    }
    out
}

pub(super) fn items(list: &[Item]) -> Vec<String> {
    list.iter().map(item).collect()
}

/// An item in one line; functions without their bodies.
pub(super) fn item(value: &Item) -> String {
    let name = &value.name;
    let fields =
        |fields: &[crate::facts::item::Field]| join(fields, ", ", |field| format!("{}: {}", field.name, ty(&field.ty)));
    let signature = |function: &crate::facts::Function| {
        let mut params: Vec<String> = function.has_self.then(|| "self".to_owned()).into_iter().collect();
        params.extend(function.params.iter().map(|param| format!("{}: {}", pat(&param.pat), ty(&param.ty))));
        let is_async = if function.is_async { "async " } else { "" };
        let output = function.ret.as_ref().map_or_else(String::new, |it| format!(" -> {}", ty(it)));
        let end = if function.body.is_some() { " {…}" } else { ";" };
        format!("{is_async}fn {}<{}>({}){output}{end}", function.name, generics(&function.generics), params.join(", "))
    };
    let members =
        |functions: &[crate::facts::Function], types: &[(crate::facts::Name, TypeRef)], constants: &[Item]| {
            let mut out: Vec<String> = types.iter().map(|(name, it)| format!("type {name} = {};", ty(it))).collect();
            out.extend(constants.iter().map(item));
            out.extend(functions.iter().map(signature));
            out.join(" ")
        };
    match &value.kind {
        ItemKind::Use(leaves) => join(leaves, "; ", |leaf| {
            let colons = if leaf.global { "::" } else { "" };
            let path = join(&leaf.path, "::", |name| name.to_string());
            if leaf.glob { format!("use {colons}{path}::*") } else { format!("use {colons}{path} as {}", leaf.name) }
        }),
        ItemKind::ExternCrate(original) => format!("extern crate {original} as {name}"),
        ItemKind::Mod { items: None, path } => format!("mod {name} at {path:?}"),
        ItemKind::Mod { items: Some(inner), .. } => format!("mod {name} {{ {} }}", items(inner).join(" ")),
        ItemKind::Struct { generics: params, fields: list } => {
            format!("struct {name}<{}> {{ {} }}", generics(params), fields(list))
        }
        ItemKind::Enum { generics: params, variants } => {
            let variants =
                join(variants, ", ", |variant| format!("{} {{ {} }}", variant.name, fields(&variant.fields)));
            format!("enum {name}<{}> {{ {variants} }}", generics(params))
        }
        ItemKind::Alias { generics: params, ty: target } => {
            format!("type {name}<{}> = {};", generics(params), ty(target))
        }
        ItemKind::Trait { generics: params, supertraits, functions, types, constants } => format!(
            "trait {name}<{}>: {} {{ {} }}",
            generics(params),
            join(supertraits, " + ", path),
            members(functions, types, constants)
        ),
        ItemKind::Impl { generics: params, trait_, self_ty, functions, types, constants } => {
            let of = trait_.as_ref().map_or_else(String::new, |it| format!("{} for ", path(it)));
            format!("impl<{}> {of}{} {{ {} }}", generics(params), ty(self_ty), members(functions, types, constants))
        }
        ItemKind::Function(function) => signature(function),
        ItemKind::Constant { ty: written, value, is_static } => {
            let keyword = if *is_static { "static" } else { "const" };
            let value = value.as_ref().map_or_else(String::new, |value| format!(" = {}", expr(value)));
            format!("{keyword} {name}: {}{value};", ty(written))
        }
    }
}
