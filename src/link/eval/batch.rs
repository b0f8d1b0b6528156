//! Pipelines, transactions and scripts: commands that are sent together.

use std::rc::Rc;

use super::call::Site;
use super::command::expand;
use super::method::plain;
use super::{Evaluator, Frame};
use crate::clients::{ClientId, CommandEffect, TypeKind};
use crate::facts::expr::MethodCall;
use crate::inventory::Via;
use crate::link::trace::Form;
use crate::link::ty::Ty;
use crate::link::value::{Argument, Data, Script, Value};

impl<'a> Evaluator<'a> {
    pub(super) fn on_batch(
        &mut self,
        frame: &mut Frame,
        receiver: Value,
        call: &'a MethodCall,
        site: &Site<'_>,
    ) -> Value {
        let Data::Batch(id) = receiver.data else { return Value::unknown() };
        let Some(spec) = self.world.client_type(&receiver.ty) else { return receiver };
        if spec.atomic_by.contains(&call.name) {
            let sometimes = frame.branches > 0;
            let batch = &mut self.batches[id.0 as usize];
            if batch.atomic != Some(true) {
                batch.atomic = if sometimes && !call.receiver_is_fresh() { None } else { Some(true) };
            }
            return receiver;
        }
        let args = self.arguments(frame, &call.args);
        if spec.run_by.contains(&call.name) {
            self.batches[id.0 as usize].run = true;
            self.batch_runs(frame, id, &receiver.ty, call, &args);
            // Until it is awaited the result stands for the batch, without its type.
            let lazy = call.name.ends_with("_async");
            let value = if lazy { Value::of(Data::Batch(id)) } else { Value::unknown() };
            return self.typed_by_turbofish(frame, value, call);
        }
        if spec.argument_by.contains(&call.name) || spec.key_by.contains(&call.name) {
            if let Some(last) = self.batches[id.0 as usize].last {
                self.commands[last.0 as usize].args.extend(args);
            }
            return receiver;
        }
        let starts =
            self.world.catalogue.raw(spec.client, &call.name, args.len()).is_some_and(|form| form.command == Some(0));
        if (starts || call.name == "cmd")
            && let Some((name, rest)) = args.split_first()
        {
            let name_span = if name.value.as_text().is_some() { name.span } else { site.name };
            let form = Form::Raw { name: Some(name.value.clone()) };
            let site = Site { name: name_span, ..*site };
            self.push_command(frame, &site, spec.client, form, rest.to_vec(), Via::Pipeline, Some(id));
            return receiver;
        }
        if let Some(Data::Command(building)) = args.first().map(|arg| &arg.value.data) {
            self.run_building(frame, building, site, Some(id));
            return receiver;
        }
        if args.first().is_some_and(|argument| self.is_callers_command(&argument.value)) {
            self.passes_on(frame);
            return receiver;
        }
        if let Some(method) = self.method_spec(frame, spec.client, &call.name, args.len()) {
            let form = Form::Method { own_args: args.len(), spec: method };
            let command = self.push_command(frame, site, spec.client, form, args, Via::Pipeline, Some(id));
            self.commands[command.0 as usize].spelled = call.name.clone();
            return receiver;
        }
        self.run_closures(frame, &args);
        receiver
    }

    /// `pool.next().pipeline()` on a receiver of unknown or foreign type, in a scope that has a client's traits.
    pub(super) fn batch_by_shape(&mut self, frame: &Frame, call: &MethodCall) -> Option<Value> {
        if !call.args.is_empty() {
            return None;
        }
        let clients = self.world.resolver.client_traits(frame.module);
        let path = clients.into_iter().find_map(|client| self.world.catalogue.batch_of(client, &call.name))?;
        let value = self.made(Ty::external(&path));
        if let Data::Batch(id) = value.data {
            self.batches[id.0 as usize].likely = true;
        }
        Some(value)
    }

    pub(super) fn on_script(
        &mut self,
        frame: &mut Frame,
        receiver: Value,
        call: &'a MethodCall,
        site: &Site<'_>,
    ) -> Value {
        let Data::Script(client, script) = &receiver.data else { return Value::unknown() };
        let args = self.arguments(frame, &call.args);
        match call.name.as_str() {
            "key" | "arg" => {
                let mut next = (**script).clone();
                let target = if call.name == "key" { &mut next.keys } else { &mut next.args };
                target.extend(args.iter().flat_map(expand));
                let value = Value { data: Data::Script(*client, Rc::new(next)), ..receiver.clone() };
                self.write_back(frame, call, &value);
                value
            }
            name if name.starts_with("invoke") || name.starts_with("evalsha") || name == "eval" => {
                // fred: `script.evalsha(&client, keys, args)`.
                let mut full = (**script).clone();
                if args.len() >= 3 {
                    full.keys.extend(expand(&args[1]));
                    full.args.extend(expand(&args[2]));
                }
                let from = frame.steps.len();
                let value = self.run_script(frame, *client, &full, site);
                let blocking = self.is_blocking(&receiver.ty, &call.name);
                let cluster = args.first().is_some_and(|con| self.connection_facts(&con.value).1);
                self.runs_as(frame, from, Some(blocking), cluster);
                let value = if blocking { self.settled(value) } else { value };
                self.typed_by_turbofish(frame, value, call)
            }
            _ => receiver,
        }
    }

    /// `query` where there is a `query_async`: it is sent when the call returns.
    pub(super) fn is_blocking(&self, ty: &Ty, name: &str) -> bool {
        self.world.client_type(ty).is_some_and(|spec| spec.run_by.iter().any(|other| *other == format!("{name}_async")))
    }

    pub(super) fn run_script(
        &mut self,
        frame: &mut Frame,
        client: ClientId,
        script: &Script,
        site: &Site<'_>,
    ) -> Value {
        let keys = script.keys.len();
        let args: Vec<Argument> = script.keys.iter().chain(&script.args).cloned().collect();
        let form = Form::Script { text: script.text.clone(), keys };
        let id = self.push_command(frame, site, client, form, args, Via::Script, None);
        self.result_of(id, &CommandEffect::Script, None)
    }

    pub(super) fn script_value(&self, client: ClientId, text: Option<String>, site: &Site<'_>) -> Value {
        let script = Script { text, keys: Vec::new(), args: Vec::new(), name_span: site.name };
        let ty = self.world.catalogue.type_of_kind(client, TypeKind::Script);
        Value {
            ty: ty.map_or(Ty::Unknown, |spec| plain(&spec.path)),
            data: Data::Script(client, Rc::new(script)),
            ..Value::default()
        }
    }
}

impl MethodCall {
    /// `pipe().atomic()`: called on a value that was just made, so it holds wherever it stands.
    fn receiver_is_fresh(&self) -> bool {
        matches!(self.receiver.kind, crate::facts::ExprKind::Call(..))
    }
}
