//! `keys-command`: `KEYS` becomes a walk with `SCAN`.
//!
//! Unsafe: `SCAN` may give a key twice, and sees keys that come and go meanwhile or does not. Only for redis-rs, of whose
//! releases it is known what the iterator gives, and only where the list's type is written.

use super::site::{Site, unsafe_};
use super::syntax::{Around, Call, is_place};
use crate::facts::expr::MethodCall;
use crate::facts::{Expr, ExprKind, Stmt, TypeRef};
use crate::finding::{Confidence, Fix};
use crate::inventory::Via;

/// The last release whose iterators are known to give plain items, and the first whose items are results.
const PLAIN: [u32; 3] = [0, 28, u32::MAX];
const RESULTS: [u32; 3] = [1, 0, 0];

pub(super) fn fix(site: &Site<'_>) -> Option<Fix> {
    let op = site.operation(site.finding.primary)?;
    let (_, version) = site.client(op)?;
    let version = version?;
    let results = match version {
        version if version <= PLAIN => false,
        version if version >= RESULTS => true,
        _ => return None,
    };
    let sends = matches!(op.via, Via::Method | Via::Command);
    if op.client != "redis" || !sends || op.command != "KEYS" || op.confidence != Confidence::Certain {
        return None;
    }
    let around = site.around(op.place.span)?;
    let Sent { whole, awaited, tail, iterator, lends, turbofish } = match around.call(op.place.span) {
        Some(call) => by_method(site, &around, &call)?,
        None => by_command(site, &around)?,
    };
    // Either the type stands at the call, or the call is the whole value of a `let` with a type.
    let (block, at) = around.statement()?;
    let annotated = match block.stmts.get(at)? {
        Stmt::Let { ty: Some(ty), init: Some(init), .. } => init.span == whole.span && is_vec(ty),
        _ => false,
    };
    let found = match turbofish.filter(|ty| ty.starts_with("Vec<") || ty.starts_with("std::vec::Vec<")) {
        Some(ty) => format!("let mut found: {ty} = Vec::new();"),
        None if annotated => "let mut found = Vec::new();".to_owned(),
        None => return None,
    };
    let text = if awaited {
        // The iterator borrows the connection for longer than this expression.
        if !lends {
            return None;
        }
        let indent = site.indent_of_line(whole.span.start);
        let key = if results { format!("key{tail}") } else { "key".to_owned() };
        [
            "{".to_owned(),
            format!("    let mut keys = {iterator}.await{tail};"),
            format!("    {found}"),
            "    while let Some(key) = keys.next_item().await {".to_owned(),
            format!("        found.push({key});"),
            "    }".to_owned(),
            "    found".to_owned(),
            "}".to_owned(),
        ]
        .join(&format!("{}{indent}", site.line_break()))
    } else {
        if !annotated || tail != "?" {
            return None;
        }
        let collect = if results { ".collect::<Result<_, _>>()?" } else { ".collect()" };
        format!("{iterator}?{collect}")
    };
    Some(unsafe_("walk the keys with `SCAN`, which lets others in between", vec![site.edit(whole.span, text)]))
}

/// How the command is sent, and what walks in its place.
struct Sent<'a> {
    /// All of it, up to the `?`.
    whole: &'a Expr,
    awaited: bool,
    /// What stands behind `.await`, or behind the call: `?`, `.map_err(…)?`.
    tail: String,
    /// What gives the iterator.
    iterator: String,
    /// The connection can be borrowed for the time of the walk.
    lends: bool,
    /// The type of the list, where it stands at the call.
    turbofish: Option<&'a str>,
}

/// `con.keys(pattern)`.
fn by_method<'a>(site: &Site<'a>, around: &Around<'a>, call: &Call<'a>) -> Option<Sent<'a>> {
    let [pattern] = call.args else { return None };
    let ExprKind::Method(method) = &call.whole.kind else { return None };
    let (receiver, pattern) = (call.receiver.span.of(site.text), pattern.span.of(site.text));
    let (whole, awaited, tail) = whole(site, around, call.whole)?;
    let iterator = format!("{receiver}.scan_match({pattern})");
    Some(Sent { whole, awaited, tail, iterator, lends: is_place(call.receiver), turbofish: list_type(site, method) })
}

/// `cmd("KEYS").arg(pattern).query_async(con)`.
fn by_command<'a>(site: &Site<'a>, around: &Around<'a>) -> Option<Sent<'a>> {
    // From the name outwards: the call of `cmd`, its argument, what sends it.
    let mut outwards = around.exprs().skip(1);
    let begun = outwards.next()?;
    let ExprKind::Call(callee, _) = &begun.kind else { return None };
    let argument = outwards.next()?;
    let sent = outwards.next()?;
    let (ExprKind::Method(arg), ExprKind::Method(query)) = (&argument.kind, &sent.kind) else { return None };
    let ([pattern], [connection]) = (arg.args.as_slice(), query.args.as_slice()) else { return None };
    if arg.name != "arg" || query.name != "query_async" {
        return None;
    }
    let (whole, awaited, tail) = whole(site, around, sent)?;
    let of = |expr: &Expr| expr.span.of(site.text);
    let iterator = format!(
        "{}(\"SCAN\").cursor_arg(0).arg(\"MATCH\").arg({}).clone().iter_async({})",
        of(callee),
        of(pattern),
        of(connection)
    );
    Some(Sent { whole, awaited, tail, iterator, lends: is_place(connection), turbofish: list_type(site, query) })
}

/// The last type between `::<` and `>` of a call, where it is the only list.
fn list_type<'a>(site: &Site<'a>, call: &MethodCall) -> Option<&'a str> {
    let types = site.text.get(call.name_span.end as usize..)?.split_once('(')?.0.trim();
    let types = types.strip_prefix("::<")?.strip_suffix('>')?;
    (types.matches('<').count() == 1).then(|| types.rsplit(',').next().unwrap_or(types).trim())
}

/// `….await?`, `….await.map_err(…)?` or `…?` around a call; whether it is awaited; what stands behind.
fn whole<'a>(site: &Site<'a>, around: &Around<'a>, call: &Expr) -> Option<(&'a Expr, bool, String)> {
    let mut outwards = around.exprs().skip_while(|expr| expr.span != call.span).skip(1);
    let mut next = outwards.next()?;
    let mut from = call.span.end;
    let awaited = matches!(next.kind, ExprKind::Await(_));
    if awaited {
        from = next.span.end;
        next = outwards.next()?;
    }
    if matches!(&next.kind, ExprKind::Method(method) if method.name == "map_err") {
        next = outwards.next()?;
    }
    let tail = crate::text::Span { start: from, end: next.span.end }.of(site.text).trim().to_owned();
    matches!(next.kind, ExprKind::Try(_)).then_some((next, awaited, tail))
}

fn is_vec(ty: &TypeRef) -> bool {
    matches!(ty, TypeRef::Path(path) if path.segments.last().is_some_and(|last| last.name == "Vec"))
}
