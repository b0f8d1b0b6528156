//! Where "no TTL" was decided. A wrapper that forwards its caller's TTL decides nothing: the call does. A wrapper that
//! writes without a TTL whatever it is given decides for all its calls, and is reported once.

use rustc_hash::FxHashSet;

use super::demand::Demand;
use super::usage::{Usage, gives_ttl};
use super::{Context, copies, flow};
use crate::inventory::{Effect, Event, Inventory, OpId, Operation, Purpose, TtlKind};

/// A place that decided to store something without a TTL.
pub(super) struct Gap<'a> {
    /// The deciding operation.
    pub(super) op: &'a Operation,
    /// For an operation inside a wrapper: the calls of it that end without a TTL.
    pub(super) calls: Vec<&'a Operation>,
    /// Only some path is without a TTL.
    pub(super) maybe: bool,
}

impl<'a> Gap<'a> {
    /// The operations whose keys are at stake: the calls, where the wrapper takes its key from them.
    pub(super) fn subjects(&self) -> Vec<&'a Operation> {
        if self.op.forwards_key && !self.calls.is_empty() { self.calls.clone() } else { vec![self.op] }
    }
}

/// All such places among the operations that are `wanted`.
pub(super) fn gaps<'a>(
    inventory: &'a Inventory,
    usage: &Usage<'a>,
    wanted: impl Fn(&Operation) -> bool,
) -> Vec<Gap<'a>> {
    let choices = Choices::new(inventory);
    let mut gaps = Vec::new();
    for op in inventory.operations.iter().filter(|op| op.sent && lacks_ttl(op) && !choices.left_to_caller(op)) {
        if !wanted(op) || decided_by_definition(inventory, &choices, op) {
            continue;
        }
        let calls = usage.calls_of(op.id);
        let lacking: Vec<_> = calls.iter().copied().filter(|call| lacks_ttl(call)).collect();
        if lacking.is_empty() && !calls.is_empty() {
            // Every caller sends an EXPIRE of its own.
            continue;
        }
        let maybe = op.ttl.kind == TtlKind::Maybe || choices.own.contains(&op.id);
        gaps.push(Gap { op, calls: lacking, maybe });
    }
    gaps
}

/// The writes of other functions that give the key of `op` a TTL, where `op` puts an entry of its own in the place of
/// theirs: their TTL goes with it. Empty for what is meant to stay.
pub(super) fn givers<'a>(context: Context<'_>, usage: &Usage<'a>, op: &Operation) -> Vec<&'a Operation> {
    let new_entry =
        matches!(op.command.as_str(), "SET" | "GETSET" | "MSET" | "SETNX" | "MSETNX") || op.command.ends_with("STORE");
    let replaces = op.effect == Effect::Write && new_entry && !op.forwards_key;
    let demand = Demand::of(context.policy, op);
    let stays =
        matches!(op.purpose, Purpose::State | Purpose::Queue | Purpose::Lock | Purpose::Pubsub | Purpose::Admin);
    let temporary = !demand.is_store() && demand.wants_ttl() && (!stays || demand.ttl().is_some());
    if !temporary || !(replaces || op.effect == Effect::Persist) {
        return Vec::new();
    }
    let one_type = |other: &Operation| match (&op.value.ty, &other.value.ty) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    };
    let others = usage.of(op).iter().copied().filter(|other| other.id != op.id);
    others
        .filter(|other| other.creates() && !other.test && other.function != op.function && gives_ttl(other))
        .filter(|other| one_type(other) && copies::in_one_program(context.workspace, op.place, other.place))
        .collect()
}

/// Whether the function also lets a key expire, and neither key is known by more than a variable's name: the pairs that are
/// stored at once may be those that a loop then goes through.
pub(super) fn expires_unseen(context: Context<'_>, op: &Operation) -> bool {
    let variable = |op: &Operation| !op.templates().any(crate::template::Template::has_literal);
    variable(op)
        && context.inventory.operations.iter().any(|other| {
            let beside = other.function == op.function && other.place.file == op.place.file;
            beside && other.effect == Effect::Expire && variable(other)
        })
}

fn lacks_ttl(op: &Operation) -> bool {
    matches!(op.ttl.kind, TtlKind::None | TtlKind::Maybe)
}

/// Whether `op` is the call of a wrapper that never gives a TTL.
fn decided_by_definition(inventory: &Inventory, choices: &Choices, op: &Operation) -> bool {
    op.wrapper.as_ref().and_then(|wrapper| flow::operation(inventory, wrapper.definition)).is_some_and(|definition| {
        definition.id != op.id && lacks_ttl(definition) && !choices.left_to_caller(definition)
    })
}

/// Writes without a TTL that stand beside one with: `match ttl { Some(ttl) => set_ex(…), None => set(…) }`.
struct Choices {
    /// The other one takes its TTL from the caller, who thereby chooses between the two.
    callers: FxHashSet<OpId>,
    /// The other one takes it from elsewhere.
    own: FxHashSet<OpId>,
}

impl Choices {
    fn new(inventory: &Inventory) -> Self {
        let mut choices = Self { callers: FxHashSet::default(), own: FxHashSet::default() };
        for function in &inventory.functions {
            flow::each(&function.events, &mut |event| {
                if let Event::Branch(arms) = event {
                    choices.note(inventory, arms);
                }
            });
        }
        choices
    }

    fn note(&mut self, inventory: &Inventory, arms: &[Vec<Event>]) {
        // What follows a hit and what follows a miss are two writes, not two ways of one.
        if arms.iter().flatten().any(|event| matches!(event, Event::Hit(_) | Event::Miss(_))) {
            return;
        }
        let writes: Vec<Vec<&Operation>> = arms.iter().map(|arm| writes_in(inventory, arm)).collect();
        for (at, arm) in writes.iter().enumerate() {
            for op in arm.iter().filter(|op| lacks_ttl(op)) {
                let others = writes.iter().enumerate().filter(|(other, _)| *other != at).flat_map(|(_, arm)| arm);
                for other in others.filter(|other| gives_ttl(other) && flow::same_key(op, other)) {
                    let set = if other.forwards_ttl { &mut self.callers } else { &mut self.own };
                    set.insert(op.id);
                }
            }
        }
    }

    fn left_to_caller(&self, op: &Operation) -> bool {
        op.forwards_ttl || self.callers.contains(&op.id)
    }
}

fn writes_in<'a>(inventory: &'a Inventory, arm: &[Event]) -> Vec<&'a Operation> {
    let mut writes = Vec::new();
    flow::each(arm, &mut |event| {
        if let Event::Operation(id) = event {
            writes.extend(flow::operation(inventory, *id).filter(|op| op.creates()));
        }
    });
    writes
}
