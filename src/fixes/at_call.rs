//! `missing-ttl` at the call of a wrapper: the caller that passes `None` for a `Duration` passes the TTL of its key's class.

use super::lifetime::Lifetime;
use super::site::{Site, number, safe};
use super::syntax::{Around, is_none};
use crate::facts::{FileFacts, Function, ItemKind, TypeRef, UseLeaf};
use crate::finding::Fix;
use crate::inventory::Operation;

/// Where `Duration` of the standard library comes from.
const STANDARD: [&str; 3] = ["std", "core", "tokio"];

pub(super) fn fix(site: &Site<'_>, op: &Operation) -> Option<Fix> {
    if op.forwards_key {
        return None;
    }
    let around = site.around(op.place.span)?;
    let call = around.call(op.place.span)?;
    // The wrapper itself, not one that it calls in turn.
    let wrapper = op.wrapper.as_ref()?;
    let definition = site.ground.inventory.operation(wrapper.definition);
    let facts = (site.others)(definition.place.file)?;
    let inner = Around::of(&facts, definition.place.span)?;
    let function = inner.function_around()?;
    let name = crate::link::ty::last_segment(&wrapper.function);
    if function.name != name || op.spelled != name {
        return None;
    }
    let params = parameters(function, &call, op.place.span)?;
    let mut absent = call.args.iter().zip(params).filter(|(argument, _)| is_none(argument));
    let (argument, ty) = absent.next()?;
    if absent.next().is_some() || !is_optional_duration(ty, &facts) {
        return None;
    }
    let lifetime = Lifetime::of(site, op)?;
    let made = if lifetime.ms % 1000 == 0 {
        format!("from_secs({})", number(lifetime.ms / 1000))
    } else {
        format!("from_millis({})", number(lifetime.ms))
    };
    let duration = if leaves(site.facts).any(|leaf| leaf.name == "Duration" && is_standard(&leaf.path)) {
        "Duration"
    } else {
        "std::time::Duration"
    };
    let edit = site.edit(argument.span, format!("Some({duration}::{made})"));
    Some(safe(format!("pass {}", lifetime.described()), vec![edit]))
}

/// The types of the parameters that the call's arguments stand for, the receiver left out.
fn parameters<'a>(
    function: &'a Function,
    call: &super::syntax::Call<'_>,
    name: crate::text::Span,
) -> Option<impl Iterator<Item = &'a TypeRef>> {
    let is_method = matches!(&call.whole.kind, crate::facts::ExprKind::Method(method) if method.name_span == name);
    // `put(&mut con, key, None)`: the first argument stands where a method has its receiver.
    let skipped = match (is_method, function.has_self) {
        (_, true) => 0,
        (false, false) => 1,
        (true, false) => return None,
    };
    let params = function.params.get(skipped..)?;
    (params.len() == call.args.len()).then(|| params.iter().map(|param| &param.ty))
}

fn is_optional_duration(ty: &TypeRef, facts: &FileFacts) -> bool {
    let TypeRef::Path(path) = ty else { return false };
    let Some(option) = path.segments.last().filter(|last| last.name == "Option") else { return false };
    let [TypeRef::Path(inner)] = option.args.as_slice() else { return false };
    let written: Vec<_> = inner.segments.iter().map(|segment| segment.name.clone()).collect();
    match written.as_slice() {
        [only] if only == "Duration" => leaves(facts).any(|leaf| leaf.name == "Duration" && is_standard(&leaf.path)),
        path => is_standard(path),
    }
}

fn is_standard(path: &[crate::facts::Name]) -> bool {
    matches!(path, [library, module, name]
        if STANDARD.contains(&library.as_str()) && module == "time" && name == "Duration")
}

fn leaves(facts: &FileFacts) -> impl Iterator<Item = &UseLeaf> {
    facts
        .items
        .iter()
        .filter_map(|item| match &item.kind {
            ItemKind::Use(leaves) => Some(leaves),
            _ => None,
        })
        .flatten()
}
