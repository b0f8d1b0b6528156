//! Written types, resolved: paths, aliases, type parameters and their bounds, associated types.

use std::rc::Rc;

use super::{MOST_TYPE_DEPTH, TypeScope, World};
use crate::facts::{Generics, ItemKind, Name, Path, TypeRef};
use crate::link::index::{DefKind, ImplId};
use crate::link::resolve::Res;
use crate::link::ty::{Bound, Ty};

impl World<'_> {
    /// Adds type parameters, known by their bounds.
    pub(crate) fn bind_generics(&self, generics: &Generics, scope: &mut TypeScope) {
        for param in &generics.params {
            let mut paths: Vec<&Path> = param.bounds.iter().collect();
            for (subject, bounds) in &generics.predicates {
                if matches!(subject, TypeRef::Path(path) if path.as_ident() == Some(&param.name)) {
                    paths.extend(bounds);
                }
            }
            let ty = self.bounded(&paths, scope);
            scope.params.push((param.name.clone(), ty));
        }
    }

    pub(super) fn bounds(&self, paths: &[Path], scope: &TypeScope) -> Vec<Bound> {
        let mut out = Vec::new();
        for path in paths {
            self.bound(path, scope, &mut out);
        }
        out
    }

    fn bound(&self, path: &Path, scope: &TypeScope, out: &mut Vec<Bound>) {
        let mut found = false;
        for res in self.resolver.path(scope.module, path) {
            match res {
                Res::Def(id) if self.resolver.is(id, DefKind::Trait) => {
                    found = true;
                    if !out.contains(&Bound::Local(id)) {
                        out.push(Bound::Local(id));
                        if let ItemKind::Trait { supertraits, .. } = &self.index.def(id).item.kind {
                            let inner = TypeScope::of(self.index.def(id).module);
                            for supertrait in supertraits {
                                self.bound(supertrait, &inner, out);
                            }
                        }
                    }
                }
                Res::External(path) => {
                    found = true;
                    out.push(Bound::External(path));
                }
                _ => {}
            }
        }
        if !found && let Some(last) = path.last() {
            out.push(Bound::External(last.name.clone()));
        }
    }

    /// `impl A + B`, `dyn A + B`, or a parameter with these bounds. A bound that says what comes out is taken for it:
    /// `Future<Output = T>`, `Fn() -> T`, `Deref<Target = T>`, `AsRef<str>`.
    fn bounded(&self, paths: &[&Path], scope: &TypeScope) -> Ty {
        for path in paths {
            let Some(last) = path.last() else { continue };
            let binding = |name: &str| last.bindings.iter().find(|(n, _)| n == name).map(|(_, ty)| self.ty(ty, scope));
            match last.name.as_str() {
                "Future" | "TryFuture" | "IntoFuture" => {
                    if let Some(ty) = binding("Output") {
                        return ty;
                    }
                }
                "Fn" | "FnMut" | "FnOnce" | "AsyncFn" | "AsyncFnMut" | "AsyncFnOnce" => {
                    return Ty::Callable(Rc::new(binding("Output").unwrap_or_default()));
                }
                "Deref" | "DerefMut" => {
                    if let Some(ty) = binding("Target") {
                        return ty;
                    }
                }
                "Iterator" | "IntoIterator" | "Stream" | "ExactSizeIterator" | "DoubleEndedIterator" => {
                    return Ty::List(Rc::new(binding("Item").unwrap_or_default()));
                }
                "AsRef" | "AsMut" | "Into" | "Borrow" | "BorrowMut" | "TryInto" => {
                    if let Some(arg) = last.args.first() {
                        return self.ty(arg, scope);
                    }
                }
                "ToString" => return Ty::external("String"),
                _ => {}
            }
        }
        let mut out = Vec::new();
        for path in paths {
            self.bound(path, scope, &mut out);
        }
        Ty::Bounded(out.into())
    }

    /// A written type, resolved.
    pub(crate) fn ty(&self, written: &TypeRef, scope: &TypeScope) -> Ty {
        self.ty_at(written, scope, 0)
    }

    fn ty_at(&self, written: &TypeRef, scope: &TypeScope, depth: u8) -> Ty {
        if depth > MOST_TYPE_DEPTH {
            return Ty::Unknown;
        }
        match written {
            TypeRef::Path(path) => self.path_ty(path, scope, depth),
            TypeRef::Ref(inner) => self.ty_at(inner, scope, depth + 1),
            TypeRef::Tuple(parts) => Ty::Tuple(parts.iter().map(|part| self.ty_at(part, scope, depth + 1)).collect()),
            TypeRef::Slice(inner) => Ty::List(Rc::new(self.ty_at(inner, scope, depth + 1))),
            TypeRef::ImplTrait(bounds) | TypeRef::Dyn(bounds) => {
                self.bounded(&bounds.iter().collect::<Vec<_>>(), scope)
            }
            TypeRef::Fn(_, ret) => {
                Ty::Callable(Rc::new(ret.as_ref().map_or(Ty::Unknown, |ret| self.ty_at(ret, scope, depth + 1))))
            }
            TypeRef::Infer | TypeRef::Never | TypeRef::Unknown => Ty::Unknown,
        }
    }

    fn path_ty(&self, path: &Path, scope: &TypeScope, depth: u8) -> Ty {
        let Some(last) = path.last() else { return Ty::Unknown };
        if let Some(qself) = &path.qself {
            let of =
                qself.trait_segments.checked_sub(1).and_then(|at| path.segments.get(at)).map(|segment| &segment.name);
            return self.associated(&self.ty_at(&qself.ty, scope, depth + 1), of, &last.name, scope);
        }
        if let Some(first) = path.segments.first() {
            if first.name == "Self" {
                let own = scope.self_ty.clone().unwrap_or_default();
                return if path.segments.len() == 1 { own } else { self.associated(&own, None, &last.name, scope) };
            }
            if let Some((_, ty)) = scope.params.iter().rev().find(|(name, _)| *name == first.name) {
                return if path.segments.len() == 1 {
                    ty.clone()
                } else {
                    self.associated(ty, None, &last.name, scope)
                };
            }
        }
        let args = || -> Rc<[Ty]> { last.args.iter().map(|arg| self.ty_at(arg, scope, depth + 1)).collect() };
        let mut best = Ty::Unknown;
        for res in self.resolver.path(scope.module, path) {
            let ty = match res {
                Res::Def(id) => match &self.index.def(id).item.kind {
                    ItemKind::Struct { .. } | ItemKind::Enum { .. } => Ty::Adt(id, args()),
                    ItemKind::Alias { generics, ty } => {
                        let mut inner = TypeScope::of(self.index.def(id).module);
                        let args = args();
                        for (at, param) in generics.params.iter().enumerate() {
                            let given = args
                                .get(at)
                                .cloned()
                                .or_else(|| param.default.as_ref().map(|ty| self.ty_at(ty, &inner.clone(), depth + 1)));
                            inner.params.push((param.name.clone(), given.unwrap_or_default()));
                        }
                        self.ty_at(ty, &inner, depth + 1)
                    }
                    ItemKind::Trait { .. } => Ty::Bounded(self.bounds(std::slice::from_ref(path), scope).into()),
                    _ => continue,
                },
                Res::External(path) => Ty::External(path, args()),
                _ => continue,
            };
            // Of two `cfg` alternatives the one that is Redis matters.
            if best.is_unknown() || (self.client_type(&best).is_none() && self.client_type(&ty).is_some()) {
                best = ty;
            }
        }
        if best.is_unknown() && path.segments.len() == 1 {
            best = Ty::External(last.name.clone(), args());
        }
        best
    }

    /// `Self::Connection`, `<M as Manager>::Connection`: `name` of the trait `of`, where it is said.
    fn associated(&self, ty: &Ty, of: Option<&Name>, name: &Name, scope: &TypeScope) -> Ty {
        let from_impl = |id: ImplId| {
            let item = self.index.impl_(id);
            let is_of = |trait_: &Name| item.trait_.and_then(Path::last).is_some_and(|last| last.name == *trait_);
            if of.is_some_and(|of| !is_of(of)) {
                return None;
            }
            let written = item.types.iter().find(|(n, _)| n == name).map(|(_, ty)| ty)?;
            // Two impls may each take theirs from the other, as far as their names tell.
            let entry = (id, name.clone());
            if self.open.borrow().contains(&entry) {
                return None;
            }
            self.open.borrow_mut().push(entry);
            let mut inner = TypeScope::of(item.module);
            self.bind_generics(item.generics, &mut inner);
            inner.self_ty = Some(ty.clone());
            let found = self.ty(written, &inner);
            self.open.borrow_mut().pop();
            Some(found)
        };
        if let Some(found) = scope.impl_.and_then(from_impl) {
            return found;
        }
        match ty {
            Ty::Adt(def, _) => {
                self.by_adt.get(def).into_iter().flatten().find_map(|&id| from_impl(id)).unwrap_or_default()
            }
            Ty::Bounded(bounds) => bounds
                .iter()
                .find_map(|bound| match bound {
                    Bound::Local(def) => match &self.index.def(*def).item.kind {
                        ItemKind::Trait { types, .. } => {
                            let (_, written) = types.iter().find(|(n, _)| n == name)?;
                            Some(self.ty(written, &TypeScope::of(self.index.def(*def).module)))
                        }
                        _ => None,
                    },
                    Bound::External(_) => None,
                })
                .unwrap_or_default(),
            _ => Ty::Unknown,
        }
    }
}
