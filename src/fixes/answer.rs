//! What becomes of a command's answer, by the syntax around it.

use super::expiry::stands_alone;
use super::site::Site;
use super::syntax::Around;
use crate::clients::TypeKind;
use crate::facts::{Expr, ExprKind, Function, Name, Path, Stmt, TypeRef};
use crate::inventory::{Operation, Via};

/// Methods behind which a future or result of a truth value still is one.
const PASSED: [&str; 4] = ["unwrap", "expect", "unwrap_or", "unwrap_or_default"];

/// What becomes of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// Nobody looks at it.
    Dropped,
    /// It is read as a truth value.
    Bool,
    /// Anything else, or not known.
    Unknown,
}

impl Answer {
    pub(super) fn of(site: &Site<'_>, op: &Operation) -> Self {
        let Some(around) = site.around(op.place.span) else { return Self::Unknown };
        if op.via == Via::Pipeline || op.batch.is_some() {
            return if is_ignored(&around) { Self::Dropped } else { Self::Unknown };
        }
        if stands_alone(&around).is_some() {
            return Self::Dropped;
        }
        // The traits with fixed types say by themselves what a method answers.
        if site.text.contains("TypedCommands") {
            return Self::Unknown;
        }
        if is_bool_value(site, op, &around) { Self::Bool } else { Self::Unknown }
    }
}

/// `.ignore()` stands behind it, with nothing but arguments between.
fn is_ignored(around: &Around<'_>) -> bool {
    let methods = around.exprs().filter_map(|expr| match &expr.kind {
        ExprKind::Method(call) => Some(&call.name),
        _ => None,
    });
    methods.skip_while(|name| *name != "ignore" && *name == "arg").nth(1).is_some_and(|name| name == "ignore")
}

/// Upwards from the call, as long as it is the same value.
fn is_bool_value(site: &Site<'_>, op: &Operation, around: &Around<'_>) -> bool {
    let words = site.client(op).and_then(|(client, _)| site.ground.catalogue.type_of_kind(client, TypeKind::Command));
    let belongs = |name: &Name| words.is_some_and(|ty| ty.argument_by.contains(name) || ty.run_by.contains(name));
    let mut value: Option<&Expr> = None;
    let mut handled = false;
    for expr in around.exprs() {
        match &expr.kind {
            ExprKind::Method(call)
                if (value.is_none() && call.name_span == op.place.span)
                    || (is_value(value, &call.receiver) && belongs(&call.name)) =>
            {
                if call.turbofish.last().is_some_and(is_bool) {
                    return true;
                }
            }
            ExprKind::Method(call) if is_value(value, &call.receiver) && PASSED.contains(&call.name.as_str()) => {
                handled = true;
            }
            ExprKind::Try(inner) if is_value(value, inner) => handled = true,
            ExprKind::Await(inner) | ExprKind::Not(inner) if is_value(value, inner) => {}
            ExprKind::If(condition, ..) => return handled && is_value(value, condition),
            ExprKind::Path(_) | ExprKind::Lit(_) if value.is_none() => {}
            // `AsyncCommands::set_nx(…)`, `cmd("SETNX")`.
            ExprKind::Call(callee, args) if is_value(value, callee) || args.iter().any(|arg| is_name(value, arg)) => {}
            _ => return false,
        }
        value = Some(expr);
    }
    let Some((block, at)) = around.statement() else { return false };
    let Some(value) = value else { return false };
    match block.stmts.get(at) {
        Some(Stmt::Let { ty: Some(ty), init: Some(init), .. }) => {
            init.span == value.span && if handled { is_bool(ty) } else { is_result_of_bool(ty) }
        }
        Some(Stmt::Expr { expr, semi: false }) => {
            // The value of the function itself.
            let returned = |function: &Function| {
                function.body.as_ref().is_some_and(|body| body.span == block.span)
                    && function.ret.as_ref().is_some_and(|ty| if handled { is_bool(ty) } else { is_result_of_bool(ty) })
            };
            expr.span == value.span && at + 1 == block.stmts.len() && around.function_around().is_some_and(returned)
        }
        _ => false,
    }
}

fn is_value(value: Option<&Expr>, inner: &Expr) -> bool {
    value.is_some_and(|value| value.span == inner.span)
}

/// The value is the literal that names the command.
fn is_name(value: Option<&Expr>, argument: &Expr) -> bool {
    is_value(value, argument) && matches!(argument.kind, ExprKind::Lit(_))
}

fn is_bool(ty: &TypeRef) -> bool {
    matches!(ty, TypeRef::Path(Path { segments, .. }) if matches!(segments.as_slice(), [only] if only.name == "bool"))
}

fn is_result_of_bool(ty: &TypeRef) -> bool {
    matches!(ty, TypeRef::Path(path) if path.segments.last().is_some_and(|last| {
        last.name.ends_with("Result") && last.args.first().is_some_and(is_bool)
    }))
}
