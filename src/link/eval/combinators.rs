//! What `map`, `and_then`, `unwrap_or_else` and the like do to options, results, collections and what was read.

use std::rc::Rc;

use super::control::marks;
use super::durations::{MICROS, duration, duration_part};
use super::expr::unwrapped;
use super::frame::Arms;
use super::{Evaluator, Frame};
use crate::facts::expr::MethodCall;
use crate::link::trace::Step;
use crate::link::ty::{Ty, last_segment};
use crate::link::value::{Argument, Data, Value, join};

impl<'a> Evaluator<'a> {
    pub(super) fn run_arguments(&mut self, frame: &mut Frame, call: &'a MethodCall, receiver: &Value, give: bool) {
        for arg in &call.args {
            let value = self.argument(frame, arg).value;
            if let Data::Closure(id) = value.data {
                let given = if give { receiver.clone() } else { Value::unknown() };
                self.call_closure(frame, id, vec![given]);
            }
        }
    }

    pub(super) fn apply(&mut self, frame: &mut Frame, function: &Value, argument: Value) -> Value {
        match &function.data {
            Data::Closure(id) => self.call_closure(frame, *id, vec![argument]),
            Data::Function(_) => {
                let span = crate::text::Span::default();
                let args = vec![Argument { value: argument, file: frame.file, span }];
                self.call_value(frame, function, args, span)
            }
            Data::Variant(path, inner) if inner.is_empty() => {
                Value { data: Data::Variant(path.clone(), Rc::from([argument])), ..function.clone() }
            }
            // A path to a method of another crate (`String::from`, `Duration::from_secs`).
            _ => match last_segment(&function.name) {
                "from_secs" => duration(&argument, MICROS),
                "from_millis" => duration(&argument, 1_000),
                "as_secs" | "as_millis" | "num_seconds" | "num_milliseconds" => {
                    duration_part(&argument, last_segment(&function.name), 0).unwrap_or_default()
                }
                _ => argument,
            },
        }
    }

    /// `map(f)`, `and_then(f)`: `f` runs where there is a value; over a collection, for each element.
    pub(super) fn mapped(&mut self, frame: &mut Frame, receiver: &Value, call: &'a MethodCall) -> Value {
        let function = self.argument(frame, &call.args[0]).value;
        match &receiver.data {
            Data::Variant(name, _) if name == "None" => return receiver.clone(),
            Data::Variant(name, inner) if matches!(name.as_str(), "Some" | "Ok") => {
                let inner = inner.first().cloned().unwrap_or_default();
                let result = self.apply(frame, &function, inner);
                return if matches!(&result.data, Data::Variant(name, _) if matches!(name.as_str(), "Some" | "None" | "Ok" | "Err"))
                {
                    result
                } else {
                    Value::wrapped(name, result)
                };
            }
            Data::List { items, complete } => {
                let mut mapped = Vec::new();
                for item in items.iter() {
                    mapped.push(self.apply(frame, &function, item.clone()));
                }
                return Value { data: Data::List { items: mapped.into(), complete: *complete }, ..Value::default() };
            }
            _ => {}
        }
        let is_list = matches!(receiver.ty, Ty::List(_))
            || receiver.ty.last().is_some_and(|name| {
                matches!(name, "Vec" | "HashSet" | "HashMap" | "BTreeMap" | "VecDeque" | "BTreeSet")
            });
        if is_list {
            let element = self.element(receiver, &wild());
            let before = std::mem::take(&mut frame.steps);
            let result = self.apply(frame, &function, element);
            let steps = std::mem::replace(&mut frame.steps, before);
            if !steps.is_empty() {
                frame.steps.push(Step::Loop(steps));
            }
            let ty = Ty::List(Rc::new(result.ty.clone()));
            return Value {
                ty,
                reads: receiver.reads.clone(),
                part: receiver.part,
                data: Data::List { items: Rc::from([result]), complete: false },
                ..Value::default()
            };
        }
        let mut arms = Arms::begin(frame);
        frame.steps.extend(marks(receiver.answers(), Some(true)));
        let mut result = self.apply(frame, &function, unwrapped(receiver.clone()));
        if let Data::Variant(name, inner) = &result.data
            && matches!(name.as_str(), "Some" | "Ok")
            && let Some(inner) = inner.first()
        {
            result = inner.clone();
        }
        if !receiver.reads.is_empty() {
            // There is one where the receiver has one, whatever part of it was taken.
            result.part = receiver.part;
        }
        for read in &receiver.reads {
            if !result.reads.contains(read) {
                result.reads.push(*read);
            }
        }
        // Nothing stays nothing.
        if receiver.reads.is_empty() && receiver.is_unknown() && receiver.ty.last() == Some("Option") {
            result = join([Value::wrapped("Some", result), Value::of(Data::Variant("None".into(), Rc::from([])))]);
        }
        arms.end_arm(frame, result.clone());
        arms.end_arm(frame, result);
        arms.finish(frame)
    }

    /// `unwrap_or_else(f)`, `or_else(f)`: `f` runs where there is none.
    pub(super) fn on_absence(&mut self, frame: &mut Frame, receiver: &Value, call: &'a MethodCall) -> Value {
        let function = self.argument(frame, &call.args[0]).value;
        match &receiver.data {
            Data::Variant(name, inner) if matches!(name.as_str(), "Some" | "Ok") => {
                return inner.first().cloned().unwrap_or_default();
            }
            Data::Variant(name, _) if name == "None" => return self.run_closure(frame, &function).unwrap_or_default(),
            _ => {}
        }
        if call.name == "ok_or_else" {
            return receiver.clone();
        }
        let mut arms = Arms::begin(frame);
        frame.steps.extend(marks(receiver.answers(), Some(true)));
        arms.end_arm(frame, unwrapped(receiver.clone()));
        frame.steps.extend(marks(receiver.answers(), Some(false)));
        let other = self.run_closure(frame, &function).unwrap_or_default();
        arms.end_arm(frame, other);
        arms.finish(frame)
    }
}

pub(super) fn wild() -> crate::facts::Pat {
    crate::facts::Pat { span: crate::text::Span::default(), kind: crate::facts::PatKind::Wild }
}

pub(super) fn found(receiver: &Value, hit: bool) -> Value {
    Value { ty: Ty::external("bool"), data: Data::Found(hit), reads: receiver.reads.clone(), ..Value::default() }
}

pub(super) fn is_variant(receiver: &Value, wanted: &str) -> Value {
    let data = match &receiver.data {
        Data::Variant(name, _) if matches!(name.as_str(), "Some" | "None") => Data::Bool(name == wanted),
        _ => Data::Unknown,
    };
    Value { ty: Ty::external("bool"), data, ..Value::default() }
}

pub(super) fn or_else(receiver: &Value, other: impl FnOnce() -> Value) -> Value {
    match &receiver.data {
        Data::Variant(name, inner) if matches!(name.as_str(), "Some" | "Ok") => {
            inner.first().cloned().unwrap_or_default()
        }
        Data::Variant(name, _) if matches!(name.as_str(), "None" | "Err") => other(),
        _ => {
            let own = unwrapped(receiver.clone());
            let joined = join([own.clone(), other()]);
            Value { reads: own.reads, part: own.part, ..joined }
        }
    }
}

/// `[(a, b), …]` as `([a, …], [b, …])`.
pub(super) fn unzipped(items: &[Value], complete: bool) -> Value {
    let pairs = || {
        items.iter().filter_map(|item| match &item.data {
            Data::Tuple(parts) => Some(parts),
            _ => None,
        })
    };
    let column = |at: usize| {
        let items: Rc<[Value]> = pairs().map(|parts| parts.get(at).cloned().unwrap_or_default()).collect();
        let ty = items.first().map_or(Ty::Unknown, |item| item.ty.clone());
        Value { ty: Ty::List(Rc::new(ty)), data: Data::List { items, complete }, ..Value::default() }
    };
    Value::of(Data::Tuple(Rc::from([column(0), column(1)])))
}
