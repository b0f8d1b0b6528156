//! Calls of functions of the workspace: which are followed, and what is known of those that are not.

use std::rc::Rc;

use super::call::Site;
use super::{Evaluator, Frame, Mode};
use crate::inventory::LoadKind;
use crate::link::index::{FnId, Owner};
use crate::link::trace::{CallStep, Outcome, Step, sends};
use crate::link::ty::{Ty, last_segment};
use crate::link::value::{Argument, Data, Value, join};
use crate::link::world::{Methods, Outside};
use crate::loss::Lost;

/// Statements of a function that is evaluated for its value alone.
const MOST_VALUE_STATEMENTS: usize = 40;

impl<'a> Evaluator<'a> {
    /// Calls one function of the workspace, or one of several behind a trait.
    pub(super) fn call_functions(
        &mut self,
        frame: &mut Frame,
        methods: &Methods,
        self_value: Option<Value>,
        args: &[Argument],
        site: &Site<'_>,
    ) -> Value {
        let certain = !methods.dispatched || (methods.functions.len() == 1 && !methods.incomplete);
        let mut values = Vec::new();
        let mut arms = Vec::new();
        let types: Vec<&Ty> = args.iter().map(|arg| &arg.value.ty).collect();
        for function in self.world.taking(&methods.functions, &types).into_iter().take(8) {
            let before = std::mem::take(&mut frame.steps);
            values.push(self.call_function(frame, function, self_value.clone(), args, site, certain));
            arms.push(std::mem::replace(&mut frame.steps, before));
        }
        // What the same read is in memory is no load that follows a miss in Redis, nor the other way round.
        if arms.iter().flatten().any(sends) {
            for arm in arms.iter_mut().filter(|arm| !arm.iter().any(sends)) {
                arm.retain(|step| {
                    !matches!(step, Step::Load { kind: LoadKind::Unresolved, place, .. } if *place == frame.place(site.name))
                });
            }
        }
        if arms.len() == 1 {
            frame.steps.extend(arms.into_iter().flatten());
        } else if arms.iter().any(|arm| !arm.is_empty()) {
            frame.steps.push(Step::Branch(arms));
        }
        if let Some(declared) = methods.outside {
            self.outside(frame, declared, methods, &mut values, site);
        }
        join(values)
    }

    /// What others give who implement a trait outside of what can be seen: anything, beside what the trait itself gives
    /// where they write nothing. What was read is a read whoever sends it.
    fn outside(&mut self, frame: &Frame, declared: FnId, methods: &Methods, values: &mut Vec<Value>, site: &Site<'_>) {
        if methods.functions.iter().any(|function| self.reaches.contains(function)) {
            return;
        }
        let definition = self.world.index.function(declared);
        // The impls of a library are examples beside those of the programs that use it.
        let by_users = matches!(definition.owner, Owner::Trait(trait_)
            if self.world.implemented_outside(trait_) == Some(Outside::Users));
        if by_users && definition.function.body.is_none() {
            values.clear();
        }
        // That there may be none is known already, where the trait itself says so.
        let known = values
            .iter()
            .flat_map(Value::alternatives)
            .any(|value| matches!(&value.data, Data::Variant(name, _) if last_segment(name) == "None"));
        let lost = if known { Lost::default() } else { self.lose_outside(declared, frame.place(site.name)) };
        values.push(Value { lost, ..self.declared_result(declared, &[]) });
    }

    fn call_function(
        &mut self,
        frame: &mut Frame,
        function: FnId,
        self_value: Option<Value>,
        args: &[Argument],
        site: &Site<'_>,
        certain: bool,
    ) -> Value {
        let definition = self.world.index.function(function);
        // `Type::method(&value, …)`: the receiver is the first argument.
        let (self_value, args) = match (definition.function.has_self, self_value, args.split_first()) {
            (true, None, Some((first, rest))) => (Some(first.value.clone()), rest),
            (_, self_value, _) => (self_value, args),
        };
        if self.mode == Mode::Survey {
            self.survey.seen.called.entry(frame.place(site.name)).or_default().push(function);
            self.note_call(frame, function, args);
            self.run_closures(frame, args);
            return self.declared_result(function, args);
        }
        let reaches = self.reaches.contains(&function);
        if !reaches && !self.is_value_function(function) {
            if let Some(&kind) = self.loads.get(&function) {
                let name = called(site.receiver, &definition.function.name);
                frame.steps.push(Step::Load { kind, place: frame.place(site.name), name });
            } else if definition.function.is_async
                && definition.function.ret.is_some()
                && !self.gives_connection(function)
            {
                // What it does is out of sight or plain computation; it is awaited, so it may well be dear.
                let name = called(site.receiver, &definition.function.name);
                frame.steps.push(Step::Load { kind: LoadKind::Unresolved, place: frame.place(site.name), name });
            } else if !self.stated.contains(&function) {
                self.show_below(frame, function, site.name);
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
        if reaches || outcome.sends {
            if outcome.cut {
                self.run_closures(frame, args);
            }
            let step = call_step(frame, (function, definition.function.is_async), outcome, args, site, certain);
            frame.steps.push(Step::Call(Rc::new(step)));
        } else {
            let loads = outcome.loads;
            let dear =
                (definition.function.is_async && definition.function.ret.is_some() && !self.gives_connection(function))
                    .then_some(LoadKind::Unresolved);
            if let Some(kind) = loads.or_else(|| self.loads.get(&function).copied()).or(dear) {
                let name = called(site.receiver, &definition.function.name);
                frame.steps.push(Step::Load { kind, place: frame.place(site.name), name });
            } else if !self.stated.contains(&function) && !outcome.states {
                self.show_below(frame, function, site.name);
            }
            if self.stated.contains(&function) || outcome.states {
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

    /// A connection is no data, however it is come by.
    fn gives_connection(&self, function: FnId) -> bool {
        let ret = self.return_type(function);
        let mut chain = self.world.chain(&ret).into_iter();
        chain.any(|ty| self.world.client_type(&ty).is_some() || self.world.implements_connection(&ty).is_some())
    }

    /// What a function that does not reach Redis does in a database: it is folded in all the same.
    fn database_below(
        &mut self,
        frame: &mut Frame,
        function: FnId,
        self_value: Option<Value>,
        args: &[Argument],
        site: &Site<'_>,
        certain: bool,
    ) {
        let name = &self.world.index.function(function).function.name;
        if super::store::sounds_like_clearing(name, site.receiver) {
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
            if !constant {
                let lost = self.survey.argument_losses.entry((function, at)).or_default();
                *lost = lost.or(argument.value.loss());
            }
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

    /// Notes that the function at hand loads something with the call of this name token.
    pub(super) fn note_load(&mut self, frame: &Frame, kind: LoadKind, name: crate::text::Span) {
        if self.mode == Mode::Survey && kind != LoadKind::Callback {
            self.survey.seen.loads.insert(frame.place(name));
        }
        if self.mode == Mode::Survey
            && let Some(function) = frame.function
        {
            let known = self.survey.loads.entry(function).or_insert(kind);
            *known = (*known).min(kind);
        }
    }
}

fn call_step(
    frame: &Frame,
    (function, is_async): (FnId, bool),
    outcome: Rc<Outcome>,
    args: &[Argument],
    site: &Site<'_>,
    certain: bool,
) -> CallStep {
    CallStep {
        function,
        place: frame.place(site.name),
        call: site.call,
        outcome,
        certain,
        receiver: site.receiver.to_owned(),
        args: args.to_vec(),
        sent: true,
        awaited: !is_async || (site.used && !frame.lazy),
        hands_on: frame.last_calls.contains(&site.call),
        runs_on: frame.runs_on,
    }
}

/// `module::function` as the caller writes it.
fn called(receiver: &str, name: &str) -> String {
    let path = receiver.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | ':'));
    if receiver.is_empty() || !path { name.to_owned() } else { format!("{receiver}::{name}") }
}
