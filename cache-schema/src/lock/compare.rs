//! What changed between two shapes, in terms of what is stored, and whether both can be read side by side.
//!
//! While a new version of a program is deployed, and until the last TTL has passed, the old and the new structure read
//! each other's values. A change is *compatible* only if both do so without error:
//!
//! * A field that is added with `#[serde(default)]`, or as an `Option`: the new program takes the default for what was
//!   stored before, the old one passes over the field. Removing such a field is the same seen from the other side.
//! * `default` added to or taken from a field that stays; `skip_serializing_if` taken away, or added where the reader
//!   has a default.
//!
//! Nothing is compatible for a codec that reads by position, and no new field under `deny_unknown_fields`. A field that
//! is renamed, or changes its type, is never: what was stored under the old name is lost, and a wider number is read
//! well by the new program only. A variant that the old program does not know fails it, unless one is marked `other`.

use std::fmt;

/// How values are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reading {
    /// By position: postcard, bincode.
    pub by_position: bool,
    /// Under `deny_unknown_fields`.
    pub closed: bool,
}

/// One change of a shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The field or variant, by its name in the stored form.
    pub name: String,
    /// What is different.
    pub kind: ChangeKind,
    /// Why the two versions cannot read each other's values; `None`: they can.
    pub breaks: Option<&'static str>,
}

/// What is different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is new, with this type (empty for a variant).
    Added(String),
    /// It is gone.
    Removed,
    /// It has another name.
    Renamed(String),
    /// It has another type: the old, the new.
    Type(String, String),
    /// It has other attributes: the old, the new.
    Attributes(String, String),
    /// Fields or variants stand in another order.
    Order,
    /// Something that the lines do not show: a struct became a tuple, a generic parameter came.
    Structure,
}

/// The changes from `was` to `now`, both as [`Shape::lines`](crate::shape::Shape::lines) gives them, in the order of
/// `now`; what is gone comes last.
#[must_use]
pub fn changes(was: &[String], now: &[String], reading: Reading) -> Vec<Change> {
    let (old, new): (Vec<Line>, Vec<Line>) = (was.iter().map(Line::of).collect(), now.iter().map(Line::of).collect());
    if old == new {
        let kind = ChangeKind::Structure;
        return vec![Change { name: String::new(), kind, breaks: Some("values are stored in another form") }];
    }
    let sides = Sides { old: &old, new: &new, reading };
    let mut out = Vec::new();
    for line in &new {
        match old.iter().find(|other| other.name == line.name) {
            Some(other) if other.ty != line.ty => {
                let kind = ChangeKind::Type(other.ty.to_owned(), line.ty.to_owned());
                out.push(line.change(kind, Some("what is stored as the one type is read as the other")));
            }
            Some(other) if other.attributes != line.attributes => {
                let kind = ChangeKind::Attributes(other.attributes.to_owned(), line.attributes.to_owned());
                out.push(line.change(kind, sides.attributes(other, line)));
            }
            Some(_) => {}
            None if line.is_part_of_another(&new, &old) => {}
            None => match sides.old_name(line) {
                Some(other) => {
                    let kind = ChangeKind::Renamed(line.name.to_owned());
                    out.push(
                        other.change(kind, Some("what is stored under the one name is not found under the other")),
                    );
                }
                None => out.push(line.change(ChangeKind::Added(line.ty.to_owned()), sides.added(line))),
            },
        }
    }
    let gone = old.iter().filter(|line| !new.iter().any(|other| other.name == line.name));
    for line in gone.filter(|line| !line.is_part_of_another(&old, &new) && sides.new_name(line).is_none()) {
        out.push(line.change(ChangeKind::Removed, sides.removed(line)));
    }
    if out.is_empty() {
        let breaks = Some("values are read by their position");
        out.push(Change { name: String::new(), kind: ChangeKind::Order, breaks });
    }
    out
}

/// `name: Type #[attributes]`, `Variant {} #[attributes]`, or `#[attribute]` of the type itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Line<'a> {
    name: &'a str,
    ty: &'a str,
    attributes: &'a str,
    is_field: bool,
}

impl<'a> Line<'a> {
    fn of(line: &'a String) -> Self {
        if line.starts_with("#[") {
            return Self { name: line, ty: "", attributes: "", is_field: false };
        }
        let (front, attributes) = match line.split_once(" #[") {
            Some((front, attributes)) => (front, attributes.strip_suffix(']').unwrap_or(attributes)),
            None => (line.as_str(), ""),
        };
        match front.split_once(": ") {
            Some((name, ty)) => Self { name, ty, attributes, is_field: true },
            None => {
                let name = front.trim_end_matches(" {}").trim_end_matches("()");
                Self { name, ty: &front[name.len()..], attributes, is_field: false }
            }
        }
    }

    fn change(&self, kind: ChangeKind, breaks: Option<&'static str>) -> Change {
        Change { name: self.name.to_owned(), kind, breaks }
    }

    fn attributes(&self) -> impl Iterator<Item = &'a str> {
        self.attributes.split(", ").filter(|attribute| !attribute.is_empty())
    }

    fn is_attribute(&self) -> bool {
        self.name.starts_with("#[")
    }

    /// The fields of a variant that is itself new or gone.
    fn is_part_of_another(&self, own: &[Self], others: &[Self]) -> bool {
        let Some((variant, _)) = self.name.split_once('.').filter(|_| self.is_field) else { return false };
        let has = |lines: &[Self]| lines.iter().any(|line| !line.is_field && line.name == variant);
        has(own) && !has(others)
    }
}

struct Sides<'a> {
    old: &'a [Line<'a>],
    new: &'a [Line<'a>],
    reading: Reading,
}

impl Sides<'_> {
    /// Whether a reader of `side` does without this field.
    fn is_optional(side: &[Line<'_>], line: &Line<'_>) -> bool {
        let replaced = line.attributes().any(|name| name.starts_with("with") || name.starts_with("deserialize_with"));
        line.attributes().any(|name| name == "default" || name.starts_with("default="))
            || (line.ty.starts_with("Option<") && !replaced)
            || side.iter().any(|line| line.name.starts_with("#[default"))
    }

    fn added(&self, line: &Line<'_>) -> Option<&'static str> {
        if !line.is_field {
            return self.other_form(line, "a version of the program that runs already cannot read it");
        }
        match self.reading {
            Reading { by_position: true, .. } => Some("values are read by their position"),
            _ if !Self::is_optional(self.new, line) => Some("what was stored before does not have it"),
            Reading { closed: true, .. } => Some("`deny_unknown_fields` lets the older version refuse it"),
            Reading { .. } => None,
        }
    }

    fn removed(&self, line: &Line<'_>) -> Option<&'static str> {
        if !line.is_field {
            return self.other_form(line, "it may still be stored");
        }
        match self.reading {
            Reading { by_position: true, .. } => Some("values are read by their position"),
            _ if !Self::is_optional(self.old, line) => Some("the older version does not read what has none"),
            Reading { closed: true, .. } => Some("`deny_unknown_fields` refuses what was stored before"),
            Reading { .. } => None,
        }
    }

    /// A variant, or an attribute of the type itself.
    fn other_form(&self, line: &Line<'_>, variant: &'static str) -> Option<&'static str> {
        if line.is_attribute() {
            return (!line.name.starts_with("#[default")).then_some("values are stored in another form");
        }
        let caught = |lines: &[Line<'_>]| lines.iter().any(|line| line.attributes().any(|name| name == "other"));
        (self.reading.by_position || !(caught(self.old) && caught(self.new))).then_some(variant)
    }

    fn attributes(&self, was: &Line<'_>, now: &Line<'_>) -> Option<&'static str> {
        let lost = was.attributes().filter(|name| !now.attributes().any(|other| other == *name));
        let won = now.attributes().filter(|name| !was.attributes().any(|other| other == *name));
        let is_default = |name: &str| name == "default" || name.starts_with("default=");
        let is_skip = |name: &str| name.starts_with("skip_serializing_if");
        let reads_less = Self::is_optional(self.old, was) && Self::is_optional(self.new, now);
        let fine = !self.reading.by_position
            && lost.into_iter().all(|name| is_default(name) || (is_skip(name) && reads_less))
            && won.into_iter().all(|name| is_default(name) || (is_skip(name) && reads_less));
        (!fine).then_some("values are stored or read in another form")
    }

    /// The only field that is gone and was as `line` is.
    fn old_name(&self, line: &Line<'_>) -> Option<&Line<'_>> {
        twin(line, self.new, self.old)
    }

    /// The only field that is new and is as `line` was.
    fn new_name(&self, line: &Line<'_>) -> Option<&Line<'_>> {
        twin(line, self.old, self.new)
    }
}

fn twin<'l>(line: &Line<'_>, own: &[Line<'_>], others: &'l [Line<'l>]) -> Option<&'l Line<'l>> {
    let alike = |one: &Line<'_>| {
        let owner = |line: &Line<'_>| line.name.rsplit_once('.').map(|(owner, _)| owner.to_owned());
        one.is_field
            && line.is_field
            && (one.ty, one.attributes) == (line.ty, line.attributes)
            && owner(one) == owner(line)
    };
    let only = |lines: &'l [Line<'l>], without: &[Line<'_>]| {
        let mut found = lines.iter().filter(|one| alike(one) && !without.iter().any(|other| other.name == one.name));
        found.next().filter(|_| found.next().is_none())
    };
    let own_twins = own.iter().filter(|one| alike(one) && !others.iter().any(|other| other.name == one.name)).count();
    only(others, own).filter(|_| own_twins == 1)
}

impl Change {
    /// Whether the two versions read each other's values.
    #[must_use]
    pub fn is_compatible(&self) -> bool {
        self.breaks.is_none()
    }
}

impl fmt::Display for Change {
    /// "`name` changed from `String` to `Name`".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, kind, .. } = self;
        match kind {
            ChangeKind::Added(ty) if ty.is_empty() || !ty.contains(char::is_alphanumeric) => {
                write!(f, "`{name}` was added")
            }
            ChangeKind::Added(ty) => write!(f, "`{name}: {ty}` was added"),
            ChangeKind::Removed => write!(f, "`{name}` was removed"),
            ChangeKind::Renamed(to) => write!(f, "`{name}` was renamed to `{to}`"),
            ChangeKind::Type(was, now) => write!(f, "`{name}` changed from `{}` to `{}`", shown(was), shown(now)),
            ChangeKind::Attributes(was, now) if was.is_empty() => write!(f, "`{name}` became `#[serde({now})]`"),
            ChangeKind::Attributes(was, now) if now.is_empty() => write!(f, "`{name}` lost `#[serde({was})]`"),
            ChangeKind::Attributes(was, now) => {
                write!(f, "`{name}` changed from `#[serde({was})]` to `#[serde({now})]`")
            }
            ChangeKind::Order => f.write_str("the order of the fields changed"),
            ChangeKind::Structure => f.write_str("the structure changed"),
        }
    }
}

/// The style of a variant has no name of its own.
fn shown(ty: &str) -> &str {
    match ty.trim() {
        "" => "no fields",
        "{}" => "named fields",
        "()" => "fields by position",
        other => other,
    }
}
