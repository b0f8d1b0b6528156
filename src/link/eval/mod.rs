//! Evaluates functions over symbolic values: what is a key, what is a TTL, which calls are commands, in which order.
//!
//! Every function is evaluated once with unknown parameters; a call of a function that can reach Redis, or that only
//! computes a value, is evaluated with the caller's arguments. Results are remembered, depth and work are bounded.

mod attribute;
mod batch;
mod call;
mod capture;
mod client;
mod combinators;
mod command;
mod connect;
mod control;
mod durations;
mod encode;
mod entity;
mod expr;
mod follow;
mod foreign;
mod frame;
mod leaves;
mod loads;
mod local;
mod lost;
mod macros;
mod method;
mod models;
mod operators;
mod origins;
mod passes;
mod path;
mod pattern;
mod places;
mod request;
mod rows;
mod signals;
mod std_calls;
mod std_methods;
mod store;
mod swallowed;
mod text;
mod wanted;

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::index::{DefId, FnId, ModuleId};
use super::resolve::Res;
use super::trace::{Batch, Command, Outcome};
use super::ty::Ty;
use super::value::{BatchId, CommandId, Data, Value};
use super::world::{TypeScope, World};
use crate::facts::{Name, Path};
use crate::inventory::{LoadKind, RunsOn};
use crate::provenance::Provenance;
pub(crate) use command::expand as client_expand;
pub(crate) use frame::Frame;
pub(crate) use lost::type_path;

/// Depth of calls that are followed with the caller's arguments.
const MOST_CALL_DEPTH: u32 = 12;
/// Expressions that one root function may cost before calls are no longer followed.
const MOST_WORK_PER_ROOT: u64 = 400_000;
/// Expressions that all evaluations of one function may cost, callees included, before its callers are no longer told
/// apart by what they read and how they name it.
const MOST_WORK_PER_FUNCTION: u64 = 20_000;
/// Functions that cost less always see their caller's values: where a wrapper is called, key and TTL are decided.
const SMALL_WORK: u64 = 500;

/// How far calls are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Not at all: finds each function's own commands and whom it calls.
    Survey,
    /// Into everything that can reach Redis or computes a value.
    Follow,
}

/// What paths stand for, by where they are read and which of the facts' paths it is.
type Meanings = FxHashMap<(ModuleId, *const Path), Rc<[Res]>>;

pub(crate) struct Evaluator<'a> {
    pub(crate) world: &'a World<'a>,
    pub(crate) mode: Mode,
    pub(crate) commands: Vec<Command>,
    pub(crate) batches: Vec<Batch>,
    closures: capture::Closures<'a>,
    passes: passes::Passes<'a>,
    memo: FxHashMap<Call, Rc<Outcome>>,
    busy: FxHashSet<FnId>,
    /// What the evaluations of each function have cost so far.
    spent: FxHashMap<FnId, u64>,
    depth: u32,
    work: u64,
    constants: FxHashMap<DefId, Value>,
    busy_constants: FxHashSet<DefId>,
    /// From the survey: functions that can reach a command, and what the others load.
    pub(crate) reaches: FxHashSet<FnId>,
    pub(crate) loads: FxHashMap<FnId, LoadKind>,
    /// Filled by the survey.
    pub(crate) survey: Survey,
    field_constants: FxHashMap<(DefId, Name), Option<Value>>,
    client_versions: FxHashMap<(crate::source::PackageId, crate::clients::ClientId), Option<[u32; 3]>>,
    /// Packages that bound the life of what their own caches keep.
    bounded: FxHashSet<crate::source::PackageId>,
    /// The databases that each package uses.
    stores: FxHashMap<crate::source::PackageId, Rc<[&'a crate::stores::Store]>>,
    /// Database clients of the rule file.
    /// What the entities of a database stand for, by their module.
    models: FxHashMap<String, Ty>,
    declared_stores: &'a [crate::policy::DeclaredStore],
    /// What paths in bodies stand for.
    paths: RefCell<Meanings>,
    /// What SQL texts do.
    accesses: FxHashMap<String, crate::stores::Access>,
    /// Where values were lost.
    pub(crate) losses: super::losses::Losses,
    /// Where the first part of the expression at hand was lost.
    lost: crate::loss::Lost,
    /// The expression that was evaluated last.
    at: Option<crate::finding::Place>,
    /// What the rule file says of names.
    pub(crate) declared: super::declared::Declared<'a>,
    /// Statements whose text could not be read, and in which function.
    pub(crate) unread: Vec<super::Unread>,
    /// From the survey: functions with a database statement in them or below.
    pub(crate) stated: FxHashSet<FnId>,
    /// From the survey: functions that count or log something, themselves or below.
    pub(crate) shown: signals::Shown,
}

/// What the survey learns.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// Where, and which calls load.
    pub(crate) seen: crate::link::inputs::Seen,
    /// Who calls whom.
    pub(crate) edges: FxHashMap<FnId, FxHashSet<FnId>>,
    /// Functions with commands of their own.
    pub(crate) direct: FxHashSet<FnId>,
    /// Functions that load something themselves.
    pub(crate) loads: FxHashMap<FnId, LoadKind>,
    /// Functions that run database statements themselves, and those that write.
    pub(crate) statements: FxHashSet<FnId>,
    pub(crate) writes: FxHashSet<FnId>,
    /// Functions that count or log something themselves.
    pub(crate) shown: signals::Shown,
    /// Functions that drop copies of this process.
    pub(crate) drops: FxHashSet<FnId>,
    /// Values that struct expressions give to fields.
    pub(crate) field_values: FxHashMap<(DefId, Name), Vec<FieldValue>>,
    /// Connections that are opened, and in which function.
    pub(crate) connections: Vec<(Option<FnId>, std::sync::Arc<crate::inventory::ConnectEvent>)>,
    /// Where values that struct expressions give to fields, and calls to parameters, were lost.
    pub(crate) field_losses: FxHashMap<(DefId, Name), crate::loss::Lost>,
    pub(crate) argument_losses: FxHashMap<(FnId, usize), crate::loss::Lost>,
    /// Constants that calls give to parameters; `None` when some call gives anything else.
    pub(crate) argument_values: FxHashMap<(FnId, usize), Option<Vec<Value>>>,
}

/// What a struct expression gives to a field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum FieldValue {
    Constant(Value),
    /// The parameter of a constructor.
    Parameter(FnId, usize),
    Other,
}

/// A function, `self`, the arguments, and where these were lost.
type Call = (FnId, Value, Vec<Value>, Vec<Option<usize>>);

impl<'a> Evaluator<'a> {
    pub(crate) fn new(world: &'a World<'a>, options: super::LinkOptions<'a>) -> Self {
        Self {
            world,
            mode: Mode::Survey,
            commands: Vec::new(),
            batches: Vec::new(),
            closures: capture::Closures::default(),
            passes: passes::Passes::default(),
            memo: FxHashMap::default(),
            busy: FxHashSet::default(),
            spent: FxHashMap::default(),
            depth: 0,
            work: 0,
            constants: FxHashMap::default(),
            busy_constants: FxHashSet::default(),
            reaches: FxHashSet::default(),
            loads: FxHashMap::default(),
            survey: Survey::default(),
            field_constants: FxHashMap::default(),
            client_versions: FxHashMap::default(),
            bounded: FxHashSet::default(),
            stores: FxHashMap::default(),
            models: FxHashMap::default(),
            declared_stores: options.stores,
            losses: super::losses::Losses::default(),
            lost: crate::loss::Lost::default(),
            at: None,
            declared: super::declared::Declared::new(options.values),
            unread: Vec::new(),
            paths: RefCell::default(),
            accesses: FxHashMap::default(),
            stated: FxHashSet::default(),
            shown: signals::Shown::default(),
        }
    }

    /// Ends the survey: forgets what was evaluated without following calls.
    pub(crate) fn follow(&mut self) {
        self.mode = Mode::Follow;
        self.commands.clear();
        self.batches.clear();
        self.closures.clear();
        self.memo.clear();
        self.spent.clear();
        self.constants.clear();
    }

    /// Evaluates a function with unknown parameters.
    pub(crate) fn root(&mut self, id: FnId) -> Rc<Outcome> {
        self.work = 0;
        let signature = self.world.signature(id);
        let function = self.world.index.function(id).function;
        let own = signature.scope.self_ty.clone().unwrap_or_default();
        let self_value = Value::typed(own).named("self");
        let args = function
            .params
            .iter()
            .zip(&signature.params)
            .map(|(param, ty)| {
                let mut value = Value::typed(ty.clone());
                value.name = pattern::name_of(&param.pat);
                value.parameter = true;
                super::eval::request::received(value)
            })
            .collect();
        self.evaluate(id, self_value, args)
    }

    /// Evaluates a call of a function, with what its caller gives as long as that is not too dear.
    pub(crate) fn evaluate_call(&mut self, id: FnId, self_value: Value, args: Vec<Value>) -> Rc<Outcome> {
        let dear = self.spent.get(&id).is_some_and(|&spent| spent > MOST_WORK_PER_FUNCTION);
        // What a closure does is part of the call.
        if !dear || args.iter().any(|value| matches!(value.data, Data::Closure(_))) {
            return self.evaluate(id, self_value, args);
        }
        let params = self.world.index.function(id).function.params.iter().map(|param| pattern::name_of(&param.pat));
        let args = args.into_iter().zip(params).map(|(value, name)| value.widened(name)).collect();
        self.evaluate(id, self_value.widened("self".into()), args)
    }

    /// Evaluates a function with these arguments, or remembers having done so.
    pub(crate) fn evaluate(&mut self, id: FnId, self_value: Value, args: Vec<Value>) -> Rc<Outcome> {
        let definition = self.world.index.function(id);
        let Some(body) = &definition.function.body else {
            let lost = self.lose_body(id);
            let value = Value { lost, ..Value::typed(self.return_type(id)) };
            return Rc::new(Outcome { value, ..Outcome::default() });
        };
        // Two callers may lose the same value in two places.
        let lost = args.iter().map(|value| self.losses.named(value.loss())).collect();
        let key = (id, self_value, args, lost);
        if let Some(known) = self.memo.get(&key) {
            return known.clone();
        }
        if self.depth >= MOST_CALL_DEPTH || self.work > MOST_WORK_PER_ROOT || !self.busy.insert(id) {
            let lost = self.lose_cut(id);
            let value = Value { lost, ..Value::typed(self.return_type(id)) };
            return Rc::new(Outcome { value, cut: true, ..Outcome::default() });
        }
        self.depth += 1;
        let before = self.work;
        let signature = self.world.signature(id);
        // A default body of a trait, called on an implementor: `Self` is that one.
        let default_body = matches!(definition.owner, super::index::Owner::Trait(_))
            && matches!(key.1.ty, Ty::Adt(..) | Ty::External(..));
        let scope = if default_body {
            Rc::new(TypeScope { self_ty: Some(key.1.ty.clone()), ..(*signature.scope).clone() })
        } else {
            signature.scope.clone()
        };
        let mut frame = Frame::new(definition.file, definition.scope, scope, Some(id));
        frame.last_calls = leaves::last_calls(body);
        frame.want_of_body(body, &signature.ret);
        if definition.function.is_async {
            frame.runs_on = RunsOn::Task;
        }
        let (_, self_value, args, _) = &key;
        if definition.function.has_self {
            frame.bind("self".into(), self_value.clone());
        }
        for (at, param) in definition.function.params.iter().enumerate() {
            let declared = if default_body {
                self.world.ty(&param.ty, &frame.types)
            } else {
                signature.params.get(at).cloned().unwrap_or_default()
            };
            let mut value = args.get(at).cloned().unwrap_or_default();
            if value.ty.is_unknown() || (matches!(value.ty, Ty::Bounded(_)) && !matches!(declared, Ty::Bounded(_))) {
                value.ty = declared;
            } else if value.provenance.has(Provenance::REQUEST) && matches!(declared, Ty::External(..) | Ty::Adt(..)) {
                // A text that is given for an id was made one on the way.
                value = request::given_for(value, &declared);
            }
            self.bind_parameter(&mut frame, &param.pat, value);
        }
        let last = self.block(&mut frame, body);
        if frame.alive {
            frame.returns.push(last);
        }
        let declared = self.return_type(id);
        if frame.fails && frame.returns.iter().any(|value| matches!(value.data, Data::Variant(..))) {
            let failure = if declared.last() == Some("Option") { "None" } else { "Err" };
            frame.returns.push(Value::of(Data::Variant(failure.into(), Rc::from([]))));
        }
        let mut value = super::value::join(std::mem::take(&mut frame.returns));
        if value.ty.is_unknown() || matches!(value.ty, Ty::Bounded(_)) {
            value.ty = declared;
        }
        self.hand_on(&value);
        self.depth -= 1;
        self.busy.remove(&id);
        let cost = self.work.saturating_sub(before);
        if cost > SMALL_WORK {
            *self.spent.entry(id).or_default() += cost;
        }
        let outcome = Rc::new(Outcome::new(frame.steps, value, self.work > MOST_WORK_PER_ROOT));
        self.memo.insert(key, outcome.clone());
        outcome
    }

    pub(crate) fn return_type(&self, id: FnId) -> Ty {
        self.world.signature(id).ret.clone()
    }

    pub(crate) fn command(&self, id: CommandId) -> &Command {
        &self.commands[id.0 as usize]
    }

    fn new_batch(&mut self, batch: Batch, ty: Ty) -> Value {
        let id = BatchId(u32::try_from(self.batches.len()).unwrap_or(u32::MAX));
        self.batches.push(batch);
        Value { ty, data: Data::Batch(id), ..Value::default() }
    }

    /// The value of a constant or static.
    pub(crate) fn constant(&mut self, id: DefId) -> Value {
        if let Some(known) = self.constants.get(&id) {
            return known.clone();
        }
        if !self.busy_constants.insert(id) {
            return Value::unknown();
        }
        let def = self.world.index.def(id);
        let module = self.world.index.module(def.module);
        let value = match &def.item.kind {
            crate::facts::ItemKind::Constant { ty, value, is_static } => {
                let scope = self.world.constant_scope(id);
                let declared = self.world.ty(ty, &scope);
                // What stands in a lock or a cell at the start may be replaced before it is read.
                if *is_static && is_changeable(&declared) {
                    self.busy_constants.remove(&id);
                    let value = self.settle_constant(id, Value::typed(declared).named(def.name.clone()));
                    self.constants.insert(id, value.clone());
                    return value;
                }
                let mut frame = Frame::new(module.file, def.module, Rc::new(scope), None);
                let found = value.as_ref().map_or_else(Value::unknown, |value| self.expr(&mut frame, value));
                let typed = if found.ty.is_unknown() || !declared.is_unknown() { declared } else { found.ty.clone() };
                Value { ty: typed, parameter: false, ..found }
            }
            _ => Value::unknown(),
        };
        self.busy_constants.remove(&id);
        let value = if value.is_unknown() && value.name.is_empty() { value.named(def.name.clone()) } else { value };
        let value = self.settle_constant(id, value);
        self.constants.insert(id, value.clone());
        value
    }

    /// The value that every constructor gives to a field, if they agree on a constant.
    pub(crate) fn field_constant(&mut self, def: DefId, name: &Name) -> Option<Value> {
        let key = (def, name.clone());
        if let Some(known) = self.field_constants.get(&key) {
            return known.clone();
        }
        self.field_constants.insert(key.clone(), None);
        let found = self.agreed_field(&key);
        self.field_constants.insert(key, found.clone());
        found
    }

    fn agreed_field(&self, key: &(DefId, Name)) -> Option<Value> {
        // Values of a struct that is deserialised or built come from elsewhere; its constructors are defaults only.
        let outside = ["Deserialize", "Parser", "Args", "FromRow", "Queryable", "Serialize"];
        if outside.iter().any(|name| self.world.derives(key.0, name)) || self.world.has_derived_builder(key.0) {
            return None;
        }
        let mut agreed: Option<Value> = None;
        for given in self.survey.field_values.get(key)? {
            let values = match given {
                FieldValue::Constant(value) => vec![value.clone()],
                FieldValue::Parameter(function, at) => {
                    self.survey.argument_values.get(&(*function, *at)).cloned().flatten()?
                }
                FieldValue::Other => return None,
            };
            for value in values {
                match &agreed {
                    Some(known) if known.data != value.data => return None,
                    Some(_) => {}
                    None => agreed = Some(value),
                }
            }
        }
        agreed
    }
}

/// A lock, cell or once-cell: a static of this type may hold something else later.
fn is_changeable(ty: &Ty) -> bool {
    ty.last().is_some_and(|name| {
        name.starts_with("Atomic")
            || matches!(
                name,
                "Mutex"
                    | "RwLock"
                    | "OnceCell"
                    | "OnceLock"
                    | "SyncOnceCell"
                    | "RefCell"
                    | "Cell"
                    | "ArcSwap"
                    | "ArcSwapOption"
                    | "FairMutex"
            )
    }) || ty.inside().is_some_and(is_changeable)
}
