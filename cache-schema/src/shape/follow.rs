//! Nested types: a shape together with the shapes of the types in its fields.

use std::collections::BTreeMap;

use super::{Body, Shape, hash};

/// Finds the item that a type's name stands for. The linter has one over all files of a workspace.
pub trait Resolver {
    /// Where an item stands, and which it is: the same item must always have the same place.
    type Place: Ord + Clone;

    /// The item that `path` (`Address`, `model::Address`) names when it is written at `from`.
    ///
    /// `None` for types of other crates and for what cannot be found; such a type counts by its name.
    fn find(&self, from: &Self::Place, path: &str) -> Option<(Self::Place, Shape)>;
}

/// Words in a type that are no path.
const NO_PATH: [&str; 6] = ["as", "const", "dyn", "fn", "impl", "mut"];

/// Attributes of a type whose value is the type that is stored or read in its place.
const CONVERSIONS: [&str; 4] = ["from", "into", "remote", "try_from"];

impl Shape {
    /// The paths that the types of the fields and of conversions (`#[serde(from = "…")]`) name, generic parameters left out: `Vec<model::Line>`
    /// names `Vec` and `model::Line`. Sorted, each once.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        let mut out = Vec::new();
        let mut fields = |fields: &super::Fields| {
            for field in &fields.fields {
                paths_in(&field.ty, &mut out);
            }
        };
        match &self.body {
            Body::Struct(own) => fields(own),
            Body::Enum(variants) => variants.iter().for_each(|variant| fields(&variant.fields)),
        }
        // `#[serde(from = "Stored")]`: what is stored is the other type.
        let conversions = self.attributes.iter().filter_map(|attribute| attribute.split_once('='));
        for (_, other) in conversions.filter(|(name, _)| CONVERSIONS.contains(name)) {
            paths_in(other.trim_matches('"'), &mut out);
        }
        out.retain(|path| !self.generics.iter().any(|generic| generic.trim_start_matches("const ") == path));
        out.sort();
        out.dedup();
        out
    }

    /// All shapes that `self`, standing at `place`, reaches through its fields; itself not among them. Types that hold
    /// each other are met once.
    pub fn reached<R: Resolver>(&self, place: &R::Place, resolver: &R) -> BTreeMap<R::Place, Self> {
        let mut found = BTreeMap::new();
        let mut open = vec![(place.clone(), self.clone())];
        while let Some((from, shape)) = open.pop() {
            for path in shape.paths() {
                let Some((at, mut next)) = resolver.find(&from, &path) else { continue };
                if at == *place || found.contains_key(&at) {
                    continue;
                }
                // What is inside is read by the same codec.
                next.order = self.order;
                found.insert(at.clone(), next.clone());
                open.push((at, next));
            }
        }
        found
    }

    /// As [`Shape::fingerprint`], and it changes with every shape that is reached. Where none is, both are equal.
    pub fn fingerprint_with<R: Resolver>(&self, place: &R::Place, resolver: &R) -> u32 {
        let reached = self.reached(place, resolver);
        // By content and not by place: an item that moves to another file is read as before.
        let mut texts: Vec<String> = reached.values().map(|shape| format!("{} {}", shape.name, shape.text())).collect();
        texts.sort();
        hash(&format!("{}{}", self.text(), texts.concat()))
    }
}

fn paths_in(ty: &str, out: &mut Vec<String>) {
    let mut rest = ty;
    while let Some(start) = rest.find(|c: char| c.is_alphabetic() || c == '_') {
        let lifetime = rest[..start].ends_with('\'');
        let tail = &rest[start..];
        let mut end = 0;
        // A path goes on over `::` that a word follows.
        loop {
            let word = tail[end..].find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(tail.len() - end);
            end += word;
            let goes_on = tail[end..]
                .strip_prefix("::")
                .is_some_and(|next| next.starts_with(|c: char| c.is_alphabetic() || c == '_'));
            if !goes_on {
                break;
            }
            end += 2;
        }
        let path = &tail[..end];
        if !lifetime && !NO_PATH.contains(&path) {
            out.push(path.to_owned());
        }
        rest = &tail[end..];
    }
}
