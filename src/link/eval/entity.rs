//! Calls of the companion crate and its like: the key, version and TTL are not at the call but with the type that is
//! cached, in an attribute (`#[cache(service = …, entity = …, version = …, ttl = …)]`) or in the constants of its
//! `impl CacheEntity`.

use super::call::Site;
use super::{Evaluator, Frame};
use crate::clients::{ClientId, EntityRow, EntityWord, Unit};
use crate::facts::expr::MethodCall;
use crate::facts::{Attribute, Expr, ExprKind, ItemKind, Literal, Name, Path};
use crate::finding::FileId;
use crate::inventory::{DatabaseAction, Encoding, GuardKind, Via};
use crate::link::index::DefId;
use crate::link::trace::{Form, Step};
use crate::link::ty::{Ty, last_segment};
use crate::link::value::{Argument, CommandId, Data, Encoded, Value};
use crate::template::{Hole, Template};
use crate::text::Span;

/// What a type says of itself as a cached entity.
struct Entity {
    /// `{service}:v{version}:{entity}`; a part that is not known is a hole.
    prefix: Template,
    /// In seconds, with the place where it is stated.
    ttl: Option<(i128, FileId, Span)>,
    codec: Encoding,
}

/// A call of one of the companion crate's rows.
struct EntityCall<'r, 's> {
    client: ClientId,
    row: &'r EntityRow,
    /// The method or function as written.
    name: &'r Name,
    /// `invalidate::<User>`.
    turbofish: Option<Ty>,
    args: Vec<Argument>,
    site: &'r Site<'s>,
}

impl<'a> Evaluator<'a> {
    /// A method of a type whose calls are about entities. `None`: not one that sends anything.
    pub(super) fn entity_method(
        &mut self,
        frame: &mut Frame,
        client: ClientId,
        call: &'a MethodCall,
        site: &Site<'_>,
    ) -> Option<Value> {
        let wanted = frame.wanted_of(site.call);
        let args = self.arguments(frame, &call.args);
        let Some(row) = self.world.catalogue.entity_row(client, &call.name) else {
            return self.commit(frame, call, &args);
        };
        let turbofish = call.turbofish.first().map(|ty| self.world.ty(ty, &frame.types));
        Some(self.entity_call(frame, EntityCall { client, row, name: &call.name, turbofish, args, site }, wanted))
    }

    /// A function that is about entities: `outbox::record::<User, _>(&mut tx, &id, version)`.
    pub(super) fn entity_function(
        &mut self,
        frame: &mut Frame,
        path: &str,
        written: &'a Path,
        args: &'a [Expr],
        site: &Site<'_>,
    ) -> Option<Value> {
        let client = self.world.catalogue.client_of_path(path)?;
        let row = self.world.catalogue.entity_row(client, path)?;
        let last = written.last()?;
        let turbofish = last.args.first().map(|ty| self.world.ty(ty, &frame.types));
        let args = self.arguments(frame, args);
        Some(self.entity_call(frame, EntityCall { client, row, name: &last.name, turbofish, args, site }, None))
    }

    fn entity_call(&mut self, frame: &mut Frame, call: EntityCall<'_, '_>, wanted: Option<Ty>) -> Value {
        let EntityCall { client, row, name, turbofish, args, site } = call;
        let position = |word: EntityWord| row.words.iter().position(|found| *found == word);
        let closure = position(EntityWord::Load).or_else(|| position(EntityWord::Write)).and_then(|at| args.get(at));
        let id = position(EntityWord::Id).or_else(|| position(EntityWord::Ids)).and_then(|at| args.get(at));

        // The loader runs between the read and the write; a writer commits before the write.
        let outer = std::mem::take(&mut frame.steps);
        let loaded = closure.map(|closure| self.loaded(frame, &closure.value)).unwrap_or_default();
        let inside = std::mem::replace(&mut frame.steps, outer);

        // What the call says, what its closure gives, what is made of its result.
        let said = [turbofish.unwrap_or_default(), entity_of(&loaded), entity_of(&wanted.unwrap_or_default())];
        let found = said.iter().find_map(|ty| Some((ty.clone(), self.entity(ty)?)));
        let (ty, entity) = match found {
            Some((ty, entity)) => (ty, Some(entity)),
            None => (said.into_iter().find(|ty| matches!(ty, Ty::Adt(..))).unwrap_or_default(), None),
        };
        let key = entity.as_ref().map_or_else(Value::unknown, |entity| {
            let mut key = entity.prefix.clone();
            for hole in holes(id) {
                key.push_text(":");
                key.push_hole(hole);
            }
            Value::template(key)
        });
        let mut inside = Some(inside);
        let mut hit: Option<(CommandId, Vec<Step>)> = None;
        for (at, command) in row.commands.iter().enumerate() {
            let last = at + 1 == row.commands.len();
            if last && let Some(inside) = inside.take() {
                if closure.is_some() {
                    frame.steps.push(Step::Guard { kind: GuardKind::Sanctioned, place: frame.place(site.name) });
                }
                // Only who misses loads and fills.
                if let Some((read, before)) = &mut hit {
                    std::mem::swap(before, &mut frame.steps);
                    frame.steps.push(Step::Miss(*read));
                }
                frame.steps.extend(inside);
            }
            let place = id.map_or((frame.file, site.name), |id| (id.file, id.span));
            let mut sent = vec![Argument { value: key.clone(), file: place.0, span: place.1 }];
            let writes = *command == "SET";
            let ttl = entity.as_ref().and_then(|entity| entity.ttl).filter(|_| writes);
            if let Some((seconds, file, span)) = ttl {
                sent.push(Argument { value: Value::int(seconds), file, span });
                let format = entity.as_ref().map_or(Encoding::Json, |entity| entity.codec);
                let by_position = format == Encoding::Postcard;
                let texts = std::rc::Rc::default();
                let encoded = Encoded { format, ty: ty.clone(), generic: false, by_position, replaced: false, texts };
                let value = Value { encoded: Some(encoded.into()), ..Value::typed(ty.clone()) };
                // What is stored comes out of the closure.
                let from = closure.map_or(place, |closure| (closure.file, closure.span));
                sent.push(Argument { value, file: from.0, span: from.1 });
            }
            let form = Form::Attribute { command, ttl: ttl.map(|_| Unit::Seconds) };
            let id = self.push_command(frame, site, client, form, sent, Via::Method, None);
            let pushed = &mut self.commands[id.0 as usize];
            pushed.spelled = name.clone();
            pushed.after_commit = row.after_commit;
            if *command == "GET" && closure.is_some() {
                hit = Some((id, Vec::new()));
            }
        }
        if let Some((read, before)) = hit {
            let missed = std::mem::replace(&mut frame.steps, before);
            frame.steps.push(Step::Branch(vec![vec![Step::Hit(read)], missed]));
        }
        Value::typed(ty)
    }

    /// The type that a loader or writer gives.
    fn loaded(&mut self, frame: &mut Frame, given: &Value) -> Ty {
        match given.data {
            Data::Closure(id) => {
                // What a writer is given; a loader is given nothing that it would call.
                let writer = Value::typed(Ty::external("cache_patterns::Writer"));
                self.call_closure(frame, id, vec![writer]).ty
            }
            Data::Function(function) => {
                self.run_closure(frame, given);
                self.return_type(function)
            }
            _ => self.run_closure(frame, given).unwrap_or_default().ty,
        }
    }

    /// `writer.commit(row, transaction.commit())`: the row's type is what is cached. The others commit the transaction
    /// that they are given.
    fn commit(&mut self, frame: &mut Frame, call: &MethodCall, args: &[Argument]) -> Option<Value> {
        let row = match call.name.as_str() {
            "commit" => args.first(),
            "commit_tx" | "commit_recorded" => {
                self.database(frame, call.name_span, DatabaseAction::Commit, Some(true), Vec::new());
                args.first()
            }
            "delete" => None,
            "delete_recorded" => {
                self.database(frame, call.name_span, DatabaseAction::Commit, Some(true), Vec::new());
                None
            }
            _ => return None,
        };
        let row = row.map(|row| row.value.ty.clone()).unwrap_or_default();
        Some(Value::typed(Ty::generic("cache_patterns::Committed", row)))
    }

    /// What `ty` states as an entity; `None`: nothing.
    fn entity(&mut self, ty: &Ty) -> Option<Entity> {
        let Ty::Adt(def, _) = ty else { return None };
        let item = self.world.index.def(*def);
        let file = self.world.index.module(item.module).file;
        let stated: Vec<&Attribute> =
            item.item.attributes.others.iter().filter(|attribute| last_segment(&attribute.path) == "cache").collect();
        if stated.iter().any(|attribute| argument(attribute, "service").is_some()) {
            let find = |name: &str| stated.iter().find_map(|attribute| argument(attribute, name));
            let text = |name: &str| match find(name).map(|(value, _)| &value.kind) {
                Some(ExprKind::Lit(Literal::Str(text))) => Some(text.clone()),
                Some(ExprKind::Lit(Literal::Int(number))) => Some(number.to_string()),
                _ => None,
            };
            let ttl = find("ttl").and_then(|(value, span)| Some((seconds_of(value)?, file, span)));
            let codec = match text("codec").as_deref() {
                Some("postcard") => Encoding::Postcard,
                Some("msgpack") => Encoding::MessagePack,
                _ => Encoding::Json,
            };
            return Some(Entity { prefix: prefix(text("service"), text("version"), text("entity")), ttl, codec });
        }
        let text = |this: &mut Self, name: &str| {
            let constant = this.world.associated_constant(ty, name)?;
            let value = this.constant(constant);
            match &value.data {
                Data::Int(number) => Some(number.to_string()),
                _ => value.as_text().map(str::to_owned),
            }
        };
        self.world.associated_constant(ty, "SERVICE")?;
        let (service, version, entity) = (text(self, "SERVICE"), text(self, "VERSION"), text(self, "ENTITY"));
        let ttl = self.world.associated_constant(ty, "TTL").and_then(|constant| self.stated_ttl(constant));
        Some(Entity { prefix: prefix(service, version, entity), ttl, codec: self.stated_codec(ty) })
    }

    /// `const CODEC: Codec = Codec::Postcard;`
    fn stated_codec(&self, ty: &Ty) -> Encoding {
        let constant = self.world.associated_constant(ty, "CODEC").map(|id| &self.world.index.def(id).item.kind);
        let Some(ItemKind::Constant { value: Some(value), .. }) = constant else { return Encoding::Json };
        match &value.kind {
            ExprKind::Path(path) => match path.last().map(|last| last.name.as_str()) {
                Some("Postcard") => Encoding::Postcard,
                Some("MsgPack") => Encoding::MessagePack,
                _ => Encoding::Json,
            },
            _ => Encoding::Json,
        }
    }

    /// `const TTL: Ttl = Ttl::mins(15);`
    fn stated_ttl(&self, constant: DefId) -> Option<(i128, FileId, Span)> {
        let def = self.world.index.def(constant);
        let ItemKind::Constant { value: Some(value), .. } = &def.item.kind else { return None };
        Some((seconds_of(value)?, self.world.index.module(def.module).file, value.span))
    }
}

/// The type that a loader or writer gives, without `Result`, `Option`, `Vec` and the like around it.
fn entity_of(ty: &Ty) -> Ty {
    let mut ty = ty;
    loop {
        ty = match ty {
            Ty::List(element) => element,
            Ty::External(path, args)
                if matches!(
                    last_segment(path),
                    "Committed" | "Cached" | "Written" | "Vec" | "VecDeque" | "HashMap"
                ) =>
            {
                match args.last() {
                    Some(element) => element,
                    None => return Ty::Unknown,
                }
            }
            _ => match ty.inside() {
                Some(inside) => inside,
                None => return ty.clone(),
            },
        };
    }
}

fn prefix(service: Option<String>, version: Option<String>, entity: Option<String>) -> Template {
    let mut out = Template::default();
    for (part, name, before) in [(service, "service", ""), (version, "version", ":v"), (entity, "entity", ":")] {
        out.push_text(before);
        match part {
            Some(text) => out.push_text(&text),
            None => out.push_hole(Hole::named(name)),
        }
    }
    out
}

/// The holes that the id leaves in the key: one for each part of a tuple.
fn holes(id: Option<&Argument>) -> Vec<Hole> {
    let Some(id) = id else { return vec![Hole::named("id")] };
    let parts = match &id.value.ty {
        Ty::Tuple(parts) => parts.len(),
        _ => 1,
    };
    if parts > 1 {
        return (0..parts).map(|at| Hole::named(format!("id{at}"))).collect();
    }
    let mut hole = id.value.hole();
    if hole.name.is_empty() {
        hole = Hole::named("id");
    }
    // The key's form is the entity's, whatever the id is.
    hole.parameter = false;
    vec![hole]
}

fn argument<'e>(attribute: &'e Attribute, name: &str) -> Option<(&'e Expr, Span)> {
    let found = attribute.args.iter().find(|argument| argument.name == name)?;
    Some((found.value.as_ref()?, found.span))
}

/// Seconds of `"15m"`, `Ttl::secs(900)`, `Ttl::mins(15)`, `Ttl::hours(1)`.
fn seconds_of(stated: &Expr) -> Option<i128> {
    match &stated.kind {
        ExprKind::Lit(Literal::Str(text)) => crate::policy::quantity::duration(text).ok().map(|millis| millis / 1000),
        ExprKind::Call(callee, args) => {
            let ExprKind::Path(path) = &callee.kind else { return None };
            let ExprKind::Lit(Literal::Int(number)) = &args.first()?.kind else { return None };
            let unit = match path.segments.last()?.name.as_str() {
                "secs" => 1,
                "mins" => 60,
                "hours" => 3600,
                _ => return None,
            };
            number.checked_mul(unit)
        }
        _ => None,
    }
}
