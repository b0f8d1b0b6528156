//! Methods of a Redis type out of a crate that no table knows and whose sources are not at hand: their names say which
//! command they send, as far as names can. What they do about a TTL is only known where they are given one.

use std::rc::Rc;

use super::call::Site;
use super::{Evaluator, Frame};
use crate::clients::{Catalogue, CommandEffect, CommandSpec, MethodSpec, TtlArgument, Unit};
use crate::facts::Name;
use crate::facts::expr::MethodCall;
use crate::finding::Confidence;
use crate::inventory::Via;
use crate::link::trace::Form;
use crate::link::ty::{Ty, last_segment};
use crate::link::value::{Argument, Data, Value};

/// What the types of connections, pools and the wrappers around them are called.
const HOLDERS: &[&str] = &["conn", "pool", "client", "manager", "store", "cache", "redis", "valkey"];
/// What is about Redis and sends nothing.
const OTHERS: &[&str] =
    &["error", "value", "reply", "setting", "config", "result", "key", "entry", "option", "builder", "info"];
/// Names of commands that mean something else in the name of a method.
const OTHER_SENSES: &[&str] = &["type", "object", "dump", "sort", "copy", "move"];
const TTL_WORDS: &[&str] = &["ttl", "ex", "expiry", "expire", "expires", "expiration", "exp", "secs", "seconds"];

impl<'a> Evaluator<'a> {
    /// A type of a crate that no table knows, and whose path says Redis: `redis_helpers::Conn`, `company::RedisPool`.
    pub(super) fn is_foreign_connection(&self, ty: &Ty) -> bool {
        self.world.chain(ty).iter().any(|ty| {
            let Ty::External(path, _) = ty else { return false };
            let says_redis =
                |text: &str| ["redis", "valkey"].iter().any(|word| text.to_ascii_lowercase().contains(word));
            let catalogue = self.world.catalogue;
            match catalogue.canonical(path) {
                None => says_redis(path),
                // A module `redis` of another crate looks like the client itself, whose own types do not repeat its name.
                Some(path) => catalogue.type_spec(&path).is_none() && says_redis(last_segment(&path)),
            }
        })
    }

    /// `pool.set_key_with_expiry(&key, value, 60)` of such a type.
    pub(super) fn foreign_method(
        &mut self,
        frame: &mut Frame,
        receiver: &Value,
        call: &'a MethodCall,
        site: &Site,
        used: bool,
    ) -> Option<Value> {
        if !used || call.args.is_empty() || !self.is_foreign_connection(&receiver.ty) {
            return None;
        }
        if !self.world.chain(&receiver.ty).iter().any(is_holder) {
            return None;
        }
        let said = said(&call.name, self.world.catalogue)?;
        let server = said.command;
        let client = self.world.resolver.client_traits(frame.module).first().copied();
        let client = client.or_else(|| self.world.catalogue.client_named("redis"))?;
        let mut args = self.arguments(frame, &call.args);
        let is_key =
            |value: &Value| !matches!(value.data, Data::Int(_) | Data::Bool(_) | Data::Closure(_) | Data::Duration(_));
        if !args.first().is_some_and(|key| is_key(&key.value)) {
            return None;
        }
        let given = args.iter().enumerate().skip(1).rfind(|(at, arg)| {
            let written = arg.span.of(self.world.workspace.text(arg.file));
            let expires = server.name == "EXPIRE" && *at == 1;
            expires
                || *at + 1 == args.len()
                    && (said.with_ttl && *at > 1 || words(written).any(|word| TTL_WORDS.contains(&&*word)))
        });
        let ttl = match given {
            Some((at, _)) => Some((u8::try_from(at).ok()?, TtlArgument::Number(Unit::Seconds))),
            None if server.creates => {
                // Whatever it does of itself.
                let last = args.last()?;
                args.push(Argument { value: Value::unknown(), ..last.clone() });
                Some((u8::try_from(args.len() - 1).ok()?, TtlArgument::Options(Name::default())))
            }
            None => None,
        };
        let spec = Rc::new(row(&call.name, &said, ttl, args.len()));
        let form = Form::Method { own_args: args.len(), spec: spec.clone() };
        self.run_closures(frame, &args);
        let id = self.push_command(frame, site, client, form, args, Via::Method, None);
        let command = &mut self.commands[id.0 as usize];
        command.confidence = Confidence::Likely;
        command.spelled = call.name.clone();
        let value = self.result_of(id, &spec.effect, None);
        Some(self.typed_by_method(frame, value, call))
    }
}

fn is_holder(ty: &Ty) -> bool {
    let Ty::External(path, _) = ty else { return false };
    let name = last_segment(path).to_ascii_lowercase();
    HOLDERS.iter().any(|word| name.contains(word)) && !OTHERS.iter().any(|word| name.contains(word))
}

/// What a method's name says.
struct Said<'c> {
    command: &'c CommandSpec,
    if_absent: bool,
    with_ttl: bool,
}

/// The command that a method of this name sends, if it can be told.
fn said<'c>(name: &str, catalogue: &'c Catalogue) -> Option<Said<'c>> {
    let words: Vec<String> = words(name).collect();
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let with_ttl = has(TTL_WORDS);
    let if_absent = has(&["nx"]) || has(&["not"]) && has(&["exist", "exists", "present"]);
    let many = has(&["multiple", "many", "all", "mget"]);
    if has(&["append", "add"]) && has(&["stream"]) {
        return Some(Said { command: catalogue.command("XADD")?, if_absent: false, with_ttl });
    }
    let first = words.iter().find_map(|word| verb(word, catalogue))?;
    let command = match first {
        // A command of its own name, whatever else is said: `hget`, `zadd_with_ttl`.
        Verb::Command(command) => return Some(Said { command, if_absent: false, with_ttl }),
        Verb::Set if has(&["hash"]) => "HSET",
        Verb::Set if has(&["expiry", "expiration", "ttl"]) && !has(&["key", "value", "with", "and"]) => "EXPIRE",
        Verb::Set => "SET",
        Verb::Get if has(&["hash"]) => {
            if has(&["field", "fields"]) && !many {
                "HGET"
            } else {
                "HGETALL"
            }
        }
        Verb::Get if has(&["set"]) && has(&["members"]) => "SMEMBERS",
        Verb::Get if has(&["list"]) => {
            if has(&["length", "len", "size"]) {
                "LLEN"
            } else {
                "LRANGE"
            }
        }
        Verb::Get if has(&["delete", "del", "remove"]) => "GETDEL",
        Verb::Get if has(&["ttl", "expiry"]) => "TTL",
        Verb::Get => {
            if many {
                "MGET"
            } else {
                "GET"
            }
        }
        Verb::Delete if has(&["pattern", "prefix"]) => "SCAN",
        Verb::Delete if has(&["hash"]) && has(&["field", "fields"]) => "HDEL",
        Verb::Delete => "DEL",
    };
    Some(Said { command: catalogue.command(command)?, if_absent: if_absent && command == "SET", with_ttl })
}

enum Verb<'c> {
    Command(&'c CommandSpec),
    Set,
    Get,
    Delete,
}

fn verb<'c>(word: &str, catalogue: &'c Catalogue) -> Option<Verb<'c>> {
    let named = match word {
        "set" | "put" | "store" => return Some(Verb::Set),
        "get" | "fetch" | "read" => return Some(Verb::Get),
        "delete" | "del" | "remove" => return Some(Verb::Delete),
        "setx" => "SETEX",
        "exist" => "EXISTS",
        "increment" => "INCR",
        "decrement" => "DECR",
        word if OTHER_SENSES.contains(&word) => return None,
        word => word,
    };
    let command = catalogue.command(named)?;
    (!command.keys.is_empty() || matches!(command.effect, CommandEffect::Publish)).then_some(Verb::Command(command))
}

/// The words of a name or of an expression, in lower case.
fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_ascii_lowercase)
}

fn row(name: &Name, said: &Said<'_>, ttl: Option<(u8, TtlArgument)>, args: usize) -> MethodSpec {
    let server = said.command;
    let channel = matches!(server.effect, CommandEffect::Publish).then_some(0);
    let scans = matches!(server.effect, CommandEffect::Scan);
    MethodSpec {
        name: name.clone(),
        command: server.name.clone(),
        alternative: None,
        effect: server.effect,
        args: u8::try_from(args).unwrap_or(u8::MAX),
        keys: if channel.is_some() || scans { Vec::new() } else { vec![0] },
        many: matches!(&*server.name, "MGET" | "DEL"),
        pairs: false,
        dest: None,
        value: server.value.is_some().then_some(1),
        field: None,
        ttl,
        ttl_optional: false,
        keep_ttl: None,
        condition: None,
        if_absent: said.if_absent || server.if_absent,
        lock: false,
        pattern: scans.then_some(0),
        channel,
        script: None,
        on_ttl: server.on_ttl,
        creates: server.creates,
        since: None,
        until: None,
        distinctive: false,
    }
}
