//! What keys are used for, told by how they are used, then by their words.

use std::hash::Hash;

use rustc_hash::{FxHashMap, FxHashSet};

use super::event::{refuses_what_is_there, walk};
use super::operation::{Condition, Effect, OpId, Operation, Purpose, TtlKind};
use super::{Encoding, Event, Inventory, LoadKind};
use crate::finding::Place;

/// Gives every operation a purpose. All operations on one template share it, unless the command itself decides.
pub(super) fn infer(inventory: &mut Inventory) {
    let (read_through, updated) = read_through(inventory);
    let known = Known { read_through, updated, transacted: transacted(inventory) };
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
    for (op, purpose) in inventory.operations.iter_mut().zip(purposes) {
        op.purpose = match purpose {
            Purpose::Unknown if known.read_through.contains(&op.id) => Purpose::Cache,
            Purpose::Unknown => named(op),
            other => other,
        };
        if op.purpose == Purpose::Lock && op.effect == Effect::Write && op.condition == Condition::IfAbsent {
            op.effect = Effect::Lock;
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

/// What the order and the company of commands tell.
struct Known {
    read_through: FxHashSet<OpId>,
    updated: FxHashSet<OpId>,
    transacted: FxHashSet<OpId>,
}

/// Writes that a transaction, or what may be one, does together with writes to collections under other keys: their
/// values must agree, so they are records that belong together and no copies.
fn transacted(inventory: &Inventory) -> FxHashSet<OpId> {
    let mut by_batch: FxHashMap<u32, Vec<&Operation>> = FxHashMap::default();
    for op in &inventory.operations {
        if let Some(batch) = op.batch
            && batch.atomic != Some(false)
        {
            by_batch.entry(batch.batch).or_default().push(op);
        }
    }
    let mut found = FxHashSet::default();
    for ops in by_batch.values() {
        let shape = |op: &Operation| op.template().map(crate::template::Template::shape);
        for op in ops.iter().filter(|op| op.effect == Effect::Write) {
            let beside = |other: &&&Operation| other.effect == Effect::CollectionWrite && shape(other) != shape(op);
            if ops.iter().any(|other| beside(&other)) {
                found.insert(op.id);
            }
        }
    }
    found
}

/// What names tell of a key that says nothing itself: of the variable that holds it, then of the command, then of the
/// function, its type and its modules.
fn named(op: &Operation) -> Purpose {
    if op.templates().any(|template| template.has_literal()) {
        return Purpose::Unknown;
    }
    let holes = op.templates().flat_map(|template| template.holes()).flat_map(|hole| split(&hole.name));
    let by_variable = sounds(&holes.collect::<Vec<_>>(), op);
    let by_command = || match &*op.command {
        _ if op.effect == Effect::Counter => Purpose::Counter,
        command if is_stream_or_list(command) => Purpose::Queue,
        command if is_hash_counter(command) => Purpose::Counter,
        command if adds_members(command) => Purpose::Index,
        _ => Purpose::Unknown,
    };
    let by_place = || {
        // The package's own name is the service's.
        let path = op.function.split_once("::").map_or("", |(_, path)| path);
        sounds(&split(path), op)
    };
    // `cache_key` of a `SessionStore` is a session's.
    let by_variable = match (by_variable, by_place()) {
        (Purpose::Cache, Purpose::Unknown) => Purpose::Cache,
        (Purpose::Cache, place) => place,
        (variable, _) => variable,
    };
    let mut found =
        [by_variable].into_iter().chain(std::iter::once_with(by_command)).chain(std::iter::once_with(by_place));
    found.find(|purpose| *purpose != Purpose::Unknown).unwrap_or(Purpose::Unknown)
}

fn sounds(words: &[String], op: &Operation) -> Purpose {
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let may_lock = op.condition == Condition::IfAbsent || matches!(op.effect, Effect::Delete | Effect::Script);
    if has(LOCKS) && may_lock {
        Purpose::Lock
    } else if has(SESSIONS) {
        Purpose::Session
    } else if has(SINGLE_USE) {
        Purpose::Token
    } else if has(&["counter", "counters", "ratelimit", "limiter", "throttle", "quota"])
        || has(&["rate"]) && has(&["limit", "limits", "limiting"])
    {
        Purpose::Counter
    } else if has(CACHES) {
        Purpose::Cache
    } else {
        Purpose::Unknown
    }
}

/// The words of `module::TypeName::function_name`, in lower case.
fn split(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut before_was_lower = false;
    for c in name.chars().chain([' ']) {
        let starts = c.is_uppercase() && before_was_lower;
        if (!c.is_alphanumeric() || starts) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        before_was_lower = c.is_lowercase() || c.is_numeric();
    }
    words
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
    if ops.iter().any(|op| is_stream_or_list(&op.command)) {
        return Purpose::Queue;
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
    if has(TOKENS) {
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
    Purpose::Unknown
}

const LOCKS: &[&str] = &["lock", "locks", "mutex", "lease", "semaphore", "leader"];
const SESSIONS: &[&str] = &["session", "sessions", "sess", "presence"];
const CACHES: &[&str] = &["cache", "cached", "caches"];
/// Words of keys that belong to one client for one use; what they hold is no copy, even where it can be made again.
const SINGLE_USE: &[&str] =
    &["token", "otp", "nonce", "csrf", "jti", "pkce", "captcha", "totp", "idem", "idempotency", "challenge"];
const TOKENS: &[&str] = &[
    "token",
    "tokens",
    "otp",
    "nonce",
    "csrf",
    "jti",
    "oauth",
    "oauth2",
    "oidc",
    "pkce",
    "refresh",
    "revoked",
    "revocation",
    "blacklist",
    "blocklist",
    "denylist",
    "reset",
    "magic",
    "verify",
    "verification",
    "challenge",
    "totp",
    "2fa",
    "mfa",
    "captcha",
    "code",
    "webauthn",
    "passkey",
    "login",
    "auth",
    "state",
    "invite",
    "epoch",
];
/// Behind `token`: what is known of a coin, or how much may be spent; nothing that lets anybody in.
const ABOUT_TOKENS: &[&str] = &[
    "metadata",
    "meta",
    "price",
    "prices",
    "pricing",
    "balance",
    "balances",
    "info",
    "list",
    "lists",
    "supply",
    "holder",
    "holders",
    "symbol",
    "decimals",
    "contract",
    "contracts",
    "address",
    "addresses",
    "mint",
    "mints",
    "icon",
    "logo",
    "market",
    "pair",
    "pairs",
    "pool",
    "pools",
    "bucket",
    "buckets",
    "count",
    "counts",
    "usage",
    "stats",
    "transfers",
];
const DEDUP: &[&str] = &["idempotency", "dedup", "seen", "processed", "replay", "nonce", "unique"];
const WORK: &[&str] = &["job", "jobs", "task", "tasks", "queue", "queues", "dlq"];
const STATES: &[&str] = &[
    "cursor",
    "checkpoint",
    "offset",
    "config",
    "settings",
    "flags",
    "flag",
    "version",
    "last",
    "latest",
    "status",
    "state",
    "registry",
    "leader",
    "node",
    "nodes",
    "watermark",
    "sequence",
    "epoch",
    "migration",
    "schema",
];

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

fn words(ops: &[&Operation]) -> Vec<String> {
    let mut words = Vec::new();
    for template in ops.iter().flat_map(|op| op.templates()) {
        for piece in template.pieces() {
            if let crate::template::Piece::Text(text) = piece {
                let mut rest = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).peekable();
                while let Some(word) = rest.next() {
                    let word = word.to_ascii_lowercase();
                    let of_a_token = |next: &&str| ABOUT_TOKENS.contains(&next.to_ascii_lowercase().as_str());
                    if !(matches!(word.as_str(), "token" | "tokens") && rest.peek().is_some_and(of_a_token)) {
                        words.push(word);
                    }
                }
            }
        }
    }
    words
}

/// Reads whose miss is followed by a write of the same template, and those writes: a cache by what it does.
/// Second, writes of what was found: a record is read, changed and written.
fn read_through(inventory: &Inventory) -> (FxHashSet<OpId>, FxHashSet<OpId>) {
    let (mut found, mut updated) = (FxHashSet::default(), FxHashSet::default());
    for function in &inventory.functions {
        let mut reads = Vec::new();
        let mut order = Vec::new();
        super::separate::flatten(&function.events, &mut order);
        for &id in &order {
            let op = inventory.operation(id);
            if matches!(op.effect, Effect::Read | Effect::CollectionRead) && op.template().is_some() {
                reads.push(id);
            }
        }
        for read in reads {
            let op = inventory.operation(read);
            let writes: Vec<OpId> = order
                .iter()
                .copied()
                .filter(|&id| {
                    let write = inventory.operation(id);
                    write.effect == Effect::Write && write.id != read && super::build::same_key(&op.keys, &write.keys)
                })
                .collect();
            if writes.is_empty() {
                continue;
            }
            let mut seen = Seen::default();
            let near = near_loads(&function.events);
            walk(&function.events, vec![State::Before], &mut |event, state| {
                Some(step(event, state, read, (&writes, &near), &mut seen))
            });
            if refuses_what_is_there(&function.events, read) {
                continue;
            }
            updated.extend(seen.updates);
            for (load, write) in seen.fills {
                if !seen.anyway.contains(&load) {
                    found.extend([read, write]);
                }
            }
        }
    }
    (found, updated)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum State {
    Before,
    Found,
    Missed,
    /// On the miss path, and this was fetched.
    Loaded(Place),
}

/// What the paths behind a read do.
#[derive(Default)]
struct Seen {
    /// A load on the miss path, and the write behind it.
    fills: Vec<(Place, OpId)>,
    /// Writes on a hit.
    updates: FxHashSet<OpId>,
    /// Loads that happen on a hit as well: a cursor is read, work is fetched, the cursor moves on.
    anyway: FxHashSet<Place>,
}

/// Loads in the function itself and in what it calls. What is awaited further down, and not known to ask a database or
/// another service, says nothing of why this function reads and writes.
fn near_loads(events: &[Event]) -> FxHashSet<Place> {
    fn note(events: &[Event], deep: u32, found: &mut FxHashSet<Place>) {
        for event in events {
            match event {
                Event::Load { place, .. } => {
                    found.insert(*place);
                }
                Event::Branch(arms) => arms.iter().for_each(|arm| note(arm, deep, found)),
                Event::Loop(events) | Event::Spawn(events) => note(events, deep, found),
                Event::Call { function, events, .. } if function.is_empty() => note(events, deep, found),
                Event::Call { events, .. } if deep == 0 => note(events, 1, found),
                _ => {}
            }
        }
    }
    let mut found = FxHashSet::default();
    note(events, 0, &mut found);
    found
}

fn step(
    event: &Event,
    state: State,
    read: OpId,
    (writes, near): (&[OpId], &FxHashSet<Place>),
    seen: &mut Seen,
) -> State {
    match event {
        Event::Miss(id) if *id == read => State::Missed,
        Event::Hit(id) if *id == read => State::Found,
        Event::Load { place, kind, .. } if *kind == LoadKind::Unresolved && !near.contains(place) => state,
        Event::Load { place, .. } => match state {
            State::Missed => State::Loaded(*place),
            State::Found => {
                seen.anyway.insert(*place);
                state
            }
            State::Before | State::Loaded(_) => state,
        },
        Event::Operation(id) if writes.contains(id) => {
            match state {
                State::Loaded(place) => seen.fills.push((place, *id)),
                State::Found => {
                    seen.updates.insert(*id);
                }
                State::Before | State::Missed => {}
            }
            state
        }
        _ => state,
    }
}
