//! Calls: who is called; closures; what other crates are known to do.

use std::rc::Rc;

use super::path::Callee;
use super::places::place_name;
use super::{Evaluator, Frame, Mode};
use crate::facts::{Expr, ExprKind};
use crate::inventory::LoadKind;
use crate::link::trace::Step;
use crate::link::ty::{Ty, last_segment};
use crate::link::value::{Argument, ClosureId, Data, Value, join};
use crate::link::world::Methods;
use crate::text::Span;

/// A call's places and written form.
#[derive(Clone, Copy)]
pub(super) struct Site<'t> {
    /// The function's or method's name token.
    pub(super) name: Span,
    /// The whole call.
    pub(super) call: Span,
    pub(super) receiver: &'t str,
    /// The call is awaited or asked for its error right here.
    pub(super) used: bool,
}

impl<'a> Evaluator<'a> {
    pub(super) fn call(&mut self, frame: &mut Frame, expr: &'a Expr, callee: &'a Expr, args: &'a [Expr]) -> Value {
        let used = frame.used == Some(expr.span);
        if let ExprKind::Path(path) = &callee.kind {
            if let Some(name) = path.as_ident()
                && let Some(value) = frame.get(name).cloned()
            {
                let args = self.arguments(frame, args);
                return self.call_value(frame, &value, args, expr.span);
            }
            let name = path.last().map_or(callee.span, |last| last.span);
            let receiver = match path.segments.len() {
                0 | 1 => "",
                _ => self.written(frame, Span { end: name.start.saturating_sub(2), ..path.span }),
            };
            let site = Site { name, call: expr.span, receiver, used };
            self.checked_by(frame, path, args);
            return match self.callee(frame, path) {
                Callee::Functions(methods) => {
                    let args = self.arguments(frame, args);
                    let value = self.call_functions(frame, &methods, None, &args, &site);
                    self.after_call(frame, &methods, &args, name, value)
                }
                Callee::LocalVariant(def, at) => {
                    let given = self.numbered(frame, args);
                    let ty = Ty::Adt(def, Rc::from([]));
                    Value { ty, data: Data::LocalVariant(def, at, given.into()), ..Value::default() }
                }
                Callee::TupleStruct(def) => {
                    let given = self.numbered(frame, args);
                    let ty = Ty::Adt(def, Rc::from([]));
                    Value { ty, data: Data::Struct(def, given.into()), ..Value::default() }
                }
                Callee::External(external) => self.external_call(frame, &external, path, args, &site, used),
                Callee::Associated(ty, name) => {
                    let full = match &ty {
                        Ty::External(owner, _) => format!("{owner}::{name}"),
                        Ty::Adt(def, _) if self.is_entity(frame, *def) => {
                            format!("{}::{name}", self.world.index.def(*def).path)
                        }
                        _ => name.to_string(),
                    };
                    // `Default::default()` of a set of options and the like.
                    if let Some(value) = self.make_by_type(&ty, &name) {
                        self.arguments(frame, args);
                        return value;
                    }
                    self.external_call(frame, &full.into(), path, args, &site, used)
                }
                Callee::Unresolved(name) => self.external_call(frame, &name, path, args, &site, used),
            };
        }
        let value = self.expr(frame, callee);
        let args = self.arguments(frame, args);
        let at = frame.steps.len();
        let value = self.call_value(frame, &value, args, expr.span);
        if matches!(callee.kind, ExprKind::Closure(_)) {
            Self::asked(frame, at);
        }
        value
    }

    pub(super) fn arguments(&mut self, frame: &mut Frame, args: &'a [Expr]) -> Vec<Argument> {
        let arguments: Vec<Argument> = args.iter().map(|arg| self.argument(frame, arg)).collect();
        for (expr, argument) in args.iter().zip(&arguments) {
            self.hand_on(&argument.value);
            self.lend(frame, expr);
        }
        arguments
    }

    /// `read_line(&mut text)`: what a callee may write is no longer what it was.
    fn lend(&self, frame: &mut Frame, expr: &'a Expr) {
        let ExprKind::Ref(inner) = &expr.kind else { return };
        let lent = self.written(frame, expr.span).strip_prefix('&').is_some_and(|rest| {
            rest.trim_start().strip_prefix("mut").is_some_and(|rest| rest.starts_with(char::is_whitespace))
        });
        if !lent {
            return;
        }
        let Some(place) = place_name(inner) else { return };
        let Some(old) = frame.get(&place) else { return };
        let changed = |value: &Value| match &value.data {
            Data::List { items, .. } if !items.is_empty() => Some(Data::List { items: items.clone(), complete: false }),
            Data::List { .. } => Some(Data::Unknown),
            Data::Text(_) | Data::Int(_) | Data::Bool(_) | Data::Duration(_) => Some(Data::Unknown),
            _ => None,
        };
        let data = match &old.data {
            Data::OneOf(alternatives) if alternatives.iter().all(|alt| changed(alt).is_some()) => Some(Data::Unknown),
            _ => changed(old),
        };
        if let Some(data) = data {
            let value = Value { data, ..old.clone() }.named(place.as_str());
            frame.set(&place, value);
        }
    }

    /// A pipeline that is given away may be run by whoever gets it.
    pub(super) fn hand_on(&mut self, value: &Value) {
        for alternative in value.alternatives() {
            match &alternative.data {
                Data::Batch(id) => self.batches[id.0 as usize].escaped = true,
                Data::Variant(_, inner) | Data::Tuple(inner) => inner.iter().for_each(|inner| {
                    if let Data::Batch(id) = inner.data {
                        self.batches[id.0 as usize].escaped = true;
                    }
                }),
                Data::Struct(_, fields) => fields.iter().for_each(|(_, inner)| {
                    if let Data::Batch(id) = inner.data {
                        self.batches[id.0 as usize].escaped = true;
                    }
                }),
                _ => {}
            }
        }
    }

    fn numbered(&mut self, frame: &mut Frame, args: &'a [Expr]) -> Vec<(crate::facts::Name, Value)> {
        self.arguments(frame, args)
            .into_iter()
            .enumerate()
            .map(|(at, argument)| (at.to_string().into(), argument.value))
            .collect()
    }

    /// Calls a closure, function value, or something unknown that was passed in.
    pub(super) fn call_value(&mut self, frame: &mut Frame, value: &Value, args: Vec<Argument>, span: Span) -> Value {
        match &value.data {
            Data::Closure(id) => self.call_closure(frame, *id, args.into_iter().map(|a| a.value).collect()),
            Data::Function(function) => {
                let methods = Methods { functions: vec![*function], ..Methods::default() };
                let site = Site { name: span, call: span, receiver: "", used: false };
                self.call_functions(frame, &methods, None, &args, &site)
            }
            Data::OneOf(alternatives) => {
                let found: Vec<Value> =
                    alternatives.iter().map(|alt| self.call_value(frame, alt, args.clone(), span)).collect();
                join(found)
            }
            _ => {
                self.run_closures(frame, &args);
                let ret = match &value.ty {
                    Ty::Callable(ret) => ret.as_ref().clone(),
                    _ => Ty::Unknown,
                };
                // A function that the caller passed in: this is what a miss computes.
                if value.parameter || matches!(value.ty, Ty::Callable(_)) {
                    let place = frame.place(span);
                    let name = value.name.to_string();
                    frame.steps.push(Step::Load { kind: LoadKind::Callback, place, name });
                    self.note_load(frame, LoadKind::Callback, span);
                }
                Value::typed(ret)
            }
        }
    }

    pub(super) fn call_closure(&mut self, frame: &mut Frame, id: ClosureId, args: Vec<Value>) -> Value {
        let captured = self.closures.get(id);
        let (closure, vars, file) = (captured.closure, captured.vars.clone(), captured.file);
        let (function, module, types) = (captured.function, captured.module, captured.types.clone());
        // A closure that calls itself through its environment.
        if self.depth >= super::MOST_CALL_DEPTH {
            return Value::unknown();
        }
        self.depth += 1;
        let mut inner = Frame::new(file, module, types, function);
        inner.vars = vars.to_vec();
        inner.branches = frame.branches;
        (inner.runs_on, inner.lazy, inner.once) = (frame.runs_on, frame.lazy, frame.once);
        for (at, (pat, ty)) in closure.params.iter().enumerate() {
            let mut value = args.get(at).cloned().unwrap_or_default();
            if let Some(ty) = ty {
                let declared = self.world.ty(ty, &inner.types);
                if value.ty.is_unknown() {
                    value.ty = declared;
                }
            }
            self.bind_pattern(&mut inner, pat, value);
        }
        let last = self.expr(&mut inner, &closure.body);
        if inner.alive {
            inner.returns.push(last);
        }
        super::expr::ends_early(inner.fails, &mut inner.returns);
        self.depth -= 1;
        if !inner.steps.is_empty() {
            frame.steps.push(Step::Inline(inner.steps));
        }
        join(inner.returns)
    }

    /// Closures given to something unknown run some time, any number of times: once is evaluated.
    pub(super) fn run_closures(&mut self, frame: &mut Frame, args: &[Argument]) {
        for argument in args {
            self.run_closure(frame, &argument.value);
        }
    }

    pub(super) fn run_closure(&mut self, frame: &mut Frame, value: &Value) -> Option<Value> {
        match value.data {
            Data::Closure(id) => {
                let params = self.closures.get(id).closure.params.len();
                Some(self.call_closure(frame, id, vec![Value::unknown(); params]))
            }
            // `SetOptions::default` as a function.
            Data::Variant(ref path, ref inner) if inner.is_empty() => match self.world.catalogue.maker(path) {
                Some(crate::clients::Maker::Type(ty)) => Some(self.made(Ty::external(&ty))),
                _ => None,
            },
            Data::Function(function) => {
                if self.mode == Mode::Survey
                    && let Some(caller) = frame.function
                {
                    self.survey.edges.entry(caller).or_default().insert(function);
                }
                None
            }
            _ => None,
        }
    }

    /// A function of another crate, or one that could not be resolved.
    fn external_call(
        &mut self,
        frame: &mut Frame,
        path: &crate::facts::Name,
        written: &'a crate::facts::Path,
        args: &'a [Expr],
        site: &Site<'_>,
        used: bool,
    ) -> Value {
        if let Some(value) = self.client_call(frame, path, written, args, site) {
            return value;
        }
        let arguments = self.arguments(frame, args);
        if let Some(value) = self.store_function(frame, path, written, &arguments) {
            return value;
        }
        if let Some(value) = self.std_call(frame, path, &arguments) {
            return value;
        }
        if is_spawn(path) {
            return self.spawn(frame, &arguments);
        }
        self.off_task(frame, |this, frame| this.run_closures(frame, &arguments));
        self.unresolved_call(frame, path, site.name, used, None);
        let decodes = is_decoder(last_segment(path));
        let mut value = Value::unknown();
        if decodes || arguments.len() == 1 && written.segments.len() == 1 {
            value.part = arguments.iter().all(|argument| argument.value.part);
            for argument in &arguments {
                for read in &argument.value.reads {
                    if !value.reads.contains(read) {
                        value.reads.push(*read);
                    }
                }
            }
        }
        value.decoded = decodes && !value.reads.is_empty();
        if decodes && let Some(ty) = written.last().and_then(|last| last.args.last()) {
            value.ty = self.world.ty(ty, &frame.types);
        }
        self.settle_external(path, &arguments, value)
    }

    /// `tokio::spawn(async move { … })`: what was evaluated for the argument happens on its own.
    pub(super) fn spawn(&mut self, frame: &mut Frame, arguments: &[Argument]) -> Value {
        let mut spawned = Vec::new();
        // The argument was just evaluated: an async block left its steps as the last one.
        if let Some(Step::Inline(_)) = frame.steps.last()
            && let Some(Step::Inline(steps)) = frame.steps.pop()
        {
            spawned.extend(steps);
        }
        let before = std::mem::take(&mut frame.steps);
        // A future runs as a task, a closure on a thread of its own.
        self.off_task(frame, |this, frame| this.run_closures(frame, arguments));
        spawned.extend(std::mem::replace(&mut frame.steps, before));
        if !spawned.is_empty() {
            frame.steps.push(Step::Spawn(spawned));
        }
        Value::unknown()
    }
}

fn is_spawn(path: &str) -> bool {
    matches!(last_segment(path), "spawn" | "spawn_local" | "spawn_blocking" | "spawn_on" | "spawn_named")
}

/// Functions that turn stored bytes into a value.
pub(super) fn is_decoder(name: &str) -> bool {
    name.starts_with("from_")
        || name.starts_with("decode")
        || name.starts_with("deserialize")
        || name.starts_with("parse")
        || name.starts_with("unpack")
        || name.ends_with("_from_slice")
}
