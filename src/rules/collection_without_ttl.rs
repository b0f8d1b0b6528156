//! ## What it does
//!
//! Reports hashes, sets, lists, sorted sets and streams that grow with every call and that nothing in the run ever ends or
//! shortens: no expiry, no `LTRIM`, `XTRIM` or `MAXLEN`, no removal of members, no field TTL. Once per key.
//!
//! Not reported: a member or field that is a constant, so that the collection has as many as the program names; lists that
//! are taken from, or that nobody in this program reads (queues of another program); collections that are state by their
//! name; and, unless they are caches or sessions, those that the program deletes as a whole.
//!
//! ## Why is this bad?
//!
//! A collection is one key. It is not evicted member by member, so it grows until the server is full or until the `HGETALL`
//! that reads it blocks everyone: the "recently viewed" list of a visitor who came once, the set of all addresses that ever
//! asked. A TTL on other keys does not help it.
//!
//! ## Example
//!
//! ```rust,ignore
//! con.lpush(format!("shop:viewed:{user}"), product).await?;
//! con.xadd("shop:events:orders", "*", &[("id", id)]).await?;
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! redis::pipe()
//!     .atomic()
//!     .lpush(&key, product)
//!     .ltrim(&key, 0, 49)
//!     .expire(&key, 86_400)
//!     .exec_async(&mut con)
//!     .await?;
//! con.xadd_maxlen("shop:events:orders", StreamMaxlen::Approx(100_000), "*", &[("id", id)]).await?;
//! ```
//!
//! ## Options
//!
//! - `[class.NAME] store = true` declares collections that are meant to stay.
//! - `[class.NAME] ttl` demands a TTL of its collections, whatever they are used for.
//!
//! ## References
//!
//! - Redis documentation: `LTRIM` (capped lists), `XADD` (`MAXLEN`), `HEXPIRE` (Redis 7.4)

use super::copies::overlap;
use super::demand::Demand;
use super::report;
use super::usage::{Usage, gives_ttl, is_fixed};
use super::{Category, Context, Meta, Rule, cure, docs};
use crate::finding::{Confidence, Finding, Level};
use crate::inventory::{Effect, Operation, Purpose, TtlKind, Via};

const SOURCE: &str = include_str!("collection_without_ttl.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "collection-without-ttl",
    summary: "a collection grows with neither expiry nor trim",
    level: Level::Warning,
    category: Category::Resilience,
    confidence: Confidence::Likely,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

/// Commands that add members.
const GROW: [&str; 13] = [
    "HSET",
    "HMSET",
    "HSETNX",
    "HINCRBY",
    "HINCRBYFLOAT",
    "SADD",
    "LPUSH",
    "RPUSH",
    "ZADD",
    "ZINCRBY",
    "GEOADD",
    "XADD",
    "LINSERT",
];

/// Commands that take members away, or that let single fields expire.
const SHRINK: [&str; 38] = [
    "BLMOVE",
    "BLMPOP",
    "BLPOP",
    "BRPOP",
    "BRPOPLPUSH",
    "BZMPOP",
    "BZPOPMAX",
    "BZPOPMIN",
    "GETDEL",
    "HDEL",
    "HEXPIRE",
    "HEXPIREAT",
    "HGETDEL",
    "HGETEX",
    "HPEXPIRE",
    "HPEXPIREAT",
    "HSETEX",
    "LMOVE",
    "LMPOP",
    "LPOP",
    "LREM",
    "LTRIM",
    "RENAME",
    "RENAMENX",
    "RPOP",
    "RPOPLPUSH",
    "SMOVE",
    "SPOP",
    "SREM",
    "XDEL",
    "XTRIM",
    "ZMPOP",
    "ZPOPMAX",
    "ZPOPMIN",
    "ZREM",
    "ZREMRANGEBYLEX",
    "ZREMRANGEBYRANK",
    "ZREMRANGEBYSCORE",
];

pub(super) struct CollectionWithoutTtl;

impl Rule for CollectionWithoutTtl {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let usage = Usage::new(context.inventory);
        let mut shapes: Vec<_> = usage.shapes().collect();
        shapes.sort_unstable_by_key(|(shape, _)| *shape);
        for (shape, users) in shapes {
            let mut growing = users.iter().copied().filter(|op| grows(op) && usage.chooses_key(op));
            let Some(op) = growing.next() else { continue };
            // What ends or shortens the key may name it by a longer or shorter template.
            let all = context.inventory.operations.iter().filter(|user| !user.test);
            let mut all = all.filter(|user| of_shape(user, shape));
            if all.any(ends) || is_queue_of_others(op, users) {
                continue;
            }
            let Some(mut level) = severity(context, op, users) else { continue };
            if !is_read(users) {
                // Who reads it may be another program, and may shorten it.
                level = level.min(Level::Note);
            }
            let mut finding = report::finding(&META, op);
            finding.level = level;
            let key = report::key(op);
            (finding.message, finding.primary_label) = if op.value.bounded {
                (format!("{key} is never given a TTL"), format!("`{}` makes one more of it", op.command))
            } else {
                (format!("{key} grows, and nothing ever ends or shortens it"), format!("`{}` adds to it", op.command))
            };
            finding.help = help(context, op);
            finding.labels.extend(Demand::of(context.policy, op).ttl_label());
            finding.labels.extend(report::sites(op, growing, |_| "and here".to_owned()));
            let mut readers = users.iter().filter(|user| user.effect == Effect::CollectionRead && !user.test);
            finding.labels.extend(readers.next().map(|reader| report::label(reader.place, "read here")));
            findings.push(finding);
        }
    }
}

fn grows(op: &Operation) -> bool {
    op.effect == Effect::CollectionWrite
        && op.sent
        && !op.test
        && !(op.value.bounded && (is_fixed(op) || op.command == "XADD"))
        && !op.forwards_ttl
        && GROW.contains(&op.command.as_str())
}

fn of_shape(op: &Operation, shape: &str) -> bool {
    op.templates().filter(|key| key.has_literal()).any(|key| overlap(&key.shape(), shape))
}

/// Whether an operation ends or shortens the key, or may do so.
fn ends(op: &Operation) -> bool {
    let unresolved = matches!(op.ttl.kind, TtlKind::Undetermined | TtlKind::Maybe | TtlKind::Dynamic);
    let scripted = op.effect == Effect::Script && op.script_commands.is_empty();
    let shrinks = |command: &str| SHRINK.contains(&command) || command.contains("EXPIRE");
    gives_ttl(op)
        || unresolved
        || scripted
        || shrinks(&op.command)
        || op.value.bounded && op.command == "XADD"
        || op.script_commands.iter().any(|command| shrinks(command))
}

/// Lists that nobody here reads are queues of another program, which takes from them.
fn is_queue_of_others(op: &Operation, users: &[&Operation]) -> bool {
    matches!(op.command.as_str(), "LPUSH" | "RPUSH" | "LINSERT") && !is_read(users)
}

fn is_read(users: &[&Operation]) -> bool {
    let length = |command: &str| matches!(command, "LLEN" | "SCARD" | "ZCARD" | "HLEN" | "XLEN");
    users.iter().any(|user| user.effect == Effect::CollectionRead && !length(&user.command) && !user.test)
}

fn severity(context: Context<'_>, op: &Operation, users: &[&Operation]) -> Option<Level> {
    let demand = Demand::of(context.policy, op);
    if demand.is_store() || !demand.wants_ttl() {
        return None;
    }
    if demand.ttl().is_some() || matches!(op.purpose, Purpose::Cache | Purpose::Session) {
        return Some(Level::Warning);
    }
    let deleted = users.iter().any(|user| matches!(user.effect, Effect::Delete | Effect::Flush) && !user.test);
    match op.purpose {
        Purpose::State | Purpose::Lock | Purpose::Pubsub | Purpose::Admin => None,
        _ if deleted => None,
        // One key with a member for each row of something is an index, and as large as what it indexes.
        _ if is_fixed(op) && op.command != "XADD" => Some(Level::Note),
        _ => Some(Level::Warning),
    }
}

fn help(context: Context<'_>, op: &Operation) -> String {
    let ttl = Demand::of(context.policy, op).ttl().map(|limit| limit.ms);
    let seconds = cure::seconds([ttl]);
    let cure::Parts { key, .. } = cure::Parts::of(context, op);
    let spelled = op.spelled.as_str();
    match op.command.as_str() {
        "XADD" => {
            "add `MAXLEN ~ 100000` to the `XADD` (`xadd_maxlen`), or trim the stream by age with `MINID`".to_owned()
        }
        _ if op.via == Via::Wrapper => {
            format!("give the key an expiry of, say, {seconds} seconds in `{}.{spelled}`", op.receiver)
        }
        "LPUSH" | "RPUSH" => format!(
            "send it with `LTRIM {key} 0 99` and `EXPIRE {key} {seconds}` in one transaction, {}",
            cure::transaction(op)
        ),
        command => format!(
            "send `{command}` with `EXPIRE {key} {seconds}` in one transaction, {}, or declare the key with `store = true`",
            cure::transaction(op)
        ),
    }
}
