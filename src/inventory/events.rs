//! The order of events in each function, callees folded in.

use rustc_hash::FxHashMap;

use super::build::{Builder, Key};
use super::{Event, FunctionEvents, Inventory, OpId, RunsOn};
use crate::finding::{FileId, Place};
use crate::link::trace::{CallStep, Step};
use crate::link::value::CommandId;
use crate::text::Span;

/// Depth of calls that is folded in.
const MOST_DEPTH: usize = 6;
/// Events of one function.
const MOST_EVENTS: usize = 4_000;

pub(super) fn functions(
    builder: &Builder<'_, '_>,
    ids: &FxHashMap<Key, OpId>,
    _inventory: &Inventory,
) -> Vec<FunctionEvents> {
    let mut all = Vec::new();
    for root in &builder.program.roots {
        let definition = builder.program.world.index.function(root.function);
        let mut fold = Fold { builder, ids, known: FxHashMap::default(), calls: Vec::new(), count: 0 };
        let events = fold.steps(&root.outcome.steps);
        all.push(FunctionEvents {
            function: definition.path.clone(),
            place: Place { file: definition.file, span: definition.function.span },
            test: definition.test,
            is_async: definition.function.is_async,
            events,
        });
    }
    all
}

struct Fold<'b, 'p, 'a> {
    builder: &'b Builder<'p, 'a>,
    ids: &'b FxHashMap<Key, OpId>,
    /// The operation that a command was last seen as, for marks that come later.
    known: FxHashMap<CommandId, OpId>,
    /// Calls that enclose the current step, outermost first.
    calls: Vec<(FileId, Span)>,
    count: usize,
}

impl Fold<'_, '_, '_> {
    fn steps(&mut self, steps: &[Step]) -> Vec<Event> {
        let mut out = Vec::new();
        for step in steps {
            if self.count > MOST_EVENTS {
                break;
            }
            self.step(step, &mut out);
        }
        out
    }

    fn step(&mut self, step: &Step, out: &mut Vec<Event>) {
        self.count += 1;
        match step {
            Step::Command(id) => {
                if let Some(operation) = self.operation(*id) {
                    let command = &self.builder.program.commands[id.0 as usize];
                    // The first argument is the key: a key that was read from elsewhere is not written back.
                    let reads = command.args.iter().skip(1).flat_map(|argument| &argument.value.reads);
                    let mut reads: Vec<OpId> = reads.filter_map(|read| self.known.get(read).copied()).collect();
                    reads.sort_unstable();
                    reads.dedup();
                    out.extend(reads.into_iter().map(|read| Event::WriteBack { read, write: operation }));
                    self.known.insert(*id, operation);
                    out.push(Event::Operation(operation));
                }
            }
            Step::Hit(id) => out.extend(self.known.get(id).map(|&id| Event::Hit(id))),
            Step::Miss(id) => out.extend(self.known.get(id).map(|&id| Event::Miss(id))),
            Step::Undecoded { read, place } => {
                out.extend(self.known.get(read).map(|&read| Event::Undecoded { read, place: *place }));
            }
            Step::Swallowed { command, place } => {
                let swallowed = |&operation: &OpId| Event::Swallowed { operation, place: *place };
                out.extend(self.known.get(command).map(swallowed));
            }
            Step::Fails { command, .. } => out.extend(self.known.get(command).map(|&id| Event::Fails(id))),
            Step::Load { kind, place, name } => {
                out.push(Event::Load { kind: *kind, place: *place, name: name.clone() });
            }
            Step::Guard { kind, place } => out.push(Event::Guard { kind: *kind, place: *place }),
            Step::Signal { kind, place } => out.push(Event::Signal { kind: *kind, place: *place }),
            Step::Call(call) => {
                if let Some(event) = self.call(call) {
                    out.push(event);
                }
            }
            Step::Branch(arms) => {
                let arms: Vec<Vec<Event>> = arms.iter().map(|arm| self.steps(arm)).collect();
                if arms.iter().any(|arm| !arm.is_empty()) {
                    out.push(Event::Branch(arms));
                }
            }
            Step::Loop(steps) => {
                let events = self.steps(steps);
                if !events.is_empty() {
                    out.push(Event::Loop(events));
                }
            }
            Step::Spawn(steps) => {
                let events = self.steps(steps);
                if !events.is_empty() {
                    out.push(Event::Spawn(events));
                }
            }
            Step::Inline(steps) | Step::Asked(steps) => {
                let events = self.steps(steps);
                let asked = matches!(step, Step::Asked(_));
                // Without an early end it is as good as written in place.
                if events.iter().any(|event| leaves(event) || asked && fails(event)) {
                    let place = Place { file: FileId(u32::MAX), span: Span::default() };
                    out.push(Event::Call {
                        function: String::new(),
                        place,
                        events,
                        awaited: true,
                        hands_on: false,
                        runs_on: RunsOn::Caller,
                        certain: true,
                    });
                } else {
                    out.extend(events);
                }
            }
            Step::Leave(kind) => out.push(Event::Leave(*kind)),
            Step::Database(event) => out.push(Event::Database(event.clone())),
            Step::Local(event) => out.push(Event::Local(event.clone())),
            Step::Message { step, place, name } => {
                out.push(Event::Message { step: *step, place: *place, name: name.clone() });
            }
            Step::Pass { place, elements } => {
                out.push(Event::Pass { place: *place, elements: elements.iter().map(ToString::to_string).collect() });
            }
            Step::Connect(event) => out.push(Event::Connect(event.clone())),
            Step::Unseen { place, name } => out.push(Event::Unseen { place: *place, name: name.clone() }),
        }
    }

    fn call(&mut self, call: &CallStep) -> Option<Event> {
        if self.calls.len() >= MOST_DEPTH {
            return None;
        }
        self.calls.push((call.place.file, call.place.span));
        let events = self.steps(&call.outcome.steps);
        self.calls.pop();
        let function = self.builder.program.world.index.function(call.function).path.clone();
        let CallStep { place, awaited, hands_on, runs_on, certain, .. } = *call;
        (!events.is_empty()).then_some(Event::Call { function, place, events, awaited, hands_on, runs_on, certain })
    }

    /// The operation that a command is here: at the outermost call that decides its key, else at its own site.
    fn operation(&self, id: CommandId) -> Option<OpId> {
        let site = self.builder.site(id);
        let at_call = self.calls.iter().find_map(|&place| self.ids.get(&Key { place, site: site.clone() }).copied());
        at_call.or_else(|| self.ids.get(&Key { place: (site.file, site.span), site: site.clone() }).copied())
    }
}

fn fails(event: &Event) -> bool {
    match event {
        Event::Fails { .. } => true,
        Event::Branch(arms) => arms.iter().flatten().any(fails),
        Event::Loop(events) => events.iter().any(fails),
        _ => false,
    }
}

fn leaves(event: &Event) -> bool {
    match event {
        Event::Leave(_) => true,
        Event::Branch(arms) => arms.iter().flatten().any(leaves),
        Event::Loop(events) => events.iter().any(leaves),
        _ => false,
    }
}
