//! What a command makes of a read of the same key before it.

use crate::inventory::{Condition, Effect, Operation, Purpose, TtlKind};

/// What the second command makes of the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Race {
    Take,
    CheckThenSet,
    ReadChangeWrite,
}

/// How far a path has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Stage {
    Before,
    /// Read, and not yet looked at.
    Read,
    Found,
    Missed,
    /// Missed, and something was loaded since: a fill, not a check.
    Loaded,
}

/// What is lost or had twice if another caller comes between the two.
pub(super) fn of(read: &Operation, change: &Operation, stage: Stage, written_back: bool) -> Option<Race> {
    let one_batch = match (read.batch, change.batch) {
        (Some(one), Some(other)) if one.batch == other.batch => Some(one.atomic),
        _ => None,
    };
    // One transaction, or one that may be one; and a batch cannot act on what it read.
    if one_batch.is_some_and(|atomic| atomic != Some(false)) {
        return None;
    }
    match change.effect {
        Effect::Delete if matches!(change.command.as_str(), "DEL" | "UNLINK") && read.command == "GET" => {
            let single_use = matches!(read.purpose, Purpose::Token | Purpose::Queue);
            let taken = one_batch.is_some() || (single_use && matches!(stage, Stage::Read | Stage::Found));
            taken.then_some(Race::Take)
        }
        _ if one_batch.is_some() => None,
        Effect::Write if change.condition == Condition::Always && change.ttl.kind != TtlKind::Keep => {
            let claims = match read.command.as_str() {
                "EXISTS" => read.purpose != Purpose::Cache,
                _ => matches!(read.purpose, Purpose::Token | Purpose::Counter),
            };
            if stage == Stage::Missed && claims {
                return Some(Race::CheckThenSet);
            }
            // With a default for what is not there, no path tells found from missed.
            let own = matches!(read.purpose, Purpose::Session | Purpose::Token);
            let changed = written_back && matches!(stage, Stage::Read | Stage::Found) && !own && read.command == "GET";
            changed.then_some(Race::ReadChangeWrite)
        }
        Effect::Counter => {
            (read.command == "GET" && matches!(stage, Stage::Read | Stage::Found)).then_some(Race::ReadChangeWrite)
        }
        _ => None,
    }
}
