//! Errors of commands that nobody hears of: results that are thrown away, by the caller or by an arm that does nothing.

use smallvec::SmallVec;

use super::{Evaluator, Frame};
use crate::facts::{Arm, Block, Expr, ExprKind, Function, Pat, PatKind, Stmt, TypeRef};
use crate::link::trace::{CallStep, Step};
use crate::link::value::{CommandId, Data};
use crate::text::Span;

/// Commands whose error is at hand.
type Commands = SmallVec<[CommandId; 2]>;

/// Which of the errors that a function hands to its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Errors {
    All,
    /// Those that nobody has logged so far.
    Untold,
}

impl<'a> Evaluator<'a> {
    /// A result that nobody looks at: `let _ = …await;`, `….await.ok();`, `drop(…)`.
    pub(super) fn swallows(&self, frame: &mut Frame, expr: &Expr) {
        if let Some(result) = result_in(expr, true) {
            let commands = self.erring(frame, result, Errors::Untold);
            self.note_swallowed(frame, commands, expr.span);
        }
    }

    /// `if let Err(_) = … {}` and `if let Ok(n) = … { … }` without `else`.
    pub(super) fn swallows_in_if(&self, frame: &Frame, condition: &Expr, then: &Block, otherwise: bool) -> Vec<Step> {
        let ExprKind::Let(pat, scrutinee) = &condition.kind else { return Vec::new() };
        let silent = match variant(pat) {
            Some("Err") => ignores_what_it_binds(pat) && then.stmts.is_empty(),
            Some("Ok") => !otherwise,
            _ => false,
        };
        match result_in(scrutinee, false) {
            Some(result) if silent => steps(frame, self.erring(frame, result, Errors::Untold), scrutinee.span),
            _ => Vec::new(),
        }
    }

    /// `match … { Ok(n) => …, Err(_) => {} }`.
    pub(super) fn swallows_in_match(&self, frame: &mut Frame, scrutinee: &Expr, arms: &[Arm]) {
        let Some(result) = result_in(scrutinee, false) else { return };
        let is_result = arms.iter().any(|arm| matches!(variant(&arm.pat), Some("Ok" | "Err")));
        let silent = |arm: &Arm| {
            let err = matches!(variant(&arm.pat), Some("Err")) && ignores_what_it_binds(&arm.pat);
            (err || matches!(arm.pat.kind, PatKind::Wild)) && arm.guard.is_none() && is_nothing(&arm.body)
        };
        if is_result && arms.iter().any(silent) {
            let commands = self.erring(frame, result, Errors::Untold);
            self.note_swallowed(frame, commands, scrutinee.span);
        }
    }

    fn note_swallowed(&self, frame: &mut Frame, commands: Commands, span: Span) {
        let steps = steps(frame, commands, span);
        frame.steps.extend(steps);
    }

    /// The commands whose error the value of `result`, which has just been evaluated, carries.
    pub(super) fn erring(&self, frame: &Frame, result: &Expr, which: Errors) -> Commands {
        let inner = match &result.kind {
            ExprKind::Await(inner) => inner,
            _ => result,
        };
        let runs = matches!(&inner.kind, ExprKind::Method(call) if runs_batch(&call.name));
        // `pipe.exec_async(&mut con).await`: what was queued before.
        if runs
            && let ExprKind::Method(call) = &inner.kind
            && let Some(place) = super::places::place_name(&call.receiver)
            && let Some(Data::Batch(batch)) = frame.get(&place).map(|value| &value.data)
        {
            let queued = |command: &&(usize, &crate::link::trace::Command)| command.1.batch == Some(*batch);
            let all = self.commands.iter().enumerate().filter(|command| queued(&command));
            return all.filter_map(|(at, _)| u32::try_from(at).ok().map(CommandId)).collect();
        }
        match frame.steps.last() {
            Some(Step::Command(id)) => {
                let command = self.command(*id);
                let here = command.file == frame.file && result.span.contains(command.name_span);
                // Queueing fails never.
                if here && command.sent && (command.batch.is_none() || runs) {
                    SmallVec::from_slice(&[*id])
                } else {
                    SmallVec::new()
                }
            }
            Some(Step::Call(call)) if call.call == inner.span => self.handed_on_by(call, which),
            Some(Step::Spawn(steps)) if is_spawn(inner) => self.handed_on(steps, true, which),
            _ => SmallVec::new(),
        }
    }

    /// The commands whose errors a call hands to its caller.
    pub(super) fn handed_on_by(&self, call: &CallStep, which: Errors) -> Commands {
        let function = self.world.index.function(call.function).function;
        if !call.sent || which == Errors::Untold && logs_its_error(function) {
            return SmallVec::new();
        }
        self.handed_on(&call.outcome.steps, returns_result(function), which)
    }

    /// The commands whose error leaves at `?`, and those whose result the steps end with, where that is what is
    /// returned.
    pub(super) fn handed_on(&self, steps: &[Step], tail: bool, which: Errors) -> Commands {
        let mut found = Commands::new();
        for (at, step) in steps.iter().enumerate() {
            let last = tail && at + 1 == steps.len();
            match step {
                Step::Fails { command, told } if which == Errors::All || !told => found.push(*command),
                Step::Command(id) if last => found.push(*id),
                Step::Call(call) if last => found.extend(self.handed_on_by(call, which)),
                Step::Branch(arms) => arms.iter().for_each(|arm| found.extend(self.handed_on(arm, last, which))),
                Step::Loop(steps) => found.extend(self.handed_on(steps, false, which)),
                Step::Inline(steps) | Step::Asked(steps) if last => found.extend(self.handed_on(steps, true, which)),
                _ => {}
            }
        }
        found.dedup();
        found
    }
}

fn steps(frame: &Frame, commands: Commands, span: Span) -> Vec<Step> {
    let place = frame.place(span);
    commands.into_iter().map(|command| Step::Swallowed { command, place }).collect()
}

/// The result that is thrown away with this expression, behind the calls that only throw it away. A result that is
/// bound or matched (`dropped` is false) is at hand as it stands.
pub(super) fn result_in(expr: &Expr, dropped: bool) -> Option<&Expr> {
    match &expr.kind {
        ExprKind::Await(_) => Some(expr),
        ExprKind::Method(call) => match (&*call.name, &*call.args) {
            ("ok" | "err" | "is_ok" | "is_err" | "unwrap_or_default", []) if dropped => {
                result_in(&call.receiver, dropped)
            }
            ("unwrap_or" | "or", [_]) if dropped => result_in(&call.receiver, dropped),
            ("unwrap_or_else" | "map_err" | "or_else", [with]) if is_silent_closure(with) => {
                result_in(&call.receiver, dropped)
            }
            // A blocking client's.
            _ => Some(expr),
        },
        ExprKind::Call(callee, args) => match (&callee.kind, &**args) {
            (ExprKind::Path(path), [inner]) if dropped && path.last().is_some_and(|last| &*last.name == "drop") => {
                result_in(inner, dropped)
            }
            _ => Some(expr),
        },
        _ => None,
    }
}

/// `|_| ()`, `|_| false`: it does nothing with the error.
fn is_silent_closure(expr: &Expr) -> bool {
    let ExprKind::Closure(closure) = &expr.kind else { return false };
    let unused = closure.params.iter().all(|(pat, _)| ignores(pat));
    unused && (is_nothing(&closure.body) || matches!(closure.body.kind, ExprKind::Lit(_) | ExprKind::Path(_)))
}

fn is_nothing(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Tuple(parts) => parts.is_empty(),
        ExprKind::Block(block) => match &*block.stmts {
            [] => true,
            [Stmt::Expr { expr, .. }] => is_nothing(expr),
            _ => false,
        },
        _ => false,
    }
}

/// `Err` of `Err(_)` and `Result::Err(_)`.
pub(super) fn variant(pat: &Pat) -> Option<&str> {
    match &pat.kind {
        PatKind::TupleStruct(path, _) => path.last().map(|last| &*last.name),
        _ => None,
    }
}

fn ignores_what_it_binds(pat: &Pat) -> bool {
    matches!(&pat.kind, PatKind::TupleStruct(_, parts) if parts.iter().all(ignores))
}

fn ignores(pat: &Pat) -> bool {
    match &pat.kind {
        PatKind::Wild | PatKind::Rest => true,
        PatKind::Bind(name, None) => name.starts_with('_'),
        _ => false,
    }
}

/// `query_async`, `exec`, `all`: what sends a pipeline.
fn runs_batch(name: &str) -> bool {
    name.starts_with("query") || name.starts_with("exec") || name == "all"
}

fn is_spawn(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Call(callee, _) => {
            matches!(&callee.kind, ExprKind::Path(path) if path.last().is_some_and(|last| last.name.starts_with("spawn")))
        }
        ExprKind::Method(call) => call.name.starts_with("spawn"),
        _ => false,
    }
}

/// `#[tracing::instrument(err)]` logs what is returned.
fn logs_its_error(function: &Function) -> bool {
    function.attributes.others.iter().any(|attribute| {
        attribute.path.ends_with("instrument") && attribute.args.iter().any(|argument| &*argument.name == "err")
    })
}

fn returns_result(function: &Function) -> bool {
    matches!(&function.ret, Some(TypeRef::Path(path)) if path.last().is_some_and(|last| last.name.ends_with("Result")))
}
