//! ## What it does
//!
//! Reports a struct or enum that is stored under a key and is no longer as `cache-schema.lock` recorded it, while the
//! version in the key is still the same. The struct is followed through the types of its fields, generic parameters,
//! aliases, enums, other files and packages of the workspace. What counts is the stored form: the names after
//! `#[serde(rename)]` and `rename_all`, types, and the attributes that change how bytes are written or read (`default`,
//! `skip`, `tag`, `content`, `untagged`, `flatten`, `with`, `transparent`, …). Entities of `cache-patterns` are included.
//!
//! `cache-lint schema update` writes the lock file, which is checked in and read in review; `cache-lint schema check`
//! shows all that differs. Without a lock file, and for a key that is not in it, the rule is silent.
//!
//! A change that the old and the new program both read is a note. While a new version is deployed, and until the last
//! TTL has passed, each reads what the other wrote, so that both directions count: a field that is added with
//! `#[serde(default)]` or as an `Option` is such a change, and so is taking one away. Under `deny_unknown_fields`, and
//! for formats that read by position (bincode, postcard, MessagePack without names), no change is.
//!
//! ## Why is this bad?
//!
//! The new program reads what the old one stored. In the good case decoding fails, every entry is a miss at once, and
//! where the error leaves the function, so is every request. In the bad case decoding succeeds: a renamed field is its
//! default, bincode takes the bytes of one field for those of the next, and users see wrong data until the TTL has passed.
//! A version that stands in the key but is not raised protects from none of this.
//!
//! ## Example
//!
//! ```rust,ignore
//! #[derive(Serialize, Deserialize)]
//! struct UserProfile {
//!     id: i64,
//!     display_name: String, // was `name` when cache-schema.lock was written
//! }
//!
//! con.set_ex(format!("user:v2:profile:{id}"), serde_json::to_string(&profile)?, 900).await?;
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! con.set_ex(format!("user:v3:profile:{id}"), serde_json::to_string(&profile)?, 900).await?;
//! ```
//!
//! and `cache-lint schema update`, which takes the raised version over. With `cache-patterns`, raise `version` in
//! `#[cache(…)]`. If the change was never deployed, `cache-lint schema update --force` records it under the old version.
//!
//! ## Options
//!
//! - `[keys] version-segment` says how the version is written, `v{n}` by default.
//!
//! ## References
//!
//! - serde documentation: "Container attributes", "Field attributes"
//! - [`unversioned-key`](unversioned-key.md): keys without any version

use super::demand;
use super::report::{self, label};
use super::{Category, Context, Meta, Rule, code, docs};
use crate::finding::{Confidence, Finding, Level, Place};
use crate::policy::grammar::normal_segments;
use crate::schema::{LockFile, PartChange, State, Stored, compare, stored};

const SOURCE: &str = include_str!("schema_changed.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "schema-changed",
    summary: "a stored struct changed while the version in its key did not",
    level: Level::Error,
    category: Category::Correctness,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

/// Changes that are named in a message.
const NAMED: usize = 2;

pub(super) struct SchemaChanged;

impl Rule for SchemaChanged {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let Context { inventory, policy, workspace, locks } = context;
        for stored in stored(inventory, policy, workspace, locks) {
            let lock = &locks[stored.lock];
            if !lock.is_there() {
                continue;
            }
            let locked = lock.lock.get(&stored.slot.service, &stored.slot.entity);
            let finding = match compare(locked, &stored) {
                State::Changed(changes) => changed(context, &stored, lock, &changes),
                State::Lowered(version) => lowered(&stored, lock, version),
                State::Recorded | State::Missing | State::Incomplete | State::Moved | State::Raised(_) => continue,
            };
            findings.push(finding);
        }
    }
}

fn changed(context: Context<'_>, stored: &Stored<'_>, lock: &LockFile, changes: &[PartChange]) -> Finding {
    let mut finding = begin(stored);
    let named: Vec<String> = changes.iter().take(NAMED).map(shown).collect();
    let more = match changes.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more changes"),
    };
    let path = &stored.entry.type_path;
    let name = if path.contains('<') { path } else { path.rsplit("::").next().unwrap_or(path) };
    let what = code(name).into_owned();
    let changes_text = format!("{}{more}", named.join(", "));
    let breaking = changes.iter().find(|part| !part.change.is_compatible());
    let key = report::key(stored.op);
    match breaking {
        Some(part) => {
            finding.message = match stored.slot.version {
                0 => format!("{what} changed under {key}, which has no version: {changes_text}"),
                _ => format!("{what} changed and the version in {key} did not: {changes_text}"),
            };
            part.change.breaks.unwrap_or_default().clone_into(&mut finding.primary_label);
            finding.help = raise(context, stored);
        }
        None => {
            finding.level = finding.level.min(Level::Note);
            finding.message = format!("{what} changed under {key} in a way that both versions read: {changes_text}");
            "what was stored before is read with the default".clone_into(&mut finding.primary_label);
            finding.help = "write it to the lock file with `cache-lint schema update`".to_owned();
        }
    }
    let told = breaking.unwrap_or(&changes[0]);
    let (primary, before) = places(stored, told);
    finding.primary = primary.unwrap_or(stored.op.place);
    if finding.primary != stored.op.place {
        finding.labels.push(label(stored.op.place, format!("stored under {key}")));
    }
    let slot = &stored.slot;
    let line = lock.line(&slot.service, &slot.entity, told.inside.as_deref(), before);
    finding.labels.extend(line.map(|place| label(place, "recorded like this")));
    finding
}

fn lowered(stored: &Stored<'_>, lock: &LockFile, version: u32) -> Finding {
    let mut finding = begin(stored);
    let now = stored.slot.version;
    finding.message = format!("the version of {} went back from {version} to {now}", report::key(stored.op));
    "what an earlier version stored here may still be there".clone_into(&mut finding.primary_label);
    finding.help = format!("raise it to {} at least", version.saturating_add(1));
    let line = lock.line(&stored.slot.service, &stored.slot.entity, None, None);
    finding.labels.extend(line.map(|place| label(place, format!("version {version} is recorded"))));
    finding
}

fn begin(stored: &Stored<'_>) -> Finding {
    let mut finding = report::finding(&META, stored.op);
    finding.discriminator = format!("{}:{}", stored.slot.service, stored.slot.entity);
    finding
}

/// The changed field where the code has it, else the type; and the field's name in the lock file.
fn places<'c>(stored: &Stored<'_>, told: &'c PartChange) -> (Option<Place>, Option<&'c str>) {
    use cache_schema::lock::ChangeKind;
    let name = told.change.name.as_str();
    let now = match &told.change.kind {
        ChangeKind::Renamed(to) => to,
        _ => name,
    };
    let part = match &told.inside {
        Some(inside) => stored.schema.inside.get(inside),
        None => Some(&stored.schema.root),
    };
    let field = part.and_then(|part| part.fields.iter().find(|(field, _)| field == now));
    let before = (!name.is_empty()).then_some(name);
    (field.map(|(_, place)| *place).or_else(|| part.and_then(|part| part.place)), before)
}

fn shown(part: &PartChange) -> String {
    match &part.inside {
        Some(inside) => format!("in {}, {}", code(inside), part.change),
        None => part.change.to_string(),
    }
}

fn raise(context: Context<'_>, stored: &Stored<'_>) -> String {
    const UPDATE: &str = "and run `cache-lint schema update`";
    let next = stored.slot.version.saturating_add(1);
    if stored.schema.entity {
        return format!("raise it with `#[cache(version = {next}, …)]` {UPDATE}");
    }
    let policy = context.policy;
    let Some(key) = stored.op.template() else { return format!("raise the version of the key {UPDATE}") };
    let Some(info) = stored.slot.info else {
        return match demand::versioned(policy, key) {
            Some(versioned) => format!("call the key {} from now on {UPDATE}", code(&versioned)),
            None => format!("give the key another name {UPDATE}"),
        };
    };
    let separator = policy.keys.separator.value;
    let mut segments: Vec<String> = normal_segments(key, separator).iter().map(ToString::to_string).collect();
    if let Some(segment) = segments.get_mut(info.segment) {
        *segment = segment.replacen(&stored.slot.version.to_string(), &next.to_string(), 1);
    }
    format!("call the key {} {UPDATE}", code(&segments.join(&separator.to_string())))
}
