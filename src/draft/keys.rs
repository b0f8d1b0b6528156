//! The keys of the code, each with what is done to it.

use std::collections::BTreeMap;

use crate::inventory::{Effect, Operation, Purpose, TtlKind};
use crate::policy::grammar::normal_segments;
use crate::policy::{Match, Pattern, VersionSpelling, pattern};
use crate::run::Analysis;
use crate::template::{Piece, Template};

/// TTLs in milliseconds outside of these are slips (seconds for milliseconds), which no class is to bless.
const PLAUSIBLE: std::ops::RangeInclusive<i128> = 1_000..=400 * 86_400_000;

/// A key template and the operations on it.
pub(super) struct Key<'a> {
    pub(super) template: &'a Template,
    pub(super) operations: Vec<&'a Operation>,
}

/// The keys with some literal text, sorted.
pub(super) fn of(analysis: &Analysis) -> Vec<Key<'_>> {
    let mut keys: BTreeMap<String, Key<'_>> = BTreeMap::new();
    for op in analysis.operations().filter(|op| !op.forwards_key && is_about_a_key(op)) {
        // A star in a key is a pattern, and deletes nothing (`pattern-invalidation` says so).
        for template in op.templates().filter(|key| key.has_literal() && !key.to_string().contains('*')) {
            let key = keys.entry(template.shape()).or_insert_with(|| Key { template, operations: Vec::new() });
            key.operations.push(op);
        }
    }
    keys.into_values().collect()
}

/// Neither a channel nor a pattern.
fn is_about_a_key(op: &Operation) -> bool {
    !matches!(op.effect, Effect::Publish | Effect::Subscribe | Effect::Scan | Effect::Flush | Effect::Other)
}

impl Key<'_> {
    pub(super) fn purpose(&self) -> Purpose {
        let told = |op: &&&Operation| op.purpose != Purpose::Unknown;
        self.operations.iter().find(told).map_or(Purpose::Unknown, |op| op.purpose)
    }

    /// The TTLs that are known, in milliseconds, the shortest first.
    pub(super) fn ttls(&self) -> Vec<i128> {
        let mut ttls: Vec<i128> = self
            .operations
            .iter()
            .filter_map(|op| match op.ttl.kind {
                TtlKind::Constant(ms) | TtlKind::Separate(Some(ms)) | TtlKind::Range(_, ms) if is_span(op) => Some(ms),
                _ => None,
            })
            .filter(|ms| PLAUSIBLE.contains(ms))
            .collect();
        ttls.sort_unstable();
        ttls.dedup();
        ttls
    }

    /// It is made, and nothing ever gives it an expiry.
    pub(super) fn endures(&self) -> bool {
        let made = |op: &&&Operation| op.creates() && op.ttl.kind != TtlKind::NotApplicable;
        let mut made = self.operations.iter().filter(made).peekable();
        made.peek().is_some()
            && made.all(|op| op.ttl.kind == TtlKind::None)
            && !self.operations.iter().any(|op| matches!(op.effect, Effect::Expire | Effect::Script))
    }

    /// It is given a TTL that is only known at run time.
    pub(super) fn is_open(&self) -> bool {
        self.operations
            .iter()
            .any(|op| matches!(op.ttl.kind, TtlKind::Dynamic | TtlKind::Maybe | TtlKind::Separate(None)))
    }

    /// It is read, and filled with what a miss has loaded.
    pub(super) fn is_cache_aside(&self) -> bool {
        let any = |wanted: Effect| self.operations.iter().any(|op| op.effect == wanted);
        self.purpose() == Purpose::Cache && any(Effect::Read) && any(Effect::Write)
    }

    /// The commands that are sent to it, each once.
    pub(super) fn commands(&self) -> Vec<&str> {
        let mut commands: Vec<&str> = self.operations.iter().map(|op| op.command.as_str()).collect();
        commands.sort_unstable();
        commands.dedup();
        commands
    }

    /// The literal segments that say what it is about, versions left out.
    pub(super) fn words(&self, separator: char) -> Vec<String> {
        let spelling = VersionSpelling::default();
        let segments = normal_segments(self.template, separator);
        let named = segments.iter().filter(|segment| !spelling.is_version(segment));
        named.filter_map(|segment| segment.as_text()).filter(|text| !text.is_empty()).map(str::to_owned).collect()
    }

    /// The pattern that matches the key and as little else as possible.
    pub(super) fn pattern(&self, separator: char) -> Option<String> {
        let spelling = VersionSpelling::default();
        let segments = normal_segments(self.template, separator);
        let mut parts: Vec<String> =
            segments.iter().filter(|segment| !spelling.is_version(segment)).map(part).collect();
        let holes = parts.iter().rev().take_while(|part| *part == "*").count();
        if holes > 0 {
            parts.truncate(parts.len() - holes);
            parts.push("**".to_owned());
        }
        let text = parts.join(&separator.to_string());
        let read = Pattern::new(&text, separator).ok()?;
        let cut = pattern::Cut::new(self.template, separator, &spelling);
        (parts.len() > 1 || holes == 0).then_some(())?;
        (read.compare(&cut) == Match::Yes).then_some(text)
    }

    /// For people, on one line.
    pub(super) fn shown(&self) -> String {
        self.template.to_string().chars().map(|c| if c.is_control() { '·' } else { c }).collect()
    }
}

/// A point in time is no span.
fn is_span(op: &Operation) -> bool {
    use crate::inventory::TtlUnit::{UnixMilliseconds, UnixSeconds};
    !matches!(op.ttl.unit, Some(UnixSeconds | UnixMilliseconds))
}

fn part(segment: &Template) -> String {
    let mut out = String::new();
    for piece in segment.pieces() {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Hole(_) if out.ends_with('*') => {}
            Piece::Hole(_) => out.push('*'),
        }
    }
    out
}
