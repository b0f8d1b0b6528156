//! What keys are used for, told by how they are used, then by their words.

mod usage;
mod words;

use rustc_hash::{FxHashMap, FxHashSet};

use super::operation::{Condition, Effect, OpId, Operation, Purpose, TtlKind};
use super::{Encoding, Inventory};
use usage::Known;
use words::{CACHES, DEDUP, LOCKS, SESSIONS, SINGLE_USE, STATES, TOKENS, WORK, is_kept_by_a_cache, named, words};

/// Gives every operation a purpose. All operations on one template share it, unless the command itself decides.
pub(super) fn infer(inventory: &mut Inventory) {
    let known = Known::of(inventory);
    let mut by_shape: FxHashMap<String, Vec<OpId>> = FxHashMap::default();
    for op in &inventory.operations {
        for template in op.templates().filter(|template| template.has_literal()) {
            by_shape.entry(template.shape()).or_default().push(op.id);
        }
    }
    let mut purposes: Vec<Purpose> = inventory.operations.iter().map(alone).collect();
    for ids in by_shape.values() {
        let ops: Vec<&Operation> = ids.iter().map(|&id| inventory.operation(id)).collect();
        let together = together(&ops, &known);
        for id in ids {
            let own = &mut purposes[id.0 as usize];
            if matches!(own, Purpose::Unknown) {
                *own = together;
            }
        }
    }
    // A key that is wholly a variable is the same one in the whole function.
    let own_key = |op: &Operation| {
        let template = op.template().filter(|template| !template.has_literal())?;
        Some((op.function.clone(), template.to_string()))
    };
    let read_through = |op: &&Operation| known.read_through.contains(&op.id);
    let filled: FxHashSet<_> = inventory.operations.iter().filter(read_through).filter_map(own_key).collect();
    for (op, purpose) in inventory.operations.iter_mut().zip(purposes) {
        op.purpose = match purpose {
            Purpose::Unknown if known.read_through.contains(&op.id) => Purpose::Cache,
            Purpose::Unknown if own_key(op).is_some_and(|key| filled.contains(&key)) => Purpose::Cache,
            Purpose::Unknown => named(op),
            other => other,
        };
    }
    by_wrapper(inventory);
    for op in &mut inventory.operations {
        if op.purpose == Purpose::Lock && op.effect == Effect::Write && op.condition == Condition::IfAbsent {
            op.effect = Effect::Lock;
        }
    }
}

/// A key that tells nothing itself is for what the wrapper that it is handed to is for.
fn by_wrapper(inventory: &mut Inventory) {
    let known: Vec<Purpose> = inventory.operations.iter().map(|op| op.purpose).collect();
    for op in &mut inventory.operations {
        if op.purpose == Purpose::Unknown
            && let Some(wrapper) = &op.wrapper
            && let Some(purpose) = known.get(wrapper.definition.0 as usize)
        {
            op.purpose = *purpose;
        }
    }
}

/// What the command alone tells.
fn alone(op: &Operation) -> Purpose {
    match op.effect {
        Effect::Publish | Effect::Subscribe => Purpose::Pubsub,
        Effect::Flush => Purpose::Admin,
        Effect::Scan if op.templates().next().is_none() => Purpose::Admin,
        Effect::Other if matches!(&*op.command, "PING" | "INFO" | "CONFIG" | "DBSIZE" | "CLIENT" | "TIME") => {
            Purpose::Admin
        }
        _ => Purpose::Unknown,
    }
}

/// What all operations on one template tell together.
fn together(ops: &[&Operation], known: &Known) -> Purpose {
    let words = words(ops);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let any = |effect: Effect| ops.iter().any(|op| op.effect == effect);
    let if_absent = ops.iter().any(|op| op.condition == Condition::IfAbsent && op.effect == Effect::Write);
    let constant = ops.iter().any(|op| op.condition == Condition::IfAbsent && op.value.constant.is_some());
    if if_absent && (has(LOCKS) || (constant && !has(DEDUP))) {
        return Purpose::Lock;
    }
    // A list that is read as it stands and from which nothing is taken waits for nobody.
    let kept_list = ops.iter().any(|op| op.command == "LRANGE")
        && ops.iter().all(|op| matches!(&*op.command, "LPUSH" | "RPUSH" | "LRANGE" | "LLEN" | "LINDEX"))
        && !has(WORK);
    if !kept_list && ops.iter().any(|op| is_stream_or_list(&op.command)) {
        return Purpose::Queue;
    }
    // What is only ever counted is a number, whatever it counts: sessions, logins, codes that were tried.
    let written = any(Effect::Write) || any(Effect::CollectionWrite);
    if any(Effect::Counter) && !written {
        return Purpose::Counter;
    }
    if has(SESSIONS) {
        // A set of their ids is no session.
        let ids = ops.iter().any(|op| matches!(&*op.command, "SADD" | "ZADD"));
        return if ids { Purpose::Index } else { Purpose::Session };
    }
    if has(SINGLE_USE) {
        return Purpose::Token;
    }
    let expires = ops.iter().any(|op| {
        op.effect == Effect::Expire
            || op.effect == Effect::Write
                && !matches!(op.ttl.kind, TtlKind::None | TtlKind::NotApplicable | TtlKind::Keep)
    });
    if !expires && ops.iter().any(|op| known.transacted.contains(&op.id)) {
        return Purpose::State;
    }
    if ops.iter().any(|op| known.read_through.contains(&op.id)) {
        // A record that is made where there is none, changed where there is one, and never ends, has no other home.
        let kept = !expires && ops.iter().any(|op| known.updated.contains(&op.id));
        return if kept { Purpose::State } else { Purpose::Cache };
    }
    // A record of work that is changed where it is found, and that nobody loads from elsewhere, has no other home either.
    if has(WORK) && ops.iter().any(|op| known.updated.contains(&op.id)) {
        return Purpose::State;
    }
    // What a login carries along ends soon; the state of something else stays.
    if has(TOKENS) || (expires && has(&["state", "epoch"])) {
        return Purpose::Token;
    }
    if has(CACHES) {
        return Purpose::Cache;
    }
    if any(Effect::Counter) {
        return Purpose::Counter;
    }
    // What is gone once it is read was handed over, not copied.
    if ops.iter().any(|op| op.command == "GETDEL") {
        return Purpose::State;
    }
    if ops.iter().any(|op| matches!(op.command.as_str(), "SADD" | "ZADD" | "ZINCRBY" | "PFADD" | "GEOADD")) {
        return Purpose::Index;
    }
    let writes_struct = ops.iter().any(|op| {
        op.effect == Effect::Write && (op.value.encoding.is_struct_format() || op.value.encoding == Encoding::Protobuf)
    });
    if writes_struct && expires {
        return Purpose::Cache;
    }
    // A record of work that waits, beside the list that names it; with a TTL it would be what became of the work.
    if any(Effect::Write) && !expires && has(WORK) {
        return Purpose::State;
    }
    let persists = ops.iter().any(|op| op.effect == Effect::Write && op.ttl.kind == TtlKind::None);
    if (any(Effect::Write) && persists || any(Effect::CollectionWrite)) && has(STATES) {
        return Purpose::State;
    }
    if any(Effect::Read) && any(Effect::Write) && ops.iter().all(|op| is_kept_by_a_cache(op)) {
        return Purpose::Cache;
    }
    Purpose::Unknown
}

fn adds_members(command: &str) -> bool {
    matches!(command, "SADD" | "ZADD" | "ZINCRBY" | "PFADD" | "GEOADD")
}

/// A count in a field of a hash.
fn is_hash_counter(command: &str) -> bool {
    matches!(command, "HINCRBY" | "HINCRBYFLOAT")
}

fn is_stream_or_list(command: &str) -> bool {
    matches!(
        command,
        "LPUSH"
            | "RPUSH"
            | "LPOP"
            | "RPOP"
            | "BLPOP"
            | "BRPOP"
            | "RPOPLPUSH"
            | "BRPOPLPUSH"
            | "LMOVE"
            | "BLMOVE"
            | "XADD"
            | "XREAD"
            | "XREADGROUP"
            | "XACK"
            | "XDEL"
            | "XAUTOCLAIM"
            | "XCLAIM"
            | "XGROUP CREATE"
            | "XTRIM"
    )
}
