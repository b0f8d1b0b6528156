//! The inventory as a table.

use super::summary::counted;
use super::table::cut;
use super::{Places, Style, Table, concise, ttl};
use crate::inventory::{Operation, Purpose, Via};
use crate::run::Analysis;

/// Columns that a key takes at most.
const KEY: usize = 64;
/// Columns that a type takes at most.
const VALUE: usize = 32;

/// The operations, a line each, and how many there are.
#[must_use]
pub fn render(analysis: &Analysis, style: Style) -> String {
    let places = Places::of(analysis);
    let mut table = Table::new(&["PLACE", "COMMAND", "KEY", "TTL", "VALUE", "PURPOSE", "VIA"]);
    for op in analysis.operations() {
        let spot = places.spot(op.place);
        table.row(vec![
            format!("{}:{}:{}", spot.path, spot.position.line, spot.position.column),
            op.command.clone(),
            cut(&concise::keys(op).collect::<Vec<_>>().join(" "), KEY),
            ttl::words(&op.ttl),
            cut(op.value.ty.as_deref().unwrap_or_default(), VALUE),
            if op.purpose == Purpose::Unknown { String::new() } else { op.purpose.word().to_owned() },
            via(op),
        ]);
    }
    let count = analysis.operations().count();
    if table.is_empty() {
        return "no Redis operations found\n".to_owned();
    }
    format!("{}\n{}\n", table.render(style), style.bold(&counted(count, "operation")))
}

/// The form where it is not the plain one; the wrapper by name.
fn via(op: &Operation) -> String {
    match (&op.wrapper, op.via) {
        (Some(wrapper), _) => {
            let name: Vec<&str> = wrapper.function.rsplit("::").take(2).collect();
            format!("wrapper {}", name.into_iter().rev().collect::<Vec<_>>().join("::"))
        }
        (None, Via::Method) => String::new(),
        (None, via) => via.word().to_owned(),
    }
}
