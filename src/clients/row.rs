//! The grammar of one line: a method, a command, a raw form.
//!
//! ```text
//! method  =  COMMAND[|COMMAND] ROLE…  [@VERSIONS]  [; FACT…]      "SETEX key value ttl:s @..0.24"
//! command =  ROLE… OPTION…  [; FACT…]                             "key value EX:s NX XX; on_ttl=option"
//! ```
//!
//! A role stands for one argument. `_` (or `_name`) is an argument of no interest; `a+b` is one argument with two
//! roles; a `?` behind a role says that the argument is an `Option`.

use super::error::{RowPath, TableError, did_you_mean};
use super::version::{Range, parse_range};

/// A line taken apart, its words not yet understood.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// The command's name (one or two words), and its alternative. Empty for rows that name none.
    pub command: String,
    /// What stands after `|` in the name.
    pub alternative: Option<&'a str>,
    /// One per argument.
    pub arguments: Vec<Argument<'a>>,
    /// Words in capitals behind the arguments, with what stands after their colon.
    pub options: Vec<(&'a str, Option<&'a str>)>,
    /// What stands after `@`.
    pub versions: Range,
    /// What stands after `;`, with what stands after the `=`.
    pub facts: Vec<(&'a str, Option<&'a str>)>,
}

/// One argument.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Argument<'a> {
    /// Its roles with what stands after their colon; none for `_`.
    pub roles: Vec<(&'a str, Option<&'a str>)>,
    /// `?`.
    pub optional: bool,
}

impl<'a> Line<'a> {
    /// Takes a line apart. `named`: it starts with a command's name.
    pub(crate) fn parse(text: &'a str, named: bool, row: &RowPath) -> Result<Self, TableError> {
        let (head, tail) = text.split_once(';').unwrap_or((text, ""));
        let mut line = Self::default();
        let mut words = head.split_ascii_whitespace().peekable();
        if named {
            while let Some(word) = words.next_if(|word| is_capitals(word)) {
                let (name, alternative) = word.split_once('|').map_or((word, None), |(a, b)| (a, Some(b)));
                if !line.command.is_empty() {
                    line.command.push(' ');
                }
                line.command.push_str(name);
                line.alternative = alternative.or(line.alternative);
            }
            if line.command.is_empty() {
                let first = text.split_ascii_whitespace().next().unwrap_or("");
                return Err(row.error(format!(
                    "starts with the Redis command in capitals, for example \"SETEX key value ttl:s\", not with `{first}`"
                )));
            }
        }
        for word in words {
            if let Some(versions) = word.strip_prefix('@') {
                line.versions = parse_range(versions).map_err(|message| row.error(message))?;
            } else if is_capitals(word) {
                line.options.push(split(word, ':'));
            } else if line.options.is_empty() {
                line.arguments.push(Argument::parse(word));
            } else {
                return Err(row.error(format!("`{word}` stands after an option; arguments come first")));
            }
        }
        line.facts = tail.split_ascii_whitespace().map(|word| split(word, '=')).collect();
        Ok(line)
    }

    /// The position of the only argument with this role.
    pub(crate) fn at(&self, role: &str, row: &RowPath) -> Result<Option<u8>, TableError> {
        let mut found = self.all(role);
        let first = found.next();
        if first.is_some() && found.next().is_some() {
            return Err(row.error(format!("`{role}` occurs twice")));
        }
        Ok(first)
    }

    /// The positions of all arguments with this role.
    pub(crate) fn all(&self, role: &str) -> impl Iterator<Item = u8> {
        (0_u8..).zip(&self.arguments).filter(move |(_, argument)| argument.has(role)).map(|(at, _)| at)
    }

    /// What stands after the colon of this role, where it stands and whether it may be absent.
    pub(crate) fn detail(&self, role: &str) -> Option<(u8, &'a str, bool)> {
        (0_u8..).zip(&self.arguments).find_map(|(at, argument)| {
            let (_, detail) = argument.roles.iter().find(|(name, _)| *name == role)?;
            Some((at, detail.unwrap_or(""), argument.optional))
        })
    }

    /// An error unless every role is one of `known` and every argument list is short enough to count.
    pub(crate) fn check_roles(&self, known: &[&str], row: &RowPath) -> Result<(), TableError> {
        if self.arguments.len() >= usize::from(u8::MAX) {
            return Err(row.error("has too many arguments"));
        }
        for (role, detail) in self.arguments.iter().flat_map(|argument| &argument.roles) {
            let near = || did_you_mean(role, known.iter().copied());
            if !known.contains(role) {
                return Err(row.error(format!(
                    "`{role}` is no role of an argument{} (`_` stands for an argument of no interest)",
                    near()
                )));
            }
            if detail.is_some() != (*role == "ttl") {
                let help =
                    if *role == "ttl" { "needs a unit or a type, as in `ttl:s`" } else { "takes nothing after a `:`" };
                return Err(row.error(format!("`{role}` {help}")));
            }
        }
        Ok(())
    }

    /// An error for a fact that is not among `known`.
    pub(crate) fn unknown_fact(fact: &str, known: &[&str], row: &RowPath) -> TableError {
        row.error(format!("`{fact}` after `;` is not known{}", did_you_mean(fact, known.iter().copied())))
    }
}

impl<'a> Argument<'a> {
    fn parse(word: &'a str) -> Self {
        let optional = word.ends_with('?');
        let word = word.strip_suffix('?').unwrap_or(word);
        let roles =
            if word.starts_with('_') { Vec::new() } else { word.split('+').map(|part| split(part, ':')).collect() };
        Self { roles, optional }
    }

    fn has(&self, role: &str) -> bool {
        self.roles.iter().any(|(name, _)| *name == role)
    }
}

/// A command's name or an option: capitals, digits, dots; `|` between two names. What follows a colon does not count.
fn is_capitals(word: &str) -> bool {
    let word = word.split(':').next().unwrap_or(word);
    word.starts_with(|c: char| c.is_ascii_uppercase())
        && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, '.' | '|' | '_'))
}

fn split(word: &str, at: char) -> (&str, Option<&str>) {
    word.split_once(at).map_or((word, None), |(name, detail)| (name, Some(detail)))
}
