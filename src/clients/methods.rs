//! Method rows: what a call of a client's method sends.

use super::commands::Commands;
use super::error::{RowPath, TableError, did_you_mean};
use super::names::is_common;
use super::row::Line;
use super::{CommandEffect, MethodSpec, OnTtl, RawForm, StoreMaker, TtlArgument, Unit};
use crate::facts::Name;

const ROLES: &[&str] =
    &["key", "keys", "pairs", "dest", "value", "field", "ttl", "keep_ttl", "condition", "pattern", "channel", "script"];
const FACTS: &[&str] = &["effect", "on_ttl", "creates", "if_absent", "lock"];
const RAW_ROLES: &[&str] = &["ready", "command", "arguments", "line"];
const MAKER_ROLES: &[&str] = &["prefix", "ttl"];

/// What a method row can refer to.
pub(crate) struct Context<'a> {
    /// The server's commands.
    pub commands: &'a Commands,
    /// The argument that a type or unit after `ttl:` stands for.
    pub ttl: &'a dyn Fn(&str) -> Result<TtlArgument, String>,
    /// The table is the project's own: none of its names may be taken for Redis without knowing the receiver.
    pub declared: bool,
}

/// Reads one row.
pub(crate) fn method(name: &str, text: &str, context: &Context<'_>, row: &RowPath) -> Result<MethodSpec, TableError> {
    let line = Line::parse(text, true, row)?;
    line.check_roles(ROLES, row)?;
    if let Some((option, _)) = line.options.first() {
        return Err(row.error(format!("`{option}`: a method's row names arguments, not options of the command")));
    }
    let known = |name: &str| {
        let unknown = || {
            let near = did_you_mean(name, context.commands.iter().map(|spec| spec.name.as_str()));
            row.error(format!("`{name}` is no Redis command{near}"))
        };
        context.commands.get(name).ok_or_else(unknown)
    };
    let command = known(&line.command)?;
    line.alternative.map(known).transpose()?;

    let mut keys: Vec<u8> = ["key", "keys", "pairs", "dest"].iter().flat_map(|role| line.all(role)).collect();
    keys.sort_unstable();
    let ttl = match line.detail("ttl") {
        Some((at, detail, _)) => Some((at, (context.ttl)(detail).map_err(|message| row.error(message))?)),
        None => None,
    };
    let pairs = line.at("pairs", row)?;
    let keep_ttl = line.at("keep_ttl", row)?;
    let carries_ttl = ttl.is_some() || keep_ttl.is_some();
    let chooses_ttl = keep_ttl.is_some() || matches!(ttl, Some((_, TtlArgument::Enum(_) | TtlArgument::Options(_))));
    let mut spec = MethodSpec {
        name: Name::new(name),
        command: Name::new(&line.command),
        alternative: line.alternative.map(Name::new),
        effect: match command.effect {
            CommandEffect::Write if carries_ttl => CommandEffect::WriteMaybeTtl,
            effect => effect,
        },
        args: u8::try_from(line.arguments.len()).unwrap_or(u8::MAX),
        many: pairs.is_some() || line.all("keys").next().is_some(),
        pairs: pairs.is_some(),
        keys,
        dest: line.at("dest", row)?,
        value: line.at("value", row)?.or(pairs),
        field: line.at("field", row)?,
        ttl_optional: line.detail("ttl").is_some_and(|(_, _, optional)| optional),
        ttl,
        keep_ttl,
        condition: line.at("condition", row)?,
        if_absent: command.if_absent,
        lock: false,
        pattern: line.at("pattern", row)?,
        channel: line.at("channel", row)?,
        script: line.at("script", row)?,
        on_ttl: if chooses_ttl && !command.ttl_words.is_empty() && command.on_ttl != OnTtl::Field {
            OnTtl::Option
        } else {
            command.on_ttl
        },
        creates: command.creates,
        since: line.versions.0,
        until: line.versions.1,
        distinctive: !context.declared && !is_common(name),
    };
    method_facts(&line, &mut spec, row)?;
    Ok(spec)
}

fn method_facts(line: &Line<'_>, spec: &mut MethodSpec, row: &RowPath) -> Result<(), TableError> {
    for &(fact, detail) in &line.facts {
        match (fact, detail) {
            ("effect", Some(word)) => {
                let known = || did_you_mean(word, CommandEffect::WORDS.iter().map(|(word, _)| *word));
                spec.effect = word.parse().map_err(|()| row.error(format!("`{word}` is no effect{}", known())))?;
                spec.on_ttl = spec.effect.usual_on_ttl();
                spec.creates = spec.effect.usually_creates();
            }
            ("on_ttl", Some(word)) => {
                spec.on_ttl = word.parse().map_err(|()| row.error(format!("`{word}` is no `on_ttl`")))?;
            }
            ("creates", Some(word @ ("yes" | "no"))) => spec.creates = word == "yes",
            ("if_absent", None) => spec.if_absent = true,
            ("lock", None) => spec.lock = true,
            _ => return Err(Line::unknown_fact(fact, FACTS, row)),
        }
    }
    Ok(())
}

/// Reads one row of `raw`.
pub(crate) fn raw(name: &str, text: &str, row: &RowPath) -> Result<RawForm, TableError> {
    let line = Line::parse(text, false, row)?;
    line.check_roles(RAW_ROLES, row)?;
    let mut form = RawForm {
        name: Name::new(name),
        args: u8::try_from(line.arguments.len()).unwrap_or(u8::MAX),
        ready: line.at("ready", row)?,
        command: line.at("command", row)?,
        arguments: line.at("arguments", row)?,
        line: line.at("line", row)?,
        starts: false,
    };
    for &(fact, detail) in &line.facts {
        match (fact, detail) {
            ("starts", None) => form.starts = true,
            _ => return Err(Line::unknown_fact(fact, &["starts"], row)),
        }
    }
    if form.ready.is_none() && form.command.is_none() && form.line.is_none() {
        return Err(row.error("needs one of `ready`, `command` and `line`"));
    }
    Ok(form)
}

/// Reads a function that makes a store: `prefix ttl:duration`.
pub(crate) fn store_maker(name: &str, text: &str, row: &RowPath) -> Result<StoreMaker, TableError> {
    let line = Line::parse(text, false, row)?;
    line.check_roles(MAKER_ROLES, row)?;
    let ttl = match line.detail("ttl") {
        Some((at, word, _)) => Some((at, unit(word).map_err(|message| row.error(message))?)),
        None => None,
    };
    Ok(StoreMaker { name: Name::new(name), prefix: line.at("prefix", row)?, ttl })
}

/// The unit with this word.
pub(crate) fn unit(word: &str) -> Result<Unit, String> {
    Unit::from_word(word).ok_or_else(|| {
        let near = did_you_mean(word, Unit::WORDS.iter().map(|(word, _)| *word));
        format!("`{word}` is no unit{near} (s, ms, unix_s, unix_ms, duration, keep, persist, none)")
    })
}
