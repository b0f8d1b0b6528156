//! What a command does, and what it does to a TTL: the words of `rules/clients/commands.toml`.

use std::str::FromStr;

/// What a command does, in full detail (see the header of `rules/clients/commands.toml`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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

macro_rules! words {
    ($type:ty: $($variant:ident => $word:literal),* $(,)?) => {
        impl $type {
            /// All of them, with the word of the tables.
            pub(crate) const WORDS: &'static [(&'static str, Self)] = &[$(($word, Self::$variant)),*];
        }

        impl FromStr for $type {
            type Err = ();

            fn from_str(word: &str) -> Result<Self, ()> {
                Self::WORDS.iter().find(|(known, _)| *known == word).map(|&(_, value)| value).ok_or(())
            }
        }
    };
}

words!(CommandEffect:
    Write => "write", WriteTtl => "write_ttl", WriteMaybeTtl => "write_maybe_ttl", PartialWrite => "partial_write",
    Read => "read", ReadTtl => "read_ttl", TtlRead => "ttl_read", Meta => "meta", Expire => "expire",
    Persist => "persist", Delete => "delete", Counter => "counter", CounterTtl => "counter_ttl", Store => "store",
    Rename => "rename", Copy => "copy", CollectionWrite => "collection_write",
    CollectionWriteTtl => "collection_write_ttl", CollectionCounter => "collection_counter",
    CollectionRead => "collection_read", CollectionReadTtl => "collection_read_ttl",
    CollectionRemove => "collection_remove", CollectionMove => "collection_move", FieldExpire => "field_expire",
    FieldPersist => "field_persist", FieldTtlRead => "field_ttl_read", CollectionScan => "collection_scan",
    StreamWrite => "stream_write", StreamRead => "stream_read", Scan => "scan", KeysScan => "keys_scan",
    Flush => "flush", Publish => "publish", Subscribe => "subscribe", Unsubscribe => "unsubscribe",
    Script => "script", ScriptAdmin => "script_admin", Transaction => "transaction", Admin => "admin",
    Connection => "connection", ModuleOther => "module_other",
);
words!(OnTtl:
    Keeps => "keeps", Clears => "clears", Replaces => "replaces", Option => "option", Transfers => "transfers",
    Copies => "copies", DeletesKey => "deletes_key", Field => "field", None => "none",
);

impl CommandEffect {
    /// What such a command does to a TTL unless its row says otherwise.
    pub(crate) fn usual_on_ttl(self) -> OnTtl {
        match self {
            Self::Write | Self::WriteMaybeTtl | Self::Store | Self::Persist => OnTtl::Clears,
            Self::WriteTtl | Self::Expire => OnTtl::Replaces,
            Self::PartialWrite
            | Self::Counter
            | Self::CounterTtl
            | Self::ReadTtl
            | Self::CollectionWrite
            | Self::CollectionCounter
            | Self::CollectionRemove
            | Self::CollectionMove
            | Self::StreamWrite => OnTtl::Keeps,
            Self::Script => OnTtl::Option,
            Self::Delete | Self::Flush => OnTtl::DeletesKey,
            Self::Rename => OnTtl::Transfers,
            Self::Copy => OnTtl::Copies,
            Self::CollectionWriteTtl | Self::CollectionReadTtl | Self::FieldExpire | Self::FieldPersist => OnTtl::Field,
            _ => OnTtl::None,
        }
    }

    /// Whether such a command makes a missing key unless its row says otherwise.
    pub(crate) fn usually_creates(self) -> bool {
        matches!(
            self,
            Self::Write
                | Self::WriteTtl
                | Self::WriteMaybeTtl
                | Self::PartialWrite
                | Self::Counter
                | Self::CounterTtl
                | Self::Store
                | Self::Copy
                | Self::CollectionWrite
                | Self::CollectionWriteTtl
                | Self::CollectionCounter
                | Self::CollectionMove
        )
    }
}

impl Unit {
    /// Those that a TTL argument, a variant of a TTL type or a method of an options builder can have.
    pub(crate) const WORDS: &'static [(&'static str, Self)] = &[
        ("s", Self::Seconds),
        ("ms", Self::Milliseconds),
        ("unix_s", Self::UnixSeconds),
        ("unix_ms", Self::UnixMilliseconds),
        ("duration", Self::Duration),
        ("keep", Self::Keep),
        ("persist", Self::Persist),
        ("none", Self::None),
    ];

    /// The unit with this word.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(known, _)| *known == word).map(|&(_, unit)| unit)
    }
}
