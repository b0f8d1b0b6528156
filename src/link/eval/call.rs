//! Calls: of functions of the workspace, closures, variants, and what other crates are known to do.

use std::rc::Rc;

use super::path::Callee;
use super::{Evaluator, Frame, Mode};
use crate::facts::{Expr, ExprKind};
use crate::inventory::LoadKind;
use crate::link::index::FnId;
use crate::link::trace::{CallStep, Outcome, Step};
use crate::link::ty::{Ty, last_segment};
use crate::link::value::{Argument, ClosureId, Data, Value, join};
use crate::link::world::Methods;
use crate::text::Span;

/// Statements of a function that is evaluated for its value alone.
const MOST_VALUE_STATEMENTS: usize = 40;

/// A call's places and written form.
#[derive(Clone)]
pub(super) struct Site {
    /// The function's or method's name token.
    pub(super) name: Span,
    /// The whole call.
    pub(super) call: Span,
    pub(super) receiver: String,
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
                0 | 1 => String::new(),
                _ => self.written(frame, Span { end: name.start.saturating_sub(2), ..path.span }).to_owned(),
            };
            let site = Site { name, call: expr.span, receiver, used };
            if let Some(last) = path.last() {
                self.checked(frame, &last.name, None, args);
            }
            return match self.callee(frame, path) {
                Callee::Functions(methods) => {
                    let args = self.arguments(frame, args);
                    self.call_functions(frame, &methods, None, args, &site)
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
        self.call_value(frame, &value, args, expr.span)
    }

    pub(super) fn arguments(&mut self, frame: &mut Frame, args: &'a [Expr]) -> Vec<Argument> {
        let arguments: Vec<Argument> = args.iter().map(|arg| self.argument(frame, arg)).collect();
        for argument in &arguments {
            self.hand_on(&argument.value);
        }
        arguments
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
                let methods = Methods { functions: vec![*function], dispatched: false, incomplete: false };
                let site = Site { name: span, call: span, receiver: String::new(), used: false };
                self.call_functions(frame, &methods, None, args, &site)
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
                    self.note_load(frame, LoadKind::Callback);
                }
                Value::typed(ret)
            }
        }
    }

    pub(super) fn call_closure(&mut self, frame: &mut Frame, id: ClosureId, args: Vec<Value>) -> Value {
        let captured = &self.closures[id.0 as usize];
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
                let params = self.closures[id.0 as usize].closure.params.len();
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

    /// Calls one function of the workspace, or one of several behind a trait.
    pub(super) fn call_functions(
        &mut self,
        frame: &mut Frame,
        methods: &Methods,
        self_value: Option<Value>,
        args: Vec<Argument>,
        site: &Site,
    ) -> Value {
        let certain = !methods.dispatched || (methods.functions.len() == 1 && !methods.incomplete);
        let mut values = Vec::new();
        let mut arms = Vec::new();
        for &function in methods.functions.iter().take(8) {
            let before = std::mem::take(&mut frame.steps);
            values.push(self.call_function(frame, function, self_value.clone(), &args, site, certain));
            arms.push(std::mem::replace(&mut frame.steps, before));
        }
        if arms.len() == 1 {
            frame.steps.extend(arms.into_iter().flatten());
        } else if arms.iter().any(|arm| !arm.is_empty()) {
            frame.steps.push(Step::Branch(arms));
        }
        join(values)
    }

    fn call_function(
        &mut self,
        frame: &mut Frame,
        function: FnId,
        self_value: Option<Value>,
        args: &[Argument],
        site: &Site,
        certain: bool,
    ) -> Value {
        let definition = self.world.index.function(function);
        // `Type::method(&value, …)`: the receiver is the first argument.
        let (self_value, args) = match (definition.function.has_self, self_value, args.split_first()) {
            (true, None, Some((first, rest))) => (Some(first.value.clone()), rest),
            (_, self_value, _) => (self_value, args),
        };
        if self.mode == Mode::Survey {
            self.note_call(frame, function, args);
            self.run_closures(frame, args);
            return self.declared_result(function, args);
        }
        let reaches = self.reaches.contains(&function);
        if !reaches && !self.is_value_function(function) {
            if let Some(&kind) = self.loads.get(&function) {
                let name = called(&site.receiver, &definition.function.name);
                frame.steps.push(Step::Load { kind, place: frame.place(site.name), name });
            } else if definition.function.is_async && definition.function.ret.is_some() {
                // What it does is out of sight or plain computation; it is awaited, so it may well be dear.
                let name = called(&site.receiver, &definition.function.name);
                frame.steps.push(Step::Load { kind: LoadKind::Unresolved, place: frame.place(site.name), name });
            }
            // Where it runs them is out of sight.
            self.off_task(frame, |this, frame| this.run_closures(frame, args));
            self.database_below(frame, function, self_value, args, site, certain);
            return self.declared_result(function, args);
        }
        let self_value = self_value.map_or_else(Value::unknown, |value| self.as_self(function, value));
        let outcome = self.evaluate_call(function, self_value, args.iter().map(|arg| arg.value.clone()).collect());
        let mut value = outcome.value.clone();
        // A command whose name was given by the caller begins at the caller's call.
        if let Data::Command(building) = &value.data
            && !building.literal
            && building.file == definition.file
            && definition.function.full_span.contains(building.name_span)
        {
            let moved = crate::link::value::Building { file: frame.file, name_span: site.name, ..(**building).clone() };
            value.data = Data::Command(Rc::new(moved));
        }
        // A retry helper sends nothing itself, but runs the closure that it is given.
        if reaches || outcome.steps.iter().any(sends) {
            if outcome.cut {
                self.run_closures(frame, args);
            }
            let step = call_step(frame, (function, definition.function.is_async), outcome, args, site, certain);
            frame.steps.push(Step::Call(Rc::new(step)));
        } else {
            let loads = outcome.steps.iter().find_map(first_load);
            let dear =
                (definition.function.is_async && definition.function.ret.is_some()).then_some(LoadKind::Unresolved);
            if let Some(kind) = loads.or_else(|| self.loads.get(&function).copied()).or(dear) {
                let name = called(&site.receiver, &definition.function.name);
                frame.steps.push(Step::Load { kind, place: frame.place(site.name), name });
            }
            if self.stated.contains(&function) {
                let called = (function, definition.function.is_async);
                let step = call_step(frame, called, outcome.clone(), args, site, certain);
                frame.steps.push(Step::Call(Rc::new(step)));
            }
        }
        if value.name.is_empty() && value.is_unknown() {
            value.name = definition.function.name.clone();
        }
        value
    }

    /// What a function that does not reach Redis does in a database: it is folded in all the same.
    fn database_below(
        &mut self,
        frame: &mut Frame,
        function: FnId,
        self_value: Option<Value>,
        args: &[Argument],
        site: &Site,
        certain: bool,
    ) {
        let name = &self.world.index.function(function).function.name;
        if super::store::sounds_like_clearing(name, &site.receiver) {
            Self::signal(frame, site, name);
        }
        if self.stated.contains(&function) {
            let self_value = self_value.map_or_else(Value::unknown, |value| self.as_self(function, value));
            let outcome = self.evaluate_call(function, self_value, args.iter().map(|arg| arg.value.clone()).collect());
            let called = (function, self.world.index.function(function).function.is_async);
            frame.steps.push(Step::Call(Rc::new(call_step(frame, called, outcome, args, site, certain))));
        }
    }

    /// The receiver as the callee sees it: for a method of an impl, of that impl's type.
    fn as_self(&self, function: FnId, value: Value) -> Value {
        let own = self.world.signature(function).scope.self_ty.clone().unwrap_or_default();
        let fits = self.world.chain(&value.ty).into_iter().find(|ty| match (ty, &own) {
            (Ty::Adt(a, _), Ty::Adt(b, _)) => a == b,
            (Ty::External(a, _), Ty::External(b, _)) => a == b,
            _ => false,
        });
        let ty = match (&own, fits) {
            (_, Some(ty)) => ty,
            (Ty::Bounded(_), None) if !value.ty.is_unknown() => value.ty.clone(),
            (_, None) => own,
        };
        Value { ty, name: "self".into(), parameter: false, ..value }
    }

    /// Small functions that give back something a key or TTL can be made of.
    fn is_value_function(&self, function: FnId) -> bool {
        let definition = self.world.index.function(function).function;
        let Some(body) = &definition.body else { return false };
        let returns = match &definition.ret {
            None => false,
            Some(crate::facts::TypeRef::Tuple(parts)) => !parts.is_empty(),
            Some(_) => true,
        };
        returns && body.stmts.len() <= MOST_VALUE_STATEMENTS
    }

    /// The result of a function that is not followed: its declared type; a text or number made of parameters alone is
    /// still the caller's.
    fn declared_result(&self, function: FnId, _args: &[Argument]) -> Value {
        let name = self.world.index.function(function).function.name.clone();
        Value::typed(self.return_type(function)).named(name)
    }

    fn note_call(&mut self, frame: &Frame, function: FnId, args: &[Argument]) {
        if let Some(caller) = frame.function {
            self.survey.edges.entry(caller).or_default().insert(function);
        }
        for (at, argument) in args.iter().enumerate() {
            let constant = match &argument.value.data {
                Data::Text(template) => template.as_text().is_some(),
                Data::Int(_) | Data::Duration(_) => true,
                _ => false,
            };
            let known = self.survey.argument_values.entry((function, at)).or_insert_with(|| Some(Vec::new()));
            match known {
                Some(values) if constant => {
                    if !values.contains(&argument.value) {
                        values.push(argument.value.clone());
                    }
                }
                other => *other = None,
            }
        }
    }

    pub(super) fn note_load(&mut self, frame: &Frame, kind: LoadKind) {
        if self.mode == Mode::Survey
            && let Some(function) = frame.function
        {
            let known = self.survey.loads.entry(function).or_insert(kind);
            *known = (*known).min(kind);
        }
    }

    /// A function of another crate, or one that could not be resolved.
    fn external_call(
        &mut self,
        frame: &mut Frame,
        path: &crate::facts::Name,
        written: &'a crate::facts::Path,
        args: &'a [Expr],
        site: &Site,
        used: bool,
    ) -> Value {
        if let Some(value) = self.client_call(frame, path, written, args, site) {
            return value;
        }
        let arguments = self.arguments(frame, args);
        if let Some(value) = self.store_function(frame, path, &arguments) {
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
            for argument in &arguments {
                for read in &argument.value.reads {
                    if !value.reads.contains(read) {
                        value.reads.push(*read);
                    }
                }
            }
        }
        if decodes && let Some(ty) = written.last().and_then(|last| last.args.last()) {
            value.ty = self.world.ty(ty, &frame.types);
        }
        value
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

fn call_step(
    frame: &Frame,
    (function, is_async): (FnId, bool),
    outcome: Rc<Outcome>,
    args: &[Argument],
    site: &Site,
    certain: bool,
) -> CallStep {
    CallStep {
        function,
        place: frame.place(site.name),
        call: site.call,
        outcome,
        certain,
        receiver: site.receiver.clone(),
        args: args.to_vec(),
        sent: true,
        awaited: !is_async || (site.used && !frame.lazy),
        runs_on: frame.runs_on,
    }
}

/// `module::function` as the caller writes it.
fn called(receiver: &str, name: &str) -> String {
    let path = receiver.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | ':'));
    if receiver.is_empty() || !path { name.to_owned() } else { format!("{receiver}::{name}") }
}

fn sends(step: &Step) -> bool {
    match step {
        Step::Command(_) | Step::Connect(_) => true,
        Step::Branch(arms) => arms.iter().flatten().any(sends),
        Step::Loop(steps) | Step::Spawn(steps) | Step::Inline(steps) => steps.iter().any(sends),
        Step::Call(call) => call.outcome.steps.iter().any(sends),
        Step::Hit(_)
        | Step::Miss(_)
        | Step::Fails(_)
        | Step::Undecoded { .. }
        | Step::Load { .. }
        | Step::Guard { .. }
        | Step::Signal { .. }
        | Step::Database(_)
        | Step::Unseen { .. }
        | Step::Local(_)
        | Step::Message { .. }
        | Step::Pass { .. }
        | Step::Leave(_) => false,
    }
}

fn first_load(step: &Step) -> Option<LoadKind> {
    match step {
        Step::Load { kind, .. } => Some(*kind),
        Step::Branch(arms) => arms.iter().flatten().find_map(first_load),
        Step::Loop(steps) | Step::Spawn(steps) | Step::Inline(steps) => steps.iter().find_map(first_load),
        Step::Call(call) => first_load_of(&call.outcome),
        Step::Command(_)
        | Step::Hit(_)
        | Step::Miss(_)
        | Step::Fails(_)
        | Step::Undecoded { .. }
        | Step::Guard { .. }
        | Step::Signal { .. }
        | Step::Database(_)
        | Step::Unseen { .. }
        | Step::Local(_)
        | Step::Message { .. }
        | Step::Pass { .. }
        | Step::Connect(_)
        | Step::Leave(_) => None,
    }
}

fn first_load_of(outcome: &Outcome) -> Option<LoadKind> {
    outcome.steps.iter().find_map(first_load)
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
