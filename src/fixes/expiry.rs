//! `non-atomic-expiry`: `SET` with its `EXPIRE` in the next statement becomes one command; a pipeline a transaction.

use super::site::{Site, safe, unsafe_};
use super::syntax::{Around, is_none, is_place, stmt_span};
use super::with_ttl::{Amount, Cast, rewrite};
use crate::clients::{TtlArgument, TypeKind, Unit};
use crate::facts::expr::{Literal, PatKind};
use crate::facts::{Block, Expr, ExprKind, Stmt};
use crate::finding::{Confidence, Fix};
use crate::inventory::{Condition, Effect, Operation, TtlKind};
use crate::text::Span;

pub(super) fn fix(site: &Site<'_>) -> Option<Fix> {
    let write = site.operation(site.finding.primary)?;
    let mut expiries = site
        .finding
        .labels
        .iter()
        .filter_map(|label| site.operation(label.place))
        .filter(|op| op.effect == Effect::Expire && op.place.file == site.file());
    let expiry = expiries.next()?;
    if expiries.next().is_some() || write.confidence != Confidence::Certain || expiry.confidence != Confidence::Certain
    {
        return None;
    }
    match (write.batch, expiry.batch) {
        (None, None) => one_command(site, write, expiry),
        (Some(one), Some(other)) if one.batch == other.batch => transaction(site, write),
        _ => None,
    }
}

/// The statements follow each other on one connection, and nobody looks at the answer of the second.
fn one_command(site: &Site<'_>, write: &Operation, expiry: &Operation) -> Option<Fix> {
    let without = matches!(write.ttl.kind, TtlKind::None | TtlKind::Separate(_));
    if write.command != "SET" || write.condition != Condition::Always || !without || write.via != expiry.via {
        return None;
    }
    let first = site.around(write.place.span)?;
    let second = site.around(expiry.place.span)?;
    let (block, at) = first.statement()?;
    let (other_block, next) = second.statement()?;
    if !std::ptr::eq(block, other_block) || next != at + 1 || !first.in_statement().all(is_straight) {
        return None;
    }
    stands_alone(&second)?;
    let (one, two) = (connection(site, write, &first)?, connection(site, expiry, &second)?);
    let key = |op: &Operation| op.keys.first().map(|key| bare(&key.written).to_owned());
    if bare(one) != bare(two) || key(write)? != key(expiry)? {
        return None;
    }
    let amount = amount(site, expiry, &second)?;
    let (mut edits, _) = rewrite(site, write, &amount)?;
    edits.push(site.edit(removed(site, block, at)?, ""));
    Some(safe(format!("send the expiry with the value, in place of an `{}` of its own", expiry.command), edits))
}

/// The key or connection as named: `&key`, `key.clone()`, `&mut con` are `key` and `con`.
fn bare(written: &str) -> &str {
    let mut text = written.trim();
    loop {
        let before = text;
        text = text.trim_start_matches(['&', '*']).trim_start();
        text = text.strip_prefix("mut ").unwrap_or(text).trim();
        for tail in [".clone()", ".as_str()", ".to_owned()", ".to_string()"] {
            text = text.strip_suffix(tail).unwrap_or(text);
        }
        if text == before {
            return text;
        }
    }
}

/// The connection as written: the receiver, or what the command is run on.
fn connection<'a>(site: &Site<'a>, op: &Operation, around: &Around<'a>) -> Option<&'a str> {
    if let Some(call) = around.call(op.place.span) {
        return is_place(call.receiver).then(|| call.receiver.span.of(site.text));
    }
    let (client, _) = site.client(op)?;
    let runs = &site.ground.catalogue.type_of_kind(client, TypeKind::Command)?.run_by;
    around.exprs().find_map(|expr| match &expr.kind {
        ExprKind::Method(call) if runs.contains(&call.name) => {
            call.args.first().filter(|argument| is_place(argument)).map(|argument| argument.span.of(site.text))
        }
        _ => None,
    })
}

/// What does not branch: nothing stands between the statement and the call but `.await`, `?` and the like.
fn is_straight(expr: &Expr) -> bool {
    matches!(
        expr.kind,
        ExprKind::Await(_)
            | ExprKind::Try(_)
            | ExprKind::Method(_)
            | ExprKind::Call(..)
            | ExprKind::Path(_)
            | ExprKind::Lit(_)
    )
}

/// A statement whose value is dropped and in which the call is sent straight away; gives the statement.
pub(super) fn stands_alone<'a>(around: &Around<'a>) -> Option<&'a Stmt> {
    let (block, at) = around.statement()?;
    let stmt = block.stmts.get(at)?;
    let dropped = match stmt {
        Stmt::Expr { semi, .. } => *semi,
        Stmt::Let { pat, ty, diverge, .. } => {
            let unit = matches!(ty, Some(crate::facts::TypeRef::Tuple(parts)) if parts.is_empty());
            diverge.is_none() && matches!(pat.kind, PatKind::Wild) && (ty.is_none() || unit)
        }
        Stmt::Item(_) => false,
    };
    (dropped && around.in_statement().all(is_straight)).then_some(stmt)
}

/// The TTL that the EXPIRE is given, with its unit.
fn amount(site: &Site<'_>, expiry: &Operation, around: &Around<'_>) -> Option<Amount> {
    let (argument, milliseconds) = match around.call(expiry.place.span) {
        Some(call) => {
            let (client, version) = site.client(expiry)?;
            let spec = site.ground.catalogue.method(client, version, &expiry.spelled, call.args.len())?;
            let Some((at, TtlArgument::Number(unit))) = &spec.ttl else { return None };
            let at = usize::from(*at);
            // Conditions (`NX`, `GT`) have no place in the write.
            if !call.args.iter().skip(at + 1).all(is_none) {
                return None;
            }
            (call.args.get(at)?, milliseconds(*unit)?)
        }
        None => {
            let place = site.around(expiry.ttl.span?)?;
            let argument = place.exprs().find(|expr| Some(expr.span) == expiry.ttl.span)?;
            let milliseconds = match expiry.command.as_str() {
                "EXPIRE" => false,
                "PEXPIRE" => true,
                _ => return None,
            };
            (argument, milliseconds)
        }
    };
    let written = argument.span.of(site.text);
    let literal = matches!(argument.kind, ExprKind::Lit(Literal::Int(_)))
        && written.chars().all(|c| c.is_ascii_digit() || c == '_');
    // A negative number would delete the key: only what cannot be one goes into an unsigned type.
    let known = matches!(expiry.ttl.kind, TtlKind::Constant(ms) if ms > 0);
    let simple =
        matches!(argument.kind, ExprKind::Path(_) | ExprKind::Field(..) | ExprKind::Method(_) | ExprKind::Call(..));
    let casts = matches!(argument.kind, ExprKind::Cast(..)) && written.ends_with(" as i64");
    let cast = if literal {
        Cast::Literal
    } else if (known && simple) || casts {
        Cast::As
    } else {
        Cast::Never
    };
    Some(Amount { milliseconds, written: written.to_owned(), cast })
}

fn milliseconds(unit: Unit) -> Option<bool> {
    match unit {
        Unit::Seconds => Some(false),
        Unit::Milliseconds => Some(true),
        _ => None,
    }
}

/// The statement behind the one at `at`, with the white space in front of it. A comment between them stays.
fn removed(site: &Site<'_>, block: &Block, at: usize) -> Option<Span> {
    let (first, second) = (stmt_span(block.stmts.get(at)?)?, stmt_span(block.stmts.get(at + 1)?)?);
    let between = Span { start: first.end, end: second.start }.of(site.text);
    if between.contains("#[") {
        return None;
    }
    let space = between.len() - between.trim_end().len();
    let start = second.start - u32::try_from(space).ok()?;
    let behind = site.text.get(second.end as usize..)?;
    let semicolon = match block.stmts.get(at + 1)? {
        Stmt::Expr { .. } => {
            behind.find(';').filter(|&at| behind.get(..at).is_some_and(|text| text.trim().is_empty()))? + 1
        }
        _ => 0,
    };
    Some(Span { start, end: second.end + u32::try_from(semicolon).ok()? })
}

/// `pipe()` becomes `pipe().atomic()`.
fn transaction(site: &Site<'_>, write: &Operation) -> Option<Fix> {
    let (client, _) = site.client(write)?;
    let atomic = site.ground.catalogue.type_of_kind(client, TypeKind::Batch)?.atomic_by.first()?;
    let around = site.around(write.place.span)?;
    // Down the chain of calls to what it begins with.
    let mut base = around.exprs().find(|expr| matches!(expr.kind, ExprKind::Method(_)))?;
    while let ExprKind::Method(call) = &base.kind {
        base = &call.receiver;
    }
    let made_here = |expr: &Expr| {
        matches!(&expr.kind, ExprKind::Call(callee, args)
            if args.is_empty() && matches!(&callee.kind, ExprKind::Path(path) if path.segments.last().is_some_and(|last| last.name == "pipe")))
    };
    let edit = match &base.kind {
        ExprKind::Call(..) if made_here(base) => site.insert(base.span.end, format!(".{atomic}()")),
        // A variable: in a statement of its own behind its `let`, for all that is queued.
        ExprKind::Path(path) if path.segments.len() == 1 => {
            let name = &path.segments.first()?.name;
            let body = around.function_around()?.body.as_ref()?;
            let made = body.stmts.iter().find(|stmt| {
                matches!(stmt, Stmt::Let { pat, init: Some(init), .. }
                    if matches!(&pat.kind, PatKind::Bind(bound, None) if bound == name) && made_here(init))
            })?;
            let span = stmt_span(made)?;
            let (line, indent) = (site.line_break(), site.indent_of_line(span.start));
            site.insert(span.end, format!("{line}{indent}{name}.{atomic}();"))
        }
        _ => return None,
    };
    Some(unsafe_("make the pipeline a transaction", vec![edit]))
}
