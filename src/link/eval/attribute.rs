//! Attribute caches: `#[io_cached(redis = true, time = 60)]` makes a function a cached read and a write.

use super::Evaluator;
use crate::facts::{Attribute, ExprKind, Literal};
use crate::finding::Confidence;
use crate::inventory::Via;
use crate::link::index::FnId;
use crate::link::trace::{Command, Form, Step};
use crate::link::value::{Argument, CommandId, Value};
use crate::template::{Hole, Template};

impl Evaluator<'_> {
    /// Whether a function is cached in Redis by an attribute; with `steps`, adds the commands.
    pub(crate) fn attribute_commands(&mut self, id: FnId, steps: Option<&mut Vec<Step>>) -> bool {
        let definition = self.world.index.function(id);
        let found = definition.function.attributes.others.iter().find_map(|attribute| {
            let path: Vec<crate::facts::Name> = attribute.path.split("::").map(Into::into).collect();
            let names: Vec<&crate::facts::Name> = path.iter().collect();
            let external =
                self.world.resolver.names(definition.scope, &names, false).into_iter().find_map(|res| match res {
                    super::super::resolve::Res::External(path) => Some(path),
                    _ => None,
                })?;
            let spec = self.world.catalogue.attribute(&external, None)?;
            in_redis(spec, attribute).then_some((attribute, spec))
        });
        let Some((attribute, spec)) = found else { return false };
        let Some(steps) = steps else { return true };
        let ttl = spec.ttl.iter().find_map(|(name, unit)| {
            let argument = attribute.args.iter().find(|arg| arg.name == name.as_str())?;
            let value = match argument.value.as_ref().map(|value| &value.kind) {
                Some(ExprKind::Lit(Literal::Int(n))) => Value::int(*n),
                Some(ExprKind::Lit(Literal::Str(text))) => {
                    text.trim().parse().map_or_else(|_| Value::unknown(), Value::int)
                }
                _ => Value::unknown(),
            };
            Some((Argument { value, file: definition.file, span: argument.span }, *unit))
        });
        let given = spec.prefix.as_ref().and_then(|name| attribute_text(attribute, name));
        let default = spec.default_prefix.as_deref().unwrap_or_default();
        let mut key = Template::text(given.unwrap_or_else(|| default.replace("{fn}", &definition.function.name)));
        for param in &definition.function.params {
            key.push_text(":");
            let mut hole = Hole::named(super::pattern::name_of(&param.pat).to_string());
            hole.parameter = false;
            key.push_hole(hole);
        }
        let client = spec.client;
        let unit = ttl.as_ref().map(|(_, unit)| *unit);
        for command in ["GET", "SET"] {
            let at = CommandId(u32::try_from(self.commands.len()).unwrap_or(u32::MAX));
            let mut args =
                vec![Argument { value: Value::template(key.clone()), file: definition.file, span: attribute.span }];
            if command == "SET" {
                args.extend(ttl.as_ref().map(|(argument, _)| argument.clone()));
            }
            self.commands.push(Command {
                file: definition.file,
                name_span: attribute.span,
                call: attribute.span,
                client,
                form: Form::Attribute { command, ttl: unit.filter(|_| command == "SET") },
                args,
                via: Via::Attribute,
                batch: None,
                sent: true,
                receiver: String::new(),
                confidence: Confidence::Certain,
                blocking: None,
                runs_on: crate::inventory::RunsOn::Caller,
                awaited: false,
                cluster: false,
                after_commit: false,
                spelled: attribute.path.clone().into(),
            });
            steps.push(Step::Command(at));
        }
        true
    }
}

/// `redis = true`, or a store type that is a Redis one.
fn in_redis(spec: &crate::clients::AttributeSpec, attribute: &Attribute) -> bool {
    let flagged = spec.redis_when.iter().any(|name| word(attribute, name).as_deref() == Some("true"));
    let typed = attribute.args.iter().any(|arg| match arg.value.as_ref().map(|value| &value.kind) {
        Some(ExprKind::Lit(Literal::Str(text))) => {
            spec.redis_types.iter().any(|ty| text.contains(crate::link::ty::last_segment(ty)))
        }
        _ => false,
    });
    flagged || typed
}

/// The argument `name` as a word: `true` for `redis = true` and for a bare `redis`.
fn word(attribute: &Attribute, name: &str) -> Option<String> {
    let argument = attribute.args.iter().find(|arg| arg.name == name)?;
    Some(match argument.value.as_ref().map(|value| &value.kind) {
        None => "true".to_owned(),
        Some(ExprKind::Lit(Literal::Bool(b))) => b.to_string(),
        Some(ExprKind::Lit(Literal::Str(text))) => text.clone(),
        Some(ExprKind::Lit(Literal::Int(n))) => n.to_string(),
        Some(_) => String::new(),
    })
}

fn attribute_text(attribute: &Attribute, name: &str) -> Option<String> {
    word(attribute, name)
        .map(|text| text.trim_matches(|c| matches!(c, '{' | '}' | '"' | ' ')).to_owned())
        .filter(|t| !t.is_empty())
}
