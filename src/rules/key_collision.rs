//! ## What it does
//!
//! Reports a key under which two different structs are stored, each serialised. Once per key and pair of types, at the
//! write whose type fewer sites store.
//!
//! Silent where a type is not known or generic, for references, `Option`, `Box`, `Rc` and `Arc` of one type, where the
//! hole of the key is a whole key of its own (`cache:{key}`), where two types each put a prefix of their own in front
//! (`{prefix}task:{id}`), and between programs that cannot be one.
//!
//! ## Why is this bad?
//!
//! Whoever reads the key gets the other's bytes. Where decoding fails, each side treats the other's entry as broken and
//! overwrites it, so that the hit rate falls to nothing. Where it succeeds, because the structs share fields or have
//! defaults, a request is answered with another object's data.
//!
//! ## Example
//!
//! ```rust,ignore
//! // users.rs
//! con.set_ex(format!("user:{id}"), serde_json::to_string(&profile)?, 900).await?;
//! // billing.rs
//! con.set_ex(format!("user:{id}"), serde_json::to_string(&account)?, 900).await?;
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! con.set_ex(format!("shop:v1:profile:{id}"), serde_json::to_string(&profile)?, 900).await?;
//! con.set_ex(format!("shop:v1:account:{id}"), serde_json::to_string(&account)?, 900).await?;
//! ```
//!
//! With `cache-patterns` the entity is part of the type, so two types never share a key.
//!
//! ## Options
//!
//! - `[levels] key-collision = "warn"` while an old format is read beside a new one; a version in the key is the
//!   better way.
//!
//! ## References
//!
//! - Redis documentation: "Keys and values" (key schemas)

use super::copies::in_one_program;
use super::report::{self, label};
use super::usage::Usage;
use super::{Category, Context, Meta, Rule, code, docs};
use crate::finding::{Confidence, Finding, Level};
use crate::inventory::{Effect, Encoding, Operation};
use crate::template::Piece;

const SOURCE: &str = include_str!("key_collision.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "key-collision",
    summary: "one key holds values of two types",
    level: Level::Error,
    category: Category::Correctness,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

/// Names of holes that stand for a whole key: what is behind the prefix is chosen elsewhere.
const WHOLE_KEYS: [&str; 9] = ["", "key", "k", "cache_key", "name", "suffix", "path", "field", "hash"];

pub(super) struct KeyCollision;

impl Rule for KeyCollision {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let usage = Usage::new(context.inventory);
        let mut shapes: Vec<_> = usage.shapes().collect();
        shapes.sort_unstable_by_key(|(shape, _)| *shape);
        for (_, users) in shapes {
            let stored: Vec<(&Operation, &str)> = users.iter().filter_map(|op| Some((*op, stored_type(op)?))).collect();
            let count = |ty: &str| stored.iter().filter(|(_, other)| *other == ty).count();
            let Some(&(_, usual)) = stored.iter().rev().max_by_key(|(_, ty)| count(ty)) else { continue };
            let mut told: Vec<&str> = vec![usual];
            for &(op, ty) in &stored {
                if told.contains(&ty) {
                    continue;
                }
                let other = stored.iter().find(|(other, theirs)| {
                    *theirs == usual
                        && same_front(op, other)
                        && in_one_program(context.workspace, op.place, other.place)
                });
                if let Some((other, _)) = other {
                    told.push(ty);
                    findings.push(describe(op, ty, other, usual));
                }
            }
        }
    }
}

/// The struct that this write stores under a key of its own, without what only points at it.
fn stored_type(op: &Operation) -> Option<&str> {
    let writes = op.sent && !op.test && op.effect == Effect::Write && op.keys.len() == 1 && !op.forwards_key;
    let serialised = op.value.structured && !matches!(op.value.encoding, Encoding::Unknown | Encoding::Plain);
    if !writes || !serialised || op.template()?.holes().any(|hole| WHOLE_KEYS.contains(&hole.name.as_str())) {
        return None;
    }
    let mut ty = op.value.ty.as_deref()?.trim();
    loop {
        let bare = ty.trim_start_matches('&').trim_start_matches("mut ").trim();
        let inner = ["Option", "Box", "Rc", "Arc", "Cow"]
            .iter()
            .find_map(|outer| bare.strip_prefix(outer)?.strip_prefix('<')?.strip_suffix('>'));
        match inner {
            Some(inner) => ty = inner.trim(),
            None if bare == ty => break,
            None => ty = bare,
        }
    }
    // `T`, `impl Serialize`, `dyn Any`: whatever the caller gives.
    let known = ty.len() > 1 && ty.chars().any(char::is_lowercase) && !ty.contains(' ');
    known.then_some(ty)
}

/// Whether both keys begin alike. What stands in front without being known (`{prefix}task:{id}`) is the same for the
/// functions of one type or module; two types may well hold two prefixes in fields of one name.
fn same_front(one: &Operation, other: &Operation) -> bool {
    let known = |op: &Operation| op.template().is_some_and(|key| matches!(key.pieces().first(), Some(Piece::Text(_))));
    let owner = |op: &Operation| op.function.rsplit_once("::").map(|(owner, _)| owner.to_owned());
    (known(one) && known(other)) || owner(one) == owner(other)
}

fn describe(op: &Operation, ty: &str, other: &Operation, usual: &str) -> Finding {
    let mut finding = report::finding(&META, op);
    finding.confidence = finding.confidence.min(other.confidence);
    finding.message = format!("{} holds {} here and {} elsewhere", report::key(op), code(ty), code(usual));
    finding.primary_label = format!("stores {}", code(ty));
    finding.help =
        format!("give {} a key of its own, with the name of what it is, or raise the key's version", code(ty));
    finding.discriminator = format!("{} {ty}", report::subject(op));
    finding.labels.push(label(other.place, format!("stores {}", code(usual))));
    finding
}
