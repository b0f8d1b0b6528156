//! ## What it does
//!
//! Reports a TTL that is known and breaks the rule file: longer than the data class of the key allows (its jitter
//! included), longer than `ttl.max`, or shorter than the declared minimum. A TTL of zero or less is reported whatever the
//! rule file says.
//!
//! A range is judged by its ends. A TTL whose value is not known is not judged.
//!
//! ## Why is this bad?
//!
//! The TTL is the longest time that a user sees data which is no longer true: it is the agreement between those who own
//! the data and those who cache it. One write that is longer undoes it for its keys, and nobody notices until an
//! invalidation is lost. A TTL that is too short moves the load back to the database. `SET … EX 0` is an error of the
//! server, and `EXPIRE` with zero or less deletes the key at once.
//!
//! ## Example
//!
//! ```rust,ignore
//! // The rule file says: profiles live for 15 minutes.
//! let _: () = con.set_ex(format!("user:v2:profile:{id}"), json, 86_400).await?;
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! const PROFILE_TTL: Duration = Duration::from_secs(15 * 60);
//! let _: () = con.set_ex(format!("user:v2:profile:{id}"), json, PROFILE_TTL.as_secs()).await?;
//! ```
//!
//! ## Options
//!
//! - `[class.NAME] ttl` is the longest TTL of a class.
//! - `[ttl] jitter` is how much longer a TTL may be because of jitter.
//! - `[ttl] min` and `[ttl] max` bound every TTL.
//!
//! ## References
//!
//! - Redis documentation: `SET`, `EXPIRE`

use super::demand::{Demand, Limit};
use super::report::{self, duration, label};
use super::usage::Usage;
use super::{Category, Context, Meta, Rule, docs};
use crate::finding::{Confidence, Finding, Level, Place};
use crate::inventory::operation::TtlUnit;
use crate::inventory::{Effect, Operation, TtlKind};

const SOURCE: &str = include_str!("ttl_policy.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "ttl-policy",
    summary: "a TTL is not what the rule file allows",
    level: Level::Error,
    category: Category::Policy,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct TtlPolicy;

impl Rule for TtlPolicy {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let usage = Usage::new(context.inventory);
        for op in context.inventory.operations.iter().filter(|op| op.sent) {
            let Some((low, high)) = known(op) else { continue };
            let finding = if low <= 0 {
                // `as_secs()` of less than a second is a matter of units, and said there.
                let rounded = op.ttl.source_unit == Some(TtlUnit::Seconds) && low == 0;
                let said_inside = definition(context, op).is_some_and(|inner| known(inner).is_some());
                (!rounded && !said_inside).then(|| not_positive(op, low))
            } else {
                // Calls of one wrapper that fixes the TTL are judged one by one: their classes differ.
                outside(Demand::of(context.policy, op), op, low, high)
            };
            if let Some(mut finding) = finding {
                finding.labels.extend(ttl_label(context, op));
                if op.wrapper.is_none() {
                    let calls = usage.calls_of(op.id);
                    finding.labels.extend(report::sites(op, calls.into_iter(), |_| "for this call".to_owned()));
                }
                findings.push(finding);
            }
        }
    }
}

/// The shortest and the longest TTL that the operation may give, in milliseconds from now.
fn known(op: &Operation) -> Option<(i128, i128)> {
    if matches!(op.ttl.unit, Some(TtlUnit::UnixSeconds | TtlUnit::UnixMilliseconds)) {
        return None;
    }
    match op.ttl.kind {
        TtlKind::Constant(ms) => Some((ms, ms)),
        TtlKind::Range(low, high) => Some((low, high)),
        _ => None,
    }
}

fn definition<'a>(context: Context<'a>, op: &Operation) -> Option<&'a Operation> {
    let definition = op.wrapper.as_ref()?.definition;
    context.inventory.operations.get(definition.0 as usize).filter(|inner| inner.id != op.id)
}

fn not_positive(op: &Operation, ms: i128) -> Finding {
    let mut finding = report::finding(&META, op);
    let outcome = if op.effect == Effect::Expire { "deletes the key at once" } else { "is refused by the server" };
    finding.message = format!("a TTL of {} for {} {outcome}", duration(ms), report::key(op));
    "this TTL is not positive".clone_into(&mut finding.primary_label);
    finding.help = if op.effect == Effect::Expire {
        "write `DEL` or `UNLINK` if the key is to go, or give a positive TTL".to_owned()
    } else {
        "give a positive TTL".to_owned()
    };
    finding
}

fn outside(demand: Demand<'_>, op: &Operation, low: i128, high: i128) -> Option<Finding> {
    if demand.is_store() {
        return None;
    }
    let (limit, given, long) = match (demand.longest(), demand.shortest()) {
        (Some(longest), _) if high > longest.ms => (longest, high, true),
        (_, Some(shortest)) if low < shortest.ms => (shortest, low, false),
        _ => return None,
    };
    let mut finding = report::finding(&META, op);
    let whose = if limit.of_class { format!("class `{}`", demand.name()) } else { "the rule file".to_owned() };
    let (than, verb) = if long { ("longer", "allows at most") } else { ("shorter", "wants at least") };
    finding.message =
        format!("the TTL of {} is {}, but {whose} {verb} {}", report::key(op), duration(given), duration(limit.ms));
    finding.primary_label = format!("{than} than {whose} allows");
    finding.help = advice(demand, limit);
    finding.discriminator = format!("{} {}", report::subject(op), demand.name());
    finding.labels.extend(limit.place.map(|place| label(place, format!("{verb} {}", duration(limit.ms)))));
    Some(finding)
}

fn advice(demand: Demand<'_>, limit: Limit) -> String {
    let ms = demand.ttl().map_or(limit.ms, |ttl| ttl.ms);
    format!("use {} ({} seconds), or give the key a class of its own in the rule file", duration(ms), ms / 1000)
}

fn ttl_label(context: Context<'_>, op: &Operation) -> Option<crate::finding::Label> {
    let given = op.ttl.span.map(|span| Place { file: op.place.file, span });
    let inner = definition(context, op).filter(|inner| !inner.forwards_ttl).map(|inner| inner.place);
    inner.or(given).map(|place| label(place, "the TTL"))
}
