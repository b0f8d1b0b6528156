//! What makes an event visible from outside: metrics and log lines, told by the names that metric and log crates share.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Evaluator, Frame, Mode};
use crate::facts::expr::{FormatPiece, Literal, MacroBody, MethodCall};
use crate::facts::{Expr, ExprKind};
use crate::inventory::SignalKind;
use crate::link::index::FnId;
use crate::link::trace::Step;
use crate::text::Span;

/// What functions show, by what it is: themselves in the survey, with their callees after it.
pub(crate) type Shown = FxHashMap<SignalKind, FxHashSet<FnId>>;

impl Evaluator<'_> {
    /// Something is counted or logged here.
    pub(super) fn show(&mut self, frame: &mut Frame, kind: SignalKind, name: Span) {
        frame.steps.push(Step::Signal { kind, place: frame.place(name) });
        if self.mode == Mode::Survey
            && let Some(function) = frame.function
        {
            self.survey.shown.entry(kind).or_default().insert(function);
        }
    }

    /// What a function of the workspace shows that is not folded in: `record_hit()`, `self.metrics.lookup(found)`.
    pub(super) fn show_below(&mut self, frame: &mut Frame, function: FnId, name: Span) {
        let definition = self.world.index.function(function).function;
        let shows = |kind| self.shown.get(&kind).is_some_and(|shown| shown.contains(&function));
        let counts = [SignalKind::Named, SignalKind::Metric].into_iter().any(shows);
        let logs = [SignalKind::NamedLog, SignalKind::Log].into_iter().any(shows);
        let named = match of_call(&definition.name, definition.has_self) {
            // What it does has more to say than its name.
            Some(SignalKind::Named | SignalKind::NamedLog) if counts => Some(SignalKind::Named),
            Some(SignalKind::Named | SignalKind::NamedLog) if logs => Some(SignalKind::NamedLog),
            named => named.filter(|kind| *kind != SignalKind::Metric),
        };
        // Who gives something back counts what he does for it, unless it says that it is a hit or a miss.
        let metric = if definition.ret.is_none() { Some(SignalKind::Metric) } else { None };
        let below = [SignalKind::Named, SignalKind::NamedLog].into_iter().chain(metric).filter(|kind| shows(*kind));
        let kinds: FxHashSet<SignalKind> = below.chain(named).collect();
        for kind in [SignalKind::Named, SignalKind::Metric, SignalKind::NamedLog] {
            if kinds.contains(&kind) {
                frame.steps.push(Step::Signal { kind, place: frame.place(name) });
            }
        }
    }
}

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
            MacroBody::Format { extra, .. } if extra.iter().any(|field| counted(field).is_some()) => {
                let named = extra.iter().filter_map(counted).any(names_hit);
                Some(if named { SignalKind::Named } else { SignalKind::Metric })
            }
            MacroBody::Format { pieces, .. } if pieces.iter().any(names_cache) => Some(SignalKind::NamedLog),
            // A warning is about a failure, not about a miss.
            _ if matches!(name, "warn" | "error" | "eprintln") => Some(SignalKind::Failure),
            _ => Some(SignalKind::Log),
        },
        _ => None,
    }
}

/// The metric that a field of a log line stands for (`monotonic_counter.cache_hits = 1`): tracing-opentelemetry counts
/// such fields.
fn counted(field: &Expr) -> Option<&str> {
    let ExprKind::Assign(_, place, _) = &field.kind else { return None };
    let mut place = &**place;
    let mut last = None;
    while let ExprKind::Field(inner, name) = &place.kind {
        last = last.or(Some(name.as_str()));
        place = inner;
    }
    last
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

/// What is noted of a request or a span by name, to be logged or sent with it: `ctx.set("exists", true)`,
/// `span.record("cache_hit", true)`, `headers.insert("x-cache", "HIT")`.
pub(super) fn of_note(call: &MethodCall) -> Option<SignalKind> {
    let [name, value] = call.args.as_slice() else { return None };
    let text = |expr: &'_ Expr| match &expr.kind {
        ExprKind::Lit(Literal::Str(text)) => Some(text.clone()),
        _ => None,
    };
    let name = text(name)?;
    let value = constant(value)?;
    let said = text(value).unwrap_or_default();
    let is_flag = matches!(value.kind, ExprKind::Lit(Literal::Bool(_)));
    let keeps = |methods: &[&str]| methods.contains(&call.name.as_str());
    if (names_hit(&name) && is_flag || names_hit(&said))
        && keeps(&["set", "record", "insert", "append", "add", "put", "set_attribute", "set_tag", "annotate"])
    {
        return Some(SignalKind::NamedLog);
    }
    // Without a word that tells, only what is the first thing on its path is about which path it is.
    (is_flag && keeps(&["set", "record", "set_attribute", "set_tag", "annotate"])).then_some(SignalKind::Log)
}

/// The literal in `true.into()`, `&true`, `HeaderValue::from_static("HIT")`.
fn constant(expr: &Expr) -> Option<&Expr> {
    match &expr.kind {
        ExprKind::Lit(_) => Some(expr),
        ExprKind::Ref(inner) => constant(inner),
        ExprKind::Method(call) if call.args.is_empty() => constant(&call.receiver),
        ExprKind::Call(_, args) => match args.as_slice() {
            [only] => constant(only),
            _ => None,
        },
        _ => None,
    }
}

/// What a call of something out of sight shows: `.inc()`, `record_hit(…)`, `fetch_add`.
pub(super) fn of_call(name: &str, method: bool) -> Option<SignalKind> {
    if names_hit(name) {
        let logs = name.split('_').any(|word| matches!(word, "log" | "trace" | "debug"));
        return Some(if logs { SignalKind::NamedLog } else { SignalKind::Named });
    }
    let counts = matches!(name, "inc" | "inc_by" | "increment" | "increment_by" | "incr_by" | "observe" | "fetch_add");
    let metric = name.split('_').any(|word| matches!(word, "metric" | "metrics"));
    ((method && counts) || metric).then_some(SignalKind::Metric)
}
