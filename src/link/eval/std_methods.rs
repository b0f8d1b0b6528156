//! What methods of the standard library and a few well-known crates do to values whose content or type is known.

use std::rc::Rc;

use super::call::Site;
use super::combinators::{found, is_variant, or_else, wild};
use super::control::marks;
use super::durations::duration_part;
use super::encode::with_replacement;
use super::expr::{is_conversion, unwrapped};
use super::frame::Arms;
use super::{Evaluator, Frame};
use crate::facts::ExprKind;
use crate::facts::expr::MethodCall;
use crate::inventory::GuardKind;
use crate::link::trace::Step;
use crate::link::ty::Ty;
use crate::link::value::{Argument, Data, Value, join};
use crate::provenance::Provenance;
use crate::template::Template;

impl<'a> Evaluator<'a> {
    /// Methods on values whose content or type is known well enough. `None`: look at the type.
    pub(super) fn on_known_value(
        &mut self,
        frame: &mut Frame,
        receiver: &Value,
        call: &'a MethodCall,
        site: &Site<'_>,
    ) -> Option<Value> {
        let name = call.name.as_str();
        if self.world.methods(&receiver.ty, name).is_some() {
            return None;
        }
        if let Some(value) = self.encodes(frame, receiver, call) {
            return Some(value);
        }
        if (matches!(receiver.data, Data::Duration(_)) || receiver.ty.is_duration() || receiver.is_unknown())
            && let Some(value) = duration_part(receiver, name, call.args.len())
        {
            return Some(value);
        }
        if call.args.is_empty() {
            match name {
                "unwrap" | "await" => return Some(unwrapped(receiver.clone())),
                // A duration of `chrono` or `time` as one of `std`, or without its sign.
                "to_std" | "unsigned_abs" | "abs"
                    if matches!(receiver.data, Data::Duration(_) | Data::OneOf(_)) || receiver.ty.is_duration() =>
                {
                    return Some(receiver.clone());
                }
                "to_string" | "to_owned" | "into_string" if matches!(receiver.ty, Ty::Adt(..)) => {
                    return match self.rendered(receiver) {
                        Some(rendered) => Some(rendered),
                        None => {
                            let bounded = super::request::is_bounded(self.world, &receiver.ty);
                            let origin = if bounded { Provenance::REQUEST } else { Provenance::NONE };
                            let provenance = receiver.provenance.without(origin);
                            Some(Value { ty: Ty::external("String"), provenance, ..receiver.clone() })
                        }
                    };
                }
                "to_string" => {
                    let text = receiver.as_template().filter(|_| !receiver.is_unknown()).map(Value::template);
                    return Some(text.unwrap_or_else(|| {
                        let mut provenance = super::origins::formatted(self.world, receiver, "");
                        if super::request::is_bounded(self.world, &receiver.ty) {
                            provenance = provenance.without(Provenance::REQUEST);
                        }
                        Value { ty: Ty::external("String"), provenance, ..receiver.clone() }
                    }));
                }
                "lock" | "read" | "write" | "lock_owned" | "blocking_lock" | "try_lock" => {
                    let inner = receiver.ty.inside().is_some() || receiver.ty.is_unknown();
                    if inner {
                        self.guards(frame, receiver, site);
                        return Some(receiver.clone());
                    }
                }
                "get" | "load" | "load_full" | "take" | "get_mut" if is_cell(&receiver.ty) => {
                    let inner = unwrapped(receiver.clone());
                    let held = behind_pointers(&inner.ty);
                    let ty = held.inside().unwrap_or(held).clone();
                    return Some(Value { ty, ..inner });
                }
                "is_some" | "is_ok" if !receiver.answers().is_empty() => return Some(found(receiver, true)),
                "is_none" | "is_err" | "is_empty" | "is_nil" if !receiver.answers().is_empty() => {
                    return Some(found(receiver, false));
                }
                "is_some" => return Some(is_variant(receiver, "Some")),
                "is_none" => return Some(is_variant(receiver, "None")),
                "unzip" => match &receiver.data {
                    Data::List { items, complete } => {
                        return Some(super::combinators::unzipped(items, *complete));
                    }
                    // What `map` made of each of who knows how many.
                    Data::Tuple(_) => {
                        return Some(super::combinators::unzipped(std::slice::from_ref(receiver), false));
                    }
                    _ => {}
                },
                "ok" | "flatten" | "transpose" | "fuse" | "boxed" | "trim" | "unwrap_or_default" => {
                    return Some(match name {
                        "unwrap_or_default" => with_replacement(unwrapped(receiver.clone())),
                        _ => receiver.clone(),
                    });
                }
                "to_lowercase" | "to_ascii_lowercase" | "to_uppercase" | "to_ascii_uppercase" => {
                    return Some(recased(receiver, name.contains("upper")));
                }
                _ if is_conversion(name) && !self.is_client(receiver) => {
                    return Some(match &receiver.data {
                        Data::Text(_) | Data::OneOf(_) => receiver.clone(),
                        _ if matches!(name, "into_inner") => unwrapped(receiver.clone()),
                        _ => receiver.clone(),
                    });
                }
                _ if matches!(
                    name,
                    "clone" | "as_ref" | "as_mut" | "to_owned" | "borrow" | "borrow_mut" | "by_ref"
                ) =>
                {
                    return Some(receiver.clone());
                }
                _ => {}
            }
        }
        self.with_arguments(frame, receiver, call)
    }

    pub(super) fn is_client(&self, value: &Value) -> bool {
        self.world.client_type(&value.ty).is_some()
    }

    fn guards(&mut self, frame: &mut Frame, receiver: &Value, site: &Site<'_>) {
        let holds_connection = self.world.chain(&receiver.ty).iter().any(|ty| self.world.client_type(ty).is_some());
        let named_lock = matches!(receiver.ty.last(), Some("Mutex" | "Arc" | "FairMutex")) || receiver.ty.is_unknown();
        // A mutex around a map is held for a moment only; one around `()` or a key's entry is held for the load.
        let around_collection = self.world.chain(&receiver.ty).iter().any(|ty| {
            matches!(ty, Ty::List(_))
                || ty.last().is_some_and(|name| {
                    matches!(name, "HashMap" | "BTreeMap" | "Vec" | "HashSet" | "LruCache" | "VecDeque")
                })
        });
        if !holds_connection && named_lock && !around_collection && site_is_lock(site) {
            frame.steps.push(Step::Guard { kind: GuardKind::Mutex, place: frame.place(site.name) });
        }
    }

    fn with_arguments(&mut self, frame: &mut Frame, receiver: &Value, call: &'a MethodCall) -> Option<Value> {
        let name = call.name.as_str();
        match (name, call.args.len()) {
            (
                "expect" | "context" | "with_context" | "wrap_err" | "wrap_err_with" | "map_err" | "inspect_err"
                | "inspect",
                1,
            ) => {
                self.run_arguments(frame, call, receiver, false);
                return Some(match name {
                    "expect" => unwrapped(receiver.clone()),
                    _ => receiver.clone(),
                });
            }
            ("unwrap_or", 1) => {
                let other = self.argument(frame, &call.args[0]).value;
                return Some(with_replacement(or_else(receiver, || other)));
            }
            ("ok_or", 1) => {
                self.argument(frame, &call.args[0]);
                return Some(receiver.clone());
            }
            ("unwrap_or_else" | "or_else" | "ok_or_else", 1) if !is_entry(&receiver.ty) => {
                let value = self.on_absence(frame, receiver, call);
                return Some(if name == "unwrap_or_else" { with_replacement(value) } else { value });
            }
            ("fold" | "try_fold", 2) => {
                let start = self.argument(frame, &call.args[0]).value;
                let function = self.argument(frame, &call.args[1]).value;
                let element = self.element(receiver, &wild());
                let Data::Closure(id) = function.data else { return Some(start) };
                let before = std::mem::take(&mut frame.steps);
                let folded = self.call_closure(frame, id, vec![start.clone(), element]);
                let steps = std::mem::replace(&mut frame.steps, before);
                if !steps.is_empty() {
                    frame.steps.push(Step::Loop(steps));
                }
                return Some(join([start, folded]));
            }
            ("chunks" | "chunks_exact" | "windows" | "rchunks", 1)
                if matches!(receiver.data, Data::List { .. } | Data::OneOf(_)) =>
            {
                self.argument(frame, &call.args[0]);
                let data = Data::List { items: Rc::from([receiver.clone()]), complete: false };
                return Some(Value { ty: Ty::List(Rc::new(receiver.ty.clone())), data, ..Value::default() });
            }
            ("chunks" | "chunks_exact" | "windows" | "rchunks", 1) => {
                self.argument(frame, &call.args[0]);
                let part = match &receiver.ty {
                    Ty::Unknown => Ty::List(Rc::new(Ty::Unknown)),
                    known => known.clone(),
                };
                let (ty, provenance) = (Ty::List(Rc::new(part)), receiver.provenance);
                return Some(Value { ty, provenance, reads: receiver.reads.clone(), ..Value::default() });
            }
            ("or", 1) => {
                let other = self.argument(frame, &call.args[0]).value;
                return Some(join([receiver.clone(), other]));
            }
            ("map" | "and_then" | "then" | "map_ok" | "and_then_ok", 1) => {
                return Some(self.mapped(frame, receiver, call));
            }
            ("map_or" | "map_or_else", 2) => {
                let other = self.argument(frame, &call.args[0]).value;
                let closure = self.argument(frame, &call.args[1]).value;
                let mut arms = Arms::begin(frame);
                frame.steps.extend(marks(receiver.answers(), Some(true)));
                let some = self.apply(frame, &closure, unwrapped(receiver.clone()));
                arms.end_arm(frame, some);
                frame.steps.extend(marks(receiver.answers(), Some(false)));
                let none = self.run_closure(frame, &other).unwrap_or(other);
                arms.end_arm(frame, none);
                return Some(arms.finish(frame));
            }
            ("get_or_init" | "get_or_try_init" | "get_or_insert_with", 1) => {
                let place = frame.place(call.name_span);
                frame.steps.push(Step::Guard { kind: GuardKind::SingleFlight, place });
                let closure = self.argument(frame, &call.args[0]).value;
                let once = std::mem::replace(&mut frame.once, true);
                let made = self.run_closure(frame, &closure).unwrap_or_default();
                frame.once = once;
                return Some(if made.ty.is_unknown() { unwrapped(receiver.clone()) } else { made });
            }
            (
                "push_str" | "push" | "write_str" | "write_arg" | "write_char" | "extend_from_slice" | "write_arg_fmt"
                | "append",
                1,
            ) if matches!(receiver.data, Data::Text(_)) || is_texts(receiver) => {
                let more = self.argument(frame, &call.args[0]).value;
                let grown = self.appended(receiver, &more);
                self.write_back(frame, call, &grown);
                return Some(grown);
            }
            ("write_redis_args", 1) => {
                // The sink is the argument; what is written is the receiver.
                let place = super::places::place_name(&call.args[0])?;
                let sink = frame.get(&place)?.clone();
                let grown = self.appended(&sink, receiver);
                frame.set(&place, grown);
                return Some(Value::of(Data::Unit));
            }
            ("push", 1) if matches!(receiver.data, Data::List { .. }) => {
                let item = self.argument(frame, &call.args[0]).value;
                if let Data::List { items, complete } = &receiver.data {
                    let mut items = items.to_vec();
                    items.push(item);
                    let complete = *complete && frame.branches == 0;
                    let grown = Value { data: Data::List { items: items.into(), complete }, ..receiver.clone() };
                    self.write_back(frame, call, &grown);
                }
                return Some(Value::of(Data::Unit));
            }
            ("join" | "concat", 0 | 1) => {
                if let Data::List { items, complete: true } = &receiver.data {
                    let separator = match call.args.first() {
                        Some(arg) => self.argument(frame, arg).value.as_text().map(str::to_owned)?,
                        None => String::new(),
                    };
                    return self.joined(&items.clone(), &separator);
                }
            }
            ("replace", 2) => {
                let from = self.argument(frame, &call.args[0]).value;
                let to = self.argument(frame, &call.args[1]).value;
                if let (Some(text), Some(from), Some(to)) = (receiver.as_text(), from.as_text(), to.as_template()) {
                    return Some(Value::template(replaced(text, from, &to)));
                }
                let provenance = receiver.provenance.through("replace");
                return Some(Value { data: Data::Unknown, provenance, ..receiver.clone() });
            }
            (
                "max" | "min" | "saturating_mul" | "saturating_add" | "saturating_sub" | "checked_mul" | "checked_add"
                | "checked_div" | "wrapping_add" | "mul_f64" | "mul_f32" | "saturating_div" | "clamp" | "pow",
                _,
            ) if receiver.ty.is_number()
                || receiver.ty.is_duration()
                || matches!(receiver.data, Data::Int(_) | Data::Duration(_)) =>
            {
                return Some(self.arithmetic(frame, receiver, call));
            }
            (
                "gen_range" | "random_range" | "random" | "r#gen" | "gen" | "sample" | "next_u64" | "next_u32" | "u64",
                _,
            ) if receiver.is_unknown() && !self.is_client(receiver) && !matches!(receiver.ty, Ty::Adt(..)) => {
                // The bounds of a literal range bound what is drawn from it.
                let drawn = match call.args.first().map(|arg| &arg.kind) {
                    Some(ExprKind::Range(Some(from), Some(to))) => {
                        let ends = [self.argument(frame, from).value, self.argument(frame, to).value];
                        match (&ends[0].data, &ends[1].data) {
                            (Data::Int(from), Data::Int(to)) => join([Value::int(*from), Value::int(to - 1)]),
                            _ => Value::unknown(),
                        }
                    }
                    _ => {
                        self.run_arguments(frame, call, receiver, false);
                        Value { provenance: Provenance::RANDOM, ..Value::unknown() }
                    }
                };
                // A number between bounds picks one of few.
                let provenance = if call.args.is_empty() { drawn.provenance } else { Provenance::NONE };
                return Some(Value { jitter: true, provenance, ..drawn });
            }
            _ => {}
        }
        None
    }

    fn arithmetic(&mut self, frame: &mut Frame, receiver: &Value, call: &'a MethodCall) -> Value {
        let args: Vec<Value> = call.args.iter().map(|arg| self.argument(frame, arg).value).collect();
        let name = call.name.as_str();
        let other = args.first().cloned().unwrap_or_default();
        let jitter = receiver.jitter || other.jitter;
        let number = |value: &Value| match value.data {
            Data::Int(n) | Data::Duration(n) => Some(n),
            _ => None,
        };
        let rebuild = |n: i128| match receiver.data {
            Data::Duration(_) => Data::Duration(n),
            _ => Data::Int(n),
        };
        let data = match (number(receiver), number(&other)) {
            (Some(a), Some(b)) => match name {
                "max" => rebuild(a.max(b)),
                "min" => rebuild(a.min(b)),
                "pow" => u32::try_from(b).ok().and_then(|b| a.checked_pow(b)).map_or(Data::Unknown, Data::Int),
                _ if name.ends_with("mul") => a.checked_mul(b).map_or(Data::Unknown, rebuild),
                _ if name.ends_with("add") => a.checked_add(b).map_or(Data::Unknown, rebuild),
                _ if name.ends_with("sub") => a.checked_sub(b).map_or(Data::Unknown, rebuild),
                _ if name.ends_with("div") => a.checked_div(b).map_or(Data::Unknown, rebuild),
                _ => Data::Unknown,
            },
            _ => Data::Unknown,
        };
        Value { data, jitter, ..receiver.clone() }
    }

    /// Methods of unknown receivers that pass texts and numbers through.
    pub(super) fn std_method(
        &mut self,
        _frame: &mut Frame,
        receiver: &Value,
        call: &'a MethodCall,
        args: &[Argument],
    ) -> Option<Value> {
        match call.name.as_str() {
            "try_into" | "parse" | "collect" | "filter" | "rev" | "skip" | "take" | "copied" | "cloned"
            | "peekable" | "enumerate" | "sorted" | "dedup" | "flatten" | "instrument" | "in_current_span" | "fuse"
            | "try_collect"
                if matches!(receiver.data, Data::List { .. } | Data::Int(_) | Data::Text(_))
                    || !receiver.reads.is_empty()
                    || receiver.ty.is_number() =>
            {
                if call.name == "filter" {
                    return Some(match &receiver.data {
                        Data::List { items, .. } => {
                            let data = Data::List { items: items.clone(), complete: false };
                            Value { data, ..receiver.clone() }
                        }
                        _ => receiver.clone(),
                    });
                }
                // What was parsed is what it was parsed as.
                let provenance = match call.name.as_str() {
                    "parse" | "try_into" => receiver.provenance.without(Provenance::REQUEST),
                    _ => receiver.provenance,
                };
                Some(Value { provenance, ..receiver.clone() })
            }
            "chain" => match (&receiver.data, args.first().map(|arg| &arg.value.data)) {
                (Data::List { items: a, complete: x }, Some(Data::List { items: b, complete: y })) => {
                    let items: Vec<Value> = a.iter().chain(b.iter()).cloned().collect();
                    Some(Value { data: Data::List { items: items.into(), complete: *x && *y }, ..receiver.clone() })
                }
                _ => None,
            },
            _ => None,
        }
    }
}

/// Methods whose result is made of the receiver, so that what was read is still in it.
pub(super) fn keeps_reads(name: &str) -> bool {
    is_conversion(name)
        || matches!(
            name,
            "ok" | "flatten"
                | "transpose"
                | "map"
                | "map_err"
                | "and_then"
                | "filter"
                | "unwrap_or"
                | "unwrap_or_default"
                | "unwrap_or_else"
                | "ok_or"
                | "ok_or_else"
                | "or"
                | "or_else"
                | "inspect"
                | "inspect_err"
                | "collect"
                | "parse"
                | "trim"
                | "take"
                | "context"
                | "with_context"
                | "wrap_err"
                | "boxed"
                | "try_into"
                | "pop"
                | "first"
                | "last"
                | "next"
                | "map_ok"
                | "timeout"
                | "then"
                | "filter_map"
                | "flat_map"
                | "flatten_ok"
        )
}

fn site_is_lock(site: &Site<'_>) -> bool {
    !site.receiver.is_empty()
}

/// What a pointer that is called through points to: `get` on an `Arc<Pool>` is the pool's.
fn behind_pointers(ty: &Ty) -> &Ty {
    match (ty.last(), ty.inside()) {
        (Some("Arc" | "Rc" | "Box" | "Lazy" | "LazyLock"), Some(inner)) => behind_pointers(inner),
        _ => ty,
    }
}

fn is_cell(ty: &Ty) -> bool {
    matches!(
        behind_pointers(ty).last(),
        Some(
            "OnceCell"
                | "OnceLock"
                | "SyncOnceCell"
                | "ArcSwap"
                | "ArcSwapOption"
                | "RefCell"
                | "Cell"
                | "Option"
                | "Mutex"
        )
    )
}

fn is_entry(ty: &Ty) -> bool {
    matches!(ty.last(), Some("Entry" | "OccupiedEntry" | "VacantEntry"))
}

fn is_texts(value: &Value) -> bool {
    matches!(&value.data, Data::OneOf(all) if all.iter().all(|value| matches!(value.data, Data::Text(_))))
}

fn recased(receiver: &Value, upper: bool) -> Value {
    match receiver.as_text() {
        Some(text) => Value::text(if upper { text.to_uppercase() } else { text.to_lowercase() }),
        None => receiver.clone(),
    }
}

fn replaced(text: &str, from: &str, to: &Template) -> Template {
    let mut out = Template::default();
    for (at, part) in text.split(from).enumerate() {
        if at > 0 {
            out.push(to);
        }
        out.push_text(part);
    }
    out
}
