//! From evaluated functions to operations.
//!
//! A function's own operations are the commands that stand in its text. A call of a function that forwards one of its
//! parameters as the key is an operation as well, with the key and TTL that this caller chose.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::interpret::{Meaning, meaning};
use super::operation::{BatchUse, Effect, KeyUse, OpId, Operation, Purpose};
use super::owners::Owners;
use super::wrapper::{ends_with_parameter, forwards_key};
use super::{Inventory, events, outside, purpose, separate};
use crate::clients::CommandEffect;
use crate::facts::ItemKind;
use crate::finding::{FileId, Place};
use crate::link::Program;
use crate::link::index::FnId;
use crate::link::trace::{Outcome, Step};
use crate::link::value::CommandId;
use crate::provenance::Provenance;
use crate::template::Template;
use crate::text::Span;

/// Keys of one command that are remembered for what its callers put into them.
const MOST_ORIGINS: usize = 16;

/// Where a command stands, and which: what two evaluations of one piece of code have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Site {
    pub(super) file: FileId,
    pub(super) span: Span,
    pub(super) command: String,
}

/// An operation as seen from one place: at its own site, or at the call of a wrapper.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) place: (FileId, Span),
    pub(super) site: Site,
}

/// A command below a call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Below {
    pub(super) id: CommandId,
    /// Whether the calls on the way can lead nowhere else; one through a trait may.
    pub(super) certain: bool,
}

pub(super) struct Builder<'p, 'a> {
    pub(super) program: &'p Program<'a>,
    meanings: Vec<Option<Rc<Meaning>>>,
    pub(super) owners: Owners,
    roots: FxHashSet<FnId>,
    /// Commands anywhere below an evaluated function, by the address of its outcome.
    below: FxHashMap<*const Outcome, Rc<Vec<Below>>>,
    /// What each function's commands look like with unknown parameters.
    pub(super) views: FxHashMap<FnId, FxHashMap<Site, View>>,
    found: BTreeMap<Key, Operation>,
    /// Calls through a trait, by place, command and method: whichever implementation runs, one operation is sent.
    dispatched: FxHashMap<((FileId, Span), String, String), Key>,
    /// The same operation as other implementations have it.
    aliases: Vec<(Key, Key)>,
    /// Keys as callers of the functions that send them make them, by the command's own site.
    origins: FxHashMap<Site, Vec<Template>>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    pub(super) forwards_key: bool,
    /// Nothing of the key is known inside: it may be a field that the caller fills.
    pub(super) open: bool,
}

pub(super) fn build(program: &Program<'_>) -> Inventory {
    let mut builder = Builder {
        program,
        meanings: program.commands.iter().map(|_| None).collect(),
        owners: Owners::new(program),
        roots: program.roots.iter().map(|root| root.function).collect(),
        below: FxHashMap::default(),
        views: FxHashMap::default(),
        found: BTreeMap::new(),
        dispatched: FxHashMap::default(),
        aliases: Vec::new(),
        origins: FxHashMap::default(),
    };
    for root in &program.roots {
        builder.view(root.function, &root.outcome);
    }
    for root in &program.roots {
        builder.own_operations(root.function, &root.outcome.steps);
    }
    builder.learn_origins();
    for root in &program.roots {
        let name = program.world.index.function(root.function).path.clone();
        builder.wrapper_calls(root.function, &name, &root.outcome.steps);
    }
    let mut ids: FxHashMap<Key, OpId> = FxHashMap::default();
    let mut operations: Vec<(Key, Operation)> = std::mem::take(&mut builder.found).into_iter().collect();
    let path_of = |file: FileId| program.world.workspace.file(file).map(|file| file.path.clone());
    operations
        .sort_by_cached_key(|(key, op)| (path_of(key.place.0), key.place.1, op.command.clone(), key.site.clone()));
    for (at, (key, operation)) in operations.iter_mut().enumerate() {
        operation.id = OpId(u32::try_from(at).unwrap_or(u32::MAX));
        ids.insert(key.clone(), operation.id);
    }
    for (alias, key) in &builder.aliases {
        if let Some(id) = ids.get(key).copied() {
            ids.insert(alias.clone(), id);
        }
    }
    for (key, operation) in &mut operations {
        if let Some(wrapper) = &mut operation.wrapper {
            let own = Key { place: (key.site.file, key.site.span), site: key.site.clone() };
            wrapper.definition = ids.get(&own).copied().unwrap_or(operation.id);
        }
    }
    let mut inventory = Inventory {
        operations: operations.into_iter().map(|(_, op)| op).collect(),
        functions: Vec::new(),
        ..Inventory::default()
    };
    inventory.functions = events::functions(&builder, &ids, &inventory);
    inventory.inputs = super::inputs::Inputs::new(program, &inventory.functions);
    inventory.connections = opened(program);
    separate::join(&mut inventory);
    outside::leave_open(program, &mut inventory);
    purpose::infer(&mut inventory);
    inventory.origins = super::origin::origins(&inventory);
    inventory.undetermined = super::undetermined::of(program, &inventory);
    (inventory.types, inventory.fields) = names(program);
    inventory.declared.clone_from(&program.declared);
    inventory.contradicted.clone_from(&program.contradicted);
    inventory
}

/// Connections by place; one that is evaluated several times is told once.
fn opened(program: &Program<'_>) -> Vec<super::Opened> {
    let mut all: Vec<super::Opened> = program
        .connections
        .iter()
        .map(|(function, event)| {
            let definition = function.map(|function| program.world.index.function(function));
            super::Opened {
                event: event.clone(),
                function: definition.map_or_else(String::new, |definition| definition.path.clone()),
                test: definition.is_some_and(|definition| definition.test),
            }
        })
        .collect();
    all.sort_by_key(|opened| opened.event.place);
    all.dedup_by_key(|opened| opened.event.place);
    all
}

/// Names of types and of fields.
fn names(program: &Program<'_>) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut types, mut fields) = (BTreeSet::new(), BTreeSet::new());
    for def in &program.world.index.defs {
        let own = match &def.item.kind {
            ItemKind::Struct { fields, .. } => fields.as_slice(),
            ItemKind::Enum { .. } | ItemKind::Alias { .. } => &[],
            _ => continue,
        };
        types.insert(def.name.to_string());
        fields.extend(own.iter().map(|field| field.name.to_string()));
    }
    (types, fields)
}

impl Builder<'_, '_> {
    pub(super) fn meaning(&mut self, id: CommandId) -> Rc<Meaning> {
        let slot = &mut self.meanings[id.0 as usize];
        if let Some(known) = slot {
            return known.clone();
        }
        let found = Rc::new(meaning(self.program, &self.program.commands[id.0 as usize]));
        *slot = Some(found.clone());
        found
    }

    pub(super) fn site(&self, id: CommandId) -> Site {
        let command = &self.program.commands[id.0 as usize];
        let name = match &self.meanings[id.0 as usize] {
            Some(meaning) => meaning.command.clone(),
            None => meaning(self.program, command).command,
        };
        Site { file: command.file, span: command.name_span, command: name }
    }

    /// All commands below these steps, each once.
    pub(super) fn commands_below(&mut self, outcome: &Rc<Outcome>) -> Rc<Vec<Below>> {
        let address = Rc::as_ptr(outcome);
        if let Some(known) = self.below.get(&address) {
            return known.clone();
        }
        // Recursion is cut by the evaluation; an outcome never contains itself.
        let mut found: Vec<Below> = Vec::new();
        let mut seen = FxHashMap::default();
        self.collect(&outcome.steps, &mut |below| {
            let at = *seen.entry(below.id).or_insert(found.len());
            match found.get_mut(at) {
                Some(known) => known.certain |= below.certain,
                None => found.push(below),
            }
        });
        let found = Rc::new(found);
        self.below.insert(address, found.clone());
        found
    }

    fn collect(&mut self, steps: &[Step], use_it: &mut dyn FnMut(Below)) {
        for step in steps {
            match step {
                Step::Command(id) => use_it(Below { id: *id, certain: true }),
                Step::Call(call) => {
                    for &below in self.commands_below(&call.outcome).iter() {
                        use_it(Below { certain: below.certain && call.certain, ..below });
                    }
                }
                _ => step.inside().iter().for_each(|steps| self.collect(steps, use_it)),
            }
        }
    }

    fn view(&mut self, function: FnId, outcome: &Rc<Outcome>) {
        let ids = self.commands_below(outcome);
        let mut views = FxHashMap::default();
        let params = &self.program.world.index.function(function).function.params;
        for &Below { id, .. } in ids.iter() {
            let meaning = self.meaning(id);
            let command = &self.program.commands[id.0 as usize];
            let own = self.owners.owner(command.file, command.name_span) == Some(function);
            // Further down it is handed on only if it is this function's own parameter, and nothing made of one.
            let handed_on = |template: &Template| {
                forwards_key(template) && (own || !template.has_literal() || ends_with_parameter(template, params))
            };
            let forwards = meaning.keys.iter().any(|key| key.template.as_ref().is_some_and(handed_on));
            let open = !meaning.keys.is_empty()
                && meaning.keys.iter().all(|key| key.template.as_ref().is_some_and(|key| !key.has_literal()));
            let view = View { forwards_key: forwards, open };
            let entry = views.entry(self.site(id)).or_insert(view);
            entry.forwards_key |= forwards;
            entry.open &= open;
        }
        self.views.insert(function, views);
    }

    fn own_operations(&mut self, function: FnId, steps: &[Step]) {
        let mut ids = Vec::new();
        self.collect(steps, &mut |below| ids.push(below.id));
        for id in ids {
            let command = &self.program.commands[id.0 as usize];
            let owner = self.owners.owner(command.file, command.name_span);
            // A command that is begun in one function and sent in another stands where it is begun, unless that
            // function is looked at by itself.
            let begun_elsewhere = owner.is_some_and(|owner| !self.roots.contains(&owner));
            let own =
                owner == Some(function) || self.owners.shares(self.program, function, command.file, command.name_span);
            if !own && !begun_elsewhere {
                self.note_origins(id);
                continue;
            }
            let function = if own { function } else { owner.unwrap_or(function) };
            let meaning = self.meaning(id);
            let site = self.site(id);
            let key = Key { place: (site.file, site.span), site };
            let operation = self.operation(id, &meaning, function, command.name_span, command.call);
            self.add(key, operation);
        }
    }

    /// The operation of the first implementation that sends this command at this place.
    pub(super) fn dispatched(&mut self, key: Key, operation: &Operation) -> Key {
        let call = (key.place, operation.command.clone(), operation.spelled.clone());
        let first = self.dispatched.entry(call).or_insert_with(|| key.clone()).clone();
        if first != key {
            self.aliases.push((key, first.clone()));
        }
        first
    }

    /// What a caller puts into a key that another function makes: a part of it may be a request's text.
    fn note_origins(&mut self, id: CommandId) {
        let meaning = self.meaning(id);
        let told = |template: &&Template| template.holes().any(|hole| hole.provenance != Provenance::NONE);
        let templates: Vec<Template> =
            meaning.keys.iter().filter_map(|key| key.template.as_ref()).filter(told).cloned().collect();
        if !templates.is_empty() {
            let known = self.origins.entry(self.site(id)).or_default();
            known.extend(templates);
            known.truncate(MOST_ORIGINS);
        }
    }

    fn learn_origins(&mut self) {
        for (site, templates) in std::mem::take(&mut self.origins) {
            let key = Key { place: (site.file, site.span), site };
            let Some(operation) = self.found.get_mut(&key) else { continue };
            for own in operation.keys.iter_mut().filter_map(|key| key.template.as_mut()) {
                for other in &templates {
                    if own.has_literal() && other.shape() == own.shape() {
                        own.learn_origins(other);
                    }
                }
            }
        }
    }

    pub(super) fn add(&mut self, key: Key, operation: Operation) {
        match self.found.get_mut(&key) {
            Some(known) => merge(known, operation),
            None => {
                self.found.insert(key, operation);
            }
        }
    }

    pub(super) fn operation(
        &self,
        id: CommandId,
        meaning: &Meaning,
        function: FnId,
        span: Span,
        call: Span,
    ) -> Operation {
        let command = &self.program.commands[id.0 as usize];
        let definition = self.program.world.index.function(function);
        let batch = command.batch.map(|batch| {
            let info = &self.program.batches[batch.0 as usize];
            BatchUse { batch: batch.0, atomic: if info.foreign && info.atomic.is_none() { None } else { info.atomic } }
        });
        let forwards_key = meaning.keys.iter().any(|key| key.template.as_ref().is_some_and(forwards_key));
        Operation {
            id: OpId(0),
            place: Place { file: command.file, span },
            call,
            function: definition.path.clone(),
            client: self.program.world.catalogue.client(command.client).name.to_string(),
            command: meaning.command.clone(),
            alternative: meaning.alternative.clone(),
            effect: effect(meaning),
            via: command.via,
            keys: meaning.keys.clone(),
            ttl: meaning.ttl.clone(),
            value: meaning.value.clone(),
            condition: meaning.condition,
            purpose: Purpose::Unknown,
            confidence: command.confidence,
            test: definition.test,
            batch,
            wrapper: None,
            forwards_key,
            forwards_ttl: meaning.forwards_ttl,
            sent: command.sent && !self.never_run(command),
            receiver: command.receiver.clone(),
            spelled: command.spelled.to_string(),
            script_commands: meaning.script_commands.clone(),
            unresolved: meaning.unresolved.clone(),
            blocking: command.blocking == Some(true),
            runs_on: command.runs_on,
            awaited: command.awaited,
            cluster: command.cluster,
            after_commit: command.after_commit,
            collection: meaning.collection,
        }
    }

    /// Queued in a batch that nobody runs, hands on or keeps.
    fn never_run(&self, command: &crate::link::trace::Command) -> bool {
        command.batch.is_some_and(|batch| {
            let batch = &self.program.batches[batch.0 as usize];
            !(batch.run || batch.escaped || batch.foreign)
        })
    }
}

/// One site seen twice: with other keys, or with another TTL.
fn merge(known: &mut Operation, other: Operation) {
    let known_has = known.keys.iter().any(|key| key.template.is_some());
    let shape = |key: &KeyUse| key.template.as_ref().map(Template::shape);
    for key in other.keys {
        // One key is called this by one caller and that by another.
        let is_known = || known.keys.iter().any(|own| own.template == key.template || shape(own) == shape(&key));
        if key.template.is_some() && !is_known() {
            if !known_has {
                known.keys.retain(|own| own.template.is_some());
            }
            known.keys.push(key);
        }
    }
    known.ttl.kind = super::ttl::either(known.ttl.kind.clone(), other.ttl.kind);
    if known.ttl.span.is_none() {
        known.ttl.span = other.ttl.span;
        known.ttl.written = other.ttl.written;
    }
    if known.condition != other.condition {
        known.condition = super::Condition::Maybe;
    }
    known.forwards_ttl |= other.forwards_ttl;
    if known.runs_on != other.runs_on {
        known.runs_on = super::RunsOn::Own;
    }
    known.awaited &= other.awaited;
    known.sent |= other.sent;
    known.confidence = known.confidence.max(other.confidence);
    if known.value.encoding == super::Encoding::Unknown {
        known.value = other.value;
    }
}

fn effect(meaning: &Meaning) -> Effect {
    use CommandEffect as C;
    match meaning.effect {
        C::Write | C::WriteTtl | C::WriteMaybeTtl | C::PartialWrite | C::Store | C::Rename | C::Copy => Effect::Write,
        C::Read | C::ReadTtl | C::TtlRead | C::Meta => Effect::Read,
        C::Expire => Effect::Expire,
        C::Persist => Effect::Persist,
        C::Delete => Effect::Delete,
        C::Counter | C::CounterTtl => Effect::Counter,
        C::CollectionWrite
        | C::CollectionWriteTtl
        | C::CollectionCounter
        | C::CollectionRemove
        | C::CollectionMove
        | C::FieldExpire
        | C::FieldPersist
        | C::StreamWrite => Effect::CollectionWrite,
        C::CollectionRead | C::CollectionReadTtl | C::FieldTtlRead | C::CollectionScan | C::StreamRead => {
            Effect::CollectionRead
        }
        C::Scan | C::KeysScan => Effect::Scan,
        C::Flush => Effect::Flush,
        C::Publish => Effect::Publish,
        C::Subscribe => Effect::Subscribe,
        C::Script => Effect::Script,
        C::Unsubscribe | C::ScriptAdmin | C::Transaction | C::Admin | C::Connection | C::ModuleOther => Effect::Other,
    }
}

/// Keys that are known to be the same: one template, or one expression.
pub(super) fn same_key(a: &[KeyUse], b: &[KeyUse]) -> bool {
    a.iter().any(|a| {
        b.iter().any(|b| match (&a.template, &b.template) {
            (Some(a), Some(b)) => a.to_string() == b.to_string() || (a.has_literal() && a.shape() == b.shape()),
            (None, None) => !a.written.is_empty() && bare(&a.written) == bare(&b.written),
            _ => false,
        })
    })
}

fn bare(written: &str) -> &str {
    written.trim_start_matches(['&', '*']).trim_end_matches(".clone()").trim_end_matches(".as_str()")
}
