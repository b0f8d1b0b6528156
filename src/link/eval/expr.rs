//! Expressions.

use std::rc::Rc;

use super::call::is_decoder;
use super::{CapturedClosure, Evaluator, FieldValue, Frame};
use crate::facts::{Expr, ExprKind, FieldInit, Literal, Name, Path};
use crate::inventory::{MessageStep, RunsOn};
use crate::link::index::DefKind;
use crate::link::resolve::Res;
use crate::link::trace::Step;
use crate::link::ty::{Ty, last_segment};
use crate::link::value::{Argument, Data, Value, join};
use crate::provenance::Provenance;
use crate::template::Template;

impl<'a> Evaluator<'a> {
    pub(super) fn expr(&mut self, frame: &mut Frame, expr: &'a Expr) -> Value {
        self.work += 1;
        match &expr.kind {
            ExprKind::Path(path) => self.path_value(frame, path),
            ExprKind::Lit(literal) => literal_value(literal),
            ExprKind::Call(callee, args) => self.call(frame, expr, callee, args),
            ExprKind::Method(call) => {
                let value = self.method(frame, expr, call);
                if matches!(call.name.as_str(), "unwrap" | "expect") {
                    undecoded(frame, &call.receiver, &value);
                }
                value
            }
            ExprKind::Field(base, name) => self.field(frame, expr, base, name),
            ExprKind::Index(base, index) => {
                let base = self.expr(frame, base);
                let index_value = self.expr(frame, index);
                // `&key[..]` is the key.
                if matches!(index.kind, ExprKind::Range(None, None)) {
                    return base;
                }
                match (&base.data, &index_value.data) {
                    (Data::List { items, .. }, Data::Int(at)) => {
                        usize::try_from(*at).ok().and_then(|at| items.get(at)).cloned().unwrap_or_default()
                    }
                    _ => Value { reads: base.reads, ..Value::unknown() }.named(self.hole_name(frame, expr)),
                }
            }
            ExprKind::Ref(inner) | ExprKind::Deref(inner) => {
                let used = frame.used;
                if used == Some(expr.span) {
                    frame.used = Some(inner.span);
                }
                self.expr(frame, inner)
            }
            ExprKind::Not(inner) => {
                let mut value = self.expr(frame, inner);
                value.data = match value.data {
                    Data::Bool(b) => Data::Bool(!b),
                    Data::Found(hit) => Data::Found(!hit),
                    _ if !value.reads.is_empty() => Data::Found(false),
                    other => other,
                };
                value
            }
            ExprKind::Neg(inner) => {
                let value = self.expr(frame, inner);
                match value.data {
                    Data::Int(n) => Value::int(-n),
                    _ => value,
                }
            }
            ExprKind::Cast(inner, ty) => {
                let value = self.expr(frame, inner);
                let ty = self.world.ty(ty, &frame.types);
                value.with_ty(ty)
            }
            ExprKind::Binary(op, left, right) => self.binary(frame, op, left, right),
            ExprKind::Assign(op, place, value) => self.assign(frame, op, place, value),
            ExprKind::Await(inner) => {
                frame.used = Some(inner.span);
                let value = self.expr(frame, inner);
                let value = self.awaited(frame, inner, value);
                frame.used = None;
                value
            }
            ExprKind::Try(inner) => {
                if !matches!(inner.kind, ExprKind::Await(_)) {
                    frame.used = Some(inner.span);
                }
                let value = self.expr(frame, inner);
                frame.used = None;
                frame.fails = true;
                let leaving = match frame.steps.last() {
                    Some(Step::Command(id)) => smallvec::smallvec![*id],
                    Some(Step::Call(_)) => value.reads.clone(),
                    _ => smallvec::SmallVec::new(),
                };
                frame.steps.extend(leaving.into_iter().map(Step::Fails));
                self.message_fails(frame, inner, MessageStep::Fails);
                undecoded(frame, inner, &value);
                // A future cannot be asked with `?`: what it is asked of was sent.
                unwrapped(self.settled(value))
            }
            ExprKind::Block(block) => self.block(frame, block),
            ExprKind::Async(block) => {
                let awaited = frame.used == Some(expr.span);
                let (runs_on, lazy) = (frame.runs_on, frame.lazy);
                frame.runs_on = RunsOn::Task;
                frame.lazy |= !awaited;
                let value = self.inline(frame, |this, frame| this.block(frame, block));
                (frame.runs_on, frame.lazy) = (runs_on, lazy);
                value
            }
            ExprKind::If(condition, then, otherwise) => self.if_(frame, condition, then, otherwise.as_deref()),
            ExprKind::Let(pat, scrutinee) => {
                let value = self.expr(frame, scrutinee);
                self.bind_pattern(frame, pat, value);
                Value::unknown()
            }
            ExprKind::Match(scrutinee, arms) => self.match_(frame, scrutinee, arms),
            ExprKind::While(condition, body) => self.while_(frame, condition, body),
            ExprKind::For(pat, iter, body) => self.for_(frame, pat, iter, body),
            ExprKind::Loop(body) => self.loop_(frame, body),
            ExprKind::Closure(closure) => self.new_closure(CapturedClosure {
                closure,
                vars: frame.vars.clone().into(),
                file: frame.file,
                function: frame.function,
                module: frame.module,
                types: frame.types.clone(),
            }),
            ExprKind::Return(value) => self.return_(frame, value.as_deref()),
            ExprKind::Break(value) => self.break_(frame, value.as_deref()),
            ExprKind::Continue => self.break_(frame, None),
            ExprKind::Tuple(parts) => {
                let parts: Vec<Value> = parts.iter().map(|part| self.expr(frame, part)).collect();
                if parts.is_empty() {
                    return Value::of(Data::Unit);
                }
                let ty = Ty::Tuple(parts.iter().map(|part| part.ty.clone()).collect());
                Value { ty, data: Data::Tuple(parts.into()), ..Value::default() }
            }
            ExprKind::Array(parts) => {
                let items: Vec<Value> = parts.iter().map(|part| self.expr(frame, part)).collect();
                list(items)
            }
            ExprKind::Repeat(value, _) => {
                let value = self.expr(frame, value);
                let ty = Ty::List(Rc::new(value.ty.clone()));
                Value { ty, data: Data::List { items: Rc::from([value]), complete: false }, ..Value::default() }
            }
            ExprKind::Struct(path, fields, rest) => self.struct_(frame, path, fields, rest.as_deref()),
            ExprKind::Range(from, to) => {
                for end in [from, to].into_iter().flatten() {
                    self.expr(frame, end);
                }
                Value::unknown()
            }
            ExprKind::Macro(call) => self.macro_call(frame, expr, call),
            ExprKind::Unknown => Value::unknown(),
        }
    }

    /// Runs something whose `return` ends only itself.
    pub(super) fn inline(&mut self, frame: &mut Frame, body: impl FnOnce(&mut Self, &mut Frame) -> Value) -> Value {
        let before = std::mem::take(&mut frame.steps);
        let returns = std::mem::take(&mut frame.returns);
        let used = frame.used.take();
        let (fails, receiving) = (frame.fails, std::mem::take(&mut frame.receiving));
        let last = body(self, frame);
        frame.receiving = receiving;
        frame.used = used;
        frame.fails = fails;
        if frame.alive {
            frame.returns.push(last);
        }
        frame.alive = true;
        let value = join(std::mem::replace(&mut frame.returns, returns));
        let steps = std::mem::replace(&mut frame.steps, before);
        if !steps.is_empty() {
            frame.steps.push(Step::Inline(steps));
        }
        value
    }

    fn field(&mut self, frame: &mut Frame, expr: &'a Expr, base: &'a Expr, name: &'a Name) -> Value {
        if let Some(place) = place_name(expr)
            && let Some(value) = frame.get(&place)
        {
            return value.clone();
        }
        let base_value = self.expr(frame, base);
        self.field_of(frame, &base_value, name)
    }

    /// A field of a value, by its content if that is known, else by its type.
    pub(super) fn field_of(&mut self, _frame: &Frame, base: &Value, name: &Name) -> Value {
        let mut found = Vec::new();
        for alternative in base.alternatives() {
            match &alternative.data {
                Data::Struct(_, fields) | Data::LocalVariant(_, _, fields) => {
                    if let Some((_, value)) = fields.iter().find(|(field, _)| field == name) {
                        found.push(value.clone());
                    }
                }
                Data::Tuple(items) => {
                    if let Some(item) = name.parse::<usize>().ok().and_then(|at| items.get(at)) {
                        found.push(item.clone());
                    }
                }
                Data::Variant(wrapper, inner) if matches!(wrapper.as_str(), "Some" | "Ok") && name != "0" => {
                    if let Some(inner) = inner.first() {
                        found.push(self.field_of(_frame, inner, name));
                    }
                }
                _ => {}
            }
        }
        if !found.is_empty() {
            return join(found);
        }
        let ty = self.world.field(&base.ty, name);
        let provenance = self.field_provenance(base, &ty);
        if name == "0" && ty.is_unknown() && base.provenance.has(Provenance::REQUEST) {
            return base.clone();
        }
        for owner in self.world.chain(&base.ty) {
            if let Ty::Adt(def, _) = owner
                && let Some(constant) = self.field_constant(def, name)
            {
                return constant;
            }
        }
        let full: Name = match base.name.as_str() {
            "" => name.clone(),
            // `self.id` is called `id`: the reader knows whose it is.
            "self" => name.clone(),
            base if name.chars().all(|c| c.is_ascii_digit()) => base.into(),
            base => format!("{base}.{name}").into(),
        };
        let parameter = base.parameter && base.name != "self";
        Value { ty, reads: base.reads.clone(), parameter, provenance, ..Value::default() }.named(full)
    }

    fn assign(&mut self, frame: &mut Frame, op: &Name, place: &'a Expr, value: &'a Expr) -> Value {
        let value = self.expr(frame, value);
        if let Some(name) = place_name(place) {
            let value = if op == "=" {
                value
            } else {
                let old = self.expr(frame, place);
                self.combine(op.trim_end_matches('='), old, value)
            };
            if let ExprKind::Field(base, field) = &place.kind
                && self.mode == super::Mode::Survey
            {
                // A field that is changed later is no constant.
                let base = self.expr(frame, base);
                for ty in self.world.chain(&base.ty) {
                    if let Ty::Adt(def, _) = ty {
                        self.survey.field_values.entry((def, field.clone())).or_default().push(FieldValue::Other);
                    }
                }
            }
            if let Some((owner, field)) = name.rsplit_once('.') {
                set_field(frame, owner, field, &value);
            }
            frame.set(&name, value);
        } else {
            self.expr(frame, place);
        }
        Value::of(Data::Unit)
    }

    fn binary(&mut self, frame: &mut Frame, op: &Name, left: &'a Expr, right: &'a Expr) -> Value {
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
    fn combine(&mut self, op: &str, left: Value, right: Value) -> Value {
        let jitter = left.jitter || right.jitter;
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
        Value { ty, data, name, reads, parameter, unit, jitter, encoded: None, provenance, spelled: Default::default() }
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

    fn struct_(&mut self, frame: &mut Frame, path: &'a Path, fields: &'a [FieldInit], rest: Option<&'a Expr>) -> Value {
        let given: Vec<(Name, Value)> =
            fields.iter().map(|field| (field.name.clone(), self.expr(frame, &field.value))).collect();
        let rest = rest.map(|rest| self.expr(frame, rest));
        for res in self.resolve_path(frame, path) {
            match res {
                Res::Def(def) if self.world.resolver.is(def, DefKind::Struct) => {
                    self.note_fields(frame, def, &given);
                    let mut all = given;
                    if let Some(Data::Struct(_, old)) = rest.as_ref().map(|rest| &rest.data) {
                        for (name, value) in old.iter() {
                            if !all.iter().any(|(given, _)| given == name) {
                                all.push((name.clone(), value.clone()));
                            }
                        }
                    }
                    return Value {
                        ty: Ty::Adt(def, Rc::from([])),
                        data: Data::Struct(def, all.into()),
                        ..Value::default()
                    };
                }
                Res::Variant(def, at) => {
                    return Value {
                        ty: Ty::Adt(def, Rc::from([])),
                        data: Data::LocalVariant(def, at, given.into()),
                        ..Value::default()
                    };
                }
                Res::External(path) => {
                    // A struct of a client or of another crate: its fields as a set of options.
                    let options = given.into_iter().map(|(name, value)| (name, vec![value])).collect();
                    return Value { ty: Ty::external(&path), data: Data::Options(path, options), ..Value::default() };
                }
                _ => {}
            }
        }
        Value::unknown()
    }

    fn note_fields(&mut self, frame: &Frame, def: crate::link::index::DefId, given: &[(Name, Value)]) {
        if self.mode != super::Mode::Survey {
            return;
        }
        for (name, value) in given {
            let constant = match &value.data {
                Data::Text(template) => template.as_text().is_some(),
                Data::Int(_) | Data::Duration(_) | Data::Bool(_) => true,
                Data::Variant(variant, inner) => {
                    last_segment(variant) == "None"
                        || inner.iter().all(|v| matches!(v.data, Data::Int(_) | Data::Duration(_)))
                }
                _ => false,
            };
            let noted = if constant {
                FieldValue::Constant(value.clone())
            } else if value.parameter
                && let Some(function) = frame.function
                && let Some(at) = self
                    .world
                    .index
                    .function(function)
                    .function
                    .params
                    .iter()
                    .position(|param| super::pattern::name_of(&param.pat) == value.name)
            {
                FieldValue::Parameter(function, at)
            } else {
                FieldValue::Other
            };
            let all = self.survey.field_values.entry((def, name.clone())).or_default();
            if !all.contains(&noted) {
                all.push(noted);
            }
        }
    }

    pub(super) fn argument(&mut self, frame: &mut Frame, expr: &'a Expr) -> Argument {
        let used = frame.used.take();
        let value = self.expr(frame, expr);
        frame.used = used;
        let value = if value.name.is_empty() && value.is_unknown() {
            let name = self.hole_name(frame, expr);
            value.named(name)
        } else {
            value
        };
        Argument { value, file: frame.file, span: expr.span }
    }

    /// The source text of a place in the current file.
    pub(super) fn written(&self, frame: &Frame, span: crate::text::Span) -> &'a str {
        span.of(self.world.workspace.text(frame.file))
    }

    /// What an expression is called when its value is unknown: its text, conversions left out; nothing if that is long.
    pub(super) fn hole_name(&self, frame: &Frame, expr: &Expr) -> Name {
        let mut at = expr;
        loop {
            match &at.kind {
                ExprKind::Ref(inner)
                | ExprKind::Deref(inner)
                | ExprKind::Await(inner)
                | ExprKind::Try(inner)
                | ExprKind::Cast(inner, _) => at = inner,
                ExprKind::Method(call) if is_conversion(&call.name) => at = &call.receiver,
                _ => break,
            }
        }
        let text = self.written(frame, at.span);
        let text = text.strip_prefix("self.").unwrap_or(text);
        let simple =
            text.len() <= 40 && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | ':' | '(' | ')'));
        if simple { text.into() } else { Name::default() }
    }
}

/// Notes that an error of decoding what a read gave ends the function here.
fn undecoded(frame: &mut Frame, decoding: &Expr, value: &Value) {
    let mut at = decoding;
    let place = loop {
        match &at.kind {
            ExprKind::Method(call) if call.name == "parse" => break call.name_span,
            ExprKind::Method(call)
                if matches!(call.name.as_str(), "map_err" | "context" | "with_context" | "wrap_err" | "map") =>
            {
                at = &call.receiver;
            }
            ExprKind::Call(callee, _) => match &callee.kind {
                ExprKind::Path(path) => match path.last() {
                    Some(last) if is_decoder(&last.name) => break last.span,
                    _ => return,
                },
                _ => return,
            },
            _ => return,
        }
    };
    let place = frame.place(place);
    frame.steps.extend(value.reads.iter().map(|&read| Step::Undecoded { read, place }));
}

/// Whether comparing the number of keys that exist with `number` asks for presence (`true`) or absence.
fn existence(op: &str, number: i128) -> Option<bool> {
    match (op, number) {
        ("==" | ">=", 1) | (">" | "!=", 0) => Some(true),
        ("==" | "<=", 0) | ("<" | "!=", 1) => Some(false),
        _ => None,
    }
}

/// Changes a field of a variable that holds a struct.
pub(super) fn set_field(frame: &mut Frame, owner: &str, field: &str, value: &Value) {
    if let Some(Value { data: Data::Struct(def, fields), .. }) = frame.get(owner) {
        let mut fields = fields.to_vec();
        match fields.iter_mut().find(|(name, _)| name == field) {
            Some((_, old)) => *old = value.clone(),
            None => fields.push((field.into(), value.clone())),
        }
        let data = Data::Struct(*def, fields.into());
        if let Some(old) = frame.get(owner).cloned() {
            frame.set(owner, Value { data, ..old });
        }
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

/// Methods that change the type and not the text.
pub(super) fn is_conversion(name: &str) -> bool {
    matches!(
        name,
        "to_string"
            | "to_owned"
            | "into"
            | "clone"
            | "cloned"
            | "copied"
            | "as_str"
            | "as_ref"
            | "as_mut"
            | "as_deref"
            | "as_bytes"
            | "into_bytes"
            | "to_vec"
            | "into_string"
            | "into_owned"
            | "borrow"
            | "borrow_mut"
            | "deref"
            | "deref_mut"
            | "by_ref"
            | "as_slice"
            | "as_mut_str"
            | "into_boxed_str"
            | "unwrap"
            | "expect"
            | "iter"
            | "into_iter"
            | "iter_mut"
            | "into_inner"
            | "get_ref"
            | "get_mut"
            | "into_future"
    )
}

/// `name`, `self.field`, `a.b`: a place that can be remembered by its text.
pub(super) fn place_name(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Path(path) => path.as_ident().map(ToString::to_string),
        ExprKind::Field(base, name) => Some(format!("{}.{name}", place_name(base)?)),
        ExprKind::Ref(inner) | ExprKind::Deref(inner) => place_name(inner),
        _ => None,
    }
}

pub(super) fn list(items: Vec<Value>) -> Value {
    let ty = Ty::List(Rc::new(items.first().map(|item| item.ty.clone()).unwrap_or_default()));
    let parameter = !items.is_empty() && items.iter().all(|item| item.parameter);
    Value { ty, data: Data::List { items: items.into(), complete: true }, parameter, ..Value::default() }
}

fn literal_value(literal: &Literal) -> Value {
    match literal {
        Literal::Str(text) | Literal::Bytes(text) => Value::text(text.clone()),
        Literal::Int(n) => Value::int(*n),
        Literal::Bool(b) => Value { ty: Ty::external("bool"), ..Value::of(Data::Bool(*b)) },
        Literal::Char(c) => {
            Value { ty: Ty::external("char"), data: Data::Text(Template::text(c.to_string())), ..Value::default() }
        }
        Literal::Float(_) => Value::typed(Ty::external("f64")),
    }
}

/// What `?`, `unwrap` and a match on `Some` or `Ok` leave.
pub(super) fn unwrapped(value: Value) -> Value {
    let inside = |value: Value| {
        let ty = match value.ty.inside() {
            Some(inner) if is_carrier(&value.ty) => inner.clone(),
            _ => value.ty.clone(),
        };
        Value { ty, ..value }
    };
    match &value.data {
        Data::Variant(name, inner) => match last_segment(name) {
            "Some" | "Ok" => {
                let mut found = inner.first().cloned().unwrap_or_default();
                for read in &value.reads {
                    if !found.reads.contains(read) {
                        found.reads.push(*read);
                    }
                }
                found
            }
            _ => inside(value),
        },
        Data::OneOf(alternatives) => {
            let kept: Vec<Value> = alternatives
                .iter()
                .filter(|v| !matches!(&v.data, Data::Variant(name, _) if matches!(last_segment(name), "Err" | "None")))
                .map(|v| unwrapped(v.clone()))
                .collect();
            if kept.is_empty() { inside(value) } else { join(kept) }
        }
        _ => inside(value),
    }
}

/// `Result` and `Option` by whatever name.
fn is_carrier(ty: &Ty) -> bool {
    ty.last()
        .is_some_and(|name| name.ends_with("Result") || name == "Option" || name == "Poll" || name.ends_with("Future"))
}
