//! Macro calls.

use std::rc::Rc;

use super::expr::list;
use super::places::place_name;
use super::{Evaluator, Frame, signals};
use crate::disk;
use crate::facts::expr::MacroBody;
use crate::facts::{Expr, MacroCall};
use crate::inventory::{Encoding, ExitKind};
use crate::link::trace::Step;
use crate::link::ty::{Ty, last_segment};
use crate::link::value::{Data, Encoded, Spelled, Value};

/// Largest script that `include_str!` is followed to, in bytes.
const MOST_INCLUDED: usize = 1 << 20;

impl<'a> Evaluator<'a> {
    pub(super) fn macro_call(&mut self, frame: &mut Frame, _expr: &'a Expr, call: &'a MacroCall) -> Value {
        let name = last_segment(&call.path);
        if let Some(kind) = signals::of_macro(name, &call.body) {
            self.show(frame, kind, call.name_span);
        }
        match &call.body {
            MacroBody::Format { first, pieces, extra } => {
                for expr in extra {
                    self.expr(frame, expr);
                }
                let text = self.formatted(frame, pieces);
                match name {
                    "write" | "writeln" => {
                        if let Some(place) = first.as_ref().and_then(place_name)
                            && let Some(old) = frame.get(&place).cloned()
                            && (old.as_template().is_some() || matches!(old.data, Data::OneOf(_)))
                            && !old.is_unknown()
                        {
                            let written = self.appended(&old, &text);
                            frame.set(&place, written);
                        }
                        Value::wrapped("Ok", Value::of(Data::Unit))
                    }
                    "panic" | "unreachable" | "todo" | "unimplemented" => {
                        frame.steps.push(Step::Leave(ExitKind::Abort));
                        frame.alive = false;
                        Value::unknown()
                    }
                    "bail" => {
                        frame.steps.push(Step::Leave(ExitKind::Error));
                        frame.alive = false;
                        Value::unknown()
                    }
                    "format" | "format_args" | "concat" | "format_smolstr" | "format_compact" => {
                        Value { spelled: Spelled(Some(frame.place(call.name_span))), ..text }
                    }
                    _ => {
                        if let Some(first) = first {
                            self.expr(frame, first);
                        }
                        Value::unknown()
                    }
                }
            }
            MacroBody::List(items) => match name {
                "include_str" => self.included(frame, items),
                "concat" => {
                    let parts: Vec<Value> = items.iter().map(|item| self.expr(frame, item)).collect();
                    self.joined(&parts, "").unwrap_or_default()
                }
                "cmd" | "dbg" => {
                    let values: Vec<Value> = items.iter().map(|item| self.expr(frame, item)).collect();
                    values.into_iter().next().unwrap_or_default()
                }
                "join" | "try_join" => {
                    let values: Vec<Value> = items
                        .iter()
                        .map(|item| {
                            let value = self.expr(frame, item);
                            self.settled(value)
                        })
                        .collect();
                    Value { data: Data::Tuple(values.into()), ..Value::default() }
                }
                "vec" | "resp_array" | "smallvec" | "array" => {
                    if let [only] = items.as_slice()
                        && matches!(only.kind, crate::facts::ExprKind::Repeat(..))
                    {
                        return self.expr(frame, only);
                    }
                    let values: Vec<Value> = items.iter().map(|item| self.argument(frame, item).value).collect();
                    list(values)
                }
                _ => {
                    let mut values = Vec::new();
                    for item in items {
                        let value = self.expr(frame, item);
                        self.run_closure(frame, &value);
                        values.push(value);
                    }
                    self.store_macro(frame, call, items, &values).unwrap_or_default()
                }
            },
            MacroBody::Expanded(expanded) => self.inline(frame, false, |this, frame| this.expr(frame, expanded)),
            MacroBody::Opaque(items) => {
                let values: Vec<Value> = items.iter().map(|item| self.expr(frame, item)).collect();
                match name {
                    "json" => {
                        let ty = Ty::external("serde_json::Value");
                        let parts = Value::of(Data::Tuple(values.into()));
                        let texts = parts.texts().into();
                        let format = Encoding::Json;
                        let encoded = Encoded {
                            format,
                            ty: ty.clone(),
                            generic: false,
                            by_position: false,
                            replaced: false,
                            texts,
                        };
                        Value { encoded: Some(Rc::new(encoded)), ..Value::typed(ty) }
                    }
                    _ => Value::unknown(),
                }
            }
        }
    }

    fn included(&mut self, frame: &mut Frame, items: &'a [Expr]) -> Value {
        let path = items.first().map(|item| self.expr(frame, item));
        let Some(path) = path.as_ref().and_then(|path| path.as_text()) else { return Value::unknown() };
        let Some(file) = self.world.workspace.file(frame.file) else { return Value::unknown() };
        let Some(folder) = file.absolute.parent() else { return Value::unknown() };
        let full = folder.join(path);
        match disk::read_to_string(&full) {
            Ok(text) if text.len() <= MOST_INCLUDED => Value::text(text),
            _ => Value::typed(Ty::generic("Rc", Ty::external("str"))).named(Rc::<str>::from(path).as_ref()),
        }
    }
}
