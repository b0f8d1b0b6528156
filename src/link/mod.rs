//! Names, types, values: what the facts of all files mean together.
//!
//! [`index`](self) holds modules and declarations, `resolve` names, `world` types and impls, `eval` evaluates bodies.
//! The result is a [`Program`]: for every function that can reach Redis, the commands it sends, in order, with the values
//! of their arguments.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod declared;
mod eval;
mod exports;
pub(crate) mod index;
pub(crate) mod inputs;
pub(crate) mod losses;
mod resolve;
mod shapes;
pub(crate) mod trace;
pub(crate) mod ty;
pub(crate) mod value;
pub(crate) mod world;

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::clients::Catalogue;
use crate::facts::FileFacts;
use crate::inventory::LoadKind;
use crate::policy::{DeclaredStore, DeclaredValue};
use crate::source::Workspace;
use eval::Evaluator;
use index::{FnId, Index};
use inputs::Inputs;
use trace::{Batch, Command, Outcome};
use world::World;

pub(crate) use eval::{client_expand as expand, type_path};

/// Every function that can reach Redis, evaluated.
pub struct Program<'a> {
    pub(crate) world: &'a World<'a>,
    pub(crate) roots: Vec<Root>,
    pub(crate) commands: Vec<Command>,
    pub(crate) batches: Vec<Batch>,
    /// Connections that are opened, and in which function.
    pub(crate) connections: Vec<(Option<FnId>, std::sync::Arc<crate::inventory::ConnectEvent>)>,
    /// What keys and loads depend on.
    pub(crate) inputs: Inputs<'a>,
    /// Where values were lost.
    pub(crate) losses: losses::Losses,
    /// Statements whose text could not be read.
    pub(crate) unread: Vec<Unread>,
    /// Entries of `[values]` that name something, and those that the code contradicts with what it says.
    pub(crate) declared: Vec<crate::finding::Place>,
    pub(crate) contradicted: Vec<(crate::finding::Place, String)>,
}

/// A database statement whose text could not be read.
#[derive(Debug, Clone)]
pub(crate) struct Unread {
    pub(crate) place: crate::finding::Place,
    pub(crate) function: Option<FnId>,
    pub(crate) lost: crate::loss::Lost,
}

/// A function, evaluated with unknown parameters.
pub(crate) struct Root {
    pub(crate) function: FnId,
    pub(crate) outcome: Rc<Outcome>,
}

/// What to look at.
#[derive(Debug, Clone, Copy, Default)]
pub struct LinkOptions<'p> {
    /// Test code as well.
    pub tests: bool,
    /// Database clients beside those that come with the tool.
    pub stores: &'p [DeclaredStore],
    /// What names of the code stand for.
    pub values: &'p [DeclaredValue],
}

/// Joins the facts of the workspace and hands the result to `use_it`. `facts[id]` are those of file `id`; `None` for a
/// file that was not parsed.
///
/// Evaluation recurses with the nesting of the code it reads: call this on a thread with a large stack.
pub fn link<R>(
    workspace: &Workspace,
    facts: &[Option<FileFacts>],
    catalogue: &Catalogue,
    options: LinkOptions<'_>,
    use_it: impl FnOnce(&Program<'_>) -> R,
) -> R {
    let index = Index::build(workspace, facts);
    let world = World::new(workspace, &index, catalogue);
    let program = evaluate(&world, options);
    use_it(&program)
}

fn evaluate<'a>(world: &'a World<'a>, options: LinkOptions<'a>) -> Program<'a> {
    let all: Vec<FnId> = (0..world.index.functions.len())
        .map(|at| FnId(u32::try_from(at).unwrap_or(u32::MAX)))
        .filter(|&id| {
            let function = world.index.function(id);
            function.function.body.is_some() && (options.tests || !function.test)
        })
        .collect();
    let mut evaluator = Evaluator::new(world, options);
    for &id in &all {
        evaluator.root(id);
        if evaluator.attribute_commands(id, None) {
            evaluator.survey.direct.insert(id);
        }
    }
    let callers = reversed(&evaluator.survey.edges);
    evaluator.reaches = reaching(&evaluator.survey.direct, &callers);
    let stated: FxHashSet<FnId> = evaluator.survey.statements.union(&evaluator.survey.drops).copied().collect();
    evaluator.stated = reaching(&stated, &callers);
    evaluator.shown = evaluator.survey.shown.iter().map(|(&kind, shown)| (kind, reaching(shown, &callers))).collect();
    // What writes a database matters only where something may be cached.
    let writers =
        if evaluator.reaches.is_empty() { FxHashSet::default() } else { reaching(&evaluator.survey.writes, &callers) };
    evaluator.loads = loading(&evaluator.survey.loads, &callers);
    evaluator.follow();
    let mut roots = Vec::new();
    let wanted = |id: &&FnId| evaluator.reaches.contains(id) || writers.contains(id);
    for &id in all.iter().filter(wanted).collect::<Vec<_>>() {
        let mut outcome = evaluator.root(id);
        let mut steps = Vec::new();
        if evaluator.attribute_commands(id, Some(&mut steps)) {
            steps.extend(outcome.steps.iter().cloned());
            outcome = Rc::new(Outcome::new(steps, outcome.value.clone(), outcome.cut));
        }
        roots.push(Root { function: id, outcome });
    }
    let connections = std::mem::take(&mut evaluator.survey.connections);
    let mut seen = std::mem::take(&mut evaluator.survey.seen);
    let given = &evaluator.survey.argument_values;
    seen.fixed
        .extend(given.iter().filter(|(_, values)| values.as_ref().is_some_and(|v| v.len() <= 1)).map(|(at, _)| *at));
    let inputs = Inputs::new(world, seen);
    let (mut declared, contradicted) = evaluator.declared.outcome();
    declared.extend(losses::named(world, options.values));
    Program {
        world,
        inputs,
        roots,
        commands: evaluator.commands,
        batches: evaluator.batches,
        connections,
        losses: evaluator.losses,
        unread: evaluator.unread,
        declared,
        contradicted,
    }
}

fn reversed(edges: &FxHashMap<FnId, FxHashSet<FnId>>) -> FxHashMap<FnId, Vec<FnId>> {
    let mut callers: FxHashMap<FnId, Vec<FnId>> = FxHashMap::default();
    for (&caller, callees) in edges {
        for &callee in callees {
            callers.entry(callee).or_default().push(caller);
        }
    }
    callers
}

fn reaching(direct: &FxHashSet<FnId>, callers: &FxHashMap<FnId, Vec<FnId>>) -> FxHashSet<FnId> {
    let mut found = direct.clone();
    let mut open: Vec<FnId> = direct.iter().copied().collect();
    while let Some(id) = open.pop() {
        for &caller in callers.get(&id).into_iter().flatten() {
            if found.insert(caller) {
                open.push(caller);
            }
        }
    }
    found
}

/// Who loads something, directly or through others. A database wins over a remote call over a callback.
fn loading(direct: &FxHashMap<FnId, LoadKind>, callers: &FxHashMap<FnId, Vec<FnId>>) -> FxHashMap<FnId, LoadKind> {
    let mut found: FxHashMap<FnId, LoadKind> = FxHashMap::default();
    for kind in [LoadKind::Database, LoadKind::Remote] {
        let start: FxHashSet<FnId> = direct.iter().filter(|(_, found)| **found == kind).map(|(&id, _)| id).collect();
        for id in reaching(&start, callers) {
            found.entry(id).or_insert(kind);
        }
    }
    found
}
