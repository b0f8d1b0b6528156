//! What a call means: tables read from `rules/clients/*.toml`. Knows nothing of syntax.
//!
//! Paths are canonical: `redis::aio::ConnectionManager`, however the program reaches it
//! (`deadpool_redis::redis::aio::ConnectionManager`, a renamed crate, a re-export).

use crate::facts::Name;

/// A client library, for example `redis` (also for everything that re-exports it).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u16);

/// A type of a client library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeSpec {
    /// Canonical path.
    pub path: Name,
    /// Whose it is.
    pub client: ClientId,
    /// What it is for.
    pub kind: TypeKind,
    /// Its commands run without `.await`. `None`: not known, or both.
    pub sync: Option<bool>,
    /// For a batch: it is MULTI/EXEC from the start.
    pub atomic: bool,
    /// It talks to a cluster.
    pub cluster: bool,
    /// Canonical path of what it derefs to; for a manager: of the connection that its pool hands out.
    pub deref: Option<Name>,
    /// Methods that give another type (`get` of a pool gives the guard), by method name.
    pub yields: Vec<(Name, Name)>,
    /// For a batch: methods that make it atomic.
    pub atomic_by: Vec<Name>,
    /// For batch, command and script call: methods that send it.
    pub run_by: Vec<Name>,
    /// For a set of options: methods that set the TTL, with what they take.
    pub ttl_methods: Vec<(Name, TtlArgument)>,
    /// For a set of options: methods that set NX or XX from an argument, or by themselves.
    pub condition_methods: Vec<Name>,
    /// For a TTL value: its variants.
    pub variants: Vec<(Name, Unit)>,
    /// For condition enums (`ExistenceCheck`): variant and the word that is sent.
    pub words: Vec<(Name, Name)>,
}

/// What a type is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TypeKind {
    /// Has the command methods.
    Connection,
    /// Derefs to a connection.
    Guard,
    /// Gives guards.
    Pool,
    /// A pool's generic argument (`bb8::Pool<RedisConnectionManager>`).
    Manager,
    /// A pool of any manager (`bb8::Pool`): the first type argument decides.
    GenericPool,
    /// What a [`TypeKind::GenericPool`] hands out.
    GenericGuard,
    /// Makes connections; may have the command methods as well.
    Client,
    /// A pipeline or transaction.
    Batch,
    /// Subscriptions.
    PubSub,
    /// A command under construction.
    Command,
    /// A script.
    Script,
    /// A script with keys and arguments.
    ScriptCall,
    /// A builder of options that may carry a TTL.
    Options,
    /// An enum that carries a TTL.
    TtlValue,
    /// An enum that carries a condition.
    ConditionValue,
    /// Takes locks in Redis (`rslock::LockManager`).
    LockManager,
    /// A wrapper of a stored value (`redis_macros::Json`).
    ValueWrapper,
    /// Has methods named like commands that talk to no server.
    Inert,
}

/// What a TTL argument takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TtlArgument {
    /// A number (or `Duration` for [`Unit::Duration`]).
    Number(Unit),
    /// An enum that carries unit and number, or an `Option` of it. Canonical path.
    Enum(Name),
    /// A builder of options. Canonical path.
    Options(Name),
}

/// The unit of a TTL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// Relative, whole seconds.
    Seconds,
    /// Relative, milliseconds.
    Milliseconds,
    /// Unix time in seconds.
    UnixSeconds,
    /// Unix time in milliseconds.
    UnixMilliseconds,
    /// `std::time::Duration` or `chrono::Duration`.
    Duration,
    /// KEEPTTL: the value carries no number.
    Keep,
    /// PERSIST: removes the TTL.
    Persist,
    /// Explicitly none.
    None,
}

/// A method that sends a command (or queues it, on a batch; or builds it, as `Cmd::set`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodSpec {
    /// The method.
    pub name: Name,
    /// The command in capitals.
    pub command: Name,
    /// The other command it may send.
    pub alternative: Option<Name>,
    /// What it does.
    pub effect: CommandEffect,
    /// Number of arguments without the receiver.
    pub args: u8,
    /// Positions of keys.
    pub keys: Vec<u8>,
    /// A key argument may hold several keys.
    pub many: bool,
    /// A key argument is a list of (key, value).
    pub pairs: bool,
    /// Position of the value.
    pub value: Option<u8>,
    /// Position of the TTL and what stands there.
    pub ttl: Option<(u8, TtlArgument)>,
    /// Position of a `keep_ttl: bool`.
    pub keep_ttl: Option<u8>,
    /// Position of a condition (`SetCondition::NX`).
    pub condition: Option<u8>,
    /// NX by its name (`set_nx`).
    pub if_absent: bool,
    /// Position of a pattern (KEYS, SCAN MATCH).
    pub pattern: Option<u8>,
    /// Position of a channel.
    pub channel: Option<u8>,
    /// What it does to a TTL that the key has.
    pub on_ttl: OnTtl,
    /// A missing key is made.
    pub creates: bool,
    /// First crate version with this shape, and last; inclusive, as `[major, minor, patch]`.
    pub since: Option<[u32; 3]>,
    /// See `since`.
    pub until: Option<[u32; 3]>,
    /// The name occurs in practically nothing but Redis clients (`set_ex`, `hset`), so weak evidence is enough.
    pub distinctive: bool,
}

/// A command of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandSpec {
    /// In capitals.
    pub name: Name,
    /// What it does.
    pub effect: CommandEffect,
    /// Where its keys stand (see `rules/clients/commands.toml`), parsed.
    pub keys: Vec<KeyPositions>,
    /// Position of the value.
    pub value: Option<u8>,
    /// Position and unit of a TTL in a fixed place (SETEX).
    pub ttl: Option<(u8, Unit)>,
    /// Words after which a TTL stands (`EX`), with the unit; [`Unit::Keep`] and [`Unit::Persist`] stand alone.
    pub ttl_words: Vec<(Name, Unit)>,
    /// Words that make it conditional (NX, XX, …).
    pub condition_words: Vec<Name>,
    /// Always NX (SETNX).
    pub if_absent: bool,
    /// What it does to a TTL that the key has, when no option says otherwise.
    pub on_ttl: OnTtl,
    /// A missing key is made.
    pub creates: bool,
    /// It also returns a value.
    pub reads: bool,
    /// Its cost grows with the keyspace or the collection.
    pub bulk: bool,
}

/// Positions of keys among the arguments after the command name; 0-based.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyPositions {
    /// One.
    At(u8),
    /// From `start`, every `step`-th, leaving out the last `drop`; `end` is exclusive where given.
    Range {
        /// First position.
        start: u8,
        /// One past the last.
        end: Option<u8>,
        /// 2 for pairs.
        step: u8,
        /// 1 for `BLPOP k… timeout`.
        drop: u8,
    },
    /// The argument at this position is a count; that many keys follow, `step` apart.
    Counted {
        /// Position of the count.
        at: u8,
        /// 2 for pairs.
        step: u8,
    },
    /// After this word.
    After(Name),
}

/// What a command does, in full detail (see the header of `rules/clients/commands.toml`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the words are those of the table, explained there")]
pub enum CommandEffect {
    Write,
    WriteTtl,
    WriteMaybeTtl,
    PartialWrite,
    Read,
    ReadTtl,
    TtlRead,
    Meta,
    Expire,
    Persist,
    Delete,
    Counter,
    CounterTtl,
    Store,
    Rename,
    Copy,
    CollectionWrite,
    CollectionWriteTtl,
    CollectionCounter,
    CollectionRead,
    CollectionReadTtl,
    CollectionRemove,
    CollectionMove,
    FieldExpire,
    FieldPersist,
    FieldTtlRead,
    CollectionScan,
    StreamWrite,
    StreamRead,
    Scan,
    KeysScan,
    Flush,
    Publish,
    Subscribe,
    Unsubscribe,
    Script,
    ScriptAdmin,
    Transaction,
    Admin,
    Connection,
    ModuleOther,
}

/// What a command does to the TTL of an existing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the words are those of the table, explained there")]
pub enum OnTtl {
    Keeps,
    Clears,
    Replaces,
    Option,
    Transfers,
    Copies,
    DeletesKey,
    Field,
    None,
}

/// What a free or associated function of a client makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Maker {
    /// A value of this type (canonical path); `Client::open`, `ConnectionManager::new`, `pipe`.
    Type(Name),
    /// `cmd(NAME)`: a command whose name is the first argument.
    Command,
    /// `Cmd::new()`: a command whose name is the first `.arg`.
    EmptyCommand,
    /// `Script::new(TEXT)`.
    Script,
    /// `Cmd::set(k, v)`: a finished command, by the method table.
    Method(Name),
    /// `transaction(con, keys, |con, pipe| …)`.
    Transaction,
}

/// TEMP
#[derive(Debug, Default)]
pub struct Catalogue {}
/// TEMP
pub struct ClientSpec {
    /// n
    pub name: Name,
}
/// TEMP
pub struct TraitSpec {
    /// c
    pub client: ClientId,
    /// s
    pub sync: Option<bool>,
}
/// TEMP
#[derive(Clone, Copy)]
pub enum RawUse {
    /// a
    TakesCommand {
        /// a
        at: u8,
    },
    /// a
    NameThenArgs {
        /// a
        name: u8,
        /// a
        args: u8,
    },
    /// a
    Array {
        /// a
        at: u8,
    },
}
/// TEMP
pub struct AttributeSpec {
    /// a
    pub client: ClientId,
    /// a
    pub ttl_args: Vec<(Name, Unit)>,
    /// a
    pub prefix_arg: Name,
    /// a
    pub prefix_default: Name,
}
impl AttributeSpec {
    /// a
    pub fn in_redis(&self, _f: &dyn Fn(&str) -> Option<String>) -> bool {
        false
    }
}
#[allow(missing_docs)]
impl Catalogue {
    pub fn canonical<'a>(&self, _p: &'a str) -> Option<std::borrow::Cow<'a, str>> {
        None
    }
    pub fn type_spec(&self, _p: &str) -> Option<&TypeSpec> {
        None
    }
    pub fn trait_spec(&self, _p: &str) -> Option<&TraitSpec> {
        None
    }
    pub fn prelude(&self, _p: &str) -> Option<ClientId> {
        None
    }
    pub fn maker(&self, _p: &str) -> Option<Maker> {
        None
    }
    pub fn client_of_path(&self, _p: &str) -> Option<ClientId> {
        None
    }
    pub fn client(&self, _p: ClientId) -> &ClientSpec {
        unimplemented!()
    }
    pub fn method(&self, _c: ClientId, _v: Option<[u32; 3]>, _n: &str, _a: usize) -> Option<&MethodSpec> {
        None
    }
    pub fn any_method(&self, _n: &str) -> bool {
        false
    }
    pub fn command(&self, _n: &str) -> Option<&CommandSpec> {
        None
    }
    pub fn is_argument_method(&self, _c: ClientId, _n: &str) -> bool {
        false
    }
    pub fn raw_method(&self, _c: ClientId, _n: &str) -> Option<RawUse> {
        None
    }
    pub fn attribute(&self, _n: &str) -> Option<&AttributeSpec> {
        None
    }
    pub fn version_of(&self, _c: ClientId, _p: &str, _v: &str) -> Option<[u32; 3]> {
        None
    }
}
