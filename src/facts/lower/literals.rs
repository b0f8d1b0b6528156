//! Literals.

use syn::Lit;

use crate::facts::Literal;

/// The value of a literal; `None` for what the model has no place for (bytes that are no text, numbers over `i128`).
pub(super) fn literal(lit: &Lit) -> Option<Literal> {
    Some(match lit {
        Lit::Str(text) => Literal::Str(text.value()),
        Lit::ByteStr(bytes) => Literal::Bytes(String::from_utf8(bytes.value()).ok()?),
        Lit::CStr(text) => Literal::Str(text.value().into_string().ok()?),
        Lit::Byte(byte) => Literal::Int(byte.value().into()),
        Lit::Char(char) => Literal::Char(char.value()),
        Lit::Int(int) => Literal::Int(int.base10_digits().parse().ok()?),
        Lit::Float(float) => Literal::Float(float.base10_digits().to_owned()),
        Lit::Bool(bool) => Literal::Bool(bool.value),
        _ => return None,
    })
}
