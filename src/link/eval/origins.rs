//! Where values come from: clocks, random numbers, hashers, and what formatting adds.

use std::rc::Rc;

use super::frame::Vars;
use super::{Evaluator, Frame};
use crate::facts::{Expr, ExprKind, ItemKind, Name, Path};
use crate::inventory::RunsOn;
use crate::link::ty::{Ty, last_segment};
use crate::link::value::Value;
use crate::link::world::World;
use crate::provenance::Provenance;

/// What a function of `std` or a well-known crate gives, by the last two segments of its path.
pub(super) fn source(owner: &str, name: &str) -> Option<Provenance> {
    Some(match (owner, name) {
        (
            "SystemTime" | "Instant" | "Utc" | "Local" | "OffsetDateTime" | "PrimitiveDateTime" | "Timestamp" | "Zoned",
            "now" | "now_utc" | "now_local",
        ) => Provenance::TIME,
        ("Uuid", "new_v4" | "now_v7" | "now_v6" | "now_v1") | ("Ulid", "new" | "generate") => Provenance::RANDOM,
        (_, "nanoid" | "cuid" | "cuid2") => Provenance::RANDOM,
        ("DefaultHasher" | "SipHasher", "new" | "default") => Provenance::HASHER,
        ("RandomState", "new" | "default") | ("AHasher", "default") => Provenance::SEEDED,
        _ => return None,
    })
}

/// Functions that run what they are given where it may block.
pub(super) fn leaves_task(name: &str) -> bool {
    matches!(
        name,
        "spawn_blocking" | "block_in_place" | "unblock" | "interact" | "asyncify" | "run_blocking" | "block" | "spawn"
    )
}

/// Functions that look whether a text is what it should be; what was looked at is no longer just anything.
fn checks(name: &str) -> bool {
    matches!(
        name,
        "len"
            | "chars"
            | "bytes"
            | "char_indices"
            | "is_match"
            | "matches"
            | "contains"
            | "starts_with"
            | "ends_with"
            | "is_ascii"
            | "eq"
            | "parse"
            | "find"
    ) || name.split('_').any(|word| {
        word.starts_with("valid")
            || word.starts_with("sanit")
            || matches!(word, "check" | "ensure" | "verify" | "allowed" | "assert" | "parse" | "authorize")
    })
}

/// Whether the function at `path` makes something narrower than a text out of one, and fails where it cannot:
/// `ObjectId::from_str(id)?`.
fn parses(path: &Path) -> bool {
    let [.., owner, name] = &path.segments[..] else { return false };
    let any_text = matches!(owner.name.as_str(), "String" | "Cow" | "PathBuf" | "OsString" | "Bytes" | "HeaderValue");
    let is_type = owner.name.starts_with(char::is_uppercase) && !matches!(owner.name.as_str(), "FromStr" | "TryFrom");
    is_type && !any_text && matches!(name.name.as_str(), "from_str" | "try_from")
}

impl<'a> Evaluator<'a> {
    /// Runs what may run on another thread than the current task's.
    pub(super) fn off_task<R>(&mut self, frame: &mut Frame, run: impl FnOnce(&mut Self, &mut Frame) -> R) -> R {
        let before = std::mem::replace(&mut frame.runs_on, RunsOn::Own);
        let result = run(self, frame);
        frame.runs_on = before;
        result
    }

    /// Notes that a call looked at a text, if it did.
    pub(super) fn checked(&self, frame: &mut Frame, name: &Name, receiver: Option<&'a Expr>, args: &'a [Expr]) {
        if checks(name) {
            for expr in receiver.into_iter().chain(args) {
                self.checked_place(frame, expr);
            }
        }
    }

    /// The same for a call by path.
    pub(super) fn checked_by(&self, frame: &mut Frame, path: &Path, args: &'a [Expr]) {
        if parses(path) {
            args.iter().for_each(|expr| self.checked_place(frame, expr));
        } else if let Some(last) = path.last() {
            self.checked(frame, &last.name, None, args);
        }
    }

    /// What stands at this place is no longer just anything that a caller may send.
    pub(super) fn checked_place(&self, frame: &mut Frame, expr: &Expr) {
        let Some(place) = super::places::place_name(behind_conversions(expr)) else { return };
        let Some(value) = frame.get(&place).cloned() else {
            // `body.name`: only the field was looked at.
            if let Some((owner, _)) = place.split_once('.')
                && frame.get(owner).is_some_and(|owner| owner.provenance.has(Provenance::REQUEST))
            {
                frame.set(&place, Value { ty: Ty::external("String"), ..Value::unknown() }.named(&*place));
            }
            return;
        };
        if value.provenance.has(Provenance::REQUEST) {
            let provenance = value.provenance.without(Provenance::REQUEST);
            frame.set(&place, Value { provenance, ..value });
        }
    }

    /// The origins of a field. A field of a request's body is the request's text only where nothing has looked at it: a
    /// type that validates itself has.
    pub(super) fn field_provenance(&self, base: &Value, ty: &Ty) -> Provenance {
        if !base.provenance.has(Provenance::REQUEST) {
            return base.provenance;
        }
        let unchecked = match &base.ty {
            Ty::Adt(def, _) => {
                self.world.derives(*def, "Deserialize")
                    && !["Validate", "Garde"].iter().any(|name| self.world.derives(*def, name))
            }
            Ty::Tuple(_) => true,
            _ => false,
        };
        let inner = matches!(ty, Ty::Adt(..) | Ty::Tuple(_)) || super::request::is_text(ty);
        if unchecked && inner { base.provenance } else { base.provenance.without(Provenance::REQUEST) }
    }
}

/// The origins of the text that formatting a value gives.
pub(super) fn formatted(world: &World<'_>, value: &Value, spec: &str) -> Provenance {
    let mut provenance = value.provenance;
    let is_float = matches!(value.ty.last(), Some("f32" | "f64"));
    if spec.contains('.') {
        provenance = provenance.without(Provenance::FLOAT);
    } else if is_float {
        provenance |= Provenance::FLOAT;
    }
    if spec.contains('?') {
        provenance |= debug_of(world, &value.ty, 0);
    }
    provenance
}

/// What the `Debug` text of a type is worth. Plain values, ids and enums without fields write what everyone expects.
fn debug_of(world: &World<'_>, ty: &Ty, depth: u8) -> Provenance {
    const MOST_DEPTH: u8 = 4;
    let all = |types: &[Ty]| {
        types.iter().fold(Provenance::DEBUG, |sum, ty| {
            if depth < MOST_DEPTH { sum | debug_of(world, ty, depth + 1) } else { sum }
        })
    };
    match ty {
        Ty::External(path, args) => match last_segment(path) {
            "HashMap" | "HashSet" | "DashMap" | "DashSet" | "FxHashMap" | "AHashMap" => {
                Provenance::UNORDERED | Provenance::DEBUG
            }
            "Option" | "Vec" | "VecDeque" | "BTreeMap" | "BTreeSet" | "IndexMap" | "Result" => all(args),
            "Arc" | "Box" | "Rc" | "Cow" => args.first().map_or(Provenance::NONE, |ty| debug_of(world, ty, depth)),
            _ => Provenance::NONE,
        },
        Ty::List(inner) => all(std::slice::from_ref(inner)),
        Ty::Tuple(parts) => all(parts),
        Ty::Adt(def, _) => match &world.index.def(*def).item.kind {
            ItemKind::Struct { fields, .. } if world.derives(*def, "Debug") => {
                let types: Vec<Ty> = fields.iter().map(|field| world.field(ty, &field.name)).collect();
                all(&types)
            }
            ItemKind::Enum { variants, .. } if variants.iter().any(|variant| !variant.fields.is_empty()) => {
                Provenance::DEBUG
            }
            _ => Provenance::NONE,
        },
        Ty::Bounded(_) | Ty::Callable(_) | Ty::Unknown => Provenance::NONE,
    }
}

/// After a condition: what it looked at stays looked at behind it, too.
pub(super) fn keep_checked(outer: &mut Vars, after: &[(Name, Rc<Value>)]) {
    for ((_, old), (_, new)) in outer.iter_mut().zip(after) {
        if old.provenance.has(Provenance::REQUEST) && !new.provenance.has(Provenance::REQUEST) {
            Rc::make_mut(old).provenance = new.provenance;
        }
    }
    // `body.name`: a field that was looked at has a place of its own from then on.
    let fields = after.iter().skip(outer.len()).filter(|(name, _)| name.contains('.'));
    outer.extend(fields.cloned());
}

fn behind_conversions(mut expr: &Expr) -> &Expr {
    while let ExprKind::Method(call) = &expr.kind {
        if !super::expr::is_conversion(&call.name) && call.name != "trim" {
            break;
        }
        expr = &call.receiver;
    }
    expr
}
