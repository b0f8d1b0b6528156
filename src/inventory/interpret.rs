//! One command with its arguments, read by the tables: which key, which TTL, which value.

use super::operation::{CollectionUse, Condition, KeyUse, Ttl, TtlKind, ValueUse};
use super::{ttl, value};
use crate::clients::{CommandEffect, CommandSpec, KeyPositions, TypeKind};
use crate::link::Program;
use crate::link::expand;
use crate::link::trace::{Command, Form};
use crate::link::ty::Ty;
use crate::link::value::{Argument, Data, Value};

/// What a command means.
#[derive(Debug, Clone)]
pub(super) struct Meaning {
    pub(super) command: String,
    pub(super) alternative: Option<String>,
    pub(super) effect: CommandEffect,
    pub(super) keys: Vec<KeyUse>,
    pub(super) ttl: Ttl,
    pub(super) value: ValueUse,
    pub(super) condition: Condition,
    pub(super) forwards_ttl: bool,
    pub(super) script_commands: Vec<String>,
    pub(super) unresolved: Vec<String>,
    pub(super) creates: bool,
    pub(super) collection: CollectionUse,
}

pub(super) fn meaning(program: &Program<'_>, command: &Command) -> Meaning {
    let mut meaning = interpret(program, command);
    meaning.value.bounded = value::is_bounded(&meaning.command, &command.spelled, &command.args);
    meaning
}

fn interpret(program: &Program<'_>, command: &Command) -> Meaning {
    match &command.form {
        Form::Method { spec, own_args } => {
            let found = method(program, command, spec, *own_args);
            let own = command.args.get(1..(*own_args).min(command.args.len())).unwrap_or_default();
            Meaning { collection: super::collection::used(&found.command, own), ..found }
        }
        Form::Raw { name } => {
            let found = raw(program, command, name.as_ref());
            let flat: Vec<Argument> = command.args.iter().skip(1).flat_map(expand).collect();
            Meaning { collection: super::collection::used(&found.command, &flat), ..found }
        }
        Form::Script { text, keys } => script(program, command, text.as_deref(), *keys),
        Form::Attribute { command: name, ttl: unit } => {
            let ttl = match (unit, command.args.get(1)) {
                (Some(unit), Some(argument)) => ttl::number(program, argument, *unit),
                _ if *name == "SET" => Ttl::of(TtlKind::Undetermined),
                _ => Ttl::not_applicable(),
            };
            let keys = command.args.iter().take(1).flat_map(|argument| key_uses(program, argument)).collect();
            let effect = match *name {
                "GET" => CommandEffect::Read,
                "DEL" => CommandEffect::Delete,
                _ => CommandEffect::WriteMaybeTtl,
            };
            let value = command.args.get(2).map(|argument| value::stored(program, argument)).unwrap_or_default();
            Meaning { keys, ttl, value, ..Meaning::plain(name, effect) }
        }
    }
}

impl Meaning {
    fn plain(command: &str, effect: CommandEffect) -> Self {
        Self {
            command: command.to_owned(),
            alternative: None,
            effect,
            keys: Vec::new(),
            ttl: Ttl::not_applicable(),
            value: ValueUse::default(),
            condition: Condition::Always,
            forwards_ttl: false,
            script_commands: Vec::new(),
            unresolved: Vec::new(),
            creates: false,
            collection: CollectionUse::default(),
        }
    }
}

fn method(program: &Program<'_>, command: &Command, spec: &crate::clients::MethodSpec, own_args: usize) -> Meaning {
    let own = &command.args[..own_args.min(command.args.len())];
    let extra = &command.args[own.len()..];
    let at = |position: u8| own.get(usize::from(position));
    let mut meaning = Meaning::plain(&spec.command, spec.effect);
    meaning.alternative = spec.alternative.as_ref().map(ToString::to_string);
    meaning.creates = spec.creates;
    for &position in &spec.keys {
        let Some(argument) = at(position) else { continue };
        if spec.pairs && spec.keys.len() == 1 {
            meaning.keys.extend(pair_keys(program, argument));
        } else {
            meaning.keys.extend(expand(argument).iter().flat_map(|key| key_uses(program, key)));
        }
    }
    for position in [spec.pattern, spec.channel].into_iter().flatten() {
        if let Some(argument) = at(position) {
            meaning.keys.extend(expand(argument).iter().flat_map(|key| key_uses(program, key)));
        }
    }
    if let Some(argument) = spec.value.and_then(at) {
        let is_message = spec.effect == CommandEffect::Publish;
        meaning.value = if is_message { value::message(program, argument) } else { value::stored(program, argument) };
    }
    if spec.if_absent {
        meaning.condition = Condition::IfAbsent;
    }
    if let Some(argument) = spec.condition.and_then(at) {
        meaning.condition = condition_of(program, &argument.value);
    }
    meaning.ttl = match &spec.ttl {
        Some((position, kind)) => match at(*position) {
            Some(argument) => {
                meaning.forwards_ttl = ttl::forwarded(&argument.value);
                if let Data::Options(..) | Data::OneOf(_) = argument.value.data {
                    let from_options = options_condition(program, &argument.value);
                    if from_options != Condition::Always {
                        meaning.condition = from_options;
                    }
                }
                ttl::argument(program, argument, kind)
            }
            None => Ttl::of(TtlKind::None),
        },
        None if may_carry_ttl(spec.effect) => Ttl::of(TtlKind::None),
        None => Ttl::not_applicable(),
    };
    if let Some(argument) = spec.keep_ttl.and_then(at)
        && matches!(argument.value.data, Data::Bool(true))
    {
        meaning.ttl = Ttl { kind: TtlKind::Keep, span: Some(argument.span), ..meaning.ttl };
    }
    if !extra.is_empty()
        && let Some(server) = program.world.catalogue.command(&spec.command)
    {
        let flat: Vec<Argument> = extra.iter().flat_map(expand).collect();
        words(program, server, &flat, 0, &mut meaning);
    }
    meaning
}

/// Effects for which "no TTL" is a fact worth stating.
fn may_carry_ttl(effect: CommandEffect) -> bool {
    matches!(
        effect,
        CommandEffect::Write
            | CommandEffect::WriteTtl
            | CommandEffect::WriteMaybeTtl
            | CommandEffect::PartialWrite
            | CommandEffect::Counter
            | CommandEffect::CounterTtl
            | CommandEffect::Store
            | CommandEffect::CollectionWrite
            | CommandEffect::CollectionWriteTtl
            | CommandEffect::CollectionCounter
            | CommandEffect::CollectionMove
            | CommandEffect::StreamWrite
    )
}

fn raw(program: &Program<'_>, command: &Command, name: Option<&Value>) -> Meaning {
    let catalogue = program.world.catalogue;
    let flat: Vec<Argument> = command.args.iter().flat_map(expand).collect();
    let names: Vec<String> = name
        .map(|name| name.alternatives().iter().filter_map(|name| name.as_text().map(str::to_ascii_uppercase)).collect())
        .unwrap_or_default();
    let Some(first) = names.first() else {
        let mut meaning = Meaning::plain("?", CommandEffect::ModuleOther);
        meaning.unresolved.push("the command's name is not a constant".to_owned());
        return meaning;
    };
    // `OBJECT ENCODING`: the sub-command is the first argument.
    let second = flat.first().and_then(|arg| arg.value.as_text());
    let Some((spec, name_words)) = catalogue.command_of_words(first, second) else {
        let mut meaning = Meaning::plain(first, CommandEffect::ModuleOther);
        meaning.alternative = names.get(1).cloned();
        return meaning;
    };
    let mut meaning = Meaning::plain(&spec.name, spec.effect);
    meaning.alternative = names.get(1).cloned();
    meaning.creates = spec.creates;
    let args = flat.get(name_words - 1..).unwrap_or_default();
    for positions in &spec.keys {
        for at in key_positions(positions, args) {
            if let Some(argument) = args.get(at) {
                meaning.keys.extend(key_uses(program, argument));
            }
        }
    }
    for position in [spec.pattern, spec.channel].into_iter().flatten() {
        if let Some(argument) = args.get(usize::from(position)) {
            meaning.keys.extend(key_uses(program, argument));
        }
    }
    if spec.effect == CommandEffect::Scan
        && let Some(at) = word_at(args, "MATCH")
        && let Some(argument) = args.get(at + 1)
    {
        meaning.keys.extend(key_uses(program, argument));
    }
    if let Some(argument) = spec.value.and_then(|at| args.get(usize::from(at))) {
        let is_message = spec.effect == CommandEffect::Publish;
        meaning.value = if is_message { value::message(program, argument) } else { value::stored(program, argument) };
    }
    if spec.if_absent {
        meaning.condition = Condition::IfAbsent;
    }
    meaning.ttl = if may_carry_ttl(spec.effect) { Ttl::of(TtlKind::None) } else { Ttl::not_applicable() };
    if let Some((at, unit)) = spec.ttl {
        meaning.ttl = match args.get(usize::from(at)) {
            Some(argument) => {
                meaning.forwards_ttl = ttl::forwarded(&argument.value);
                ttl::number(program, argument, unit)
            }
            None => Ttl::of(TtlKind::Undetermined),
        };
    }
    let from = spec.value.map_or(1, |at| usize::from(at) + 1);
    words(program, spec, args, from, &mut meaning);
    meaning
}

/// Options among the arguments from position `from` on: `EX 60`, `NX`, `KEEPTTL`.
fn words(program: &Program<'_>, spec: &CommandSpec, args: &[Argument], from: usize, meaning: &mut Meaning) {
    if spec.ttl_words.is_empty() && spec.condition_words.is_empty() {
        return;
    }
    let mut at = from;
    while let Some(argument) = args.get(at) {
        let Some(word) = argument.value.as_text() else {
            // Something opaque among the options: whether it holds a TTL cannot be known.
            if !spec.ttl_words.is_empty() && meaning.ttl.kind == TtlKind::None {
                match &argument.value.data {
                    Data::Options(..) => {
                        meaning.ttl = ttl::options_argument(program, argument);
                        meaning.condition = options_condition(program, &argument.value);
                    }
                    _ => {
                        let (span, lost) = (Some(argument.span), argument.value.loss());
                        meaning.ttl = Ttl { span, lost, ..Ttl::of(TtlKind::Undetermined) };
                    }
                }
            }
            at += 1;
            continue;
        };
        if let Some((_, unit)) = spec.ttl_words.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)) {
            use crate::clients::Unit;
            match unit {
                Unit::Keep => meaning.ttl = Ttl { span: Some(argument.span), ..Ttl::of(TtlKind::Keep) },
                Unit::Persist | Unit::None => meaning.ttl = Ttl { span: Some(argument.span), ..Ttl::of(TtlKind::None) },
                unit => {
                    if let Some(number) = args.get(at + 1) {
                        meaning.forwards_ttl = ttl::forwarded(&number.value);
                        meaning.ttl = ttl::number(program, number, *unit);
                        at += 1;
                    }
                }
            }
        } else if spec.condition_words.iter().any(|known| known.eq_ignore_ascii_case(word)) {
            meaning.condition = word_condition(word);
        }
        at += 1;
    }
}

fn word_condition(word: &str) -> Condition {
    match word.to_ascii_uppercase().as_str() {
        "NX" => Condition::IfAbsent,
        "XX" => Condition::IfPresent,
        _ => Condition::IfEqual,
    }
}

/// The condition in a set of options.
fn options_condition(program: &Program<'_>, value: &Value) -> Condition {
    let mut found: Option<Condition> = None;
    for alternative in value.alternatives() {
        let Data::Options(path, calls) = &alternative.data else { continue };
        let spec = program.world.catalogue.type_spec(path);
        let here = calls
            .iter()
            .filter(|(name, _)| spec.is_some_and(|spec| spec.condition_methods.contains(name)))
            .map(|(name, args)| match args.first() {
                Some(argument) => condition_of(program, argument),
                None => word_condition(name),
            })
            .next_back()
            .unwrap_or(Condition::Always);
        found = Some(match found {
            Some(other) if other != here => Condition::Maybe,
            _ => here,
        });
    }
    found.unwrap_or_default()
}

/// `ExistenceCheck::NX`, `SetCondition::XX`, `Some(SetOptions::NX)`, `None`.
fn condition_of(program: &Program<'_>, value: &Value) -> Condition {
    match &value.data {
        Data::Variant(name, inner) => match crate::link::ty::last_segment(name) {
            "Some" => inner.first().map_or(Condition::Always, |inner| condition_of(program, inner)),
            "None" => Condition::Always,
            variant => {
                let owner = name.rsplit_once("::").map_or("", |(owner, _)| owner);
                let word = program
                    .world
                    .catalogue
                    .type_spec(owner)
                    .and_then(|spec| spec.words.iter().find(|(known, _)| known == variant))
                    .map_or(variant, |(_, word)| word.as_str());
                word_condition(word)
            }
        },
        Data::Text(text) => text.as_text().map_or(Condition::Always, word_condition),
        _ => Condition::Always,
    }
}

fn word_at(args: &[Argument], word: &str) -> Option<usize> {
    args.iter().position(|arg| arg.value.as_text().is_some_and(|text| text.eq_ignore_ascii_case(word)))
}

fn key_positions(positions: &KeyPositions, args: &[Argument]) -> Vec<usize> {
    match positions {
        KeyPositions::At(at) => vec![usize::from(*at)],
        KeyPositions::Range { start, end, step, drop } => {
            let end = end.map_or(args.len(), usize::from).min(args.len().saturating_sub(usize::from(*drop)));
            (usize::from(*start)..end).step_by(usize::from(*step).max(1)).collect()
        }
        KeyPositions::Counted { at, step } => {
            let at = usize::from(*at);
            let step = usize::from(*step).max(1);
            match args.get(at).map(|arg| &arg.value.data) {
                Some(Data::Int(n)) => {
                    let count = usize::try_from(*n).unwrap_or(0);
                    (0..count).map(|nth| at + 1 + nth * step).collect()
                }
                _ => vec![at + 1],
            }
        }
        KeyPositions::After(word) => match word_at(args, word) {
            Some(found) => vec![found + 1],
            None => Vec::new(),
        },
        KeyPositions::AllAfter(word) => {
            word_at(args, word).map_or_else(Vec::new, |found| (found + 1..args.len()).collect())
        }
        KeyPositions::HalfAfter(word) => match word_at(args, word) {
            Some(found) => {
                let rest = args.len() - found - 1;
                (found + 1..found + 1 + rest.div_ceil(2)).collect()
            }
            None => Vec::new(),
        },
    }
}

/// The keys that one argument stands for.
pub(super) fn key_uses(program: &Program<'_>, argument: &Argument) -> Vec<KeyUse> {
    let written = argument.span.of(program.world.workspace.text(argument.file)).to_owned();
    let mut found = Vec::new();
    let many = argument.value.alternatives().iter().any(|value| match &value.data {
        Data::List { items, complete } => !complete || items.len() > 1,
        _ => matches!(value.ty, Ty::List(_)) || value.ty.last() == Some("Vec"),
    });
    let elements = argument.value.alternatives().into_iter().flat_map(|value| match &value.data {
        // A collection of unknown length: the shape of one element.
        Data::List { items, .. } => items.iter().flat_map(Value::alternatives).collect(),
        _ => vec![value],
    });
    for value in elements {
        let template = value.as_template();
        let template = template.filter(|template| {
            // A hole without a name, made of nothing known, is no template; `*` is one.
            let constant = template.holes().next().is_none() && !template.pieces().is_empty();
            constant || template.has_literal() || template.holes().any(|hole| !hole.name.is_empty())
        });
        let spelled = value.spelled.0;
        let lost = value.loss();
        let key = KeyUse { template, span: Some(argument.span), written: written.clone(), spelled, many, lost };
        if !found.contains(&key) {
            found.push(key);
        }
    }
    found
}

/// Keys of `[(key, value), …]`.
fn pair_keys(program: &Program<'_>, argument: &Argument) -> Vec<KeyUse> {
    let first_of = |value: &Value| match &value.data {
        Data::Tuple(parts) => parts.first().cloned(),
        _ => None,
    };
    let keys: Vec<Value> = match &argument.value.data {
        Data::List { items, .. } => items.iter().filter_map(first_of).collect(),
        Data::Tuple(_) => first_of(&argument.value).into_iter().collect(),
        _ => Vec::new(),
    };
    if keys.is_empty() {
        return vec![KeyUse {
            template: None,
            span: Some(argument.span),
            written: argument.span.of(program.world.workspace.text(argument.file)).to_owned(),
            spelled: None,
            many: true,
            lost: argument.value.loss(),
        }];
    }
    keys.into_iter().flat_map(|value| key_uses(program, &Argument { value, ..argument.clone() })).collect()
}

fn script(program: &Program<'_>, command: &Command, text: Option<&str>, keys: usize) -> Meaning {
    let mut meaning = Meaning::plain("EVAL", CommandEffect::Script);
    meaning.keys = command.args.iter().take(keys).flat_map(|key| key_uses(program, key)).collect();
    match text {
        Some(text) => {
            meaning.script_commands = super::script::commands(text);
            meaning.ttl = super::script::ttl(text, &meaning.script_commands);
        }
        None => meaning.unresolved.push("the script's text is not known".to_owned()),
    }
    meaning
}

/// Whether a type of the catalogue wraps a stored value (`redis_macros::Json`).
pub(super) fn is_value_wrapper(program: &Program<'_>, path: &str) -> bool {
    program.world.catalogue.type_spec(path).is_some_and(|spec| spec.kind == TypeKind::ValueWrapper)
}
