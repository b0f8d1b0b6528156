//! What the words of keys and of names around them tell.

use crate::inventory::operation::{Condition, Effect, Operation, Purpose};

use super::{adds_members, is_hash_counter, is_stream_or_list};

/// What names tell of a key that says nothing itself: of the variable that holds it, then of the command, then of the
/// function, its type and its modules.
pub(super) fn named(op: &Operation) -> Purpose {
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

/// A value that code which calls itself a cache reads, writes or drops whole.
pub(super) fn is_kept_by_a_cache(op: &Operation) -> bool {
    let path = op.function.split_once("::").map_or("", |(_, path)| path);
    matches!(&*op.command, "GET" | "SET" | "SETEX" | "PSETEX" | "DEL" | "UNLINK" | "EXISTS" | "MGET")
        && sounds(&split(path), op) == Purpose::Cache
}

fn sounds(words: &[String], op: &Operation) -> Purpose {
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let may_lock = op.condition == Condition::IfAbsent || matches!(op.effect, Effect::Delete | Effect::Script);
    // A token bucket holds no token of anybody's.
    let limits = has(&["ratelimit", "limiter", "throttle", "throttling"])
        || has(&["rate"]) && has(&["limit", "limits", "limiting"])
        || has(&["bucket"]) && has(&["token", "leaky"]);
    if has(LOCKS) && may_lock {
        Purpose::Lock
    } else if limits {
        Purpose::Counter
    } else if has(SESSIONS) {
        Purpose::Session
    } else if has(SINGLE_USE) {
        Purpose::Token
    } else if has(&["counter", "counters", "quota"]) {
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

pub(super) fn words(ops: &[&Operation]) -> Vec<String> {
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

pub(super) const LOCKS: &[&str] = &["lock", "locks", "mutex", "lease", "semaphore", "leader"];
pub(super) const SESSIONS: &[&str] = &["session", "sessions", "sess", "presence"];
pub(super) const CACHES: &[&str] = &["cache", "cached", "caches"];
/// Words of keys that belong to one client for one use; what they hold is no copy, even where it can be made again.
pub(super) const SINGLE_USE: &[&str] =
    &["token", "otp", "nonce", "csrf", "jti", "pkce", "captcha", "totp", "idem", "idempotency", "challenge"];
pub(super) const TOKENS: &[&str] = &[
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
    "forgot",
    "forget",
    "password",
    "invite",
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
pub(super) const DEDUP: &[&str] = &["idempotency", "dedup", "seen", "processed", "replay", "nonce", "unique"];
pub(super) const WORK: &[&str] = &["job", "jobs", "task", "tasks", "queue", "queues", "dlq"];
pub(super) const STATES: &[&str] = &[
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
