//! `keys-command`: `KEYS` becomes a walk with `SCAN`.
//!
//! Unsafe: `SCAN` may give a key twice, and sees keys that come and go meanwhile or does not. Only for redis-rs, of whose
//! releases it is known what the iterator gives, and only where the list's type is written.

use super::site::{Site, unsafe_};
use super::syntax::is_place;
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
    if op.client != "redis" || op.via != Via::Method || op.spelled != "keys" || op.confidence != Confidence::Certain {
        return None;
    }
    let around = site.around(op.place.span)?;
    let call = around.call(op.place.span)?;
    let [pattern] = call.args else { return None };
    let (whole, awaited) = whole(around.exprs())?;
    // Either the type stands at the call, or the call is the whole value of a `let` with a type.
    let turbofish = site.text.get(op.place.span.end as usize..)?.split_once('(')?.0.trim();
    let (block, at) = around.statement()?;
    let annotated = match block.stmts.get(at)? {
        Stmt::Let { ty: Some(ty), init: Some(init), .. } => init.span == whole.span && is_vec(ty),
        _ => false,
    };
    let ty = turbofish.strip_suffix('>').and_then(|text| text.split_once(',')).map(|(_, ty)| ty.trim());
    let found = match ty.filter(|ty| ty.starts_with("Vec<") || ty.starts_with("std::vec::Vec<")) {
        Some(ty) if turbofish.matches(',').count() == 1 => format!("let mut found: {ty} = Vec::new();"),
        None if annotated => "let mut found = Vec::new();".to_owned(),
        _ => return None,
    };
    let (receiver, pattern) = (call.receiver.span.of(site.text), pattern.span.of(site.text));
    let text = if awaited {
        // The iterator borrows the connection for longer than this expression.
        if !is_place(call.receiver) {
            return None;
        }
        let indent = site.indent_of_line(whole.span.start);
        let line = site.line_break();
        let key = if results { "key?" } else { "key" };
        [
            "{".to_owned(),
            format!("    let mut keys = {receiver}.scan_match({pattern}).await?;"),
            format!("    {found}"),
            "    while let Some(key) = keys.next_item().await {".to_owned(),
            format!("        found.push({key});"),
            "    }".to_owned(),
            "    found".to_owned(),
            "}".to_owned(),
        ]
        .join(&format!("{line}{indent}"))
    } else {
        if !annotated {
            return None;
        }
        let collect = if results { ".collect::<Result<_, _>>()?" } else { ".collect()" };
        format!("{receiver}.scan_match({pattern})?{collect}")
    };
    Some(unsafe_("walk the keys with `SCAN`, which lets others in between", vec![site.edit(whole.span, text)]))
}

/// `….await?` or `…?` around the call, and whether it is awaited.
fn whole<'a>(mut outwards: impl Iterator<Item = &'a Expr>) -> Option<(&'a Expr, bool)> {
    outwards.next()?;
    let next = outwards.next()?;
    match next.kind {
        ExprKind::Try(_) => Some((next, false)),
        ExprKind::Await(_) => {
            outwards.next().filter(|expr| matches!(expr.kind, ExprKind::Try(_))).map(|expr| (expr, true))
        }
        _ => None,
    }
}

fn is_vec(ty: &TypeRef) -> bool {
    matches!(ty, TypeRef::Path(path) if path.segments.last().is_some_and(|last| last.name == "Vec"))
}
