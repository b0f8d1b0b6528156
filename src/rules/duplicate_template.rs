//! ## What it does
//!
//! Reports a key whose text is put together in more than one place: two `format!` of one shape. Calls of one function that
//! makes the key are one place, however many there are.
//!
//! This rule is off by default, because two `format!` side by side in one small file are often easier to read than a
//! function; switch it on where keys are meant to be made in one place.
//!
//! ## Why is this bad?
//!
//! The writer and the reader of a key agree only as long as whoever changes one changes the other. A version that is
//! raised in one of two places makes every read a miss; a delete that is forgotten in the change deletes nothing, and
//! the stale copy stays.
//!
//! ## Example
//!
//! ```rust,ignore
//! con.set_ex(format!("shop:v1:profile:{id}"), profile, 900).await?;
//! // elsewhere
//! con.del(format!("shop:v1:profile:{user_id}")).await?;
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! pub fn profile(id: UserId) -> String {
//!     format!("shop:v1:profile:{id}")
//! }
//! ```
//!
//! Or `#[derive(CacheEntity)]` of `cache-patterns`, which ties the key to the type.
//!
//! ## Options
//!
//! `[levels]` `duplicate-template = "note"` switches it on.
//!
//! ## References
//!
//! - "Don't repeat yourself" (A. Hunt, D. Thomas: The Pragmatic Programmer)

use std::collections::BTreeMap;

use super::usage::Usage;
use super::{Category, Context, Meta, Rule, docs, report};
use crate::finding::{Confidence, Finding, Level, Place};
use crate::inventory::Operation;

const SOURCE: &str = include_str!("duplicate_template.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "duplicate-template",
    summary: "the text of one key is put together in several places",
    level: Level::Off,
    category: Category::Policy,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct DuplicateTemplate;

impl Rule for DuplicateTemplate {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let usage = Usage::new(context.inventory);
        for (shape, users) in usage.shapes() {
            let mut places: BTreeMap<Place, &Operation> = BTreeMap::new();
            for op in users.iter().filter(|op| !op.test) {
                let own = op.keys.iter().filter(|key| key.template.as_ref().is_some_and(|own| own.shape() == shape));
                for place in own.filter_map(|key| key.spelled) {
                    places.entry(place).or_insert(op);
                }
            }
            let Some((&first, _)) = places.first_key_value() else { continue };
            for (&place, op) in places.iter().skip(1) {
                let mut finding = report::finding(&META, op);
                finding.primary = place;
                finding.message = format!("the key {} is put together here and elsewhere", report::key(op));
                "a second spelling of one key".clone_into(&mut finding.primary_label);
                finding.labels.push(report::label(first, "the first one"));
                finding.help =
                    "let one function make the key, or derive `CacheEntity` for what is stored under it".to_owned();
                findings.push(finding);
            }
        }
    }
}
