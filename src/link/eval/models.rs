//! Types that stand for a row of a table: SeaORM's models, structs that Diesel can identify.

use std::rc::Rc;

use super::{Evaluator, Frame};
use crate::facts::{ExprKind, Literal, Name};
use crate::link::index::DefId;
use crate::link::ty::{Ty, last_segment};
use crate::link::value::Value;
use crate::stores::{Store, has};

impl Evaluator<'_> {
    /// A struct that writes itself (`user::ActiveModel { … }`).
    pub(super) fn is_model(&mut self, frame: &Frame, value: &Value) -> bool {
        let name = value.ty.last().unwrap_or("");
        self.stores(frame).iter().any(|store| has(&store.model_types, name))
    }

    /// A unit struct that stands for a table (`#[derive(DeriveEntity)] struct Entity;`).
    pub(super) fn is_entity(&mut self, frame: &Frame, def: DefId) -> bool {
        let derives = |store: &&Store| store.entity_derives.iter().any(|derive| self.world.derives(def, derive));
        let stores = self.stores(frame);
        stores.iter().any(derives)
    }

    /// The table that a type is a row of.
    pub(super) fn table_of_model(&self, store: &Store, ty: &Ty) -> Option<Name> {
        match ty {
            Ty::External(path, _) if has(&store.model_types, last_segment(path)) => {
                path.rsplit("::").nth(1).map(Name::new)
            }
            Ty::Adt(def, _) if self.is_derived_model(store, *def) => {
                let item = self.world.index.def(*def);
                if item.name == "Model" {
                    return Some(Name::new(last_segment(&self.world.index.module(item.module).path)));
                }
                let stated = item.item.attributes.others.iter().flat_map(|attribute| &attribute.args);
                let stated =
                    stated.filter(|argument| argument.name == "table_name").find_map(|argument| {
                        match &argument.value.as_ref()?.kind {
                            ExprKind::Path(path) => path.last().map(|last| last.name.clone()),
                            ExprKind::Lit(Literal::Str(text)) => Some(Name::new(text)),
                            _ => None,
                        }
                    });
                Some(stated.unwrap_or_else(|| item.name.clone()))
            }
            _ => None,
        }
    }

    /// What `model.into_active_model()` gives.
    pub(super) fn active_model(&self, store: &Store, ty: &Ty) -> Option<Ty> {
        let Ty::Adt(def, _) = ty else { return None };
        let (made, module) = (store.model_types.first()?, self.world.index.def(*def).module);
        let path = format!("{}::{made}", self.world.index.module(module).path);
        self.is_derived_model(store, *def).then(|| Ty::External(Name::from(path), Rc::from([])))
    }

    fn is_derived_model(&self, store: &Store, def: DefId) -> bool {
        store.model_derives.iter().any(|derive| self.world.derives(def, derive))
    }
}
