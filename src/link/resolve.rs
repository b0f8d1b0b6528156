//! What a path means: uses, globs, preludes, re-exports, renamed crates. Alternatives (two `cfg` definitions of one name)
//! are all returned.

use std::cell::{Cell, RefCell};

use rustc_hash::{FxHashMap, FxHashSet};

use super::index::{DefId, DefKind, Entry, Index, ModuleId};
use super::ty::last_segment;
use crate::clients::{Catalogue, ClientId};
use crate::facts::{ItemKind, Name, Path, UseLeaf};
use crate::source::{Dependency, Workspace};

/// What a path stands for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Res {
    Module(ModuleId),
    Def(DefId),
    /// A variant of an enum of the workspace, by position.
    Variant(DefId, u16),
    /// `Type::name` of the workspace: an associated function or constant, not looked up yet.
    Member(DefId, Name),
    /// Something in another crate, as a full path that starts with the library's real name; canonical for the clients
    /// of the catalogue.
    External(Name),
}

/// Resolves paths, remembering what it found.
pub(crate) struct Resolver<'a> {
    pub(crate) index: &'a Index<'a>,
    pub(crate) catalogue: &'a Catalogue,
    workspace: &'a Workspace,
    /// What the globs of each module lead to.
    globs: Vec<Vec<Res>>,
    memo: RefCell<FxHashMap<(ModuleId, Name), Vec<Res>>>,
    /// The imports that are being followed, outermost first.
    open: RefCell<Vec<(ModuleId, Name)>>,
    /// The outermost open import that was met again since this was last set: what was found under it may not be all.
    cut: Cell<usize>,
    /// Imports that gave nothing because they met an open one. Of one question each is followed once: whatever they lead to
    /// is found from the import that was open as well.
    tried: RefCell<FxHashSet<(ModuleId, Name)>>,
    traits: RefCell<FxHashMap<ModuleId, Vec<ClientId>>>,
}

impl<'a> Resolver<'a> {
    pub(crate) fn new(workspace: &'a Workspace, index: &'a Index<'a>, catalogue: &'a Catalogue) -> Self {
        let mut resolver = Self {
            index,
            catalogue,
            workspace,
            globs: vec![Vec::new(); index.modules.len()],
            memo: RefCell::default(),
            open: RefCell::default(),
            cut: Cell::new(usize::MAX),
            tried: RefCell::default(),
            traits: RefCell::default(),
        };
        resolver.follow_globs();
        resolver
    }

    /// Finds what every glob leads to. The path of a glob may itself go through globs, in a circle too (`use super::*`
    /// below `pub use child::*`), so this is repeated until nothing is added; a search that followed the paths anew for
    /// each name would take every way through the circle.
    fn follow_globs(&mut self) {
        let with_globs: Vec<usize> =
            (0..self.globs.len()).filter(|&at| !self.index.modules[at].globs.is_empty()).collect();
        loop {
            let mut grown = false;
            for &at in &with_globs {
                let module = ModuleId(u32::try_from(at).unwrap_or(u32::MAX));
                for glob in &self.index.modules[at].globs {
                    for res in self.leaf(module, glob) {
                        grown |= push(&mut self.globs[at], res);
                    }
                }
            }
            if !grown {
                return;
            }
            self.memo.borrow_mut().clear();
        }
    }

    /// Everything that `path` may stand for, seen from `module`. `Self` is the caller's business.
    pub(crate) fn path(&self, module: ModuleId, path: &Path) -> Vec<Res> {
        let names: Vec<&Name> = path.segments.iter().map(|segment| &segment.name).collect();
        self.names(module, &names, path.global)
    }

    pub(crate) fn names(&self, module: ModuleId, names: &[&Name], global: bool) -> Vec<Res> {
        let Some((first, rest)) = names.split_first() else { return Vec::new() };
        let mut found = if global {
            self.extern_crate(module, first)
        } else {
            match first.as_str() {
                "crate" | "$crate" => vec![Res::Module(self.index.module(module).root)],
                "self" => vec![Res::Module(self.index.real_module(module))],
                "super" => self.parent(module).into_iter().map(Res::Module).collect(),
                _ => self.first(module, first),
            }
        };
        // In front of `::` only a module, crate or type can stand: a macro or function of a crate's name is passed over.
        if !rest.is_empty()
            && !global
            && !found.is_empty()
            && found.iter().all(|res| matches!(res, Res::External(path) if path.contains("::") && self.catalogue.type_spec(path).is_none()))
        {
            let krate = self.extern_crate(module, first);
            if !krate.is_empty() {
                found = krate;
            }
        }
        for name in rest {
            let mut next = Vec::new();
            for res in found {
                self.member(&res, name, &mut next);
            }
            found = next;
        }
        found
    }

    fn parent(&self, module: ModuleId) -> Option<ModuleId> {
        let real = self.index.real_module(module);
        self.index.module(real).parent.map(|parent| self.index.real_module(parent))
    }

    /// A name as the first segment of a path: scope, enclosing bodies, then crates.
    fn first(&self, module: ModuleId, name: &Name) -> Vec<Res> {
        let mut at = Some(module);
        while let Some(id) = at {
            let found = self.in_module(id, name);
            if !found.is_empty() {
                return found;
            }
            let current = self.index.module(id);
            at = if current.anonymous { current.parent } else { None };
        }
        self.extern_crate(module, name)
    }

    /// A name declared, imported or glob-imported in `module`.
    pub(crate) fn in_module(&self, module: ModuleId, name: &Name) -> Vec<Res> {
        let key = (module, name.clone());
        if let Some(known) = self.memo.borrow().get(&key) {
            return known.clone();
        }
        let cut_before = self.cut.replace(usize::MAX);
        let found = self.look_up(module, name);
        let cut = self.cut.get();
        self.cut.set(cut.min(cut_before));
        let depth = self.open.borrow().len();
        if !found.is_empty() || cut >= depth {
            self.memo.borrow_mut().insert(key, found.clone());
        }
        if depth == 0 {
            self.tried.borrow_mut().clear();
        }
        found
    }

    /// Breadth first along globs; what a module declares hides what its globs bring.
    fn look_up(&self, module: ModuleId, name: &Name) -> Vec<Res> {
        let mut found = Vec::new();
        let mut reached = vec![module];
        let mut seen = FxHashSet::default();
        let mut at = 0;
        let mut modules = 0;
        while let Some(&id) = reached.get(at) {
            at += 1;
            if self.declared(id, name, &mut found) && found.iter().any(|res| !matches!(res, Res::Module(_))) {
                continue;
            }
            if at == 1 {
                modules = found.len();
            }
            seen.insert(id);
            for res in &self.globs[id.0 as usize] {
                match res {
                    Res::Module(next) if seen.insert(*next) => reached.push(*next),
                    Res::Module(_) => {}
                    _ => self.glob_member(res, name, &mut found),
                }
            }
        }
        // A module hides modules and types of its name, but no function: `mod bucket; pub use bucket::*;`.
        if modules > 0 && found.len() > modules {
            let hidden = found.split_off(modules);
            let is_value = |res: &Res| matches!(res, Res::Def(id) if matches!(self.index.def(*id).kind, DefKind::Function(_) | DefKind::Constant));
            found.extend(hidden.into_iter().filter(is_value));
        }
        found
    }

    /// What `module` itself says of a name. False if nothing.
    fn declared(&self, module: ModuleId, name: &Name, out: &mut Vec<Res>) -> bool {
        let Some(entries) = self.index.module(module).names.get(name) else { return false };
        let mut known = false;
        for entry in entries {
            let found = match entry {
                Entry::Module(id) => vec![Res::Module(*id)],
                Entry::Def(id) => vec![Res::Def(*id)],
                Entry::Use(leaf) => self.import(module, name, leaf),
                Entry::Crate(krate) => self.extern_crate(module, krate),
                Entry::Made => vec![Res::External(Name::from(format!("{}::{name}", self.index.module(module).path)))],
            };
            known |= !found.is_empty();
            for res in found {
                push(out, res);
            }
        }
        known
    }

    /// A circle of re-exports adds nothing.
    fn import(&self, module: ModuleId, name: &Name, leaf: &UseLeaf) -> Vec<Res> {
        let key = (module, name.clone());
        let depth = self.open.borrow().len();
        if let Some(met) = self.open.borrow().iter().position(|open| *open == key) {
            self.cut.set(self.cut.get().min(met));
            return Vec::new();
        }
        if self.tried.borrow().contains(&key) {
            self.cut.set(0);
            return Vec::new();
        }
        self.open.borrow_mut().push(key.clone());
        let cut_before = self.cut.replace(usize::MAX);
        let found = self.leaf(module, leaf);
        self.open.borrow_mut().pop();
        let cut = self.cut.get();
        if found.is_empty() && cut != usize::MAX {
            self.tried.borrow_mut().insert(key);
        }
        // What was cut at this very import has now been seen whole.
        self.cut.set(if cut >= depth { cut_before } else { cut.min(cut_before) });
        found
    }

    /// What a `use` leaf (without its `*`) names. In the 2015 edition paths start at the crate root.
    pub(super) fn leaf(&self, module: ModuleId, leaf: &UseLeaf) -> Vec<Res> {
        let names: Vec<&Name> = leaf.path.iter().collect();
        if names.is_empty() {
            return vec![Res::Module(self.index.module(module).root)];
        }
        let own_name = !leaf.glob && names.len() == 1 && *names[0] == leaf.name;
        if own_name {
            // `use redis;` imports the crate of that name, not itself.
            return self.extern_crate(module, names[0]);
        }
        let found = self.names(module, &names, leaf.global);
        if found.is_empty() && !leaf.global && self.edition(module) == 2015 {
            let root = self.index.module(module).root;
            return self.names(root, &names, false);
        }
        found
    }

    fn edition(&self, module: ModuleId) -> u16 {
        self.workspace.package(self.index.module(module).package).map_or(2021, |package| package.edition)
    }

    /// A crate by the name it has in this package.
    fn extern_crate(&self, module: ModuleId, name: &Name) -> Vec<Res> {
        if matches!(name.as_str(), "std" | "core" | "alloc") {
            return vec![Res::External("std".into())];
        }
        let package_id = self.index.module(module).package;
        let Some(package) = self.workspace.package(package_id) else { return Vec::new() };
        if let Some(dependency) = package.dependencies.iter().find(|d| d.alias == name.as_str()) {
            // A crate whose calls are about entities is known by its table also where its sources are at hand: what it
            // sends is its own business, what is cached is the caller's.
            let known = self.catalogue.client_of_package(&dependency.package);
            let by_table = known.is_some_and(|client| self.catalogue.has_entities(client));
            let local = dependency.local.filter(|_| !by_table);
            if let Some(root) = local.and_then(|local| self.index.lib_roots.get(&local)) {
                return vec![Res::Module(*root)];
            }
            return vec![Res::External(self.library(dependency))];
        }
        // A binary, test or example names its own library.
        if package.lib_name == name.as_str()
            && let Some(root) = self.index.lib_roots.get(&package_id)
            && self.index.module(module).root != *root
        {
            return vec![Res::Module(*root)];
        }
        // A file without manifest: the client crates are taken at their word.
        if package.manifest.as_os_str().is_empty() && self.catalogue.canonical(name).is_some() {
            return vec![Res::External(name.clone())];
        }
        Vec::new()
    }

    /// A crate's name in full paths. A fork goes by the name of what it was forked from, which code uses it under:
    /// `diesel = { package = "acme_diesel" }`.
    fn library(&self, dependency: &Dependency) -> Name {
        let own = library_name(&dependency.package);
        let known = |library: &str| {
            let client = self.catalogue.canonical(library).is_some();
            client || crate::stores::embedded().iter().any(|store| store.is_of(library))
        };
        let fork = own != dependency.alias && !known(&own) && known(&dependency.alias);
        if fork { Name::new(&dependency.alias) } else { own.into() }
    }

    fn member(&self, res: &Res, name: &Name, out: &mut Vec<Res>) {
        match res {
            Res::Module(id) => match name.as_str() {
                "super" => out.extend(self.parent(*id).map(Res::Module)),
                "self" => {
                    push(out, res.clone());
                }
                _ => {
                    for found in self.in_module(*id, name) {
                        push(out, found);
                    }
                }
            },
            Res::External(path) => {
                push(out, self.external(format!("{path}::{name}")));
            }
            Res::Def(id) if matches!(self.index.def(*id).kind, DefKind::Function(_) | DefKind::Constant) => {}
            Res::Def(id) => {
                let variant = match &self.index.def(*id).item.kind {
                    ItemKind::Enum { variants, .. } => variants.iter().position(|v| v.name == *name),
                    _ => None,
                };
                push(
                    out,
                    match variant {
                        Some(at) => Res::Variant(*id, u16::try_from(at).unwrap_or(u16::MAX)),
                        None => Res::Member(*id, name.clone()),
                    },
                );
            }
            Res::Variant(..) | Res::Member(..) => {}
        }
    }

    /// A name brought in by `use res::*`.
    fn glob_member(&self, res: &Res, name: &Name, out: &mut Vec<Res>) {
        match res {
            Res::External(path) => {
                // Nothing is known of what another crate exports; only what the catalogue knows can be found there.
                if let Some(canonical) = self.catalogue.canonical(&format!("{path}::{name}"))
                    && self.known(&canonical)
                {
                    push(out, Res::External(canonical.as_ref().into()));
                }
            }
            _ => self.member(res, name, out),
        }
        out.retain(|res| !matches!(res, Res::Member(..)));
    }

    fn known(&self, canonical: &str) -> bool {
        self.catalogue.type_spec(canonical).is_some()
            || self.catalogue.trait_spec(canonical).is_some()
            || self.catalogue.maker(canonical).is_some()
            || self.catalogue.attribute(canonical, None).is_some()
    }

    fn external(&self, path: String) -> Res {
        if let Some(canonical) = self.catalogue.canonical(&path) {
            return Res::External(canonical.as_ref().into());
        }
        // A crate that is not in the catalogue but re-exports a client: `any_pool::redis::cmd`, `any_pool::AsyncCommands`.
        let inner = path.find("::redis::").map(|at| &path[at + 2..]);
        let by_trait = matches!(last_segment(&path), "AsyncCommands" | "AsyncTypedCommands")
            .then(|| format!("redis::{}", last_segment(&path)));
        match by_trait.as_deref().or(inner).and_then(|inner| self.catalogue.canonical(inner)) {
            Some(canonical) => Res::External(canonical.as_ref().into()),
            None => Res::External(path.into()),
        }
    }

    /// Clients whose command traits are in scope in `module`: imported by name, as `_`, by glob or by prelude.
    pub(crate) fn client_traits(&self, module: ModuleId) -> Vec<ClientId> {
        if let Some(known) = self.traits.borrow().get(&module) {
            return known.clone();
        }
        let mut found = Vec::new();
        let mut at = Some(module);
        while let Some(id) = at {
            self.traits_of(id, &mut found, &mut FxHashSet::default());
            let current = self.index.module(id);
            at = if current.anonymous { current.parent } else { None };
        }
        self.traits.borrow_mut().insert(module, found.clone());
        found
    }

    fn traits_of(&self, module: ModuleId, found: &mut Vec<ClientId>, seen: &mut FxHashSet<ModuleId>) {
        if !seen.insert(module) {
            return;
        }
        let current = self.index.module(module);
        let named = current.names.values().flatten().filter_map(|entry| match entry {
            Entry::Use(leaf) => Some(*leaf),
            _ => None,
        });
        for leaf in named.chain(current.anonymous_uses.iter().copied()) {
            for res in self.leaf(module, leaf) {
                if let Res::External(path) = &res
                    && let Some(spec) = self.catalogue.trait_spec(path)
                    && !found.contains(&spec.client)
                {
                    found.push(spec.client);
                }
            }
        }
        for res in &self.globs[module.0 as usize] {
            match res {
                Res::External(path) => {
                    if let Some(client) = self.catalogue.prelude(path)
                        && !found.contains(&client)
                    {
                        found.push(client);
                    }
                }
                Res::Module(id) => self.traits_of(*id, found, seen),
                _ => {}
            }
        }
    }

    /// Whether `def` is of this kind.
    pub(crate) fn is(&self, def: DefId, kind: DefKind) -> bool {
        self.index.def(def).kind == kind
    }
}

/// The library name of a package of the registry.
fn library_name(package: &str) -> String {
    match package {
        "valkey-glide" => "glide".to_owned(),
        _ => package.replace('-', "_"),
    }
}

/// Whether it was not there yet.
fn push(out: &mut Vec<Res>, res: Res) -> bool {
    let new = !out.contains(&res);
    if new {
        out.push(res);
    }
    new
}
