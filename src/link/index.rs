//! The workspace's modules, declarations and impls, indexed once.

use std::path::{Path as FilePath, PathBuf};

use rustc_hash::FxHashMap;

use crate::facts::{FileFacts, Function, Generics, Item, ItemKind, Name, Path, Stmt, TypeRef, UseLeaf, Visibility};
use crate::finding::FileId;
use crate::source::{PackageId, TargetKind, Workspace, child_module_candidates};

/// A module; also the scope of items declared inside a function body (then `anonymous`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ModuleId(pub(crate) u32);
/// A type, trait, constant or free function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct DefId(pub(crate) u32);
/// A function with or without body, wherever it is declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct FnId(pub(crate) u32);
/// An `impl` block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ImplId(pub(crate) u32);

#[derive(Debug)]
pub(crate) struct Module<'a> {
    pub(crate) package: PackageId,
    /// The root module of the target.
    pub(crate) root: ModuleId,
    pub(crate) parent: Option<ModuleId>,
    pub(crate) file: FileId,
    /// `crate_name::a::b`.
    pub(crate) path: String,
    /// Names inside a function body: what is not found here is looked up in the parent.
    pub(crate) anonymous: bool,
    pub(crate) test: bool,
    /// `pub mod`, or a root.
    pub(crate) public: bool,
    pub(crate) names: FxHashMap<Name, Vec<Entry<'a>>>,
    pub(crate) globs: Vec<&'a UseLeaf>,
    /// `use …Trait as _`.
    pub(crate) anonymous_uses: Vec<&'a UseLeaf>,
}

/// What a name in a module stands for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Entry<'a> {
    Module(ModuleId),
    Def(DefId),
    Use(&'a UseLeaf),
    /// `extern crate name`.
    Crate(&'a Name),
    /// A derive of a database client makes a type of that name; its source is not at hand.
    Made,
}

#[derive(Debug)]
pub(crate) struct Def<'a> {
    pub(crate) name: &'a Name,
    pub(crate) module: ModuleId,
    pub(crate) item: &'a Item,
    pub(crate) kind: DefKind,
    pub(crate) path: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DefKind {
    Struct,
    Enum,
    Alias,
    Trait,
    Constant,
    Function(FnId),
}

#[derive(Debug)]
pub(crate) struct FnDef<'a> {
    pub(crate) function: &'a Function,
    /// Where its names are looked up: the body's own scope when it declares items.
    pub(crate) scope: ModuleId,
    pub(crate) file: FileId,
    pub(crate) owner: Owner,
    pub(crate) path: String,
    pub(crate) test: bool,
    pub(crate) package: PackageId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    Free,
    Impl(ImplId),
    Trait(DefId),
}

#[derive(Debug)]
pub(crate) struct Impl<'a> {
    pub(crate) module: ModuleId,
    pub(crate) generics: &'a Generics,
    pub(crate) trait_: Option<&'a Path>,
    pub(crate) self_ty: &'a TypeRef,
    pub(crate) functions: FxHashMap<Name, FnId>,
    pub(crate) types: &'a [(Name, TypeRef)],
    pub(crate) constants: Vec<DefId>,
    pub(crate) test: bool,
}

/// Functions and associated constants of a trait.
#[derive(Debug, Default)]
pub(crate) struct TraitInfo {
    pub(crate) functions: FxHashMap<Name, FnId>,
    pub(crate) constants: Vec<DefId>,
}

#[derive(Debug, Default)]
pub(crate) struct Index<'a> {
    pub(crate) modules: Vec<Module<'a>>,
    pub(crate) defs: Vec<Def<'a>>,
    pub(crate) functions: Vec<FnDef<'a>>,
    pub(crate) impls: Vec<Impl<'a>>,
    pub(crate) traits: FxHashMap<DefId, TraitInfo>,
    /// The library root of each package.
    pub(crate) lib_roots: FxHashMap<PackageId, ModuleId>,
    /// The first module made from a file.
    by_file: FxHashMap<FileId, ModuleId>,
}

impl<'a> Index<'a> {
    pub(crate) fn build(workspace: &'a Workspace, facts: &'a [Option<FileFacts>]) -> Self {
        let mut builder = Builder {
            workspace,
            facts,
            files: workspace.files.iter().map(|file| (file.absolute.as_path(), file.id)).collect(),
            index: Self::default(),
        };
        builder.packages();
        builder.orphans();
        builder.index
    }

    pub(crate) fn module(&self, id: ModuleId) -> &Module<'a> {
        &self.modules[id.0 as usize]
    }

    pub(crate) fn def(&self, id: DefId) -> &Def<'a> {
        &self.defs[id.0 as usize]
    }

    pub(crate) fn function(&self, id: FnId) -> &FnDef<'a> {
        &self.functions[id.0 as usize]
    }

    pub(crate) fn impl_(&self, id: ImplId) -> &Impl<'a> {
        &self.impls[id.0 as usize]
    }

    /// The module that `self::` means: the nearest one that is not a function body.
    pub(crate) fn real_module(&self, mut id: ModuleId) -> ModuleId {
        while self.module(id).anonymous {
            match self.module(id).parent {
                Some(parent) => id = parent,
                None => break,
            }
        }
        id
    }
}

struct Builder<'a> {
    workspace: &'a Workspace,
    facts: &'a [Option<FileFacts>],
    files: FxHashMap<&'a FilePath, FileId>,
    index: Index<'a>,
}

impl<'a> Builder<'a> {
    /// Libraries first: a file that both a library and a binary declare belongs to the library.
    fn packages(&mut self) {
        for package in &self.workspace.packages {
            let mut targets: Vec<_> = package.targets.iter().collect();
            targets.sort_by_key(|target| (target.kind != TargetKind::Lib, target.kind != TargetKind::Bin));
            for target in targets {
                let Some(&file) = self.files.get(target.root.as_path()) else { continue };
                let name = match target.kind {
                    TargetKind::Lib => package.lib_name.clone(),
                    _ => target.name.replace('-', "_"),
                };
                let test = matches!(target.kind, TargetKind::Test | TargetKind::Bench | TargetKind::Example);
                if let Some(root) = self.file_module(file, None, name, package.id, test, true)
                    && target.kind == TargetKind::Lib
                {
                    self.index.lib_roots.insert(package.id, root);
                }
            }
        }
    }

    /// Files that no `mod` reaches (unusual macros, generated module trees, loose files) still get a module.
    fn orphans(&mut self) {
        for file in &self.workspace.files {
            if !self.index.by_file.contains_key(&file.id) {
                let stem =
                    file.absolute.file_stem().map_or_else(String::new, |s| s.to_string_lossy().replace('-', "_"));
                let parent = self.index.lib_roots.get(&file.package).copied();
                self.file_module(file.id, parent, stem, file.package, file.test, true);
            }
        }
    }

    fn file_module(
        &mut self,
        file: FileId,
        parent: Option<ModuleId>,
        name: String,
        package: PackageId,
        test: bool,
        is_root: bool,
    ) -> Option<ModuleId> {
        if let Some(&known) = self.index.by_file.get(&file) {
            return Some(known);
        }
        let facts = self.facts.get(file.0 as usize)?.as_ref()?;
        let path = match parent {
            Some(parent) => format!("{}::{name}", self.index.module(parent).path),
            None => name,
        };
        let test = test || facts.attributes.cfg_test || self.workspace.file(file).is_some_and(|f| f.test);
        let id = self.new_module(package, parent, file, path, false, test);
        self.index.by_file.insert(file, id);
        let absolute = self.workspace.file(file).map(|f| f.absolute.clone()).unwrap_or_default();
        let is_mod_rs = is_root || absolute.file_name().is_some_and(|n| n == "mod.rs");
        let place = FilePlace { absolute, is_mod_rs };
        self.items(id, &facts.items, &place, &mut Vec::new());
        Some(id)
    }

    fn new_module(
        &mut self,
        package: PackageId,
        parent: Option<ModuleId>,
        file: FileId,
        path: String,
        anonymous: bool,
        test: bool,
    ) -> ModuleId {
        let id = ModuleId(u32::try_from(self.index.modules.len()).unwrap_or(u32::MAX));
        let root = parent.map_or(id, |parent| self.index.module(parent).root);
        self.index.modules.push(Module {
            package,
            root,
            parent,
            file,
            path,
            anonymous,
            test,
            public: parent.is_none(),
            names: FxHashMap::default(),
            globs: Vec::new(),
            anonymous_uses: Vec::new(),
        });
        id
    }

    fn name(&mut self, module: ModuleId, name: &Name, entry: Entry<'a>) {
        self.index.modules[module.0 as usize].names.entry(name.clone()).or_default().push(entry);
    }

    fn items(&mut self, module: ModuleId, items: &'a [Item], place: &FilePlace, inline: &mut Vec<Name>) {
        for item in items {
            self.item(module, item, place, inline);
        }
    }

    fn item(&mut self, module: ModuleId, item: &'a Item, place: &FilePlace, inline: &mut Vec<Name>) {
        let test = self.index.module(module).test || item.attributes.cfg_test;
        let (package, file) = (self.index.module(module).package, self.index.module(module).file);
        match &item.kind {
            ItemKind::Use(leaves) => {
                for leaf in leaves {
                    let target = &mut self.index.modules[module.0 as usize];
                    if leaf.glob {
                        target.globs.push(leaf);
                    } else if leaf.name == "_" {
                        target.anonymous_uses.push(leaf);
                    } else {
                        self.name(module, &leaf.name, Entry::Use(leaf));
                    }
                }
            }
            ItemKind::ExternCrate(name) => self.name(module, &item.name, Entry::Crate(name)),
            ItemKind::Mod { items: Some(items), .. } => {
                let path = format!("{}::{}", self.index.module(module).path, item.name);
                let child = self.new_module(package, Some(module), file, path, false, test);
                self.index.modules[child.0 as usize].public = item.visibility == Visibility::Public;
                self.name(module, &item.name, Entry::Module(child));
                inline.push(item.name.clone());
                self.items(child, items, place, inline);
                inline.pop();
            }
            ItemKind::Mod { items: None, path } => {
                let candidates =
                    child_module_candidates(&place.absolute, place.is_mod_rs, inline, &item.name, path.as_deref());
                let found = candidates.iter().find_map(|path| self.files.get(path.as_path()).copied());
                if let Some(child_file) = found
                    && let Some(child) =
                        self.file_module(child_file, Some(module), item.name.to_string(), package, test, path.is_some())
                {
                    self.index.modules[child.0 as usize].public |= item.visibility == Visibility::Public;
                    self.name(module, &item.name, Entry::Module(child));
                }
            }
            ItemKind::Struct { .. } => drop(self.def(module, item, DefKind::Struct)),
            ItemKind::Enum { .. } => drop(self.def(module, item, DefKind::Enum)),
            ItemKind::Alias { .. } => drop(self.def(module, item, DefKind::Alias)),
            ItemKind::Constant { .. } => drop(self.def(module, item, DefKind::Constant)),
            ItemKind::Function(function) => {
                let id = self.function(module, function, Owner::Free, test, None);
                self.def(module, item, DefKind::Function(id));
            }
            ItemKind::Trait { functions, constants, .. } => {
                let id = self.def(module, item, DefKind::Trait);
                let path = self.index.def(id).path.clone();
                let mut info = TraitInfo::default();
                for function in functions {
                    let fn_id = self.function(module, function, Owner::Trait(id), test, Some(&path));
                    info.functions.insert(function.name.clone(), fn_id);
                }
                for constant in constants {
                    let def = self.constant(module, constant);
                    info.constants.push(def);
                }
                self.index.traits.insert(id, info);
            }
            ItemKind::Impl { generics, trait_, self_ty, functions, types, constants } => {
                let id = ImplId(u32::try_from(self.index.impls.len()).unwrap_or(u32::MAX));
                let shown = match self_ty {
                    TypeRef::Path(path) => path.last().map_or_else(String::new, |s| s.name.to_string()),
                    _ => String::from("impl"),
                };
                let owner_path = format!("{}::{shown}", self.index.module(module).path);
                self.index.impls.push(Impl {
                    module,
                    generics,
                    trait_: trait_.as_ref(),
                    self_ty,
                    functions: FxHashMap::default(),
                    types,
                    constants: Vec::new(),
                    test,
                });
                for function in functions {
                    let fn_id = self.function(module, function, Owner::Impl(id), test, Some(&owner_path));
                    self.index.impls[id.0 as usize].functions.insert(function.name.clone(), fn_id);
                }
                for constant in constants {
                    let def = self.constant(module, constant);
                    self.index.impls[id.0 as usize].constants.push(def);
                }
            }
        }
    }

    /// An associated constant: it has no name in the module.
    fn constant(&mut self, module: ModuleId, item: &'a Item) -> DefId {
        self.push_def(module, item, DefKind::Constant)
    }

    fn def(&mut self, module: ModuleId, item: &'a Item, kind: DefKind) -> DefId {
        let id = self.push_def(module, item, kind);
        self.name(module, &item.name, Entry::Def(id));
        for made in item.attributes.derives.iter().flat_map(|derive| crate::stores::made_by(derive)) {
            let made = Name::new(made);
            let is_declared = self.index.module(module).names.contains_key(&made);
            if !is_declared {
                self.name(module, &made, Entry::Made);
            }
        }
        id
    }

    fn push_def(&mut self, module: ModuleId, item: &'a Item, kind: DefKind) -> DefId {
        let id = DefId(u32::try_from(self.index.defs.len()).unwrap_or(u32::MAX));
        let path = format!("{}::{}", self.index.module(module).path, item.name);
        self.index.defs.push(Def { name: &item.name, module, item, kind, path });
        id
    }

    fn function(
        &mut self,
        module: ModuleId,
        function: &'a Function,
        owner: Owner,
        test: bool,
        owner_path: Option<&str>,
    ) -> FnId {
        let (package, file) = (self.index.module(module).package, self.index.module(module).file);
        let base = owner_path.map_or_else(|| self.index.module(module).path.clone(), str::to_owned);
        let path = format!("{base}::{}", function.name);
        let test = test || function.attributes.cfg_test || function.attributes.is_test;
        let id = FnId(u32::try_from(self.index.functions.len()).unwrap_or(u32::MAX));
        self.index.functions.push(FnDef { function, scope: module, file, owner, path: path.clone(), test, package });
        if let Some(body) = &function.body {
            let mut inner = Vec::new();
            collect_items(&body.stmts, &mut inner);
            if !inner.is_empty() {
                let scope = self.new_module(package, Some(module), file, path, true, test);
                let place = FilePlace { absolute: PathBuf::new(), is_mod_rs: true };
                for item in inner {
                    self.item(scope, item, &place, &mut Vec::new());
                }
                self.index.functions[id.0 as usize].scope = scope;
            }
        }
        id
    }
}

/// Where a file stands, for the files of its `mod` items.
struct FilePlace {
    absolute: PathBuf,
    is_mod_rs: bool,
}

/// Items declared in a body. Those of inner blocks are treated as visible in the whole function: shadowing between two
/// blocks of one function is too rare to pay for.
fn collect_items<'a>(stmts: &'a [Stmt], out: &mut Vec<&'a Item>) {
    use crate::facts::ExprKind;
    for stmt in stmts {
        match stmt {
            Stmt::Item(item) => out.push(item),
            Stmt::Expr { expr, .. } => match &expr.kind {
                ExprKind::Block(block) | ExprKind::Async(block) | ExprKind::Loop(block) | ExprKind::While(_, block) => {
                    collect_items(&block.stmts, out);
                }
                ExprKind::For(_, _, block) | ExprKind::If(_, block, _) => collect_items(&block.stmts, out),
                _ => {}
            },
            Stmt::Let { .. } => {}
        }
    }
}
