//! Types of the workspace joined with the catalogue: signatures, fields, constants, what derefs to what.

mod methods;
mod outside;
mod written;

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::clients::{Catalogue, TypeKind, TypeSpec};
use crate::facts::{ItemKind, Name, Path, TypeRef};
use crate::inventory::schema::Schema;
use crate::link::index::{DefId, DefKind, FnId, ImplId, Index, ModuleId, Owner};
use crate::link::resolve::{Res, Resolver};
use crate::link::ty::{Bound, Ty};
use crate::source::Workspace;
pub(crate) use methods::Methods;
pub(crate) use outside::Outside;

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
    /// Associated types that are being read.
    open: RefCell<Vec<(ImplId, Name)>>,
    signatures: Vec<OnceCell<Signature>>,
    known_methods: methods::Known,
    known_outside: outside::Known<'a>,
    /// The types that associated constants belong to.
    constant_owners: OnceCell<FxHashMap<DefId, &'a TypeRef>>,
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
            open: RefCell::default(),
            signatures: index.functions.iter().map(|_| OnceCell::new()).collect(),
            known_methods: methods::Known::default(),
            known_outside: outside::Known::default(),
            constant_owners: OnceCell::new(),
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

    /// The types of a function's signature.
    pub(crate) fn signature(&self, id: FnId) -> &Signature {
        let known = &self.signatures[id.0 as usize];
        if let Some(known) = known.get() {
            return known;
        }
        let scope = Rc::new(self.fn_scope(id));
        let function = self.index.function(id).function;
        let params = function.params.iter().map(|param| self.ty(&param.ty, &scope)).collect();
        let ret = function.ret.as_ref().map_or(Ty::Unknown, |ret| self.ty(ret, &scope));
        known.get_or_init(|| Signature { scope, params, ret })
    }

    /// The scope in which a function's own types are read.
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

    /// The client type that a type is, if it is one itself.
    pub(crate) fn client_type(&self, ty: &Ty) -> Option<&'a TypeSpec> {
        match ty {
            Ty::External(path, _) => self.catalogue.type_spec(path),
            _ => None,
        }
    }

    /// The type and what stands behind it: wrappers, guards, `Deref` impls, generic pools.
    pub(crate) fn chain(&self, ty: &Ty) -> SmallVec<[Ty; 2]> {
        let mut chain: SmallVec<[Ty; 2]> = smallvec::smallvec![ty.clone()];
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
                // `State(x).0`, `web::Data<T>.0`. A lock or a shared pointer has no field of its own: `guard.0` is inside.
                Ty::External(path, args)
                    if name == "0"
                        && matches!(
                            super::ty::last_segment(path),
                            "State" | "Data" | "Extension" | "Inject" | "AssertUnwindSafe"
                        ) =>
                {
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

    /// The scope in which a constant is read: an associated one knows its `Self`.
    pub(crate) fn constant_scope(&self, id: DefId) -> TypeScope {
        let mut scope = TypeScope::of(self.index.def(id).module);
        let owners = self.constant_owners.get_or_init(|| {
            let mut owners = FxHashMap::default();
            for item in &self.index.impls {
                owners.extend(item.constants.iter().map(|&constant| (constant, item.self_ty)));
            }
            owners
        });
        if let Some(owner) = owners.get(&id) {
            scope.self_ty = Some(self.ty(owner, &scope));
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

    /// Whether a derive makes a builder of a struct (`bon`, `typed-builder`, `derive_builder`): each use of it says what
    /// the fields hold, and may leave out those that are optional.
    pub(crate) fn has_derived_builder(&self, def: DefId) -> bool {
        ["Builder", "TypedBuilder"].iter().any(|name| self.derives(def, name))
    }
}
