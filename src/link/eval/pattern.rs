//! Patterns: what they bind, whether they match, and whether a match means that a cached value was found.

use std::rc::Rc;

use super::{Evaluator, Frame};
use crate::facts::{Literal, Name, Pat, PatKind, Path};
use crate::link::index::DefKind;
use crate::link::resolve::Res;
use crate::link::ty::{Ty, last_segment};
use crate::link::value::{Data, Value, join};

/// The name a pattern gives, if it gives just one.
pub(super) fn name_of(pat: &Pat) -> Name {
    match &pat.kind {
        PatKind::Bind(name, _) => name.clone(),
        PatKind::TupleStruct(_, parts) => match parts.as_slice() {
            [only] => name_of(only),
            _ => Name::default(),
        },
        _ => Name::default(),
    }
}

impl<'a> Evaluator<'a> {
    /// A parameter goes on under the name that its caller has for what is passed in.
    pub(super) fn bind_parameter(&mut self, frame: &mut Frame, pat: &'a Pat, value: Value) {
        match &pat.kind {
            PatKind::Bind(name, None) if !value.name.is_empty() => frame.bind(name.clone(), value),
            _ => self.bind_pattern(frame, pat, value),
        }
    }

    pub(super) fn bind_pattern(&mut self, frame: &mut Frame, pat: &'a Pat, value: Value) {
        match &pat.kind {
            PatKind::Bind(name, sub) => {
                if self.is_constant_name(frame, name) {
                    return;
                }
                if let Some(sub) = sub {
                    self.bind_pattern(frame, sub, value.clone());
                }
                let value = if keeps_name(&value) { value } else { value.named(name.clone()) };
                frame.bind(name.clone(), value);
            }
            PatKind::TupleStruct(path, parts) => {
                let variant = self.pattern_variant(frame, path);
                let inner = self.inner_values(frame, &variant, &value, parts.len());
                for (at, part) in parts.iter().enumerate() {
                    let part_value = inner.get(at).cloned().unwrap_or_else(|| derived(&value));
                    self.bind_pattern(frame, part, part_value);
                }
            }
            PatKind::Struct(_, fields) => {
                for (name, sub) in fields {
                    let field = self.field_of(frame, &value, name);
                    self.bind_pattern(frame, sub, field);
                }
            }
            PatKind::Tuple(parts) => {
                for (at, part) in parts.iter().enumerate() {
                    let part_value = match &value.data {
                        Data::Tuple(items) => items.get(at).cloned().unwrap_or_default(),
                        _ => {
                            let ty = self.world.field(&value.ty, &at.to_string());
                            Value { ty, ..derived(&value) }
                        }
                    };
                    self.bind_pattern(frame, part, part_value);
                }
            }
            PatKind::Slice(parts) => {
                for part in parts {
                    let element = self.element(&value, part);
                    self.bind_pattern(frame, part, element);
                }
            }
            PatKind::Or(parts) => {
                if let Some(first) = parts.first() {
                    self.bind_pattern(frame, first, value);
                }
            }
            PatKind::Wild | PatKind::Rest | PatKind::Lit(_) | PatKind::Range | PatKind::Path(_) | PatKind::Unknown => {}
        }
    }

    /// Values of the parts of `Variant(a, b)` when `value` is matched against it.
    fn inner_values(&mut self, _frame: &Frame, variant: &Variant, value: &Value, parts: usize) -> Vec<Value> {
        let mut found = Vec::new();
        for alternative in value.alternatives() {
            match (&alternative.data, variant) {
                (Data::Variant(name, inner), Variant::Named(wanted)) if last_segment(name) == last_segment(wanted) => {
                    found.push(inner.to_vec());
                }
                (Data::LocalVariant(def, at, fields), Variant::Local(wanted, wanted_at))
                    if def == wanted && at == wanted_at =>
                {
                    found.push(fields.iter().map(|(_, value)| value.clone()).collect());
                }
                (Data::Struct(_, fields), _) => found.push(fields.iter().map(|(_, value)| value.clone()).collect()),
                (Data::Variant(..) | Data::LocalVariant(..), _) => {}
                (_, Variant::Local(def, at)) => {
                    let fields = self.world.variant_fields(*def, *at);
                    found.push(fields.into_iter().map(|(_, ty)| Value { ty, ..derived(alternative) }).collect());
                }
                (_, Variant::Named(name)) => {
                    // The error of a `Result` is no value that was read.
                    if last_segment(name) == "Err" {
                        found.push(vec![Value::unknown()]);
                    } else {
                        let mut inner = alternative.clone();
                        inner.ty = taken_apart(&alternative.ty, name, parts)
                            .or_else(|| alternative.ty.inside())
                            .unwrap_or(&alternative.ty)
                            .clone();
                        found.push(vec![inner; parts.max(1)]);
                    }
                }
                (_, Variant::Tuple(def)) => {
                    let ty = Ty::Adt(*def, Rc::from([]));
                    found.push(
                        (0..parts)
                            .map(|at| Value { ty: self.world.field(&ty, &at.to_string()), ..derived(alternative) })
                            .collect(),
                    );
                }
            }
        }
        let width = found.iter().map(Vec::len).max().unwrap_or(0);
        (0..width).map(|at| join(found.iter().filter_map(|parts| parts.get(at).cloned()))).collect()
    }

    fn pattern_variant(&self, frame: &Frame, path: &'a Path) -> Variant {
        for res in &*self.resolve_path(frame, path) {
            match res {
                Res::Variant(def, at) => return Variant::Local(*def, *at),
                Res::Def(def) if self.world.resolver.is(*def, DefKind::Struct) => return Variant::Tuple(*def),
                Res::External(path) => return Variant::Named(path.clone()),
                _ => {}
            }
        }
        Variant::Named(path.text().into())
    }

    /// A bare name in a pattern that means a constant or unit variant, not a binding.
    fn is_constant_name(&self, frame: &Frame, name: &Name) -> bool {
        name == "None"
            || (name.chars().next().is_some_and(char::is_uppercase)
                && self.world.resolver.in_module(frame.module, name).iter().any(|res| match res {
                    Res::Variant(..) => true,
                    Res::Def(def) => !matches!(self.world.index.def(*def).kind, DefKind::Function(_)),
                    _ => false,
                }))
    }

    /// Whether a value matches a pattern, where that is known.
    pub(super) fn matches(&self, frame: &Frame, pat: &'a Pat, value: &Value) -> Option<bool> {
        if let Data::OneOf(alternatives) = &value.data {
            let mut all = alternatives.iter().map(|alternative| self.matches(frame, pat, alternative));
            let first = all.next().flatten();
            return first.filter(|first| all.all(|other| other == Some(*first)));
        }
        match &pat.kind {
            PatKind::Wild => Some(true),
            PatKind::Bind(name, sub) => {
                if name == "None" {
                    return match &value.data {
                        Data::Variant(variant, _) => Some(last_segment(variant) == "None"),
                        _ => None,
                    };
                }
                if self.is_constant_name(frame, name) {
                    return self.matches_path(frame, &[name], value);
                }
                sub.as_ref().map_or(Some(true), |sub| self.matches(frame, sub, value))
            }
            PatKind::TupleStruct(path, parts) => match (&value.data, self.pattern_variant(frame, path)) {
                (Data::Variant(name, inner), Variant::Named(wanted)) => {
                    if last_segment(name) != last_segment(&wanted) {
                        return Some(false);
                    }
                    self.all_match(frame, parts, inner.iter())
                }
                (Data::LocalVariant(def, at, fields), Variant::Local(wanted, wanted_at)) => {
                    if (def, at) != (&wanted, &wanted_at) {
                        return Some(false);
                    }
                    self.all_match(frame, parts, fields.iter().map(|(_, value)| value))
                }
                _ => None,
            },
            PatKind::Struct(path, _) | PatKind::Path(path) => match (&value.data, self.pattern_variant(frame, path)) {
                (Data::LocalVariant(def, at, fields), Variant::Local(wanted, wanted_at)) => {
                    if (def, at) == (&wanted, &wanted_at) { fields.is_empty().then_some(true) } else { Some(false) }
                }
                (Data::Variant(name, inner), Variant::Named(wanted)) => {
                    if last_segment(name) == last_segment(&wanted) {
                        inner.is_empty().then_some(true)
                    } else {
                        Some(false)
                    }
                }
                _ => None,
            },
            PatKind::Lit(literal) => match (literal, &value.data) {
                (Literal::Bool(wanted), Data::Bool(given)) => Some(wanted == given),
                (Literal::Int(wanted), Data::Int(given)) => Some(wanted == given),
                (Literal::Str(wanted), Data::Text(given)) => given.as_text().map(|given| given == wanted),
                _ => None,
            },
            PatKind::Tuple(parts) => match &value.data {
                Data::Tuple(items) => self.all_match(frame, parts, items.iter()),
                _ => None,
            },
            PatKind::Or(parts) => {
                let mut unknown = false;
                for part in parts {
                    match self.matches(frame, part, value) {
                        Some(true) => return Some(true),
                        None => unknown = true,
                        Some(false) => {}
                    }
                }
                if unknown { None } else { Some(false) }
            }
            PatKind::Rest | PatKind::Range | PatKind::Slice(_) | PatKind::Unknown => None,
        }
    }

    fn matches_path(&self, frame: &Frame, names: &[&Name], value: &Value) -> Option<bool> {
        let res = self.world.resolver.names(frame.module, names, false);
        match (&value.data, res.first()) {
            (Data::LocalVariant(def, at, _), Some(Res::Variant(wanted, wanted_at))) => {
                Some((def, at) == (wanted, wanted_at))
            }
            _ => None,
        }
    }

    fn all_match<'v>(&self, frame: &Frame, parts: &'a [Pat], values: impl Iterator<Item = &'v Value>) -> Option<bool> {
        let mut all = Some(true);
        for (part, value) in parts.iter().zip(values) {
            match self.matches(frame, part, value) {
                Some(false) => return Some(false),
                None => all = None,
                Some(true) => {}
            }
        }
        all
    }

    /// Whether a match of this pattern means that the read behind `value` found something (`true`) or nothing.
    pub(super) fn polarity(&self, pat: &Pat, value: &Value) -> Option<bool> {
        if value.answers().is_empty() {
            return None;
        }
        match &pat.kind {
            PatKind::Bind(name, _) if name == "None" => Some(false),
            PatKind::Lit(Literal::Bool(hit)) => match value.data {
                Data::Found(found) => Some(found == *hit),
                _ => Some(*hit),
            },
            PatKind::TupleStruct(path, parts) => {
                let name = path.last().map(|segment| segment.name.as_str()).unwrap_or_default();
                match name {
                    "Err" => Some(false),
                    "Some" => match parts.first().map(|part| &part.kind) {
                        Some(PatKind::TupleStruct(..)) => self.polarity(&parts[0], value),
                        _ => Some(true),
                    },
                    "Ok" => match parts.first() {
                        Some(part) => match &part.kind {
                            PatKind::TupleStruct(..) | PatKind::Path(_) | PatKind::Lit(_) => self.polarity(part, value),
                            PatKind::Bind(inner, None) if inner == "None" => Some(false),
                            // `Ok(found)` of a `Result<Option<T>>` says nothing yet.
                            PatKind::Bind(..) | PatKind::Wild => {
                                let may_be_absent = self.may_be_absent(value);
                                (!may_be_absent).then_some(true)
                            }
                            _ => None,
                        },
                        None => None,
                    },
                    _ => None,
                }
            }
            PatKind::Path(path) => (path.last().is_some_and(|last| last.name == "None")).then_some(false),
            PatKind::Or(parts) => {
                let all: Vec<_> = parts.iter().map(|part| self.polarity(part, value)).collect();
                all.first().copied().flatten().filter(|first| all.iter().all(|other| *other == Some(*first)))
            }
            _ => None,
        }
    }

    /// The value is an `Option` by its type, or nothing is known of its type.
    fn may_be_absent(&self, value: &Value) -> bool {
        fn option_in(ty: &Ty) -> Option<bool> {
            match ty {
                Ty::Unknown => None,
                Ty::External(path, args) => match last_segment(path) {
                    "Option" | "Value" => Some(true),
                    _ => ty.inside().and(args.first()).map_or(Some(false), option_in),
                },
                _ => Some(false),
            }
        }
        option_in(&value.ty).unwrap_or(!value.decoded)
    }
}

/// What a pattern's path stands for.
pub(super) enum Variant {
    /// `Some`, `Ok`, a variant of another crate.
    Named(Name),
    Local(crate::link::index::DefId, u16),
    /// A tuple struct of the workspace.
    Tuple(crate::link::index::DefId),
}

/// What a tuple struct of another crate holds, where its own pattern stands for it: `Json(order): Json<Order>`.
fn taken_apart<'t>(ty: &'t Ty, pattern: &str, parts: usize) -> Option<&'t Ty> {
    let Ty::External(path, args) = ty else { return None };
    match &args[..] {
        [only] if parts == 1 && last_segment(path) == last_segment(pattern) => Some(only),
        _ => None,
    }
}

/// An unknown part of `value`.
fn derived(value: &Value) -> Value {
    let (reads, lost) = (value.reads.clone(), value.loss());
    Value {
        reads,
        part: value.part,
        parameter: value.parameter,
        provenance: value.provenance,
        lost,
        ..Value::default()
    }
}

/// A key keeps its text whatever the variable is called; an unknown value takes the variable's name.
fn keeps_name(value: &Value) -> bool {
    !value.name.is_empty() && !matches!(value.data, Data::Unknown)
}
