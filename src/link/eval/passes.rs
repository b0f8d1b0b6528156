//! What the passes of a loop hand to the next one.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::places::place_name;
use super::{Evaluator, Frame};
use crate::facts::walk;
use crate::facts::{Block, Expr, ExprKind, Name};
use crate::link::ty::last_segment;
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
    /// constant, nor is the name of a parent that each pass steps up to. `head` is a condition that each pass asks again.
    pub(super) fn carry(&mut self, frame: &mut Frame, head: Option<&'a Expr>, body: &'a Block) {
        for change in &*self.changes(head, body) {
            let Some(old) = frame.get(&change.place).cloned() else { continue };
            if !old.alternatives().iter().all(|value| is_scalar(value)) {
                continue;
            }
            let is_text = old.alternatives().iter().any(|value| matches!(value.data, Data::Text(_)));
            let any = Value { data: Data::Unknown, ..old.clone() }.named(change.place.clone());
            let value = match &change.given {
                Some(given) if given.iter().all(|given| matches!(given.kind, ExprKind::Lit(_))) => {
                    let given: Vec<Value> = given.iter().map(|given| self.expr(frame, given)).collect();
                    join(std::iter::once(old).chain(given))
                }
                // A text that grows keeps how it begins.
                None if is_text => continue,
                // A key that was put together before the loop is that of the first pass; a word is one of many.
                Some(_) if old.alternatives().iter().any(|value| is_composed(value)) => join([old, any]),
                _ => any,
            };
            frame.set(&change.place, value);
        }
    }

    /// Behind the body: what a pass left in a variable goes by the variable's name, as it did within the pass.
    pub(super) fn carried(&mut self, frame: &mut Frame, head: Option<&'a Expr>, body: &'a Block) {
        for change in &*self.changes(head, body) {
            if let Some(value) = frame.get(&change.place)
                && value.is_unknown()
                && value.reads.is_empty()
                && value.name != change.place
            {
                let value = value.clone().named(change.place.clone());
                frame.set(&change.place, value);
            }
        }
    }

    fn changes(&mut self, head: Option<&'a Expr>, body: &'a Block) -> Rc<[Change<'a>]> {
        self.passes.changes.entry(std::ptr::from_ref(body)).or_insert_with(|| changes(head, body)).clone()
    }
}

/// A text or a number, which is a constant as long as nothing changes it, or an `Option` of one.
/// The variables that are empty texts, by their position.
pub(super) fn empty_texts(frame: &Frame) -> Vec<usize> {
    let is_empty = |at: &usize| frame.vars.get(*at).is_some_and(|(_, value)| value.as_text() == Some(""));
    (0..frame.vars.len()).filter(is_empty).collect()
}

/// Behind the loop: a text that grew out of nothing, pass by pass, is not what one pass has put there.
pub(super) fn grown(frame: &mut Frame, empty: &[usize]) {
    for &at in empty {
        let Some((name, value)) = frame.vars.get_mut(at) else { continue };
        let has_grown = |value: &Value| matches!(&value.data, Data::Text(text) if text.holes().next().is_some());
        if value.alternatives().into_iter().any(has_grown) {
            let lost = value.loss();
            let ty = crate::link::ty::Ty::external("String");
            *value = Rc::new(Value { lost, ..Value::typed(ty).named(name.clone()) });
        }
    }
}

fn is_scalar(value: &Value) -> bool {
    match &value.data {
        Data::Text(_) | Data::Int(_) | Data::Bool(_) | Data::Duration(_) => true,
        Data::Variant(name, inner) if matches!(last_segment(name), "Some" | "Ok") => inner.iter().all(is_scalar),
        _ => false,
    }
}

/// A text with words and holes.
fn is_composed(value: &Value) -> bool {
    matches!(&value.data, Data::Text(template) if template.has_literal() && template.holes().next().is_some())
}

fn changes<'a>(head: Option<&'a Expr>, body: &'a Block) -> Rc<[Change<'a>]> {
    let mut found: Vec<Change<'_>> = Vec::new();
    walk::each(head.into_iter().collect(), vec![body], &mut |expr| {
        let ExprKind::Assign(op, place, given) = &expr.kind else { return };
        // `(at, rest) = …`: each is given a part of it.
        if let (ExprKind::Tuple(places), "=") = (&place.kind, op.as_str()) {
            places.iter().filter_map(place_name).for_each(|place| note(&mut found, place, Some(given)));
        } else if let Some(place) = place_name(place) {
            let given = (op == "=" && !mentions(given, &place)).then_some(&**given);
            note(&mut found, place, given);
        }
    });
    found.into()
}

fn note<'a>(found: &mut Vec<Change<'a>>, place: String, given: Option<&'a Expr>) {
    match found.iter_mut().find(|change| change.place == place) {
        Some(known) => match (&mut known.given, given) {
            (Some(all), Some(given)) => all.push(given),
            _ => known.given = None,
        },
        None => found.push(Change { place: place.into(), given: given.map(|given| vec![given]) }),
    }
}

/// Whether the variable at the root of a place is looked at.
fn mentions(expr: &Expr, place: &str) -> bool {
    let root = place.split('.').next().unwrap_or(place);
    walk::mentioned(expr).contains(root)
}
