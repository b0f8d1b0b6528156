//! What the tables say of types, traits, methods and commands, ready to be looked up.

use super::table::WaitWord;
use super::{CommandEffect, OnTtl, Unit};
use crate::facts::Name;

/// A client library, for example `redis` (also for everything that re-exports it).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u16);

/// A client library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientSpec {
    /// How others refer to it.
    pub id: ClientId,
    /// For messages: the table's name, for example `redis`.
    pub name: Name,
    /// The packages that make a package of the workspace relevant when it depends on one of them.
    pub crates: Vec<CrateSpec>,
    /// Packages whose paths this table describes although they are no sign of Redis by themselves (`bb8`, `r2d2`).
    pub companions: Vec<CrateSpec>,
    /// Lower-case words of which one occurs in practically every file that uses it.
    pub mentions: Vec<Name>,
}

/// A package and the name under which code refers to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrateSpec {
    /// As in the registry and in a manifest: `valkey-glide`.
    pub package: Name,
    /// As in a path: `glide`.
    pub lib: Name,
}

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
    /// Methods that are named nowhere give the value itself back (`PoolBuilder::max_size`).
    pub builder: bool,
    /// Canonical path of what it derefs to; for a manager: of the connection that its pool hands out.
    pub deref: Option<Name>,
    /// For a type that pools accept as manager: the pool's library (`r2d2`) and the connection it then hands out.
    pub pooled: Vec<(Name, Name)>,
    /// Methods that give another type (`get` of a pool gives the guard), by method name.
    pub yields: Vec<(Name, Name)>,
    /// Methods that wait for the next message of a subscription.
    pub receives: Vec<Name>,
    /// Its subscriptions outlive a lost connection.
    pub reconnects: bool,
    /// For a batch: methods that make it atomic.
    pub atomic_by: Vec<Name>,
    /// For batch, command and script call: methods that send it.
    pub run_by: Vec<Name>,
    /// For a batch whose calls only prepare a command: methods of what a call gives that queue it.
    pub queue_by: Vec<Name>,
    /// For a command, script call or batch: methods that append their arguments to the (last) command.
    pub argument_by: Vec<Name>,
    /// Those whose arguments are known to be keys.
    pub key_by: Vec<Name>,
    /// For a set of options: methods that set the TTL, with what they take.
    pub ttl_methods: Vec<(Name, TtlArgument)>,
    /// For a set of options: methods that set NX or XX from an argument, or by themselves.
    pub condition_methods: Vec<Name>,
    /// For a TTL value: its variants.
    pub variants: Vec<(Name, Unit)>,
    /// For condition enums (`ExistenceCheck`): variant and the word that is sent.
    pub words: Vec<(Name, Name)>,
    /// For settings of a connection: methods that bound a wait.
    pub timeout_by: Vec<(Name, WaitWord)>,
    /// For a connection: how long it waits where nothing is set.
    pub waits: Option<Waits>,
}

/// How long a connection waits where nothing is set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Waits {
    /// Functions and methods that open it without settings.
    pub plain: Vec<Name>,
    /// The first version of the client whose waits have an end by default.
    pub bounded_since: Option<[u32; 3]>,
}

/// A trait of a client library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraitSpec {
    /// Canonical path.
    pub path: Name,
    /// Whose it is.
    pub client: ClientId,
    /// Its methods run without `.await`. `None`: not known, or both.
    pub sync: Option<bool>,
    /// It has no command methods itself: as a bound it only says that a value is a connection.
    pub bound_only: bool,
}

/// What a type is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
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
    /// A wrapper of a stored value (`redis_macros::Json`).
    ValueWrapper,
    /// A derive macro that makes a type one that is stored whole (`redis_macros::ToRedisArgs`).
    ValueDerive,
    /// Makes one of the others (configuration, pool builder); has no commands.
    Builder,
    /// Has methods named like commands that talk to no server.
    Inert,
    /// Calls about entities, whose key and TTL stand with the type that is cached.
    Entities,
}

/// What a method of a [`TypeKind::Entities`] type, or a function, sends, and what it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityRow {
    /// `GET`, `SET` and `DEL`, in order.
    pub commands: Vec<&'static str>,
    /// The arguments.
    pub words: Vec<EntityWord>,
    /// Recorded in a transaction, and sent once that has been committed.
    pub after_commit: bool,
}

/// An argument of an [`EntityRow`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntityWord {
    /// The id of one entity.
    Id,
    /// The ids of several.
    Ids,
    /// A loader that runs on a miss.
    Load,
    /// A closure that changes the source, and commits.
    Write,
    /// Of no interest.
    Other,
}

impl EntityRow {
    /// Reads `GET SET = id load`; `DEL@commit = _ id` is sent after the commit.
    ///
    /// # Errors
    /// Says what is wrong with the row.
    pub fn parse(row: &str) -> Result<Self, String> {
        let (commands, words) = row
            .split_once('=')
            .ok_or_else(|| "needs the commands, `=` and the arguments, for example \"GET SET = id load\"".to_owned())?;
        let mut after_commit = false;
        let commands = commands
            .split_ascii_whitespace()
            .map(|command| match command {
                "GET" => Ok("GET"),
                "SET" => Ok("SET"),
                "DEL" => Ok("DEL"),
                "DEL@commit" => {
                    after_commit = true;
                    Ok("DEL")
                }
                other => Err(format!("`{other}` is none of GET, SET, DEL, DEL@commit")),
            })
            .collect::<Result<Vec<_>, _>>()?;
        let words = words
            .split_ascii_whitespace()
            .map(|word| match word {
                "id" => Ok(EntityWord::Id),
                "ids" => Ok(EntityWord::Ids),
                "load" => Ok(EntityWord::Load),
                "write" => Ok(EntityWord::Write),
                "_" => Ok(EntityWord::Other),
                other => Err(format!("`{other}` is none of id, ids, load, write, _")),
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self { commands, words, after_commit })
    }
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
    /// The last key argument may hold several keys.
    pub many: bool,
    /// The last key argument is a list of (key, value).
    pub pairs: bool,
    /// Position of the key that is written, where another is only read (RENAME, COPY, …STORE). Also among `keys`.
    pub dest: Option<u8>,
    /// Position of the value.
    pub value: Option<u8>,
    /// Position of the field (HSET).
    pub field: Option<u8>,
    /// Position of the TTL and what stands there.
    pub ttl: Option<(u8, TtlArgument)>,
    /// The TTL argument is an `Option` (or may be converted from one): `None` is no TTL.
    pub ttl_optional: bool,
    /// Position of a `keep_ttl: bool`.
    pub keep_ttl: Option<u8>,
    /// Position of a condition (`SetCondition::NX`).
    pub condition: Option<u8>,
    /// NX by its name (`set_nx`).
    pub if_absent: bool,
    /// A lock manager's: what it writes is a lock.
    pub lock: bool,
    /// Position of a pattern (KEYS, SCAN MATCH).
    pub pattern: Option<u8>,
    /// Position of a channel.
    pub channel: Option<u8>,
    /// Position of a script: its text, its hash or a value of a script type.
    pub script: Option<u8>,
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

/// A method that takes a command in parts, not as a call of its own name: `con.req_packed_command(&cmd)`,
/// `client.custom(cmd!("SET"), vec![key, value])`, `pipe.cmd("SET")`. Positions count without the receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawForm {
    /// The method.
    pub name: Name,
    /// Number of arguments without the receiver.
    pub args: u8,
    /// Position of a finished command (or of one that has its name only, where `arguments` is given too).
    pub ready: Option<u8>,
    /// Position of the command's name.
    pub command: Option<u8>,
    /// Position of the list of its arguments.
    pub arguments: Option<u8>,
    /// Position of a list that holds the name and the arguments.
    pub line: Option<u8>,
    /// It starts a command that later calls extend (`pipe.cmd("SET").arg(key)`).
    pub starts: bool,
}

/// A command of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandSpec {
    /// In capitals; two words where the second one belongs to the name (`OBJECT ENCODING`).
    pub name: Name,
    /// What it does.
    pub effect: CommandEffect,
    /// Where its keys stand (see `rules/clients/commands.toml`), parsed. Channels and patterns are no keys.
    pub keys: Vec<KeyPositions>,
    /// Position of the key that is written, where another is only read. Also among `keys`.
    pub dest: Option<u8>,
    /// Position of the value.
    pub value: Option<u8>,
    /// Position of the field (HSET).
    pub field: Option<u8>,
    /// Position and unit of a TTL in a fixed place (SETEX).
    pub ttl: Option<(u8, Unit)>,
    /// Words after which a TTL stands (`EX`), with the unit; [`Unit::Keep`] and [`Unit::Persist`] stand alone.
    pub ttl_words: Vec<(Name, Unit)>,
    /// Words that make it conditional (NX, XX, …).
    pub condition_words: Vec<Name>,
    /// Always NX (SETNX).
    pub if_absent: bool,
    /// Position of a pattern (KEYS).
    pub pattern: Option<u8>,
    /// Position of the first channel.
    pub channel: Option<u8>,
    /// Position of a script (EVAL, EVALSHA).
    pub script: Option<u8>,
    /// What it does to a TTL that the key has, when no option says otherwise.
    pub on_ttl: OnTtl,
    /// A missing key is made.
    pub creates: bool,
    /// A missing key is made with some options or by some scripts only; `creates` is `false` then.
    pub may_create: bool,
    /// It also returns a value.
    pub reads: bool,
    /// It may hold the connection until something arrives.
    pub blocks: bool,
    /// Its cost grows with the keyspace or the collection.
    pub bulk: bool,
    /// Not in every server: modules, Redis 8.
    pub module: bool,
    /// The key type drops old entries by a setting of its own (time series).
    pub own_retention: bool,
    /// A TTL of 0 means none (RESTORE), where others reject it.
    pub zero_ttl_is_none: bool,
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
    /// One, right after this word (`STORE`).
    After(Name),
    /// All that follow this word (`MIGRATE … KEYS`).
    AllAfter(Name),
    /// The first half of what follows this word (`XREAD STREAMS k1 k2 id1 id2`).
    HalfAfter(Name),
}

/// What a free or associated function of a client makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Maker {
    /// A value of this type (canonical path); `Client::open`, `ConnectionManager::new`, `pipe`. Where that is a
    /// [`TypeKind::GenericPool`], an argument of this call or of a later one (`build`) is the manager.
    Type(Name),
    /// `cmd(NAME)`: a command whose name is the first argument. Also the macro `fred::cmd!`.
    Command,
    /// `Cmd::new()`: a command whose name is the first `.arg`.
    EmptyCommand,
    /// `resp_array![NAME, …]`: a whole command as a list.
    Line,
    /// `Script::new(TEXT)`.
    Script,
    /// `transaction(con, keys, |con, pipe| …)`: the closure's second parameter is an atomic batch.
    Transaction,
    /// `Cmd::set(key, value)`: a finished command. The function's name and arguments are those of the client's method.
    Method,
    /// `acme_cache::put(key, value)`: sends the command itself. See [`super::Catalogue::function`].
    Sends,
}

/// An attribute that puts a cache around a function (`#[io_cached]`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeSpec {
    /// Canonical paths; the first is the one to show.
    pub paths: Vec<Name>,
    /// Whose it is.
    pub client: ClientId,
    /// First package version with this shape, and last; inclusive.
    pub since: Option<[u32; 3]>,
    /// See `since`.
    pub until: Option<[u32; 3]>,
    /// Arguments of which one has to be `true` for Redis to be used (`redis = true`). Empty (with `redis_types` empty
    /// too): never Redis.
    pub redis_when: Vec<Name>,
    /// Arguments that may name the store, and the types that make it Redis.
    pub redis_types: Vec<Name>,
    /// Arguments that give the TTL, with the unit of the number.
    pub ttl: Vec<(Name, Unit)>,
    /// Argument that sets the TTL anew on each hit.
    pub refresh: Option<Name>,
    /// Argument with a block that computes the prefix.
    pub prefix: Option<Name>,
    /// The prefix without it; `{fn}` stands for the function's name.
    pub default_prefix: Option<Name>,
    /// Argument with the block that computes the key from the function's arguments, which are the key without it.
    pub key: Option<Name>,
    /// What the server sees; `{namespace}`, `{prefix}`, `{key}`.
    pub key_format: Option<Name>,
    /// The namespace where none is set.
    pub default_namespace: Option<Name>,
    /// The command that writes.
    pub command: Name,
    /// Concurrent misses run the body once.
    pub single_flight: bool,
}

/// A type that stores on Redis under a prefix of its own (`cached::RedisCache`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreSpec {
    /// Canonical paths.
    pub types: Vec<Name>,
    /// Whose it is.
    pub client: ClientId,
    /// First package version with this shape, and last; inclusive.
    pub since: Option<[u32; 3]>,
    /// See `since`.
    pub until: Option<[u32; 3]>,
    /// Associated functions that make it or its builder.
    pub makers: Vec<StoreMaker>,
    /// Methods that set the TTL.
    pub ttl_methods: Vec<(Name, Unit)>,
    /// Methods that make a hit set the TTL anew.
    pub refresh_methods: Vec<Name>,
    /// Methods that set the namespace.
    pub namespace_methods: Vec<Name>,
    /// Methods that set the prefix.
    pub prefix_methods: Vec<Name>,
    /// What the server sees; `{namespace}`, `{prefix}`, `{key}`. `None`: not readable (binary).
    pub key_format: Option<Name>,
    /// The namespace where none is set.
    pub default_namespace: Option<Name>,
    /// The TTL comes from elsewhere (a policy), not from this type.
    pub ttl_elsewhere: bool,
}

/// An associated function that makes a store. Positions count all arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreMaker {
    /// The function.
    pub name: Name,
    /// Position of the prefix.
    pub prefix: Option<u8>,
    /// Position and unit of the TTL.
    pub ttl: Option<(u8, Unit)>,
}
