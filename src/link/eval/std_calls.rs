//! What functions of the standard library and a few well-known crates give back.

use super::durations::{duration, unit_micros};
use super::encode::{by_position, encoder};
use super::expr::list;
use super::{Evaluator, Frame};
use crate::facts::Name;
use crate::link::ty::{Ty, last_segment};
use crate::link::value::{Argument, Data, Value};
use crate::provenance::Provenance;

impl<'a> Evaluator<'a> {
    /// A function of `std` or a well-known crate.
    pub(super) fn std_call(&mut self, frame: &mut Frame, path: &Name, args: &[Argument]) -> Option<Value> {
        let last = last_segment(path);
        let owner = path.rsplit_once("::").map_or("", |(owner, _)| last_segment(owner));
        let first = args.first().map(|arg| &arg.value);
        if let Some(source) = super::origins::source(owner, last) {
            return Some(Value { jitter: source.has(Provenance::RANDOM), provenance: source, ..Value::unknown() });
        }
        match (owner, last) {
            ("" | "Option" | "Result", "Some" | "Ok" | "Err") => {
                let inner = args.first()?.value.clone();
                return Some(Value::wrapped(last, inner));
            }
            // sqlx 0.9 takes a text that was put together only in this.
            ("" | "sqlx", "AssertSqlSafe") => return first.cloned(),
            ("String", "new" | "with_capacity") => {
                return Some(Value { ty: Ty::external("String"), ..Value::text("") });
            }
            ("Vec", "new" | "with_capacity") => {
                return Some(Value { ty: Ty::generic("Vec", Ty::Unknown), ..list(Vec::new()) });
            }
            ("Lazy" | "LazyLock" | "LazyCell" | "AsyncLazy", "new" | "force") | ("AsyncOnce", "new") => {
                let first = first?.clone();
                let once = std::mem::replace(&mut frame.once, true);
                let made = self.run_closure(frame, &first).unwrap_or(first);
                frame.once = once;
                return Some(made);
            }
            ("" | "mem", "drop") => {
                if let Some(Data::Pending(id)) = first.map(|value| &value.data) {
                    self.commands[id.0 as usize].sent = false;
                }
                return Some(Value::of(Data::Unit));
            }
            ("time" | "", "timeout" | "timeout_at") => {
                let inner = self.settled(args.get(1)?.value.clone());
                return Some(inner);
            }
            _ => {}
        }
        if last.starts_with(char::is_uppercase) && owner != "Self" {
            // A tuple struct or variant of another crate: `SetExpiry::EX(60)`, `Json(&value)`.
            let values: Vec<Value> = args.iter().map(|arg| arg.value.clone()).collect();
            let ty = if owner.starts_with(char::is_uppercase) {
                Ty::external(path.rsplit_once("::").map_or(path, |(owner, _)| owner))
            } else {
                let inner = values.first().map(|value| value.ty.clone()).unwrap_or_default();
                Ty::generic(path, inner)
            };
            return Some(Value { ty, data: Data::Variant(path.clone(), values.into()), ..Value::default() });
        }
        if let Some(format) = encoder(path) {
            let value = first?;
            return Some(self.encoded(format, value, by_position(format, path)));
        }
        if matches!(owner, "Duration" | "TimeDelta" | "Span" | "SignedDuration")
            && let Some((micros, _)) = unit_micros(last)
        {
            return Some(duration(first?, micros));
        }
        let passes = matches!(
            (owner, last),
            (
                "Arc"
                    | "Rc"
                    | "Box"
                    | "Mutex"
                    | "RwLock"
                    | "RefCell"
                    | "Cell"
                    | "Pin"
                    | "Data"
                    | "OnceCell"
                    | "Extension"
                    | "State",
                "new" | "pin" | "new_cyclic" | "from"
            ) | (
                "String" | "Cow" | "Box" | "Arc" | "Rc" | "Vec" | "SmolStr" | "Bytes" | "CompactString",
                "from" | "new" | "Borrowed" | "Owned" | "copy_from_slice" | "from_static"
            ) | ("mem", "take")
                | ("Arc" | "Rc", "clone" | "as_ref")
                | ("str" | "String", "from_utf8" | "from_utf8_lossy" | "from_str")
                | (
                    "u64" | "u32" | "i64" | "i32" | "usize" | "u128" | "i128" | "isize" | "NonZeroU64" | "NonZeroUsize",
                    "from" | "try_from" | "new"
                )
                | ("Clone", "clone")
                | ("ToString", "to_string")
        );
        if passes && args.len() == 1 {
            return first.cloned();
        }
        if path.contains("rand") || matches!(last, "random" | "random_range" | "thread_rng" | "gen_range") {
            let provenance = if last == "random" { Provenance::RANDOM } else { Provenance::NONE };
            return Some(Value { jitter: true, provenance, ..Value::unknown() });
        }
        None
    }
}
