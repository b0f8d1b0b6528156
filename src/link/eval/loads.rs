//! What fetches data from elsewhere, and what lets only one caller in. Only ever read on the way from a miss to a write.

use super::local::local_type;
use super::store::sounds_like_clearing;
use super::{Evaluator, Frame, signals};
use crate::facts::{Expr, Name};
use crate::inventory::{GuardKind, LoadKind};
use crate::link::trace::Step;
use crate::link::ty::{Ty, last_segment};
use crate::link::value::{Data, Value};
use crate::stores::has;
use crate::text::Span;

/// Awaited calls that fetch nothing.
const WAITS: &[&str] = &[
    "sleep",
    "sleep_until",
    "lock",
    "read",
    "write",
    "acquire",
    "acquire_owned",
    "send",
    "recv",
    "next",
    "join",
    "timeout",
    "commit",
    "rollback",
    "begin",
    "execute",
    "publish",
    "emit",
    "notify",
    "notified",
    "wait",
    "tick",
    "changed",
    "flush",
    "shutdown",
    "close",
    "connect",
    "ready",
    "closed",
    "cancelled",
    "yield_now",
    "spawn",
    "spawn_blocking",
    "write_all",
    "get_connection",
    "get_multiplexed_async_connection",
    "get_async_connection",
    "json",
    "text",
    "bytes",
    "clone",
    "await",
    "map_err",
    "log",
    "insert",
    "push",
    "record",
    "observe",
    "increment",
    "unlock",
    "release",
    "drop",
    "abort",
    "new",
    "build",
    "init",
    "delete",
    "update",
    "save",
    "invalidate",
    "expect",
    "unwrap",
    "ping",
    "serve",
    "run",
    "start",
    "stop",
    "check",
];

impl<'a> Evaluator<'a> {
    /// A call that is neither of the workspace nor a client's: does it load, does it guard?
    pub(super) fn unresolved_call(
        &mut self,
        frame: &mut Frame,
        name: &Name,
        span: Span,
        used: bool,
        receiver: Option<&Value>,
    ) {
        let short = last_segment(name);
        if let Some(kind) = signals::of_call(short, receiver.is_some()) {
            self.show(frame, kind, span);
            return;
        }
        if let Some(kind) = guard_kind(short, receiver) {
            let holds_connection = receiver
                .is_some_and(|value| self.world.chain(&value.ty).iter().any(|ty| self.world.client_type(ty).is_some()));
            if !holds_connection {
                frame.steps.push(Step::Guard { kind, place: frame.place(span) });
            }
            return;
        }
        // What a web framework's middleware stands before: the answer that is cached comes from there.
        if used && short == "run" && receiver.is_some_and(|value| value.ty.last() == Some("Next")) {
            let place = frame.place(span);
            frame.steps.push(Step::Load { kind: LoadKind::Unresolved, place, name: "next.run".to_owned() });
            return;
        }
        let collection = receiver.is_some_and(|value| {
            matches!(value.data, Data::List { .. } | Data::Text(_))
                || matches!(value.ty, Ty::List(_))
                || value.ty.last().is_some_and(|name| {
                    matches!(name, "Vec" | "HashMap" | "BTreeMap" | "HashSet" | "VecDeque" | "String" | "str")
                })
        });
        if receiver.is_some() && !collection {
            for store in self.stores(frame).iter() {
                if used && has(&store.fetch, short) {
                    let kind = if store.remote { LoadKind::Remote } else { LoadKind::Database };
                    frame.steps.push(Step::Load { kind, place: frame.place(span), name: short.to_owned() });
                    self.note_load(frame, kind, span);
                    return;
                }
            }
        }
        let written = receiver.map_or("", |value| value.name.as_str());
        // What clears the copies of this process clears no other.
        let local = receiver.is_some_and(|value| self.world.chain(&value.ty).iter().any(|ty| local_type(ty).is_some()));
        if !collection && !local && sounds_like_clearing(short, written) {
            frame.steps.push(Step::Unseen { place: frame.place(span), name: short.to_owned() });
        }
    }

    /// `call(…).await` of something out of sight: likely a load, unless its name says otherwise.
    pub(super) fn awaited(&mut self, frame: &mut Frame, inner: &'a Expr, value: Value) -> Value {
        use crate::facts::ExprKind;
        let (name, span): (&str, Span) = match &inner.kind {
            ExprKind::Method(call) => (&call.name, call.name_span),
            ExprKind::Call(callee, _) => match &callee.kind {
                ExprKind::Path(path) => match path.last() {
                    Some(last) => (&last.name, last.span),
                    None => return self.settled(value),
                },
                _ => return self.settled(value),
            },
            // A future that the caller gave: it is to run here, whatever it is.
            ExprKind::Path(path) => match path.last() {
                Some(last)
                    if value.parameter && value.reads.is_empty() && is_work(&value.ty) && !self.is_client(&value) =>
                {
                    let (place, name) = (frame.place(inner.span), last.name.to_string());
                    frame.steps.push(Step::Load { kind: LoadKind::Unresolved, place, name });
                    return self.settled(value);
                }
                _ => return self.settled(value),
            },
            _ => return self.settled(value),
        };
        // Only what nothing else explained: no command, no known call, no load noted for this very place.
        let explained = matches!(value.data, Data::Pending(_))
            || !value.reads.is_empty()
            || !value.name.is_empty()
            || self.world.client_type(&value.ty).is_some()
            || frame.steps.last().is_some_and(|step| step_is_at(step, span));
        let waits =
            WAITS.contains(&name) || name.starts_with("set_") || name.starts_with("is_") || name.starts_with("with_");
        if !explained && !waits && value.is_unknown() {
            let place = frame.place(span);
            frame.steps.push(Step::Load { kind: LoadKind::Unresolved, place, name: name.to_owned() });
        }
        self.settled(value)
    }
}

/// Whether what a caller gave to be awaited is work to be done, not something that goes on elsewhere.
fn is_work(ty: &Ty) -> bool {
    !matches!(ty, Ty::External(path, _) if matches!(last_segment(path), "JoinHandle" | "Receiver" | "Notified" | "Sleep"))
}

fn step_is_at(step: &Step, span: Span) -> bool {
    match step {
        Step::Load { place, .. } | Step::Guard { place, .. } => place.span == span,
        Step::Call(call) => call.place.span == span,
        Step::Branch(arms) => arms.iter().flatten().any(|step| step_is_at(step, span)),
        Step::Command(_) | Step::Spawn(_) => true,
        Step::Database(event) => event.place.span == span,
        Step::Signal { .. }
        | Step::Unseen { .. }
        | Step::Local(_)
        | Step::Message { .. }
        | Step::Pass { .. }
        | Step::Connect(_)
        | Step::Fails { .. }
        | Step::Swallowed { .. }
        | Step::Undecoded { .. }
        | Step::Hit(_)
        | Step::Miss(_)
        | Step::Loop(_)
        | Step::Inline(_)
        | Step::Asked(_)
        | Step::Leave(_) => false,
    }
}

pub(super) fn guard_kind(name: &str, receiver: Option<&Value>) -> Option<GuardKind> {
    match name {
        "lock" | "lock_owned" | "acquire_owned" => Some(GuardKind::Mutex),
        "acquire" => receiver
            .and_then(|value| value.ty.last())
            .is_none_or(|ty| ty.contains("Semaphore") || ty.contains("Lock"))
            .then_some(GuardKind::Mutex),
        "get_or_init"
        | "get_or_try_init"
        | "get_with"
        | "try_get_with"
        | "optionally_get_with"
        | "get_or_insert_with"
        | "or_insert_with_if"
        | "get_value_or_guard_async"
        | "get_or_insert_async" => Some(GuardKind::SingleFlight),
        _ => None,
    }
}
