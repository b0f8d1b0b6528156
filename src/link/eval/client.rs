//! What a client's functions and methods do: connections, commands, pipelines, scripts, options.

use std::rc::Rc;

use super::call::Site;
use super::method::plain;
use super::{Evaluator, Frame};
use crate::clients::{ClientId, CommandEffect, Maker, MethodSpec, TypeKind};
use crate::facts::expr::MethodCall;
use crate::facts::{Expr, Name, Path};
use crate::finding::Confidence;
use crate::inventory::{GuardKind, Via};
use crate::link::trace::{Batch, Command, Form, Step};
use crate::link::ty::Ty;
use crate::link::value::{Argument, BatchId, Building, CommandId, Data, Script, Value};

impl<'a> Evaluator<'a> {
    /// A free or associated function of a client: `redis::cmd("SET")`, `redis::pipe()`, `AsyncCommands::set(con, k, v)`.
    pub(super) fn client_call(
        &mut self,
        frame: &mut Frame,
        path: &Name,
        written: &'a Path,
        args: &'a [Expr],
        site: &Site,
    ) -> Option<Value> {
        let catalogue = self.world.catalogue;
        if let Some((owner, method)) = path.rsplit_once("::")
            && let Some(spec) = catalogue.trait_spec(owner)
        {
            let arguments = self.arguments(frame, args);
            let (receiver, rest) = arguments.split_first()?;
            let batch = match receiver.value.data {
                Data::Batch(id) => Some(id),
                _ => None,
            };
            let method_spec = self.method_spec(frame, spec.client, method, rest.len())?;
            let id = self.push_command(
                frame,
                site,
                spec.client,
                Form::Method { own_args: rest.len(), spec: method_spec.clone() },
                rest.to_vec(),
                if batch.is_some() { Via::Pipeline } else { Via::Ufcs },
                batch,
            );
            self.commands[id.0 as usize].spelled = method.into();
            let (_, cluster) = self.connection_facts(&receiver.value);
            self.runs_as(frame, frame.steps.len() - 1, spec.sync, cluster);
            return Some(self.result_of(id, &method_spec.effect, spec.sync));
        }
        let maker = catalogue.maker(path)?;
        let client = catalogue.client_of_path(path)?;
        Some(match maker {
            Maker::Type(ty) => {
                let arguments = self.arguments(frame, args);
                let made = Ty::External(ty.clone(), self.made_args(&ty, written, frame, &arguments));
                let name = crate::link::ty::last_segment(path);
                if !matches!(name, "builder" | "default" | "from") {
                    self.opens(frame, &made, site, name, &arguments);
                }
                self.made(made)
            }
            Maker::Command => {
                let arguments = self.arguments(frame, args);
                let mut arguments = arguments.into_iter();
                let name = arguments.next()?;
                // The command's name token; a name that is no literal is reported at the call.
                let name_span =
                    if name.value.as_text().is_some() && name.file == frame.file { name.span } else { site.name };
                let rest = arguments.flat_map(|argument| expand(&argument)).collect();
                self.building(client, Some(name.value), rest, frame, name_span, None)
            }
            Maker::EmptyCommand => {
                self.arguments(frame, args);
                self.building(client, None, Vec::new(), frame, site.name, None)
            }
            Maker::Method => {
                let arguments = self.arguments(frame, args);
                let count = arguments.len();
                let method = crate::link::ty::last_segment(path).into();
                self.building(client, None, arguments, frame, site.name, Some((method, count)))
            }
            Maker::Line => {
                let items = self.arguments(frame, args).into_iter().map(|argument| argument.value).collect();
                super::expr::list(items)
            }
            Maker::Sends => {
                let version = self.version(frame, client);
                let spec = Rc::new(catalogue.function(path, version, args.len())?.clone());
                let arguments = self.arguments(frame, args);
                let form = Form::Method { own_args: arguments.len(), spec: spec.clone() };
                let id = self.push_command(frame, site, client, form, arguments, Via::Method, None);
                self.commands[id.0 as usize].spelled = spec.name.clone();
                self.result_of(id, &spec.effect, None)
            }
            Maker::Script => {
                let arguments = self.arguments(frame, args);
                let text = arguments.first().and_then(|text| text.value.as_text()).map(str::to_owned);
                self.script_value(client, text, site)
            }
            Maker::Transaction => {
                let arguments = self.arguments(frame, args);
                let connection = arguments.first().map(|a| a.value.clone()).unwrap_or_default();
                let pipe_ty =
                    catalogue.type_of_kind(client, TypeKind::Batch).map_or(Ty::Unknown, |spec| plain(&spec.path));
                let pipe = self.new_batch(Batch { atomic: Some(true), run: true, ..Batch::default() }, pipe_ty);
                for argument in &arguments {
                    if let Data::Closure(id) = argument.value.data {
                        self.call_closure(frame, id, vec![connection.clone(), pipe.clone()]);
                    }
                }
                Value::unknown()
            }
        })
    }

    /// Type arguments of what a maker makes: those written, or the manager that is given.
    fn made_args(&self, _ty: &Name, written: &Path, frame: &Frame, arguments: &[Argument]) -> Rc<[Ty]> {
        let owner = written.segments.len().checked_sub(2).and_then(|at| written.segments.get(at));
        if let Some(owner) = owner.filter(|owner| !owner.args.is_empty()) {
            return owner.args.iter().map(|arg| self.world.ty(arg, &frame.types)).collect();
        }
        arguments.iter().map(|arg| arg.value.ty.clone()).filter(|ty| self.is_manager(ty)).take(1).collect()
    }

    fn is_manager(&self, ty: &Ty) -> bool {
        match self.world.client_type(ty) {
            Some(spec) => spec.kind == TypeKind::Manager || !spec.pooled.is_empty(),
            None => matches!(ty, Ty::Adt(..)) && self.world.managed("", ty).is_some(),
        }
    }

    /// A fresh value of a client's type.
    pub(super) fn made(&mut self, ty: Ty) -> Value {
        let Some(spec) = self.world.client_type(&ty) else { return Value::typed(ty) };
        match spec.kind {
            TypeKind::Batch => {
                let atomic = Some(spec.atomic);
                self.new_batch(Batch { atomic, ..Batch::default() }, ty)
            }
            TypeKind::Options => Value { data: Data::Options(spec.path.clone(), Rc::from([])), ty, ..Value::default() },
            _ => Value::typed(ty),
        }
    }

    /// `SetOptions::default()`, `Type::new()` of a set of options, found by the type.
    pub(super) fn make_by_type(&mut self, ty: &Ty, name: &str) -> Option<Value> {
        let spec = self.world.client_type(ty)?;
        (matches!(spec.kind, TypeKind::Options | TypeKind::Batch)
            && matches!(name, "default" | "new" | "with_capacity"))
        .then(|| self.made(ty.clone()))
    }

    /// A method of a client's type. `None`: not one that it has.
    pub(super) fn client_method(
        &mut self,
        frame: &mut Frame,
        receiver: &Value,
        ty: &Ty,
        call: &'a MethodCall,
        site: &Site,
    ) -> Option<Value> {
        let spec = self.world.client_type(ty)?;
        if let Some((_, yielded)) = spec.yields.iter().find(|(name, _)| *name == call.name) {
            // `pool.get()` takes no key; where a method of that name with arguments is a command, it is the command.
            let is_command = !call.args.is_empty()
                && matches!(spec.kind, TypeKind::Connection | TypeKind::Guard)
                && self.method_spec(frame, spec.client, &call.name, call.args.len()).is_some();
            if !is_command {
                let given = self.arguments(frame, &call.args);
                if matches!(spec.kind, TypeKind::Client | TypeKind::Builder) {
                    self.opens(frame, &Ty::external(yielded), site, &call.name, &given);
                }
                let args = match ty {
                    Ty::External(_, args) => args.clone(),
                    _ => Rc::from([]),
                };
                if let Some((one, other)) = yielded.split_once(", ") {
                    return Some(Value::typed(Ty::Tuple(Rc::from([plain(one), plain(other)]))));
                }
                return Some(self.made(Ty::External(yielded.clone(), args)));
            }
        }
        match spec.kind {
            TypeKind::Connection | TypeKind::Guard | TypeKind::Client | TypeKind::PubSub => {
                let args = self.arguments(frame, &call.args);
                let from = frame.steps.len();
                let value = match self.raw_method(frame, spec.client, call, &args, site) {
                    Some(value) => Some(value),
                    None => self.command_method(frame, spec.client, &call.name, args, site, spec.sync),
                };
                self.runs_as(frame, from, spec.sync, spec.cluster);
                if value.is_some() && spec.kind == TypeKind::Client && spec.sync == Some(true) {
                    self.opens_for_itself(frame, spec.client, spec, site);
                }
                value
            }
            TypeKind::Batch => {
                // A pipeline from elsewhere: a parameter, a field.
                let value = self.new_batch(
                    Batch { foreign: true, atomic: spec.atomic.then_some(true), ..Batch::default() },
                    ty.clone(),
                );
                self.write_back(frame, call, &value);
                Some(self.on_batch(frame, value, call, site))
            }
            TypeKind::Command => {
                let value = self.building(spec.client, None, Vec::new(), frame, site.name, None);
                // Nothing is known of a command that was begun elsewhere.
                let value = match value.data {
                    Data::Command(building) => Value {
                        data: Data::Command(Rc::new(Building { name: Some(Value::unknown()), ..(*building).clone() })),
                        ..value
                    },
                    _ => value,
                };
                Some(self.on_command(frame, value, call, site))
            }
            TypeKind::Script | TypeKind::ScriptCall => {
                let script = Script { text: None, keys: Vec::new(), args: Vec::new(), name_span: site.name };
                let value =
                    Value { ty: ty.clone(), data: Data::Script(spec.client, Rc::new(script)), ..Value::default() };
                Some(self.on_script(frame, value, call, site))
            }
            TypeKind::Options => {
                let value = Value {
                    ty: ty.clone(),
                    data: Data::Options(spec.path.clone(), Rc::from([(Name::from("?"), Vec::new())])),
                    ..receiver.clone()
                };
                Some(self.on_options(frame, value, call))
            }
            TypeKind::Pool | TypeKind::GenericPool | TypeKind::Manager => {
                // Builder methods and the like; a manager that is handed over decides what the pool gives.
                let args = self.arguments(frame, &call.args);
                let manager = args.iter().map(|arg| &arg.value.ty).find(|ty| self.is_manager(ty));
                let ty = match (manager, ty) {
                    (Some(manager), Ty::External(path, _)) => Ty::External(path.clone(), Rc::from([manager.clone()])),
                    _ => ty.clone(),
                };
                Some(Value::typed(ty))
            }
            TypeKind::Entities => self.entity_method(frame, spec.client, call, site),
            TypeKind::Inert => {
                self.arguments(frame, &call.args);
                Some(Value::unknown())
            }
            TypeKind::Builder => {
                self.arguments(frame, &call.args);
                Some(Value::typed(ty.clone()))
            }
            TypeKind::GenericGuard
            | TypeKind::TtlValue
            | TypeKind::ConditionValue
            | TypeKind::ValueWrapper
            | TypeKind::ValueDerive => None,
        }
    }

    /// The client's version in the package at hand.
    pub(super) fn version(&mut self, frame: &Frame, client: ClientId) -> Option<[u32; 3]> {
        let package_id = self.world.index.module(frame.module).package;
        if let Some(known) = self.client_versions.get(&(package_id, client)) {
            return *known;
        }
        let found = self.world.workspace.package(package_id).and_then(|package| {
            package.dependencies.iter().find_map(|dependency| {
                let version = dependency.version.as_deref()?;
                self.world.catalogue.version_of(client, &dependency.package, version)
            })
        });
        self.client_versions.insert((package_id, client), found);
        found
    }

    pub(super) fn method_spec(
        &mut self,
        frame: &Frame,
        client: ClientId,
        name: &str,
        args: usize,
    ) -> Option<Rc<MethodSpec>> {
        let version = self.version(frame, client);
        self.world.catalogue.method(client, version, name, args).cloned().map(Rc::new)
    }

    /// A command method on a connection.
    pub(super) fn command_method(
        &mut self,
        frame: &mut Frame,
        client: ClientId,
        name: &Name,
        args: Vec<Argument>,
        site: &Site,
        sync: Option<bool>,
    ) -> Option<Value> {
        let spec = self.method_spec(frame, client, name, args.len())?;
        let own_args = args.len();
        // Closures given to a subscription run for each message.
        self.run_closures(frame, &args);
        let form = Form::Method { own_args, spec: spec.clone() };
        let id = self.push_command(frame, site, client, form, args, Via::Method, None);
        if spec.lock {
            frame.steps.push(Step::Guard { kind: GuardKind::RedisLock, place: frame.place(site.name) });
        }
        self.commands[id.0 as usize].spelled = name.clone();
        Some(self.result_of(id, &spec.effect, sync))
    }

    /// Methods of a connection that take a whole command: `req_packed_command(&cmd)`, `send(cmd)`, `custom(cmd!(…), args)`.
    fn raw_method(
        &mut self,
        frame: &mut Frame,
        client: ClientId,
        call: &'a MethodCall,
        args: &[Argument],
        site: &Site,
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
                Site { name: name.span, ..site.clone() }
            } else {
                site.clone()
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
            Data::Unknown if ready.value.parameter => Some(Value::unknown()),
            // A command that was made out of sight.
            Data::Unknown => Some(self.run_raw(frame, client, None, Vec::new(), site)),
            _ => None,
        }
    }

    fn run_raw(
        &mut self,
        frame: &mut Frame,
        client: ClientId,
        name: Option<Value>,
        args: Vec<Argument>,
        site: &Site,
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
    fn run_building(&mut self, frame: &mut Frame, building: &Building, site: &Site, batch: Option<BatchId>) -> Value {
        let site = Site { name: building.name_span, ..site.clone() };
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
        site: &Site,
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
        site: &Site,
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

    pub(super) fn on_batch(&mut self, frame: &mut Frame, receiver: Value, call: &'a MethodCall, site: &Site) -> Value {
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
            let site = Site { name: name_span, ..site.clone() };
            self.push_command(frame, &site, spec.client, form, rest.to_vec(), Via::Pipeline, Some(id));
            return receiver;
        }
        if let Some(Data::Command(building)) = args.first().map(|arg| &arg.value.data) {
            self.run_building(frame, building, site, Some(id));
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

    pub(super) fn on_script(&mut self, frame: &mut Frame, receiver: Value, call: &'a MethodCall, site: &Site) -> Value {
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

    fn run_script(&mut self, frame: &mut Frame, client: ClientId, script: &Script, site: &Site) -> Value {
        let keys = script.keys.len();
        let args: Vec<Argument> = script.keys.iter().chain(&script.args).cloned().collect();
        let form = Form::Script { text: script.text.clone(), keys };
        let id = self.push_command(frame, site, client, form, args, Via::Script, None);
        self.result_of(id, &CommandEffect::Script, None)
    }

    pub(super) fn on_options(&mut self, frame: &mut Frame, receiver: Value, call: &'a MethodCall) -> Value {
        let Data::Options(path, calls) = &receiver.data else { return Value::unknown() };
        let args = self.arguments(frame, &call.args);
        let mut calls = calls.to_vec();
        calls.push((call.name.clone(), args.into_iter().map(|arg| arg.value).collect()));
        let value = Value { data: Data::Options(path.clone(), calls.into()), ..receiver.clone() };
        self.write_back(frame, call, &value);
        value
    }

    /// A method that looks like a command on a receiver of unknown type, in a scope that has a client's traits.
    pub(super) fn by_shape(
        &mut self,
        frame: &mut Frame,
        receiver: &Value,
        call: &'a MethodCall,
        site: &Site,
        used: bool,
    ) -> Option<Value> {
        if !self.world.catalogue.any_method(&call.name) {
            return None;
        }
        let clients = self.world.resolver.client_traits(frame.module);
        for client in clients {
            let Some(spec) = self.method_spec(frame, client, &call.name, call.args.len()) else { continue };
            let sounds = sounds_like_connection(&receiver.name) || sounds_like_connection(&site.receiver);
            if !(spec.distinctive || (used && sounds)) {
                continue;
            }
            let args = self.arguments(frame, &call.args);
            let value = self.command_method(frame, client, &call.name, args, site, None)?;
            if let Some(Step::Command(id)) = frame.steps.last() {
                self.commands[id.0 as usize].confidence = Confidence::Likely;
            }
            return Some(value);
        }
        None
    }

    #[allow(clippy::too_many_arguments, reason = "one place where all parts of a command come together")]
    pub(super) fn push_command(
        &mut self,
        frame: &mut Frame,
        site: &Site,
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
        site: &Site,
        file: crate::finding::FileId,
        client: ClientId,
        form: Form,
        args: Vec<Argument>,
        via: Via,
        batch: Option<BatchId>,
    ) -> CommandId {
        let args = args.into_iter().map(|argument| self.as_sent(argument)).collect();
        let id = CommandId(u32::try_from(self.commands.len()).unwrap_or(u32::MAX));
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
            receiver: site.receiver.clone(),
            confidence: Confidence::Certain,
            blocking: None,
            runs_on: frame.runs_on,
            awaited: site.used && !frame.lazy,
            cluster: false,
            spelled: "cmd".into(),
        });
        if let Some(batch) = batch {
            self.batches[batch.0 as usize].last = Some(id);
        }
        frame.steps.push(Step::Command(id));
        if let Some(function) = frame.function
            && self.mode == super::Mode::Survey
        {
            self.survey.direct.insert(function);
        }
        id
    }

    /// What a command gives back before it is awaited.
    fn result_of(&self, id: CommandId, effect: &CommandEffect, sync: Option<bool>) -> Value {
        let data = match sync {
            Some(true) => Data::Unknown,
            _ if self.command(id).batch.is_some() => Data::Unknown,
            _ => Data::Pending(id),
        };
        let reads = if is_read(*effect) { smallvec::smallvec![id] } else { smallvec::SmallVec::new() };
        Value { data, reads, ..Value::default() }
    }

    fn typed_by_turbofish(&self, frame: &Frame, value: Value, call: &MethodCall) -> Value {
        let ty = call
            .turbofish
            .iter()
            .map(|ty| self.world.ty(ty, &frame.types))
            .rfind(|ty| !ty.is_unknown())
            .unwrap_or_default();
        value.with_ty(ty)
    }

    fn building(
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

    fn script_value(&self, client: ClientId, text: Option<String>, site: &Site) -> Value {
        let script = Script { text, keys: Vec::new(), args: Vec::new(), name_span: site.name };
        let ty = self.world.catalogue.type_of_kind(client, TypeKind::Script);
        Value {
            ty: ty.map_or(Ty::Unknown, |spec| plain(&spec.path)),
            data: Data::Script(client, Rc::new(script)),
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

/// Names that connections have. Only ever used together with other evidence.
fn sounds_like_connection(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let last = lower.rsplit(['.', ':']).next().unwrap_or(&lower);
    last.starts_with("con") || ["redis", "valkey", "rds", "cache", "kv"].iter().any(|word| last.contains(word))
}

impl MethodCall {
    /// `pipe().atomic()`: called on a value that was just made, so it holds wherever it stands.
    fn receiver_is_fresh(&self) -> bool {
        matches!(self.receiver.kind, crate::facts::ExprKind::Call(..))
    }
}
