//! What serialisers write: the format, the type, and whether fields are told by position.

use std::rc::Rc;

use super::{Evaluator, Frame};
use crate::facts::expr::MethodCall;
use crate::inventory::Encoding;
use crate::link::ty::{Ty, last_segment};
use crate::link::value::{Data, Encoded, Value};

impl<'a> Evaluator<'a> {
    pub(super) fn encoded(&self, format: Encoding, value: &Value, by_position: bool) -> Value {
        let generic = matches!(value.ty, Ty::Bounded(_));
        // A number as it is written has no type of its own, but is a number.
        let number = matches!(value.data, Data::Int(_)) && (generic || value.ty.is_unknown());
        let encoded = Encoded {
            format,
            ty: if number { Ty::external("i64") } else { value.ty.clone() },
            generic,
            by_position,
            replaced: false,
            texts: value.texts().into(),
        };
        Value {
            ty: Ty::external("String"),
            encoded: Some(Rc::new(encoded)),
            reads: value.reads.clone(),
            parameter: false,
            ..Value::unknown()
        }
    }

    /// `value.encode_to_vec()`, `json.to_string()`.
    pub(super) fn encodes(&mut self, _frame: &mut Frame, receiver: &Value, call: &'a MethodCall) -> Option<Value> {
        match call.name.as_str() {
            "encode_to_vec" | "write_to_bytes" if call.args.is_empty() => {
                Some(self.encoded(Encoding::Protobuf, receiver, false))
            }
            "to_string" | "to_vec" if receiver.ty.last() == Some("Value") => {
                Some(self.encoded(Encoding::Json, receiver, false))
            }
            _ => None,
        }
    }
}

/// Whether what a serialiser writes is read by position. MessagePack has names only where they are asked for.
pub(super) fn by_position(format: Encoding, path: &str) -> bool {
    match format {
        Encoding::Bincode | Encoding::Postcard => true,
        Encoding::MessagePack => !last_segment(path).contains("named"),
        // Self-describing text keeps its names.
        Encoding::Other => !["serde_yaml", "ron", "toml"].contains(&path.split("::").next().unwrap_or_default()),
        _ => false,
    }
}

/// Serialisers by path.
pub(super) fn encoder(path: &str) -> Option<Encoding> {
    let last = last_segment(path);
    let krate = path.split("::").next().unwrap_or_default();
    let writes =
        last.starts_with("to_") || last.starts_with("serialize") || last.starts_with("encode") || last == "pack";
    if !writes {
        return None;
    }
    Some(match krate {
        "serde_json" | "simd_json" | "sonic_rs" | "json" => Encoding::Json,
        "rmp_serde" | "rmps" | "rmp" => Encoding::MessagePack,
        "bincode" | "bincode2" => Encoding::Bincode,
        "serde_cbor" | "ciborium" | "minicbor" | "minicbor_serde" => Encoding::Cbor,
        "postcard" => Encoding::Postcard,
        "prost" | "protobuf" => Encoding::Protobuf,
        "rkyv" | "borsh" | "bitcode" | "serde_yaml" | "ron" | "toml" | "flexbuffers" | "speedy" | "musli" => {
            Encoding::Other
        }
        _ => return None,
    })
}

/// A serialised value that may be something else, because its error was replaced.
pub(super) fn with_replacement(value: Value) -> Value {
    let encoded = value.encoded.as_ref().map(|encoded| Rc::new(Encoded { replaced: true, ..(**encoded).clone() }));
    Value { encoded, ..value }
}
