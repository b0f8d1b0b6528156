//! What a database statement's rows are read into: `query_as::<_, User>`, `query_as!(User, …)`, `.first::<User>(…)`,
//! `select(User::as_select())`, `user::Entity::find()`, `Collection<User>`. A value of that type goes on into a cache.

use std::rc::Rc;

use super::{Evaluator, Frame};
use crate::facts::expr::MethodCall;
use crate::facts::{Expr, ExprKind, Name, Path, TypeRef};
use crate::link::index::{DefId, DefKind};
use crate::link::ty::Ty;
use crate::link::value::{Argument, Data, Statement, Value};
use crate::stores::{Access, Store, Verb, has};

impl<'a> Evaluator<'a> {
    /// The result of a method that has run `query`.
    pub(super) fn rows(
        &mut self,
        frame: &mut Frame,
        query: &Statement,
        call: &'a MethodCall,
        args: &[Argument],
    ) -> Value {
        let stores = self.stores(frame);
        let is_in = |list: fn(&Store) -> &[String]| stores.iter().any(|store| has(list(store), &call.name));
        let carrier: fn(Ty) -> Ty = if is_in(|store| &store.one_row) {
            |row| row
        } else if is_in(|store| &store.optional_row) {
            |row| Ty::generic("Option", row)
        } else if is_in(|store| &store.all_rows) {
            |row| Ty::List(Rc::new(row))
        } else {
            return Value::unknown();
        };
        let row = match self.last_argument(frame, &call.turbofish) {
            Ty::Unknown if query.row.is_unknown() => self.row_made(frame, args),
            Ty::Unknown => query.row.clone(),
            written => written,
        };
        if row.is_unknown() { Value::unknown() } else { Value::typed(Ty::generic("Result", carrier(row))) }
    }

    /// What a closure that is given the row makes of it.
    fn row_made(&mut self, frame: &mut Frame, args: &[Argument]) -> Ty {
        let closure = args.iter().find(|argument| matches!(argument.value.data, Data::Closure(_)));
        let steps = std::mem::take(&mut frame.steps);
        let made = closure.and_then(|closure| self.run_closure(frame, &closure.value)).unwrap_or_default();
        frame.steps = steps;
        super::expr::unwrapped(made).ty
    }

    /// `sqlx::query_as::<_, User>`: the last type argument.
    pub(super) fn row_of_function(&self, frame: &Frame, written: &Path) -> Ty {
        written.last().map(|last| self.last_argument(frame, &last.args)).unwrap_or_default()
    }

    /// `query_as!(User, "…")`: a type stands where an expression would.
    pub(super) fn row_of_macro(&self, frame: &Frame, items: &[Expr]) -> Ty {
        match items {
            [Expr { kind: ExprKind::Path(path), .. }, _, ..] => {
                self.world.ty(&TypeRef::Path(path.clone()), &frame.types)
            }
            _ => Ty::Unknown,
        }
    }

    /// `user::Entity::find()` gives `user::Model`s. `entity`: its whole path.
    pub(super) fn row_of_entity(&mut self, entity: &str) -> Ty {
        let Some(module) = entity.strip_suffix("::Entity") else { return Ty::Unknown };
        if let Some(known) = self.models.get(module) {
            return known.clone();
        }
        let model = format!("{module}::Model");
        let found = self.world.index.defs.iter().position(|def| def.kind == DefKind::Struct && def.path == model);
        let id = found.and_then(|at| u32::try_from(at).ok()).map(DefId);
        let ty = id.map_or(Ty::Unknown, |id| Ty::Adt(id, Rc::from([])));
        self.models.insert(module.to_owned(), ty.clone());
        ty
    }

    /// `.select(User::as_select())`, `.returning(User::as_returning())`.
    pub(super) fn row_selected(&self, frame: &Frame, call: &MethodCall) -> Option<Ty> {
        let [Expr { kind: ExprKind::Call(callee, _), .. }] = call.args.as_slice() else { return None };
        let ExprKind::Path(path) = &callee.kind else { return None };
        if !matches!(path.last()?.name.as_str(), "as_select" | "as_returning") {
            return None;
        }
        let mut row = path.clone();
        row.segments.pop();
        Some(self.world.ty(&TypeRef::Path(row), &frame.types)).filter(|row| !row.is_unknown())
    }

    /// `db.collection::<User>("users")`.
    pub(super) fn collection(&self, frame: &Frame, call: &MethodCall, table: Name) -> Value {
        let row = self.last_argument(frame, &call.turbofish);
        let query =
            Statement { access: Access::of(Verb::Select, table), row, collection: true, ..Statement::default() };
        Value::of(Data::Statement(Rc::new(query)))
    }

    /// `Collection<User>`: what it holds.
    pub(super) fn collected(&self, store: &Store, ty: &Ty) -> Ty {
        let held = self.world.chain(ty).iter().find_map(|ty| match ty {
            Ty::External(path, args) if has(&store.collection_types, path) => args.first().cloned(),
            _ => None,
        });
        held.unwrap_or_default()
    }

    fn last_argument(&self, frame: &Frame, args: &[TypeRef]) -> Ty {
        args.last().map(|last| self.world.ty(last, &frame.types)).unwrap_or_default()
    }
}
