//! The shape of a struct or enum: what of it decides how stored bytes are read, and a fingerprint of that.
//!
//! **What changes the fingerprint**
//!
//! * A field or variant added, removed or renamed. What counts is the name in the stored form, after `rename` and
//!   `rename_all`; a Rust name that changes under a steady `rename` does not count.
//! * A field's type, as it is written. `String` and `std::string::String` differ: without name resolution nothing can
//!   tell an alias from a new type, and a needless change of version costs less than a wrongly decoded value.
//! * Struct, tuple or enum; generic parameters.
//! * serde attributes that change the form or what an absent field means: `default`, `flatten`, `with`,
//!   `serialize_with`, `deserialize_with`, `skip_serializing_if`, `tag`, `content`, `untagged`, `transparent`, `from`,
//!   `try_from`, `into`, `remote`, `other`, and every attribute that is not known here.
//! * The order of fields and variants under [`Order::Counts`], and of the variants of an untagged enum always, because
//!   there the first that fits is taken.
//!
//! **What does not**
//!
//! * The order of named fields and variants under [`Order::Free`]: JSON and MessagePack with names look fields up by
//!   name. A codec that reads by position, such as postcard, needs [`Order::Counts`].
//! * The type's own name and visibility, derives, documentation, formatting, `where` clauses, other attributes.
//! * Fields with `#[serde(skip)]`: they are not stored.
//! * `alias` (unless what is written has another name than what is read), `deny_unknown_fields`, `bound`, `borrow`,
//!   `crate`, `expecting`: bytes that were written by the same shape read the same.
//!
//! The derive macro of `cache-patterns` fingerprints one item. A caller that can find other items, as the linter can,
//! gives a [`Resolver`] and gets a fingerprint that changes with nested types as well, or the shapes themselves.
//!
//! ```
//! use cache_schema::shape::{Order, Shape};
//!
//! let item = syn::parse_str(r#"
//!     #[serde(rename_all = "camelCase")]
//!     pub struct Profile { user_id: i64, #[serde(default)] name: Option<String>, #[serde(skip)] cached: bool }
//! "#)?;
//! let shape = Shape::of(&item, Order::Free);
//! assert_eq!(shape.lines(), ["userId: i64", "name: Option<String> #[default]"]);
//! # Ok::<(), syn::Error>(())
//! ```

mod attributes;
mod case;
mod follow;
mod read;
mod text;

use std::fmt;

use xxhash_rust::xxh32::xxh32;

pub use self::follow::Resolver;
pub use self::text::canonical;

/// Whether the order of named fields and of variants belongs to the stored form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Order {
    /// No: the codec looks fields up by name (JSON, MessagePack with names).
    Free,
    /// Yes: the codec reads by position (postcard, bincode).
    Counts,
}

/// What of a struct or enum decides how stored bytes are read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Shape {
    /// The type's name; not part of the fingerprint.
    pub name: String,
    /// Generic parameters as written, without bounds.
    pub generics: Vec<String>,
    /// serde attributes of the type that count, in canonical text, sorted.
    pub attributes: Vec<String>,
    /// Fields or variants.
    pub body: Body,
    /// Whether order belongs to the stored form.
    pub order: Order,
    /// `deny_unknown_fields`: whoever reads this shape refuses fields of another. Not part of the fingerprint.
    pub closed: bool,
}

/// The inside of a [`Shape`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Body {
    /// A struct.
    Struct(Fields),
    /// An enum.
    Enum(Vec<Variant>),
}

/// The fields of a struct or variant that are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Fields {
    /// How they are written.
    pub style: Style,
    /// In the order of the source.
    pub fields: Vec<Field>,
}

/// How fields are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Style {
    /// `{ name: Type }`
    Named,
    /// `(Type)`
    Tuple,
    /// Nothing.
    Unit,
}

/// One stored field.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Field {
    /// The name in the stored form, or the index in a tuple. `written/read` where the two differ.
    pub name: String,
    /// The name in the code, or the index there; not part of the fingerprint.
    pub own: String,
    /// The type in canonical text.
    pub ty: String,
    /// serde attributes that count, in canonical text, sorted.
    pub attributes: Vec<String>,
}

/// One stored variant of an enum.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Variant {
    /// The name in the stored form. `written/read` where the two differ.
    pub name: String,
    /// The name in the code; not part of the fingerprint.
    pub own: String,
    /// serde attributes that count, in canonical text, sorted.
    pub attributes: Vec<String>,
    /// Its fields.
    pub fields: Fields,
}

impl Shape {
    /// The shape of `item`; its own item only, no other is looked at.
    #[must_use]
    pub fn of(item: &syn::DeriveInput, order: Order) -> Self {
        read::shape(item, order)
    }

    /// The shape of `type Name = …;`: whoever names the alias reaches what it stands for.
    #[must_use]
    pub fn of_alias(item: &syn::ItemType) -> Self {
        let ty = canonical(quote::ToTokens::to_token_stream(&item.ty));
        let mut shape = Self::of_type(&syn::ext::IdentExt::unraw(&item.ident).to_string(), &ty);
        shape.generics = read::generics(&item.generics);
        shape
    }

    /// The shape of a value of the type `ty`, which is no struct or enum of its own: `Vec<User>`, `(User, Order)`.
    #[must_use]
    pub fn of_type(name: &str, ty: &str) -> Self {
        let only = Field { name: "0".to_owned(), own: "0".to_owned(), ty: ty.to_owned(), attributes: Vec::new() };
        Self {
            name: name.to_owned(),
            generics: Vec::new(),
            attributes: Vec::new(),
            body: Body::Struct(Fields { style: Style::Tuple, fields: vec![only] }),
            order: Order::Free,
            closed: false,
        }
    }

    /// The shape in lines for people, in the order of the source: `name: Type #[attribute]`.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.attributes.iter().map(|attribute| format!("#[{attribute}]")).collect();
        match &self.body {
            Body::Struct(fields) => fields.lines("", &mut lines),
            Body::Enum(variants) => {
                for variant in variants {
                    lines.push(format!("{}{}{}", variant.name, variant.fields.style, marks(&variant.attributes)));
                    variant.fields.lines(&format!("{}.", variant.name), &mut lines);
                }
            }
        }
        lines
    }

    /// A number that differs where the shape differs (see the module for what counts). Never 0, the same on every
    /// machine and in every release.
    #[must_use]
    pub fn fingerprint(&self) -> u32 {
        hash(&self.text())
    }

    /// The text that is hashed.
    fn text(&self) -> String {
        let mut lines = self.lines();
        let first_fits = self.attributes.iter().any(|attribute| attribute == "untagged");
        if self.order == Order::Free && !first_fits {
            lines.sort();
        }
        let kind = match &self.body {
            Body::Struct(fields) => format!("struct{}", fields.style),
            Body::Enum(_) => "enum".to_owned(),
        };
        let order = if self.order == Order::Counts { " in order" } else { "" };
        format!("{kind}<{}>{order}\n{}\n", self.generics.join(","), lines.join("\n"))
    }
}

impl Fields {
    fn lines(&self, prefix: &str, out: &mut Vec<String>) {
        for field in &self.fields {
            out.push(format!("{prefix}{}: {}{}", field.name, field.ty, marks(&field.attributes)));
        }
    }
}

impl fmt::Display for Style {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Named => " {}",
            Self::Tuple => "()",
            Self::Unit => "",
        })
    }
}

fn marks(attributes: &[String]) -> String {
    if attributes.is_empty() { String::new() } else { format!(" #[{}]", attributes.join(", ")) }
}

/// 0 stands for "no fingerprint" in a stored value, so that no shape may have it.
fn hash(text: &str) -> u32 {
    xxh32(text.as_bytes(), 0).max(1)
}

#[cfg(test)]
mod tests;
