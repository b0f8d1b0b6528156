//! Copies in this process, and messages from others: what a subscriber does with what a cache keeps.

use super::method::chain_root;
use super::places::place_name;
use super::{Evaluator, Frame, Mode};
use crate::facts::expr::MethodCall;
use crate::facts::{Expr, ExprKind};
use crate::inventory::{LocalAction, LocalEvent, MessageStep};
use crate::link::trace::Step;
use crate::link::ty::{Ty, last_segment};
use crate::link::value::Value;
use crate::text::Span;

/// Libraries whose caches live in the process.
const LIBRARIES: [&str; 9] =
    ["moka", "mini_moka", "quick_cache", "lru", "cached", "dashmap", "stretto", "foyer", "schnellru"];
/// Collections that are a cache only where they are kept in a field or static.
const MAPS: [&str; 4] = ["HashMap", "BTreeMap", "IndexMap", "DashMap"];

impl<'a> Evaluator<'a> {
    /// What a method call does with a cache of this process.
    pub(super) fn local_actions(&mut self, frame: &Frame, receiver: &Value, call: &'a MethodCall) -> Vec<LocalEvent> {
        let name = call.name.as_str();
        if matches!(name, "time_to_live" | "time_to_idle" | "expire_after") {
            self.bounded.insert(self.world.index.module(frame.module).package);
        }
        let actions: &[LocalAction] = match name {
            "get" | "get_mut" | "peek" | "cache_get" | "get_if_present" => &[LocalAction::Read],
            "insert" | "put" | "push" | "cache_set" => &[LocalAction::Fill],
            "get_with" | "try_get_with" | "optionally_get_with" | "get_or_insert_with" | "get_or_insert_async" => {
                &[LocalAction::Read, LocalAction::Fill]
            }
            "remove"
            | "invalidate"
            | "pop"
            | "cache_remove"
            | "invalidate_all"
            | "clear"
            | "cache_clear"
            | "retain"
            | "invalidate_entries_if" => &[LocalAction::Drop],
            _ => return Vec::new(),
        };
        let Some(ty) = self.world.chain(&receiver.ty).iter().find_map(local_type) else { return Vec::new() };
        let written = place_name(chain_root(&call.receiver));
        let cache = match &written {
            Some(place) if place.contains('.') => place.rsplit('.').next().unwrap_or(place).to_owned(),
            _ if !receiver.name.is_empty() => {
                last_segment(&receiver.name).rsplit('.').next().unwrap_or_default().to_owned()
            }
            Some(place) => place.clone(),
            None => return Vec::new(),
        };
        if self.mode == Mode::Survey
            && actions.contains(&LocalAction::Drop)
            && let Some(function) = frame.function
        {
            self.survey.drops.insert(function);
        }
        let bounded = ty.contains("Timed") || ty.contains("Expir") || self.is_bounded(frame);
        let place = frame.place(call.name_span);
        actions
            .iter()
            .map(|action| LocalEvent { action: *action, cache: cache.clone(), ty: ty.clone(), bounded, place })
            .collect()
    }

    fn is_bounded(&self, frame: &Frame) -> bool {
        self.bounded.contains(&self.world.index.module(frame.module).package)
    }

    /// Notes a wait for the next message of a subscription, and what may end the loop that waits.
    pub(super) fn message(&mut self, frame: &mut Frame, receiver: &Value, call: &'a MethodCall) {
        let awaits = self.world.chain(&receiver.ty).iter().find_map(|ty| {
            let spec = self.world.client_type(ty)?;
            spec.receives.contains(&call.name).then_some(spec.reconnects)
        });
        if let Some(reconnects) = awaits {
            frame.receiving = true;
            let step = MessageStep::Awaited { reconnects };
            frame.steps.push(Step::Message { step, place: frame.place(call.name_span), name: call.name.to_string() });
        }
        if frame.receiving && call.args.len() <= 1 && matches!(call.name.as_str(), "unwrap" | "expect") {
            // A lock that is poisoned is another fault, and one that has panicked already.
            let locks = matches!(&call.receiver.kind, ExprKind::Method(inner)
                if matches!(inner.name.as_str(), "lock" | "read" | "write"));
            if !locks {
                self.message_fails(frame, &call.receiver, MessageStep::Panics);
            }
        }
    }

    /// `?` behind a message that was received.
    pub(super) fn message_fails(&mut self, frame: &mut Frame, inner: &Expr, step: MessageStep) {
        if frame.receiving {
            let (span, name) = named(inner);
            frame.steps.push(Step::Message { step, place: frame.place(span), name });
        }
    }
}

/// The name token of the call that an expression is.
fn named(expr: &Expr) -> (Span, String) {
    match &expr.kind {
        ExprKind::Await(inner) | ExprKind::Try(inner) | ExprKind::Ref(inner) => named(inner),
        ExprKind::Method(call) if matches!(call.name.as_str(), "map_err" | "context" | "with_context" | "wrap_err") => {
            named(&call.receiver)
        }
        ExprKind::Method(call) => (call.name_span, call.name.to_string()),
        ExprKind::Call(callee, _) => match &callee.kind {
            ExprKind::Path(path) => path.last().map_or((expr.span, String::new()), |last| (last.span, path.text())),
            _ => (expr.span, "the call".to_owned()),
        },
        ExprKind::Path(path) => (expr.span, path.text()),
        _ => (expr.span, "the value".to_owned()),
    }
}

/// The name of a type that keeps copies in this process.
pub(super) fn local_type(ty: &Ty) -> Option<String> {
    let Ty::External(path, _) = ty else { return None };
    let (library, last) = (path.split("::").next().unwrap_or_default(), last_segment(path));
    let cache = LIBRARIES.contains(&library) && (last.contains("Cache") || last == "DashMap" || last == "LruMap");
    (cache || MAPS.contains(&last)).then(|| last.to_owned())
}
