//! Where an error ends a function, and where that of a call ends its caller as well: a miss that is answered with an
//! error goes no further than to whoever looks at it.

use std::rc::Rc;

use super::swallowed::{Errors, result_in, variant};
use super::{Evaluator, Frame};
use crate::facts::expr::Stmt;
use crate::facts::{Arm, Block, Expr, ExprKind, Pat};
use crate::inventory::ExitKind;
use crate::link::trace::Step;
use crate::link::ty::last_segment;
use crate::link::value::{Data, Value};
use crate::text::Span;

/// The calls of which the result is what the function ends with.
pub(super) fn last_calls(body: &Block) -> Vec<Span> {
    let mut found = Vec::new();
    of_block(body, &mut found);
    found
}

fn of_block(block: &Block, found: &mut Vec<Span>) {
    match block.stmts.last() {
        Some(Stmt::Expr { expr, semi: false }) => of_expr(expr, found),
        Some(Stmt::Expr { expr, semi: true }) => {
            if let ExprKind::Return(Some(value)) = &expr.kind {
                of_expr(value, found);
            }
        }
        _ => {}
    }
}

fn of_expr(expr: &Expr, found: &mut Vec<Span>) {
    match &expr.kind {
        ExprKind::Block(block) => of_block(block, found),
        ExprKind::If(_, then, otherwise) => {
            of_block(then, found);
            otherwise.iter().for_each(|otherwise| of_expr(otherwise, found));
        }
        ExprKind::Match(_, arms) => arms.iter().for_each(|arm| of_expr(&arm.body, found)),
        ExprKind::Return(Some(value)) => of_expr(value, found),
        ExprKind::Await(_) | ExprKind::Call(..) | ExprKind::Method(_) => found.push(call_in(expr).span),
        _ => {}
    }
}

/// The call behind what leaves its error as it is: `call(…).await.map_err(…)`.
fn call_in(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Await(inner) => call_in(inner),
        ExprKind::Method(call)
            if matches!(
                call.name.as_str(),
                "map_err" | "map" | "and_then" | "inspect" | "inspect_err" | "context" | "with_context" | "wrap_err"
            ) =>
        {
            call_in(&call.receiver)
        }
        _ => expr,
    }
}

/// Notes that `Err(…)` as the function's last value ends it with an error.
pub(super) fn ends_with_error(frame: &mut Frame, expr: &Expr, value: &Value) {
    let error = matches!(&value.data, Data::Variant(name, _) if last_segment(name) == "Err");
    if error && frame.last_calls.contains(&expr.span) {
        frame.steps.push(Step::Leave(ExitKind::Error));
    }
}

impl Evaluator<'_> {
    /// `match … { Ok(n) => …, Err(_) => return Err(…) }` hands the error on as `?` does.
    pub(super) fn fails_in_match(&self, frame: &mut Frame, scrutinee: &Expr, arms: &[Arm]) {
        let mut failing = arms.iter().filter(|arm| variant(&arm.pat) == Some("Err"));
        if let Some(told) = failing.find_map(|arm| fails_with(frame, &arm.body)) {
            let steps = self.failing(frame, scrutinee, told);
            frame.steps.extend(steps);
        }
    }

    /// `let Ok(n) = … else { return Err(…) }`.
    pub(super) fn fails_in_else(&self, frame: &mut Frame, (pat, init): (&Pat, &Expr), diverge: &Block) {
        if variant(pat) == Some("Ok")
            && let Some(told) = block_fails(frame, diverge)
        {
            let steps = self.failing(frame, init, told);
            frame.steps.extend(steps);
        }
    }

    /// `if let Err(_) = … { return Err(…) }`, `if let Ok(n) = … {} else { Err(…) }`.
    pub(super) fn fails_in_let(
        &self,
        frame: &Frame,
        (pat, scrutinee): (&Pat, &Expr),
        then: Option<&Block>,
        otherwise: Option<&Expr>,
    ) -> Vec<Step> {
        let fails = match variant(pat) {
            Some("Err") => then.and_then(|then| block_fails(frame, then)),
            Some("Ok") => otherwise.and_then(|otherwise| fails_with(frame, otherwise)),
            _ => None,
        };
        fails.map_or_else(Vec::new, |told| self.failing(frame, scrutinee, told))
    }

    fn failing(&self, frame: &Frame, scrutinee: &Expr, told: bool) -> Vec<Step> {
        let Some(result) = result_in(scrutinee, false) else { return Vec::new() };
        let untold = self.erring(frame, result, Errors::Untold);
        let all = self.erring(frame, result, Errors::All).into_iter();
        all.map(|command| Step::Fails { command, told: told || !untold.contains(&command) }).collect()
    }
}

/// Whether the function ends with an error here, as the source says it; and whether something was done about it before.
fn fails_with(frame: &Frame, expr: &Expr) -> Option<bool> {
    match &expr.kind {
        ExprKind::Return(Some(value)) => is_error(value).then_some(false),
        ExprKind::Call(..) => (is_error(expr) && frame.last_calls.contains(&expr.span)).then_some(false),
        ExprKind::Block(block) => block_fails(frame, block),
        _ => None,
    }
}

/// Who logs an error and hands it on has told it; it leaves the function all the same.
fn block_fails(frame: &Frame, block: &Block) -> Option<bool> {
    let (last, before) = block.stmts.split_last()?;
    let Stmt::Expr { expr, .. } = last else { return None };
    let tells = |stmt: &Stmt| match stmt {
        Stmt::Expr { expr, .. } => only_tells(expr),
        Stmt::Let { init, .. } => init.as_ref().is_none_or(only_tells),
        Stmt::Item(_) => true,
    };
    fails_with(frame, expr).filter(|_| before.iter().all(tells)).map(|told| told || !before.is_empty())
}

/// What waits, or takes one of several ways, may come back with an answer.
fn only_tells(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Macro(_) | ExprKind::Call(..) | ExprKind::Path(_) | ExprKind::Lit(_) => true,
        ExprKind::Method(call) => only_tells(&call.receiver),
        ExprKind::Field(inner, _) | ExprKind::Ref(inner) | ExprKind::Assign(_, _, inner) => only_tells(inner),
        _ => false,
    }
}

fn is_error(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Call(callee, _)
        if matches!(&callee.kind, ExprKind::Path(path) if path.last().is_some_and(|last| last.name == "Err")))
}

/// Notes at the call in `asked?` that its error ends this function too.
pub(super) fn hands_on(frame: &mut Frame, asked: &Expr) {
    mark(&mut frame.steps, call_in(asked).span);
}

fn mark(steps: &mut [Step], call: Span) {
    for step in steps.iter_mut().rev() {
        match step {
            Step::Call(step) => {
                if step.call == call
                    && let Some(step) = Rc::get_mut(step)
                {
                    step.hands_on = true;
                }
                return;
            }
            // One of several implementations, or what was made of a value.
            Step::Branch(arms) => arms.iter_mut().for_each(|arm| mark(arm, call)),
            Step::Signal { .. } | Step::Load { .. } | Step::Hit(_) | Step::Miss(_) => {}
            _ => return,
        }
    }
}
