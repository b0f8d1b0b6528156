//! Commands: built argument by argument, sent by a connection, and what they give back.

use std::rc::Rc;

use super::call::Site;
use super::method::plain;
use super::{Evaluator, Frame};
use crate::clients::{ClientId, CommandEffect, TypeKind};
use crate::facts::Name;
use crate::facts::expr::MethodCall;
use crate::finding::Confidence;
use crate::inventory::Via;
use crate::link::trace::{Command, Form, Step};
use crate::link::ty::Ty;
use crate::link::value::{Argument, BatchId, Building, CommandId, Data, Value};

impl<'a> Evaluator<'a> {
    /// Methods of a connection that take a whole command: `req_packed_command(&cmd)`, `send(cmd)`, `custom(cmd!(…), args)`.
    pub(super) fn raw_method(
        &mut self,
        frame: &mut Frame,
        client: ClientId,
        call: &'a MethodCall,
        args: &[Argument],
        site: &Site<'_>,
    ) -> Option<Value> {
        let form = self.world.catalogue.raw(client, &call.name, args.len())?;
        let at = |position: Option<u8>| position.and_then(|position| args.get(usize::from(position)));
        let rest: Vec<Argument> = at(form.arguments).map(expand).unwrap_or_default();
        if let Some(line) = at(form.line) {
            let items = expand(line);
            let (name, rest) = items.split_first()?;
            let value = self.run_raw(frame, client, Some(name.value.clone()), rest.to_vec(), site);
            // `send_and_forget` sends at once.
            return Some(if call.name.ends_with("forget") { self.settled(value) } else { value });
        }
        if let Some(name) = at(form.command) {
            let site = if name.value.as_text().is_some() && name.file == frame.file {
                Site { name: name.span, ..*site }
            } else {
                *site
            };
            return Some(self.run_raw(frame, client, Some(name.value.clone()), rest, &site));
        }
        let ready = at(form.ready)?;
        match &ready.value.data {
            Data::Command(building) => {
                let mut whole = (**building).clone();
                whole.args.extend(rest);
                Some(self.run_building(frame, &whole, site, None))
            }
            Data::Script(client, script) => Some(self.run_script(frame, *client, script, site)),
            Data::Text(_) => Some(self.run_raw(frame, client, Some(ready.value.clone()), rest, site)),
            Data::List { .. } => {
                let items = expand(ready);
                let (name, rest) = items.split_first()?;
                Some(self.run_raw(frame, client, Some(name.value.clone()), rest.to_vec(), site))
            }
            // The caller's command, passed on by a connection of the project's own.
            Data::Unknown if ready.value.parameter => {
                self.passes_on(frame);
                Some(Value::unknown())
            }
            // A command that was made out of sight.
            Data::Unknown => Some(self.run_raw(frame, client, None, Vec::new(), site)),
            _ => None,
        }
    }

    /// The function at hand sends what its caller makes: no command of its own, but its calls are followed.
    pub(super) fn passes_on(&mut self, frame: &Frame) {
        if let Some(function) = frame.function
            && self.mode == super::Mode::Survey
        {
            self.survey.direct.insert(function);
        }
    }

    /// A command of which nothing is known but that the caller gives it.
    pub(super) fn is_callers_command(&self, value: &Value) -> bool {
        value.is_unknown()
            && (value.parameter || value.name.as_str() == "self")
            && self.world.client_type(&value.ty).is_some_and(|spec| spec.kind == TypeKind::Command)
    }

    fn run_raw(
        &mut self,
        frame: &mut Frame,
        client: ClientId,
        name: Option<Value>,
        args: Vec<Argument>,
        site: &Site<'_>,
    ) -> Value {
        let effect = self.raw_effect(name.as_ref(), &args);
        let id = self.push_command(frame, site, client, Form::Raw { name }, args, Via::Command, None);
        self.result_of(id, &effect, None)
    }

    fn raw_effect(&self, name: Option<&Value>, _args: &[Argument]) -> CommandEffect {
        name.and_then(Value::as_text)
            .and_then(|name| self.world.catalogue.command(name))
            .map_or(CommandEffect::ModuleOther, |command| command.effect)
    }

    /// Sends a command that was built.
    pub(super) fn run_building(
        &mut self,
        frame: &mut Frame,
        building: &Building,
        site: &Site<'_>,
        batch: Option<BatchId>,
    ) -> Value {
        let site = Site { name: building.name_span, ..*site };
        let (form, args, effect) = match &building.method {
            Some((method, own_args)) => match self.method_spec(frame, building.client, method, *own_args) {
                Some(spec) => {
                    let effect = spec.effect;
                    (Form::Method { spec, own_args: *own_args }, building.args.clone(), effect)
                }
                None => (Form::Raw { name: None }, Vec::new(), CommandEffect::ModuleOther),
            },
            None => {
                let (name, args) = match (&building.name, building.args.split_first()) {
                    (Some(name), _) => (Some(name.clone()), building.args.clone()),
                    // `Cmd::new().arg("SET")`: the first argument is the name.
                    (None, Some((first, rest))) => (Some(first.value.clone()), rest.to_vec()),
                    (None, None) => (None, Vec::new()),
                };
                let effect = self.raw_effect(name.as_ref(), &args);
                (Form::Raw { name }, args, effect)
            }
        };
        let via = if batch.is_some() { Via::Pipeline } else { Via::Command };
        let id = self.push_command_in(frame, &site, building.file, building.client, form, args, via, batch);
        self.commands[id.0 as usize].spelled = building.method.as_ref().map_or("cmd".into(), |(name, _)| name.clone());
        self.result_of(id, &effect, None)
    }

    pub(super) fn on_command(
        &mut self,
        frame: &mut Frame,
        receiver: Value,
        call: &'a MethodCall,
        site: &Site<'_>,
    ) -> Value {
        let Data::Command(building) = &receiver.data else { return Value::unknown() };
        let spec = self.world.client_type(&receiver.ty);
        let runs = spec.is_some_and(|spec| spec.run_by.contains(&call.name));
        let args = self.arguments(frame, &call.args);
        if runs {
            let from = frame.steps.len();
            let value = self.run_building(frame, building, site, None);
            let blocking = self.is_blocking(&receiver.ty, &call.name);
            let cluster = args.first().is_some_and(|con| self.connection_facts(&con.value).1);
            self.runs_as(frame, from, Some(blocking), cluster);
            let value = if blocking { self.settled(value) } else { value };
            return self.typed_by_turbofish(frame, value, call);
        }
        if spec.is_some_and(|spec| spec.argument_by.contains(&call.name) || spec.key_by.contains(&call.name)) {
            let mut next = (**building).clone();
            if next.name.is_none() && next.method.is_none() && next.args.is_empty() {
                next.name_span = args.first().map_or(next.name_span, |first| first.span);
            }
            next.args.extend(args);
            let value = Value { data: Data::Command(Rc::new(next)), ..receiver.clone() };
            self.write_back(frame, call, &value);
            return value;
        }
        if call.name == "await" {
            return receiver;
        }
        if let Some(methods) = self.world.methods(&receiver.ty, &call.name) {
            // A trait of the project on commands.
            let value = self.call_functions(frame, &methods, Some(receiver.clone()), &args, site);
            return self.after_call(frame, &methods, &args, site.name, value);
        }
        // `take()`, `clone()`, `borrow()`, `to_owned()`: still the command.
        receiver
    }

    /// Whether a method sends each of these commands.
    pub(super) fn runs_command(&self, alternatives: &[Value], name: &Name) -> bool {
        alternatives.iter().all(|alt| {
            matches!(alt.data, Data::Command(_))
                && self.world.client_type(&alt.ty).is_some_and(|spec| spec.run_by.contains(name))
        })
    }

    /// One call that sends one of several commands: they are told apart by what they have in common.
    pub(super) fn run_alternatives(
        &mut self,
        frame: &mut Frame,
        alternatives: &[Value],
        call: &'a MethodCall,
        site: &Site<'_>,
    ) -> Value {
        self.arguments(frame, &call.args);
        let mut result = Value::unknown();
        let mut ids = Vec::new();
        for alternative in alternatives {
            if let Data::Command(building) = &alternative.data {
                let before = std::mem::take(&mut frame.steps);
                result = self.run_building(frame, building, site, None);
                for step in std::mem::replace(&mut frame.steps, before) {
                    if let Step::Command(id) = step {
                        ids.push(id);
                    }
                }
            }
        }
        frame.steps.push(Step::Branch(ids.into_iter().map(|id| vec![Step::Command(id)]).collect()));
        self.typed_by_turbofish(frame, result, call)
    }

    #[allow(clippy::too_many_arguments, reason = "one place where all parts of a command come together")]
    pub(super) fn push_command(
        &mut self,
        frame: &mut Frame,
        site: &Site<'_>,
        client: ClientId,
        form: Form,
        args: Vec<Argument>,
        via: Via,
        batch: Option<BatchId>,
    ) -> CommandId {
        let file = frame.file;
        self.push_command_in(frame, site, file, client, form, args, via, batch)
    }

    #[allow(clippy::too_many_arguments, reason = "one place where all parts of a command come together")]
    fn push_command_in(
        &mut self,
        frame: &mut Frame,
        site: &Site<'_>,
        file: crate::finding::FileId,
        client: ClientId,
        form: Form,
        args: Vec<Argument>,
        via: Via,
        batch: Option<BatchId>,
    ) -> CommandId {
        let args = args.into_iter().map(|argument| self.as_sent(argument)).collect();
        let id = CommandId(u32::try_from(self.commands.len()).unwrap_or(u32::MAX));
        let likely = batch.is_some_and(|batch| self.batches[batch.0 as usize].likely);
        self.commands.push(Command {
            file,
            name_span: site.name,
            call: site.call,
            client,
            form,
            args,
            via,
            batch,
            sent: true,
            receiver: site.receiver.to_owned(),
            confidence: if likely { Confidence::Likely } else { Confidence::Certain },
            blocking: None,
            runs_on: frame.runs_on,
            awaited: site.used && !frame.lazy,
            cluster: false,
            after_commit: false,
            spelled: "cmd".into(),
        });
        if let Some(batch) = batch {
            self.batches[batch.0 as usize].last = Some(id);
        }
        frame.steps.push(Step::Command(id));
        self.passes_on(frame);
        id
    }

    /// What a command gives back before it is awaited.
    pub(super) fn result_of(&self, id: CommandId, effect: &CommandEffect, sync: Option<bool>) -> Value {
        let data = match sync {
            Some(true) => Data::Unknown,
            _ if self.command(id).batch.is_some() => Data::Unknown,
            _ => Data::Pending(id),
        };
        let reads = if is_read(*effect) { smallvec::smallvec![id] } else { smallvec::SmallVec::new() };
        Value { data, reads, ..Value::default() }
    }

    pub(super) fn typed_by_turbofish(&self, frame: &Frame, value: Value, call: &MethodCall) -> Value {
        let ty = call
            .turbofish
            .iter()
            .map(|ty| self.world.ty(ty, &frame.types))
            .rfind(|ty| !ty.is_unknown())
            .unwrap_or_default();
        value.with_ty(ty)
    }

    /// `con.get::<_, String>(key)`, `client.get::<String, _>(key)`: which of the types is the result's differs by client.
    /// One that may be nothing is; else one that is no text, as keys are; else the last.
    pub(super) fn typed_by_method(&self, frame: &Frame, value: Value, call: &MethodCall) -> Value {
        let types = call.turbofish.iter().map(|ty| self.world.ty(ty, &frame.types)).filter(|ty| !ty.is_unknown());
        let best = types.enumerate().max_by_key(|(at, ty)| {
            let absent = matches!(ty.last(), Some("Option" | "Value"));
            (absent, !super::request::is_text(ty), *at)
        });
        value.with_ty(best.map(|(_, ty)| ty).unwrap_or_default())
    }

    pub(super) fn building(
        &self,
        client: ClientId,
        name: Option<Value>,
        args: Vec<Argument>,
        frame: &Frame,
        name_span: crate::text::Span,
        method: Option<(Name, usize)>,
    ) -> Value {
        let literal = name_span_is_literal(&name, self.written(frame, name_span)) || method.is_some();
        let building = Building { client, name, args, file: frame.file, name_span, literal, method };
        let ty = self.world.catalogue.type_of_kind(client, TypeKind::Command);
        Value {
            ty: ty.map_or(Ty::Unknown, |spec| plain(&spec.path)),
            data: Data::Command(Rc::new(building)),
            ..Value::default()
        }
    }

    pub(super) fn command_name(&self, id: CommandId) -> Option<String> {
        match &self.command(id).form {
            Form::Method { spec, .. } => Some(spec.command.to_string()),
            Form::Raw { name } => name.as_ref()?.as_text().map(str::to_ascii_uppercase),
            Form::Script { .. } => Some("EVAL".to_owned()),
            Form::Attribute { command, .. } => Some((*command).to_owned()),
        }
    }
}

/// Whether the token that a command is reported at is its name as a literal.
fn name_span_is_literal(name: &Option<Value>, written: &str) -> bool {
    name.is_none() || written.starts_with(['"', 'r', 'b'])
}

/// The elements of an argument that holds several.
pub(crate) fn expand(argument: &Argument) -> Vec<Argument> {
    let with = |value: &Value| Argument { value: value.clone(), ..argument.clone() };
    match &argument.value.data {
        Data::List { items, complete: true } => items.iter().flat_map(|item| expand(&with(item))).collect(),
        Data::Tuple(items) => items.iter().flat_map(|item| expand(&with(item))).collect(),
        Data::Variant(name, inner) if name == "Some" => inner.iter().flat_map(|item| expand(&with(item))).collect(),
        Data::Variant(name, _) if name == "None" => Vec::new(),
        _ => vec![argument.clone()],
    }
}

fn is_read(effect: CommandEffect) -> bool {
    matches!(
        effect,
        CommandEffect::Read
            | CommandEffect::ReadTtl
            | CommandEffect::Meta
            | CommandEffect::CollectionRead
            | CommandEffect::CollectionReadTtl
            | CommandEffect::Delete
    )
}
