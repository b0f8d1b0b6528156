//! What is deleted or stored together with the message that announces it: both ends of a channel, held beside each other.

use rustc_hash::{FxHashMap, FxHashSet};

use super::channels::meet;
use super::copies::in_one_program;
use super::usage::Usage;
use super::{Context, flow};
use crate::inventory::event::walk;
use crate::inventory::{Condition, Effect, Event, FunctionEvents, OpId, Operation};
use crate::template::Template;

/// Words by which a Redis is called that is not the one that all share.
const OWN: [&str; 11] =
    ["local", "near", "edge", "region", "regional", "replica", "secondary", "sidecar", "node", "l1", "l2"];

/// Every message that is published, and where.
pub(super) struct Announced<'a> {
    context: Context<'a>,
    /// Those whose channel is known.
    messages: Vec<&'a Operation>,
    /// Those that may go to any channel.
    open: Vec<&'a Operation>,
    /// Functions in which each is published, callees included.
    within: FxHashMap<OpId, Vec<&'a FunctionEvents>>,
    /// Functions that something calls.
    called: FxHashSet<&'a str>,
}

impl<'a> Announced<'a> {
    pub(super) fn new(context: Context<'a>) -> Self {
        let usage = Usage::new(context.inventory);
        let (mut messages, mut open) = (Vec::new(), Vec::new());
        for op in context.inventory.operations.iter().filter(|op| op.sent && !op.test) {
            let by_script = op.script_commands.iter().any(|name| name.ends_with("PUBLISH"));
            if op.effect != Effect::Publish && !by_script || op.forwards_key && !usage.calls_of(op.id).is_empty() {
                continue;
            }
            let known = !op.keys.is_empty()
                && op.keys.iter().all(|key| key.template.as_ref().is_some_and(Template::has_literal));
            if by_script || op.forwards_key || !known { open.push(op) } else { messages.push(op) }
        }
        let mut within: FxHashMap<OpId, Vec<&FunctionEvents>> = FxHashMap::default();
        let mut called = FxHashSet::default();
        for function in context.inventory.functions.iter().filter(|function| !function.test) {
            flow::each(&function.events, &mut |event| match event {
                Event::Operation(id) if messages.iter().any(|op| op.id == *id) => {
                    let known = within.entry(*id).or_default();
                    if known.last().is_none_or(|last| !std::ptr::eq(*last, function)) {
                        known.push(function);
                    }
                }
                Event::Call { function: callee, .. } if *callee != function.function => {
                    called.insert(callee.as_str());
                }
                _ => {}
            });
        }
        Self { context, messages, open, within, called }
    }

    /// What each publisher does about the key that `again` deletes, and its message, when all who may publish to these
    /// channels delete it or have stored it anew; nothing when one does not, or when that is not certain.
    pub(super) fn settled_by_all(
        &self,
        channels: &[&Operation],
        again: &Operation,
    ) -> Option<Vec<(&'a Operation, &'a Operation)>> {
        let one_program = |op: &Operation| in_one_program(self.context.workspace, op.place, again.place);
        if self.open.iter().any(|op| one_program(op)) {
            return None;
        }
        let mut found = Vec::new();
        for channel in channels {
            if channel.forwards_key || channel.keys.is_empty() || channel.keys.iter().any(|key| key.template.is_none())
            {
                return None;
            }
            for channel in channel.templates() {
                let shape = channel.shape();
                if !channel.has_literal() || shape.starts_with("__") || self.context.policy.is_external_channel(channel)
                {
                    return None;
                }
                let hears = |op: &&&Operation| op.templates().any(|theirs| meet(&theirs.shape(), &shape));
                for message in self.messages.iter().filter(hears) {
                    if !one_program(message) {
                        return None;
                    }
                    found.push((self.settled_with(message, again)?, *message));
                }
            }
        }
        (!found.is_empty()).then_some(found)
    }

    /// What settles the key wherever `message` is published, if it is the key that `again` deletes.
    fn settled_with(&self, message: &'a Operation, again: &Operation) -> Option<&'a Operation> {
        let mut first = None;
        for function in self.within.get(&message.id)? {
            match self.settled_in(function, message, again) {
                Some(settled) => first = first.or(Some(settled)),
                // Its callers may do it, each for itself.
                None if self.called.contains(function.function.as_str()) => {}
                None => return None,
            }
        }
        first
    }

    /// What settles the key on every path of a function that publishes `message`.
    fn settled_in(&self, function: &FunctionEvents, message: &Operation, again: &Operation) -> Option<&'a Operation> {
        let inventory = self.context.inventory;
        let settles = |id: OpId, told: bool| {
            flow::operation(inventory, id).filter(|op| {
                let deletes = matches!(op.command.as_str(), "DEL" | "UNLINK");
                // What is stored behind the message is not what the subscriber finds.
                let stores = op.effect == Effect::Write && op.condition == Condition::Always && !told;
                let settles = (deletes || stores) && op.sent && op.id != again.id;
                settles && same_redis(op, again) && is_same(op, message, again)
            })
        };
        let mut first = None;
        let ends = walk(&function.events, vec![(false, false)], &mut |event, (settled, told)| match event {
            Event::Operation(id) if *id == message.id => Some((settled, true)),
            Event::Operation(id) => {
                let by = settles(*id, told);
                first = first.or(by);
                Some((settled || by.is_some(), told))
            }
            _ => Some((settled, told)),
        });
        let all = ends.iter().all(|(settled, told)| *settled || !*told);
        first.filter(|_| all && ends.iter().any(|(_, told)| *told))
    }
}

/// Whether `settled`, by who publishes `message`, is the key that `again` deletes when it arrives.
fn is_same(settled: &Operation, message: &Operation, again: &Operation) -> bool {
    let shaped = |op: &Operation| op.templates().any(Template::has_literal);
    if shaped(again) {
        return again.templates().all(|key| settled.templates().any(|theirs| theirs.shape() == key.shape()));
    }
    // The key itself came with the message.
    let Some(name) = again.template().and_then(only_name) else { return false };
    let field = name.rsplit(['.', ':']).next().unwrap_or(name);
    settled.templates().any(|key| {
        let key = key.to_string();
        message.value.texts.iter().any(|(holder, text)| {
            let named = holder.is_empty() || holder.bytes().all(|byte| byte.is_ascii_digit()) || holder == field;
            named && text.to_string().contains(&key)
        })
    })
}

/// What the source calls a key of which nothing else is known.
fn only_name(key: &Template) -> Option<&str> {
    let mut holes = key.holes();
    let only = holes.next().filter(|_| holes.next().is_none())?;
    Some(only.name.as_str())
}

/// Whether two operations go to one Redis, as far as the names of what they are sent on tell.
pub(super) fn same_redis(one: &Operation, other: &Operation) -> bool {
    let owner = |op: &'_ Operation| op.function.rsplit_once("::").map(|(owner, _)| owner.to_owned());
    let (first, second) = (connection(&one.receiver), connection(&other.receiver));
    let own = |name: &str| {
        name.to_ascii_lowercase().split('_').filter(|word| OWN.contains(word)).map(str::to_owned).collect::<Vec<_>>()
    };
    if one.client != other.client || own(first) != own(second) {
        return false;
    }
    let fields = one.receiver.starts_with("self.") && other.receiver.starts_with("self.");
    !fields || first == second || owner(one) != owner(other)
}

/// `redis` of `self.redis.clone()`: the last name before the first call.
fn connection(receiver: &str) -> &str {
    let calls_cut = receiver.find('(').map_or(receiver, |at| {
        let front = &receiver[..at];
        front.rsplit_once('.').map_or(front, |(front, _)| front)
    });
    let path = calls_cut.trim_start_matches(['&', '*']).trim_start_matches("mut ");
    path.rsplit(['.', ':']).next().unwrap_or(path)
}
