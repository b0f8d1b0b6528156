//! `ttl-unit-mismatch`: the conversion into the unit that the call takes. Unsafe: entries live for another time.

use super::site::{Site, unsafe_};
use crate::facts::ExprKind;
use crate::finding::Fix;
use crate::inventory::operation::TtlUnit;

/// The conversions of one type, by unit; the number has the same type in both only in the second pair.
const SECONDS: [(&str, &str, bool); 2] = [("as_millis", "as_secs", false), ("num_milliseconds", "num_seconds", true)];

pub(super) fn fix(site: &Site<'_>) -> Option<Fix> {
    let op = site.operation(site.finding.primary)?;
    let (takes, gives) = (op.ttl.unit?, op.ttl.source_unit?);
    let to_seconds = match (takes, gives) {
        (TtlUnit::Seconds, TtlUnit::Milliseconds) => true,
        (TtlUnit::Milliseconds, TtlUnit::Seconds) => false,
        _ => return None,
    };
    let ttl = op.ttl.span?;
    let (wrong, right, same_type) = SECONDS
        .into_iter()
        .map(|(ms, s, same)| if to_seconds { (ms, s, same) } else { (s, ms, same) })
        .find(|(wrong, ..)| ttl.of(site.text).contains(&format!(".{wrong}()")))?;
    let at = ttl.start as usize + ttl.of(site.text).find(&format!(".{wrong}()"))? + 1;
    if ttl.of(site.text).matches(wrong).count() != 1 {
        return None;
    }
    let name = crate::text::Span::new(at, at + wrong.len());
    let around = site.around(name)?;
    around.call(name)?;
    let is_cast = around.exprs().nth(1).is_some_and(|outer| matches!(outer.kind, ExprKind::Cast(..)));
    (same_type || is_cast).then(|| unsafe_(format!("convert with `{right}()`"), vec![site.edit(name, right)]))
}
