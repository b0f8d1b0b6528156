//! One Redis command that the program can send, at one place in the source.

use std::sync::Arc;

use serde::Serialize;

use super::RunsOn;
use super::schema::Schema;
use crate::finding::{Confidence, Place};
use crate::loss::Lost;
use crate::template::Template;
use crate::text::Span;

/// Index into [`super::Inventory::operations`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct OpId(pub u32);

/// One Redis command that the program can send.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Its index.
    pub id: OpId,
    /// The method or command name token; for a call of a wrapper the wrapper's name token.
    pub place: Place,
    /// The whole call expression, receiver included.
    pub call: Span,
    /// Path of the enclosing function, `crate::module::Type::function`; empty at module level.
    pub function: String,
    /// The client library, for example `redis`.
    pub client: String,
    /// The Redis command in capitals, for example `SETEX`; `?` when the name is not known.
    pub command: String,
    /// The other command it may be (`GET` with several keys sends MGET in old redis-rs), if any.
    pub alternative: Option<String>,
    /// What it does.
    pub effect: Effect,
    /// In which form it stands in the source.
    pub via: Via,
    /// Its keys (channels for PUBLISH and SUBSCRIBE, patterns for KEYS and SCAN). Empty when the command has none.
    pub keys: Vec<KeyUse>,
    /// Its TTL.
    pub ttl: Ttl,
    /// What it stores.
    pub value: ValueUse,
    /// `NX`, `XX` and the like.
    pub condition: Condition,
    /// What the key is used for.
    pub purpose: Purpose,
    /// How sure it is that this is Redis.
    pub confidence: Confidence,
    /// It stands in test code.
    pub test: bool,
    /// It is queued in a pipeline or transaction.
    pub batch: Option<BatchUse>,
    /// The call of a project's own wrapper.
    pub wrapper: Option<WrapperUse>,
    /// The key is the caller's: at least one hole that is a parameter, and no literal text. A definition, not a decision.
    pub forwards_key: bool,
    /// The TTL is the caller's.
    pub forwards_ttl: bool,
    /// `false`: the future is dropped without being awaited, so nothing is sent. `true` also when this is not known.
    pub sent: bool,
    /// The connection or wrapper as written, for example `con`, `self.redis`, `cache`.
    pub receiver: String,
    /// The method's or command's name as written (`set_ex`, `"SETEX"` gives `cmd`), for help texts.
    pub spelled: String,
    /// Commands found in the text of a script, in capitals, in order; empty for anything else.
    pub script_commands: Vec<String>,
    /// Why a part could not be resolved, one sentence each.
    pub unresolved: Vec<String>,
    /// It blocks its thread until the server answers. `false` also when this is not known.
    pub blocking: bool,
    /// Which thread runs it.
    pub runs_on: RunsOn,
    /// Its reply is waited for where it stands, before what follows runs.
    pub awaited: bool,
    /// It goes to a cluster. `false` also when this is not known.
    pub cluster: bool,
    /// It is recorded in a transaction here and sent once that has been committed (an outbox).
    pub after_commit: bool,
    /// How it uses a collection.
    pub collection: CollectionUse,
}

/// How a command uses a hash, list, set, sorted set or stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CollectionUse {
    /// It reads all of it.
    pub whole: bool,
    /// It adds an element (or a field) that is another one each time.
    pub grows: bool,
    /// It keeps it within bounds: trims it, or removes from it.
    pub shrinks: bool,
    /// It names one member or field, that of an element of what a loop walks.
    pub of_element: bool,
}

/// A key as used by an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUse {
    /// Its template; none when nothing is known of it.
    pub template: Option<Template>,
    /// Where it stands in the call.
    pub span: Option<Span>,
    /// The expression as written, for help texts.
    pub written: String,
    /// Where its text is put together: the `format!`, which may stand in another function.
    pub spelled: Option<Place>,
    /// One of several keys of this shape that the command takes at once.
    pub many: bool,
    /// Where it, or a part of it, was lost.
    pub lost: Lost,
}

/// What an operation does, in the words of the JSON contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Reads a string value or its metadata.
    Read,
    /// Creates or replaces a value.
    Write,
    /// Removes a key.
    Delete,
    /// Sets an expiry.
    Expire,
    /// Removes an expiry.
    Persist,
    /// INCR family.
    Counter,
    /// Writes to a hash, list, set, sorted set, stream, ….
    CollectionWrite,
    /// Reads from one.
    CollectionRead,
    /// `SET NX`, `SETNX` as a lock.
    Lock,
    /// KEYS, SCAN.
    Scan,
    /// FLUSHALL, FLUSHDB.
    Flush,
    /// PUBLISH, SPUBLISH.
    Publish,
    /// SUBSCRIBE family.
    Subscribe,
    /// EVAL, EVALSHA, FCALL.
    Script,
    /// Everything else.
    Other,
}

/// In which form an operation stands in the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Via {
    /// `con.set(…)`.
    Method,
    /// `AsyncCommands::set(&mut con, …)`.
    Ufcs,
    /// `cmd("SET")`.
    Command,
    /// Queued in a pipeline or transaction.
    Pipeline,
    /// A Lua script.
    Script,
    /// `#[io_cached(…)]`.
    Attribute,
    /// The project's own wrapper.
    Wrapper,
}

/// The TTL of an operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Ttl {
    /// What is known.
    pub kind: TtlKind,
    /// Where it stands (the argument, or the separate EXPIRE's name token in the same file).
    pub span: Option<Span>,
    /// The unit that the call takes, where it takes a number.
    pub unit: Option<TtlUnit>,
    /// The expression as written.
    pub written: String,
    /// The number came out of a conversion that can be 0 (`as_secs()` of a [`std::time::Duration`] below 1 s), or mixes
    /// units; told by the value's own unit where one is known (`as_millis()` gives [`TtlUnit::Milliseconds`]).
    pub source_unit: Option<TtlUnit>,
    /// Random or computed jitter is part of it.
    pub jitter: bool,
    /// Where its value was lost.
    pub lost: Lost,
}

/// What is known of a TTL.
#[derive(Debug, Clone, PartialEq)]
pub enum TtlKind {
    /// Provably none.
    None,
    /// A constant, in milliseconds. May be zero or negative: rules judge that.
    Constant(i128),
    /// Between two constants, in milliseconds.
    Range(i128, i128),
    /// Given, value not known.
    Dynamic,
    /// Absent on some path.
    Maybe,
    /// KEEPTTL.
    Keep,
    /// Set by a later EXPIRE of the same key in the same function, pipeline or script. The milliseconds, if known.
    Separate(Option<i128>),
    /// Could not be resolved; may or may not be there.
    Undetermined,
    /// The command has no TTL (reads, deletes, …).
    NotApplicable,
}

/// The unit in which a TTL is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TtlUnit {
    /// Relative, whole seconds.
    Seconds,
    /// Relative, milliseconds.
    Milliseconds,
    /// Unix time in seconds.
    UnixSeconds,
    /// Unix time in milliseconds.
    UnixMilliseconds,
}

/// What an operation stores.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ValueUse {
    /// The Rust type that was serialised or stored, for example `UserProfile`, `String`, `i64`.
    pub ty: Option<String>,
    /// How it was turned into bytes.
    pub encoding: Encoding,
    /// Where the value stands in the call.
    pub span: Option<Span>,
    /// Where it was lost what it is.
    pub lost: Lost,
    /// The type is a struct or enum of the workspace, or a generic parameter that is serialised.
    pub structured: bool,
    /// The payload carries a version of its own (a field `version`, `schema_version`, or an envelope type).
    pub versioned: bool,
    /// The structure of what is stored, where it is serialised and known.
    pub schema: Option<Arc<Schema>>,
    /// If serialising failed, something else is stored in its place.
    pub replaced: bool,
    /// For a member that is put into a collection: the collection cannot grow by it, because the member is a constant or
    /// the command itself trims (`MAXLEN`).
    pub bounded: bool,
    /// Names of the fields of a serialised struct and of the structs in it, without those that serde skips.
    pub fields: Vec<String>,
    /// The stored value is a small fixed text or number (`"1"`, `"locked"`, `true`).
    pub constant: Option<String>,
    /// Of a message that is published: the texts in it, by the field that holds them (empty for the message itself).
    pub texts: Vec<(String, Template)>,
}

/// How a value was turned into bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// Not known.
    #[default]
    Unknown,
    /// A string or number as it is.
    Plain,
    /// JSON.
    Json,
    /// MessagePack.
    MessagePack,
    /// bincode.
    Bincode,
    /// CBOR.
    Cbor,
    /// postcard.
    Postcard,
    /// Protocol Buffers (which carry field numbers, so old readers survive).
    Protobuf,
    /// rkyv, borsh, bitcode, YAML, ….
    Other,
}

impl Encoding {
    /// A format that breaks, or silently changes meaning, when the struct changes.
    #[must_use]
    pub fn is_struct_format(self) -> bool {
        !matches!(self, Self::Unknown | Self::Plain | Self::Protobuf)
    }
}

/// The condition of a write.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// None, or not known.
    #[default]
    Always,
    /// Only if the key is absent (NX, SETNX).
    IfAbsent,
    /// Only if it is there (XX).
    IfPresent,
    /// IFEQ and the like.
    IfEqual,
    /// NX on some path only.
    Maybe,
}

/// What a key is used for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// A copy of something that can be loaded again.
    Cache,
    /// A session.
    Session,
    /// A one-time or access token, nonce, code.
    Token,
    /// A lock or single-flight marker.
    Lock,
    /// A counter or rate limit.
    Counter,
    /// A queue or stream.
    Queue,
    /// A set or sorted set that finds other things.
    Index,
    /// Primary state with no other home.
    State,
    /// Messages.
    Pubsub,
    /// Maintenance.
    Admin,
    /// Nothing tells.
    #[default]
    Unknown,
}

/// The batch that an operation is queued in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BatchUse {
    /// Operations of one batch share this number.
    pub batch: u32,
    /// MULTI/EXEC; `None` when only some paths make it so, or it is not known.
    pub atomic: Option<bool>,
}

/// The wrapper that is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrapperUse {
    /// The wrapper's path, `crate::module::Type::function`.
    pub function: String,
    /// The operation inside it that is sent.
    pub definition: OpId,
    /// The wrapper is in another package.
    pub other_package: bool,
}

impl Operation {
    /// The known key templates.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        self.keys.iter().filter_map(|key| key.template.as_ref())
    }

    /// All keys and the TTL are known.
    #[must_use]
    pub fn is_resolved(&self) -> bool {
        self.keys.iter().all(|key| key.template.is_some()) && self.ttl.kind != TtlKind::Undetermined
    }

    /// The first known template.
    #[must_use]
    pub fn template(&self) -> Option<&Template> {
        self.templates().next()
    }

    /// Whether this makes a key that lives until it is deleted, unless it has a TTL: a write, counter, lock or
    /// collection write that creates missing keys.
    #[must_use]
    pub fn creates(&self) -> bool {
        matches!(self.effect, Effect::Write | Effect::Counter | Effect::CollectionWrite | Effect::Lock)
    }
}

impl Ttl {
    /// The TTL of a command that has none.
    #[must_use]
    pub fn not_applicable() -> Self {
        Self::of(TtlKind::NotApplicable)
    }

    /// Of this kind, with nothing else known.
    #[must_use]
    pub fn of(kind: TtlKind) -> Self {
        Self {
            kind,
            span: None,
            unit: None,
            written: String::new(),
            source_unit: None,
            jitter: false,
            lost: Lost::default(),
        }
    }
}

macro_rules! words {
    ($type:ty: $($variant:ident => $word:literal),* $(,)?) => {
        impl $type {
            /// The word of the JSON contract.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }
    };
}

words!(Effect: Read => "read", Write => "write", Delete => "delete", Expire => "expire", Persist => "persist",
    Counter => "counter", CollectionWrite => "collection-write", CollectionRead => "collection-read", Lock => "lock",
    Scan => "scan", Flush => "flush", Publish => "publish", Subscribe => "subscribe", Script => "script", Other => "other");
words!(Via: Method => "method", Ufcs => "ufcs", Command => "command", Pipeline => "pipeline", Script => "script",
    Attribute => "attribute", Wrapper => "wrapper");
words!(Purpose: Cache => "cache", Session => "session", Token => "token", Lock => "lock", Counter => "counter",
    Queue => "queue", Index => "index", State => "state", Pubsub => "pubsub", Admin => "admin", Unknown => "unknown");
