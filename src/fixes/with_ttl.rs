//! `missing-ttl`: a plain write becomes the one with the TTL of the key's class (or the one that all others give the key),
//! in the words of its client and version.
//!
//! Safe, and made only where the class states a TTL, the write is certainly one of Redis without any, and no other place
//! gives the key its expiry. A wrapper that decides for its callers is mended in its body if one TTL suits them all.

use super::answer::Answer;
use super::at_call;
use super::lifetime::{Lifetime, is_plain};
use super::site::{Site, number, safe, unsafe_};
use super::syntax::{Call, is_none};
use crate::clients::{FormWord, Reply, TtlForm, TypeKind};
use crate::facts::{Expr, ExprKind};
use crate::finding::{Edit, Fix};
use crate::inventory::{Operation, Via};

/// A TTL to write: in seconds, or in milliseconds where it is no whole number of seconds.
pub(super) struct Amount {
    pub(super) milliseconds: bool,
    pub(super) written: String,
    /// How it goes into another type of number.
    pub(super) cast: Cast,
}

/// How an expression goes into another type of number.
pub(super) enum Cast {
    /// By itself: a plain number.
    Literal,
    /// By `as`: its value is known and fits.
    As,
    /// Not without a doubt.
    Never,
}

impl Amount {
    /// Of a constant in milliseconds.
    pub(super) fn of(ms: i128) -> Option<Self> {
        let (milliseconds, value) = if ms % 1000 == 0 { (false, ms / 1000) } else { (true, ms) };
        (value > 0).then(|| Self { milliseconds, written: number(value), cast: Cast::Literal })
    }
}

pub(super) fn fix(site: &Site<'_>) -> Option<Fix> {
    let op = site.operation(site.finding.primary)?;
    if !is_plain(op) {
        return None;
    }
    if op.via == Via::Wrapper {
        return at_call::fix(site, op);
    }
    if !matches!(op.command.as_str(), "SET" | "SETNX" | "GETSET") {
        return None;
    }
    let lifetime = Lifetime::of(site, op)?;
    let (edits, server) = rewrite(site, op, &Amount::of(lifetime.ms)?)?;
    let mut message = format!("give the write {}", lifetime.described());
    if let Some(server) = &server {
        message.push_str(&format!("; servers before {server} refuse it"));
    }
    if lifetime.reaches_outside {
        message.push_str("; calls from other projects get it as well");
    }
    let make = if server.is_some() || lifetime.reaches_outside { unsafe_ } else { safe };
    Some(make(message, edits))
}

/// The edits that give a plain write this TTL; with the version of the server that it takes, where not all do.
pub(super) fn rewrite(site: &Site<'_>, op: &Operation, amount: &Amount) -> Option<(Vec<Edit>, Option<String>)> {
    match op.via {
        Via::Method | Via::Ufcs | Via::Pipeline | Via::Command => {}
        Via::Script | Via::Attribute | Via::Wrapper => return None,
    }
    let around = site.around(op.place.span)?;
    match around.call(op.place.span) {
        Some(call) => method(site, op, &call, amount),
        None => command(site, op, amount),
    }
}

/// `con.set(key, value)`.
fn method(site: &Site<'_>, op: &Operation, call: &Call<'_>, amount: &Amount) -> Option<(Vec<Edit>, Option<String>)> {
    let (client, version) = site.client(op)?;
    let form = site
        .ground
        .catalogue
        .with_ttl(client, version, &op.spelled, call.args.len())
        .find(|form| form.milliseconds == amount.milliseconds)?;
    if !takes(site, op, form.reply) {
        return None;
    }
    let written = amount_for(form, amount)?;
    let fill = |text: &str| filled(site, text, &written);
    let mut edits = Vec::new();
    if form.method != op.spelled {
        edits.push(site.edit(op.place.span, form.method.as_str()));
    }
    let mut at = 0_usize;
    for word in &form.words {
        match word {
            FormWord::Insert(text) => edits.push(site.insert_argument(call, at.checked_sub(1)?, &fill(text)?)?),
            FormWord::Keep => at += 1,
            FormWord::Replace(text) => {
                let argument = call.args.get(at).filter(|argument| is_none(argument))?;
                edits.push(site.edit(argument.span, fill(text)?));
                at += 1;
            }
            FormWord::Append(text) => {
                // On a call, which gives a value of its own: a variable may be used again.
                let argument = call.args.get(at).filter(|argument| is_call(argument))?;
                edits.push(site.insert(argument.span.end, fill(text)?));
                at += 1;
            }
        }
    }
    // What is put in at one place is one edit.
    Some((joined(edits), form.server.clone()))
}

/// Whether what is done with the answer suits the answer.
fn takes(site: &Site<'_>, op: &Operation, reply: Reply) -> bool {
    match reply {
        Reply::Same => true,
        Reply::SameAsBool => Answer::of(site, op) != Answer::Unknown,
        Reply::Other => Answer::of(site, op) == Answer::Dropped,
    }
}

fn is_call(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Call(..) | ExprKind::Method(_))
}

fn amount_for(form: &TtlForm, amount: &Amount) -> Option<String> {
    match (&form.cast, &amount.cast) {
        (None, _) | (_, Cast::Literal) => Some(amount.written.clone()),
        (Some(ty), Cast::As) => {
            let inner = amount.written.strip_suffix(" as i64").unwrap_or(&amount.written);
            Some(format!("{inner} as {ty}"))
        }
        (Some(_), Cast::Never) => None,
    }
}

/// Fills in the TTL and the paths of the client.
fn filled(site: &Site<'_>, text: &str, amount: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        let (path, behind) = after.split_once(']')?;
        out.push_str(before);
        out.push_str(&site.path_of(path)?);
        rest = behind;
    }
    out.push_str(rest);
    Some(out.replace("{s}", amount).replace("{ms}", amount))
}

/// Edits that put something in at the same place become one, in their order.
fn joined(edits: Vec<Edit>) -> Vec<Edit> {
    let mut out: Vec<Edit> = Vec::new();
    for edit in edits {
        match out.iter_mut().find(|other| other.place == edit.place) {
            Some(other) => other.text.push_str(&edit.text),
            None => out.push(edit),
        }
    }
    out
}

/// `cmd("SET").arg(key).arg(value)`: behind the argument with the value. SETNX and GETSET become a SET that does the same.
fn command(site: &Site<'_>, op: &Operation, amount: &Amount) -> Option<(Vec<Edit>, Option<String>)> {
    let (client, _) = site.client(op)?;
    let (word, reply, server) = match op.command.as_str() {
        "SET" => (None, Reply::Same, None),
        "SETNX" => (Some("NX"), Reply::SameAsBool, None),
        "GETSET" => (Some("GET"), Reply::Same, Some("6.2".to_owned())),
        _ => return None,
    };
    if !takes(site, op, reply) {
        return None;
    }
    let words = &site.ground.catalogue.type_of_kind(client, TypeKind::Command)?.argument_by;
    let value = site.around(op.value.span?)?;
    let (whole, call) = value.exprs().find_map(|expr| match &expr.kind {
        ExprKind::Method(call) if words.contains(&call.name) && call.receiver.span.end <= op.value.span?.start => {
            Some((expr, call))
        }
        _ => None,
    })?;
    // The chain begins with this very command, or goes on with the variable that holds it.
    let space = site.space_before(dot(site, call)?).unwrap_or_default();
    let argument = |text: &str| format!("{space}.{}({text})", call.name);
    let mut edits = Vec::new();
    let mut text = String::new();
    if let Some(word) = word {
        let named = op.place.span.of(site.text).trim_matches('"');
        if !named.eq_ignore_ascii_case(&op.command) || !op.place.span.of(site.text).starts_with('"') {
            return None;
        }
        edits.push(site.edit(op.place.span, "\"SET\""));
        text.push_str(&argument(&format!("\"{word}\"")));
    }
    text.push_str(&argument(if amount.milliseconds { "\"PX\"" } else { "\"EX\"" }));
    text.push_str(&argument(&amount.written));
    edits.push(site.insert(whole.span.end, text));
    Some((edits, server))
}

/// The dot in front of a method's name.
fn dot(site: &Site<'_>, call: &crate::facts::expr::MethodCall) -> Option<u32> {
    let from = call.receiver.span.end;
    let at = site.text.get(from as usize..call.name_span.start as usize)?.rfind('.')?;
    Some(from + u32::try_from(at).ok()?)
}
