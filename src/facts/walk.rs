//! What stands directly inside an expression.

use rustc_hash::FxHashSet;

use super::{Block, Expr, ExprKind, FormatPiece, MacroBody, Name, Stmt};

/// Expressions and blocks directly inside an expression, in order. What is written in a macro call is not among them (see
/// [`in_macro`]), nor is the future of an arm of `select!`, which is a macro.
pub fn children<'a>(expr: &'a Expr, exprs: &mut Vec<&'a Expr>, blocks: &mut Vec<&'a Block>) {
    match &expr.kind {
        ExprKind::Path(_) | ExprKind::Lit(_) | ExprKind::Continue | ExprKind::Unknown | ExprKind::Macro(_) => {}
        ExprKind::Call(callee, args) => {
            exprs.push(callee);
            exprs.extend(args);
        }
        ExprKind::Method(call) => {
            exprs.push(&call.receiver);
            exprs.extend(&call.args);
        }
        ExprKind::Field(inner, _)
        | ExprKind::Ref(inner)
        | ExprKind::Deref(inner)
        | ExprKind::Not(inner)
        | ExprKind::Neg(inner)
        | ExprKind::Cast(inner, _)
        | ExprKind::Await(inner)
        | ExprKind::Try(inner)
        | ExprKind::Let(_, inner) => exprs.push(inner),
        ExprKind::Index(one, other)
        | ExprKind::Binary(_, one, other)
        | ExprKind::Assign(_, one, other)
        | ExprKind::Repeat(one, other) => exprs.extend([&**one, &**other]),
        ExprKind::Block(block) | ExprKind::Async(block) | ExprKind::Loop(block) => blocks.push(block),
        ExprKind::If(condition, then, otherwise) => {
            exprs.push(condition);
            exprs.extend(otherwise.as_deref());
            blocks.push(then);
        }
        ExprKind::Match(scrutinee, arms) => {
            exprs.push(scrutinee);
            for arm in arms.iter().filter(|arm| arm.on.is_none()) {
                exprs.extend(&arm.guard);
                exprs.push(&arm.body);
            }
        }
        ExprKind::While(head, body) | ExprKind::For(_, head, body) => {
            exprs.push(head);
            blocks.push(body);
        }
        ExprKind::Closure(closure) => exprs.push(&closure.body),
        ExprKind::Return(value) | ExprKind::Break(value) => exprs.extend(value.as_deref()),
        ExprKind::Tuple(parts) | ExprKind::Array(parts) => exprs.extend(parts),
        ExprKind::Struct(_, fields, rest) => {
            exprs.extend(fields.iter().map(|field| &field.value));
            exprs.extend(rest.as_deref());
        }
        ExprKind::Range(from, to) => {
            exprs.extend(from.as_deref());
            exprs.extend(to.as_deref());
        }
    }
}

/// The expressions that are written in a macro call, as far as it is understood: its arguments, and the arms of `select!`.
/// What a macro of the project expands to stands elsewhere, and is not among them.
pub fn in_macro<'a>(expr: &'a Expr, exprs: &mut Vec<&'a Expr>) {
    match &expr.kind {
        ExprKind::Macro(call) => match &call.body {
            MacroBody::Format { first, pieces, extra } => {
                exprs.extend(first);
                exprs.extend(pieces.iter().filter_map(|piece| match piece {
                    FormatPiece::Hole { value, .. } => Some(&**value),
                    FormatPiece::Text(_) => None,
                }));
                exprs.extend(extra);
            }
            MacroBody::List(list) | MacroBody::Opaque(list) => exprs.extend(list),
            MacroBody::Expanded(_) => {}
        },
        ExprKind::Match(_, arms) => {
            for arm in arms.iter().filter(|arm| arm.on.is_some()) {
                exprs.extend(&arm.on);
                exprs.extend(&arm.guard);
                exprs.push(&arm.body);
            }
        }
        _ => {}
    }
}

/// Every expression inside, these included, in no order; those of the project's own macros too.
pub fn each<'a>(mut exprs: Vec<&'a Expr>, mut blocks: Vec<&'a Block>, visit: &mut impl FnMut(&'a Expr)) {
    loop {
        if let Some(expr) = exprs.pop() {
            visit(expr);
            if let ExprKind::Macro(call) = &expr.kind
                && let MacroBody::Expanded(inner) = &call.body
            {
                exprs.push(inner);
            }
            children(expr, &mut exprs, &mut blocks);
            in_macro(expr, &mut exprs);
        } else if let Some(block) = blocks.pop() {
            inside(block, &mut exprs, &mut blocks);
        } else {
            return;
        }
    }
}

/// Names that stand alone in an expression: variables, constants, functions.
pub fn mentioned(expr: &Expr) -> FxHashSet<&str> {
    let mut found = FxHashSet::default();
    each(vec![expr], Vec::new(), &mut |expr| {
        if let ExprKind::Path(path) = &expr.kind {
            found.extend(path.as_ident().map(Name::as_str));
        }
    });
    found
}

/// Expressions and blocks directly inside a block, without its items.
fn inside<'a>(block: &'a Block, exprs: &mut Vec<&'a Expr>, blocks: &mut Vec<&'a Block>) {
    for stmt in &block.stmts {
        match stmt {
            Stmt::Let { init, diverge, .. } => {
                exprs.extend(init);
                blocks.extend(diverge);
            }
            Stmt::Expr { expr, .. } => exprs.push(expr),
            Stmt::Item(_) => {}
        }
    }
}
