//! Where values are lost: the first place of which it can be said why. What the rule file declares is put in here.

use super::path::Callee;
use super::{Evaluator, Frame};
use crate::facts::expr::MethodCall;
use crate::facts::{Expr, ExprKind, Name, Path};
use crate::finding::Place;
use crate::link::index::{DefId, FnId, Owner};
use crate::link::losses::Kind;
use crate::link::ty::Ty;
use crate::link::value::{Argument, Value};
use crate::link::world::Methods;
use crate::loss::Lost;
use crate::policy::DeclaredValue;

/// Losses at one place that have different reasons.
mod sort {
    pub(super) const EXPRESSION: u8 = 0;
    pub(super) const DEFINITION: u8 = 3;
    pub(super) const CUT: u8 = 4;
    pub(super) const BODY: u8 = 5;
}

impl<'a> Evaluator<'a> {
    /// The value of an expression; of one that is not known it is noted where it was lost.
    pub(super) fn expr(&mut self, frame: &mut Frame, expr: &'a Expr) -> Value {
        let before = std::mem::take(&mut self.lost);
        let mut value = self.evaluated(frame, expr);
        self.at = Some(frame.place(expr.span));
        if value.is_unexplained() && !value.parameter {
            value.lost = self.explain(frame, expr);
        }
        let own = if value.is_unknown() { value.lost } else { Lost::default() };
        self.lost = before.or(own);
        value
    }

    fn explain(&mut self, frame: &Frame, expr: &'a Expr) -> Lost {
        let inner = self.lost;
        let place = frame.place(expr.span);
        match &expr.kind {
            ExprKind::Path(path) => {
                if let Some(name) = path.as_ident().filter(|name| frame.get(name).is_some()) {
                    if name == "self" {
                        return Lost::default();
                    }
                    return self
                        .losses
                        .at(place, Lost::default(), sort::EXPRESSION, || Some(Kind::Local(name.clone())));
                }
                self.lose_path(frame, path, place)
            }
            ExprKind::Call(callee, _) => match &callee.kind {
                ExprKind::Path(path) if inner.is_known() && is_transparent(path) => inner,
                ExprKind::Path(path) => self.lose_call(frame, path, place, inner),
                _ => inner,
            },
            ExprKind::Macro(call) if !inner.is_known() => {
                self.losses.at(place, inner, sort::EXPRESSION, || Some(Kind::Macro(Name::new(&call.path))))
            }
            _ => inner,
        }
    }

    fn lose_path(&mut self, frame: &Frame, path: &'a Path, place: Place) -> Lost {
        let from = Lost::default();
        let kind = match self.callee(frame, path) {
            Callee::External(path) | Callee::Unresolved(path) => Kind::External(path),
            Callee::Associated(ty, name) => Kind::Field(ty, name),
            _ => return from,
        };
        self.losses.of(kind, from, place)
    }

    /// A constant of another crate.
    pub(super) fn lose_external_constant(&mut self, path: &Name) -> Lost {
        // `ExistenceCheck::NX` is a word of a client's, and no constant.
        let owner = path.rsplit_once("::").map_or("", |(owner, _)| owner);
        let is_word = self.world.catalogue.type_spec(owner).is_some();
        let is_constant = !is_word && crate::link::ty::last_segment(path).chars().all(|c| !c.is_lowercase());
        match self.at.filter(|_| is_constant) {
            Some(place) => self.losses.of(Kind::External(path.clone()), Lost::default(), place),
            None => Lost::default(),
        }
    }

    fn lose_call(&mut self, frame: &Frame, path: &'a Path, place: Place, inner: Lost) -> Lost {
        if let Some(name) = path.as_ident().filter(|name| frame.get(name).is_some()) {
            return self.losses.at(place, Lost::default(), sort::EXPRESSION, || Some(Kind::Callback(name.clone())));
        }
        let kind = match self.callee(frame, path) {
            Callee::Functions(methods) => match methods.functions.first() {
                Some(&function) => Kind::Function(function),
                None => return inner,
            },
            Callee::External(path) | Callee::Unresolved(path) => Kind::External(path),
            Callee::Associated(ty, name) => Kind::Method(ty, name),
            Callee::LocalVariant(..) | Callee::TupleStruct(_) => return inner,
        };
        let from = if matches!(kind, Kind::Function(_)) { inner } else { Lost::default() };
        self.losses.of(kind, from, place)
    }

    /// The result of a method; of one that is not known it is noted whose method lost it.
    pub(super) fn after_method(
        &mut self,
        frame: &Frame,
        call: &MethodCall,
        receiver: &Ty,
        before: Lost,
        value: Value,
    ) -> Value {
        let value = self.settle_method(call, receiver, value);
        if !value.is_unexplained() || value.parameter {
            return value;
        }
        // Of a type that says nothing, or says it of everything, the receiver's own loss says more.
        let says_nothing = || {
            type_path(self.world, receiver).is_none_or(|path| crate::link::losses::is_std(&path)) && before.is_known()
        };
        let lost = if keeps_content(&call.name) || says_nothing() {
            before
        } else {
            let kind = Kind::Method(receiver.clone(), call.name.clone());
            self.losses.of(kind, Lost::default(), frame.place(call.name_span))
        };
        Value { lost, ..value }
    }

    /// What the rule file says of a method of a type that is not in the workspace, or of one that was not followed.
    fn settle_method(&self, call: &MethodCall, receiver: &Ty, value: Value) -> Value {
        if self.declared.is_empty() {
            return value;
        }
        match self.declared.find(&call.name, || self.type_path(receiver)) {
            Some(entry) => self.declared.settle(entry, value, &Ty::Unknown, &[]),
            None => value,
        }
    }

    /// The result of functions of the workspace, with what the rule file says of them. What was lost inside, and cannot
    /// be declared there, is lost by the function.
    pub(super) fn after_call(
        &mut self,
        frame: &Frame,
        methods: &Methods,
        args: &[Argument],
        at: crate::text::Span,
        value: Value,
    ) -> Value {
        let Some(&first) = methods.functions.first() else { return value };
        let value = match self.declared_function(methods) {
            Some((function, entry)) => {
                let params = &self.world.index.function(function).function.params;
                let names = params.iter().map(|param| super::pattern::name_of(&param.pat).to_string());
                let given: Vec<_> = names.zip(args.iter().map(|arg| arg.value.clone())).collect();
                self.declared.settle(entry, value, &self.return_type(function), &given)
            }
            None => value,
        };
        if !value.is_unknown() || value.parameter || !value.lost.is_known() || self.is_declarable(value.lost) {
            return value;
        }
        let lost = self.losses.of(Kind::Function(first), value.lost, frame.place(at));
        Value { lost, ..value }
    }

    fn declared_function(&self, methods: &Methods) -> Option<(FnId, &'a DeclaredValue)> {
        if self.declared.is_empty() {
            return None;
        }
        methods.functions.iter().chain(&methods.outside).find_map(|&function| {
            let definition = self.world.index.function(function);
            let path = &definition.path;
            let owner = || path.rsplit_once("::").map_or_else(String::new, |(owner, _)| owner.to_owned());
            Some((function, self.declared.find(&definition.function.name, owner)?))
        })
    }

    /// What a call of a function of another crate gives, as the rule file says.
    pub(super) fn settle_external(&self, path: &str, args: &[Argument], value: Value) -> Value {
        if self.declared.is_empty() {
            return value;
        }
        let (owner, name) = path.rsplit_once("::").unwrap_or(("", path));
        match self.declared.find(name, || owner.to_owned()) {
            Some(entry) => {
                // Its parameters have no names here: `{0}` is the first.
                let given: Vec<_> =
                    args.iter().enumerate().map(|(at, arg)| (at.to_string(), arg.value.clone())).collect();
                self.declared.settle(entry, value, &Ty::Unknown, &given)
            }
            None => value,
        }
    }

    /// A constant, with what the rule file says of it.
    pub(super) fn settle_constant(&mut self, id: DefId, value: Value) -> Value {
        let def = self.world.index.def(id);
        let value = if self.declared.is_empty() {
            value
        } else {
            let owner = || def.path.rsplit_once("::").map_or_else(String::new, |(owner, _)| owner.to_owned());
            match self.declared.find(def.name, owner) {
                Some(entry) => self.declared.settle(entry, value.clone(), &value.ty, &[]),
                None => value,
            }
        };
        if !value.is_unknown() {
            return value;
        }
        let place = Place { file: self.world.index.module(def.module).file, span: def.item.span };
        let lost = self.losses.at(place, value.lost, sort::DEFINITION, || Some(Kind::Constant(id)));
        Value { lost, ..value }
    }

    /// A field whose content is not known, with what the rule file says of it.
    pub(super) fn settle_field(&mut self, frame: &Frame, base: &Value, name: &Name, value: Value) -> Value {
        if base.ty.is_unknown() {
            let lost = value.lost.or(base.loss());
            return Value { lost, ..value };
        }
        let owners = self.world.chain(&base.ty);
        if !self.declared.is_empty() {
            for owner in &owners {
                if let Some(entry) = self.declared.find(name, || self.type_path(owner)) {
                    return self.declared.settle(entry, value.clone(), &value.ty, &[]);
                }
            }
        }
        // What holds it: a struct of the workspace, or the innermost type.
        let owner = owners.iter().find(|ty| matches!(ty, Ty::Adt(..))).or(owners.last());
        let Some(owner) = owner.filter(|ty| matches!(ty, Ty::Adt(..) | Ty::External(..))) else { return value };
        if name.chars().all(|c| c.is_ascii_digit()) {
            let lost = value.lost.or(base.loss());
            return Value { lost, ..value };
        }
        let from = match owner {
            Ty::Adt(def, _) => self.field_loss(*def, name),
            _ => Lost::default(),
        };
        let place = match owner {
            Ty::Adt(def, _) => self.field_place(*def, name),
            _ => self.at.unwrap_or(frame.place(crate::text::Span::default())),
        };
        let lost = self.losses.of(Kind::Field(owner.clone(), name.clone()), from, place);
        Value { lost, ..value }
    }

    /// What the constructors of a struct give to a field, where that was lost.
    fn field_loss(&self, def: DefId, name: &Name) -> Lost {
        let key = (def, name.clone());
        let own = self.survey.field_losses.get(&key).copied().unwrap_or_default();
        let given = self.survey.field_values.get(&key).into_iter().flatten().find_map(|given| match given {
            super::FieldValue::Parameter(function, at) => self.survey.argument_losses.get(&(*function, *at)).copied(),
            _ => None,
        });
        own.or(given.unwrap_or_default())
    }

    fn field_place(&self, def: DefId, name: &Name) -> Place {
        let item = self.world.index.def(def);
        let span = match &item.item.kind {
            crate::facts::ItemKind::Struct { fields, .. } => {
                fields.iter().find(|field| field.name == *name).map(|field| field.span)
            }
            _ => None,
        };
        Place { file: self.world.index.module(item.module).file, span: span.unwrap_or(item.item.span) }
    }

    /// A function without a body.
    pub(super) fn lose_body(&mut self, id: FnId) -> Lost {
        let definition = self.world.index.function(id);
        let place = Place { file: definition.file, span: definition.function.span };
        let of_trait = matches!(definition.owner, Owner::Trait(_));
        self.losses.at(place, Lost::default(), sort::BODY, || of_trait.then_some(Kind::NoImplementation(id)))
    }

    /// What a trait's implementors decide that cannot be seen.
    pub(super) fn lose_outside(&mut self, declared: FnId, place: Place) -> Lost {
        self.losses.of(Kind::Outside(declared), Lost::default(), place)
    }

    /// A call that is not followed.
    pub(super) fn lose_cut(&mut self, id: FnId) -> Lost {
        let definition = self.world.index.function(id);
        let place = Place { file: definition.file, span: definition.function.span };
        let recursion = self.busy.contains(&id) && self.depth < super::MOST_CALL_DEPTH;
        let kind = if recursion { Kind::Recursion(id) } else { Kind::TooDeep(id) };
        let sort = if recursion { sort::CUT } else { sort::DEFINITION };
        self.losses.at(place, Lost::default(), sort, || Some(kind))
    }

    /// Whether `[values]` can say what was lost at this place.
    fn is_declarable(&self, lost: Lost) -> bool {
        self.losses.get(lost).is_some_and(|loss| loss.kind.path(self.world).is_some())
    }

    /// The path of a type, without its arguments.
    fn type_path(&self, ty: &Ty) -> String {
        type_path(self.world, ty).unwrap_or_default()
    }
}

/// The path of a type, without its arguments.
pub(crate) fn type_path(world: &crate::link::world::World<'_>, ty: &Ty) -> Option<String> {
    match ty {
        Ty::Adt(def, _) => Some(world.index.def(*def).path.clone()),
        Ty::External(path, _) => Some(path.to_string()),
        Ty::Bounded(bounds) => bounds.first().map(|bound| match bound {
            crate::link::ty::Bound::Local(def) => world.index.def(*def).path.clone(),
            crate::link::ty::Bound::External(path) => path.to_string(),
        }),
        _ => None,
    }
}

/// Functions that give back what they are given, in another wrapping.
fn is_transparent(path: &Path) -> bool {
    path.last().is_some_and(|last| {
        matches!(
            last.name.as_str(),
            "Some"
                | "Ok"
                | "from"
                | "new"
                | "into"
                | "to_string"
                | "try_from"
                | "from_str"
                | "to_owned"
                | "drop"
                | "take"
                | "from_secs"
                | "from_millis"
                | "seconds"
                | "minutes"
                | "hours"
                | "days"
                | "clone"
                | "borrow"
                | "pin"
        )
    })
}

/// Methods whose result says the same as their receiver.
fn keeps_content(name: &str) -> bool {
    matches!(
        name,
        "to_string"
            | "to_owned"
            | "clone"
            | "cloned"
            | "copied"
            | "into"
            | "try_into"
            | "as_ref"
            | "as_mut"
            | "as_str"
            | "as_deref"
            | "as_bytes"
            | "to_vec"
            | "unwrap"
            | "expect"
            | "ok"
            | "err"
            | "ok_or"
            | "ok_or_else"
            | "map_err"
            | "map"
            | "and_then"
            | "filter"
            | "borrow"
            | "deref"
            | "lock"
            | "read"
            | "write"
            | "load"
            | "load_full"
            | "iter"
            | "into_iter"
            | "trim"
            | "to_lowercase"
            | "to_uppercase"
            | "as_secs"
            | "as_millis"
            | "num_seconds"
            | "num_milliseconds"
            | "as_secs_f64"
            | "await"
            | "into_inner"
            | "inner"
            | "get_ref"
    ) || name.starts_with("unwrap_or")
        || name.starts_with("saturating_")
        || name.starts_with("checked_")
        || name.starts_with("wrapping_")
}
