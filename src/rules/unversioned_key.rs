//! ## What it does
//!
//! Reports a struct that is stored serialised (JSON, MessagePack, bincode, CBOR, postcard, …) in a cache or session
//! entry whose key carries no version. Once per key.
//!
//! Numbers, plain strings, counters, tokens and locks need no version. A version may stand in the key as text (`v2`), come
//! from a constant or a helper, or stand in the stored value. Protocol Buffers number their fields and are exempt. So is
//! what Redis is the only home of: raising a version there would lose the data.
//!
//! ## Why is this bad?
//!
//! When a field is added, renamed or changes its meaning, the new program reads what the old one stored. In the good
//! case decoding fails and the request with it. In the bad one it succeeds: a field that is missing becomes its default,
//! bincode shifts every following byte, and users see wrong data until the TTL has passed. During a rolling deployment
//! both versions do it to each other.
//!
//! ## Example
//!
//! ```rust,ignore
//! let _: () = con.set_ex(format!("user:profile:{id}"), serde_json::to_string(&profile)?, 900).await?;
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! let _: () = con.set_ex(format!("user:v2:profile:{id}"), serde_json::to_string(&profile)?, 900).await?;
//! ```
//!
//! and raise the number with every change of the struct. Old entries are then not read any more and expire. With the
//! companion crate, `#[cache(version = 2)]` puts it into every key of the entity.
//!
//! ## Options
//!
//! - `[keys] version-segment` says how the version is written, `v{n}` by default.
//! - `[class.NAME] store = true` exempts the keys of a class.
//!
//! ## References
//!
//! - serde documentation: "Container attributes" (`default`, `deny_unknown_fields`)

use rustc_hash::FxHashSet;

use super::demand::{self, Demand};
use super::report;
use super::usage::Usage;
use super::{Category, Context, Meta, Rule, code, docs};
use crate::finding::{Confidence, Finding, Level};
use crate::inventory::{Encoding, Operation, Purpose};

const SOURCE: &str = include_str!("unversioned_key.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "unversioned-key",
    summary: "a serialised struct is cached under a key without a version",
    level: Level::Warning,
    category: Category::Policy,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

/// Types whose serialised form does not change with the program.
const SCALARS: [&str; 24] = [
    "bool",
    "char",
    "str",
    "String",
    "u8",
    "u16",
    "u32",
    "u64",
    "u128",
    "usize",
    "i8",
    "i16",
    "i32",
    "i64",
    "i128",
    "isize",
    "f32",
    "f64",
    "Uuid",
    "Decimal",
    "DateTime",
    "NaiveDate",
    "NaiveDateTime",
    "Duration",
];

/// Containers that add no shape of their own.
const CONTAINERS: [&str; 12] =
    ["Option", "Vec", "Box", "Arc", "Rc", "Cow", "HashMap", "BTreeMap", "HashSet", "BTreeSet", "Utc", "FxHashMap"];

pub(super) struct UnversionedKey;

impl Rule for UnversionedKey {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let usage = Usage::new(context.inventory);
        let mut shapes: Vec<_> = usage.shapes().collect();
        shapes.sort_unstable_by_key(|(shape, _)| *shape);
        let mut reported = FxHashSet::default();
        for (shape, users) in shapes {
            // Of a part of a workspace the part's own writers come first: findings elsewhere are not shown.
            let elsewhere = |op: &Operation| context.workspace.file(op.place.file).is_some_and(|file| !file.selected);
            let mut writers: Vec<&Operation> =
                users.iter().copied().filter(|op| stores_struct(op, users) && usage.chooses_key(op)).collect();
            writers.sort_by_key(|op| (elsewhere(op), op.id));
            let mut writers = writers.into_iter();
            let Some(op) = writers.next() else { continue };
            let Some(template) = op.templates().find(|template| template.shape() == shape) else { continue };
            let demand = Demand::of(context.policy, op);
            if demand.is_store() || demand::is_versioned(context.policy, template) {
                continue;
            }
            // A key that is one of several, by a branch, is mended in one place.
            let written = op.keys.iter().find(|key| key.template.as_ref() == Some(template)).and_then(|key| key.span);
            if !reported.insert((op.id, written)) {
                continue;
            }
            let mut finding = report::finding(&META, op);
            shape.clone_into(&mut finding.discriminator);
            if !op.value.structured {
                finding.confidence = finding.confidence.min(Confidence::Likely);
            }
            let what = op.value.ty.as_deref().filter(|ty| !ty.is_empty() && !ty.contains('_')).map_or_else(
                || format!("a value serialised as {}", format_name(op.value.encoding)),
                |ty| format!("{} as {}", code(ty), format_name(op.value.encoding)),
            );
            finding.message = format!("the key {} holds {what} but carries no version", code(&template.to_string()));
            "a later version of the struct will be read from here".clone_into(&mut finding.primary_label);
            finding.help = match demand::versioned(context.policy, template) {
                Some(versioned) => format!("call it {} and raise the number when the struct changes", code(&versioned)),
                None => "put a version into the key and raise it when the struct changes".to_owned(),
            };
            finding.labels.extend(demand::version_label(context.policy));
            finding.labels.extend(report::sites(op, writers, |_| "written here as well".to_owned()));
            findings.push(finding);
        }
    }
}

/// Whether `op` stores a serialised struct that is a copy of something.
fn stores_struct(op: &Operation, users: &[&Operation]) -> bool {
    let purpose = match op.purpose {
        Purpose::Unknown => {
            users.iter().map(|user| user.purpose).find(|&p| p != Purpose::Unknown).unwrap_or(op.purpose)
        }
        known => known,
    };
    let copied = match purpose {
        Purpose::Cache | Purpose::Session => true,
        Purpose::Unknown => op.value.structured,
        _ => false,
    };
    copied
        && op.creates()
        && !op.value.versioned
        && op.value.encoding.is_struct_format()
        && !op.value.ty.as_deref().is_some_and(is_plain)
}

/// Whether a type is made of scalars only: `Vec<i64>`, `HashMap<String, f64>`, `&str`.
fn is_plain(ty: &str) -> bool {
    ty.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':')
        .map(|path| path.rsplit(':').next().unwrap_or(path))
        .filter(|name| !name.is_empty() && *name != "mut" && *name != "dyn")
        .all(|name| SCALARS.contains(&name) || CONTAINERS.contains(&name))
        && ty.chars().any(char::is_alphanumeric)
}

fn format_name(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Json => "JSON",
        Encoding::MessagePack => "MessagePack",
        Encoding::Bincode => "bincode",
        Encoding::Cbor => "CBOR",
        Encoding::Postcard => "postcard",
        Encoding::Protobuf => "Protocol Buffers",
        Encoding::Unknown | Encoding::Plain | Encoding::Other => "bytes",
    }
}
