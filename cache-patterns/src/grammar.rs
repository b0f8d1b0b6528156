//! How an id becomes the tail of a key: escaped without loss, and bounded in length.

use xxhash_rust::xxh3::xxh3_128;

/// Keys longer than this keep their prefix and end in a hash.
pub(crate) const LONGEST: usize = 200;

/// Whether `name` may stand for a service or an entity.
pub(crate) const fn is_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    if bytes.is_empty() || !bytes[0].is_ascii_lowercase() {
        return false;
    }
    let mut at = 1;
    while at < bytes.len() {
        let byte = bytes[at];
        if !(byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_') {
            return false;
        }
        at += 1;
    }
    true
}

/// Adds `segment` to `out`; different segments give different text, and none contains `:`, `{` or `}`.
pub(crate) fn escape_into(out: &mut String, segment: &str) {
    for c in segment.chars() {
        match c {
            ':' | '{' | '}' | '%' | '\0'..='\x1f' | '\x7f' => {
                const HEX: &[u8; 16] = b"0123456789ABCDEF";
                let byte = c as usize;
                out.push('%');
                out.push(char::from(HEX[byte >> 4]));
                out.push(char::from(HEX[byte & 15]));
            }
            _ => out.push(c),
        }
    }
}

/// Replaces what follows `prefix` bytes by its hash, when the key is too long.
pub(crate) fn shorten(key: &mut String, prefix: usize) {
    if key.len() > LONGEST {
        let hash = xxh3_128(&key.as_bytes()[prefix..]);
        key.truncate(prefix);
        // `%h` cannot come out of escaping, which writes upper-case hexadecimal digits only.
        key.push_str(&format!(":%h{hash:032x}"));
    }
}
