//! Arithmetic, concatenation and comparison.

use super::{Evaluator, Frame};
use crate::facts::{Expr, Name};
use crate::link::ty::Ty;
use crate::link::value::{Data, Value, join};

impl<'a> Evaluator<'a> {
    pub(super) fn binary(&mut self, frame: &mut Frame, op: &Name, left: &'a Expr, right: &'a Expr) -> Value {
        if matches!(op.as_str(), "&&" | "||") {
            let condition_left = self.expr(frame, left);
            let condition_right = self.expr(frame, right);
            return match (op.as_str(), &condition_left.data, &condition_right.data) {
                ("&&", Data::Bool(true), other) | ("||", Data::Bool(false), other) => Value::of(other.clone()),
                ("&&", Data::Bool(false), _) => Value::of(Data::Bool(false)),
                ("||", Data::Bool(true), _) => Value::of(Data::Bool(true)),
                _ => Value::unknown(),
            };
        }
        let left = self.expr(frame, left);
        let right = self.expr(frame, right);
        // EXISTS answers a number to who asks for one: `exists == 1`.
        if let (Data::Unknown, Data::Int(number)) = (&left.data, &right.data)
            && let Some(hit) = existence(op, *number)
            && self.is_existence(&left)
        {
            return Value { ty: Ty::external("bool"), data: Data::Found(hit), reads: left.reads, ..Value::default() };
        }
        self.combine(op, left, right)
    }

    /// Arithmetic on numbers and durations, concatenation of texts, comparisons.
    pub(super) fn combine(&mut self, op: &str, left: Value, right: Value) -> Value {
        let jitter = left.jitter || right.jitter;
        let lost = left.loss().or(right.loss());
        let provenance = left.provenance.combined(op, right.provenance);
        if let Some(joined) = self.combine_each(op, &left, &right) {
            return Value { jitter, provenance, ..joined };
        }
        let unit = converted(op, &left, &right);
        let data = match (op, &left.data, &right.data) {
            ("+", Data::Text(a), _) => match right.as_template() {
                Some(b) => {
                    let mut joined = a.clone();
                    joined.push(&b);
                    Data::Text(joined)
                }
                None => Data::Unknown,
            },
            ("+", Data::Unknown, _) if left.ty.is_text() => match (left.as_template(), right.as_template()) {
                (Some(mut a), Some(b)) => {
                    a.push(&b);
                    Data::Text(a)
                }
                _ => Data::Unknown,
            },
            (_, Data::Int(a), Data::Int(b)) => match op {
                "+" => a.checked_add(*b).map_or(Data::Unknown, Data::Int),
                "-" => a.checked_sub(*b).map_or(Data::Unknown, Data::Int),
                "*" => a.checked_mul(*b).map_or(Data::Unknown, Data::Int),
                "/" => a.checked_div(*b).map_or(Data::Unknown, Data::Int),
                "%" => a.checked_rem(*b).map_or(Data::Unknown, Data::Int),
                "<<" => u32::try_from(*b).ok().and_then(|b| a.checked_shl(b)).map_or(Data::Unknown, Data::Int),
                "==" => Data::Bool(a == b),
                "!=" => Data::Bool(a != b),
                "<" => Data::Bool(a < b),
                "<=" => Data::Bool(a <= b),
                ">" => Data::Bool(a > b),
                ">=" => Data::Bool(a >= b),
                _ => Data::Unknown,
            },
            ("*", Data::Duration(d), Data::Int(n)) | ("*", Data::Int(n), Data::Duration(d)) => {
                d.checked_mul(*n).map_or(Data::Unknown, Data::Duration)
            }
            ("/", Data::Duration(d), Data::Int(n)) => d.checked_div(*n).map_or(Data::Unknown, Data::Duration),
            ("+", Data::Duration(a), Data::Duration(b)) => Data::Duration(a + b),
            ("-", Data::Duration(a), Data::Duration(b)) => Data::Duration(a - b),
            ("==", Data::Text(a), Data::Text(b)) => match (a.as_text(), b.as_text()) {
                (Some(a), Some(b)) => Data::Bool(a == b),
                _ => Data::Unknown,
            },
            // A comparison with what was read decides between hit and miss only where it is a test for absence.
            _ => Data::Unknown,
        };
        let known = !matches!(data, Data::Unknown);
        let is_constant = |value: &Value| !matches!(value.data, Data::Unknown | Data::OneOf(_));
        let parameter = !known
            && (left.parameter || right.parameter)
            && (left.parameter || is_constant(&left))
            && (right.parameter || is_constant(&right));
        // A constant base plus something random is the base, jittered.
        if jitter && let ("+", Data::Int(_) | Data::Duration(_), false) = (op, &left.data, known) {
            return Value { jitter: true, unit, ..left };
        }
        let comparison = matches!(op, "==" | "!=" | "<" | "<=" | ">" | ">=");
        let ty = match (&data, comparison) {
            (Data::Text(_), _) => Ty::external("String"),
            (_, true) => Ty::external("bool"),
            _ if left.ty.is_unknown() => right.ty.clone(),
            _ => left.ty.clone(),
        };
        let reads = if comparison { smallvec::SmallVec::new() } else { left.reads };
        let name = if known || comparison { Name::default() } else { left.name };
        Value { ty, data, name, reads, part: left.part, parameter, unit, jitter, lost, provenance, ..Value::default() }
    }

    /// Arithmetic on a few known numbers is done with each.
    fn combine_each(&mut self, op: &str, left: &Value, right: &Value) -> Option<Value> {
        let numbers =
            |value: &Value| value.alternatives().iter().all(|v| matches!(v.data, Data::Int(_) | Data::Duration(_)));
        let several = matches!(left.data, Data::OneOf(_)) || matches!(right.data, Data::OneOf(_));
        if !several || !numbers(left) || !numbers(right) || !matches!(op, "+" | "-" | "*" | "/") {
            return None;
        }
        let mut all = Vec::new();
        for a in left.alternatives() {
            for b in right.alternatives() {
                let (a, b) = (Value { jitter: false, ..a.clone() }, Value { jitter: false, ..b.clone() });
                all.push(self.combine(op, a, b));
            }
        }
        Some(join(all))
    }
}

/// Whether comparing the number of keys that exist with `number` asks for presence (`true`) or absence.
fn existence(op: &str, number: i128) -> Option<bool> {
    match (op, number) {
        ("==" | ">=", 1) | (">" | "!=", 0) => Some(true),
        ("==" | "<=", 0) | ("<" | "!=", 1) => Some(false),
        _ => None,
    }
}

/// The unit of what arithmetic gives: milliseconds divided by 1000 are seconds, a sum with an unknown is unknown.
fn converted(op: &str, left: &Value, right: &Value) -> Option<crate::clients::Unit> {
    use crate::clients::Unit;
    match (op, left.unit, &right.data) {
        ("/", Some(Unit::Milliseconds), Data::Int(1000)) => Some(Unit::Seconds),
        ("*", Some(Unit::Seconds), Data::Int(1000)) => Some(Unit::Milliseconds),
        ("*" | "/", _, _) => None,
        _ => left.unit.or(right.unit),
    }
}
