//! Which type the place asks for where a call stands: `let user: Cached<User> = cache.get_or_load(…).await?;`, or the end
//! of a function that returns one.

use super::Frame;
use crate::facts::expr::Stmt;
use crate::facts::{Block, Expr, ExprKind};
use crate::link::ty::Ty;
use crate::text::Span;

impl Frame {
    /// Notes that `expr` is to give `ty`.
    pub(crate) fn want(&mut self, expr: &Expr, ty: &Ty) {
        if ty.is_unknown() {
            return;
        }
        let mut calls = Vec::new();
        of_expr(expr, &mut calls);
        self.wanted.extend(calls.into_iter().map(|call| (call, ty.clone())));
    }

    /// Notes that what `body` ends with is to give `ty`.
    pub(crate) fn want_of_body(&mut self, body: &Block, ty: &Ty) {
        if ty.is_unknown() {
            return;
        }
        let mut calls = Vec::new();
        of_block(body, &mut calls);
        self.wanted.extend(calls.into_iter().map(|call| (call, ty.clone())));
    }
}

fn of_block(block: &Block, found: &mut Vec<Span>) {
    if let Some(Stmt::Expr { expr, .. }) = block.stmts.last() {
        of_expr(expr, found);
    }
}

/// The method calls whose result is the value of `expr`, carriers put on and taken off left out.
fn of_expr(expr: &Expr, found: &mut Vec<Span>) {
    match &expr.kind {
        ExprKind::Await(inner) | ExprKind::Try(inner) => of_expr(inner, found),
        ExprKind::Return(Some(value)) => of_expr(value, found),
        ExprKind::Block(block) => of_block(block, found),
        ExprKind::If(_, then, otherwise) => {
            of_block(then, found);
            otherwise.iter().for_each(|otherwise| of_expr(otherwise, found));
        }
        ExprKind::Match(_, arms) => arms.iter().for_each(|arm| of_expr(&arm.body, found)),
        ExprKind::Call(callee, args) => {
            if let (ExprKind::Path(path), [only]) = (&callee.kind, args.as_slice())
                && path.last().is_some_and(|last| matches!(last.name.as_str(), "Ok" | "Some"))
            {
                of_expr(only, found);
            }
        }
        ExprKind::Method(call) => match call.name.as_str() {
            "map_err" | "inspect_err" | "context" | "with_context" | "wrap_err" | "unwrap" | "expect"
            | "unwrap_or_default" | "ok" | "ok_or" | "ok_or_else" | "into_inner" | "into_arc" | "clone" => {
                of_expr(&call.receiver, found);
            }
            "map" if call.args.iter().all(unwraps) => of_expr(&call.receiver, found),
            _ => found.push(expr.span),
        },
        _ => {}
    }
}

/// `Cached::into_inner`, `|cached| cached.into_inner()`.
fn unwraps(function: &Expr) -> bool {
    let name = match &function.kind {
        ExprKind::Path(path) => path.last().map(|last| last.name.as_str()),
        ExprKind::Closure(closure) => match &closure.body.kind {
            ExprKind::Method(call) => Some(call.name.as_str()),
            _ => None,
        },
        _ => None,
    };
    matches!(name, Some("into_inner" | "into_arc" | "clone"))
}
