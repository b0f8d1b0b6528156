//! What keys, loads and stored values were made of, in terms of the parameters of the function that they stand in.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Event, FunctionEvents, Operation};
use crate::finding::Place;
use crate::link::Program;
use crate::link::index::FnId;
use crate::link::inputs::{Source, Sources};
use crate::text::Span;

/// A parameter, or a field of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// As the source calls it: `params.limit`.
    pub name: String,
    /// The parameter's position, `self` not counted.
    pub param: usize,
    /// Fields from there on.
    pub fields: Vec<String>,
    /// It is plain data that differs from call to call: no connection or configuration, nothing that is given one
    /// constant by every caller, no credentials, no limit of waiting.
    pub tells: bool,
    /// It is the id of the entity that it is a field of (`tip.id`), from which the entity's other fields follow.
    pub identifies: bool,
    /// Its type says that there is one of it in the world: a UUID.
    pub unique: bool,
}

impl Input {
    /// Whether the other is this, or a part of it, or follows from it.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let known = self.fields.len() - usize::from(self.identifies);
        self.param == other.param && other.fields.starts_with(&self.fields[..known])
    }
}

/// What a call in a function's own text was given.
#[derive(Debug, Clone, Default)]
pub struct CallInputs {
    /// In each argument, by place.
    pub args: Vec<(Span, Vec<Input>)>,
    /// In all of it, the receiver included.
    pub whole: Vec<Input>,
    /// What conditions on the way to it have looked at.
    pub tested: Vec<Input>,
    /// What the load depends on that the call is, or that happens in its callee.
    pub loaded: Vec<Input>,
}

/// The calls of functions that look at a miss, by function and the place of the call's name token.
#[derive(Debug, Default)]
pub struct Inputs(pub(crate) FxHashMap<String, FxHashMap<Place, CallInputs>>);

impl Inputs {
    /// The calls in a function's own text.
    #[must_use]
    pub fn of(&self, function: &str) -> Option<&FxHashMap<Place, CallInputs>> {
        self.0.get(function)
    }

    pub(super) fn new(program: &Program<'_>, functions: &[FunctionEvents]) -> Self {
        let mut all = FxHashMap::default();
        // `events::functions` makes them in this order.
        for (root, function) in program.roots.iter().zip(functions) {
            let (mut misses, mut loads) = (false, FxHashSet::default());
            look(&function.events, &mut misses, &mut loads);
            if misses {
                all.insert(function.function.clone(), calls(program, root.function, &loads));
            }
        }
        Self(all)
    }
}

fn look(events: &[Event], misses: &mut bool, loads: &mut FxHashSet<Place>) {
    for event in events {
        match event {
            Event::Miss(_) => *misses = true,
            Event::Load { place, .. } => {
                loads.insert(*place);
            }
            Event::Branch(arms) => arms.iter().for_each(|arm| look(arm, misses, loads)),
            Event::Call { events, .. } | Event::Loop(events) | Event::Spawn(events) => look(events, misses, loads),
            _ => {}
        }
    }
}

fn calls(program: &Program<'_>, id: FnId, loads: &FxHashSet<Place>) -> FxHashMap<Place, CallInputs> {
    let file = program.world.index.function(id).file;
    let shown = |sources: &Sources| sources.0.iter().map(|source| input(program, id, source)).collect();
    let calls = program.inputs.calls(id);
    let each = calls.iter().map(|(&span, call)| {
        let place = Place { file, span };
        let inputs = CallInputs {
            args: call.args.iter().map(|(span, flow)| (*span, shown(&flow.sources))).collect(),
            whole: shown(&call.whole),
            tested: shown(&call.tested),
            loaded: shown(&program.inputs.loaded(place, call, loads.contains(&place))),
        };
        (place, inputs)
    });
    each.collect()
}

fn input(program: &Program<'_>, id: FnId, source: &Source) -> Input {
    Input {
        name: source.name.to_string(),
        param: source.param,
        fields: source.fields.iter().map(ToString::to_string).collect(),
        tells: program.inputs.tells(id, source),
        identifies: program.inputs.identifies(id, source),
        unique: program.inputs.is_unique(id, source),
    }
}

/// The argument that stands at `span`, and the call that it is given to.
pub fn argument<'c>(
    calls: &'c FxHashMap<Place, CallInputs>,
    op: &Operation,
    span: Option<Span>,
) -> Option<(&'c CallInputs, &'c [Input])> {
    let span = span?;
    calls
        .iter()
        .filter(|(place, _)| place.file == op.place.file)
        .flat_map(|(_, call)| call.args.iter().map(move |(at, inputs)| (call, *at, inputs.as_slice())))
        .filter(|(_, at, _)| at.contains(span))
        .min_by_key(|(_, at, _)| at.end - at.start)
        .map(|(call, _, inputs)| (call, inputs))
}
