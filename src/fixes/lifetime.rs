//! Which TTL a write is to have: that of its key's class, or the shorter one that all others give the key.
//!
//! A wrapper's keys are its callers': it gets a TTL only if one suits them all.

use super::site::Site;
use crate::facts::Visibility;
use crate::finding::Confidence;
use crate::inventory::{Effect, OpId, Operation, TtlKind};
use crate::rules::{class_ttl, duration};
use crate::source::TargetKind;

/// A TTL to write, and whose it is.
pub(super) struct Lifetime {
    pub(super) ms: i128,
    /// Completes "the TTL of 15 minutes …".
    pub(super) whose: &'static str,
    /// Callers that are in no file of the run may get it as well.
    pub(super) reaches_outside: bool,
}

impl Lifetime {
    /// Of a write that certainly has none; `None` where anything is in doubt.
    pub(super) fn of(site: &Site<'_>, op: &Operation) -> Option<Self> {
        let calls = calls_of(site, op.id);
        let own = class_ttl(site.ground.policy, op).filter(|_| !op.forwards_key);
        if let Some(of_class) = own {
            return Self::agreed(site, &[op], of_class, "of its class", false);
        }
        // Those that hand their key on are wrappers themselves; their calls are among these, if there are any.
        if calls.iter().any(|call| call.forwards_key && calls_of(site, call.id).is_empty()) {
            return None;
        }
        let subjects: Vec<&Operation> = calls.iter().copied().filter(|call| !call.forwards_key).collect();
        let mut classes = subjects.iter().map(|call| class_ttl(site.ground.policy, call));
        let of_class = classes.next()??;
        if !classes.all(|ttl| ttl == Some(of_class)) || !subjects.iter().all(|call| call.ttl.kind == TtlKind::None) {
            return None;
        }
        let whose = if subjects.len() == 1 { "of the class of its only call" } else { "of the class of all its calls" };
        Self::agreed(site, &subjects, of_class, whose, reaches_outside(site, op, &calls))
    }

    fn agreed(
        site: &Site<'_>,
        subjects: &[&Operation],
        of_class: i128,
        whose: &'static str,
        reaches_outside: bool,
    ) -> Option<Self> {
        if subjects.iter().any(|op| site.others(op, Effect::Expire)) {
            return None;
        }
        let mut given: Vec<i128> = subjects.iter().flat_map(|op| site.ttls_of_others(op)).collect();
        given.sort_unstable();
        given.dedup();
        // Where all others give the key one TTL that the class allows, this write joins them.
        Some(match given.as_slice() {
            [only] if *only <= of_class => Self { ms: *only, whose: "that others give the key", reaches_outside },
            _ => Self { ms: of_class, whose, reaches_outside },
        })
    }

    /// "the TTL of 15 minutes of its class".
    pub(super) fn described(&self) -> String {
        format!("the TTL of {} {}", duration(self.ms), self.whose)
    }
}

/// Every call that ends in this operation, through wrappers of wrappers as well.
fn calls_of<'a>(site: &Site<'a>, definition: OpId) -> Vec<&'a Operation> {
    let all = &site.ground.inventory.operations;
    let mut found: Vec<&Operation> = Vec::new();
    let mut open = vec![definition];
    while let Some(next) = open.pop() {
        let calls = all.iter().filter(|op| op.wrapper.as_ref().is_some_and(|wrapper| wrapper.definition == next));
        for call in calls {
            if call.id != definition && !found.iter().any(|known| known.id == call.id) {
                found.push(call);
                open.push(call.id);
            }
        }
    }
    found
}

/// Whether somebody may call the wrapper whom the run does not see: it is public in a library that is for others.
fn reaches_outside(site: &Site<'_>, op: &Operation, calls: &[&Operation]) -> bool {
    let public = site
        .around(op.place.span)
        .and_then(|around| around.function_around())
        .is_some_and(|function| function.visibility == Visibility::Public);
    let has = |kind| site.package().is_some_and(|package| package.targets.iter().any(|target| target.kind == kind));
    let in_workspace = calls.iter().any(|call| call.wrapper.as_ref().is_some_and(|wrapper| wrapper.other_package));
    public && has(TargetKind::Lib) && !has(TargetKind::Bin) && !in_workspace
}

/// The write is certainly one of Redis, and certainly has no TTL.
pub(super) fn is_plain(op: &Operation) -> bool {
    op.confidence == Confidence::Certain && op.ttl.kind == TtlKind::None
}
