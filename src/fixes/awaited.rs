//! `dropped-future`: the command is awaited. Unsafe: it is sent from then on, and the caller waits for it.

use super::site::{Site, unsafe_};
use super::syntax::Around;
use crate::facts::expr::PatKind;
use crate::facts::walk::children;
use crate::facts::{Block, Expr, ExprKind, Function, Stmt, TypeRef};
use crate::finding::Fix;
use crate::text::Span;

pub(super) fn fix(site: &Site<'_>) -> Option<Fix> {
    let name = site.finding.primary.span;
    let around = site.around(name)?;
    let call = called(&around, name)?;
    let (block, at) = around.statement()?;
    let Stmt::Let { pat, ty: None, init: Some(init), diverge: None, span } = block.stmts.get(at)? else { return None };
    if !around.is_async() || !matches!(pat.kind, PatKind::Wild) || init.span != call.span {
        return None;
    }
    let function = around.function_around()?;
    // Where the function hands on the errors of this connection already, it hands on this one.
    if is_of_function(&around) && returns_result(function) && hands_on(site, function, receiver(site, call)?) {
        let edits = vec![
            site.edit(Span { start: span.start, end: call.span.start }, ""),
            site.insert(call.span.end, ".await?"),
        ];
        return Some(unsafe_("await the command and hand on its error", edits));
    }
    Some(unsafe_("await the command", vec![site.insert(call.span.end, ".await")]))
}

/// The call whose method or function has its name here.
fn called<'a>(around: &Around<'a>, name: Span) -> Option<&'a Expr> {
    around.call(name).map(|call| call.whole)
}

/// No closure and no block of its own future lies between.
fn is_of_function(around: &Around<'_>) -> bool {
    around.function_around().is_some_and(|function| function.is_async)
        && !around.exprs().any(|expr| matches!(expr.kind, ExprKind::Async(_) | ExprKind::Closure(_)))
}

fn returns_result(function: &Function) -> bool {
    matches!(&function.ret, Some(TypeRef::Path(path))
        if path.segments.last().is_some_and(|last| last.name.ends_with("Result")))
}

fn receiver<'a>(site: &Site<'a>, call: &Expr) -> Option<&'a str> {
    match &call.kind {
        ExprKind::Method(method) => Some(method.receiver.span.of(site.text)),
        _ => None,
    }
}

/// Somewhere in the function stands `RECEIVER.….await?`.
fn hands_on(site: &Site<'_>, function: &Function, receiver: &str) -> bool {
    let mut blocks: Vec<&Block> = function.body.iter().collect();
    let mut exprs: Vec<&Expr> = Vec::new();
    while !blocks.is_empty() || !exprs.is_empty() {
        if let Some(expr) = exprs.pop() {
            if let ExprKind::Try(inner) = &expr.kind
                && let ExprKind::Await(inner) = &inner.kind
                && let ExprKind::Method(call) = &inner.kind
                && call.receiver.span.of(site.text) == receiver
            {
                return true;
            }
            if !matches!(expr.kind, ExprKind::Closure(_) | ExprKind::Async(_)) {
                children(expr, &mut exprs, &mut blocks);
            }
        } else if let Some(block) = blocks.pop() {
            for stmt in &block.stmts {
                match stmt {
                    Stmt::Let { init, .. } => exprs.extend(init),
                    Stmt::Expr { expr, .. } => exprs.push(expr),
                    Stmt::Item(_) => {}
                }
            }
        }
    }
    false
}
