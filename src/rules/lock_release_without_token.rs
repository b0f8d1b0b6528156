//! ## What it does
//!
//! Reports a plain `DEL` or `UNLINK` of a key that is taken as a lock (`SET … NX`, `SETNX`) elsewhere in the program.
//! Calls of the project's own wrappers are followed.
//!
//! Silent where the lock has no TTL (`lock-without-ttl` reports that, and only its holder can delete it), where the
//! function looks at the key before it deletes it (a comparison of the owner, if not an atomic one),
//! for scripts, for transactions, and for functions whose name says that they break locks (`force_unlock`, `reset`,
//! `clear`, `cleanup`, `expire`).
//!
//! ## Why is this bad?
//!
//! A lock ends by itself when its TTL is over. A holder that took longer then deletes the lock of whoever holds it now,
//! and a third one gets in: two jobs run at once, exactly when the system is slow. With every release the fault moves
//! on to the next holder.
//!
//! ## Example
//!
//! ```rust,ignore
//! let options = SetOptions::default().conditional_set(ExistenceCheck::NX).with_expiration(SetExpiry::EX(30));
//! let taken: bool = con.set_options("lock:report", "1", options).await?;
//! build_report().await?;
//! let _: () = con.del("lock:report").await?;
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! let token = Uuid::new_v4().to_string();
//! let taken: bool = con.set_options("lock:report", &token, options).await?;
//! build_report().await?;
//! redis::Script::new("if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0")
//!     .key("lock:report")
//!     .arg(&token)
//!     .invoke_async::<()>(&mut con)
//!     .await?;
//! ```
//!
//! To load a missing entry once, use `cache.get_or_load` of `cache-patterns`: its leases carry a token.
//!
//! ## Options
//!
//! None.
//!
//! ## References
//!
//! - Redis documentation: "Distributed locks with Redis", `SET` (patterns)

use super::flow;
use super::report::{self, label};
use super::usage::Usage;
use super::{Category, Context, Meta, Rule, cure, docs};
use crate::finding::{Confidence, Finding, Level};
use crate::inventory::{Condition, Effect, Inventory, Operation, Purpose, TtlKind};
use crate::template::Template;

const SOURCE: &str = include_str!("lock_release_without_token.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "lock-release-without-token",
    summary: "a lock is deleted by whoever comes, its holder or not",
    level: Level::Warning,
    category: Category::Correctness,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

/// Words in a function's name that say that it breaks locks on purpose.
const BREAKS: [&str; 9] = ["force", "break", "reset", "clear", "cleanup", "purge", "expire", "evict", "steal"];

pub(super) struct LockReleaseWithoutToken;

impl Rule for LockReleaseWithoutToken {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let usage = Usage::new(context.inventory);
        let mut shapes: Vec<_> = usage.shapes().collect();
        shapes.sort_unstable_by_key(|(shape, _)| *shape);
        for (_, users) in shapes {
            let Some(taken) = users.iter().find(|op| takes(op)) else { continue };
            for op in users.iter().filter(|op| releases(op) && decides(context.inventory, op)) {
                let looks_first = users.iter().any(|other| {
                    other.function == op.function && other.place != op.place && other.effect == Effect::Read
                });
                if !looks_first {
                    findings.push(describe(context, op, taken));
                }
            }
        }
    }
}

fn takes(op: &Operation) -> bool {
    let lock = op.effect == Effect::Lock || op.purpose == Purpose::Lock;
    // A lock that never ends by itself is still its holder's: `lock-without-ttl` has something to say of it.
    let ends = !matches!(op.ttl.kind, TtlKind::None);
    lock && ends && op.creates() && op.condition == Condition::IfAbsent && !op.test && op.sent
}

fn releases(op: &Operation) -> bool {
    let name = op.function.rsplit("::").next().unwrap_or_default().to_ascii_lowercase();
    let alone = op.batch.as_ref().is_none_or(|batch| batch.atomic == Some(false));
    matches!(op.command.as_str(), "DEL" | "UNLINK")
        && op.sent
        && alone
        && !op.test
        && !name.split('_').any(|word| BREAKS.contains(&word))
}

/// Whether it is chosen here that a lock is deleted: a wrapper that names the lock itself has chosen for its callers.
fn decides(inventory: &Inventory, op: &Operation) -> bool {
    let named = |op: &Operation| op.template().is_some_and(Template::has_literal);
    match &op.wrapper {
        Some(wrapper) => !named(inventory.operation(wrapper.definition)),
        None => !op.forwards_key || named(op),
    }
}

fn describe(context: Context<'_>, op: &Operation, taken: &Operation) -> Finding {
    let mut finding = report::finding(&META, op);
    finding.confidence = finding.confidence.min(taken.confidence);
    finding.message = format!("the lock {} is deleted without a look at who holds it", report::key(op));
    "may delete another holder's lock".clone_into(&mut finding.primary_label);
    let cure::Parts { key, .. } = cure::Parts::of(context, op);
    finding.help = format!(
        "put a random token into the lock and delete `{key}` only while it holds that token, in one Lua script: \
         `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end`"
    );
    if !flow::inside_one_call(op, taken) {
        finding.labels.push(label(taken.place, "taken here"));
    }
    finding
}
