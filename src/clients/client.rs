//! One client table, read: from the words of [`super::table`] to what is looked up.

use rustc_hash::{FxHashMap, FxHashSet};

use super::commands::Commands;
use super::error::{RowPath, TableError, did_you_mean};
use super::methods::{self, Context};
use super::spec::Waits;
use super::table::{DeclaredClient, Mode, TraitWord, TypeEntry, TypeTable};
use super::version::parse_version;
use super::{AttributeSpec, EntityRow, StoreSpec, TtlForm, layers};
use super::{ClientId, Maker, MethodSpec, RawForm, TraitSpec, TtlArgument, TypeKind, TypeSpec, Unit};
use crate::facts::Name;

/// A client, ready to be asked.
#[derive(Debug, Default)]
pub(crate) struct Client {
    pub types: FxHashMap<Name, TypeSpec>,
    pub traits: FxHashMap<Name, TraitSpec>,
    /// Other paths of types.
    pub aliases: FxHashMap<Name, Name>,
    /// The path of a type or trait by its library and last segment; `None` where there are several.
    pub by_last: FxHashMap<(Name, Name), Option<Name>>,
    pub preludes: FxHashSet<Name>,
    pub makers: FxHashMap<Name, Maker>,
    pub functions: FxHashMap<Name, MethodSpec>,
    pub methods: FxHashMap<Name, Vec<MethodSpec>>,
    /// The same write with a TTL, by the method of the plain one.
    pub with_ttl: FxHashMap<Name, Vec<TtlForm>>,
    pub raw: FxHashMap<Name, Vec<RawForm>>,
    pub others: FxHashSet<Name>,
    pub attributes: Vec<AttributeSpec>,
    /// Methods whose key stands with the type that is cached.
    pub entities: FxHashMap<Name, EntityRow>,
    pub stores: Vec<StoreSpec>,
    /// Prefixes of paths and what they stand for, longest first.
    pub reexports: Vec<(Name, Name)>,
    /// For a package: its versions and the client's version that each brings, ascending.
    pub brought_by: FxHashMap<Name, Vec<Brought>>,
}

/// A version of a package, and the client's version that it brings.
pub(crate) type Brought = ([u32; 3], [u32; 3]);

/// Reads a table; the rows with mistakes are left out and told.
pub(crate) fn build(
    id: ClientId,
    declared: bool,
    table: &DeclaredClient,
    commands: &Commands,
) -> (Client, Vec<TableError>) {
    let root = RowPath(vec![table.name.clone()]);
    let mut builder = Builder { id, client: Client::default(), errors: Vec::new() };
    builder.types(table, &root.join("types"));
    builder.names(table, &root);
    let ttl = |word: &str| builder.client.ttl_argument(word);
    let context = Context { commands, ttl: &ttl, declared };
    let (rows, mut errors) = read_methods(table, &context, &root);
    let (functions, more) = read_functions(table, &context, &root.join("functions"));
    errors.extend(more);
    builder.errors.append(&mut errors);
    builder.client.methods = rows;
    for (path, (maker, method)) in functions {
        builder.client.makers.insert(path.clone(), maker);
        if let Some(method) = method {
            builder.client.functions.insert(path, method);
        }
    }
    builder.raw(table, &root.join("raw"));
    builder.with_ttl(table, &root.join("with_ttl"));
    for (method, row) in &table.entities {
        match EntityRow::parse(row) {
            Ok(row) => _ = builder.client.entities.insert(Name::new(method), row),
            Err(message) => builder.errors.push(root.join("entities").join(method).error(message)),
        }
    }
    layers::attributes(id, table, &root, &mut builder.client.attributes, &mut builder.errors);
    layers::stores(id, table, &root, &mut builder.client.stores, &mut builder.errors);
    builder.versions(table, &root.join("brought_by"));
    builder.index();
    (builder.client, builder.errors)
}

struct Builder {
    id: ClientId,
    client: Client,
    errors: Vec<TableError>,
}

impl Builder {
    fn types(&mut self, table: &DeclaredClient, row: &RowPath) {
        for (path, entry) in &table.types {
            let at = row.join(path);
            let plain;
            let entry = match entry {
                TypeEntry::Full(entry) => entry.as_ref(),
                TypeEntry::Kind(kind) => {
                    plain = TypeTable::of(*kind);
                    &plain
                }
            };
            for other in &entry.also {
                self.client.aliases.insert(Name::new(other), Name::new(path));
            }
            let mut spec = type_spec(self.id, path, entry);
            if let Some(waits) = &entry.waits {
                let since = waits.bounded_since.as_deref().map(|version| parse_version(version, 0)).transpose();
                match since {
                    Ok(bounded_since) => {
                        spec.waits = Some(Waits { plain: names(&waits.plain).collect(), bounded_since });
                    }
                    Err(message) => self.errors.push(at.join("waits").join("bounded_since").error(message)),
                }
            }
            for (variant, word) in &entry.variants {
                match methods::unit(word) {
                    Ok(unit) => spec.variants.push((Name::new(variant), unit)),
                    Err(message) => self.errors.push(at.join("variants").join(variant).error(message)),
                }
            }
            self.client.types.insert(spec.path.clone(), spec);
        }
        // A method of an options builder may take a TTL type of the same table, so all types have to be there first.
        for (path, entry) in &table.types {
            let TypeEntry::Full(entry) = entry else { continue };
            let mut ttl_methods = Vec::new();
            for (method, word) in &entry.ttl_by {
                match self.client.ttl_argument(word) {
                    Ok(argument) => ttl_methods.push((Name::new(method), argument)),
                    Err(message) => self.errors.push(row.join(path).join("ttl_by").join(method).error(message)),
                }
            }
            if let Some(spec) = self.client.types.get_mut(path.as_str()) {
                spec.ttl_methods = ttl_methods;
            }
        }
    }

    fn names(&mut self, table: &DeclaredClient, root: &RowPath) {
        for (path, word) in &table.traits {
            let (sync, bound_only) = match word {
                TraitWord::Sync => (Some(true), false),
                TraitWord::Async => (Some(false), false),
                TraitWord::Any => (None, false),
                TraitWord::SyncBound => (Some(true), true),
                TraitWord::AsyncBound => (Some(false), true),
                TraitWord::AnyBound => (None, true),
            };
            let path = Name::new(path);
            self.client.traits.insert(path.clone(), TraitSpec { path, client: self.id, sync, bound_only });
        }
        self.client.preludes = names(&table.preludes).collect();
        self.client.others = names(&table.others).collect();
        for other in &table.others {
            if table.methods.contains_key(other) {
                self.errors.push(root.join("others").error(format!("`{other}` is a method as well")));
            }
        }
        self.client.reexports = table.reexports.iter().map(|(from, to)| (Name::new(from), Name::new(to))).collect();
        self.client.reexports.sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
    }

    fn raw(&mut self, table: &DeclaredClient, row: &RowPath) {
        for (name, rows) in &table.raw {
            for text in rows.iter() {
                match methods::raw(name, text, &row.join(name)) {
                    Ok(form) => self.client.raw.entry(form.name.clone()).or_default().push(form),
                    Err(error) => self.errors.push(error),
                }
            }
        }
    }

    fn with_ttl(&mut self, table: &DeclaredClient, row: &RowPath) {
        for (name, rows) in &table.with_ttl {
            for text in rows.iter() {
                match TtlForm::parse(text, &row.join(name)) {
                    Ok(form) => self.client.with_ttl.entry(Name::new(name)).or_default().push(form),
                    Err(error) => self.errors.push(error),
                }
            }
        }
    }

    fn versions(&mut self, table: &DeclaredClient, row: &RowPath) {
        for (package, versions) in &table.brought_by {
            let mut list = Vec::new();
            for (own, brought) in versions {
                match parse_version(own, 0).and_then(|own| Ok((own, parse_version(brought, 0)?))) {
                    Ok(pair) => list.push(pair),
                    Err(message) => self.errors.push(row.join(package).join(own).error(message)),
                }
            }
            list.sort_unstable();
            self.client.brought_by.insert(Name::new(package), list);
        }
    }

    /// Types and traits by their last segment, for paths that are not written here (older modules, preludes).
    fn index(&mut self) {
        let client = &mut self.client;
        let all = client.types.keys().chain(client.traits.keys()).map(|path| (path, path)).chain(&client.aliases);
        for (path, canonical) in all {
            let (Some((lib, _)), Some((_, last))) = (path.split_once("::"), path.rsplit_once("::")) else { continue };
            client
                .by_last
                .entry((Name::new(lib), Name::new(last)))
                .and_modify(|known| {
                    if known.as_ref() != Some(canonical) {
                        *known = None;
                    }
                })
                .or_insert_with(|| Some(canonical.clone()));
        }
    }
}

impl Client {
    /// What `ttl:WORD` stands for: a unit, or a TTL type of this client by its path or last segment.
    fn ttl_argument(&self, word: &str) -> Result<TtlArgument, String> {
        if let Some(unit) = Unit::from_word(word) {
            return Ok(TtlArgument::Number(unit));
        }
        let candidates = || {
            self.types
                .values()
                .filter(|spec| matches!(spec.kind, TypeKind::TtlValue | TypeKind::Options))
                .map(|spec| (spec.path.rsplit_once("::").map_or(spec.path.as_str(), |(_, last)| last), spec))
        };
        match candidates().find(|(last, spec)| *last == word || spec.path == word) {
            Some((_, spec)) if spec.kind == TypeKind::TtlValue => Ok(TtlArgument::Enum(spec.path.clone())),
            Some((_, spec)) => Ok(TtlArgument::Options(spec.path.clone())),
            None => {
                let known = Unit::WORDS.iter().map(|(word, _)| *word).chain(candidates().map(|(last, _)| last));
                let near = did_you_mean(word, known);
                Err(format!(
                    "`{word}` is neither a unit nor a type of kind `ttl-value` or `options` in this table{near}"
                ))
            }
        }
    }
}

impl TypeTable {
    fn of(kind: TypeKind) -> Self {
        Self {
            kind,
            mode: None,
            also: Vec::new(),
            atomic: false,
            cluster: false,
            builder: false,
            deref: None,
            pooled: Default::default(),
            yields: Default::default(),
            receives: Vec::new(),
            reconnects: false,
            atomic_by: Vec::new(),
            run_by: Vec::new(),
            queue_by: Vec::new(),
            argument_by: Vec::new(),
            key_by: Vec::new(),
            ttl_by: Default::default(),
            condition_by: Vec::new(),
            variants: Default::default(),
            words: Default::default(),
            timeout_by: Default::default(),
            waits: None,
        }
    }
}

fn type_spec(client: ClientId, path: &str, entry: &TypeTable) -> TypeSpec {
    let pairs = |map: &std::collections::BTreeMap<String, String>| {
        map.iter().map(|(from, to)| (Name::new(from), Name::new(to))).collect()
    };
    TypeSpec {
        path: Name::new(path),
        client,
        kind: entry.kind,
        sync: entry.mode.map(|mode| mode == Mode::Sync),
        atomic: entry.atomic,
        cluster: entry.cluster,
        builder: entry.builder,
        deref: entry.deref.as_deref().map(Name::new),
        pooled: pairs(&entry.pooled),
        yields: pairs(&entry.yields),
        receives: names(&entry.receives).collect(),
        reconnects: entry.reconnects,
        atomic_by: names(&entry.atomic_by).collect(),
        run_by: names(&entry.run_by).collect(),
        queue_by: names(&entry.queue_by).collect(),
        argument_by: names(&entry.argument_by).collect(),
        key_by: names(&entry.key_by).collect(),
        ttl_methods: Vec::new(),
        condition_methods: names(&entry.condition_by).collect(),
        variants: Vec::new(),
        words: pairs(&entry.words),
        timeout_by: entry.timeout_by.iter().map(|(method, wait)| (Name::new(method), *wait)).collect(),
        waits: None,
    }
}

fn names(list: &[String]) -> impl Iterator<Item = Name> {
    list.iter().map(Name::new)
}

type Methods = FxHashMap<Name, Vec<MethodSpec>>;

fn read_methods(table: &DeclaredClient, context: &Context<'_>, root: &RowPath) -> (Methods, Vec<TableError>) {
    let (mut methods, mut errors) = (Methods::default(), Vec::new());
    let row = root.join("methods");
    for (name, rows) in &table.methods {
        let at = row.join(name);
        for text in rows.iter() {
            match methods::method(name, text, context, &at) {
                Ok(method) => methods.entry(method.name.clone()).or_default().push(method),
                Err(error) => errors.push(error),
            }
        }
    }
    (methods, errors)
}

type Functions = Vec<(Name, (Maker, Option<MethodSpec>))>;

fn read_functions(table: &DeclaredClient, context: &Context<'_>, row: &RowPath) -> (Functions, Vec<TableError>) {
    let (mut functions, mut errors) = (Vec::new(), Vec::new());
    for (path, text) in &table.functions {
        match function(path, text, context, &row.join(path)) {
            Ok(entry) => functions.push((Name::new(path), entry)),
            Err(error) => errors.push(error),
        }
    }
    (functions, errors)
}

const MAKERS: &[(&str, Maker)] = &[
    ("command", Maker::Command),
    ("empty-command", Maker::EmptyCommand),
    ("line", Maker::Line),
    ("script", Maker::Script),
    ("transaction", Maker::Transaction),
    ("method", Maker::Method),
];

fn function(
    path: &str,
    text: &str,
    context: &Context<'_>,
    row: &RowPath,
) -> Result<(Maker, Option<MethodSpec>), TableError> {
    if let Some(ty) = text.strip_prefix("->") {
        return Ok((Maker::Type(Name::new(ty.trim())), None));
    }
    if let Some((_, maker)) = MAKERS.iter().find(|(word, _)| *word == text.trim()) {
        return Ok((maker.clone(), None));
    }
    if text.starts_with(|c: char| c.is_ascii_uppercase()) {
        let name = path.rsplit_once("::").map_or(path, |(_, last)| last);
        return Ok((Maker::Sends, Some(methods::method(name, text, context, row)?)));
    }
    let near = did_you_mean(text, MAKERS.iter().map(|(word, _)| *word));
    Err(row
        .error(format!("`{text}` is neither `-> some::Type`, a row such as \"SET key value\", nor a known word{near}")))
}
