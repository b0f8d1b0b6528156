//! How a command uses a collection: reads it whole, makes it grow, keeps it within bounds.

use super::operation::CollectionUse;
use crate::link::ty::Ty;
use crate::link::value::{Argument, Data, Value};
use crate::provenance::Provenance;

/// The command that takes many members or fields of one key at once, if this one does or has such a sibling.
#[must_use]
pub fn takes_many(command: &str) -> Option<&'static str> {
    const MANY: [(&str, &str); 11] = [
        ("HDEL", "HDEL"),
        ("HGET", "HMGET"),
        ("HSET", "HSET"),
        ("LPUSH", "LPUSH"),
        ("RPUSH", "RPUSH"),
        ("SADD", "SADD"),
        ("SISMEMBER", "SMISMEMBER"),
        ("SREM", "SREM"),
        ("ZADD", "ZADD"),
        ("ZREM", "ZREM"),
        ("ZSCORE", "ZMSCORE"),
    ];
    MANY.iter().find(|(one, _)| *one == command).map(|(_, many)| *many)
}

/// By the command and its arguments behind the key.
pub(super) fn used(command: &str, args: &[Argument]) -> CollectionUse {
    let text = |at: usize| args.get(at).map(|argument| shown(&argument.value)).unwrap_or_default();
    let varies = |at: usize| args.get(at).is_some_and(|argument| varies(&argument.value));
    let limited = args.iter().any(|argument| {
        argument.value.as_text().is_some_and(|word| {
            ["LIMIT", "COUNT", "MAXLEN", "MINID"].iter().any(|known| word.eq_ignore_ascii_case(known))
        })
    });
    let whole = match command {
        "SMEMBERS" | "HGETALL" | "HKEYS" | "HVALS" => true,
        "LRANGE" | "ZRANGE" | "ZREVRANGE" => !limited && text(0) == "0" && text(1) == "-1",
        "ZRANGEBYSCORE" => {
            !limited && args.len() <= 3 && text(0) == "-inf" && matches!(text(1).as_str(), "+inf" | "inf")
        }
        "XRANGE" => !limited && text(0) == "-" && text(1) == "+",
        _ => false,
    };
    let grows = match command {
        "LPUSH" | "RPUSH" | "SADD" => varies(0),
        // Clients give member and score in either order; a score alone makes no new member.
        "ZADD" => args.iter().any(|argument| has_text_that_varies(&argument.value)),
        // Counters in a hash are most often a fixed few.
        "HSET" | "HSETNX" => has_text_that_varies_first(args),
        "XADD" => !limited,
        _ => false,
    };
    let shrinks = matches!(
        command,
        "LTRIM"
            | "LPOP"
            | "RPOP"
            | "BLPOP"
            | "BRPOP"
            | "LMPOP"
            | "LMOVE"
            | "RPOPLPUSH"
            | "BRPOPLPUSH"
            | "LREM"
            | "SREM"
            | "SPOP"
            | "SMOVE"
            | "HDEL"
            | "HGETDEL"
            | "ZREM"
            | "ZREMRANGEBYRANK"
            | "ZREMRANGEBYSCORE"
            | "ZREMRANGEBYLEX"
            | "ZPOPMIN"
            | "ZPOPMAX"
            | "BZPOPMIN"
            | "BZPOPMAX"
            | "XTRIM"
            | "XDEL"
            | "HEXPIRE"
            | "HPEXPIRE"
            | "HSETEX"
    ) || (command == "XADD" && limited);
    let several = args.iter().any(|argument| holds_several(&argument.value));
    let of_element = !several && args.iter().any(|argument| is_of_element(&argument.value));
    CollectionUse { whole, grows, shrinks, of_element }
}

/// Many members at once, also where it is one of many such.
fn holds_several(value: &Value) -> bool {
    matches!(value.data, Data::List { .. })
        || matches!(value.ty, Ty::List(_))
        || value.ty.last().is_some_and(|name| {
            name.ends_with("Vec") || name.ends_with("Map") || name.ends_with("Set") || name == "VecDeque"
        })
}

fn is_of_element(value: &Value) -> bool {
    match &value.data {
        Data::Text(template) => template.holes().any(|hole| hole.provenance.has(Provenance::ELEMENT)),
        Data::Tuple(parts) => parts.iter().any(is_of_element),
        _ => value.provenance.has(Provenance::ELEMENT),
    }
}

/// A constant as the server gets it.
fn shown(value: &Value) -> String {
    match &value.data {
        Data::Int(number) => number.to_string(),
        _ => value.as_text().unwrap_or_default().to_ascii_lowercase(),
    }
}

/// Another one each time, as far as can be seen.
fn varies(value: &Value) -> bool {
    match &value.data {
        Data::Text(template) => template.as_text().is_none(),
        Data::Int(_) | Data::Bool(_) => false,
        Data::OneOf(all) => all.iter().any(varies),
        Data::Tuple(parts) => parts.iter().any(varies),
        Data::List { items, .. } => items.iter().any(varies),
        _ => true,
    }
}

fn has_text_that_varies(value: &Value) -> bool {
    varies(value) && !value.ty.is_number()
}

/// The field of `HSET key field value`, or of each pair of a list.
fn has_text_that_varies_first(args: &[Argument]) -> bool {
    match args.first().map(|argument| &argument.value) {
        Some(Value { data: Data::List { items, .. }, .. }) => items.iter().any(|item| match &item.data {
            Data::Tuple(parts) => parts.first().is_some_and(varies),
            _ => false,
        }),
        // A struct or map that is spread over fields: which they are is not known.
        Some(value) => args.len() > 1 && varies(value),
        None => false,
    }
}
