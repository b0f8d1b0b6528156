//! The language of format strings, after `std::fmt`.

use std::ops::Range;

/// A piece of a format string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Text with `{{` and `}}` undone.
    Text(String),
    /// `{…}`.
    Hole {
        /// What is written.
        argument: Argument,
        /// What stands behind `:`, trimmed.
        spec: String,
    },
}

/// Which argument a hole writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Argument {
    /// By number; `{}` is numbered too.
    Position(usize),
    /// By name, with the name's bytes in the format string.
    Name(String, Range<usize>),
}

/// A format string, understood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Template {
    pub(super) pieces: Vec<Piece>,
    /// Arguments that a width or precision takes, in no particular order.
    pub(super) counts: Vec<Argument>,
}

impl Template {
    /// Parses a format string; `None` when it is malformed.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut template = Self::default();
        let mut literal = String::new();
        let mut next = 0;
        let mut at = 0;
        while let Some(char) = text.get(at..)?.chars().next() {
            let rest = text.get(at + char.len_utf8()..)?;
            match char {
                '{' | '}' if rest.starts_with(char) => {
                    literal.push(char);
                    at += 2;
                }
                '}' => return None,
                '{' => {
                    if !literal.is_empty() {
                        template.pieces.push(Piece::Text(std::mem::take(&mut literal)));
                    }
                    let len = hole_len(rest)?;
                    template.hole(rest.get(..len)?, at + 1, &mut next)?;
                    at += len + 2;
                }
                _ => {
                    literal.push(char);
                    at += char.len_utf8();
                }
            }
        }
        if !literal.is_empty() {
            template.pieces.push(Piece::Text(literal));
        }
        Some(template)
    }

    /// Reads what stands between the braces, `offset` bytes into the format string.
    fn hole(&mut self, inner: &str, offset: usize, next: &mut usize) -> Option<()> {
        let (name, spec) = inner.split_once(':').unwrap_or((inner, ""));
        let spec = spec.trim_end();
        // The arguments of width and precision are counted first: `{:.*}` takes its precision, then its value.
        self.spec_counts(spec, offset + name.len() + 1, next)?;
        let lead = name.len() - name.trim_start().len();
        let argument = match name.trim() {
            "" => {
                *next += 1;
                Argument::Position(*next - 1)
            }
            name => argument(name, offset + lead)?,
        };
        self.pieces.push(Piece::Hole { argument, spec: spec.to_owned() });
        Some(())
    }

    /// `[[fill]align][sign]['#']['0'][width]['.' precision][type]`
    fn spec_counts(&mut self, spec: &str, offset: usize, next: &mut usize) -> Option<()> {
        let is_align = |char: Option<char>| matches!(char, Some('<' | '^' | '>'));
        let mut chars = spec.chars();
        let fill = chars.next();
        let mut rest = match fill {
            Some(fill) if is_align(chars.next()) => spec.get(fill.len_utf8() + 1..)?,
            _ if is_align(fill) => spec.get(1..)?,
            _ => spec,
        };
        rest = rest.strip_prefix(['+', '-']).unwrap_or(rest);
        rest = rest.strip_prefix('#').unwrap_or(rest);
        // A `0` is the flag, unless it is the number of an argument: `{:0$}`.
        if !rest.starts_with("0$") {
            rest = rest.strip_prefix('0').unwrap_or(rest);
        }
        let place = |rest: &str| offset + spec.len() - rest.len();
        rest = self.count(rest, place(rest))?;
        if let Some(precision) = rest.strip_prefix('.') {
            rest = match precision.strip_prefix('*') {
                Some(after) => {
                    self.counts.push(Argument::Position(*next));
                    *next += 1;
                    after
                }
                None => self.count(precision, place(precision))?,
            };
        }
        matches!(rest, "" | "?" | "x?" | "X?" | "o" | "x" | "X" | "p" | "b" | "e" | "E").then_some(())
    }

    /// A number, or an argument followed by `$`. Gives what is left.
    fn count<'t>(&mut self, text: &'t str, offset: usize) -> Option<&'t str> {
        let len = text.find(|char: char| !(char == '_' || char.is_alphanumeric())).unwrap_or(text.len());
        let (word, rest) = text.split_at_checked(len)?;
        if !word.is_empty()
            && let Some(rest) = rest.strip_prefix('$')
        {
            self.counts.push(argument(word, offset)?);
            return Some(rest);
        }
        Some(text.trim_start_matches(|char: char| char.is_ascii_digit()))
    }
}

fn argument(name: &str, offset: usize) -> Option<Argument> {
    if name.starts_with(|char: char| char.is_ascii_digit()) {
        return name.parse().ok().map(Argument::Position);
    }
    let bare = name.strip_prefix("r#").unwrap_or(name);
    let mut chars = bare.chars();
    let first = chars.next()?;
    let is_name = (first == '_' || first.is_alphabetic()) && chars.all(|char| char == '_' || char.is_alphanumeric());
    is_name.then(|| Argument::Name(bare.to_owned(), offset..offset + name.len()))
}

/// Length of what stands before the closing brace. A brace can be the fill character: `{:}>8}`.
fn hole_len(text: &str) -> Option<usize> {
    let close = text.find('}')?;
    let is_fill = text.get(..close)?.ends_with(':') && text.get(close + 1..)?.starts_with(['<', '^', '>']);
    if is_fill { text.get(close + 1..)?.find('}').map(|more| close + 1 + more) } else { Some(close) }
}
