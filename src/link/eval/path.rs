//! Paths as values: variables, constants, functions, variants.

use std::rc::Rc;

use super::{Evaluator, Frame};
use crate::facts::{Name, Path};
use crate::link::index::DefKind;
use crate::link::resolve::Res;
use crate::link::ty::{Ty, last_segment};
use crate::link::value::{Data, Value, join};
use crate::link::world::Methods;

/// What stands in front of the parentheses of a call.
pub(super) enum Callee {
    Functions(Rc<Methods>),
    /// A variant or tuple struct of the workspace.
    LocalVariant(crate::link::index::DefId, u16),
    TupleStruct(crate::link::index::DefId),
    /// Something of another crate, or a prelude name, by its path.
    External(Name),
    /// `Type::name` of a known type without such a function in the workspace.
    Associated(Ty, Name),
    Unresolved(Name),
}

impl<'a> Evaluator<'a> {
    /// A path's meaning, `Self` and inner scopes included.
    pub(super) fn resolve_path(&self, frame: &Frame, path: &'a Path) -> Rc<[Res]> {
        if path.segments.first().is_some_and(|first| first.name == "Self") {
            return self.resolve_anew(frame, path).into();
        }
        let key = (frame.module, std::ptr::from_ref(path));
        let known = self.paths.borrow().get(&key).cloned();
        let found = known.unwrap_or_else(|| {
            let found: Rc<[Res]> = self.world.resolver.path(frame.module, path).into();
            self.paths.borrow_mut().insert(key, found.clone());
            found
        });
        // What an alias stands for is the scope's business.
        let is_alias = |res: &Res| matches!(res, Res::Member(def, _) if self.world.resolver.is(*def, DefKind::Alias));
        if found.iter().any(is_alias) { self.resolve_anew(frame, path).into() } else { found }
    }

    fn resolve_anew(&self, frame: &Frame, path: &Path) -> Vec<Res> {
        if let Some(first) = path.segments.first()
            && first.name == "Self"
            && let Some(Ty::Adt(def, _)) = &frame.types.self_ty
        {
            let mut found = vec![Res::Def(*def)];
            for segment in &path.segments[1..] {
                found = found
                    .iter()
                    .map(|res| match res {
                        Res::Def(def) => self.variant_or_member(*def, &segment.name),
                        other => other.clone(),
                    })
                    .collect();
            }
            return found;
        }
        // A type alias of an enum has its variants.
        let found = self.world.resolver.path(frame.module, path);
        found
            .into_iter()
            .map(|res| match &res {
                Res::Member(def, name) if self.world.resolver.is(*def, DefKind::Alias) => {
                    match self.world.ty(&crate::facts::TypeRef::Path(prefix(path)), &frame.types) {
                        Ty::Adt(target, _) => self.variant_or_member(target, name),
                        Ty::External(external, _) => Res::External(format!("{external}::{name}").into()),
                        _ => res,
                    }
                }
                _ => res,
            })
            .collect()
    }

    fn variant_or_member(&self, def: crate::link::index::DefId, name: &Name) -> Res {
        if let crate::facts::ItemKind::Enum { variants, .. } = &self.world.index.def(def).item.kind
            && let Some(at) = variants.iter().position(|variant| variant.name == *name)
        {
            return Res::Variant(def, u16::try_from(at).unwrap_or(u16::MAX));
        }
        Res::Member(def, name.clone())
    }

    pub(super) fn path_value(&mut self, frame: &mut Frame, path: &'a Path) -> Value {
        if let Some(name) = path.as_ident() {
            if let Some(value) = frame.get(name) {
                return value.clone();
            }
            if name == "None" {
                return Value::of(Data::Variant("None".into(), Rc::from([])));
            }
        }
        if let Some(qself) = &path.qself
            && let Some(last) = path.last()
        {
            let ty = self.world.ty(&qself.ty, &frame.types);
            return self.member_value(&ty, &last.name);
        }
        let mut found = Vec::new();
        for res in &*self.resolve_path(frame, path) {
            let value = match res {
                Res::Def(def) => match self.world.index.def(*def).kind {
                    DefKind::Constant => self.constant(*def),
                    DefKind::Function(function) => Value::of(Data::Function(function)),
                    DefKind::Struct => Value::typed(Ty::Adt(*def, Rc::from([]))),
                    _ => continue,
                },
                Res::Variant(def, at) => Value {
                    ty: Ty::Adt(*def, Rc::from([])),
                    data: Data::LocalVariant(*def, *at, Rc::from([])),
                    ..Value::default()
                },
                Res::Member(def, name) => self.member_value(&Ty::Adt(*def, Rc::from([])), name),
                Res::External(external) if external.ends_with("::table") => match self.store_table(frame, external) {
                    Some(table) => table,
                    None => self.external_value(external),
                },
                Res::External(external) => self.external_value(external),
                Res::Module(_) => continue,
            };
            found.push(value);
        }
        // `users::table`, `users::dsl::users`: a macro makes that module.
        if found.is_empty()
            && path.segments.len() > 1
            && let Some(table) = self.store_table(frame, &path.text())
        {
            return table;
        }
        if found.is_empty() {
            let ty = self.owner_type(frame, path);
            if let Some(last) = path.last()
                && !ty.is_unknown()
            {
                found.push(self.member_value(&ty, &last.name));
            }
        }
        if found.is_empty() {
            let text = path.text();
            if let Some(constant) = external_constant(&text).or_else(|| self.store_table(frame, &text)) {
                return constant;
            }
            return Value::unknown().named(text);
        }
        join(found)
    }

    /// `Type::CONST`, `Type::function` as a value.
    fn member_value(&mut self, ty: &Ty, name: &Name) -> Value {
        if let Some(constant) = self.world.associated_constant(ty, name) {
            return self.constant(constant);
        }
        let found = self.world.associated_functions(ty, name);
        match found.as_ref().and_then(|found| found.functions.first()) {
            Some(function) => Value::of(Data::Function(*function)),
            None => match ty {
                Ty::External(path, _) => self.external_value(&format!("{path}::{name}").into()),
                _ => Value::unknown().named(name.clone()),
            },
        }
    }

    fn external_value(&mut self, path: &Name) -> Value {
        if last_segment(path) == "None" {
            return Value::of(Data::Variant("None".into(), Rc::from([])));
        }
        if let Some(constant) = external_constant(path) {
            return constant;
        }
        if !self.declared.is_empty() {
            let (owner, name) = path.rsplit_once("::").unwrap_or(("", path));
            if let Some(entry) = self.declared.find(name, || owner.to_owned()) {
                return self.declared.settle(entry, Value::unknown(), &Ty::Unknown, &[]);
            }
        }
        // A unit variant (`SetExpiry::KEEPTTL`, `ExistenceCheck::NX`) or a constant of another crate.
        let owner = path.rsplit_once("::").map_or("", |(owner, _)| owner);
        let lost = self.lose_external_constant(path);
        Value { lost, ty: Ty::external(owner), data: Data::Variant(path.clone(), Rc::from([])), ..Value::default() }
            .named(last_segment(path))
    }

    /// The type before the last segment.
    fn owner_type(&self, frame: &Frame, path: &Path) -> Ty {
        if let Some(qself) = &path.qself {
            return self.world.ty(&qself.ty, &frame.types);
        }
        if path.segments.len() < 2 {
            return Ty::Unknown;
        }
        self.world.ty(&crate::facts::TypeRef::Path(prefix(path)), &frame.types)
    }

    /// What a call's path names.
    pub(super) fn callee(&self, frame: &Frame, path: &'a Path) -> Callee {
        let Some(last) = path.last() else { return Callee::Unresolved(Name::default()) };
        if let Some(qself) = &path.qself {
            let ty = self.world.ty(&qself.ty, &frame.types);
            let trait_path = Path { qself: None, ..path.clone() };
            if qself.trait_segments > 0
                && let Some(Res::External(external)) = self.resolve_anew(frame, &trait_path).into_iter().next()
            {
                return Callee::External(external);
            }
            return self.associated_callee(ty, &last.name);
        }
        let mut functions = Methods::default();
        for res in &*self.resolve_path(frame, path) {
            match res {
                Res::Def(def) => match self.world.index.def(*def).kind {
                    DefKind::Function(function) => functions.functions.push(function),
                    DefKind::Struct => return Callee::TupleStruct(*def),
                    _ => {}
                },
                Res::Variant(def, at) => return Callee::LocalVariant(*def, *at),
                Res::Member(def, name) => {
                    let ty = match self.world.index.def(*def).kind {
                        DefKind::Trait => {
                            // `Trait::function(x)`: the first argument decides; all implementors are candidates.
                            Ty::Bounded(Rc::from([crate::link::ty::Bound::Local(*def)]))
                        }
                        _ => self.owner_type(frame, path),
                    };
                    let ty = if ty.is_unknown() { Ty::Adt(*def, Rc::from([])) } else { ty };
                    return self.associated_callee(ty, name);
                }
                Res::External(external) => return Callee::External(external.clone()),
                Res::Module(_) => {}
            }
        }
        if !functions.functions.is_empty() {
            return Callee::Functions(Rc::new(functions));
        }
        let owner = self.owner_type(frame, path);
        if !owner.is_unknown() {
            return self.associated_callee(owner, &last.name);
        }
        Callee::Unresolved(path.text().into())
    }

    fn associated_callee(&self, ty: Ty, name: &Name) -> Callee {
        // `String::from(text)`: an `impl From<Own> for String` is another function of that name.
        if matches!(ty, Ty::External(..))
            && self.world.client_type(&ty).is_none()
            && matches!(name.as_str(), "from" | "default")
        {
            return Callee::Associated(ty, name.clone());
        }
        if let Some(found) = self.world.associated_functions(&ty, name) {
            return Callee::Functions(found);
        }
        match &ty {
            Ty::External(path, _) => {
                let full = format!("{path}::{name}");
                let canonical = self.world.catalogue.canonical(&full).map(|path| Name::from(path.as_ref()));
                match canonical {
                    Some(canonical) if self.world.catalogue.maker(&canonical).is_some() => Callee::External(canonical),
                    _ => Callee::Associated(ty, name.clone()),
                }
            }
            _ => Callee::Associated(ty, name.clone()),
        }
    }
}

fn prefix(path: &Path) -> Path {
    let mut owner = path.clone();
    owner.segments.pop();
    owner
}

fn external_constant(path: &str) -> Option<Value> {
    match path {
        "u64::MAX" | "std::u64::MAX" => Some(Value::int(i128::from(u64::MAX))),
        "u32::MAX" | "std::u32::MAX" => Some(Value::int(i128::from(u32::MAX))),
        "i64::MAX" | "std::i64::MAX" | "usize::MAX" => Some(Value::int(i128::from(i64::MAX))),
        "i32::MAX" => Some(Value::int(i128::from(i32::MAX))),
        "Duration::ZERO" | "std::time::Duration::ZERO" => {
            Some(Value { ty: Ty::external("Duration"), ..Value::of(Data::Duration(0)) })
        }
        _ => None,
    }
}
