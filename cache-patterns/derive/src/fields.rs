//! `#[cache(…)]` on the fields: which are the id, which is the data version.

use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Fields, Index, Member, Meta, Type};

use crate::attributes::{items, name_of};
use crate::mistakes::{Mistakes, unknown};

/// As many segments as `KeyId` has tuples for.
const MOST_IDS: usize = 4;

/// A field with an attribute.
pub(crate) struct Marked<'a> {
    pub(crate) member: Member,
    pub(crate) ty: &'a Type,
}

/// The fields that have a part in the cache.
#[derive(Default)]
pub(crate) struct Parts<'a> {
    pub(crate) ids: Vec<Marked<'a>>,
    pub(crate) data_version: Option<Marked<'a>>,
}

impl<'a> Parts<'a> {
    pub(crate) fn of(input: &'a DeriveInput, mistakes: &mut Mistakes) -> Self {
        let mut out = Self::default();
        let name = &input.ident;
        let Data::Struct(data) = &input.data else {
            mistakes.at(
                name,
                format!("an entity is a struct, because its id is one of its fields; put the enum into one: `struct {name}Entry {{ #[cache(id)] id: i64, value: {name} }}`"),
            );
            return out;
        };
        if !input.generics.params.is_empty() {
            mistakes.at(
                &input.generics,
                format!("an entity has no generic parameters: `{name}<A>` and `{name}<B>` would share their keys; write a struct for each, with its own `entity` name"),
            );
        }
        for (at, field) in data.fields.iter().enumerate() {
            let member = field.ident.clone().map_or_else(|| Member::Unnamed(Index::from(at)), Member::Named);
            for meta in items(&field.attrs, mistakes) {
                let marked = Marked { member: member.clone(), ty: &field.ty };
                match (name_of(&meta).as_str(), &meta) {
                    ("id", Meta::Path(_)) => out.ids.push(marked),
                    ("data_version", Meta::Path(_)) if out.data_version.is_some() => {
                        mistakes.at(&meta, "a second `data_version`; one counter tells which of two values is newer");
                    }
                    ("data_version", Meta::Path(_)) => out.data_version = Some(marked),
                    (known @ ("id" | "data_version"), other) => {
                        mistakes.at(other, format!("`{known}` stands alone: write `#[cache({known})]`"));
                    }
                    (other, _) => mistakes.at(meta.path(), unknown(other, &["id", "data_version"])),
                }
            }
        }
        match out.ids.len() {
            0 => mistakes.at(name, no_id(&data.fields)),
            1..=MOST_IDS => {}
            _ => mistakes.at(name, format!("an id has at most {MOST_IDS} fields")),
        }
        out
    }
}

impl Marked<'_> {
    /// The name in the template: the field's, or `id` in a tuple struct.
    pub(crate) fn placeholder(&self) -> String {
        match &self.member {
            Member::Named(ident) => ident.unraw().to_string(),
            Member::Unnamed(index) if index.index == 0 => "id".to_owned(),
            Member::Unnamed(index) => format!("id{}", index.index),
        }
    }
}

/// The field that most likely is the id, with the attribute that says so.
fn no_id(fields: &Fields) -> String {
    let names = || fields.iter().filter_map(|field| field.ident.as_ref().map(|ident| (ident.to_string(), field)));
    let likely = names()
        .find(|(name, _)| name == "id")
        .or_else(|| names().find(|(name, _)| name.ends_with("_id") || name == "uuid"))
        .or_else(|| names().next());
    let line = likely.map_or_else(
        || "#[cache(id)]\n    id: i64,".to_owned(),
        |(name, field)| {
            format!(
                "#[cache(id)]\n    {name}: {},",
                cache_schema::shape::canonical(quote::ToTokens::to_token_stream(&field.ty))
            )
        },
    );
    format!("no field is marked as the id, which tells one value from another; write\n\n    {line}\n")
}
