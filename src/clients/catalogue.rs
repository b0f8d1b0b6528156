//! All tables together, and what they are asked.

use std::borrow::Cow;
use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use super::client::{Client, build};
use super::commands::Commands;
use super::embedded::{TABLES, crate_spec, method_names};
use super::error::{RowPath, TableError};
use super::table::DeclaredClient;
use super::version::{contains, loose_version};
use super::{
    AttributeSpec, ClientId, ClientSpec, CommandSpec, EntityRow, Maker, MethodSpec, RawForm, StoreSpec, TraitSpec,
    TtlForm, TypeSpec,
};
use crate::facts::Name;

/// All client tables: the embedded ones, and those that the rule file declares.
#[derive(Debug)]
pub struct Catalogue {
    /// By [`ClientId`]; the embedded ones first.
    specs: Vec<ClientSpec>,
    declared: Vec<Client>,
    by_lib: FxHashMap<Name, ClientId>,
}

impl Default for Catalogue {
    fn default() -> Self {
        Self::with_declared(&[]).0
    }
}

impl Catalogue {
    /// The embedded tables alone.
    #[must_use]
    pub fn embedded() -> &'static Self {
        static EMBEDDED: OnceLock<Catalogue> = OnceLock::new();
        EMBEDDED.get_or_init(Self::default)
    }

    /// The embedded tables and these. Rows with mistakes are left out and told.
    #[must_use]
    pub fn with_declared(declared: &[DeclaredClient]) -> (Self, Vec<TableError>) {
        let mut catalogue = Self { specs: Vec::new(), declared: Vec::new(), by_lib: FxHashMap::default() };
        let mut errors = Vec::new();
        for table in &TABLES {
            let header = table.header();
            catalogue.add(table.name, &header, &mut errors);
        }
        for table in declared {
            let id = catalogue.add(&table.name, table, &mut errors);
            let (client, mut mistakes) = build(id, true, table, Commands::embedded());
            errors.append(&mut mistakes);
            catalogue.check_owned(id, &table.name, &client, &mut errors);
            catalogue.declared.push(client);
        }
        (catalogue, errors)
    }

    fn add(&mut self, name: &str, header: &DeclaredClient, errors: &mut Vec<TableError>) -> ClientId {
        let id = ClientId(u16::try_from(self.specs.len()).unwrap_or(u16::MAX));
        let crates: Vec<_> = header.crates.iter().map(|entry| crate_spec(entry)).collect();
        let companions: Vec<_> = header.companions.iter().map(|entry| crate_spec(entry)).collect();
        let row = RowPath(vec![name.to_owned()]);
        if crates.is_empty() {
            errors.push(row.error("needs `crates`: the packages whose calls it describes"));
        }
        for krate in crates.iter().chain(&companions) {
            if let Some(other) = self.by_lib.get(&krate.lib) {
                let other = &self.specs[usize::from(other.0)].name;
                let package = &krate.package;
                errors
                    .push(row.join("crates").error(format!("`{package}` is described by the table `{other}` already")));
            } else {
                self.by_lib.insert(krate.lib.clone(), id);
            }
        }
        let mentions = if header.mentions.is_empty() {
            crates.iter().map(|krate| Name::new(krate.lib.to_lowercase())).collect()
        } else {
            header.mentions.iter().map(|word| Name::new(word.to_lowercase())).collect()
        };
        self.specs.push(ClientSpec { id, name: Name::new(name), crates, companions, mentions });
        id
    }

    /// Paths of a declared table have to lie in its own crates, or nothing would ever look them up.
    fn check_owned(&self, id: ClientId, name: &str, client: &Client, errors: &mut Vec<TableError>) {
        let root = RowPath(vec![name.to_owned()]);
        let types = client.types.keys().map(|path| ("types", path));
        let traits = client.traits.keys().map(|path| ("traits", path));
        let functions = client.makers.keys().map(|path| ("functions", path));
        let preludes = client.preludes.iter().map(|path| ("preludes", path));
        let mut paths: Vec<_> = types.chain(traits).chain(functions).chain(preludes).collect();
        paths.sort_unstable();
        for (table, path) in paths {
            let lib = library(path);
            if self.by_lib.get(lib) != Some(&id) {
                let row = root.join(table).join(path);
                errors.push(row.error(format!("`{lib}` is not among this client's `crates`")));
            }
        }
    }

    fn data(&self, id: ClientId) -> Option<&Client> {
        let index = usize::from(id.0);
        match TABLES.get(index) {
            Some(table) => Some(table.client(id)),
            None => self.declared.get(index - TABLES.len()),
        }
    }

    fn owner(&self, path: &str) -> Option<&Client> {
        self.by_lib.get(library(path)).and_then(|&id| self.data(id))
    }

    /// The client with this id.
    ///
    /// # Panics
    /// When the id comes from another catalogue.
    #[must_use]
    pub fn client(&self, id: ClientId) -> &ClientSpec {
        &self.specs[usize::from(id.0)]
    }

    /// The client with this name (`redis`, or what a rule file declares).
    #[must_use]
    pub fn client_named(&self, name: &str) -> Option<ClientId> {
        self.specs.iter().find(|spec| spec.name == name).map(|spec| spec.id)
    }

    /// All clients.
    #[must_use]
    pub fn clients(&self) -> &[ClientSpec] {
        &self.specs
    }

    /// The client that a package (registry name) belongs to, directly or as one of its wrappers.
    #[must_use]
    pub fn client_of_package(&self, package: &str) -> Option<ClientId> {
        self.specs.iter().find(|spec| spec.crates.iter().any(|krate| krate.package == package)).map(|spec| spec.id)
    }

    /// The registry names of the packages on which a package has to depend for its sources to matter.
    #[must_use]
    pub fn relevant_packages(&self) -> Vec<&str> {
        self.specs.iter().flat_map(|spec| &spec.crates).map(|krate| krate.package.as_str()).collect()
    }

    /// The name that code uses for a package: `glide` for `valkey-glide`.
    #[must_use]
    pub fn lib_name(&self, package: &str) -> Option<&str> {
        let crates = self.specs.iter().flat_map(|spec| spec.crates.iter().chain(&spec.companions));
        crates.into_iter().find(|krate| krate.package == package).map(|krate| krate.lib.as_str())
    }

    /// Lower-case words of which one occurs in practically every file with Redis calls of its own.
    #[must_use]
    pub fn mention_words(&self) -> Vec<&str> {
        self.specs.iter().flat_map(|spec| &spec.mentions).map(Name::as_str).collect()
    }

    /// The canonical form of a path whose first segment is a library's name: re-exports undone, other modules and
    /// older names of a type replaced. `None` when the library is no client's. A path that the tables do not list
    /// comes back with its re-exports undone only.
    #[must_use]
    pub fn canonical<'a>(&self, path: &'a str) -> Option<Cow<'a, str>> {
        let mut path = Cow::Borrowed(path);
        let mut client = self.owner(&path)?;
        // Bounded: a table may by mistake map two prefixes to each other.
        for _ in 0..4 {
            let Some(moved) = client.without_reexport(&path) else { break };
            path = Cow::Owned(moved);
            client = self.owner(&path)?;
        }
        match client.known_path(&path) {
            Some(known) if known == path => Some(path),
            Some(known) => Some(Cow::Owned(known)),
            None => Some(path),
        }
    }

    /// Whose a canonical path is, by its first segment.
    #[must_use]
    pub fn client_of_path(&self, path: &str) -> Option<ClientId> {
        self.by_lib.get(library(path)).copied()
    }

    /// A client's type of this kind, the one with the shortest path.
    #[must_use]
    pub fn type_of_kind(&self, client: ClientId, kind: super::TypeKind) -> Option<&TypeSpec> {
        let types = self.data(client)?.types.values().filter(|spec| spec.kind == kind);
        types.min_by_key(|spec| (spec.path.len(), spec.path.clone()))
    }

    /// The type of pipeline or transaction that a method of this name makes out of one of the client's connections.
    #[must_use]
    pub fn batch_of(&self, client: ClientId, method: &str) -> Option<Name> {
        let made = self.data(client)?.types.values().flat_map(|spec| &spec.yields);
        let mut made = made.filter(|(name, _)| name == method).map(|(_, path)| path);
        made.find(|path| self.type_spec(path).is_some_and(|spec| spec.kind == super::TypeKind::Batch)).cloned()
    }

    /// The client's version in a package that depends on `package` at `version` (as in a lock file or a manifest): its
    /// own for the client's first crate, else the one that a wrapper brings. `None` when that is not known.
    #[must_use]
    pub fn version_of(&self, client: ClientId, package: &str, version: &str) -> Option<[u32; 3]> {
        let crates = &self.specs.get(usize::from(client.0))?.crates;
        let version = loose_version(version)?;
        match crates.iter().position(|krate| krate.package == package)? {
            0 => Some(version),
            _ => self.data(client)?.brought(package, version),
        }
    }

    /// The type with this canonical path.
    #[must_use]
    pub fn type_spec(&self, canonical: &str) -> Option<&TypeSpec> {
        self.owner(canonical)?.types.get(canonical)
    }

    /// The trait with this canonical path.
    #[must_use]
    pub fn trait_spec(&self, canonical: &str) -> Option<&TraitSpec> {
        self.owner(canonical)?.traits.get(canonical)
    }

    /// Whether a client's commands are methods of its traits.
    #[must_use]
    pub fn has_traits(&self, client: ClientId) -> bool {
        self.data(client).is_some_and(|client| !client.traits.is_empty())
    }

    /// The client whose command methods a glob import of this module brings.
    #[must_use]
    pub fn prelude(&self, module: &str) -> Option<ClientId> {
        let module = self.canonical(module)?;
        let id = *self.by_lib.get(library(&module))?;
        self.data(id)?.preludes.contains(module.as_ref()).then_some(id)
    }

    /// What a free or associated function makes. Macros are written with their `!` (`fred::cmd!`). A type's `new`,
    /// `default`, `from`, `open` and `connect` make the type unless the table says otherwise.
    #[must_use]
    pub fn maker(&self, canonical: &str) -> Option<Maker> {
        let client = self.owner(canonical)?;
        if let Some(maker) = client.makers.get(canonical) {
            return Some(maker.clone());
        }
        let (parent, name) = canonical.rsplit_once("::")?;
        if client.makers.contains_key(format!("{parent}::*").as_str()) && client.methods.contains_key(name) {
            return Some(Maker::Method);
        }
        let spec = client.types.get(parent)?;
        matches!(name, "new" | "default" | "from" | "open" | "connect").then(|| Maker::Type(spec.path.clone()))
    }

    /// The row of a function that sends a command itself ([`Maker::Sends`]), or of a constructor of a finished command
    /// ([`Maker::Method`]).
    #[must_use]
    pub fn function(&self, canonical: &str, version: Option<[u32; 3]>, args: usize) -> Option<&MethodSpec> {
        let client = self.owner(canonical)?;
        match self.maker(canonical)? {
            Maker::Sends => client.functions.get(canonical).filter(|spec| usize::from(spec.args) == args),
            Maker::Method => fitting(client.methods.get(canonical.rsplit_once("::")?.1)?, version, args),
            _ => None,
        }
    }

    /// The connection that a pool hands out, by the canonical paths of the pool's type and of its manager.
    #[must_use]
    pub fn pooled(&self, pool: &str, manager: &str) -> Option<&Name> {
        let manager = self.type_spec(manager)?;
        let lib = library(pool);
        let by_pool = manager.pooled.iter().find(|(name, _)| name == lib).map(|(_, connection)| connection);
        by_pool.or(match manager.kind {
            super::TypeKind::Manager => manager.deref.as_ref(),
            _ => None,
        })
    }

    /// The shape of a method at a version of its client with this number of arguments (receiver left out). Without a
    /// version, or where the version's own shape does not fit: the newest shape that fits.
    #[must_use]
    pub fn method(&self, client: ClientId, version: Option<[u32; 3]>, name: &str, args: usize) -> Option<&MethodSpec> {
        fitting(self.data(client)?.methods.get(name)?, version, args)
    }

    /// How this plain write is written with a TTL, at a version of its client, the preferred form first.
    pub fn with_ttl(
        &self,
        client: ClientId,
        version: Option<[u32; 3]>,
        name: &str,
        args: usize,
    ) -> impl Iterator<Item = &TtlForm> {
        let forms = self.data(client).and_then(|data| data.with_ttl.get(name)).into_iter().flatten();
        forms.filter(move |form| form.args() == args && form.is_in(version))
    }

    /// All shapes of a method.
    pub fn methods_named(&self, client: ClientId, name: &str) -> impl Iterator<Item = &MethodSpec> {
        self.data(client).and_then(|data| data.methods.get(name)).into_iter().flatten()
    }

    /// All methods of a client, in no order.
    pub fn methods(&self, client: ClientId) -> impl Iterator<Item = &MethodSpec> {
        self.data(client).into_iter().flat_map(|data| data.methods.values()).flatten()
    }

    /// Whether any client has a command method of this name. Cheap: no table is read for it.
    #[must_use]
    pub fn any_method(&self, name: &str) -> bool {
        method_names().contains(name) || self.declared.iter().any(|client| client.methods.contains_key(name))
    }

    /// Whether this is a method of the client that sends a command of no interest, or none.
    #[must_use]
    pub fn other_method(&self, client: ClientId, name: &str) -> bool {
        self.data(client).is_some_and(|data| data.others.contains(name))
    }

    /// The method as one that takes a command in parts.
    #[must_use]
    pub fn raw(&self, client: ClientId, name: &str, args: usize) -> Option<&RawForm> {
        self.data(client)?.raw.get(name)?.iter().find(|form| usize::from(form.args) == args)
    }

    /// Whether the client has methods whose key stands with the type that is cached.
    #[must_use]
    pub fn has_entities(&self, client: ClientId) -> bool {
        self.data(client).is_some_and(|data| !data.entities.is_empty())
    }

    /// A method whose key stands with the type that is cached.
    #[must_use]
    pub fn entity_row(&self, client: ClientId, name: &str) -> Option<&EntityRow> {
        self.data(client)?.entities.get(name)
    }

    /// The command with this name, in any case; two-word names with one space.
    #[must_use]
    pub fn command(&self, name: &str) -> Option<&CommandSpec> {
        Commands::embedded().get(name)
    }

    /// The command that starts with these words, and how many of them are its name: 2 for `OBJECT ENCODING`.
    #[must_use]
    pub fn command_of_words(&self, first: &str, second: Option<&str>) -> Option<(&CommandSpec, usize)> {
        Commands::embedded().of_words(first, second)
    }

    /// Whether the command's name has a second word, which stands as its first argument (`XGROUP`).
    #[must_use]
    pub fn has_second_word(&self, first: &str) -> bool {
        Commands::embedded().has_second_word(first)
    }

    /// The attribute with this path, at this version of its package; without a version the newest.
    #[must_use]
    pub fn attribute(&self, path: &str, version: Option<[u32; 3]>) -> Option<&AttributeSpec> {
        let specs = self.owner(path)?.attributes.iter().filter(|spec| spec.paths.iter().any(|known| known == path));
        newest(specs, version, |spec| (spec.since, spec.until))
    }

    /// The store with this canonical path, at this version of its package; without a version the newest.
    #[must_use]
    pub fn store(&self, canonical: &str, version: Option<[u32; 3]>) -> Option<&StoreSpec> {
        let specs =
            self.owner(canonical)?.stores.iter().filter(|spec| spec.types.iter().any(|known| known == canonical));
        newest(specs, version, |spec| (spec.since, spec.until))
    }

    /// The version of redis-rs that a version of a wrapper brings.
    #[must_use]
    pub fn wrapper_redis_version(&self, package: &str, version: [u32; 3]) -> Option<[u32; 3]> {
        self.data(self.client_named("redis")?)?.brought(package, version)
    }
}

/// The first segment.
fn library(path: &str) -> &str {
    path.split("::").next().unwrap_or(path)
}

fn fitting(shapes: &[MethodSpec], version: Option<[u32; 3]>, args: usize) -> Option<&MethodSpec> {
    newest(shapes.iter().filter(|shape| usize::from(shape.args) == args), version, |shape| (shape.since, shape.until))
}

/// Of some shapes the one for a version, or the one that lasts longest.
fn newest<'a, T>(
    shapes: impl Iterator<Item = &'a T> + Clone,
    version: Option<[u32; 3]>,
    range: impl Fn(&T) -> super::version::Range,
) -> Option<&'a T> {
    let own = version.and_then(|version| shapes.clone().find(|shape| contains(range(shape), version)));
    own.or_else(|| shapes.max_by_key(|shape| range(shape).1.unwrap_or([u32::MAX; 3])))
}

impl Client {
    /// The version that a package at `version` brings: that of the last release series up to it.
    fn brought(&self, package: &str, version: [u32; 3]) -> Option<[u32; 3]> {
        let list = self.brought_by.get(package)?;
        let after = list.partition_point(|(own, _)| *own <= version);
        list.get(after.saturating_sub(1)).map(|(_, brought)| *brought)
    }

    /// The path with its first re-exported part replaced.
    fn without_reexport(&self, path: &str) -> Option<String> {
        self.reexports.iter().find_map(|(from, to)| {
            let rest = path.strip_prefix(from.as_str())?;
            (rest.is_empty() || rest.starts_with("::")).then(|| format!("{to}{rest}"))
        })
    }

    /// The path of a type, trait or function of this table, or of an associated function of such a type.
    fn known_path(&self, path: &str) -> Option<String> {
        if self.is_listed(path) {
            return Some(path.to_owned());
        }
        if let Some(known) = self.named(path) {
            return Some(known.to_string());
        }
        let (parent, name) = path.rsplit_once("::")?;
        let known = if self.is_listed(parent) { parent.to_owned() } else { self.named(parent)?.to_string() };
        Some(format!("{known}::{name}"))
    }

    fn is_listed(&self, path: &str) -> bool {
        self.types.contains_key(path)
            || self.traits.contains_key(path)
            || self.makers.contains_key(path)
            || self.preludes.contains(path)
    }

    /// An alias, or the only type or trait of that name, whatever lower-case modules lead to it.
    fn named(&self, path: &str) -> Option<&Name> {
        if let Some(known) = self.aliases.get(path) {
            return Some(known);
        }
        let (lib, rest) = path.split_once("::")?;
        let (modules, last) = rest.rsplit_once("::").unwrap_or(("", rest));
        let begins_upper = |segment: &str| segment.starts_with(char::is_uppercase);
        if !begins_upper(last) || modules.split("::").any(begins_upper) {
            return None;
        }
        self.by_last.get(&(Name::new(lib), Name::new(last)))?.as_ref()
    }
}
