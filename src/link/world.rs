//! Types of the workspace joined with the catalogue: fields, impls, methods, what derefs to what.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::index::{DefId, DefKind, FnId, ImplId, Index, ModuleId, Owner};
use super::resolve::{Res, Resolver};
use super::ty::{Bound, Ty, last_segment};
use crate::clients::{Catalogue, TypeKind, TypeSpec};
use crate::facts::{Generics, ItemKind, Name, Path, TypeRef};
use crate::inventory::schema::Schema;
use crate::source::Workspace;

/// Depth of aliases, generics and derefs that is followed.
const MOST_TYPE_DEPTH: u8 = 12;

pub(crate) struct World<'a> {
    pub(crate) workspace: &'a Workspace,
    pub(crate) index: &'a Index<'a>,
    pub(crate) resolver: Resolver<'a>,
    pub(crate) catalogue: &'a Catalogue,
    by_adt: FxHashMap<DefId, Vec<ImplId>>,
    by_trait: FxHashMap<DefId, Vec<ImplId>>,
    by_external: FxHashMap<Name, Vec<ImplId>>,
    blanket: Vec<(ImplId, DefId)>,
    derefs: RefCell<FxHashMap<DefId, Option<Ty>>>,
    signatures: RefCell<FxHashMap<FnId, Rc<Signature>>>,
    /// What was asked of the structure of stored values.
    pub(crate) schemas: RefCell<Schemas>,
}

/// A function's types, resolved.
pub(crate) struct Signature {
    pub(crate) scope: Rc<TypeScope>,
    pub(crate) params: Vec<Ty>,
    pub(crate) ret: Ty,
}

/// By type and whether it is read by position.
type Schemas = FxHashMap<(Ty, bool), Option<Arc<Schema>>>;

/// Names of type parameters with what they stand for.
pub(crate) type Params = SmallVec<[(Name, Ty); 4]>;

/// Where a written type is read.
#[derive(Clone)]
pub(crate) struct TypeScope {
    pub(crate) module: ModuleId,
    pub(crate) params: Params,
    pub(crate) self_ty: Option<Ty>,
    pub(crate) impl_: Option<ImplId>,
}

impl TypeScope {
    pub(crate) fn of(module: ModuleId) -> Self {
        Self { module, params: Params::new(), self_ty: None, impl_: None }
    }
}

impl<'a> World<'a> {
    pub(crate) fn new(workspace: &'a Workspace, index: &'a Index<'a>, catalogue: &'a Catalogue) -> Self {
        let mut world = Self {
            workspace,
            index,
            resolver: Resolver::new(workspace, index, catalogue),
            catalogue,
            by_adt: FxHashMap::default(),
            by_trait: FxHashMap::default(),
            by_external: FxHashMap::default(),
            blanket: Vec::new(),
            derefs: RefCell::default(),
            signatures: RefCell::default(),
            schemas: RefCell::default(),
        };
        for at in 0..index.impls.len() {
            world.enter_impl(ImplId(u32::try_from(at).unwrap_or(u32::MAX)));
        }
        world
    }

    fn enter_impl(&mut self, id: ImplId) {
        let item = self.index.impl_(id);
        let trait_ = item.trait_.and_then(|path| self.local_trait(item.module, path));
        let is_param = matches!(item.self_ty, TypeRef::Path(path) if path.as_ident().is_some_and(|name|
            item.generics.params.iter().any(|param| param.name == *name)));
        if is_param {
            if let Some(trait_) = trait_ {
                self.blanket.push((id, trait_));
            }
        } else {
            match self.ty(item.self_ty, &TypeScope::of(item.module)) {
                Ty::Adt(def, _) => self.by_adt.entry(def).or_default().push(id),
                Ty::External(path, args) => {
                    self.by_external.entry(path).or_default().push(id);
                    // `impl Trait for Arc<Own>` is found from `Own` as well.
                    if let Some(Ty::Adt(def, _)) = args.first() {
                        self.by_adt.entry(*def).or_default().push(id);
                    }
                }
                _ => {}
            }
        }
        if let Some(trait_) = trait_ {
            self.by_trait.entry(trait_).or_default().push(id);
        }
    }

    fn local_trait(&self, module: ModuleId, path: &Path) -> Option<DefId> {
        self.resolver.path(module, path).into_iter().find_map(|res| match res {
            Res::Def(id) if self.resolver.is(id, DefKind::Trait) => Some(id),
            _ => None,
        })
    }

    /// The scope in which a function's own types are read.
    /// The types of a function's signature.
    pub(crate) fn signature(&self, id: FnId) -> Rc<Signature> {
        if let Some(known) = self.signatures.borrow().get(&id) {
            return known.clone();
        }
        let scope = Rc::new(self.fn_scope(id));
        let function = self.index.function(id).function;
        let params = function.params.iter().map(|param| self.ty(&param.ty, &scope)).collect();
        let ret = function.ret.as_ref().map_or(Ty::Unknown, |ret| self.ty(ret, &scope));
        let signature = Rc::new(Signature { scope, params, ret });
        self.signatures.borrow_mut().insert(id, signature.clone());
        signature
    }

    fn fn_scope(&self, id: FnId) -> TypeScope {
        let function = self.index.function(id);
        let mut scope = TypeScope::of(function.scope);
        match function.owner {
            Owner::Free => {}
            Owner::Impl(impl_) => {
                let item = self.index.impl_(impl_);
                scope.impl_ = Some(impl_);
                self.bind_generics(item.generics, &mut scope);
                scope.self_ty = Some(self.ty(item.self_ty, &scope));
            }
            Owner::Trait(def) => {
                let mut bounds = vec![Bound::Local(def)];
                if let ItemKind::Trait { generics, supertraits, .. } = &self.index.def(def).item.kind {
                    self.bind_generics(generics, &mut scope);
                    bounds.extend(self.bounds(supertraits, &scope));
                }
                scope.self_ty = Some(Ty::Bounded(bounds.into()));
            }
        }
        self.bind_generics(&function.function.generics, &mut scope);
        scope
    }

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

    fn bounds(&self, paths: &[Path], scope: &TypeScope) -> Vec<Bound> {
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
            return self.associated(&self.ty_at(&qself.ty, scope, depth + 1), &last.name, scope);
        }
        if let Some(first) = path.segments.first() {
            if first.name == "Self" {
                let own = scope.self_ty.clone().unwrap_or_default();
                return if path.segments.len() == 1 { own } else { self.associated(&own, &last.name, scope) };
            }
            if let Some((_, ty)) = scope.params.iter().rev().find(|(name, _)| *name == first.name) {
                return if path.segments.len() == 1 { ty.clone() } else { self.associated(ty, &last.name, scope) };
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

    /// `Self::Connection`, `<M as Manager>::Connection`.
    fn associated(&self, ty: &Ty, name: &Name, scope: &TypeScope) -> Ty {
        let from_impl = |id: ImplId| {
            let item = self.index.impl_(id);
            let written = item.types.iter().find(|(n, _)| n == name).map(|(_, ty)| ty)?;
            let mut inner = TypeScope::of(item.module);
            self.bind_generics(item.generics, &mut inner);
            inner.self_ty = Some(ty.clone());
            Some(self.ty(written, &inner))
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

    /// The client type that a type is, if it is one itself.
    pub(crate) fn client_type(&self, ty: &Ty) -> Option<&'a TypeSpec> {
        match ty {
            Ty::External(path, _) => self.catalogue.type_spec(path),
            _ => None,
        }
    }

    /// The type and what stands behind it: wrappers, guards, `Deref` impls, generic pools.
    pub(crate) fn chain(&self, ty: &Ty) -> Vec<Ty> {
        let mut chain = vec![ty.clone()];
        while chain.len() < usize::from(MOST_TYPE_DEPTH) {
            let Some(last) = chain.last() else { break };
            let next = match last {
                Ty::Adt(def, args) => self.deref_target(*def, args),
                Ty::External(..) => last
                    .inside()
                    .cloned()
                    .filter(|_| self.client_type(last).is_none())
                    .or_else(|| self.client_deref(last)),
                _ => None,
            };
            match next {
                Some(next) if !chain.contains(&next) => chain.push(next),
                _ => break,
            }
        }
        chain
    }

    /// What a client's guard derefs to; for a generic guard, the connection of its manager.
    pub(crate) fn client_deref(&self, ty: &Ty) -> Option<Ty> {
        let Ty::External(_, args) = ty else { return None };
        let spec = self.client_type(ty)?;
        match spec.kind {
            TypeKind::GenericGuard => self.managed(&spec.path, args.first()?),
            TypeKind::Guard => spec.deref.as_ref().map(|path| Ty::External(path.clone(), Rc::from([]))),
            _ => None,
        }
    }

    /// The connection that a pool hands out for a manager. `pool` is a path of the pool's library.
    pub(crate) fn managed(&self, pool: &str, manager: &Ty) -> Option<Ty> {
        for ty in self.chain(manager) {
            match &ty {
                Ty::External(path, _) => {
                    if let Some(connection) = self.catalogue.pooled(pool, path) {
                        return Some(Ty::External(connection.clone(), Rc::from([])));
                    }
                }
                Ty::Adt(def, _) => {
                    // `impl ManageConnection for Own { type Connection = …; }`
                    for &id in self.by_adt.get(def).into_iter().flatten() {
                        let item = self.index.impl_(id);
                        if let Some((_, written)) =
                            item.types.iter().find(|(name, _)| name == "Connection" || name == "Type")
                        {
                            let mut scope = TypeScope::of(item.module);
                            scope.self_ty = Some(ty.clone());
                            return Some(self.ty(written, &scope));
                        }
                    }
                }
                _ => {}
            }
        }
        None
    }

    fn deref_target(&self, def: DefId, args: &Rc<[Ty]>) -> Option<Ty> {
        if let Some(known) = self.derefs.borrow().get(&def) {
            return known.clone();
        }
        // A type that derefs to itself through an alias must not loop.
        self.derefs.borrow_mut().insert(def, None);
        let found = self.by_adt.get(&def).into_iter().flatten().find_map(|&id| {
            let item = self.index.impl_(id);
            let last = &item.trait_?.last()?.name;
            if last != "Deref" && last != "DerefMut" {
                return None;
            }
            let (_, written) = item.types.iter().find(|(name, _)| name == "Target")?;
            let mut scope = TypeScope::of(item.module);
            self.bind_generics(item.generics, &mut scope);
            scope.self_ty = Some(Ty::Adt(def, args.clone()));
            Some(self.ty(written, &scope))
        });
        self.derefs.borrow_mut().insert(def, found.clone());
        found
    }

    /// The type of a field, wrappers of the base looked through.
    pub(crate) fn field(&self, base: &Ty, name: &str) -> Ty {
        for ty in self.chain(base) {
            match &ty {
                Ty::Adt(def, args) => {
                    let item = self.index.def(*def);
                    if let ItemKind::Struct { generics, fields } = &item.item.kind
                        && let Some(field) = fields.iter().find(|field| field.name == name)
                    {
                        let mut scope = TypeScope::of(item.module);
                        self.bind_generics(generics, &mut scope);
                        for (at, param) in generics.params.iter().enumerate() {
                            if let Some(arg) = args.get(at).filter(|arg| !arg.is_unknown()) {
                                scope.params.push((param.name.clone(), arg.clone()));
                            }
                        }
                        scope.self_ty = Some(ty.clone());
                        return self.ty(&field.ty, &scope);
                    }
                }
                Ty::Tuple(parts) => {
                    if let Some(part) = name.parse::<usize>().ok().and_then(|at| parts.get(at)) {
                        return part.clone();
                    }
                }
                // `State(x).0`, `web::Data<T>.0`.
                Ty::External(_, args) if name == "0" && ty.inside().is_some() => {
                    return args.first().cloned().unwrap_or_default();
                }
                _ => {}
            }
        }
        Ty::Unknown
    }

    /// Types of a variant's fields.
    pub(crate) fn variant_fields(&self, def: DefId, at: u16) -> Vec<(Name, Ty)> {
        let item = self.index.def(def);
        let ItemKind::Enum { generics, variants } = &item.item.kind else { return Vec::new() };
        let mut scope = TypeScope::of(item.module);
        self.bind_generics(generics, &mut scope);
        variants.get(usize::from(at)).map_or_else(Vec::new, |variant| {
            variant.fields.iter().map(|field| (field.name.clone(), self.ty(&field.ty, &scope))).collect()
        })
    }

    /// Functions called `name` that `ty` itself (not what it derefs to) has: inherent, by trait, by default body, by
    /// blanket impl. For `dyn Trait`, bounds and parameters: those of all implementors.
    pub(crate) fn methods(&self, ty: &Ty, name: &str) -> Methods {
        match ty {
            Ty::Adt(def, _) => {
                let impls = self.by_adt.get(def).map_or(&[][..], Vec::as_slice);
                self.impl_methods(impls, name)
                    .or_else(|| self.delegated_methods(*def, name))
                    .unwrap_or_else(|| self.blanket_methods(ty, name))
            }
            Ty::External(path, _) => {
                let impls = self.by_external.get(path).map_or(&[][..], Vec::as_slice);
                self.impl_methods(impls, name).unwrap_or_else(|| {
                    if self.client_type(ty).is_some() { self.blanket_methods(ty, name) } else { Methods::default() }
                })
            }
            Ty::Bounded(bounds) => self.bound_methods(bounds, name),
            _ => Methods::default(),
        }
    }

    fn impl_methods(&self, impls: &[ImplId], name: &str) -> Option<Methods> {
        // An inherent function shadows one of a trait; `#[cfg]` twins are both taken.
        for inherent in [true, false] {
            let found: Vec<FnId> = impls
                .iter()
                .map(|&id| self.index.impl_(id))
                .filter(|item| item.trait_.is_none() == inherent)
                .filter_map(|item| item.functions.get(name).copied())
                .collect();
            if !found.is_empty() {
                return Some(Methods { functions: found, dispatched: false, incomplete: false });
            }
        }
        for &id in impls {
            let item = self.index.impl_(id);
            if let Some(trait_) = item.trait_.and_then(|path| self.local_trait(item.module, path))
                && let Some(found) = self.default_method(trait_, name)
            {
                return Some(Methods { functions: vec![found], dispatched: false, incomplete: false });
            }
        }
        None
    }

    /// Methods that a derive gives to an enum by handing the call to what its variants hold.
    fn delegated_methods(&self, def: DefId, name: &str) -> Option<Methods> {
        let item = self.index.def(def).item;
        let ItemKind::Enum { variants, .. } = &item.kind else { return None };
        let delegates = item.attributes.others.iter().any(|attribute| {
            matches!(last_segment(&attribute.path), "enum_dispatch" | "delegate" | "enum_delegate" | "ambassador")
        });
        if !delegates {
            return None;
        }
        let mut found = Methods { dispatched: true, ..Methods::default() };
        for at in 0..variants.len() {
            let fields = self.variant_fields(def, u16::try_from(at).unwrap_or(u16::MAX));
            let inner = fields.first().map(|(_, ty)| self.associated_functions(ty, name)).unwrap_or_default();
            found.incomplete |= inner.functions.is_empty();
            found.functions.extend(inner.functions);
        }
        (!found.functions.is_empty()).then_some(found)
    }

    fn default_method(&self, trait_: DefId, name: &str) -> Option<FnId> {
        let id = *self.index.traits.get(&trait_)?.functions.get(name)?;
        self.index.function(id).function.body.is_some().then_some(id)
    }

    fn blanket_methods(&self, ty: &Ty, name: &str) -> Methods {
        for &(id, trait_) in &self.blanket {
            let item = self.index.impl_(id);
            let function = item.functions.get(name).copied().or_else(|| self.default_method(trait_, name));
            if let Some(function) = function
                && self.satisfies_blanket(ty, id)
            {
                return Methods { functions: vec![function], dispatched: false, incomplete: false };
            }
        }
        Methods::default()
    }

    /// Whether the bounds of a blanket impl speak of client connections, and `ty` is one (or is a type of the workspace,
    /// for which any bound may hold).
    fn satisfies_blanket(&self, ty: &Ty, id: ImplId) -> bool {
        let item = self.index.impl_(id);
        let client_bound = item.generics.params.iter().flat_map(|param| &param.bounds).any(|bound| {
            self.resolver
                .path(item.module, bound)
                .iter()
                .any(|res| matches!(res, Res::External(path) if self.catalogue.trait_spec(path).is_some()))
        });
        !client_bound || self.chain(ty).iter().any(|ty| self.client_type(ty).is_some())
    }

    fn bound_methods(&self, bounds: &[Bound], name: &str) -> Methods {
        let mut found = Methods::default();
        for bound in bounds {
            let Bound::Local(trait_) = bound else { continue };
            let Some(info) = self.index.traits.get(trait_) else { continue };
            let Some(&declared) = info.functions.get(name) else { continue };
            let default = self.default_method(*trait_, name);
            found.dispatched = true;
            for &id in self.by_trait.get(trait_).into_iter().flatten() {
                let item = self.index.impl_(id);
                if item.test {
                    continue;
                }
                match item.functions.get(name).copied().or(default) {
                    Some(function) if !found.functions.contains(&function) => found.functions.push(function),
                    Some(_) => {}
                    None => found.incomplete = true,
                }
            }
            if found.functions.is_empty() {
                found.functions.push(default.unwrap_or(declared));
                found.incomplete = true;
            }
            // A trait bounded by a client's trait can be implemented by its connections alone.
            break;
        }
        found
    }

    /// The functions of a type by `Type::name`.
    pub(crate) fn associated_functions(&self, ty: &Ty, name: &str) -> Methods {
        for ty in self.chain(ty) {
            let found = self.methods(&ty, name);
            if !found.functions.is_empty() {
                return found;
            }
        }
        Methods::default()
    }

    /// The trait impl of a type by the trait's last name: `Display`, `ToRedisArgs`, `AsRef`.
    pub(crate) fn trait_function(&self, def: DefId, trait_name: &str, function: &str) -> Option<FnId> {
        self.by_adt.get(&def)?.iter().find_map(|&id| {
            let item = self.index.impl_(id);
            let last = item.trait_?.last()?;
            (last.name == trait_name).then(|| item.functions.get(function).copied()).flatten()
        })
    }

    /// `impl From<Own> for String`.
    pub(crate) fn conversion_to_text(&self, def: DefId) -> Option<FnId> {
        let impls =
            self.by_external.iter().filter(|(path, _)| last_segment(path) == "String").flat_map(|(_, impls)| impls);
        impls.copied().find_map(|id| {
            let item = self.index.impl_(id);
            let last = item.trait_?.last().filter(|last| last.name == "From")?;
            let from = self.ty(last.args.first()?, &TypeScope::of(item.module));
            matches!(from, Ty::Adt(own, _) if own == def).then(|| item.functions.get("from").copied()).flatten()
        })
    }

    /// Whether a type of the workspace implements a client's connection trait, so that it has all its commands.
    pub(crate) fn implements_connection(&self, ty: &Ty) -> Option<crate::clients::ClientId> {
        let Ty::Adt(def, _) = ty else { return None };
        self.by_adt.get(def)?.iter().find_map(|&id| {
            let item = self.index.impl_(id);
            self.resolver.path(item.module, item.trait_?).iter().find_map(|res| match res {
                Res::External(path) => self.catalogue.trait_spec(path).map(|spec| spec.client),
                _ => None,
            })
        })
    }

    /// The scope in which a constant is read: an associated one knows its `Self`.
    pub(crate) fn constant_scope(&self, id: DefId) -> TypeScope {
        let mut scope = TypeScope::of(self.index.def(id).module);
        let owner = self.index.impls.iter().find(|item| item.constants.contains(&id));
        if let Some(owner) = owner {
            scope.self_ty = Some(self.ty(owner.self_ty, &scope));
        }
        scope
    }

    /// An associated constant of a type.
    pub(crate) fn associated_constant(&self, ty: &Ty, name: &str) -> Option<DefId> {
        let Ty::Adt(def, _) = ty else { return None };
        let impls = self.by_adt.get(def)?;
        let own = impls.iter().find_map(|&id| {
            self.index.impl_(id).constants.iter().copied().find(|&constant| self.index.def(constant).name == name)
        });
        own.or_else(|| {
            impls.iter().find_map(|&id| {
                let item = self.index.impl_(id);
                let info = self.index.traits.get(&self.local_trait(item.module, item.trait_?)?)?;
                info.constants.iter().copied().find(|&constant| self.index.def(constant).name == name)
            })
        })
    }

    pub(crate) fn type_name(&self, def: DefId) -> String {
        self.index.def(def).name.to_string()
    }

    /// Whether a type derives (or its `impl` names) a trait, by last name.
    pub(crate) fn derives(&self, def: DefId, trait_name: &str) -> bool {
        self.index.def(def).item.attributes.derives.iter().any(|name| name == trait_name)
    }
}

/// Functions that a method call may run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Methods {
    pub(crate) functions: Vec<FnId>,
    /// Found through a trait: any of them may be the one.
    pub(crate) dispatched: bool,
    /// Some implementation could not be seen.
    pub(crate) incomplete: bool,
}
