//! Expressions: what each form of them does, literals, and what a value is called.

use std::rc::Rc;

use super::call::is_decoder;
use super::swallowed::Errors;
use super::{Evaluator, Frame};
use crate::facts::{Expr, ExprKind, Literal, Name};
use crate::inventory::{MessageStep, RunsOn};
use crate::link::trace::Step;
use crate::link::ty::{Ty, last_segment};
use crate::link::value::{Argument, CommandId, Data, Value, join};
use crate::template::Template;

impl<'a> Evaluator<'a> {
    /// The value of an expression; [`Self::expr`] adds where it was lost.
    pub(super) fn evaluated(&mut self, frame: &mut Frame, expr: &'a Expr) -> Value {
        self.work += 1;
        match &expr.kind {
            ExprKind::Path(path) => self.path_value(frame, path),
            ExprKind::Lit(literal) => literal_value(literal),
            ExprKind::Call(callee, args) => {
                let value = self.call(frame, expr, callee, args);
                super::leaves::ends_with_error(frame, expr, &value);
                value
            }
            ExprKind::Method(call) => {
                let value = self.method(frame, expr, call);
                if matches!(call.name.as_str(), "unwrap" | "expect") {
                    undecoded(frame, &call.receiver, &value);
                }
                value
            }
            ExprKind::Field(base, name) => self.field(frame, expr, base, name),
            ExprKind::Index(base, index) => {
                let base = self.expr(frame, base);
                let index_value = self.expr(frame, index);
                // `&key[..]` is the key.
                if matches!(index.kind, ExprKind::Range(None, None)) {
                    return base;
                }
                match (&base.data, &index_value.data) {
                    (Data::List { items, .. }, Data::Int(at)) => {
                        usize::try_from(*at).ok().and_then(|at| items.get(at)).cloned().unwrap_or_default()
                    }
                    _ => Value { reads: base.reads, part: base.part, ..Value::unknown() }
                        .named(self.hole_name(frame, expr)),
                }
            }
            ExprKind::Ref(inner) | ExprKind::Deref(inner) => {
                let used = frame.used;
                if used == Some(expr.span) {
                    frame.used = Some(inner.span);
                }
                self.expr(frame, inner)
            }
            ExprKind::Not(inner) => {
                let mut value = self.expr(frame, inner);
                value.data = match value.data {
                    Data::Bool(b) => Data::Bool(!b),
                    Data::Found(hit) => Data::Found(!hit),
                    _ if !value.answers().is_empty() => Data::Found(false),
                    other => other,
                };
                value
            }
            ExprKind::Neg(inner) => {
                let value = self.expr(frame, inner);
                match value.data {
                    Data::Int(n) => Value::int(-n),
                    _ => value,
                }
            }
            ExprKind::Cast(inner, ty) => {
                let value = self.expr(frame, inner);
                let ty = self.world.ty(ty, &frame.types);
                value.with_ty(ty)
            }
            ExprKind::Binary(op, left, right) => self.binary(frame, op, left, right),
            ExprKind::Assign(op, place, value) => self.assign(frame, op, place, value),
            ExprKind::Await(inner) => {
                frame.used = Some(inner.span);
                let value = self.expr(frame, inner);
                let value = self.awaited(frame, inner, value);
                frame.used = None;
                value
            }
            ExprKind::Try(inner) => {
                if !matches!(inner.kind, ExprKind::Await(_)) {
                    frame.used = Some(inner.span);
                }
                let value = self.expr(frame, inner);
                frame.used = None;
                frame.fails = true;
                // What is logged on the way does not keep the error from leaving, nor what is made of a value.
                let mut made = combinators(inner);
                let before = frame.steps.iter().rfind(|step| match step {
                    Step::Signal { .. } => false,
                    Step::Branch(_) if made > 0 => {
                        made -= 1;
                        false
                    }
                    _ => true,
                });
                let leaving = match before {
                    Some(Step::Command(id)) => smallvec::smallvec![(*id, false)],
                    Some(Step::Call(call)) => {
                        let untold = self.handed_on_by(call, Errors::Untold);
                        let all = self.handed_on_by(call, Errors::All).into_iter();
                        let mut leaving: smallvec::SmallVec<[_; 2]> =
                            all.map(|id| (id, !untold.contains(&id))).collect();
                        // What the callee sent itself; what its callees sent and it did not hand on, it has dealt with.
                        let own = value.reads.iter().filter(|id| {
                            !leaving.iter().any(|(known, _)| known == *id) && sends(&call.outcome.steps, **id)
                        });
                        let own: smallvec::SmallVec<[_; 2]> = own.map(|id| (*id, false)).collect();
                        leaving.extend(own);
                        leaving
                    }
                    Some(Step::Asked(steps)) => {
                        let all = self.handed_on(steps, true, Errors::All);
                        all.into_iter().map(|id| (id, false)).collect()
                    }
                    _ => smallvec::SmallVec::new(),
                };
                super::leaves::hands_on(frame, inner);
                let fails = |(command, told)| Step::Fails { command, told };
                frame.steps.extend(leaving.into_iter().map(fails));
                self.message_fails(frame, inner, MessageStep::Fails);
                undecoded(frame, inner, &value);
                // A future cannot be asked with `?`: what it is asked of was sent.
                unwrapped(self.settled(value))
            }
            ExprKind::Block(block) => self.block(frame, block),
            ExprKind::Async(block) => {
                let awaited = frame.used == Some(expr.span);
                let (runs_on, lazy) = (frame.runs_on, frame.lazy);
                frame.runs_on = RunsOn::Task;
                frame.lazy |= !awaited;
                let at = frame.steps.len();
                let value = self.inline(frame, true, |this, frame| this.block(frame, block));
                if awaited {
                    Self::asked(frame, at);
                }
                (frame.runs_on, frame.lazy) = (runs_on, lazy);
                value
            }
            ExprKind::If(condition, then, otherwise) => self.if_(frame, condition, then, otherwise.as_deref()),
            ExprKind::Let(pat, scrutinee) => {
                let value = self.expr(frame, scrutinee);
                self.bind_pattern(frame, pat, value);
                Value::unknown()
            }
            ExprKind::Match(scrutinee, arms) => self.match_(frame, scrutinee, arms),
            ExprKind::While(condition, body) => self.while_(frame, condition, body),
            ExprKind::For(pat, iter, body) => self.for_(frame, pat, iter, body),
            ExprKind::Loop(body) => self.loop_(frame, body),
            ExprKind::Closure(closure) => self.capture(frame, closure),
            ExprKind::Return(value) => self.return_(frame, value.as_deref()),
            ExprKind::Break(value) => self.break_(frame, value.as_deref()),
            ExprKind::Continue => self.break_(frame, None),
            ExprKind::Tuple(parts) => {
                let parts: Vec<Value> = parts.iter().map(|part| self.expr(frame, part)).collect();
                if parts.is_empty() {
                    return Value::of(Data::Unit);
                }
                let ty = Ty::Tuple(parts.iter().map(|part| part.ty.clone()).collect());
                Value { ty, data: Data::Tuple(parts.into()), ..Value::default() }
            }
            ExprKind::Array(parts) => {
                let items: Vec<Value> = parts.iter().map(|part| self.expr(frame, part)).collect();
                list(items)
            }
            ExprKind::Repeat(value, _) => {
                let value = self.expr(frame, value);
                let ty = Ty::List(Rc::new(value.ty.clone()));
                Value { ty, data: Data::List { items: Rc::from([value]), complete: false }, ..Value::default() }
            }
            ExprKind::Struct(path, fields, rest) => self.struct_(frame, path, fields, rest.as_deref()),
            ExprKind::Range(from, to) => {
                for end in [from, to].into_iter().flatten() {
                    self.expr(frame, end);
                }
                Value::unknown()
            }
            ExprKind::Macro(call) => self.macro_call(frame, expr, call),
            ExprKind::Unknown => Value::unknown(),
        }
    }

    /// Runs something whose `return` ends only itself. `ends_itself`: a `?` in it as well.
    pub(super) fn inline(
        &mut self,
        frame: &mut Frame,
        ends_itself: bool,
        body: impl FnOnce(&mut Self, &mut Frame) -> Value,
    ) -> Value {
        let before = std::mem::take(&mut frame.steps);
        let returns = std::mem::take(&mut frame.returns);
        let used = frame.used.take();
        let (fails, receiving) = (frame.fails, std::mem::take(&mut frame.receiving));
        frame.fails = false;
        let last = body(self, frame);
        frame.receiving = receiving;
        frame.used = used;
        if frame.alive {
            frame.returns.push(last);
        }
        let ended = std::mem::replace(&mut frame.fails, fails);
        frame.alive = true;
        if ends_itself {
            ends_early(ended, &mut frame.returns);
        } else {
            frame.fails |= ended;
        }
        let value = join(std::mem::replace(&mut frame.returns, returns));
        let steps = std::mem::replace(&mut frame.steps, before);
        if !steps.is_empty() {
            frame.steps.push(Step::Inline(steps));
        }
        value
    }

    /// The steps that were just run in place, from `at` on: their result is asked there.
    pub(super) fn asked(frame: &mut Frame, at: usize) {
        if at + 1 == frame.steps.len()
            && let Some(Step::Inline(steps)) = frame.steps.pop_if(|step| matches!(step, Step::Inline(_)))
        {
            frame.steps.push(Step::Asked(steps));
        }
    }

    pub(super) fn argument(&mut self, frame: &mut Frame, expr: &'a Expr) -> Argument {
        let used = frame.used.take();
        let value = self.expr(frame, expr);
        frame.used = used;
        let value = if value.name.is_empty() && value.is_unknown() {
            let name = self.hole_name(frame, expr);
            value.named(name)
        } else {
            value
        };
        Argument { value, file: frame.file, span: expr.span }
    }

    /// The source text of a place in the current file.
    pub(super) fn written(&self, frame: &Frame, span: crate::text::Span) -> &'a str {
        span.of(self.world.workspace.text(frame.file))
    }

    /// What an expression is called when its value is unknown: its text, conversions left out; nothing if that is long.
    pub(super) fn hole_name(&self, frame: &Frame, expr: &Expr) -> Name {
        let mut at = expr;
        loop {
            match &at.kind {
                ExprKind::Ref(inner)
                | ExprKind::Deref(inner)
                | ExprKind::Await(inner)
                | ExprKind::Try(inner)
                | ExprKind::Cast(inner, _) => at = inner,
                ExprKind::Method(call) if is_conversion(&call.name) => at = &call.receiver,
                _ => break,
            }
        }
        let text = self.written(frame, at.span);
        // `order.clone().id` is the `order.id` of whoever reads the key.
        let text = text.strip_prefix("self.").unwrap_or(text).replace(".clone()", "");
        let simple =
            text.len() <= 40 && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | ':' | '(' | ')'));
        if simple { text.into() } else { Name::default() }
    }
}

/// How many of the last calls run where there is a value and leave an error as it is: `….map(f)?`.
fn combinators(expr: &Expr) -> usize {
    match &expr.kind {
        ExprKind::Await(inner) => combinators(inner),
        ExprKind::Method(call) => match call.name.as_str() {
            "map" | "and_then" | "map_ok" | "and_then_ok" => 1 + combinators(&call.receiver),
            "map_err" | "inspect_err" | "inspect" | "context" | "with_context" | "boxed" => combinators(&call.receiver),
            _ => 0,
        },
        _ => 0,
    }
}

/// Notes that an error of decoding what a read gave ends the function here.
fn undecoded(frame: &mut Frame, decoding: &Expr, value: &Value) {
    let mut at = decoding;
    let place = loop {
        match &at.kind {
            ExprKind::Method(call) if call.name == "parse" => break call.name_span,
            ExprKind::Method(call)
                if matches!(call.name.as_str(), "map_err" | "context" | "with_context" | "wrap_err" | "map") =>
            {
                at = &call.receiver;
            }
            ExprKind::Call(callee, _) => match &callee.kind {
                ExprKind::Path(path) => match path.last() {
                    Some(last) if is_decoder(&last.name) => break last.span,
                    _ => return,
                },
                _ => return,
            },
            _ => return,
        }
    };
    let place = frame.place(place);
    frame.steps.extend(value.reads.iter().map(|&read| Step::Undecoded { read, place }));
}

/// A `?` may have ended a block or closure before its last value: that it is `Some(…)` or `Ok(…)` is then not certain.
pub(super) fn ends_early(fails: bool, returns: &mut Vec<Value>) {
    let variant = |value: &Value| match &value.data {
        Data::Variant(name, _) => Some(last_segment(name).to_owned()),
        _ => None,
    };
    if !fails {
        return;
    }
    let failure = returns.iter().filter_map(variant).find_map(|name| match name.as_str() {
        "Some" => Some("None"),
        "Ok" => Some("Err"),
        _ => None,
    });
    returns.extend(failure.map(|failure| Value::of(Data::Variant(failure.into(), Rc::from([])))));
}

/// Methods that change the type and not the text.
pub(super) fn is_conversion(name: &str) -> bool {
    matches!(
        name,
        "to_string"
            | "to_owned"
            | "into"
            | "clone"
            | "cloned"
            | "copied"
            | "as_str"
            | "as_ref"
            | "as_mut"
            | "as_deref"
            | "as_bytes"
            | "into_bytes"
            | "to_vec"
            | "into_string"
            | "into_owned"
            | "borrow"
            | "borrow_mut"
            | "deref"
            | "deref_mut"
            | "by_ref"
            | "as_slice"
            | "as_mut_str"
            | "into_boxed_str"
            | "unwrap"
            | "expect"
            | "iter"
            | "into_iter"
            | "iter_mut"
            | "into_inner"
            | "get_ref"
            | "get_mut"
            | "into_future"
    )
}

pub(super) fn list(items: Vec<Value>) -> Value {
    let ty = Ty::List(Rc::new(items.first().map(|item| item.ty.clone()).unwrap_or_default()));
    let parameter = !items.is_empty() && items.iter().all(|item| item.parameter);
    Value { ty, data: Data::List { items: items.into(), complete: true }, parameter, ..Value::default() }
}

fn literal_value(literal: &Literal) -> Value {
    match literal {
        Literal::Str(text) | Literal::Bytes(text) => Value::text(text.clone()),
        Literal::Int(n) => Value::int(*n),
        Literal::Bool(b) => Value { ty: Ty::external("bool"), ..Value::of(Data::Bool(*b)) },
        Literal::Char(c) => {
            Value { ty: Ty::external("char"), data: Data::Text(Template::text(c.to_string())), ..Value::default() }
        }
        Literal::Float(_) => Value::typed(Ty::external("f64")),
    }
}

/// What `?`, `unwrap` and a match on `Some` or `Ok` leave.
pub(super) fn unwrapped(value: Value) -> Value {
    let inside = |value: Value| {
        let ty = match value.ty.inside() {
            Some(inner) if is_carrier(&value.ty) => inner.clone(),
            _ => value.ty.clone(),
        };
        Value { ty, ..value }
    };
    match &value.data {
        Data::Variant(name, inner) => match last_segment(name) {
            "Some" | "Ok" => {
                let mut found = inner.first().cloned().unwrap_or_default();
                for read in &value.reads {
                    if !found.reads.contains(read) {
                        found.reads.push(*read);
                    }
                }
                found
            }
            _ => inside(value),
        },
        Data::OneOf(alternatives) => {
            let kept: Vec<Value> = alternatives
                .iter()
                .filter(|v| !matches!(&v.data, Data::Variant(name, _) if matches!(last_segment(name), "Err" | "None")))
                .map(|v| unwrapped(v.clone()))
                .collect();
            if kept.is_empty() { inside(value) } else { join(kept) }
        }
        _ => inside(value),
    }
}

/// `Result` and `Option` by whatever name.
fn is_carrier(ty: &Ty) -> bool {
    ty.last()
        .is_some_and(|name| name.ends_with("Result") || name == "Option" || name == "Poll" || name.ends_with("Future"))
}

/// Whether the command stands among these steps, in no call.
fn sends(steps: &[Step], id: CommandId) -> bool {
    steps.iter().any(|step| match step {
        Step::Command(sent) => *sent == id,
        _ => step.inside().iter().any(|steps| sends(steps, id)),
    })
}
