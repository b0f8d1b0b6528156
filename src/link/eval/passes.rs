//! What the passes of a loop hand to the next one.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::places::place_name;
use super::{Evaluator, Frame};
use crate::facts::walk;
use crate::facts::{Block, Expr, ExprKind, Name};
use crate::link::value::{Data, Value, join};

/// A place that is given something new in the body of a loop.
struct Change<'a> {
    place: Name,
    /// All that it is given; `None` where some of that depends on what it was.
    given: Option<Vec<&'a Expr>>,
}

#[derive(Default)]
pub(super) struct Passes<'a> {
    changes: FxHashMap<*const Block, Rc<[Change<'a>]>>,
}

impl<'a> Evaluator<'a> {
    /// Before the body of a loop: what a pass assigns, the next one begins with. A page number that each pass raises is no
    /// constant, nor is the name of a parent that each pass steps up to.
    pub(super) fn carry(&mut self, frame: &mut Frame, body: &'a Block) {
        let changes = self.passes.changes.entry(std::ptr::from_ref(body)).or_insert_with(|| changes(body)).clone();
        for change in &*changes {
            let Some(old) = frame.get(&change.place).cloned() else { continue };
            let scalar = |data: &Data| matches!(data, Data::Text(_) | Data::Int(_) | Data::Bool(_) | Data::Duration(_));
            if old.alternatives().iter().any(|value| !scalar(&value.data)) {
                continue;
            }
            let is_text = old.alternatives().iter().any(|value| matches!(value.data, Data::Text(_)));
            let value = match &change.given {
                Some(given) if given.iter().all(|given| matches!(given.kind, ExprKind::Lit(_))) => {
                    let given: Vec<Value> = given.iter().map(|given| self.expr(frame, given)).collect();
                    join(std::iter::once(old).chain(given))
                }
                // A text that grows keeps how it begins.
                None if is_text => continue,
                _ => Value { data: Data::Unknown, ..old }.named(change.place.clone()),
            };
            frame.set(&change.place, value);
        }
    }
}

fn changes(body: &Block) -> Rc<[Change<'_>]> {
    let mut found: Vec<Change<'_>> = Vec::new();
    walk::each(Vec::new(), vec![body], &mut |expr| {
        let ExprKind::Assign(op, place, given) = &expr.kind else { return };
        let Some(place) = place_name(place) else { return };
        let given = (op == "=" && !mentions(given, &place)).then_some(&**given);
        match found.iter_mut().find(|change| change.place == place) {
            Some(known) => match (&mut known.given, given) {
                (Some(all), Some(given)) => all.push(given),
                _ => known.given = None,
            },
            None => found.push(Change { place: place.into(), given: given.map(|given| vec![given]) }),
        }
    });
    found.into()
}

/// Whether the variable at the root of a place is looked at.
fn mentions(expr: &Expr, place: &str) -> bool {
    let root = place.split('.').next().unwrap_or(place);
    walk::mentioned(expr).contains(root)
}
