//! Which types a stored value is made of: nested types, generics, aliases, other files and packages are followed.

use std::collections::BTreeMap;
use std::sync::Arc;

use cache_schema::shape::{Body, Order, Resolver, Shape};

use super::index::{DefId, DefKind};
use super::resolve::Res;
use super::ty::{Ty, last_segment};
use super::world::World;
use crate::facts::{ItemKind, Name};
use crate::finding::Place;
use crate::inventory::schema::{Part, Schema};

/// Wrappers that leave no trace in the stored form.
const TRANSPARENT: [&str; 5] = ["Arc", "Box", "Cow", "Rc", "Cached"];

impl World<'_> {
    /// The structure of a value of this type; `None` when no serialisable type of the workspace is in it, or when a
    /// part of the type is not known.
    pub(crate) fn schema(&self, ty: &Ty, by_position: bool) -> Option<Arc<Schema>> {
        let key = (bare(ty), by_position);
        if let Some(known) = self.schemas.borrow().get(&key) {
            return known.clone();
        }
        let found = self.follow_schema(&key.0, by_position).map(Arc::new);
        self.schemas.borrow_mut().insert(key, found.clone());
        found
    }

    fn follow_schema(&self, ty: &Ty, by_position: bool) -> Option<Schema> {
        let order = if by_position { Order::Counts } else { Order::Free };
        let mut own = Vec::new();
        if !collect(ty, &mut own) {
            return None;
        }
        let shape_of = |def: DefId| self.index.def(def).item.shape.as_deref().map(|shape| in_order(shape, order));
        let mut reached: BTreeMap<DefId, Shape> = BTreeMap::new();
        for &def in &own {
            let Some(shape) = shape_of(def) else { continue };
            reached.extend(shape.reached(&def, self));
            reached.insert(def, shape);
        }
        let root = match ty {
            Ty::Adt(def, args) if args.is_empty() => self.part(*def, reached.remove(def)?),
            _ if reached.is_empty() => return None,
            _ => {
                let shown = ty.shown(&|def| self.type_name(def))?;
                let shape = in_order(&Shape::of_type(&shown, &shown), order);
                Part { path: shown, place: None, shape: shape.into(), fields: Vec::new() }
            }
        };
        let entity = matches!(ty, Ty::Adt(def, _) if self.derives(*def, "CacheEntity"));
        Some(Schema { root, inside: self.named(reached), entity, by_position })
    }

    /// By name; by path where two have one name.
    fn named(&self, reached: BTreeMap<DefId, Shape>) -> BTreeMap<String, Part> {
        let names: Vec<String> = reached.values().map(|shape| shape.name.clone()).collect();
        let mut out = BTreeMap::new();
        for (def, shape) in reached {
            let part = self.part(def, shape);
            let twice = names.iter().filter(|name| **name == part.shape.name).count() > 1;
            out.insert(if twice { part.path.clone() } else { part.shape.name.clone() }, part);
        }
        out
    }

    fn part(&self, def: DefId, shape: Shape) -> Part {
        let definition = self.index.def(def);
        let file = self.index.module(definition.module).file;
        let place = |span| Place { file, span };
        let mut fields = Vec::new();
        let mut note = |prefix: &str, stored: &[cache_schema::shape::Field], declared: &[crate::facts::item::Field]| {
            for field in stored {
                if let Some(own) = declared.iter().find(|own| own.name == field.own) {
                    fields.push((format!("{prefix}{}", field.name), place(own.span)));
                }
            }
        };
        let mut own_variants = Vec::new();
        match (&shape.body, &definition.item.kind) {
            (Body::Struct(stored), ItemKind::Struct { fields, .. }) => note("", &stored.fields, fields),
            (Body::Enum(stored), ItemKind::Enum { variants, .. }) => {
                for variant in stored {
                    if let Some(own) = variants.iter().find(|own| own.name == variant.own) {
                        own_variants.push((variant.name.clone(), place(own.span)));
                        note(&format!("{}.", variant.name), &variant.fields.fields, &own.fields);
                    }
                }
            }
            _ => {}
        }
        fields.extend(own_variants);
        Part { path: definition.path.clone(), place: Some(place(definition.item.span)), shape: shape.into(), fields }
    }
}

impl Resolver for World<'_> {
    type Place = DefId;

    fn find(&self, from: &DefId, path: &str) -> Option<(DefId, Shape)> {
        let module = self.index.def(*from).module;
        let names: Vec<Name> = path.split("::").map(Name::new).collect();
        let names: Vec<&Name> = names.iter().collect();
        if let [only] = names.as_slice()
            && only.as_str() == "Self"
        {
            return None;
        }
        self.resolver.names(module, &names, false).into_iter().find_map(|res| match res {
            Res::Def(id) if matches!(self.index.def(id).kind, DefKind::Struct | DefKind::Enum | DefKind::Alias) => {
                self.index.def(id).item.shape.as_deref().map(|shape| (id, shape.clone()))
            }
            _ => None,
        })
    }
}

fn in_order(shape: &Shape, order: Order) -> Shape {
    Shape { order, ..shape.clone() }
}

/// The type without what leaves no trace in the stored form; a slice is a list like any other.
fn bare(ty: &Ty) -> Ty {
    match ty {
        Ty::External(path, args) if TRANSPARENT.contains(&last_segment(path)) && !args.is_empty() => bare(&args[0]),
        Ty::External(path, args) => Ty::External(path.clone(), args.iter().map(bare).collect()),
        Ty::List(inner) => Ty::generic("Vec", bare(inner)),
        Ty::Tuple(parts) => Ty::Tuple(parts.iter().map(bare).collect()),
        Ty::Adt(def, args) => Ty::Adt(*def, args.iter().map(bare).collect()),
        Ty::Bounded(_) | Ty::Callable(_) | Ty::Unknown => ty.clone(),
    }
}

/// The types of the workspace in a type; `false` when a part of it is not known.
fn collect(ty: &Ty, out: &mut Vec<DefId>) -> bool {
    match ty {
        Ty::Adt(def, args) => {
            out.push(*def);
            args.iter().all(|arg| collect(arg, out))
        }
        Ty::External(_, args) | Ty::Tuple(args) => args.iter().all(|arg| collect(arg, out)),
        Ty::List(inner) => collect(inner, out),
        Ty::Bounded(_) | Ty::Callable(_) | Ty::Unknown => false,
    }
}
