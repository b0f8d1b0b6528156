//! What loads and keys depend on, in terms of a function's parameters and their fields.
//!
//! The evaluation knows what a value is; this knows which arguments it was made of, which the evaluation forgets as soon as
//! a value is unknown. It looks at the text of one function at a time and joins calls by what the survey has seen: who is
//! called where, and which calls load.

mod body;
mod flow;

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

pub(crate) use body::{Call, Calls};
pub(crate) use flow::{Source, Sources};

use super::index::FnId;
use super::ty::{Ty, last_segment};
use super::world::World;
use crate::facts::{ItemKind, Name};
use crate::finding::Place;

/// Depth of calls through which a load's arguments are followed.
const MOST_DEPTH: u8 = 6;
/// Depth of structs that are looked into.
const MOST_TYPE_DEPTH: u8 = 3;

/// What the survey has seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Functions of the workspace by the place of the call.
    pub(crate) called: FxHashMap<Place, Vec<FnId>>,
    /// Calls that ask a database or another service.
    pub(crate) loads: FxHashSet<Place>,
    /// Parameters to which every call gives one and the same constant.
    pub(crate) fixed: FxHashSet<(FnId, usize)>,
}

pub(crate) struct Inputs<'a> {
    world: &'a World<'a>,
    seen: Seen,
    calls: RefCell<FxHashMap<FnId, Rc<Calls>>>,
    loads: RefCell<FxHashMap<FnId, Rc<Sources>>>,
}

impl<'a> Inputs<'a> {
    pub(crate) fn new(world: &'a World<'a>, seen: Seen) -> Self {
        Self { world, seen, calls: RefCell::default(), loads: RefCell::default() }
    }

    /// The calls in a function's own text.
    pub(crate) fn calls(&self, id: FnId) -> Rc<Calls> {
        if let Some(known) = self.calls.borrow().get(&id) {
            return known.clone();
        }
        let definition = self.world.index.function(id);
        let calls = Rc::new(body::calls(definition.function, self.world.workspace.text(definition.file)));
        self.calls.borrow_mut().insert(id, calls.clone());
        calls
    }

    /// What the load that a call is, or that happens in its callee, asks for.
    pub(crate) fn loaded(&self, place: Place, call: &Call, loads: bool) -> Sources {
        self.loaded_at(place, call, loads, 0)
    }

    fn loaded_at(&self, place: Place, call: &Call, loads: bool, depth: u8) -> Sources {
        let mut found = Sources::default();
        if call.ambiguous {
            return found;
        }
        match self.seen.called.get(&place) {
            Some(callees) => {
                for &callee in callees.iter().take(4) {
                    for source in &self.loads_of(callee, depth + 1).0 {
                        if let Some((_, given)) = self.argument(callee, call, source.param) {
                            found.add(&given.at(&source.fields));
                        }
                    }
                }
            }
            None if loads || self.seen.loads.contains(&place) => found.add(&call.whole),
            None => {}
        }
        found
    }

    /// The argument for a parameter: with `Type::method(&value, …)` the first is the receiver.
    fn argument<'c>(&self, callee: FnId, call: &'c Call, param: usize) -> Option<&'c (crate::text::Span, flow::Flow)> {
        let function = self.world.index.function(callee).function;
        let shift = usize::from(function.has_self && call.args.len() > function.params.len());
        call.args.get(param + shift)
    }

    /// Which parameters the loads in a function, and below it, depend on.
    fn loads_of(&self, id: FnId, depth: u8) -> Rc<Sources> {
        if let Some(known) = self.loads.borrow().get(&id) {
            return known.clone();
        }
        if depth > MOST_DEPTH {
            return Rc::default();
        }
        // A function that calls itself adds nothing to what it depends on.
        self.loads.borrow_mut().insert(id, Rc::default());
        let file = self.world.index.function(id).file;
        let mut found = Sources::default();
        for (&span, call) in self.calls(id).iter() {
            found.add(&self.loaded_at(Place { file, span }, call, false, depth));
        }
        found.0.sort();
        let found = Rc::new(found);
        self.loads.borrow_mut().insert(id, found.clone());
        found
    }

    /// Whether a source is plain data that changes from call to call: no connection, no configuration, nothing that only
    /// says who asks or how long to wait.
    pub(crate) fn tells(&self, function: FnId, source: &Source) -> bool {
        if source.name.is_empty() || self.seen.fixed.contains(&(function, source.param)) || is_aside(&source.name) {
            return false;
        }
        let types = self.types(function, source);
        let Some((last, wholes)) = types.split_last() else { return false };
        !wholes.iter().any(|ty| self.is_setting(ty)) && self.is_plain(last, 0)
    }

    /// Whether a source is the id of an entity, which it is a field of. A question (`SearchRequest`) is no entity: its
    /// other fields do not follow from an id in it.
    pub(crate) fn identifies(&self, function: FnId, source: &Source) -> bool {
        let Some((last, front)) = source.fields.split_last() else { return false };
        if !matches!(last.as_str(), "id" | "uuid" | "uid" | "hash" | "digest" | "fingerprint" | "_id") {
            return false;
        }
        let types = self.types(function, source);
        let asks = |name: String| {
            ["Request", "Params", "Query", "Input", "Filter", "Filters", "Args", "Path", "Payload", "Body", "Key"]
                .iter()
                .any(|end| name.ends_with(end))
        };
        match types.get(front.len()) {
            Some(Ty::Adt(def, _)) => !asks(self.world.type_name(*def)),
            _ => false,
        }
    }

    /// Whether a source is an id of which there is one in the world.
    pub(crate) fn is_unique(&self, function: FnId, source: &Source) -> bool {
        self.types(function, source)
            .last()
            .and_then(Ty::last)
            .is_some_and(|ty| matches!(ty, "Uuid" | "Ulid" | "ObjectId"))
    }

    /// The types from a source's parameter down to itself.
    fn types(&self, function: FnId, source: &Source) -> Vec<Ty> {
        let mut types: Vec<Ty> = self.world.signature(function).params.get(source.param).cloned().into_iter().collect();
        for field in &source.fields {
            let Some(ty) = types.last() else { break };
            let inner = match ty {
                Ty::External(_, args) if field == "0" && args.len() == 1 => args[0].clone(),
                _ => self.world.field(ty, field),
            };
            types.push(inner);
        }
        types
    }

    fn is_setting(&self, ty: &Ty) -> bool {
        let name = match ty {
            Ty::Adt(def, _) => self.world.type_name(*def),
            Ty::External(path, _) => last_segment(path).to_owned(),
            _ => return false,
        };
        ["Config", "Settings", "Context", "State", "Env", "Deps", "App", "Ctx", "Claims"]
            .iter()
            .any(|end| name.ends_with(end))
    }

    fn is_plain(&self, ty: &Ty, depth: u8) -> bool {
        if depth > MOST_TYPE_DEPTH || self.is_setting(ty) {
            return false;
        }
        match ty {
            Ty::External(path, args) => match last_segment(path) {
                "Option" | "Vec" | "Cow" | "Box" | "Arc" | "HashSet" | "BTreeSet" | "Query" | "Path" | "Json"
                | "Form" => args.first().is_some_and(|ty| self.is_plain(ty, depth)),
                "bool" | "char" | "str" | "String" | "Uuid" | "Ulid" | "ObjectId" | "NaiveDate" | "NaiveDateTime"
                | "DateTime" | "OffsetDateTime" | "Date" | "Decimal" | "BigDecimal" | "SmolStr" | "CompactString"
                | "Url" => true,
                _ => ty.is_number(),
            },
            Ty::List(inner) => self.is_plain(inner, depth),
            Ty::Tuple(parts) => !parts.is_empty() && parts.iter().all(|ty| self.is_plain(ty, depth)),
            Ty::Adt(def, _) => match &self.world.index.def(*def).item.kind {
                ItemKind::Struct { fields, .. } => {
                    !fields.is_empty()
                        && fields.iter().all(|field| self.is_plain(&self.world.field(ty, &field.name), depth + 1))
                }
                ItemKind::Enum { variants, .. } => (0..variants.len()).all(|at| {
                    let fields = self.world.variant_fields(*def, u16::try_from(at).unwrap_or(u16::MAX));
                    fields.iter().all(|(_, ty)| self.is_plain(ty, depth + 1))
                }),
                _ => false,
            },
            Ty::Bounded(_) | Ty::Callable(_) | Ty::Unknown => false,
        }
    }
}

/// Names of what leads to an answer without being part of the question: credentials, limits of waiting, marks for logs,
/// the wish for a fresh answer.
fn is_aside(name: &Name) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name).to_ascii_lowercase();
    last.starts_with('_')
        || last.split('_').any(|word| {
            matches!(
                word,
                "token"
                    | "secret"
                    | "password"
                    | "credential"
                    | "credentials"
                    | "jwt"
                    | "cookie"
                    | "auth"
                    | "authorization"
                    | "bearer"
                    | "nonce"
                    | "trace"
                    | "span"
                    | "timeout"
                    | "deadline"
                    | "ttl"
                    | "expiry"
                    | "expires"
                    | "expiration"
                    | "retry"
                    | "retries"
                    | "attempt"
                    | "attempts"
                    | "force"
                    | "refresh"
                    | "bypass"
                    | "fresh"
                    | "now"
                    | "metrics"
                    | "url"
                    | "endpoint"
                    | "host"
                    | "pool"
                    | "conn"
                    | "client"
            )
        })
        || matches!(last.as_str(), "api_key" | "request_id" | "req_id" | "correlation_id" | "user_agent" | "reason")
}
