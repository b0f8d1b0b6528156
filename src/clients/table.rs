//! The words in which a client is described: the files `rules/clients/*.toml` and `[client.NAME]` of a rule file.
//!
//! Both are read into the same type, so what the embedded tables can say, a team can say of its own client or cache
//! crate. How a method is written is told in [`super::row`].

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::TypeKind;

/// A client library, or a crate of one's own that stores on Redis, as a table describes it.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeclaredClient {
    /// The key under which it stands: `acme` for `[client.acme]`. Set by whoever reads the file.
    #[serde(skip)]
    pub name: String,
    /// Packages of the registry (or of the workspace's other repositories) that it consists of: `acme-cache`, or
    /// `valkey-glide as glide` where code uses another name.
    pub crates: Vec<String>,
    /// Packages whose types it describes too, although they are no sign of Redis by themselves (pools).
    pub companions: Vec<String>,
    /// Lower-case words of which one occurs in practically every file that uses it. Without any: the crates' names.
    pub mentions: Vec<String>,
    /// Modules that hold another crate or module: `"acme_cache::redis" = "redis"`.
    pub reexports: BTreeMap<String, String>,
    /// Modules whose glob import brings the command methods into scope.
    pub preludes: Vec<String>,
    /// Traits that have the command methods, by path.
    pub traits: BTreeMap<String, TraitWord>,
    /// Types, by path.
    pub types: BTreeMap<String, TypeEntry>,
    /// Free and associated functions, by path: `command`, `-> some::Type`, or a row as for a method.
    pub functions: BTreeMap<String, String>,
    /// Methods that send a command, by name: `put = "SET key value ttl:s?"`. Several rows for several versions.
    pub methods: BTreeMap<String, Rows>,
    /// The same write with a TTL, by the method of the plain one: `put = "put_for _ _ +{s}"`. `--fix` is made of it.
    pub with_ttl: BTreeMap<String, Rows>,
    /// Methods that take a command in parts, by name: `custom = "ready arguments"`.
    pub raw: BTreeMap<String, Rows>,
    /// Methods whose key and TTL stand with the type that is cached: `get_or_load = "GET SET = id load"`.
    pub entities: BTreeMap<String, String>,
    /// Methods that send commands of no interest here, or none at all.
    pub others: Vec<String>,
    /// Attributes that put a cache around a function.
    pub attributes: Vec<AttributeEntry>,
    /// Types that store under a prefix of their own.
    pub stores: Vec<StoreEntry>,
    /// Which version of this client a package brings: `deadpool-redis = { "0.14" = "0.24" }`.
    pub brought_by: BTreeMap<String, BTreeMap<String, String>>,
}

/// One row, or several for several versions or numbers of arguments.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Rows {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Rows {
    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        match self {
            Self::One(row) => std::slice::from_ref(row),
            Self::Many(rows) => rows.as_slice(),
        }
        .iter()
        .map(String::as_str)
    }
}

/// How the methods of a trait run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TraitWord {
    /// They block.
    Sync,
    /// They give futures.
    Async,
    /// Either, or it is not known.
    Any,
    /// It has no command methods, but what implements it is a blocking connection.
    SyncBound,
    /// It has no command methods, but what implements it is an asynchronous connection.
    AsyncBound,
    /// It has no command methods, but what implements it is a connection.
    AnyBound,
}

/// How the commands of a type run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// They block.
    Sync,
    /// They give futures.
    Async,
}

/// A type: its kind alone, or more about it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum TypeEntry {
    /// `"acme_cache::Cache" = "connection"`.
    Kind(TypeKind),
    /// `"acme_cache::Pool" = { kind = "pool", yields = { get = "acme_cache::Cache" } }`.
    Full(Box<TypeTable>),
}

/// A type in full.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TypeTable {
    /// What it is for.
    pub kind: TypeKind,
    /// How its commands run.
    #[serde(default)]
    pub mode: Option<Mode>,
    /// Other paths of it, also those of older versions.
    #[serde(default)]
    pub also: Vec<String>,
    /// For a batch: MULTI/EXEC from the start.
    #[serde(default)]
    pub atomic: bool,
    /// It talks to a cluster.
    #[serde(default)]
    pub cluster: bool,
    /// Methods that are named nowhere give the value itself back.
    #[serde(default)]
    pub builder: bool,
    /// What it derefs to; for a manager: the connection that its pool hands out.
    #[serde(default)]
    pub deref: Option<String>,
    /// The connections that pools hand out which take it as manager, by the pool's library.
    #[serde(default)]
    pub pooled: BTreeMap<String, String>,
    /// Methods that give another type.
    #[serde(default)]
    pub yields: BTreeMap<String, String>,
    /// Methods that wait for the next message of a subscription.
    #[serde(default)]
    pub receives: Vec<String>,
    /// A subscription that is connected again by the client itself when its connection is lost.
    #[serde(default)]
    pub reconnects: bool,
    /// For a batch: methods that make it atomic.
    #[serde(default)]
    pub atomic_by: Vec<String>,
    /// Methods that send it.
    #[serde(default)]
    pub run_by: Vec<String>,
    /// Methods of a prepared command that queue it.
    #[serde(default)]
    pub queue_by: Vec<String>,
    /// Methods that append arguments to a command.
    #[serde(default)]
    pub argument_by: Vec<String>,
    /// Methods that append keys to a command.
    #[serde(default)]
    pub key_by: Vec<String>,
    /// Methods that set a TTL, with its unit or type.
    #[serde(default)]
    pub ttl_by: BTreeMap<String, String>,
    /// Methods that set a condition.
    #[serde(default)]
    pub condition_by: Vec<String>,
    /// Variants that carry a TTL, with its unit.
    #[serde(default)]
    pub variants: BTreeMap<String, String>,
    /// Variants that carry a condition, with the word that is sent.
    #[serde(default)]
    pub words: BTreeMap<String, String>,
    /// For settings of a connection: methods that bound a wait, with which: `connecting` or `answering`.
    #[serde(default)]
    pub timeout_by: BTreeMap<String, WaitWord>,
    /// For a connection: how long it waits where nothing is set.
    #[serde(default)]
    pub waits: Option<WaitsTable>,
}

/// How long a connection waits where nothing is set.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaitsTable {
    /// Functions and methods that open it without settings.
    pub plain: Vec<String>,
    /// The first version of the client whose waits have an end by default.
    #[serde(default)]
    pub bounded_since: Option<String>,
}

/// A wait of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WaitWord {
    /// Until the server accepts the connection.
    Connecting,
    /// Until a command is answered.
    Answering,
}

/// An attribute that puts a cache around a function.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttributeEntry {
    /// Its paths.
    pub paths: Vec<String>,
    /// The versions with this shape.
    #[serde(default)]
    pub versions: Option<String>,
    /// Arguments of which one has to be `true` for Redis to be used.
    #[serde(default)]
    pub redis_when: Vec<String>,
    /// Arguments that may name the store, which makes it Redis for one of `redis_types`.
    #[serde(default)]
    pub redis_types: Vec<String>,
    /// Arguments that give the TTL, with its unit.
    #[serde(default)]
    pub ttl: BTreeMap<String, String>,
    /// Argument that sets the TTL anew on each hit.
    #[serde(default)]
    pub refresh: Option<String>,
    /// Argument with a block that computes the prefix.
    #[serde(default)]
    pub prefix: Option<String>,
    /// The prefix without it; `{fn}` stands for the function's name.
    #[serde(default)]
    pub default_prefix: Option<String>,
    /// Argument with the block that computes the key.
    #[serde(default)]
    pub key: Option<String>,
    /// What the server sees: `{namespace}:{prefix}:{key}`.
    #[serde(default)]
    pub key_format: Option<String>,
    /// The namespace where none is set.
    #[serde(default)]
    pub default_namespace: Option<String>,
    /// The command that writes; SETEX without it.
    #[serde(default)]
    pub command: Option<String>,
    /// Concurrent misses run the body once.
    #[serde(default)]
    pub single_flight: bool,
}

/// A type that stores under a prefix of its own.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StoreEntry {
    /// Its paths.
    pub types: Vec<String>,
    /// The versions with this shape.
    #[serde(default)]
    pub versions: Option<String>,
    /// Associated functions that make it: `new = "prefix ttl:duration"`.
    #[serde(default)]
    pub makers: BTreeMap<String, String>,
    /// Methods that set the TTL, with its unit.
    #[serde(default)]
    pub ttl_by: BTreeMap<String, String>,
    /// Methods that make a hit set the TTL anew.
    #[serde(default)]
    pub refresh_by: Vec<String>,
    /// Methods that set the namespace.
    #[serde(default)]
    pub namespace_by: Vec<String>,
    /// Methods that set the prefix.
    #[serde(default)]
    pub prefix_by: Vec<String>,
    /// What the server sees: `{namespace}:{prefix}:{key}`.
    #[serde(default)]
    pub key_format: Option<String>,
    /// The namespace where none is set.
    #[serde(default)]
    pub default_namespace: Option<String>,
    /// The TTL comes from a policy elsewhere.
    #[serde(default)]
    pub ttl_elsewhere: bool,
}
