//! Traits of which not every implementation can be seen.

use std::cell::{OnceCell, RefCell};

use rustc_hash::{FxHashMap, FxHashSet};

use super::World;
use crate::link::index::DefId;
use crate::source::PackageId;

/// Who implements a trait where it cannot be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outside {
    /// The programs that use the library.
    Users,
    /// A derive of the trait's name.
    Derive,
}

/// What was asked before.
#[derive(Default)]
pub(super) struct Known<'a> {
    exported: RefCell<FxHashMap<PackageId, FxHashSet<DefId>>>,
    derived: OnceCell<FxHashSet<&'a str>>,
}

impl<'a> World<'a> {
    /// Who else implements a trait than the impls at hand. A library that programs of the run are made of is judged by
    /// them: there the impls at hand are those that count.
    pub(crate) fn implemented_outside(&self, trait_: DefId) -> Option<Outside> {
        let def = self.index.def(trait_);
        let package = self.index.module(def.module).package;
        let open = self.workspace.package(package).is_some_and(|package| package.open);
        if open && self.exports(package, trait_) {
            return Some(Outside::Users);
        }
        self.derived().contains(def.name.as_str()).then_some(Outside::Derive)
    }

    fn exports(&self, package: PackageId, def: DefId) -> bool {
        let Some(&root) = self.index.lib_roots.get(&package) else { return false };
        let mut known = self.known_outside.exported.borrow_mut();
        known.entry(package).or_insert_with(|| self.resolver.exported(root)).contains(&def)
    }

    /// The names of all derives but those of the standard library and of serde, which write no trait of the workspace.
    fn derived(&self) -> &FxHashSet<&'a str> {
        self.known_outside.derived.get_or_init(|| {
            let items = self.index.defs.iter().map(|def| def.item);
            let names = items.flat_map(|item| &item.attributes.derives).map(|name| name.as_str());
            names.filter(|name| !is_common(name)).collect()
        })
    }
}

fn is_common(derive: &str) -> bool {
    matches!(
        derive,
        "Clone"
            | "Copy"
            | "Debug"
            | "Default"
            | "PartialEq"
            | "Eq"
            | "PartialOrd"
            | "Ord"
            | "Hash"
            | "Serialize"
            | "Deserialize"
            | "Display"
            | "Error"
            | "From"
    )
}
