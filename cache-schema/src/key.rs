//! The key grammar: `{service}:v{version}:{entity}:{id}`.
//!
//! ```
//! use cache_schema::key::{key, parse};
//!
//! let text = key("user", 2, "profile", &["eu:1", "7"]);
//! assert_eq!(text, "user:v2:profile:eu%3A1:7");
//! let parts = parse(&text)?;
//! assert_eq!((parts.service, parts.version, parts.entity), ("user", 2, "profile"));
//! assert_eq!(parts.id.segments(), Some(vec!["eu:1".to_owned(), "7".to_owned()]));
//! # Ok::<(), cache_schema::key::KeyError>(())
//! ```

use std::fmt::Write;

use thiserror::Error;
use xxhash_rust::xxh3::xxh3_128;

/// Keys over this many bytes keep their prefix and end in a hash of the id.
pub const LONGEST: usize = 200;

/// The rule for the name of a service or an entity, as [`is_name`] checks it.
pub const NAME_RULE: &str = "lower-case letters and digits, a letter first, words joined by a single `-` or `_`: `[a-z][a-z0-9]*([_-][a-z0-9]+)*`";

/// Whether `name` may stand for a service or an entity: `[a-z][a-z0-9]*([_-][a-z0-9]+)*`.
///
/// ```
/// use cache_schema::key::is_name;
/// const _: () = assert!(is_name("order-line"));
/// assert!(!is_name("Order") && !is_name("order--line") && !is_name("1st"));
/// ```
#[must_use]
pub const fn is_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    if bytes.is_empty() || !bytes[0].is_ascii_lowercase() {
        return false;
    }
    let mut joined = false;
    let mut at = 1;
    while at < bytes.len() {
        let joint = bytes[at] == b'-' || bytes[at] == b'_';
        if joint && joined || !(joint || bytes[at].is_ascii_lowercase() || bytes[at].is_ascii_digit()) {
            return false;
        }
        joined = joint;
        at += 1;
    }
    !joined
}

/// The nearest name that [`is_name`] accepts, for a remedy: `UserProfile` gives `user-profile`.
///
/// `None` where no letter is left to begin with.
#[must_use]
pub fn to_name(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut lower = false;
    for c in text.chars() {
        let joint = !c.is_ascii_alphanumeric();
        if (joint || c.is_ascii_uppercase() && lower) && !out.is_empty() && !out.ends_with(['-', '_']) {
            out.push(if c == '_' { '_' } else { '-' });
        }
        if !(joint || out.is_empty() && c.is_ascii_digit()) {
            out.push(c.to_ascii_lowercase());
        }
        lower = c.is_ascii_lowercase() || c.is_ascii_digit();
    }
    let name = out.trim_end_matches(['-', '_']);
    is_name(name).then(|| name.to_owned())
}

/// Adds `segment` to `out`. Different segments give different text, and none contains `:`, `{` or `}`.
///
/// `:`, `{`, `}`, `%`, control bytes and DEL become `%XX`; all other characters stay, also those outside ASCII.
pub fn escape_into(out: &mut String, segment: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for c in segment.chars() {
        match c {
            ':' | '{' | '}' | '%' | '\0'..='\x1f' | '\x7f' => {
                let byte = c as usize;
                out.push('%');
                out.push(char::from(HEX[byte >> 4]));
                out.push(char::from(HEX[byte & 15]));
            }
            _ => out.push(c),
        }
    }
}

/// The segment that [`escape_into`] wrote as `text`; `None` where it cannot have.
#[must_use]
pub fn unescape(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let byte = u8::from_str_radix(after.get(..2)?, 16).ok()?;
        out.push(char::from(byte));
        rest = after.get(2..)?;
    }
    out.push_str(rest);
    let mut again = String::with_capacity(text.len());
    escape_into(&mut again, &out);
    (again == text).then_some(out)
}

/// Replaces what follows the first `prefix` bytes of `key` by its 128-bit hash, when the key is over [`LONGEST`].
///
/// `prefix` has to end at a character; otherwise, or past the end, the key stays as it is.
pub fn shorten(key: &mut String, prefix: usize) {
    if key.len() <= LONGEST {
        return;
    }
    if let Some(id) = key.get(prefix..) {
        let hash = xxh3_128(id.as_bytes());
        key.truncate(prefix);
        // `%h` cannot come out of escaping, which writes upper-case hexadecimal digits only.
        let _ = write!(key, ":%h{hash:032x}");
    }
}

/// The key of the id with these segments: `{service}:v{version}:{entity}:{id}`.
///
/// Service and entity are taken as they are; [`is_name`] says whether they may be.
#[must_use]
pub fn key(service: &str, version: u32, entity: &str, id: &[&str]) -> String {
    let mut out = format!("{service}:v{version}:{entity}");
    let prefix = out.len();
    for segment in id {
        out.push(':');
        escape_into(&mut out, segment);
    }
    shorten(&mut out, prefix);
    out
}

/// The template of all keys of an entity, one placeholder for each part of its id: `user:v2:profile:{id}`.
#[must_use]
pub fn template(service: &str, version: u32, entity: &str, id: &[&str]) -> String {
    let mut out = format!("{service}:v{version}:{entity}");
    for name in id {
        let _ = write!(out, ":{{{name}}}");
    }
    out
}

/// What a key is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts<'a> {
    /// The first segment.
    pub service: &'a str,
    /// The number after `v`, from 1.
    pub version: u32,
    /// The third segment.
    pub entity: &'a str,
    /// All that follows.
    pub id: Id<'a>,
}

/// The tail of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Id<'a> {
    /// Escaped segments, joined by `:`.
    Plain(&'a str),
    /// The hash of an id that was too long.
    Hashed(u128),
}

impl Id<'_> {
    /// The segments without their escapes; `None` for a hashed id and for text that no escaping wrote.
    #[must_use]
    pub fn segments(&self) -> Option<Vec<String>> {
        match self {
            Self::Plain(text) => text.split(':').map(unescape).collect(),
            Self::Hashed(_) => None,
        }
    }
}

/// Why a text is no key of this grammar.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Fewer than four segments.
    #[error("`{0}` has not the form `{{service}}:v{{version}}:{{entity}}:{{id}}`")]
    Form(String),
    /// A service or entity that is no name.
    #[error("`{0}` is no name; a name is {NAME_RULE}")]
    Name(String),
    /// A second segment that is not `v` and a number from 1.
    #[error("`{0}` is no version; write `v1`, `v2`, …")]
    Version(String),
}

/// The parts of `key`.
///
/// # Errors
/// Names the segment that is not as the grammar has it.
pub fn parse(key: &str) -> Result<Parts<'_>, KeyError> {
    let mut segments = key.splitn(4, ':');
    let (Some(service), Some(version), Some(entity), Some(id)) =
        (segments.next(), segments.next(), segments.next(), segments.next())
    else {
        return Err(KeyError::Form(key.to_owned()));
    };
    for name in [service, entity] {
        if !is_name(name) {
            return Err(KeyError::Name(name.to_owned()));
        }
    }
    let number = version
        .strip_prefix('v')
        .filter(|digits| !digits.starts_with(['0', '+']))
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| KeyError::Version(version.to_owned()))?;
    let hash = id.strip_prefix("%h").filter(|hex| hex.len() == 32).and_then(|hex| u128::from_str_radix(hex, 16).ok());
    Ok(Parts { service, version: number, entity, id: hash.map_or(Id::Plain(id), Id::Hashed) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_lower_case_words() {
        for name in ["user", "u", "user2", "order-line", "order_line", "a-b_c-1"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "User", "2user", "-user", "user-", "user--x", "user_-x", "user:eu", "user eu", "usér", "v{n}"]
        {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn a_wrong_name_has_a_near_right_one() {
        for (wrong, right) in [
            ("UserProfile", Some("user-profile")),
            ("Shop:EU", Some("shop-eu")),
            ("2fa", Some("fa")),
            ("order__line", Some("order_line")),
            ("é", None),
            ("", None),
        ] {
            assert_eq!(to_name(wrong).as_deref(), right, "{wrong}");
        }
    }

    #[test]
    fn a_template_names_each_part_of_the_id() {
        assert_eq!(template("shop", 3, "line", &["order", "line"]), "shop:v3:line:{order}:{line}");
    }

    #[test]
    fn the_hash_of_a_long_id_does_not_change_between_releases() {
        let id = "x".repeat(300);
        assert_eq!(key("user", 1, "note", &[&id]), PINNED_LONG_KEY);
        let Ok(parts) = parse(PINNED_LONG_KEY) else { panic!("a hashed key is a key") };
        assert!(matches!(parts.id, Id::Hashed(_)));
    }

    const PINNED_LONG_KEY: &str = "user:v1:note:%h0c590e0df183926190b78613b5f40671";

    #[test]
    fn what_is_no_key_says_which_part() {
        for (text, wanted) in [
            ("user:v1:note", KeyError::Form("user:v1:note".to_owned())),
            ("User:v1:note:1", KeyError::Name("User".to_owned())),
            ("user:1:note:1", KeyError::Version("1".to_owned())),
            ("user:v0:note:1", KeyError::Version("v0".to_owned())),
            ("user:v01:note:1", KeyError::Version("v01".to_owned())),
            ("user:v+1:note:1", KeyError::Version("v+1".to_owned())),
        ] {
            assert_eq!(parse(text), Err(wanted));
        }
    }

    fn segments() -> impl Strategy<Value = Vec<String>> {
        // Full of the characters that could break the grammar.
        prop::collection::vec(prop_oneof!["[a:%{}h0-9A-F\\x00\\x7f]{0,6}", "\\PC{0,40}"], 1..4)
    }

    fn of(id: &[String]) -> String {
        key("user", 7, "note", &id.iter().map(String::as_str).collect::<Vec<_>>())
    }

    proptest! {
        #[test]
        fn different_ids_have_different_keys(one in segments(), other in segments()) {
            prop_assert_eq!(one == other, of(&one) == of(&other));
        }

        #[test]
        fn a_key_reads_back(id in segments()) {
            let text = of(&id);
            let parts = parse(&text).map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert_eq!((parts.service, parts.version, parts.entity), ("user", 7, "note"));
            if let Some(read) = parts.id.segments() {
                prop_assert_eq!(read, id);
            } else {
                prop_assert!(matches!(parts.id, Id::Hashed(_)));
            }
        }

        #[test]
        fn no_key_is_too_long_or_has_a_hash_tag(id in segments()) {
            let text = of(&id);
            prop_assert!(text.len() <= LONGEST);
            let breaks = text.contains(|c: char| c == '{' || c == '}' || c.is_ascii_control());
            prop_assert!(!breaks, "a brace or a control character in {}", text);
        }

        #[test]
        fn reading_never_panics(text in "\\PC{0,60}") {
            let _ = parse(&text).map(|parts| parts.id.segments());
            let _ = to_name(&text);
        }
    }
}
