//! ## What it does
//!
//! Reports a TTL in a unit that the call does not take:
//!
//! - milliseconds (`as_millis()`, a constant called `…_MS`) given to a call that takes seconds, or the reverse;
//! - a relative time given to `EXPIREAT`, `EXAT` and the like, or a point in time given to a call that takes a
//!   duration;
//! - a number that is implausible in the unit: more than ten years of seconds, less than a second of milliseconds, a
//!   Unix time before the year 2001;
//! - `as_secs()` of a duration below one second, which is 0.
//!
//! ## Why is this bad?
//!
//! The compiler sees a number and is content. A TTL of 900,000 seconds in place of milliseconds keeps a session for ten
//! days in place of fifteen minutes; 60 milliseconds in place of seconds make a cache that never hits, so that the
//! database carries the whole load; `EXPIREAT` with a duration lies in 1970 and deletes the key at once; and `SETEX`
//! with 0 is refused by the server.
//!
//! ## Example
//!
//! ```rust,ignore
//! let _: () = con.set_ex(&key, json, TTL.as_millis() as u64).await?;
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! let _: () = con.set_ex(&key, json, TTL.as_secs()).await?;
//! ```
//!
//! ## Options
//!
//! None.
//!
//! ## References
//!
//! - Redis documentation: `SET`, `SETEX`, `PSETEX`, `EXPIREAT`

use super::report::{self, duration, label};
use super::{Category, Context, Meta, Rule, code, docs};
use crate::finding::{Confidence, Finding, Level, Place};
use crate::inventory::operation::TtlUnit;
use crate::inventory::{Operation, Purpose, TtlKind};

const SOURCE: &str = include_str!("ttl_unit_mismatch.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "ttl-unit-mismatch",
    summary: "a TTL is given in the wrong unit",
    level: Level::Error,
    category: Category::Correctness,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

const TEN_YEARS: i128 = 10 * 365 * 86_400_000;
/// 2001-09-09, the first second with ten digits, in milliseconds.
const FIRST_PLAUSIBLE_TIME: i128 = 1_000_000_000_000;
/// A second with as many digits as a millisecond of today, in milliseconds.
const LAST_PLAUSIBLE_TIME: i128 = 100_000_000_000_000;

pub(super) struct TtlUnitMismatch;

/// What is wrong, and how to mend it.
struct Fault {
    message: String,
    help: String,
    certain: bool,
}

impl Rule for TtlUnitMismatch {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        for op in context.inventory.operations.iter().filter(|op| op.sent) {
            let decided_inside = op
                .wrapper
                .as_ref()
                .and_then(|wrapper| context.inventory.operations.get(wrapper.definition.0 as usize))
                .is_some_and(|definition| definition.id != op.id && !definition.forwards_ttl);
            // The TTL of a separate EXPIRE is judged at the EXPIRE.
            // Converted inside the wrapper: said there.
            let converted_inside = op.wrapper.is_some() && op.ttl.span.is_none() && mixed_units(op).is_some();
            if decided_inside || converted_inside || matches!(op.ttl.kind, TtlKind::Separate(_)) {
                continue;
            }
            let Some(fault) = mixed_units(op).or_else(|| implausible(op)) else { continue };
            let mut finding = report::finding(&META, op);
            if !fault.certain {
                finding.confidence = finding.confidence.min(Confidence::Likely);
            }
            finding.message = fault.message;
            finding.help = fault.help;
            "this call".clone_into(&mut finding.primary_label);
            if let Some(span) = op.ttl.span {
                finding.labels.push(label(Place { file: op.place.file, span }, "the TTL"));
            }
            findings.push(finding);
        }
    }
}

fn unit_name(unit: TtlUnit) -> &'static str {
    match unit {
        TtlUnit::Seconds => "seconds",
        TtlUnit::Milliseconds => "milliseconds",
        TtlUnit::UnixSeconds => "a Unix time in seconds",
        TtlUnit::UnixMilliseconds => "a Unix time in milliseconds",
    }
}

/// The number says its own unit, and it is not the call's.
fn mixed_units(op: &Operation) -> Option<Fault> {
    let takes = op.ttl.unit?;
    let named = named_unit(&op.ttl.written).filter(|named| is_relative(*named) && is_relative(takes));
    let gives = op.ttl.source_unit.or(named)?;
    // A number of a duration's seconds may well be part of a point in time: `now.as_secs() + 600`.
    let same = |takes, gives| {
        matches!(
            (takes, gives),
            (TtlUnit::UnixSeconds, TtlUnit::Seconds) | (TtlUnit::UnixMilliseconds, TtlUnit::Milliseconds)
        )
    };
    if gives == takes || same(takes, gives) {
        return None;
    }
    let written = if op.ttl.written.is_empty() { "the TTL".to_owned() } else { code(&op.ttl.written).into_owned() };
    let help = match (takes, gives) {
        (TtlUnit::Seconds, TtlUnit::Milliseconds) => "give the seconds, for example by `as_secs()`",
        (TtlUnit::Milliseconds, TtlUnit::Seconds) => "give the milliseconds, for example by `as_millis()`",
        (TtlUnit::UnixSeconds | TtlUnit::UnixMilliseconds, TtlUnit::Seconds | TtlUnit::Milliseconds) => {
            "use the relative form (`EX`, `PX`, `EXPIRE`), or add the current time"
        }
        (TtlUnit::Seconds | TtlUnit::Milliseconds, _) => {
            "use the absolute form (`EXAT`, `EXPIREAT`), or subtract the current time"
        }
        (TtlUnit::UnixSeconds, _) => "give the Unix time in seconds",
        (TtlUnit::UnixMilliseconds, _) => "give the Unix time in milliseconds",
    };
    Some(Fault {
        message: format!("`{}` takes {}, but {written} is {}", op.command, unit_name(takes), unit_name(gives)),
        help: help.to_owned(),
        certain: op.ttl.source_unit.is_some(),
    })
}

fn is_relative(unit: TtlUnit) -> bool {
    matches!(unit, TtlUnit::Seconds | TtlUnit::Milliseconds)
}

/// The unit in the name of a plain variable, constant or field: `TTL_MS`, `self.ttl_secs`. An expression that computes
/// may convert as well, so its names say nothing.
fn named_unit(written: &str) -> Option<TtlUnit> {
    let path = written.trim().trim_start_matches(['&', '*']);
    let path =
        path.split(" as ").next().unwrap_or(path).trim().trim_end_matches(".into()").trim_end_matches(".try_into()?");
    if !path.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | ':')) {
        return None;
    }
    let name = path.rsplit(['.', ':']).next().unwrap_or(path).to_ascii_lowercase();
    match name.rsplit('_').next()? {
        "ms" | "millis" | "milliseconds" | "msecs" => Some(TtlUnit::Milliseconds),
        "s" | "secs" | "sec" | "seconds" if name.contains('_') => Some(TtlUnit::Seconds),
        _ => None,
    }
}

/// The number is known and cannot be meant in the call's unit.
fn implausible(op: &Operation) -> Option<Fault> {
    let TtlKind::Constant(ms) = op.ttl.kind else { return None };
    let unit = op.ttl.unit?;
    let command = &op.command;
    let fault = |message: String, help: &str| Some(Fault { message, help: help.to_owned(), certain: false });
    match unit {
        TtlUnit::Seconds if ms == 0 && op.ttl.source_unit == Some(TtlUnit::Seconds) => Some(Fault {
            message: format!("{} is 0, because the duration is shorter than a second", code(&op.ttl.written)),
            help: "use the form in milliseconds (`PX`, `PSETEX`, `PEXPIRE`) with `as_millis()`".to_owned(),
            certain: true,
        }),
        TtlUnit::Seconds if ms > TEN_YEARS => fault(
            format!("`{command}` takes seconds: this TTL is {} years", ms / (TEN_YEARS / 10)),
            "divide by 1,000 if the number is in milliseconds, or use the absolute form if it is a point in time",
        ),
        TtlUnit::Milliseconds if ms > TEN_YEARS => fault(
            format!("`{command}` takes milliseconds: this TTL is {} years", ms / (TEN_YEARS / 10)),
            "use the absolute form (`PXAT`, `PEXPIREAT`) if the number is a point in time",
        ),
        // Locks and markers of a fraction of a second exist; cached data of that kind does not, unless a duration says so.
        TtlUnit::Milliseconds if ms > 0 && ms < shortest(op) && op.ttl.source_unit.is_none() => fault(
            format!("`{command}` takes milliseconds: this TTL is {}", duration(ms)),
            "use the form in seconds (`EX`, `SETEX`, `EXPIRE`), or multiply by 1,000",
        ),
        TtlUnit::UnixSeconds | TtlUnit::UnixMilliseconds if ms > 0 && ms < FIRST_PLAUSIBLE_TIME => fault(
            format!("`{command}` takes {}, and this one is long past: the key is deleted at once", unit_name(unit)),
            "use the relative form (`EX`, `EXPIRE`), or add the current time",
        ),
        TtlUnit::UnixSeconds if ms > LAST_PLAUSIBLE_TIME => fault(
            format!("`{command}` takes a Unix time in seconds, and this one is thousands of years ahead"),
            "divide by 1,000 if the number is in milliseconds",
        ),
        _ => None,
    }
}

fn shortest(op: &Operation) -> i128 {
    if op.purpose == Purpose::Lock { 100 } else { 1_000 }
}
