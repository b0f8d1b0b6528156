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

use super::lines::{Line, Lines};

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
    /// It has other attributes: the old, the new. Of the type itself where the change has no name: those that say one
    /// thing together (`tag`, `content` and `untagged`).
    Attributes(String, String),
    /// Fields or variants stand in another order.
    Order(Ordered),
    /// Something that the lines do not show: a struct became a tuple, a generic parameter came.
    Structure,
}

/// What has an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ordered {
    /// Of a struct.
    Fields,
    /// Of an enum.
    Variants,
}

/// The changes from `was` to `now`, both as [`Shape::lines`](crate::shape::Shape::lines) gives them, in the order of
/// `now`; what is gone comes last.
#[must_use]
pub fn changes(was: &[String], now: &[String], reading: Reading) -> Vec<Change> {
    let (old, new) = (Lines::of(was), Lines::of(now));
    let structure = || Change {
        name: String::new(),
        kind: ChangeKind::Structure,
        breaks: Some("values are stored in another form"),
    };
    if old == new {
        return vec![structure()];
    }
    let sides = Sides { old: &old, new: &new, reading };
    let mut out = sides.own_attributes();
    for line in new.parts() {
        if let Some(other) = old.get(line.name) {
            out.extend(sides.same_name(other, line));
        } else if !new.is_part_of_another(line, &old) {
            out.push(match new.twin(line, &old) {
                Some(other) => sides.renamed(other, line),
                None => change(line, ChangeKind::Added(line.ty.to_owned()), sides.added(line)),
            });
        }
    }
    let gone = old.parts().filter(|line| new.get(line.name).is_none());
    for line in gone.filter(|line| !old.is_part_of_another(line, &new) && old.twin(line, &new).is_none()) {
        out.push(change(line, ChangeKind::Removed, sides.removed(line)));
    }
    if out.is_empty() {
        out.push(sides.order().unwrap_or_else(structure));
    }
    out
}

fn change(line: &Line<'_>, kind: ChangeKind, breaks: Option<&'static str>) -> Change {
    Change { name: line.name.to_owned(), kind, breaks }
}

/// Attributes of a type that say one thing together: one in the place of another is one change.
const TOGETHER: [&[&str]; 2] = [&["tag", "content", "untagged"], &["from", "try_from"]];

fn attribute_name(attribute: &str) -> &str {
    attribute.split_once('=').map_or(attribute, |(name, _)| name)
}

fn group(attribute: &str) -> &str {
    let name = attribute_name(attribute);
    TOGETHER.iter().find(|names| names.contains(&name)).map_or(name, |names| names[0])
}

fn is_default(attribute: &str) -> bool {
    attribute_name(attribute) == "default"
}

struct Sides<'s, 'a> {
    old: &'s Lines<'a>,
    new: &'s Lines<'a>,
    reading: Reading,
}

impl Sides<'_, '_> {
    /// What the attributes of the type itself became, one change for those that say one thing.
    fn own_attributes(&self) -> Vec<Change> {
        let mut groups: Vec<&str> = self.new.attributes().chain(self.old.attributes()).map(group).collect();
        groups.sort_unstable();
        groups.dedup();
        let changed = groups.into_iter().filter_map(|of| {
            let said =
                |lines: &Lines<'_>| lines.attributes().filter(|name| group(name) == of).collect::<Vec<_>>().join(", ");
            let (was, now) = (said(self.old), said(self.new));
            let breaks = (of != "default").then_some("values are stored in another form");
            let kind = ChangeKind::Attributes(was.clone(), now.clone());
            (was != now).then_some(Change { name: String::new(), kind, breaks })
        });
        changed.collect()
    }

    fn same_name(&self, was: &Line<'_>, now: &Line<'_>) -> Vec<Change> {
        let mut out = Vec::new();
        if was.ty != now.ty {
            let kind = ChangeKind::Type(was.ty.to_owned(), now.ty.to_owned());
            out.push(change(now, kind, Some("what is stored as the one type is read as the other")));
        }
        out.extend(self.attributes(was, now));
        out
    }

    /// Whether a reader of `side` does without this field.
    fn is_optional(side: &Lines<'_>, line: &Line<'_>) -> bool {
        let replaced = line.attributes().any(|name| matches!(attribute_name(name), "with" | "deserialize_with"));
        line.attributes().any(is_default)
            || (line.ty.starts_with("Option<") && !replaced)
            || side.attributes().any(is_default)
    }

    fn added(&self, line: &Line<'_>) -> Option<&'static str> {
        if !line.is_field {
            return self.other_form("a version of the program that runs already cannot read it");
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
            return self.other_form("it may still be stored");
        }
        match self.reading {
            Reading { by_position: true, .. } => Some("values are read by their position"),
            _ if !Self::is_optional(self.old, line) => Some("the older version does not read what has none"),
            Reading { closed: true, .. } => Some("`deny_unknown_fields` refuses what was stored before"),
            Reading { .. } => None,
        }
    }

    /// A variant that one side does not have.
    fn other_form(&self, why: &'static str) -> Option<&'static str> {
        let caught = |lines: &Lines<'_>| lines.parts().flat_map(Line::attributes).any(|name| name == "other");
        (self.reading.by_position || !(caught(self.old) && caught(self.new))).then_some(why)
    }

    fn renamed(&self, was: &Line<'_>, now: &Line<'_>) -> Change {
        // Each side reads what the other writes, if under an alias.
        let reads = |reader: &Line<'_>, writer: &Line<'_>| {
            let written = writer.names().0;
            let alias = format!("alias=\"{written}\"");
            reader.names().1 == written || reader.attributes().any(|name| name == alias)
        };
        let fine = was.is_field && reads(was, now) && reads(now, was) && !self.reading.by_position;
        let breaks = (!fine).then_some("what is stored under the one name is not found under the other");
        change(was, ChangeKind::Renamed(now.name.to_owned()), breaks)
    }

    fn attributes(&self, was: &Line<'_>, now: &Line<'_>) -> Option<Change> {
        if was.attributes == now.attributes {
            return None;
        }
        let lost = was.attributes().filter(|name| !now.attributes().any(|other| other == *name));
        let won = now.attributes().filter(|name| !was.attributes().any(|other| other == *name));
        let reads_less = Self::is_optional(self.old, was) && Self::is_optional(self.new, now);
        let is_fine = |name: &str| is_default(name) || (attribute_name(name) == "skip_serializing_if" && reads_less);
        let fine = !self.reading.by_position && lost.chain(won).all(is_fine);
        let kind = ChangeKind::Attributes(was.attributes.to_owned(), now.attributes.to_owned());
        Some(change(now, kind, (!fine).then_some("values are stored or read in another form")))
    }

    /// Where the order of the lines is all that differs, and counts.
    fn order(&self) -> Option<Change> {
        let untagged = self.new.attributes().any(|name| name == "untagged");
        let breaks = match self.reading {
            Reading { by_position: true, .. } => "values are read by their position",
            _ if untagged => "a value is read as the first variant that fits",
            Reading { .. } => return None,
        };
        let of_variants = self.new.parts().any(|line| !line.is_field);
        let what = if of_variants { Ordered::Variants } else { Ordered::Fields };
        Some(Change { name: String::new(), kind: ChangeKind::Order(what), breaks: Some(breaks) })
    }
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
        // The attributes of the type itself have no name of their own.
        let whose = if name.is_empty() { "the type".to_owned() } else { named(name) };
        match kind {
            ChangeKind::Added(ty) if !ty.contains(char::is_alphanumeric) => write!(f, "{whose} was added"),
            ChangeKind::Added(ty) if name.contains('/') => write!(f, "{whose} of type `{ty}` was added"),
            ChangeKind::Added(ty) => write!(f, "`{name}: {ty}` was added"),
            ChangeKind::Removed => write!(f, "{whose} was removed"),
            ChangeKind::Renamed(to) if name.contains('/') || to.contains('/') => {
                write!(f, "{whose} became {}", named(to))
            }
            ChangeKind::Renamed(to) => write!(f, "{whose} was renamed to `{to}`"),
            ChangeKind::Type(was, now) => write!(f, "{whose} changed from `{}` to `{}`", shown(was), shown(now)),
            ChangeKind::Attributes(was, now) if was.is_empty() => write!(f, "{whose} became {}", serde(now)),
            ChangeKind::Attributes(was, now) if now.is_empty() => write!(f, "{whose} lost {}", serde(was)),
            ChangeKind::Attributes(was, now) => write!(f, "{whose} changed from {} to {}", serde(was), serde(now)),
            ChangeKind::Order(Ordered::Fields) => f.write_str("the order of the fields changed"),
            ChangeKind::Order(Ordered::Variants) => f.write_str("the order of the variants changed"),
            ChangeKind::Structure => f.write_str("the structure changed"),
        }
    }
}

/// A name; of one that is written otherwise than it is read both.
fn named(name: &str) -> String {
    match name.split_once('/') {
        Some((written, read)) => format!("`{written}` (read as `{read}`)"),
        None => format!("`{name}`"),
    }
}

/// Attributes as people write them: `tag = "kind"`.
fn serde(attributes: &str) -> String {
    let spaced = |attribute: &str| {
        attribute.split_once('=').map_or_else(|| attribute.to_owned(), |(name, value)| format!("{name} = {value}"))
    };
    format!("`#[serde({})]`", attributes.split(", ").map(spaced).collect::<Vec<_>>().join(", "))
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
