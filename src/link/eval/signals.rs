//! What makes an event visible from outside: metrics and log lines, told by the names that metric and log crates share.

use crate::facts::expr::{FormatPiece, Literal, MacroBody};
use crate::facts::{Expr, ExprKind};
use crate::inventory::SignalKind;

/// What a macro shows, if anything.
pub(super) fn of_macro(name: &str, body: &MacroBody) -> Option<SignalKind> {
    match name {
        "counter" | "histogram" | "gauge" | "increment_counter" | "increment_gauge" | "decrement_gauge"
        | "absolute_counter" | "register_counter" | "describe_counter" | "statsd_count" | "statsd_incr" => {
            Some(match body {
                MacroBody::List(items) if items.iter().any(is_named) => SignalKind::Named,
                _ => SignalKind::Metric,
            })
        }
        "trace" | "debug" | "info" | "warn" | "error" | "event" | "log" | "println" | "eprintln" | "slog_info"
        | "slog_debug" => match body {
            MacroBody::Format { pieces, .. } if pieces.iter().any(names_cache) => Some(SignalKind::Named),
            // A warning is about a failure, not about a miss.
            _ if matches!(name, "warn" | "error" | "eprintln") => Some(SignalKind::Failure),
            _ => Some(SignalKind::Log),
        },
        _ => None,
    }
}

fn names_cache(piece: &FormatPiece) -> bool {
    matches!(piece, FormatPiece::Text(text) if names_hit(text))
}

fn is_named(item: &Expr) -> bool {
    matches!(&item.kind, ExprKind::Lit(Literal::Str(text)) if names_hit(text))
}

fn names_hit(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| ["hit", "hits", "miss", "missed", "misses"].iter().any(|known| word.eq_ignore_ascii_case(known)))
}

/// What a call of something out of sight shows: `.inc()`, `record_hit(…)`, `fetch_add`.
pub(super) fn of_call(name: &str, method: bool) -> Option<SignalKind> {
    if names_hit(name) {
        return Some(SignalKind::Named);
    }
    let counts = matches!(name, "inc" | "inc_by" | "increment" | "increment_by" | "incr_by" | "observe" | "fetch_add");
    let metric = name.split('_').any(|word| matches!(word, "metric" | "metrics"));
    ((method && counts) || metric).then_some(SignalKind::Metric)
}
