//! What could not be resolved, and why: for `--show-undetermined`.

use rustc_hash::FxHashSet;

use super::operation::{Effect, Encoding, OpId, Operation, TtlKind};
use super::{Inventory, KeyUse};
use crate::facts::ItemKind;
use crate::finding::Place;
use crate::link::Program;
use crate::link::index::{DefId, FnId, Owner};
use crate::link::losses::{Kind, Loss, is_std};
use crate::link::trace::Step;
use crate::link::ty::{Ty, last_segment};
use crate::link::world::Outside;
use crate::loss::{Cause, CauseKind, Lost};
use crate::template::{Piece, Template};

/// Steps that are gone back from a loss to what led to it.
const MOST_STEPS: u8 = 4;

/// A part of an operation, or a database statement, that could not be resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undetermined {
    /// The operation; `None` for a database statement.
    pub operation: Option<OpId>,
    /// The operation's or statement's place.
    pub place: Place,
    /// The enclosing function's path.
    pub function: String,
    /// Which part.
    pub fact: Fact,
    /// What is known of it: the key with its holes, or the expression as written.
    pub shown: String,
    /// Why.
    pub cause: Cause,
}

/// A part of an operation that may not be resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact {
    /// The whole key.
    Key,
    /// What the key begins with.
    KeyFront,
    /// The TTL.
    Ttl,
    /// The type of the stored value.
    Value,
    /// The command's name.
    Command,
    /// The text of a script.
    Script,
    /// The text of a database statement.
    Statement,
}

impl Fact {
    /// The word of the JSON report.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::KeyFront => "key-front",
            Self::Ttl => "ttl",
            Self::Value => "value-type",
            Self::Command => "command",
            Self::Script => "script",
            Self::Statement => "statement",
        }
    }
}

/// Everything that could not be resolved, in the order of the operations.
pub(super) fn of(program: &Program<'_>, inventory: &Inventory) -> Vec<Undetermined> {
    // What a wrapper's callers decide is told where they call it.
    let decided: FxHashSet<OpId> =
        inventory.operations.iter().filter_map(|op| op.wrapper.as_ref()).map(|wrapper| wrapper.definition).collect();
    let mut called = FxHashSet::default();
    for root in &program.roots {
        callees(program, &root.outcome.steps, &mut called);
    }
    let teller = Teller { program, called };
    let mut out = Vec::new();
    for op in &inventory.operations {
        let callers_decide = op.wrapper.is_none() && decided.contains(&op.id);
        teller.keys(op, callers_decide, &mut out);
        teller.ttl(op, callers_decide, &mut out);
        teller.value(op, callers_decide, &mut out);
        teller.command(op, &mut out);
    }
    if !inventory.operations.is_empty() {
        teller.statements(&mut out);
    }
    out
}

/// The paths of functions that are called, where calls are followed.
fn callees<'p>(program: &'p Program<'_>, steps: &[Step], out: &mut FxHashSet<&'p str>) {
    for step in steps {
        match step {
            // What it calls in turn is a root itself.
            Step::Call(call) => {
                out.insert(&program.world.index.function(call.function).path);
            }
            _ => step.inside().iter().for_each(|steps| callees(program, steps, out)),
        }
    }
}

struct Teller<'p, 'a> {
    program: &'p Program<'a>,
    /// Paths of functions that something calls.
    called: FxHashSet<&'p str>,
}

impl Teller<'_, '_> {
    fn keys(&self, op: &Operation, callers_decide: bool, out: &mut Vec<Undetermined>) {
        for key in &op.keys {
            let found = match &key.template {
                None => (Fact::Key, key.lost, "an element of a list".to_owned(), false),
                Some(template) if !template.has_literal() => {
                    let parameter = template.holes().any(|hole| hole.parameter);
                    if parameter && callers_decide {
                        continue;
                    }
                    let lost = template.holes().fold(Lost::default(), |lost, hole| lost.or(hole.lost));
                    (Fact::Key, lost, template.to_string(), parameter)
                }
                Some(template) => match self.lost_front(template) {
                    Some(lost) => (Fact::KeyFront, lost, template.to_string(), false),
                    None => continue,
                },
            };
            let (fact, lost, shown, parameter) = found;
            let shown = if key.template.is_some() { shown } else { written(key) };
            self.add(op, fact, shown, lost, parameter, out);
        }
    }

    /// A key that begins with a setting: nobody knows what it is a key of.
    fn lost_front(&self, template: &Template) -> Option<Lost> {
        let [Piece::Hole(hole), ..] = template.pieces() else { return None };
        if hole.parameter {
            return None;
        }
        let loss = self.program.losses.get(hole.lost)?;
        let is_setting = match &loss.kind {
            Kind::Constant(_) | Kind::External(_) => true,
            Kind::Field(Ty::Adt(def, _), _) => !self.is_row(*def),
            Kind::Field(..) | Kind::Function(_) | Kind::NoImplementation(_) | Kind::Outside(_) => true,
            _ => false,
        };
        is_setting.then_some(hole.lost)
    }

    /// A struct that comes out of a database or a request: its fields are ids, no settings.
    fn is_row(&self, def: DefId) -> bool {
        let world = self.program.world;
        ["FromRow", "Queryable", "Selectable", "DeriveEntityModel"].iter().any(|name| world.derives(def, name))
    }

    fn ttl(&self, op: &Operation, callers_decide: bool, out: &mut Vec<Undetermined>) {
        if !matches!(op.ttl.kind, TtlKind::Undetermined | TtlKind::Dynamic | TtlKind::Maybe) {
            return;
        }
        if op.forwards_ttl && callers_decide {
            return;
        }
        self.add(op, Fact::Ttl, op.ttl.written.clone(), op.ttl.lost, op.forwards_ttl, out);
    }

    fn value(&self, op: &Operation, callers_decide: bool, out: &mut Vec<Undetermined>) {
        let stores = matches!(op.effect, Effect::Write | Effect::Lock);
        let value = &op.value;
        let open = value.ty.is_none() && value.encoding == Encoding::Unknown && value.constant.is_none();
        if stores && open && value.span.is_some() && !callers_decide {
            let shown = value.span.map(|span| self.text(op.place, span)).unwrap_or_default();
            self.add(op, Fact::Value, shown, value.lost, false, out);
        }
    }

    fn command(&self, op: &Operation, out: &mut Vec<Undetermined>) {
        for reason in &op.unresolved {
            let fact = if op.effect == Effect::Script { Fact::Script } else { Fact::Command };
            let cause = Cause {
                kind: CauseKind::RunTime,
                reason: reason.clone(),
                place: Some(op.place),
                declare: None,
                is_text: true,
            };
            out.push(entry(op, fact, String::new(), cause));
        }
    }

    fn statements(&self, out: &mut Vec<Undetermined>) {
        for unread in &self.program.unread {
            let function = unread.function.map(|function| self.program.world.index.function(function));
            let cause = self.cause(unread.lost, true).unwrap_or_else(|| Cause {
                kind: CauseKind::RunTime,
                reason: "its text is put together when the program runs".to_owned(),
                place: Some(unread.place),
                declare: None,
                is_text: true,
            });
            out.push(Undetermined {
                operation: None,
                place: unread.place,
                function: function.map_or_else(String::new, |function| function.path.clone()),
                fact: Fact::Statement,
                shown: String::new(),
                cause,
            });
        }
    }

    fn add(&self, op: &Operation, fact: Fact, shown: String, lost: Lost, parameter: bool, out: &mut Vec<Undetermined>) {
        let is_text = matches!(fact, Fact::Key | Fact::KeyFront | Fact::Value);
        let cause = self.cause(lost, is_text).map(|cause| match fact {
            // What is stored differs each time; its type is not for `[values]` to say.
            Fact::Value => Cause { declare: None, ..cause },
            _ => cause,
        });
        let cause = cause.unwrap_or_else(|| {
            if parameter {
                let reason = if self.called.contains(op.function.as_str()) {
                    "the function's callers give it, each another one or one that is known at run time only"
                } else {
                    "the function's callers give it, and none of them is in the workspace"
                };
                let (kind, reason) = (CauseKind::Caller, reason.to_owned());
                return Cause { kind, reason, place: None, declare: None, is_text };
            }
            let reason = if shown.is_empty() {
                "it is worked out when the program runs".to_owned()
            } else {
                format!("`{}` is worked out when the program runs", one_line(&shown))
            };
            Cause { kind: CauseKind::RunTime, reason, place: Some(op.place), declare: None, is_text }
        });
        let found = entry(op, fact, one_line(&shown), cause);
        if !out.contains(&found) {
            out.push(found);
        }
    }

    /// A loss in words.
    fn cause(&self, lost: Lost, is_text: bool) -> Option<Cause> {
        let loss = self.program.losses.get(lost)?;
        let (kind, reason) = self.reason(loss, 0);
        let place = (!matches!(loss.kind, Kind::TooMany)).then_some(loss.place);
        // What only holds when the program runs cannot be stated once for all.
        let declare = loss.kind.path(self.program.world);
        Some(Cause { kind, reason, place, declare, is_text })
    }

    fn reason(&self, loss: &Loss, step: u8) -> (CauseKind, String) {
        let from = || {
            let before = self.program.losses.get(loss.from).filter(|_| step < MOST_STEPS)?;
            Some(self.reason(before, step + 1).1)
        };
        let then = |text: String, otherwise: &str| match from() {
            Some(before) => format!("{text}: {before}"),
            None => format!("{text} {otherwise}"),
        };
        match &loss.kind {
            Kind::External(path) => self.external(path),
            Kind::Method(ty, name) => self.method(ty, name),
            Kind::Field(ty, name) => self.field(ty, name, from()),
            Kind::Constant(id) => {
                let def = self.program.world.index.def(*id);
                let is_static = matches!(def.item.kind, ItemKind::Constant { is_static: true, .. });
                let word = if is_static { "static" } else { "constant" };
                let text = format!("the {word} `{}` gets its value when the program runs", short(&def.path));
                (CauseKind::Constant, then(text, "").trim_end().to_owned())
            }
            Kind::Function(id) => (CauseKind::Function, self.function(*id, from())),
            Kind::NoImplementation(id) => {
                let path = short(&self.program.world.index.function(*id).path).to_owned();
                (CauseKind::NoImplementation, format!("nothing in the workspace implements `{path}`"))
            }
            Kind::Outside(id) => (CauseKind::Outside, self.outside(*id)),
            Kind::Recursion(id) => {
                let path = short(&self.program.world.index.function(*id).path).to_owned();
                (CauseKind::Recursion, format!("`{path}` calls itself"))
            }
            Kind::TooDeep(id) => {
                let path = short(&self.program.world.index.function(*id).path).to_owned();
                (CauseKind::TooDeep, format!("calls are not followed as far as `{path}`"))
            }
            Kind::Macro(path) => (CauseKind::Macro, format!("the macro `{path}!` is not expanded")),
            Kind::Callback(name) => (CauseKind::RunTime, format!("`{name}` is a function that is passed in")),
            Kind::Local(name) => {
                (CauseKind::RunTime, format!("`{name}` is a part of something that is known at run time only"))
            }
            Kind::TooMany => (CauseKind::TooMany, "it has more alternatives than are kept apart".to_owned()),
        }
    }

    fn external(&self, path: &str) -> (CauseKind, String) {
        let Some((krate, _)) = path.split_once("::") else {
            return (CauseKind::OtherCrate, format!("`{path}` was not found in the workspace"));
        };
        if is_std(path) {
            return (CauseKind::RunTime, format!("`{path}` gives what is known at run time only"));
        }
        match self.package_of(krate) {
            Some(package) => {
                let text = format!("`{path}` comes from crate `{package}`, whose source is not in the workspace");
                (CauseKind::OtherCrate, text)
            }
            None => (CauseKind::OtherCrate, format!("`{path}` was not found in the workspace")),
        }
    }

    fn method(&self, ty: &Ty, name: &str) -> (CauseKind, String) {
        let Some(path) = crate::link::type_path(self.program.world, ty) else {
            return (CauseKind::RunTime, format!("`{name}` is a method of something whose type is not known"));
        };
        if let Ty::Adt(..) = ty {
            let text = format!("`{}::{name}` has no body in the workspace: a macro or derive writes it", short(&path));
            return (CauseKind::Macro, text);
        }
        if is_std(&path) {
            let text = format!("`{}::{name}` gives what is known at run time only", last_segment(&path));
            return (CauseKind::RunTime, text);
        }
        self.external(&format!("{path}::{name}"))
    }

    fn field(&self, ty: &Ty, name: &str, from: Option<String>) -> (CauseKind, String) {
        let world = self.program.world;
        let Ty::Adt(def, _) = ty else {
            let path = crate::link::type_path(world, ty).unwrap_or_default();
            return self.external(&format!("{path}::{name}"));
        };
        let path = format!("{}::{name}", short(&world.index.def(*def).path));
        let reads = |names: &[&str]| names.iter().any(|name| world.derives(*def, name));
        let text = if reads(&["FromRow", "Queryable", "Selectable", "DeriveEntityModel"]) {
            format!("`{path}` is a column of a row that is read at run time")
        } else if reads(&["Parser", "Args"]) {
            format!("`{path}` is set on the command line")
        } else if reads(&["Deserialize"]) {
            format!("`{path}` is deserialised: it is read at run time")
        } else if let Some(from) = from {
            format!("`{path}` is set when the program runs: {from}")
        } else {
            format!("`{path}` is set when the program runs")
        };
        (CauseKind::Field, text)
    }

    fn function(&self, id: FnId, from: Option<String>) -> String {
        let function = self.program.world.index.function(id);
        let path = short(&function.path);
        match (from, &function.function.body) {
            (Some(from), _) => format!("`{path}` works it out when the program runs: {from}"),
            (None, None) => format!("`{path}` has no body in the workspace"),
            (None, Some(_)) => format!("`{path}` works it out when the program runs"),
        }
    }

    fn outside(&self, id: FnId) -> String {
        let world = self.program.world;
        let function = world.index.function(id);
        let path = short(&function.path);
        let by_derive = matches!(function.owner, Owner::Trait(trait_)
            if world.implemented_outside(trait_) == Some(Outside::Derive));
        if by_derive {
            format!("a derive writes `{path}`, and what it writes is not seen")
        } else {
            format!("`{path}` is left to the programs that use this library: they implement the public trait")
        }
    }

    /// The package of the workspace's dependencies that is called so in the code.
    fn package_of(&self, krate: &str) -> Option<String> {
        let dependencies = self.program.world.workspace.packages.iter().flat_map(|package| &package.dependencies);
        dependencies.filter(|dependency| dependency.alias == krate).map(|dependency| dependency.package.clone()).next()
    }

    fn text(&self, place: Place, span: crate::text::Span) -> String {
        span.of(self.program.world.workspace.text(place.file)).to_owned()
    }
}

fn entry(op: &Operation, fact: Fact, shown: String, cause: Cause) -> Undetermined {
    Undetermined { operation: Some(op.id), place: op.place, function: op.function.clone(), fact, shown, cause }
}

fn written(key: &KeyUse) -> String {
    key.written.trim_start_matches('&').to_owned()
}

/// A text of several lines on one.
fn one_line(text: &str) -> String {
    let mut out = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((at, _)) = out.char_indices().nth(60) {
        out.truncate(at);
        out.push('…');
    }
    out
}

/// The last two segments of a path.
fn short(path: &str) -> &str {
    let mut ends = path.rmatch_indices("::");
    ends.next();
    ends.next().map_or(path, |(at, _)| &path[at + 2..])
}
