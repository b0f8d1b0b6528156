//! The cure in the words of the code at hand: its connection, key and value, its client's API.

use std::collections::BTreeSet;

use super::Context;
use super::report::duration;
use crate::inventory::{Operation, Purpose, Via};
use crate::link::ty::last_segment;

/// A TTL to show where neither the rule file nor another writer of the key says one, in seconds.
const EXAMPLE_SECONDS: i128 = 900;

/// The expressions of a call, short enough to be repeated in a help text.
pub(super) struct Parts<'a> {
    pub(super) receiver: &'a str,
    pub(super) key: &'a str,
    pub(super) value: &'a str,
}

impl<'a> Parts<'a> {
    pub(super) fn of(context: Context<'a>, op: &'a Operation) -> Self {
        let value = op.value.span.map_or("", |span| span.of(context.workspace.text(op.place.file)));
        Self {
            receiver: short(&op.receiver, "con"),
            key: short(op.keys.first().map_or("", |key| key.written.as_str()), "key"),
            value: short(value, "value"),
        }
    }
}

/// The call of `op` as people would name it: `con.del(&key, …)`; that of a project's own function by what stands there.
pub(super) fn call(context: Context<'_>, op: &Operation) -> String {
    let Parts { receiver, key, .. } = Parts::of(context, op);
    let text = context.workspace.text(op.place.file);
    let (start, end) = (op.place.span.start as usize, op.place.span.end as usize);
    let (Via::Wrapper, Some(before), Some(behind)) = (op.via, text.get(..start), text.get(end..)) else {
        return format!("{receiver}.{}({key}, …)", op.spelled);
    };
    let callee = match before.trim_end() {
        before if before.ends_with("::") => format!("{receiver}::{}", op.spelled),
        before if before.ends_with('.') => format!("{receiver}.{}", op.spelled),
        _ => op.spelled.clone(),
    };
    // The key as the callee writes it means nothing here, and what is not the first argument cannot be told in short.
    let given = op.keys.first().and_then(|key| key.span).map(|span| span.of(text)).filter(|given| !given.is_empty());
    let rest = given.and_then(|given| Some((given, behind.strip_prefix('(')?.trim_start().strip_prefix(given)?)));
    match rest {
        Some((given, rest)) if short(given, "") == given => {
            let alone = rest.trim_start().trim_start_matches(',').trim_start().starts_with(')');
            format!("{callee}({given}{})", if alone { "" } else { ", …" })
        }
        _ => format!("{callee}(…)"),
    }
}

/// `text` if it is one short line, else `fallback`.
fn short<'a>(text: &'a str, fallback: &'a str) -> &'a str {
    let fits = !text.is_empty() && text.chars().count() <= 40 && !text.contains(['\n', '`']);
    if fits { text } else { fallback }
}

/// Whole seconds for a help text, from the first known of some TTLs in milliseconds.
pub(super) fn seconds(known: impl IntoIterator<Item = Option<i128>>) -> i128 {
    known.into_iter().flatten().map(|ms| ms / 1000).find(|&seconds| seconds > 0).unwrap_or(EXAMPLE_SECONDS)
}

/// How to write the same value with a TTL of `seconds`: starts with a verb, lower case.
pub(super) fn write_with_ttl(context: Context<'_>, op: &Operation, seconds: i128) -> String {
    let Parts { receiver, key, value } = Parts::of(context, op);
    match op.via {
        Via::Wrapper => format!("pass a TTL of {seconds} seconds to `{}`", call(context, op)),
        Via::Attribute => format!("give the attribute a TTL of {seconds} seconds (`time` or `ttl_secs`, by version)"),
        Via::Script => format!("send the TTL with the write: `redis.call('SET', KEYS[1], ARGV[1], 'EX', {seconds})`"),
        _ if op.spelled.eq_ignore_ascii_case("cmd") || op.via == Via::Command => {
            command_with_ttl(op, key, value, seconds)
        }
        _ => method_with_ttl(op, receiver, key, value, seconds),
    }
}

/// What a wrapper that never gives a TTL has to become where its calls need different ones (in milliseconds): starts with a
/// verb, lower case. `None` where one would do for all.
pub(super) fn for_callers(op: &Operation, wanted: impl Iterator<Item = i128>) -> Option<String> {
    let wanted: BTreeSet<i128> = wanted.collect();
    if !op.forwards_key || wanted.len() < 2 {
        return None;
    }
    let ttls: Vec<String> = wanted.into_iter().map(duration).collect();
    let name = last_segment(&op.function);
    Some(format!("let the callers of `{name}` pass the TTL, for their keys need different ones: {}", ttls.join(", ")))
}

/// How to replace a value and keep its TTL, or give it one of `seconds`: starts with a verb, lower case.
pub(super) fn keep_ttl(context: Context<'_>, op: &Operation, seconds: i128) -> String {
    let Parts { receiver, key, value } = Parts::of(context, op);
    let with_ttl = write_with_ttl(context, op, seconds);
    if op.command != "SET" || matches!(op.via, Via::Wrapper | Via::Attribute | Via::Script) {
        return with_ttl;
    }
    let client = op.client.as_str();
    let keeping = if op.spelled.eq_ignore_ascii_case("cmd") || op.via == Via::Command {
        "add `.arg(\"KEEPTTL\")` after the value".to_owned()
    } else if client.contains("fred") {
        format!("write `{receiver}.set({key}, {value}, Some(Expiration::KEEPTTL), None, false)`")
    } else if client.contains("rustis") {
        format!("write `{receiver}.set_with_options({key}, {value}, None, SetExpiration::KeepTtl)`")
    } else if op.spelled == "set_options" {
        "add `.with_expiration(SetExpiry::KEEPTTL)` to the options".to_owned()
    } else if client == "redis" {
        format!(
            "write `{receiver}.set_options({key}, {value}, SetOptions::default().with_expiration(SetExpiry::KEEPTTL))`"
        )
    } else {
        return with_ttl;
    };
    format!("{keeping}, or {with_ttl}")
}

fn command_with_ttl(op: &Operation, key: &str, value: &str, seconds: i128) -> String {
    match op.command.as_str() {
        "SET" => format!("add `.arg(\"EX\").arg({seconds})` after the value"),
        "SETNX" => format!(
            "send `cmd(\"SET\").arg({key}).arg({value}).arg(\"NX\").arg(\"EX\").arg({seconds})` instead of `SETNX`"
        ),
        "GETSET" => format!(
            "send `cmd(\"SET\").arg({key}).arg({value}).arg(\"GET\").arg(\"EX\").arg({seconds})` instead of `GETSET`"
        ),
        "MSET" | "MSETNX" => format!("queue one `SET … EX {seconds}` per key in {}", transaction(op)),
        _ => format!("queue it with `EXPIRE {key} {seconds}` in one {}", transaction(op)),
    }
}

fn method_with_ttl(op: &Operation, receiver: &str, key: &str, value: &str, seconds: i128) -> String {
    let client = op.client.as_str();
    if client.contains("fred") {
        let condition = if op.command == "SETNX" { "Some(SetOptions::NX)" } else { "None" };
        return format!("write `{receiver}.set({key}, {value}, Some(Expiration::EX({seconds})), {condition}, false)`");
    }
    if client.contains("rustis") {
        let condition = if op.command == "SETNX" { "SetCondition::NX" } else { "None" };
        return format!(
            "write `{receiver}.set_with_options({key}, {value}, {condition}, SetExpiration::Ex({seconds}))`"
        );
    }
    if client.contains("simple") {
        return format!("write `{receiver}.setex({key}, {value}, {seconds})`");
    }
    if client.contains("redis_async") || client.contains("redis-async") {
        return format!("send `resp_array![\"SET\", {key}, {value}, \"EX\", \"{seconds}\"]`");
    }
    match (op.command.as_str(), op.spelled.as_str()) {
        ("SET", "set_options") => {
            format!(
                "add `.with_expiration(SetExpiry::EX({seconds}))` to the options of `{receiver}.set_options({key}, …)`"
            )
        }
        ("SETNX", _) => format!(
            "write `{receiver}.set_options({key}, {value}, \
             SetOptions::default().conditional_set(ExistenceCheck::NX).with_expiration(SetExpiry::EX({seconds})))`"
        ),
        ("GETSET", _) => format!(
            "write `{receiver}.set_options({key}, {value}, \
             SetOptions::default().get(true).with_expiration(SetExpiry::EX({seconds})))`"
        ),
        ("MSET" | "MSETNX", _) => {
            format!("queue one `set_ex(key, value, {seconds})` per key in `redis::pipe().atomic()`")
        }
        ("SET", _) => format!("write `{receiver}.set_ex({key}, {value}, {seconds})`"),
        (_, spelled) => format!(
            "send both in one transaction: `redis::pipe().atomic().{spelled}({key}, …).expire({key}, {seconds})`"
        ),
    }
}

/// What makes a transaction, in the words of the operation's client.
pub(super) fn transaction(op: &Operation) -> &'static str {
    match op.client.as_str() {
        "fred" => "`client.multi()`",
        "rustis" => "`client.create_transaction()`",
        _ => "`redis::pipe().atomic()`",
    }
}

/// What makes a pipeline.
pub(super) fn pipeline(op: &Operation) -> &'static str {
    match op.client.as_str() {
        "fred" => "`client.pipeline()`",
        "rustis" => "`client.create_pipeline()`",
        _ => "`redis::pipe()`",
    }
}

/// Whether the companion crate can be the answer: what is a session, a record or a queue in Redis is loaded from nowhere
/// else.
pub(super) fn may_be_copy(op: &Operation) -> bool {
    matches!(op.purpose, Purpose::Cache | Purpose::Unknown)
}

/// `help`, and the companion crate's way where it can be the answer.
pub(super) fn or_companion(op: &Operation, help: String, companion: &str) -> String {
    if may_be_copy(op) { help + companion } else { help }
}

/// The name of the last hole of a key, else `id`.
pub(super) fn id(op: &Operation) -> &str {
    let id = op.template().and_then(|template| template.holes().last()).map_or("", |hole| hole.name.as_str());
    short(id, "id").trim_start_matches('&')
}

/// The call of the companion crate that deletes a copy: `cache.invalidate::<Profile>(&id)`.
pub(super) fn invalidate(op: &Operation) -> String {
    let ty = op.value.ty.as_deref().filter(|ty| !ty.contains(['`', '\n', ' '])).unwrap_or("Entity");
    format!("`cache.invalidate::<{ty}>(&{})`", id(op))
}

/// The call of the companion crate that does cache-aside in one flight: `cache.get_or_load(&id, || load(…))`.
pub(super) fn get_or_load(op: &Operation, load: &str) -> String {
    let id = op.template().and_then(|template| template.holes().last()).map_or("", |hole| hole.name.as_str());
    let load = if load.is_empty() || load.contains(['`', '\n', '{']) {
        "…".to_owned()
    } else {
        format!("{}(…)", load.trim_end_matches('!'))
    };
    format!("`cache.get_or_load(&{}, || {load})`", short(id, "id").trim_start_matches('&'))
}
