//! ## What it does
//!
//! Reports a value that is stored although the rule file marks it as secret: its type is one of `[secrets] types`, or it
//! has a field of `[secrets] fields`, directly or in a type that it holds; fields that serde skips do not count. A TTL of
//! at most `[secrets] max-ttl` makes it acceptable, where one is stated.
//!
//! This rule is off by default. Which data is secret is for the project to say; the names that come with the tool
//! (`password_hash`, `totp_secret` and the like) are right for most projects, and wrong for one that keeps tokens in Redis
//! on purpose.
//!
//! ## Why is this bad?
//!
//! What is cached leaves the database's protection: it lies unencrypted in the memory of a server that many services
//! reach, in its snapshots and replicas, and on the screen of everyone who types `GET`. A password's hash that the page
//! never needed becomes readable there only because the whole row was cached.
//!
//! ## Example
//!
//! ```rust,ignore
//! #[derive(Serialize)]
//! struct User { name: String, password_hash: String }
//!
//! con.set_ex(format!("shop:v1:user:{id}"), serde_json::to_string(&user)?, 900).await?;
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! // Only what readers of the copy need.
//! #[derive(Serialize)]
//! struct CachedUser { name: String }
//! ```
//!
//! Or `#[serde(skip)]` on the field.
//!
//! ## Options
//!
//! `[secrets]` `types`, `fields` (names, `*` stands for any part of one), `max-ttl`.
//!
//! ## References
//!
//! - OWASP: Secrets Management Cheat Sheet
//! - CWE-312: cleartext storage of sensitive information

use super::usage::Usage;
use super::{Category, Context, Meta, Rule, code, docs, report};
use crate::finding::{Confidence, Finding, Level};
use crate::inventory::{Operation, TtlKind};
use crate::policy::Located;

const SOURCE: &str = include_str!("sensitive_value.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "sensitive-value",
    summary: "a value that is marked as secret is stored",
    level: Level::Off,
    category: Category::Policy,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct SensitiveValue;

impl Rule for SensitiveValue {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let usage = Usage::new(context.inventory);
        let secrets = &context.policy.secrets;
        for op in context.inventory.operations.iter().filter(|op| op.sent && op.creates() && usage.chooses_key(op)) {
            let shown = op.value.ty.as_deref().unwrap_or_default();
            let by_type = secrets.types.iter().find(|ty| names(shown).any(|name| name == ty.value));
            let by_field = || {
                let secret = |field: &&String| secrets.fields.iter().find(|pattern| matches(&pattern.value, field));
                op.value.fields.iter().find_map(|field| Some((field, secret(&field)?)))
            };
            let short = secrets.max_ttl.as_ref().is_some_and(|max| lives_at_most(op, max.value));
            if short {
                continue;
            }
            if let Some(ty) = by_type {
                findings.push(finding(op, ty, format!("`{}` is marked as secret, and is stored under", ty.value)));
            } else if let Some((field, pattern)) = by_field() {
                let holder = if shown.is_empty() { "a value".to_owned() } else { code(shown).into_owned() };
                let message = format!("{holder} is stored with its secret field {} under", code(field));
                findings.push(finding(op, pattern, message));
            }
        }
    }
}

/// The names in a shown type: `Vec<User>` holds `Vec` and `User`.
fn names(shown: &str) -> impl Iterator<Item = &str> {
    shown.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|name| !name.is_empty())
}

/// `*_secret`, `password*`, `api_key`.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((front, back)) => name.strip_prefix(front).is_some_and(|rest| match back.split_once('*') {
            None => rest.ends_with(back),
            Some((middle, _)) => rest.contains(middle.trim_end_matches('*')),
        }),
    }
}

fn lives_at_most(op: &Operation, max: i128) -> bool {
    match op.ttl.kind {
        TtlKind::Constant(ms) | TtlKind::Range(_, ms) | TtlKind::Separate(Some(ms)) => ms <= max,
        _ => false,
    }
}

fn finding(op: &Operation, marked: &Located<String>, message: String) -> Finding {
    let mut finding = report::finding(&META, op);
    finding.message = format!("{message} {}", report::key(op));
    "readable for everyone who reaches the server".clone_into(&mut finding.primary_label);
    finding.labels.extend(marked.place.map(|place| report::label(place, "marked as secret here")));
    finding.help =
        "store a type that holds only what readers of the copy need, or mark the field with `#[serde(skip)]`"
            .to_owned();
    finding
}
