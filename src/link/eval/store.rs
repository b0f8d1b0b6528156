//! Database statements: made by functions, macros and query builders, run by methods. The tables of `rules/stores/` say
//! by which.

use std::rc::Rc;
use std::sync::Arc;

use super::call::Site;
use super::frame::Arms;
use super::{Evaluator, Frame};
use crate::disk;
use crate::facts::expr::MethodCall;
use crate::facts::{Expr, MacroCall, Name, Path};
use crate::inventory::{DatabaseAction, DatabaseEvent, LoadKind};
use crate::link::trace::Step;
use crate::link::ty::{Ty, last_segment};
use crate::link::value::{Argument, Data, Statement, Value};
use crate::stores::{Access, Store, Verb, has, read_sql};
use crate::template::Piece;
use crate::text::Span;

/// Largest file of statements that is read, in bytes.
const MOST_SQL: usize = 1 << 20;

impl<'a> Evaluator<'a> {
    /// The databases that the package at hand uses.
    pub(super) fn stores(&mut self, frame: &Frame) -> Rc<[&'a Store]> {
        let package_id = self.world.index.module(frame.module).package;
        if let Some(known) = self.stores.get(&package_id) {
            return known.clone();
        }
        let used = |store: &&'a Store| {
            self.world.workspace.package(package_id).is_some_and(|package| {
                package.manifest.as_os_str().is_empty()
                    || package.dependencies.iter().any(|used| store.is_of(&used.package) || store.is_of(&used.alias))
            })
        };
        // What a project says of a client goes before what the tool knows.
        let declared = self.declared_stores.iter().map(|declared| &declared.store);
        let found: Rc<[&'a Store]> = declared.chain(crate::stores::embedded()).filter(used).collect();
        self.stores.insert(package_id, found.clone());
        found
    }

    /// A function of another crate that makes a statement: `sqlx::query(text)`, `diesel::update(users)`, `User::find()`.
    pub(super) fn store_function(
        &mut self,
        frame: &Frame,
        path: &str,
        written: &Path,
        arguments: &[Argument],
    ) -> Option<Value> {
        let (owner, name) = path.rsplit_once("::").unwrap_or(("", path));
        for store in self.stores(frame).iter().filter(|store| !store.remote) {
            if has(&store.functions, path) || (owner.ends_with("QueryBuilder") && name == "new") {
                let text = arguments.iter().find_map(|argument| sql_text(&argument.value));
                let unread = text.is_none() && !owner.ends_with("QueryBuilder");
                let lost = arguments.first().map(|argument| argument.value.loss()).unwrap_or_default();
                let text = Some(text.unwrap_or_default());
                let row = self.row_of_function(frame, written);
                return Some(statement(Statement { text, row, lost, unread, ..Statement::default() }));
            }
            if let Some(verb) = store.function_verb(path) {
                let table = arguments.iter().find_map(|argument| match &argument.value.data {
                    Data::Statement(query) => query.access.tables().next().cloned(),
                    _ => self.table_of_model(store, &argument.value.ty),
                });
                let access = table.map_or(Access { verb, ..Access::default() }, |table| Access::of(verb, table));
                return Some(statement(Statement { access, ..Statement::default() }));
            }
            if let Some(verb) = store.entity_verb(name)
                && let Some(entity) = entity(owner)
            {
                let row = self.row_of_entity(owner);
                return Some(statement(Statement { access: Access::of(verb, entity), row, ..Statement::default() }));
            }
        }
        None
    }

    /// `query!("…")` and the like.
    pub(super) fn store_macro(
        &mut self,
        frame: &Frame,
        call: &MacroCall,
        items: &[Expr],
        values: &[Value],
    ) -> Option<Value> {
        let name = last_segment(&call.path);
        for store in self.stores(frame).iter() {
            let text = if has(&store.macros, name) {
                values.iter().find_map(sql_text)?
            } else if has(&store.file_macros, name) {
                self.sql_file(frame, values.iter().find_map(Value::as_text)?)?
            } else {
                continue;
            };
            let given = values.iter().skip(1).flat_map(names).collect();
            let row = self.row_of_macro(frame, items);
            return Some(statement(Statement { text: Some(text), row, given, ..Statement::default() }));
        }
        None
    }

    /// The text of a query file, which is named from the folder of the package.
    fn sql_file(&self, frame: &Frame, path: &str) -> Option<String> {
        let package = self.world.workspace.package(self.world.index.module(frame.module).package)?;
        let file = self.world.workspace.file(frame.file)?;
        let folder = match package.manifest.parent() {
            Some(folder) if folder.is_absolute() => folder,
            // The manifest's path is relative: the folder is one of those that hold the file.
            _ => file.absolute.ancestors().skip(1).find(|folder| disk::is_file(&folder.join(path)))?,
        };
        let full = folder.join(path);
        disk::read_to_string(&full).ok().filter(|text| text.len() <= MOST_SQL)
    }

    /// `users::table`, or `users` with the query DSL of a table in scope.
    pub(super) fn store_table(&mut self, frame: &Frame, path: &str) -> Option<Value> {
        if !self.stores(frame).iter().any(|store| store.tables) {
            return None;
        }
        let (owner, last) = path.rsplit_once("::").unwrap_or(("", path));
        let table = match (last, owner) {
            ("table", "") => return None,
            ("table", owner) => last_segment(owner),
            // `users::dsl::users`, `dsl::users`, `users::users` for `use schema::users::dsl as users`.
            (table, owner) if last_segment(owner.strip_suffix("::dsl").unwrap_or(owner)) == table => table,
            (table, "dsl") => table,
            (bare, "") if bare.starts_with(|c: char| c.is_ascii_lowercase()) => bare,
            _ => return None,
        };
        Some(statement(Statement { access: Access::of(Verb::Select, table.into()), ..Statement::default() }))
    }

    /// A method of a statement: runs it, or adds to it.
    pub(super) fn on_statement(
        &mut self,
        frame: &mut Frame,
        receiver: &Value,
        query: &Rc<Statement>,
        call: &'a MethodCall,
    ) -> Value {
        let args = self.arguments(frame, &call.args);
        for argument in &args {
            self.run_closure(frame, &argument.value);
        }
        let stores = self.stores(frame);
        let name = call.name.as_str();
        if query.collection {
            let verb = stores.iter().find_map(|store| store.collection_verb(name));
            if let (Some(verb), Some(table)) = (verb, query.access.reads.first()) {
                let access = Access::of(verb, table.clone());
                let whole = Statement {
                    access,
                    row: query.row.clone(),
                    given: args.iter().flat_map(|arg| names(&arg.value)).collect(),
                    ..Statement::default()
                };
                return self.run_statement(frame, call, &whole, &args);
            }
            return receiver.clone();
        }
        // What a collection does is said by the collection's own methods: `find` of a query is another word.
        let queries = stores.iter().filter(|store| store.collection.is_empty());
        let is_in = |list: fn(&Store) -> &[String]| queries.clone().any(|store| has(list(store), name));
        let writes = self.access(query).verb != Verb::Select;
        if is_in(|store| &store.fetch) || is_in(|store| &store.run) {
            // `users.first(conn)` runs; a builder's method of that name without a connection does not.
            if !args.is_empty() || writes || !query.text.as_deref().unwrap_or("").is_empty() {
                return self.run_statement(frame, call, query, &args);
            }
        }
        let mut changed = (**query).clone();
        if is_in(|store| &store.append)
            && let Some(text) = &mut changed.text
        {
            text.push_str(&args.iter().find_map(|arg| sql_text(&arg.value)).unwrap_or_else(|| "?".to_owned()));
        } else if is_in(|store| &store.join) {
            let joined = args.iter().filter_map(|arg| match &arg.value.data {
                Data::Statement(joined) => joined.access.reads.first(),
                _ => None,
            });
            changed.access.reads.extend(joined.cloned());
        } else if is_in(|store| &store.upsert) {
            changed.access.upsert();
        }
        if let Some(row) = self.row_selected(frame, call) {
            changed.row = row;
        }
        changed.given.extend(args.iter().flat_map(|arg| names(&arg.value)));
        let value = statement(changed);
        self.write_back(frame, call, &value);
        value
    }

    /// A method of a statement that was put together differently on different paths.
    pub(super) fn on_statements(&mut self, frame: &mut Frame, alternatives: &[Value], call: &'a MethodCall) -> Value {
        // What differs in the values that it is given only (`order(name.asc())`) is one statement.
        let mut told: Vec<(Value, Rc<Statement>)> = Vec::new();
        for alternative in alternatives {
            let Data::Statement(query) = &alternative.data else { continue };
            match told.iter_mut().find(|(_, known)| known.text == query.text && known.access == query.access) {
                Some((_, known)) => {
                    let new =
                        query.given.iter().filter(|name| !known.given.contains(name)).cloned().collect::<Vec<_>>();
                    Rc::make_mut(known).given.extend(new);
                }
                None => told.push((alternative.clone(), query.clone())),
            }
        }
        let mut arms = Arms::begin(frame);
        for (receiver, query) in told {
            let value = self.on_statement(frame, &receiver, &query, call);
            arms.end_arm(frame, value);
        }
        arms.finish(frame)
    }

    /// A method of something else: begins and ends transactions, runs SQL text, names collections.
    pub(super) fn store_method(
        &mut self,
        frame: &mut Frame,
        receiver: &Value,
        call: &'a MethodCall,
        args: &[Argument],
    ) -> Option<Value> {
        let name = call.name.as_str();
        let stores = self.stores(frame);
        let holds_redis = self.world.chain(&receiver.ty).iter().any(|ty| self.world.client_type(ty).is_some());
        if stores.is_empty() || holds_redis {
            return None;
        }
        for store in stores.iter().filter(|store| !store.remote) {
            let closure = args.iter().find_map(|argument| match argument.value.data {
                Data::Closure(id) => Some(id),
                _ => None,
            });
            if let (true, Some(id)) = (has(&store.begin_closure, name), closure) {
                self.database(frame, call.name_span, DatabaseAction::Begin, Some(true), Vec::new());
                let transaction = Value::typed(Ty::external("Transaction"));
                let value = self.call_closure(frame, id, vec![transaction]);
                self.database(frame, call.name_span, DatabaseAction::Commit, Some(true), Vec::new());
                return Some(value);
            }
            if has(&store.begin, name) && closure.is_none() && args.len() <= 1 {
                self.database(frame, call.name_span, DatabaseAction::Begin, None, Vec::new());
                return Some(Value::typed(Ty::external("Transaction")));
            }
            let ends = [(&store.commit, DatabaseAction::Commit), (&store.rollback, DatabaseAction::Rollback)];
            if let Some((_, action)) = ends.into_iter().find(|(list, _)| has(list, name))
                && args.is_empty()
            {
                self.database(frame, call.name_span, action, Some(true), Vec::new());
                return Some(Value::unknown());
            }
            if has(&store.collection, name)
                && let Some(table) = args.first().and_then(|argument| argument.value.as_text())
            {
                return Some(self.collection(frame, call, table.into()));
            }
            if let Some(verb) = store.collection_verb(name)
                && let Some(table) = self.collection_of(store, &receiver.ty)
            {
                let given = args.iter().flat_map(|arg| names(&arg.value)).collect();
                let row = self.collected(store, &receiver.ty);
                let whole = Statement { access: Access::of(verb, table), row, given, ..Statement::default() };
                return Some(self.run_statement(frame, call, &whole, args));
            }
            if let Some(verb) = store.model_verb(name)
                && let Some(table) = self.table_of_model(store, &receiver.ty)
                && !args.is_empty()
            {
                let whole = Statement { access: Access::of(verb, table), ..Statement::default() };
                return Some(self.run_statement(frame, call, &whole, args));
            }
            if has(&store.model_into, name)
                && let Some(model) = self.active_model(store, &receiver.ty)
            {
                return Some(Value::typed(model));
            }
            let (prepares, runs) = (has(&store.prepare, name), has(&store.takes_text, name));
            if (prepares || runs)
                && let Some((at, text)) =
                    args.iter().enumerate().take(2).find_map(|(at, arg)| Some((at, sql_text(&arg.value)?)))
                && read_sql(&text).verb != Verb::Other
            {
                let given = args.iter().skip(at + 1).flat_map(|arg| names(&arg.value)).collect();
                let query = Statement { text: Some(text), given, ..Statement::default() };
                if prepares {
                    return Some(statement(query));
                }
                let on = Argument { value: receiver.clone(), file: frame.file, span: call.name_span };
                let given: Vec<Argument> = std::iter::once(on).chain(args.iter().cloned()).collect();
                return Some(self.run_statement(frame, call, &query, &given));
            }
            // `client.query(&prepared, …)`
            if (has(&store.fetch, name) || has(&store.run, name))
                && let Some(Data::Statement(query)) =
                    args.iter().map(|arg| &arg.value.data).find(|data| matches!(data, Data::Statement(_)))
            {
                let query = query.clone();
                let on = Argument { value: receiver.clone(), file: frame.file, span: call.name_span };
                let given: Vec<Argument> = std::iter::once(on).chain(args.iter().cloned()).collect();
                return Some(self.run_statement(frame, call, &query, &given));
            }
        }
        None
    }

    /// The collection that a field or parameter of a collection's type stands for.
    fn collection_of(&self, store: &Store, ty: &Ty) -> Option<Name> {
        match self.collected(store, ty) {
            Ty::Adt(def, _) => Some(self.world.index.def(def).name.clone()),
            _ => None,
        }
    }

    /// What a statement does. One text is read once, however often it is evaluated.
    fn access(&mut self, query: &Statement) -> Access {
        let Some(text) = &query.text else { return query.access.clone() };
        if let Some(known) = self.accesses.get(text) {
            return known.clone();
        }
        let access = crate::stores::read_sql(text);
        self.accesses.insert(text.clone(), access.clone());
        access
    }

    /// Runs a statement; gives what its rows are read into.
    fn run_statement(
        &mut self,
        frame: &mut Frame,
        call: &'a MethodCall,
        query: &Statement,
        args: &[Argument],
    ) -> Value {
        let (name, method) = (call.name_span, call.name.as_str());
        let access = self.access(query);
        let inside = args.iter().find_map(|argument| self.is_transaction(&argument.value.ty));
        if access.verb == Verb::Select || self.stores(frame).iter().any(|store| has(&store.fetch, method)) {
            frame.steps.push(Step::Load {
                kind: LoadKind::Database,
                place: frame.place(name),
                name: method.to_owned(),
            });
            self.note_load(frame, LoadKind::Database, name);
        }
        if query.unread && self.mode == super::Mode::Follow {
            let place = frame.place(name);
            if !self.unread.iter().any(|known| known.place == place) {
                self.unread.push(crate::link::Unread { place, function: frame.function, lost: query.lost });
            }
        }
        if access.verb != Verb::Other {
            let given = query.given.iter().map(ToString::to_string).collect();
            self.database(frame, name, DatabaseAction::Statement(access), inside, given);
        }
        self.rows(frame, query, call, args)
    }

    /// Whether a connection of this type is a transaction; `None` when the type does not tell.
    fn is_transaction(&self, ty: &Ty) -> Option<bool> {
        self.world.chain(ty).iter().find_map(|ty| {
            let name = ty.last()?;
            if name.ends_with("Transaction") {
                Some(true)
            } else if name.ends_with("Pool") {
                Some(false)
            } else {
                None
            }
        })
    }

    pub(super) fn database(
        &mut self,
        frame: &mut Frame,
        name: Span,
        action: DatabaseAction,
        in_transaction: Option<bool>,
        given: Vec<String>,
    ) {
        if self.mode == super::Mode::Survey
            && let Some(function) = frame.function
        {
            self.survey.statements.insert(function);
            if matches!(&action, DatabaseAction::Statement(access) if !access.writes.is_empty()) {
                self.survey.writes.insert(function);
            }
        }
        let place = frame.place(name);
        frame.steps.push(Step::Database(Arc::new(DatabaseEvent { action, place, in_transaction, given })));
    }

    /// A call out of sight whose name says that it clears copies or tells others of a change.
    pub(super) fn signal(frame: &mut Frame, site: &Site<'_>, name: &str) {
        frame.steps.push(Step::Unseen { place: frame.place(site.name), name: name.to_owned() });
    }
}

/// Whether a call of this name may clear a cache in a way that cannot be seen.
pub(super) fn sounds_like_clearing(name: &str, receiver: &str) -> bool {
    let clears =
        ["invalidat", "evict", "purge", "bust", "publish", "emit", "notify", "dispatch", "enqueue", "broadcast"];
    let name = name.to_ascii_lowercase();
    let receiver = receiver.to_ascii_lowercase();
    clears.iter().any(|word| name.contains(word))
        || name.contains("cache")
        || (receiver.contains("cache") && !name.starts_with("get") && name != "clone")
}

fn statement(query: Statement) -> Value {
    Value::of(Data::Statement(Rc::new(query)))
}

/// `user::Entity` is `user`, an alias `Users` is itself; a path in lower case is no type.
fn entity(owner: &str) -> Option<Name> {
    let mut segments = owner.rsplit("::");
    let last = segments.next()?;
    if last == "Entity" {
        return segments.next().map(Name::new);
    }
    last.starts_with(|c: char| c.is_ascii_uppercase()).then(|| Name::new(last))
}

/// The text of a statement, with `?` for what is not known of it.
fn sql_text(value: &Value) -> Option<String> {
    let one = value.alternatives().into_iter().find(|value| matches!(value.data, Data::Text(_)))?;
    let Data::Text(template) = &one.data else { return None };
    let text: String = template
        .pieces()
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.as_str(),
            Piece::Hole(_) => "?",
        })
        .collect();
    text.contains(char::is_alphabetic).then_some(text)
}

/// What the source calls the values that a statement is given.
fn names(value: &Value) -> Vec<Name> {
    match &value.data {
        Data::List { items, .. } => items.iter().flat_map(names).collect(),
        Data::Tuple(items) | Data::Variant(_, items) => items.iter().flat_map(names).collect(),
        Data::Text(template) => template.holes().map(|hole| Name::new(&hole.name)).collect(),
        _ if !value.name.is_empty() => vec![value.name.clone()],
        _ => Vec::new(),
    }
}
