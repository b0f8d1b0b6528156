//! The lines of a shape as the lock file has them, and which of two shapes are the same field under two names.

/// `name: Type #[attributes]`, `Variant {} #[attributes]`, or `#[attribute]` of the type itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub(super) name: &'a str,
    pub(super) ty: &'a str,
    pub(super) attributes: &'a str,
    pub(super) is_field: bool,
    /// Of the type itself.
    pub(super) is_attribute: bool,
}

impl<'a> Line<'a> {
    pub(super) fn of(line: &'a str) -> Self {
        if let Some(own) = line.strip_prefix("#[") {
            let attributes = own.strip_suffix(']').unwrap_or(own);
            return Self { name: "", ty: "", attributes, is_field: false, is_attribute: true };
        }
        let (front, attributes) = match line.split_once(" #[") {
            Some((front, attributes)) => (front, attributes.strip_suffix(']').unwrap_or(attributes)),
            None => (line, ""),
        };
        let (name, ty) = front.split_once(": ").unwrap_or_else(|| {
            let name = front.trim_end_matches(" {}").trim_end_matches("()");
            (name, &front[name.len()..])
        });
        Self { name, ty, attributes, is_field: front.contains(": "), is_attribute: false }
    }

    pub(super) fn attributes(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.attributes.split(", ").filter(|attribute| !attribute.is_empty())
    }

    /// The variant that a field belongs to.
    fn owner(&self) -> Option<&'a str> {
        self.name.split_once('.').filter(|_| self.is_field).map(|(owner, _)| owner)
    }

    /// The names in the stored form: what is written, what is read.
    pub(super) fn names(&self) -> (&'a str, &'a str) {
        let own = self.owner().map_or(self.name, |owner| &self.name[owner.len() + 1..]);
        own.split_once('/').unwrap_or((own, own))
    }
}

/// The lines of one shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lines<'a>(pub(super) Vec<Line<'a>>);

impl<'a> Lines<'a> {
    pub(super) fn of(lines: &'a [String]) -> Self {
        Self(lines.iter().map(|line| Line::of(line)).collect())
    }

    /// Fields and variants.
    pub(super) fn parts(&self) -> impl Iterator<Item = &Line<'a>> {
        self.0.iter().filter(|line| !line.is_attribute)
    }

    /// The attributes of the type itself.
    pub(super) fn attributes(&self) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(|line| line.is_attribute).map(|line| line.attributes)
    }

    pub(super) fn get(&self, name: &str) -> Option<&Line<'a>> {
        self.parts().find(|line| line.name == name)
    }

    /// The fields of a variant that is itself new or gone.
    pub(super) fn is_part_of_another(&self, line: &Line<'_>, others: &Self) -> bool {
        let Some(variant) = line.owner() else { return false };
        let has = |lines: &Self| lines.parts().any(|line| !line.is_field && line.name == variant);
        has(self) && !has(others)
    }

    /// Style and fields of a variant.
    fn inside(&self, variant: &str) -> Vec<(&'a str, &'a str, &'a str)> {
        let fields = self.parts().filter(|line| line.owner() == Some(variant));
        fields.map(|line| (&line.name[variant.len()..], line.ty, line.attributes)).collect()
    }

    /// The line of `others` that `line` is under another name: what has no line of its name on the other side, and is
    /// alike. Of several only one that is written in another case, or shares the name for writing or reading.
    pub(super) fn twin<'l>(&self, line: &Line<'_>, others: &'l Lines<'l>) -> Option<&'l Line<'l>> {
        let alike = |own: &Lines<'_>, one: &Line<'_>, of: &Lines<'_>, other: &Line<'_>| {
            let bare = |line: &Line<'_>| {
                line.attributes().filter(|name| !name.starts_with("alias")).collect::<Vec<_>>().join(",")
            };
            one.is_field == other.is_field
                && one.ty == other.ty
                && bare(one) == bare(other)
                && (!one.is_field || one.owner() == other.owner())
                && (one.is_field || own.inside(one.name) == of.inside(other.name))
        };
        let found: Vec<&Line<'_>> =
            others.parts().filter(|other| self.get(other.name).is_none() && alike(self, line, others, other)).collect();
        if let Some(near) = found.iter().find(|other| is_near(line, other)) {
            return Some(near);
        }
        // One that is near to another of our own is taken.
        let own: Vec<&Line<'_>> =
            self.parts().filter(|one| others.get(one.name).is_none() && alike(self, line, self, one)).collect();
        let free: Vec<&Line<'_>> =
            found.into_iter().filter(|other| !own.iter().any(|one| is_near(one, other))).collect();
        let open =
            own.iter().filter(|one| !others.parts().any(|other| self.get(other.name).is_none() && is_near(one, other)));
        match free.as_slice() {
            [only] if open.count() == 1 => Some(only),
            _ => None,
        }
    }
}

/// One name in two cases (`user_id`, `userId`), or one that only writing or reading calls otherwise.
fn is_near(one: &Line<'_>, other: &Line<'_>) -> bool {
    let plain =
        |name: &str| name.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect::<String>();
    let ((w0, r0), (w1, r1)) = (one.names(), other.names());
    plain(one.name) == plain(other.name)
        || (one.name.contains('/') || other.name.contains('/')) && (w0 == w1 || r0 == r1)
}
