//! Where values were lost, while it is still known what stood there.

use rustc_hash::FxHashMap;

use super::declared::names;
use super::eval::type_path;
use super::index::{DefId, FnId};
use super::ty::{Ty, last_segment};
use super::world::World;
use crate::facts::{ItemKind, Name};
use crate::finding::{FileId, Place};
use crate::loss::Lost;
use crate::policy::DeclaredValue;
use crate::text::Span;

/// A place at which a value was lost.
#[derive(Debug, Clone)]
pub(crate) struct Loss {
    pub(crate) kind: Kind,
    pub(crate) place: Place,
    /// What was lost before, and led to this.
    pub(crate) from: Lost,
}

/// What stood there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// A constant or static.
    Constant(DefId),
    /// A function or constant of another crate, by its path.
    External(Name),
    /// A method of a type whose source is not here.
    Method(Ty, Name),
    Field(Ty, Name),
    /// A function of the workspace.
    Function(FnId),
    /// A method without a body, which nothing implements.
    NoImplementation(FnId),
    /// A method of a trait that others implement, where it cannot be seen.
    Outside(FnId),
    Recursion(FnId),
    TooDeep(FnId),
    Macro(Name),
    /// A closure or function that the caller passes in.
    Callback(Name),
    /// A variable that takes a part of something.
    Local(Name),
    TooMany,
}

/// The loss that needs no place: more alternatives than are kept apart.
pub(crate) const TOO_MANY: usize = 0;

/// All losses of a run; one for each place and what led to it.
#[derive(Debug)]
pub(crate) struct Losses {
    all: Vec<Loss>,
    known: FxHashMap<(Place, Option<usize>, u8), Lost>,
    by_kind: FxHashMap<(Kind, Option<usize>), Lost>,
}

impl Default for Losses {
    fn default() -> Self {
        let place = Place { file: FileId(u32::MAX), span: Span::default() };
        let too_many = Loss { kind: Kind::TooMany, place, from: Lost::default() };
        Self { all: vec![too_many], known: FxHashMap::default(), by_kind: FxHashMap::default() }
    }
}

impl Losses {
    /// The loss at a place; `kind` is only asked for where there is none yet. `sort` tells apart what may be lost at one
    /// place for different reasons.
    pub(crate) fn at(&mut self, place: Place, from: Lost, sort: u8, kind: impl FnOnce() -> Option<Kind>) -> Lost {
        let key = (place, from.index(), sort);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let lost = match kind() {
            Some(kind) => {
                self.all.push(Loss { kind, place, from });
                Lost::at(self.all.len() - 1)
            }
            None => from,
        };
        self.known.insert(key, lost);
        lost
    }

    /// The loss of something that has a name of its own, wherever it is used.
    pub(crate) fn of(&mut self, kind: Kind, from: Lost, place: Place) -> Lost {
        // What every program calls says something only where it is called.
        let everywhere = match &kind {
            Kind::External(path) | Kind::Method(Ty::External(path, _), _) => is_std(path),
            Kind::Method(..) => true,
            _ => false,
        };
        if everywhere {
            return self.at(place, from, u8::MAX, || Some(kind));
        }
        if let Some(known) = self.by_kind.get(&(kind.clone(), from.index())) {
            return *known;
        }
        self.all.push(Loss { kind: kind.clone(), place, from });
        let lost = Lost::at(self.all.len() - 1);
        self.by_kind.insert((kind, from.index()), lost);
        lost
    }

    /// The index of a loss of something that has a name of its own: what two evaluations of one function must not share.
    pub(crate) fn named(&self, lost: Lost) -> Option<usize> {
        let loss = self.get(lost)?;
        let has_name = !matches!(loss.kind, Kind::Macro(_) | Kind::Callback(_) | Kind::Local(_) | Kind::TooMany);
        lost.index().filter(|_| has_name)
    }

    pub(crate) fn get(&self, lost: Lost) -> Option<&Loss> {
        self.all.get(lost.index()?)
    }
}

impl Kind {
    /// The path by which `[values]` of the rule file can say what it stands for.
    pub(crate) fn path(&self, world: &World<'_>) -> Option<String> {
        match self {
            Self::Constant(id) => Some(world.index.def(*id).path.clone()),
            Self::External(path) => (is_path(path) && !is_std(path)).then(|| path.to_string()),
            Self::Method(ty, name) | Self::Field(ty, name) => {
                let owner = type_path(world, ty)?;
                (is_path(&owner) && !is_std(&owner)).then(|| format!("{owner}::{name}"))
            }
            Self::Function(id)
            | Self::NoImplementation(id)
            | Self::Outside(id)
            | Self::Recursion(id)
            | Self::TooDeep(id) => Some(world.index.function(*id).path.clone()).filter(|path| is_path(path)),
            Self::Macro(_) | Self::Callback(_) | Self::Local(_) | Self::TooMany => None,
        }
    }
}

fn is_path(text: &str) -> bool {
    text.split("::").all(|word| !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || c == '_'))
}

/// Entries of `[values]` that name a function, constant, static or field of the workspace, used or not.
pub(crate) fn named(world: &World<'_>, values: &[DeclaredValue]) -> Vec<Place> {
    let index = world.index;
    let is_there = |value: &&DeclaredValue| {
        let last = last_segment(&value.path);
        index.functions.iter().any(|def| def.function.name == last && names(&value.path, &def.path))
            || index.defs.iter().any(|def| match &def.item.kind {
                ItemKind::Struct { fields, .. } => {
                    fields.iter().any(|field| field.name == last)
                        && names(&value.path, &format!("{}::{last}", def.path))
                }
                ItemKind::Constant { .. } => def.name == last && names(&value.path, &def.path),
                _ => false,
            })
    };
    values.iter().filter(is_there).map(|value| value.place).collect()
}

/// Whether a path is one of the standard library's, or of a type that every program knows by its bare name.
pub(crate) fn is_std(path: &str) -> bool {
    match path.split_once("::") {
        Some((krate, _)) => {
            matches!(krate, "std" | "core" | "alloc" | "env" | "fs") || krate.starts_with(|c: char| c.is_uppercase())
        }
        None => true,
    }
}
