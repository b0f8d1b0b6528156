//! Calls of the companion crate and its like: the key, version and TTL are not at the call but with the type that is
//! cached, in an attribute (`#[cache(service = …, entity = …, version = …, ttl = …)]`) or in the constants of its
//! `impl CacheEntity`.

use super::call::Site;
use super::{Evaluator, Frame};
use crate::clients::{ClientId, EntityWord, Unit};
use crate::facts::expr::MethodCall;
use crate::facts::{Attribute, Expr, ExprKind, ItemKind, Literal};
use crate::finding::FileId;
use crate::inventory::{Encoding, GuardKind, Via};
use crate::link::index::DefId;
use crate::link::trace::{Form, Step};
use crate::link::ty::{Ty, last_segment};
use crate::link::value::{Argument, Data, Encoded, Value};
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

impl<'a> Evaluator<'a> {
    /// A method of a type whose calls are about entities. `None`: not one that sends anything.
    pub(super) fn entity_method(
        &mut self,
        frame: &mut Frame,
        client: ClientId,
        call: &'a MethodCall,
        site: &Site<'_>,
    ) -> Option<Value> {
        let args = self.arguments(frame, &call.args);
        let Some(row) = self.world.catalogue.entity_row(client, &call.name) else {
            return self.commit(call, &args);
        };
        let position = |word: EntityWord| row.words.iter().position(|found| *found == word);
        let closure = position(EntityWord::Load).or_else(|| position(EntityWord::Write)).and_then(|at| args.get(at));
        let id = position(EntityWord::Id).or_else(|| position(EntityWord::Ids)).and_then(|at| args.get(at));

        // The loader runs between the read and the write; a writer commits before the write.
        let outer = std::mem::take(&mut frame.steps);
        let loaded = closure.map(|closure| self.loaded(frame, &closure.value)).unwrap_or_default();
        let inside = std::mem::replace(&mut frame.steps, outer);

        let written = call.turbofish.first().map(|ty| self.world.ty(ty, &frame.types));
        let ty =
            written.into_iter().chain([entity_of(&loaded)]).find(|ty| matches!(ty, Ty::Adt(..))).unwrap_or_default();
        let entity = self.entity(&ty);
        let key = entity.as_ref().map_or_else(Value::unknown, |entity| {
            let mut key = entity.prefix.clone();
            for hole in holes(id) {
                key.push_text(":");
                key.push_hole(hole);
            }
            Value::template(key)
        });
        let mut inside = Some(inside);
        for (at, command) in row.commands.iter().enumerate() {
            let last = at + 1 == row.commands.len();
            if last && let Some(inside) = inside.take() {
                if closure.is_some() {
                    frame.steps.push(Step::Guard { kind: GuardKind::Sanctioned, place: frame.place(site.name) });
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
                let encoded = Encoded { format, ty: ty.clone(), generic: false, by_position, replaced: false };
                let value = Value { encoded: Some(encoded.into()), ..Value::typed(ty.clone()) };
                sent.push(Argument { value, file: place.0, span: place.1 });
            }
            let form = Form::Attribute { command, ttl: ttl.map(|_| Unit::Seconds) };
            let id = self.push_command(frame, site, client, form, sent, Via::Method, None);
            self.commands[id.0 as usize].spelled = call.name.clone();
        }
        Some(Value::typed(ty))
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

    /// `writer.commit(row, transaction.commit())`: the row's type is what is cached.
    fn commit(&mut self, call: &MethodCall, args: &[Argument]) -> Option<Value> {
        let at = match call.name.as_str() {
            "commit" => 0,
            "commit_tx" => 1,
            _ => return None,
        };
        let row = args.get(at)?.value.ty.clone();
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
            Ty::External(path, args) if matches!(last_segment(path), "Committed" | "Vec" | "VecDeque") => {
                match args.first() {
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
