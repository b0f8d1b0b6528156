//! Method calls: whose method it is decides what happens.

use std::rc::Rc;

use super::call::Site;
use super::places::place_name;
use super::{Evaluator, Frame};
use crate::clients::TypeKind;
use crate::facts::Expr;
use crate::facts::expr::MethodCall;
use crate::inventory::{RunsOn, SignalKind};
use crate::link::trace::{Step, sends};
use crate::link::ty::{Bound, Ty};
use crate::link::value::{Data, Value, join};

impl<'a> Evaluator<'a> {
    pub(super) fn method(&mut self, frame: &mut Frame, expr: &'a Expr, call: &'a MethodCall) -> Value {
        let used = frame.used.take() == Some(expr.span);
        let receiver = self.expr(frame, &call.receiver);
        frame.used = None;
        let receiver = self.settled(receiver);
        let site =
            Site { name: call.name_span, call: expr.span, receiver: self.written(frame, call.receiver.span), used };
        self.checked(frame, &call.name, Some(&call.receiver), &call.args);
        let (ty, lost) = (receiver.ty.clone(), receiver.loss());
        let note = super::signals::of_note(call).filter(|kind| *kind == SignalKind::NamedLog || !ty.is_unknown());
        let begun = frame.steps.len();
        if let Some(kind) = note {
            self.show(frame, kind, call.name_span);
        }
        let value = self.method_on(frame, receiver, call, &site, used);
        // `con.set("ready", true)` is no note.
        if note.is_some() && frame.steps.get(begun + 1..).is_some_and(|steps| steps.iter().any(sends)) {
            frame.steps.remove(begun);
        }
        self.after_method(frame, call, &ty, lost, value)
    }

    /// A command that is chained on without being awaited (`con.get(k).map(…)`) counts as its result.
    pub(super) fn settled(&mut self, value: Value) -> Value {
        match value.data {
            Data::Pending(_) => Value { data: Data::Unknown, ..value },
            Data::Batch(_) if self.world.client_type(&value.ty).is_none() => Value { data: Data::Unknown, ..value },
            _ => value,
        }
    }

    fn method_on(
        &mut self,
        frame: &mut Frame,
        receiver: Value,
        call: &'a MethodCall,
        site: &Site<'_>,
        used: bool,
    ) -> Value {
        self.message(frame, &receiver, call);
        let local = self.local_actions(frame, &receiver, call);
        let (before, after) = local.split_at(local.len().min(1));
        frame.steps.extend(before.iter().cloned().map(|event| Step::Local(event.into())));
        let value = self.dispatch(frame, receiver, call, site, used);
        frame.steps.extend(after.iter().cloned().map(|event| Step::Local(event.into())));
        value
    }

    fn dispatch(
        &mut self,
        frame: &mut Frame,
        receiver: Value,
        call: &'a MethodCall,
        site: &Site<'_>,
        used: bool,
    ) -> Value {
        match &receiver.data {
            Data::Command(_) => return self.on_command(frame, receiver, call, site),
            Data::Batch(_) => return self.on_batch(frame, receiver, call, site),
            Data::Script(..) => return self.on_script(frame, receiver, call, site),
            Data::Options(..) if !self.is_model(frame, &receiver) => return self.on_options(frame, receiver, call),
            Data::Statement(query) => return self.on_statement(frame, &receiver, &query.clone(), call),
            Data::OneOf(alternatives)
                if alternatives
                    .iter()
                    .all(|alt| matches!(alt.data, Data::Command(_) | Data::Options(..) | Data::Script(..))) =>
            {
                // A command built differently on different paths: each is one possibility, sent at one place.
                return self.on_alternatives(frame, alternatives.to_vec(), call, site, used);
            }
            Data::OneOf(alternatives) if alternatives.iter().all(|alt| matches!(alt.data, Data::Statement(_))) => {
                return self.on_statements(frame, &alternatives.clone(), call);
            }
            _ => {}
        }
        if let Some(value) = self.on_known_value(frame, &receiver, call, site) {
            return value;
        }
        for ty in self.world.chain(&receiver.ty) {
            // A connection's own command goes before an extension trait's function of that name, where it can be called.
            let is_command = self.world.client_type(&ty).is_some_and(|spec| {
                matches!(spec.kind, TypeKind::Connection | TypeKind::Guard | TypeKind::Client)
                    && self.world.catalogue.method(spec.client, None, &call.name, call.args.len()).is_some()
                    && self.commands_in_scope(frame, spec.client)
            });
            // So does a collection's own method.
            let is_own = ty.last().is_some_and(|name| {
                matches!(name, "HashMap" | "BTreeMap" | "HashSet" | "BTreeSet" | "Vec" | "VecDeque" | "IndexMap")
            }) && matches!(
                call.name.as_str(),
                "get"
                    | "get_mut"
                    | "insert"
                    | "remove"
                    | "contains"
                    | "contains_key"
                    | "entry"
                    | "len"
                    | "push"
                    | "pop"
                    | "keys"
                    | "values"
                    | "clear"
                    | "extend"
                    | "iter"
            );
            let methods = if is_command || is_own { None } else { self.world.methods(&ty, &call.name) };
            if let Some(methods) = methods {
                let args = self.arguments(frame, &call.args);
                let value = self.call_functions(frame, &methods, Some(Value { ty, ..receiver }), &args, site);
                return self.after_call(frame, &methods, &args, site.name, value);
            }
            if self.world.client_type(&ty).is_some() {
                if let Some(value) = self.client_method(frame, &receiver, &ty, call, site) {
                    return value;
                }
            } else if let Some(client) = self.world.implements_connection(&ty) {
                let args = self.arguments(frame, &call.args);
                if let Some(value) = self.command_method(frame, client, &call.name, args, site, Some(false)) {
                    return self.typed_by_method(frame, value, call);
                }
            } else if let Ty::Bounded(bounds) = &ty
                && let Some((client, sync)) = self.client_bound(bounds)
            {
                let args = self.arguments(frame, &call.args);
                if let Some(value) = self.command_method(frame, client, &call.name, args, site, sync) {
                    return self.typed_by_method(frame, value, call);
                }
                return self.unknown_method(frame, receiver, call, used);
            }
        }
        if receiver.ty.is_unknown() || self.is_foreign_connection(&receiver.ty) {
            let found = self.by_shape(frame, &receiver, call, site, used);
            if let Some(value) = found.or_else(|| self.batch_by_shape(frame, call)) {
                return value;
            }
        }
        if let Some(value) = self.foreign_method(frame, &receiver, call, site, used) {
            return value;
        }
        self.unknown_method(frame, receiver, call, used)
    }

    fn on_alternatives(
        &mut self,
        frame: &mut Frame,
        alternatives: Vec<Value>,
        call: &'a MethodCall,
        site: &Site<'_>,
        used: bool,
    ) -> Value {
        let runs = self.runs_command(&alternatives, &call.name);
        if runs {
            return self.run_alternatives(frame, &alternatives, call, site);
        }
        let values: Vec<Value> =
            alternatives.into_iter().map(|alt| self.method_on(frame, alt, call, site, used)).collect();
        let value = join(values);
        if place_name(&call.receiver).is_none_or(|place| frame.get(&place).is_none_or(|old| same_kind(old, &value))) {
            self.write_back(frame, call, &value);
        }
        value
    }

    /// Whether a client's commands are methods here: those of a trait are only where it was brought in.
    fn commands_in_scope(&self, frame: &Frame, client: crate::clients::ClientId) -> bool {
        !self.world.catalogue.has_traits(client) || self.world.resolver.client_traits(frame.module).contains(&client)
    }

    /// The client whose trait bounds a parameter.
    pub(super) fn client_bound(&self, bounds: &[Bound]) -> Option<(crate::clients::ClientId, Option<bool>)> {
        bounds.iter().find_map(|bound| match bound {
            Bound::External(path) => self.world.catalogue.trait_spec(path).map(|spec| (spec.client, spec.sync)),
            Bound::Local(_) => None,
        })
    }

    /// A builder that is changed in place keeps its new state in the variable.
    pub(super) fn write_back(&mut self, frame: &mut Frame, call: &'a MethodCall, value: &Value) {
        let Some(place) = place_name(chain_root(&call.receiver)) else { return };
        if let Some(old) = frame.get(&place) {
            // `con.command("HSET", key).arg(…)`: the chain began with a connection, which stays one.
            if place_name(&call.receiver).is_some() || same_kind(old, value) {
                frame.set(&place, value.clone());
            }
        } else if let Some((owner, field)) = place.rsplit_once('.')
            && frame.get(owner).is_some()
        {
            // `self.text.push_str(…)`: the field of what `self` is.
            super::places::set_field(frame, owner, field, value);
            frame.set(&place, value.clone());
        }
    }

    /// A method of something that is neither of the workspace nor a client.
    pub(super) fn unknown_method(
        &mut self,
        frame: &mut Frame,
        receiver: Value,
        call: &'a MethodCall,
        used: bool,
    ) -> Value {
        let guarded = super::loads::guard_kind(&call.name, Some(&receiver))
            .is_some_and(|kind| kind == crate::inventory::GuardKind::SingleFlight);
        if guarded {
            // What its arguments load is loaded under its guard.
            self.unresolved_call(frame, &call.name, call.name_span, used, Some(&receiver));
        }
        let args = self.arguments(frame, &call.args);
        if let Some(value) = self.store_method(frame, &receiver, call, &args) {
            return value;
        }
        if let Some(value) = self.std_method(frame, &receiver, call, &args) {
            return value;
        }
        if call.name == "spawn" {
            return self.spawn(frame, &args);
        }
        let (runs_on, once) = (frame.runs_on, frame.once);
        if super::origins::leaves_task(&call.name) {
            frame.runs_on = RunsOn::Own;
        }
        frame.once |= guarded;
        for argument in &args {
            // A closure given to a method of a known element type gets the elements.
            if let Data::Closure(id) = argument.value.data {
                let element = Value {
                    ty: element_of(&receiver.ty),
                    reads: receiver.reads.clone(),
                    part: receiver.part,
                    ..Value::default()
                };
                self.call_closure(frame, id, vec![element; 2]);
            } else {
                self.run_closure(frame, &argument.value);
            }
        }
        (frame.runs_on, frame.once) = (runs_on, once);
        if !guarded {
            self.unresolved_call(frame, &call.name, call.name_span, used, Some(&receiver));
        }
        let mut value = Value::unknown();
        // `Pool::builder().max_size(8)`: builders of other crates are themselves until they are built.
        if self.world.client_type(&receiver.ty).is_some() {
            value.ty = receiver.ty.clone();
        }
        if super::std_methods::keeps_reads(&call.name) {
            value.reads.clone_from(&receiver.reads);
            value.part = receiver.part;
        }
        super::request::through(&mut value, &receiver, &call.name);
        if let Some(ty) = call.turbofish.first() {
            let written = self.world.ty(ty, &frame.types);
            value = value.with_ty(written);
        }
        value
    }
}

/// `command` of `command.arg("EX").arg(60)`: a chain of calls on a builder changes what it began with.
pub(super) fn chain_root(mut expr: &Expr) -> &Expr {
    while let crate::facts::ExprKind::Method(call) = &expr.kind {
        expr = &call.receiver;
    }
    expr
}

/// Whether a new value can be the old one after a change.
fn same_kind(old: &Value, new: &Value) -> bool {
    let kind = |value: &Value| std::mem::discriminant(&value.data);
    old.alternatives().iter().any(|old| new.alternatives().iter().any(|new| kind(old) == kind(new)))
}

fn element_of(ty: &Ty) -> Ty {
    match ty {
        Ty::List(inner) => inner.as_ref().clone(),
        Ty::External(_, args) => match ty.inside() {
            Some(inner) => inner.clone(),
            None if args.len() == 1 => args[0].clone(),
            None => Ty::Unknown,
        },
        _ => Ty::Unknown,
    }
}

/// Makes an external type without arguments.
pub(super) fn plain(path: &str) -> Ty {
    Ty::External(path.into(), Rc::from([]))
}
