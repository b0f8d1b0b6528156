//! Which parameters, and which of their fields, a value was made of.

use std::rc::Rc;

use smallvec::SmallVec;

use crate::facts::Name;

/// A parameter of the function at hand, or a field of one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Source {
    /// Its position, `self` not counted.
    pub(crate) param: usize,
    pub(crate) fields: SmallVec<[Name; 2]>,
    /// What the source calls it: `params.limit`.
    pub(crate) name: Name,
}

impl Source {
    fn is(&self, other: &Self) -> bool {
        (self.param, &self.fields) == (other.param, &other.fields)
    }

    fn field(&self, field: &Name) -> Self {
        let mut fields = self.fields.clone();
        fields.push(field.clone());
        // The field of an extractor's tuple has a name of its own: `query.0` is shown as `query`.
        let number = field.chars().all(|c| c.is_ascii_digit());
        let name = if number { self.name.clone() } else { format!("{}.{field}", self.name).into() };
        Self { param: self.param, fields, name }
    }
}

/// A set of sources, each once.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Sources(pub(crate) Vec<Source>);

impl Sources {
    pub(crate) fn of(source: Source) -> Self {
        Self(vec![source])
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for source in &other.0 {
            if !self.0.iter().any(|own| own.is(source)) {
                self.0.push(source.clone());
            }
        }
    }
}

/// What is known of where a value comes from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flow {
    pub(crate) sources: Sources,
    /// It *is* what its one source names, so that its fields are that one's fields.
    place: bool,
    /// Its parts, where it was put together here: a struct expression, a tuple.
    parts: Option<Rc<Vec<(Name, Self)>>>,
}

impl Flow {
    pub(crate) fn place(source: Source) -> Self {
        Self { sources: Sources::of(source), place: true, parts: None }
    }

    /// Made of these in some way.
    pub(crate) fn made(sources: Sources) -> Self {
        Self { sources, place: false, parts: None }
    }

    /// Put together from parts.
    pub(crate) fn whole(parts: Vec<(Name, Self)>) -> Self {
        let mut sources = Sources::default();
        for (_, part) in &parts {
            sources.add(&part.sources);
        }
        Self { sources, place: false, parts: Some(Rc::new(parts)) }
    }

    pub(crate) fn field(&self, name: &Name) -> Self {
        if let Some(parts) = &self.parts {
            return match parts.iter().find(|(part, _)| part == name) {
                Some((_, part)) => part.clone(),
                None => Self::made(self.sources.clone()),
            };
        }
        match (self.place, self.sources.0.as_slice()) {
            (true, [source]) => Self::place(source.field(name)),
            _ => Self::made(self.sources.clone()),
        }
    }

    /// What the fields at this path were made of.
    pub(crate) fn at(&self, fields: &[Name]) -> Sources {
        fields.iter().fold(self.clone(), |flow, name| flow.field(name)).sources
    }

    /// Either of two.
    pub(crate) fn or(mut self, other: &Self) -> Self {
        let same = self.place && other.place && self.sources == other.sources;
        if !same {
            self.sources.add(&other.sources);
            self.place = false;
            self.parts = None;
        }
        self
    }

    pub(crate) fn with(mut self, more: &Sources) -> Self {
        if !more.0.is_empty() {
            self.sources.add(more);
            self.place = false;
        }
        self
    }
}
