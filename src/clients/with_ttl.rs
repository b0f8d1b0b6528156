//! How a write is written with a TTL: the rows of `[with_ttl]`, from which fixes are made.
//!
//! ```text
//! row   =  METHOD WORD…  [@VERSIONS]  [; FACT…]        "set_ex _ _ +{s} @0.24..; cast=u64"
//! ```
//!
//! `_` is an argument that stays. `+text` is one that is put in, `.text` stands behind one that stays, any other text
//! takes the place of a `None`. `{s}` and `{ms}` are the TTL in seconds or milliseconds, `[redis::SetExpiry]` is a path
//! as the file at hand has to write it. `cast=T`: the TTL has to be a `T`, and the method that sets an expiry takes
//! another type. `reply`: it answers with another type than the plain write; `bool`: with one that is read the same only
//! as a truth value. `server=V`: servers before this version refuse it.

use super::error::{RowPath, TableError, did_you_mean};
use super::version::{Range, contains, parse_range};
use crate::facts::Name;

/// A write with a TTL that does what a plain one does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TtlForm {
    /// The method.
    pub method: Name,
    /// What becomes of the arguments.
    pub words: Vec<FormWord>,
    /// The TTL is in milliseconds, not seconds.
    pub milliseconds: bool,
    /// The type of the TTL, where the method that sets an expiry takes another one.
    pub cast: Option<Name>,
    /// How its answer is to that of the plain write.
    pub reply: Reply,
    /// The first version of the server that takes it, where not all do.
    pub server: Option<String>,
    /// The client's versions that have it.
    pub(crate) versions: Range,
}

/// How the answer of a write with a TTL is to that of the plain one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// The same.
    Same,
    /// The same where it is read as a truth value: 1 and 0 become `OK` and nothing.
    SameAsBool,
    /// Another type.
    Other,
}

/// What becomes of one argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormWord {
    /// It stays.
    Keep,
    /// It stays, with this behind it.
    Append(String),
    /// This stands in place of a `None`.
    Replace(String),
    /// This is put in.
    Insert(String),
}

impl TtlForm {
    pub(crate) fn parse(text: &str, row: &RowPath) -> Result<Self, TableError> {
        let (head, tail) = text.split_once(';').unwrap_or((text, ""));
        let mut words = head.split_ascii_whitespace();
        let method = words.next().ok_or_else(|| row.error("starts with the method, as in \"set_ex _ _ +{s}\""))?;
        let mut form = Self {
            method: Name::new(method),
            words: Vec::new(),
            milliseconds: text.contains("{ms}"),
            cast: None,
            reply: Reply::Same,
            server: None,
            versions: (None, None),
        };
        for word in words {
            if let Some(versions) = word.strip_prefix('@') {
                form.versions = parse_range(versions).map_err(|message| row.error(message))?;
            } else {
                form.words.push(FormWord::parse(word));
            }
        }
        if text.matches("{s}").count() + text.matches("{ms}").count() != 1 {
            return Err(row.error("needs the TTL once, as `{s}` or `{ms}`"));
        }
        for fact in tail.split_ascii_whitespace() {
            match fact.split_once('=') {
                Some(("cast", ty)) => form.cast = Some(Name::new(ty)),
                Some(("server", version)) => form.server = Some(version.to_owned()),
                None if fact == "reply" => form.reply = Reply::Other,
                None if fact == "bool" => form.reply = Reply::SameAsBool,
                _ => {
                    let near = did_you_mean(fact, ["bool", "cast", "reply", "server"]);
                    return Err(row.error(format!("`{fact}` after `;` is not known{near}")));
                }
            }
        }
        Ok(form)
    }

    /// Number of arguments of the plain write.
    #[must_use]
    pub fn args(&self) -> usize {
        self.words.iter().filter(|word| !matches!(word, FormWord::Insert(_))).count()
    }

    /// Whether a version has it; one that is not known has what all versions have.
    #[must_use]
    pub fn is_in(&self, version: Option<[u32; 3]>) -> bool {
        version.map_or(self.versions == (None, None), |version| contains(self.versions, version))
    }
}

impl FormWord {
    fn parse(word: &str) -> Self {
        match word.strip_prefix('+') {
            Some(text) => Self::Insert(text.to_owned()),
            None if word == "_" => Self::Keep,
            None if word.starts_with('.') => Self::Append(word.to_owned()),
            None => Self::Replace(word.to_owned()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<TtlForm, TableError> {
        TtlForm::parse(text, &RowPath::default())
    }

    #[test]
    fn a_row_says_what_becomes_of_each_argument() {
        let form = parse("set _ _ Some([fred::types::Expiration]::EX({s})) _ _ @10..").unwrap();
        assert_eq!((form.method.as_str(), form.args(), form.milliseconds), ("set", 5, false));
        assert!(form.is_in(Some([10, 1, 0])) && !form.is_in(Some([9, 4, 0])) && !form.is_in(None));
        let form = parse("pset_ex _ _ +{ms}; cast=u64").unwrap();
        assert_eq!((form.args(), form.milliseconds, form.cast.as_deref()), (2, true, Some("u64")));
        assert!(form.is_in(None));
        let form = parse("set_options _ _ .with_expiration(X({s})); reply").unwrap();
        assert_eq!(form.words.last(), Some(&FormWord::Append(".with_expiration(X({s}))".to_owned())));
        assert_eq!((form.reply, form.server), (Reply::Other, None));
        let form = parse("set_options _ _ +X({s}); bool server=6.2").unwrap();
        assert_eq!((form.reply, form.server.as_deref()), (Reply::SameAsBool, Some("6.2")));
    }

    #[test]
    fn a_row_with_a_mistake_is_refused() {
        for text in ["", "set_ex _ _", "set_ex _ +{s} +{ms}", "set_ex _ +{s} @x", "set_ex _ +{s}; repply"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
