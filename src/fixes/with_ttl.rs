//! `missing-ttl`: a plain write becomes the one with the TTL of the key's class (or the one that all others give the key),
//! in the words of its client and version.
//!
//! Safe, and made only where the class states a TTL, the write is certainly one of Redis without any, and no other place
//! gives the key its expiry.

use super::site::{Site, number, safe};
use super::syntax::{Call, is_none};
use crate::clients::{FormWord, TtlForm, TypeKind};
use crate::facts::{Expr, ExprKind};
use crate::finding::{Confidence, Edit, Fix};
use crate::inventory::{Effect, Operation, TtlKind, Via};
use crate::rules::{class_ttl, duration};

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
    let of_class = class_ttl(site.ground.policy, op)?;
    let plain = op.confidence == Confidence::Certain && op.ttl.kind == TtlKind::None && !op.forwards_key;
    if !plain || op.command != "SET" || site.others(op, Effect::Expire) {
        return None;
    }
    // Where all others give the key one TTL that the class allows, this write joins them.
    let given = site.ttls_of_others(op);
    let (ms, whose) = match given.as_slice() {
        [only] if *only <= of_class => (*only, "that others give the key"),
        _ => (of_class, "of its class"),
    };
    let edits = rewrite(site, op, &Amount::of(ms)?)?;
    Some(safe(format!("give the write the TTL of {} {whose}", duration(ms)), edits))
}

/// The edits that give a plain SET this TTL.
pub(super) fn rewrite(site: &Site<'_>, op: &Operation, amount: &Amount) -> Option<Vec<Edit>> {
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
fn method(site: &Site<'_>, op: &Operation, call: &Call<'_>, amount: &Amount) -> Option<Vec<Edit>> {
    let (client, version) = site.client(op)?;
    let form = site
        .ground
        .catalogue
        .with_ttl(client, version, &op.spelled, call.args.len())
        .find(|form| form.milliseconds == amount.milliseconds)?;
    if form.other_reply && !reply_is_dropped(site, op) {
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
    joined(edits)
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
fn joined(edits: Vec<Edit>) -> Option<Vec<Edit>> {
    let mut out: Vec<Edit> = Vec::new();
    for edit in edits {
        match out.iter_mut().find(|other| other.place == edit.place) {
            Some(other) => other.text.push_str(&edit.text),
            None => out.push(edit),
        }
    }
    Some(out)
}

/// `con.set(…).await?;` as a statement, or bound to `_`.
fn reply_is_dropped(site: &Site<'_>, op: &Operation) -> bool {
    site.around(op.place.span).is_some_and(|around| super::expiry::stands_alone(&around).is_some())
}

/// `cmd("SET").arg(key).arg(value)`: behind the argument with the value.
fn command(site: &Site<'_>, op: &Operation, amount: &Amount) -> Option<Vec<Edit>> {
    let (client, _) = site.client(op)?;
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
    let word = if amount.milliseconds { "PX" } else { "EX" };
    let text = format!("{space}.{0}(\"{word}\"){space}.{0}({1})", call.name, amount.written);
    Some(vec![site.insert(whole.span.end, text)])
}

/// The dot in front of a method's name.
fn dot(site: &Site<'_>, call: &crate::facts::expr::MethodCall) -> Option<u32> {
    let from = call.receiver.span.end;
    let at = site.text.get(from as usize..call.name_span.start as usize)?.rfind('.')?;
    Some(from + u32::try_from(at).ok()?)
}
