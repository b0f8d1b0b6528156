//! Fields: read, assigned, given by struct expressions.

use std::rc::Rc;

use super::{Evaluator, FieldValue, Frame};
use crate::facts::{Expr, ExprKind, FieldInit, Name, Path};
use crate::link::index::DefKind;
use crate::link::resolve::Res;
use crate::link::ty::{Ty, last_segment};
use crate::link::value::{Data, Value, join};
use crate::provenance::Provenance;

impl<'a> Evaluator<'a> {
    pub(super) fn field(&mut self, frame: &mut Frame, expr: &'a Expr, base: &'a Expr, name: &'a Name) -> Value {
        if let Some(place) = place_name(expr)
            && let Some(value) = frame.get(&place)
        {
            return value.clone();
        }
        let base_value = self.expr(frame, base);
        self.field_of(frame, &base_value, name)
    }

    /// A field of a value, by its content if that is known, else by its type.
    pub(super) fn field_of(&mut self, frame: &Frame, base: &Value, name: &Name) -> Value {
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
                        found.push(self.field_of(frame, inner, name));
                    }
                }
                _ => {}
            }
        }
        if !found.is_empty() {
            let found = join(found);
            return if found.is_unexplained() { self.settle_field(frame, base, name, found) } else { found };
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
                return self.settle_field(frame, base, name, constant);
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
        // A place in a tuple is an answer of its own: of a pipeline's commands, of a value and its version.
        let part = base.part || !base.reads.is_empty() && !name.chars().all(|c| c.is_ascii_digit());
        let value =
            Value { ty, reads: base.reads.clone(), part, parameter, provenance, ..Value::default() }.named(full);
        self.settle_field(frame, base, name, value)
    }

    pub(super) fn assign(&mut self, frame: &mut Frame, op: &Name, place: &'a Expr, assigned: &'a Expr) -> Value {
        let value = self.expr(frame, assigned);
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
        } else if op == "=" && self.written(frame, place.span) == "_" {
            self.dropped(frame, assigned, &value);
        } else if let (ExprKind::Tuple(places), "=") = (&place.kind, op.as_str()) {
            for (at, place) in places.iter().enumerate() {
                let Some(name) = place_name(place) else { continue };
                let part = self.field_of(frame, &value, &at.to_string().into());
                let part = if part.is_unknown() { part.named(name.clone()) } else { part };
                frame.set(&name, part);
            }
        } else {
            self.expr(frame, place);
        }
        Value::of(Data::Unit)
    }

    pub(super) fn struct_(
        &mut self,
        frame: &mut Frame,
        path: &'a Path,
        fields: &'a [FieldInit],
        rest: Option<&'a Expr>,
    ) -> Value {
        let given: Vec<(Name, Value)> =
            fields.iter().map(|field| (field.name.clone(), self.expr(frame, &field.value))).collect();
        let rest = rest.map(|rest| self.expr(frame, rest));
        for res in &*self.resolve_path(frame, path) {
            match res {
                &Res::Def(def) if self.world.resolver.is(def, DefKind::Struct) => {
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
                &Res::Variant(def, at) => {
                    return Value {
                        ty: Ty::Adt(def, Rc::from([])),
                        data: Data::LocalVariant(def, at, given.into()),
                        ..Value::default()
                    };
                }
                Res::External(path) => {
                    // A struct of a client or of another crate: its fields as a set of options.
                    let options = given.into_iter().map(|(name, value)| (name, vec![value])).collect();
                    return Value {
                        ty: Ty::external(path),
                        data: Data::Options(path.clone(), options),
                        ..Value::default()
                    };
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
                // That there is an expiry stands, whatever it is.
                Data::Options(..) => true,
                _ => false,
            };
            let noted = if constant {
                FieldValue::Constant(without_parameters(value))
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
            if !constant {
                let lost = self.survey.field_losses.entry((def, name.clone())).or_default();
                *lost = lost.or(value.loss());
            }
            let all = self.survey.field_values.entry((def, name.clone())).or_default();
            if !all.contains(&noted) {
                all.push(noted);
            }
        }
    }
}

/// What a constructor was given is nobody's parameter any more once it stands in a field.
fn without_parameters(value: &Value) -> Value {
    let data = match &value.data {
        Data::Options(name, settings) => {
            let plain =
                |(name, args): &(Name, Vec<Value>)| (name.clone(), args.iter().map(without_parameters).collect());
            Data::Options(name.clone(), settings.iter().map(plain).collect())
        }
        Data::Variant(name, inner) => Data::Variant(name.clone(), inner.iter().map(without_parameters).collect()),
        other => other.clone(),
    };
    Value { data, parameter: false, ..value.clone() }
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

/// `name`, `self.field`, `a.b`: a place that can be remembered by its text.
pub(super) fn place_name(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Path(path) => path.as_ident().map(ToString::to_string),
        ExprKind::Field(base, name) => Some(format!("{}.{name}", place_name(base)?)),
        ExprKind::Ref(inner) | ExprKind::Deref(inner) => place_name(inner),
        _ => None,
    }
}
