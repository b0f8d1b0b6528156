//! The state of one function while it is evaluated.

use std::rc::Rc;

use crate::facts::Name;
use crate::finding::{FileId, Place};
use crate::inventory::RunsOn;
use crate::link::index::{FnId, ModuleId};
use crate::link::trace::Step;
use crate::link::ty::Ty;
use crate::link::value::{Value, join};
use crate::link::world::TypeScope;
use crate::text::Span;

/// Variables, the innermost last. Every branch starts from a copy of them.
pub(crate) type Vars = Vec<(Name, Rc<Value>)>;

pub(crate) struct Frame {
    pub(crate) file: FileId,
    pub(crate) module: ModuleId,
    pub(crate) types: Rc<TypeScope>,
    pub(crate) function: Option<FnId>,
    pub(crate) vars: Vars,
    pub(crate) steps: Vec<Step>,
    pub(crate) returns: Vec<Value>,
    /// `false` behind a `return`.
    pub(crate) alive: bool,
    /// A `?` may have ended it early.
    pub(crate) fails: bool,
    /// The expression whose result is awaited, unwrapped or passed on with `?`.
    pub(crate) used: Option<Span>,
    /// Calls of which the result is bound to a written type or returned as one, and that type.
    pub(crate) wanted: Vec<(Span, Ty)>,
    /// The calls of which the result is what the function ends with.
    pub(crate) last_calls: Vec<Span>,
    /// How many branches and loops enclose this place.
    pub(crate) branches: u32,
    /// Values of `break` in the enclosing loops.
    pub(crate) breaks: Vec<Value>,
    /// A message of a subscription was waited for in the innermost loop.
    pub(crate) receiving: bool,
    /// Which thread runs this.
    pub(crate) runs_on: RunsOn,
    /// A future that is made here and not yet awaited.
    pub(crate) lazy: bool,
    /// This runs once and its value is kept: the initialiser of a cell.
    pub(crate) once: bool,
}

impl Frame {
    pub(crate) fn new(file: FileId, module: ModuleId, types: Rc<TypeScope>, function: Option<FnId>) -> Self {
        Self {
            file,
            module,
            types,
            function,
            vars: Vec::new(),
            steps: Vec::new(),
            returns: Vec::new(),
            alive: true,
            fails: false,
            used: None,
            wanted: Vec::new(),
            last_calls: Vec::new(),
            branches: 0,
            breaks: Vec::new(),
            receiving: false,
            runs_on: RunsOn::Caller,
            lazy: false,
            once: false,
        }
    }

    /// The type that is asked of this call.
    pub(crate) fn wanted_of(&self, call: Span) -> Option<Ty> {
        self.wanted.iter().rfind(|(at, _)| *at == call).map(|(_, ty)| ty.clone())
    }

    pub(crate) fn bind(&mut self, name: Name, value: Value) {
        self.vars.push((name, Rc::new(value)));
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.vars.iter().rev().find(|(bound, _)| bound == name).map(|(_, value)| &**value)
    }

    /// Changes the innermost variable of this name, or remembers the value of a place like `self.key`.
    pub(crate) fn set(&mut self, name: &str, value: Value) {
        match self.vars.iter_mut().rev().find(|(bound, _)| bound == name) {
            Some((_, old)) => *old = Rc::new(value),
            None => self.vars.push((name.into(), Rc::new(value))),
        }
    }

    pub(crate) fn place(&self, span: Span) -> Place {
        Place { file: self.file, span }
    }
}

/// How an arm ends: the variables, whether it goes on, its value.
type End = (Vars, bool, Value);

/// The arms of a choice, evaluated one after the other from the same state.
pub(crate) struct Arms {
    vars: Vars,
    before: Vec<Step>,
    ends: Vec<End>,
    steps: Vec<Vec<Step>>,
}

impl Arms {
    pub(crate) fn begin(frame: &mut Frame) -> Self {
        frame.branches += 1;
        Self { vars: frame.vars.clone(), before: std::mem::take(&mut frame.steps), ends: Vec::new(), steps: Vec::new() }
    }

    /// Ends the current arm; the next one starts where the first did.
    pub(crate) fn end_arm(&mut self, frame: &mut Frame, value: Value) {
        self.steps.push(std::mem::take(&mut frame.steps));
        let vars = std::mem::replace(&mut frame.vars, self.vars.clone());
        self.ends.push((vars, frame.alive, value));
        frame.alive = true;
    }

    /// What happened before the choice.
    pub(crate) fn before_mut(&mut self) -> &mut Vec<Step> {
        &mut self.before
    }

    /// Joins the arms. The value is that of the arms that go on.
    pub(crate) fn finish(mut self, frame: &mut Frame) -> Value {
        frame.branches = frame.branches.saturating_sub(1);
        frame.steps = std::mem::take(&mut self.before);
        if self.steps.iter().any(|steps| !steps.is_empty()) {
            match <[Vec<Step>; 1]>::try_from(self.steps) {
                Ok([only]) => frame.steps.extend(only),
                Err(steps) => frame.steps.push(Step::Branch(steps)),
            }
        }
        let mut going_on: Vec<_> = self.ends.into_iter().filter(|(_, alive, _)| *alive).collect();
        frame.alive = !going_on.is_empty();
        if going_on.len() == 1 {
            let (mut vars, _, value) = going_on.swap_remove(0);
            vars.truncate(self.vars.len());
            frame.vars = vars;
            return value;
        }
        for (at, (_, joined)) in self.vars.iter_mut().enumerate() {
            let mut ends = going_on.iter().filter_map(|(vars, _, _)| vars.get(at).map(|(_, value)| value));
            let Some(first) = ends.next() else { continue };
            if ends.clone().all(|value| value == first) {
                *joined = first.clone();
            } else {
                *joined = Rc::new(join(std::iter::once(first).chain(ends).map(|value| (**value).clone())));
            }
        }
        frame.vars = self.vars;
        join(going_on.into_iter().map(|(_, _, value)| value))
    }
}
