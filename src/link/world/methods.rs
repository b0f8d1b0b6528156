//! Which functions a method call may run, and what impls say of a type.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{TypeScope, World};
use crate::facts::{ItemKind, Name};
use crate::link::index::{DefId, FnId, ImplId};
use crate::link::resolve::Res;
use crate::link::ty::{Bound, Ty, last_segment};

/// Functions that a method call may run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Methods {
    pub(crate) functions: Vec<FnId>,
    /// Found through a trait: any of them may be the one.
    pub(crate) dispatched: bool,
    /// Some implementation could not be seen.
    pub(crate) incomplete: bool,
    /// The function as a trait declares it, where others than can be seen implement that trait.
    pub(crate) outside: Option<FnId>,
}

/// By what has them and their name; `None` where there are none.
type ByName<K> = RefCell<FxHashMap<K, FxHashMap<Name, Option<Rc<Methods>>>>>;

/// What was asked before.
#[derive(Default)]
pub(super) struct Known {
    own: ByName<DefId>,
    external: ByName<Name>,
    of_trait: ByName<DefId>,
    /// What `impl From<Own> for String` converts, by the own type.
    into_text: OnceCell<FxHashMap<DefId, FnId>>,
}

fn remembered<K: Clone + Eq + std::hash::Hash>(
    known: &ByName<K>,
    key: &K,
    name: &str,
    find: impl FnOnce() -> Option<Methods>,
) -> Option<Rc<Methods>> {
    if let Some(known) = known.borrow().get(key).and_then(|names| names.get(name)) {
        return known.clone();
    }
    let found = find().map(Rc::new);
    known.borrow_mut().entry(key.clone()).or_default().insert(name.into(), found.clone());
    found
}

impl World<'_> {
    /// Functions called `name` that `ty` itself (not what it derefs to) has: inherent, by trait, by default body, by
    /// blanket impl. For `dyn Trait`, bounds and parameters: those of all implementors.
    pub(crate) fn methods(&self, ty: &Ty, name: &str) -> Option<Rc<Methods>> {
        match ty {
            Ty::Adt(def, _) => remembered(&self.known_methods.own, def, name, || {
                let impls = self.by_adt.get(def).map_or(&[][..], Vec::as_slice);
                self.impl_methods(impls, name).or_else(|| self.delegated_methods(*def, name))
            })
            .or_else(|| self.blanket_methods(ty, name)),
            Ty::External(path, _) => {
                let own = self.by_external.get(path).and_then(|impls| {
                    remembered(&self.known_methods.external, path, name, || self.impl_methods(impls, name))
                });
                own.or_else(|| self.client_type(ty).and_then(|_| self.blanket_methods(ty, name)))
            }
            Ty::Bounded(bounds) => bounds.iter().find_map(|bound| match bound {
                // A trait bounded by a client's trait can be implemented by its connections alone.
                Bound::Local(trait_) => {
                    remembered(&self.known_methods.of_trait, trait_, name, || self.trait_methods(*trait_, name))
                }
                Bound::External(_) => None,
            }),
            _ => None,
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
                return Some(Methods { functions: found, ..Methods::default() });
            }
        }
        for &id in impls {
            let item = self.index.impl_(id);
            if let Some(trait_) = item.trait_.and_then(|path| self.local_trait(item.module, path))
                && let Some(found) = self.default_method(trait_, name)
            {
                return Some(Methods { functions: vec![found], ..Methods::default() });
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
            let inner = fields.first().and_then(|(_, ty)| self.associated_functions(ty, name));
            found.incomplete |= inner.is_none();
            found.functions.extend(inner.iter().flat_map(|inner| &inner.functions));
        }
        (!found.functions.is_empty()).then_some(found)
    }

    fn default_method(&self, trait_: DefId, name: &str) -> Option<FnId> {
        let id = *self.index.traits.get(&trait_)?.functions.get(name)?;
        self.index.function(id).function.body.is_some().then_some(id)
    }

    fn blanket_methods(&self, ty: &Ty, name: &str) -> Option<Rc<Methods>> {
        for &(id, trait_) in &self.blanket {
            let item = self.index.impl_(id);
            let function = item.functions.get(name).copied().or_else(|| self.default_method(trait_, name));
            if let Some(function) = function
                && self.satisfies_blanket(ty, id)
            {
                return Some(Rc::new(Methods { functions: vec![function], ..Methods::default() }));
            }
        }
        None
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

    /// Those of all implementors of a trait.
    fn trait_methods(&self, trait_: DefId, name: &str) -> Option<Methods> {
        let &declared = self.index.traits.get(&trait_)?.functions.get(name)?;
        let default = self.default_method(trait_, name);
        let mut found = Methods { dispatched: true, ..Methods::default() };
        let mut seen = FxHashSet::default();
        for &id in self.by_trait.get(&trait_).into_iter().flatten() {
            let item = self.index.impl_(id);
            if item.test {
                continue;
            }
            match item.functions.get(name).copied().or(default) {
                Some(function) if seen.insert(function) => found.functions.push(function),
                Some(_) => {}
                None => found.incomplete = true,
            }
        }
        if found.functions.is_empty() {
            found.functions.push(default.unwrap_or(declared));
            found.incomplete = true;
        }
        if self.implemented_outside(trait_).is_some() {
            found.incomplete = true;
            found.outside = Some(declared);
        }
        Some(found)
    }

    /// The functions of a type by `Type::name`.
    pub(crate) fn associated_functions(&self, ty: &Ty, name: &str) -> Option<Rc<Methods>> {
        self.chain(ty).iter().find_map(|ty| self.methods(ty, name))
    }

    /// Of the functions of one name that a type has by several impls of one trait (`From<UserId>`, `From<&Order>`) those
    /// that take these arguments; all of them where the types do not tell.
    pub(crate) fn taking(&self, functions: &[FnId], args: &[&Ty]) -> Vec<FnId> {
        let told = |wanted: fn(&Ty, &Ty) -> bool| -> Vec<FnId> {
            let fits = |&function: &FnId| {
                let signature = self.signature(function);
                signature.params.len() == args.len()
                    && signature.params.iter().zip(args).all(|(param, arg)| wanted(param, arg))
            };
            functions.iter().copied().filter(fits).collect()
        };
        if functions.len() < 2 || args.iter().all(|arg| arg.is_unknown()) {
            return functions.to_vec();
        }
        let same = told(|param, arg| alike(param, arg) == Some(true));
        let open = if same.is_empty() { told(|param, arg| alike(param, arg) != Some(false)) } else { same };
        if open.is_empty() { functions.to_vec() } else { open }
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
        let known = self.known_methods.into_text.get_or_init(|| {
            let mut found = FxHashMap::default();
            let impls = self.by_external.iter().filter(|(path, _)| last_segment(path) == "String");
            for (from, function) in impls.flat_map(|(_, impls)| impls).filter_map(|&id| self.conversion_of_own(id)) {
                found.entry(from).or_insert(function);
            }
            found
        });
        known.get(&def).copied()
    }

    /// The type of the workspace that an impl of `From` takes, and its function.
    fn conversion_of_own(&self, id: ImplId) -> Option<(DefId, FnId)> {
        let item = self.index.impl_(id);
        let last = item.trait_?.last().filter(|last| last.name == "From")?;
        let function = item.functions.get("from").copied()?;
        match self.ty(last.args.first()?, &TypeScope::of(item.module)) {
            Ty::Adt(own, _) => Some((own, function)),
            _ => None,
        }
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
}

/// Whether two types are one; `None` where that is open.
fn alike(param: &Ty, arg: &Ty) -> Option<bool> {
    match (param, arg) {
        (Ty::Adt(one, _), Ty::Adt(other, _)) => Some(one == other),
        (Ty::External(one, _), Ty::External(other, _)) => Some(one == other),
        (Ty::Adt(..), Ty::External(..)) | (Ty::External(..), Ty::Adt(..)) => Some(false),
        (Ty::Tuple(one), Ty::Tuple(other)) if one.len() == other.len() => {
            let parts: Vec<_> = one.iter().zip(other.iter()).map(|(one, other)| alike(one, other)).collect();
            if parts.contains(&Some(false)) {
                Some(false)
            } else {
                parts.iter().all(|part| *part == Some(true)).then_some(true)
            }
        }
        (Ty::Tuple(_), Ty::Tuple(_) | Ty::Adt(..) | Ty::External(..))
        | (Ty::Adt(..) | Ty::External(..), Ty::Tuple(_)) => Some(false),
        _ => None,
    }
}
