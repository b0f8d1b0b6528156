//! Hand-built inventories for the tests of the rules.

use super::{Context, find};
use crate::finding::{Confidence, FileId, Finding, Place};
use crate::inventory::operation::TtlUnit;
use crate::inventory::{
    BatchUse, CollectionUse, Condition, Effect, Encoding, Event, FunctionEvents, GuardKind, Inventory, KeyUse,
    LoadKind, OpId, Operation, Purpose, RunsOn, Ttl, TtlKind, ValueUse, Via, WrapperUse,
};
use crate::policy::Policy;
use crate::schema::LockFile;
use crate::source::Workspace;
use crate::template::{Hole, Template};
use crate::text::Span;

/// A program as the rules see it.
#[derive(Default)]
pub(super) struct World {
    pub(super) inventory: Inventory,
    pub(super) policy: Policy,
    pub(super) workspace: Workspace,
    pub(super) locks: Vec<LockFile>,
}

impl World {
    /// A world with these operations, ids from 0.
    pub(super) fn of(ops: impl IntoIterator<Item = Operation>) -> Self {
        let mut world = Self::default();
        for op in ops {
            world.add(op);
        }
        world
    }

    /// Adds an operation; its id is its index and its place is byte `100 * id` of file 0, unless it has one.
    pub(super) fn add(&mut self, mut op: Operation) -> OpId {
        let index = u32::try_from(self.inventory.operations.len()).unwrap();
        op.id = OpId(index);
        op.place.span = Span { start: index * 100, end: index * 100 + 3 };
        self.inventory.operations.push(op);
        OpId(index)
    }

    /// Adds the events of a function.
    pub(super) fn function(mut self, name: &str, events: Vec<Event>) -> Self {
        let place = place(50_000);
        self.inventory.functions.push(FunctionEvents {
            function: name.to_owned(),
            place,
            test: false,
            is_async: true,
            events,
        });
        self
    }

    /// What one rule says of it, test code left out.
    pub(super) fn check(&self, rule: &str) -> Vec<Finding> {
        assert!(find(rule).is_some(), "no rule {rule}");
        let context = Context {
            inventory: &self.inventory,
            policy: &self.policy,
            workspace: &self.workspace,
            locks: &self.locks,
        };
        super::run(context, false, |meta| meta.id == rule)
    }

    /// The only finding of one rule.
    pub(super) fn one(&self, rule: &str) -> Finding {
        let mut findings = self.check(rule);
        assert_eq!(findings.len(), 1, "{findings:#?}");
        findings.remove(0)
    }

    /// Asserts that a rule says nothing.
    pub(super) fn silent(&self, rule: &str) {
        assert_eq!(self.check(rule), []);
    }
}

/// An operation with sensible defaults for its command: `op("SETEX")` writes, is certain, through redis-rs.
pub(super) fn op(command: &str) -> Operation {
    let (effect, method) = match command {
        "SET" => (Effect::Write, "set"),
        "SETEX" => (Effect::Write, "set_ex"),
        "PSETEX" => (Effect::Write, "pset_ex"),
        "APPEND" => (Effect::Write, "append"),
        "SETNX" => (Effect::Lock, "set_nx"),
        "GET" => (Effect::Read, "get"),
        "DEL" => (Effect::Delete, "del"),
        "WATCH" => (Effect::Other, "watch"),
        "EXPIRE" => (Effect::Expire, "expire"),
        "EXPIREAT" => (Effect::Expire, "expire_at"),
        "INCR" => (Effect::Counter, "incr"),
        "DECRBY" => (Effect::Counter, "decr"),
        "HSET" => (Effect::CollectionWrite, "hset"),
        "SADD" => (Effect::CollectionWrite, "sadd"),
        "KEYS" => (Effect::Scan, "keys"),
        "FLUSHDB" | "FLUSHALL" => (Effect::Flush, "cmd"),
        "EVAL" => (Effect::Script, "invoke_async"),
        "PUBLISH" => (Effect::Publish, "publish"),
        "SUBSCRIBE" => (Effect::Subscribe, "subscribe"),
        other => panic!("give {other} an effect"),
    };
    let kind = match effect {
        Effect::Write | Effect::Lock | Effect::Counter | Effect::CollectionWrite => TtlKind::None,
        _ => TtlKind::NotApplicable,
    };
    Operation {
        id: OpId(0),
        place: place(0),
        call: Span::default(),
        function: "app::handler".to_owned(),
        client: "redis".to_owned(),
        command: command.to_owned(),
        alternative: None,
        effect,
        via: Via::Method,
        keys: Vec::new(),
        ttl: Ttl::of(kind),
        value: ValueUse::default(),
        condition: if command == "SETNX" { Condition::IfAbsent } else { Condition::Always },
        purpose: Purpose::Unknown,
        confidence: Confidence::Certain,
        test: false,
        batch: None,
        wrapper: None,
        forwards_key: false,
        forwards_ttl: false,
        sent: true,
        receiver: "con".to_owned(),
        spelled: method.to_owned(),
        script_commands: Vec::new(),
        unresolved: Vec::new(),
        blocking: false,
        runs_on: RunsOn::Task,
        awaited: true,
        cluster: false,
        after_commit: false,
        collection: CollectionUse::default(),
    }
}

/// What tests say about an operation, in the order in which a reader wants to know it.
impl Operation {
    /// With a key such as `user:{id}`, written `&key`.
    pub(super) fn key(mut self, template: &str) -> Self {
        self.keys.push(KeyUse {
            template: Some(parse(template)),
            span: None,
            written: "&key".to_owned(),
            spelled: None,
            many: false,
            lost: Default::default(),
        });
        self
    }

    /// With a key that is wholly the caller's parameter.
    pub(super) fn key_parameter(mut self, name: &str) -> Self {
        // Borrowed or cloned, it is the same parameter.
        let parameter = name.trim_start_matches('&').trim_end_matches(".clone()");
        let hole = Hole { parameter: true, ..Hole::named(parameter) };
        self.keys.push(KeyUse {
            template: Some(Template::hole(hole)),
            span: None,
            written: name.to_owned(),
            spelled: None,
            many: false,
            lost: Default::default(),
        });
        self.forwards_key = true;
        self
    }

    pub(super) fn ttl(mut self, kind: TtlKind) -> Self {
        self.ttl.kind = kind;
        self
    }

    pub(super) fn ttl_secs(self, seconds: i128) -> Self {
        self.ttl(TtlKind::Constant(seconds * 1000)).unit(TtlUnit::Seconds)
    }

    pub(super) fn unit(mut self, unit: TtlUnit) -> Self {
        self.ttl.unit = Some(unit);
        self
    }

    pub(super) fn source_unit(mut self, unit: TtlUnit) -> Self {
        self.ttl.source_unit = Some(unit);
        self
    }

    pub(super) fn ttl_written(mut self, written: &str) -> Self {
        self.ttl.written = written.to_owned();
        self
    }

    pub(super) fn purpose(mut self, purpose: Purpose) -> Self {
        self.purpose = purpose;
        self
    }

    /// Stores a struct of the workspace in this encoding.
    pub(super) fn structured(mut self, ty: &str, encoding: Encoding) -> Self {
        self.value = ValueUse { ty: Some(ty.to_owned()), encoding, structured: true, ..ValueUse::default() };
        self
    }

    /// Stores something that is not known to be a struct.
    pub(super) fn value(mut self, ty: Option<&str>, encoding: Encoding) -> Self {
        self.value = ValueUse { ty: ty.map(str::to_owned), encoding, ..ValueUse::default() };
        self
    }

    pub(super) fn condition(mut self, condition: Condition) -> Self {
        self.condition = condition;
        self
    }

    pub(super) fn effect(mut self, effect: Effect) -> Self {
        self.effect = effect;
        self
    }

    pub(super) fn client(mut self, client: &str) -> Self {
        self.client = client.to_owned();
        self
    }

    pub(super) fn via(mut self, via: Via) -> Self {
        self.via = via;
        self
    }

    pub(super) fn function(mut self, function: &str) -> Self {
        self.function = function.to_owned();
        self
    }

    pub(super) fn forwards_ttl(mut self) -> Self {
        self.forwards_ttl = true;
        self
    }

    /// The call of `cache.METHOD(…)`, which sends the operation with the id `definition`.
    pub(super) fn call_of(mut self, function: &str, definition: OpId) -> Self {
        self.via = Via::Wrapper;
        self.receiver = "cache".to_owned();
        self.spelled = function.rsplit("::").next().unwrap_or(function).to_owned();
        self.wrapper = Some(WrapperUse { function: function.to_owned(), definition, other_package: false });
        self
    }

    pub(super) fn in_batch(mut self, batch: u32, atomic: Option<bool>) -> Self {
        self.via = Via::Pipeline;
        self.batch = Some(BatchUse { batch, atomic });
        self
    }

    pub(super) fn script(mut self, commands: &[&str]) -> Self {
        self.via = Via::Script;
        self.script_commands = commands.iter().map(|&command| command.to_owned()).collect();
        self
    }

    pub(super) fn in_test(mut self) -> Self {
        self.test = true;
        self
    }

    pub(super) fn unsent(mut self) -> Self {
        self.sent = false;
        self
    }
}

/// `user:{id}:{}` as a template; `{*id}` is a parameter of the function.
pub(super) fn parse(text: &str) -> Template {
    let mut template = Template::default();
    for part in text.split_inclusive('}') {
        match part.split_once('{') {
            Some((literal, hole)) => {
                template.push_text(literal);
                let name = hole.trim_end_matches('}');
                let parameter = name.starts_with('*');
                template.push_hole(Hole { parameter, ..Hole::named(name.trim_start_matches('*')) });
            }
            None => template.push_text(part),
        }
    }
    template
}

pub(super) fn place(start: u32) -> Place {
    Place { file: FileId(0), span: Span { start, end: start + 3 } }
}

pub(super) fn sent(id: u32) -> Event {
    Event::Operation(OpId(id))
}

/// What follows a read: an arm for the hit and one for the miss.
pub(super) fn hit_or_miss(read: u32, mut hit: Vec<Event>, mut miss: Vec<Event>) -> Event {
    hit.insert(0, Event::Hit(OpId(read)));
    miss.insert(0, Event::Miss(OpId(read)));
    Event::Branch(vec![hit, miss])
}

pub(super) fn load(kind: LoadKind, name: &str) -> Event {
    Event::Load { kind, place: place(40_000), name: name.to_owned() }
}

pub(super) fn guard(kind: GuardKind) -> Event {
    Event::Guard { kind, place: place(41_000) }
}

pub(super) fn call(function: &str, events: Vec<Event>) -> Event {
    Event::Call {
        function: function.to_owned(),
        place: place(42_000),
        events,
        awaited: true,
        hands_on: false,
        runs_on: RunsOn::Task,
        certain: true,
    }
}
