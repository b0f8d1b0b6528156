//! `lock-without-ttl`: the lock is taken with an expiry, in the words of its client and version.
//!
//! Unsafe: work that takes longer than the expiry loses the lock, and how long it takes is in no source.

use super::lifetime::{Lifetime, is_plain};
use super::site::{Site, unsafe_};
use super::with_ttl::{Amount, rewrite};
use crate::finding::Fix;
use crate::inventory::Effect;
use crate::rules::duration;

/// Where nothing says how long a lock is held, in milliseconds; the help of the finding shows the same.
const USUAL: i128 = 30_000;

pub(super) fn fix(site: &Site<'_>) -> Option<Fix> {
    let op = site.operation(site.finding.primary)?;
    if !is_plain(op) || !matches!(op.command.as_str(), "SET" | "SETNX") || site.others(op, Effect::Expire) {
        return None;
    }
    let lifetime = Lifetime::of(site, op);
    let ms = lifetime.as_ref().map_or(USUAL, |lifetime| lifetime.ms);
    let (edits, _) = rewrite(site, op, &Amount::of(ms)?)?;
    let whose = lifetime.map_or_else(|| format!("an expiry of {}", duration(USUAL)), |lifetime| lifetime.described());
    Some(unsafe_(format!("take the lock with {whose}"), edits))
}
