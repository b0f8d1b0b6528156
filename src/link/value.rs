//! What the evaluation knows of a value.

use std::rc::Rc;

use smallvec::SmallVec;

use super::index::{DefId, FnId};
use super::ty::Ty;
use crate::clients::{ClientId, Unit};
use crate::facts::Name;
use crate::finding::{FileId, Place};
use crate::loss::Lost;
use crate::provenance::Provenance;
use crate::template::{Hole, Template};
use crate::text::Span;

/// Index into the commands of a [`super::Program`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct CommandId(pub(crate) u32);
/// A pipeline or transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct BatchId(pub(crate) u32);
/// A closure and what it captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ClosureId(pub(crate) u32);

/// A value: its type, its content as far as known, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Value {
    pub(crate) ty: Ty,
    pub(crate) data: Data,
    /// What the source calls it, for the names of holes.
    pub(crate) name: Name,
    /// Reads whose result this is made of.
    pub(crate) reads: SmallVec<[CommandId; 1]>,
    /// It is a field of what was read: whether it is there says nothing of whether the read found something.
    pub(crate) part: bool,
    /// A decoder made it of what was read: where it decodes, there was something.
    pub(crate) decoded: bool,
    /// It is, or is made only of, a parameter of the function at hand (not `self`).
    pub(crate) parameter: bool,
    /// The unit of a number that came out of a `Duration`.
    pub(crate) unit: Option<Unit>,
    /// A random part was added.
    pub(crate) jitter: bool,
    /// How it was serialised, and from what type.
    pub(crate) encoded: Option<Rc<Encoded>>,
    /// Where it comes from. Of a text: of what is not in its holes.
    pub(crate) provenance: Provenance,
    /// Where its text was put together.
    pub(crate) spelled: Spelled,
    /// Where its content was lost.
    pub(crate) lost: Lost,
}

/// Where a text was put together. Not part of what a value is: two places may spell the same text.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spelled(pub(crate) Option<Place>);

impl PartialEq for Spelled {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Spelled {}

impl std::hash::Hash for Spelled {
    fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
}

/// A serialised value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Encoded {
    pub(crate) format: crate::inventory::Encoding,
    pub(crate) ty: Ty,
    /// The type is whatever the caller gives.
    pub(crate) generic: bool,
    /// Fields are told by their position, not by name.
    pub(crate) by_position: bool,
    /// If serialising fails, something else takes its place (`unwrap_or_default`).
    pub(crate) replaced: bool,
    /// See [`Value::texts`].
    pub(crate) texts: Rc<[(Name, Template)]>,
}

/// The content of a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) enum Data {
    #[default]
    Unknown,
    Unit,
    Text(Template),
    Int(i128),
    Bool(bool),
    /// True when the reads in `reads` hit (or, for `false`, missed).
    Found(bool),
    /// In microseconds.
    Duration(i128),
    /// `Some(x)`, `Ok(x)`, `SetExpiry::EX(60)`: an enum variant of another crate by its last two segments at least.
    Variant(Name, Rc<[Value]>),
    /// A variant of an enum of the workspace. Fields in order.
    LocalVariant(DefId, u16, Rc<[(Name, Value)]>),
    Struct(DefId, Rc<[(Name, Value)]>),
    Tuple(Rc<[Value]>),
    /// `complete`: no further elements.
    List {
        items: Rc<[Value]>,
        complete: bool,
    },
    Command(Rc<Building>),
    Batch(BatchId),
    /// A builder of options: the methods called on it.
    Options(Name, Rc<[(Name, Vec<Value>)]>),
    /// A script's text.
    Script(ClientId, Rc<Script>),
    Closure(ClosureId),
    Function(FnId),
    /// A command that was made but not yet awaited or otherwise used.
    Pending(CommandId),
    OneOf(Rc<[Value]>),
    /// A database statement that was made but not yet run, or a collection.
    Statement(Rc<Statement>),
}

/// A database statement.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Statement {
    /// Its SQL text so far; none where a query builder says what it does.
    pub(crate) text: Option<String>,
    pub(crate) access: crate::stores::Access,
    /// What a row of its result is read into, where the code says so.
    pub(crate) row: Ty,
    /// What the source calls the values that it is given.
    pub(crate) given: Vec<Name>,
    /// No statement yet: a collection, of which a method says what is done with it.
    pub(crate) collection: bool,
    /// Its text was lost, here.
    pub(crate) lost: Lost,
    pub(crate) unread: bool,
}

/// A command under construction.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Building {
    pub(crate) client: ClientId,
    /// The command's name, where it is known.
    pub(crate) name: Option<Value>,
    pub(crate) args: Vec<Argument>,
    pub(crate) file: FileId,
    /// The name token.
    pub(crate) name_span: Span,
    /// The name token is the name's own literal.
    pub(crate) literal: bool,
    /// It began as a method constructor (`Cmd::set(k, v)`): the method, and how many of `args` are its own.
    pub(crate) method: Option<(Name, usize)>,
}

/// A script, and what it is called with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Script {
    pub(crate) text: Option<String>,
    pub(crate) keys: Vec<Argument>,
    pub(crate) args: Vec<Argument>,
    pub(crate) name_span: Span,
}

/// An argument with its place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Argument {
    pub(crate) value: Value,
    pub(crate) file: FileId,
    pub(crate) span: Span,
}

impl Value {
    pub(crate) fn unknown() -> Self {
        Self::default()
    }

    pub(crate) fn of(data: Data) -> Self {
        Self { data, ..Self::default() }
    }

    pub(crate) fn typed(ty: Ty) -> Self {
        Self { ty, ..Self::default() }
    }

    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self { ty: Ty::external("str"), data: Data::Text(Template::text(text)), ..Self::default() }
    }

    pub(crate) fn template(template: Template) -> Self {
        Self { ty: Ty::external("String"), data: Data::Text(template), ..Self::default() }
    }

    pub(crate) fn int(n: i128) -> Self {
        Self { ty: Ty::Unknown, data: Data::Int(n), ..Self::default() }
    }

    pub(crate) fn named(mut self, name: impl Into<Name>) -> Self {
        self.name = name.into();
        self
    }

    pub(crate) fn with_ty(mut self, ty: Ty) -> Self {
        if !ty.is_unknown() {
            self.ty = ty;
        }
        self
    }

    /// What is left when callers are no longer told apart: constants, keys and functions stay, the rest is a value of its
    /// type under the callee's own name.
    pub(crate) fn widened(self, name: Name) -> Self {
        let keeps = match &self.data {
            Data::Text(_)
            | Data::Int(_)
            | Data::Bool(_)
            | Data::Duration(_)
            | Data::Closure(_)
            | Data::Function(_)
            | Data::Command(_)
            | Data::Batch(_)
            | Data::Statement(_) => true,
            Data::Variant(_, inner) => inner.iter().all(|value| !value.is_unknown()),
            _ => false,
        };
        let (ty, data, lost) = (self.ty, if keeps { self.data } else { Data::Unknown }, self.lost);
        Self { ty, data, name, lost, ..Self::default() }
    }

    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self.data, Data::Unknown)
    }

    /// Its content is not known, nor where it was lost.
    pub(crate) fn is_unexplained(&self) -> bool {
        self.is_unknown() && !self.lost.is_known()
    }

    /// Where this or a part of it was lost.
    pub(crate) fn loss(&self) -> Lost {
        match &self.data {
            Data::Text(template) => template.holes().fold(self.lost, |lost, hole| lost.or(hole.lost)),
            Data::OneOf(all) | Data::Variant(_, all) | Data::Tuple(all) => {
                all.iter().fold(self.lost, |lost, value| lost.or(value.loss()))
            }
            Data::List { items, .. } => items.iter().fold(self.lost, |lost, value| lost.or(value.loss())),
            Data::Options(_, calls) => {
                calls.iter().flat_map(|(_, args)| args).fold(self.lost, |lost, value| lost.or(value.loss()))
            }
            _ => self.lost,
        }
    }

    /// What is written into it that reads as text: its fields by name, those of what lies in it as well.
    pub(crate) fn texts(&self) -> Vec<(Name, Template)> {
        let mut found = Vec::new();
        self.gather_texts(&Name::default(), TEXTS_DEPTH, &mut found);
        found
    }

    fn gather_texts(&self, name: &Name, depth: u8, found: &mut Vec<(Name, Template)>) {
        if found.len() >= MOST_TEXTS {
            return;
        }
        if let Some(encoded) = &self.encoded {
            found.extend(encoded.texts.iter().cloned());
            return;
        }
        match &self.data {
            Data::Struct(_, fields) | Data::LocalVariant(_, _, fields) if depth > 0 => {
                fields.iter().for_each(|(name, value)| value.gather_texts(name, depth - 1, found));
            }
            Data::Tuple(values) | Data::OneOf(values) | Data::Variant(_, values) if depth > 0 => {
                values.iter().for_each(|value| value.gather_texts(name, depth - 1, found));
            }
            Data::List { items, .. } if depth > 0 => {
                items.iter().for_each(|value| value.gather_texts(name, depth - 1, found));
            }
            Data::Text(_) => found.extend(self.as_template().map(|text| (name.clone(), text))),
            Data::Unknown if !self.name.is_empty() => found.push((name.clone(), Template::hole(self.hole()))),
            _ => {}
        }
    }

    /// The reads of which its presence tells whether they found something.
    pub(crate) fn answers(&self) -> &[CommandId] {
        if self.part { &[] } else { &self.reads }
    }

    /// `Some(x)`, `Ok(x)`.
    pub(crate) fn wrapped(variant: &str, inner: Self) -> Self {
        // Around a part of what was read as well: that there is one at all is the answer.
        let (reads, ty) = (inner.reads.clone(), inner.ty.clone());
        Self { ty, data: Data::Variant(variant.into(), Rc::from([inner])), reads, ..Self::default() }
    }

    /// With these origins too, in all of its parts.
    pub(crate) fn also_of(self, origin: Provenance) -> Self {
        let each = |values: &Rc<[Self]>| values.iter().map(|value| value.clone().also_of(origin)).collect();
        let data = match &self.data {
            Data::Text(template) => Data::Text(template.also_of(origin)),
            Data::Tuple(values) => Data::Tuple(each(values)),
            Data::OneOf(values) => Data::OneOf(each(values)),
            Data::Variant(name, values) => Data::Variant(name.clone(), each(values)),
            other => other.clone(),
        };
        Self { provenance: self.provenance | origin, data, ..self }
    }

    /// The constant text, when there is no hole in it.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match &self.data {
            Data::Text(template) => template.as_text(),
            _ => None,
        }
    }

    /// The alternatives of this value, itself when there is only one.
    pub(crate) fn alternatives(&self) -> SmallVec<[&Self; 2]> {
        match &self.data {
            Data::OneOf(values) => values.iter().flat_map(|value| value.alternatives()).collect(),
            _ => smallvec::smallvec![self],
        }
    }

    /// The hole that this value leaves in a template.
    pub(crate) fn hole(&self) -> Hole {
        let lower = self.name.to_ascii_lowercase();
        let last = lower.rsplit(['.', ':']).next().unwrap_or(&lower);
        Hole {
            name: self.name.to_string(),
            debug: false,
            ty: None,
            parameter: self.parameter,
            version: matches!(last, "version" | "ver" | "v" | "schema_version" | "cache_version" | "key_version")
                || last.ends_with("_version"),
            provenance: self.provenance,
            lost: self.lost,
        }
    }

    /// The text that formatting this value gives; `None` when it is not one text.
    pub(crate) fn as_template(&self) -> Option<Template> {
        match &self.data {
            Data::Text(template) => Some(template.clone()),
            Data::Int(n) => Some(Template::text(n.to_string())),
            Data::Bool(b) => Some(Template::text(b.to_string())),
            Data::Unknown
            | Data::Found(_)
            | Data::Struct(..)
            | Data::LocalVariant(..)
            | Data::Duration(_)
            | Data::Statement(_)
            | Data::Pending(_) => Some(Template::hole(self.hole())),
            Data::Variant(name, inner) if matches!(name.as_str(), "Some" | "Ok") => inner.first()?.as_template(),
            _ => None,
        }
    }
}

/// Texts of one message that are looked at, and how deep they lie in it.
const MOST_TEXTS: usize = 16;
const TEXTS_DEPTH: u8 = 4;

/// Most alternatives that are kept apart.
const MOST_ALTERNATIVES: usize = 8;

/// Either value.
pub(crate) fn join(values: impl IntoIterator<Item = Value>) -> Value {
    let mut all: Vec<Value> = Vec::new();
    for value in values {
        for alternative in value.alternatives() {
            if !all.contains(alternative) {
                all.push(alternative.clone());
            }
        }
    }
    let provenance = all.iter().fold(Provenance::NONE, |sum, value| sum | value.provenance);
    if all.len() > 1 {
        // Two unknowns that differ in name only are one unknown.
        let first_unknown = all.iter().position(|value| value.is_unknown() && value.reads.is_empty());
        if let Some(first) = first_unknown {
            let lost = all.iter().filter(|value| value.is_unknown()).fold(Lost::default(), |lost, v| lost.or(v.lost));
            let keep = Value { provenance, lost, ..all[first].clone() };
            all.retain(|value| !(value.is_unknown() && value.reads.is_empty()));
            all.push(keep);
        }
    }
    match all.len() {
        0 => Value::unknown(),
        1 => all.swap_remove(0),
        n => {
            let ty = all.iter().map(|value| &value.ty).find(|ty| !ty.is_unknown()).cloned().unwrap_or_default();
            let mut reads: SmallVec<[CommandId; 1]> = SmallVec::new();
            for value in &all {
                for read in &value.reads {
                    if !reads.contains(read) {
                        reads.push(*read);
                    }
                }
            }
            let name = all.iter().map(|value| &value.name).find(|name| !name.is_empty()).cloned().unwrap_or_default();
            let part = !reads.is_empty() && all.iter().all(|value| value.part || value.reads.is_empty());
            let decoded = !reads.is_empty() && all.iter().all(|value| value.decoded || value.reads.is_empty());
            let parameter = all.iter().all(|value| value.parameter);
            let jitter = all.iter().any(|value| value.jitter);
            let unit = all.iter().find_map(|value| value.unit);
            let encoded = all.iter().find_map(|value| value.encoded.clone());
            let lost = all.iter().fold(Lost::default(), |lost, value| lost.or(value.lost));
            let lost = if n > MOST_ALTERNATIVES { Lost::at(super::losses::TOO_MANY) } else { lost };
            let data = if n > MOST_ALTERNATIVES { Data::Unknown } else { Data::OneOf(all.into()) };
            let spelled = Spelled::default();
            Value { ty, data, name, reads, part, decoded, parameter, unit, jitter, encoded, provenance, spelled, lost }
        }
    }
}
