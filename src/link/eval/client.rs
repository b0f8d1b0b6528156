//! What a client's functions and methods do: connections, commands that are methods, options.

use std::rc::Rc;

use super::call::Site;
use super::command::expand;
use super::method::plain;
use super::{Evaluator, Frame};
use crate::clients::{ClientId, Maker, MethodSpec, TypeKind};
use crate::facts::expr::MethodCall;
use crate::facts::{Expr, Name, Path};
use crate::finding::Confidence;
use crate::inventory::{GuardKind, Via};
use crate::link::trace::{Batch, Form, Step};
use crate::link::ty::Ty;
use crate::link::value::{Argument, Building, Data, Script, Value};

impl<'a> Evaluator<'a> {
    /// A free or associated function of a client: `redis::cmd("SET")`, `redis::pipe()`, `AsyncCommands::set(con, k, v)`.
    pub(super) fn client_call(
        &mut self,
        frame: &mut Frame,
        path: &Name,
        written: &'a Path,
        args: &'a [Expr],
        site: &Site<'_>,
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
        if let Some(value) = self.entity_function(frame, path, written, args, site) {
            return Some(value);
        }
        let maker = catalogue.maker(path)?;
        let client = catalogue.client_of_path(path)?;
        Some(match maker {
            Maker::Type(ty) => {
                let arguments = self.arguments(frame, args);
                let made = Ty::External(ty.clone(), self.made_args(&ty, written, frame, &arguments));
                let name = crate::link::ty::last_segment(path);
                if !matches!(name, "builder" | "default" | "from") {
                    self.opens(frame, &made, site, (name, &arguments), args.first());
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
        site: &Site<'_>,
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
                    let asked = (call.name.as_str(), given.as_slice());
                    self.opens(frame, &Ty::external(yielded), site, asked, Some(&call.receiver));
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
                    None => self
                        .command_method(frame, spec.client, &call.name, args, site, spec.sync)
                        .map(|value| self.typed_by_method(frame, value, call)),
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
            TypeKind::Command if spec.run_by.contains(&call.name) && self.is_callers_command(receiver) => {
                self.arguments(frame, &call.args);
                self.passes_on(frame);
                Some(Value::unknown())
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
        site: &Site<'_>,
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

    pub(super) fn on_options(&mut self, frame: &mut Frame, receiver: Value, call: &'a MethodCall) -> Value {
        let Data::Options(path, calls) = &receiver.data else { return Value::unknown() };
        let args = self.arguments(frame, &call.args);
        let mut calls = calls.to_vec();
        calls.push((call.name.clone(), args.into_iter().map(|arg| arg.value).collect()));
        let value = Value { data: Data::Options(path.clone(), calls.into()), ..receiver.clone() };
        self.write_back(frame, call, &value);
        value
    }

    /// A method that looks like a command on a receiver of unknown or foreign type, in a scope that has a client's traits.
    pub(super) fn by_shape(
        &mut self,
        frame: &mut Frame,
        receiver: &Value,
        call: &'a MethodCall,
        site: &Site<'_>,
        used: bool,
    ) -> Option<Value> {
        if !self.world.catalogue.any_method(&call.name) {
            return None;
        }
        let clients = self.world.resolver.client_traits(frame.module);
        for client in clients {
            let Some(spec) = self.method_spec(frame, client, &call.name, call.args.len()) else { continue };
            let sounds = sounds_like_connection(&receiver.name) || sounds_like_connection(site.receiver);
            if !(spec.distinctive || (used && sounds) || self.is_foreign_connection(&receiver.ty)) {
                continue;
            }
            let args = self.arguments(frame, &call.args);
            let value = self.command_method(frame, client, &call.name, args, site, None)?;
            if let Some(Step::Command(id)) = frame.steps.last() {
                self.commands[id.0 as usize].confidence = Confidence::Likely;
            }
            return Some(self.typed_by_method(frame, value, call));
        }
        None
    }
}

/// Names that connections have. Only ever used together with other evidence.
fn sounds_like_connection(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let last = lower.rsplit(['.', ':']).next().unwrap_or(&lower);
    last.starts_with("con") || ["redis", "valkey", "rds", "cache", "kv"].iter().any(|word| last.contains(word))
}
