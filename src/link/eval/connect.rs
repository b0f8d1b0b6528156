//! Connections that are opened, and how long they wait.

use std::rc::Rc;
use std::sync::Arc;

use super::call::Site;
use super::expr::is_conversion;
use super::places::place_name;
use super::{Evaluator, Frame};
use crate::clients::{ClientId, TypeKind, TypeSpec, WaitWord};
use crate::facts::expr::MethodCall;
use crate::facts::{Expr, ExprKind};
use crate::inventory::{ConnectEvent, ConnectKind, Endless};
use crate::link::trace::Step;
use crate::link::ty::{Ty, last_segment};
use crate::link::value::{Argument, BatchId, Data, Value};

impl<'a> Evaluator<'a> {
    /// Notes that `spelled` gives a connection or pool of this type; `client` is what it is asked of.
    pub(super) fn opens(
        &mut self,
        frame: &mut Frame,
        given: &Ty,
        site: &Site<'_>,
        (spelled, args): (&str, &[Argument]),
        client: Option<&'a Expr>,
    ) {
        let Some(spec) = self.world.client_type(given) else { return };
        let kind = match spec.kind {
            TypeKind::Connection | TypeKind::Guard => ConnectKind::Connection,
            TypeKind::Pool | TypeKind::GenericPool => ConnectKind::Pool,
            TypeKind::PubSub => ConnectKind::Subscriptions,
            _ => return,
        };
        let endless = match kind {
            ConnectKind::Connection => self.endless(frame, spec, spelled, args),
            _ => None,
        };
        let ty = last_segment(&spec.path).to_owned();
        let client = client.and_then(|client| self.field_of_a_type(frame, client));
        // What a cell is filled with is opened once.
        let (kept, place) = (frame.once, frame.place(site.name));
        self.connect(frame, ConnectEvent { kind, place, spelled: spelled.to_owned(), ty, endless, kept, client });
    }

    /// `Type.field` for a place like `self.client` or `state.redis.client.clone()`: the same client wherever it is asked.
    /// A trait of the project on the client's own type asks it as `self`.
    fn field_of_a_type(&mut self, frame: &mut Frame, mut expr: &'a Expr) -> Option<String> {
        loop {
            match &expr.kind {
                ExprKind::Ref(inner) | ExprKind::Deref(inner) => expr = inner,
                ExprKind::Method(call) if is_conversion(&call.name) => expr = &call.receiver,
                _ => break,
            }
        }
        if matches!(&expr.kind, ExprKind::Path(path) if path.as_ident().is_some_and(|name| name == "self")) {
            return Some("self".to_owned());
        }
        let ExprKind::Field(base, field) = &expr.kind else { return None };
        place_name(base)?;
        let owner = self.expr(frame, base).ty;
        self.world.chain(&owner).into_iter().find_map(|ty| match ty {
            Ty::Adt(def, _) if !self.world.field(&Ty::Adt(def, Rc::from([])), field).is_unknown() => {
                Some(format!("{}.{field}", self.world.index.def(def).name))
            }
            _ => None,
        })
    }

    fn connect(&mut self, frame: &mut Frame, event: ConnectEvent) {
        let event = Arc::new(event);
        if self.mode == super::Mode::Survey {
            self.survey.connections.push((frame.function, event.clone()));
        }
        frame.steps.push(Step::Connect(event));
    }

    /// Which waits have no end: those for which the client's version sets none and the call's settings neither.
    fn endless(&mut self, frame: &Frame, spec: &TypeSpec, spelled: &str, args: &[Argument]) -> Option<Endless> {
        let waits = spec.waits.as_ref()?;
        let version = self.version(frame, spec.client)?;
        let bounded_by_default = waits.bounded_since.is_some_and(|since| version >= since);
        let mut endless = Endless { connecting: !bounded_by_default, answering: !bounded_by_default };
        let settings = args.iter().find_map(|argument| match &argument.value.data {
            Data::Options(path, calls) => Some((path, calls)),
            _ => None,
        });
        if let Some((path, calls)) = settings {
            // What was set before it came here is not known.
            if calls.iter().any(|(name, _)| name == "?") {
                return None;
            }
            let setters = &self.world.catalogue.type_spec(path)?.timeout_by;
            for (name, given) in calls.iter() {
                let Some((_, which)) = setters.iter().find(|(setter, _)| setter == name) else { continue };
                let none = given.first().is_some_and(is_none);
                match which {
                    WaitWord::Connecting => endless.connecting = none,
                    WaitWord::Answering => endless.answering = none,
                }
            }
            return Some(endless);
        }
        let is_client = |argument: &Argument| {
            self.world.client_type(&argument.value.ty).is_some_and(|spec| spec.kind == TypeKind::Client)
        };
        if !args.iter().all(is_client) {
            // Durations, or settings that came from elsewhere.
            return None;
        }
        waits.plain.iter().any(|name| name == spelled).then_some(endless)
    }

    /// Whether the commands of a connection block, and whether it leads to a cluster.
    pub(super) fn connection_facts(&self, value: &Value) -> (Option<bool>, bool) {
        let specs: Vec<_> = self.world.chain(&value.ty).iter().filter_map(|ty| self.world.client_type(ty)).collect();
        (specs.iter().find_map(|spec| spec.sync), specs.iter().any(|spec| spec.cluster))
    }

    /// Says of the commands that were sent since `from` how they run.
    pub(super) fn runs_as(&mut self, frame: &mut Frame, steps_from: usize, blocking: Option<bool>, cluster: bool) {
        let sent: Vec<_> = frame.steps[steps_from.min(frame.steps.len())..]
            .iter()
            .filter_map(|step| match step {
                Step::Command(id) => Some(*id),
                _ => None,
            })
            .collect();
        for id in sent {
            let command = &mut self.commands[id.0 as usize];
            command.blocking = command.blocking.or(blocking);
            command.cluster |= cluster;
            command.awaited |= blocking == Some(true);
        }
    }

    /// Says of a batch's commands how they run, now that it is run.
    pub(super) fn batch_runs(&mut self, frame: &Frame, batch: BatchId, ty: &Ty, call: &MethodCall, args: &[Argument]) {
        let blocking = self.is_blocking(ty, &call.name);
        let own = self.world.client_type(ty).is_some_and(|spec| spec.cluster);
        let cluster = own || args.first().is_some_and(|con| self.connection_facts(&con.value).1);
        for command in self.commands.iter_mut().filter(|command| command.batch == Some(batch)) {
            command.blocking = Some(blocking);
            command.runs_on = frame.runs_on;
            command.cluster |= cluster;
        }
    }

    /// A command that is sent on a client opens a connection for itself.
    pub(super) fn opens_for_itself(&mut self, frame: &mut Frame, client: ClientId, spec: &TypeSpec, site: &Site<'_>) {
        let ty = last_segment(&spec.path).to_owned();
        let spelled = self.world.catalogue.client(client).name.to_string();
        let (kind, place, kept) = (ConnectKind::PerCommand, frame.place(site.name), frame.once);
        self.connect(frame, ConnectEvent { kind, place, spelled, ty, endless: None, kept, client: None });
    }
}

fn is_none(value: &Value) -> bool {
    matches!(&value.data, Data::Variant(name, _) if last_segment(name) == "None")
}
