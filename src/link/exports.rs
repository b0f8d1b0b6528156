//! What a library lets others name.

use rustc_hash::FxHashSet;

use super::index::{DefId, Entry, ModuleId};
use super::resolve::{Res, Resolver};
use crate::facts::Visibility;

impl Resolver<'_> {
    /// The declarations that can be named from outside of the library with this root: by public modules all the way, or
    /// by a public re-export.
    pub(crate) fn exported(&self, root: ModuleId) -> FxHashSet<DefId> {
        let mut found = FxHashSet::default();
        let mut modules = vec![root];
        let mut seen = FxHashSet::from_iter([root]);
        while let Some(id) = modules.pop() {
            let module = self.index.module(id);
            let named = module.names.values().flatten().flat_map(|entry| match entry {
                Entry::Module(child) if self.index.module(*child).public => vec![Res::Module(*child)],
                Entry::Def(def) if self.index.def(*def).item.visibility == Visibility::Public => vec![Res::Def(*def)],
                Entry::Use(leaf) if leaf.public => self.leaf(id, leaf),
                _ => Vec::new(),
            });
            let by_globs = module.globs.iter().filter(|glob| glob.public).flat_map(|glob| self.leaf(id, glob));
            for res in named.chain(by_globs) {
                match res {
                    Res::Module(next) if seen.insert(next) => modules.push(next),
                    Res::Def(def) => drop(found.insert(def)),
                    _ => {}
                }
            }
        }
        found
    }
}
