//! Refuses texts whose syntax tree would be too deep to parse, walk or drop.
//!
//! `syn` recurses while parsing, and every tree recurses while it is walked and dropped; a stack overflow ends the
//! process and cannot be caught. So the depth is bounded from the tokens alone, before `syn` sees them. Two bounds:
//!
//! * [`MAX_BRACKETS`]: brackets open at one time;
//! * [`MAX_LEVELS`]: levels of the tree that one statement (or item, argument, match arm) makes, with all brackets
//!   inside it: unary operators, closures, `return`, `if` and assignments nest to the right, binary operators and
//!   method calls to the left, `<` nests types.
//!
//! `;`, `=>`, a `,` outside of `<…>`, and a `}` that ends a statement begin a new statement, so long lists and tables
//! are no deeper than their deepest entry. Where tokens do not tell, the bound is on the safe side: a `<` after a word
//! counts as a type's until a `>`, `;` or `=>`.

use std::fmt;
use std::iter::Peekable;

use super::lexer::{Lexer, Token, TokenKind};

/// The stack, in bytes, of every thread that parses, walks or drops a syntax tree of a text that [`check_depth`] let
/// pass. Debug builds need by far the most; the tests of this file run all shapes on such a thread.
pub const PARSE_STACK: usize = 256 << 20;

/// How many brackets may be open at one time.
pub const MAX_BRACKETS: u32 = 1_000;

/// How many levels the tree of a statement may have.
pub const MAX_LEVELS: u32 = 5_000;

/// Binary operators have no more precedences than this, so an operand lies at most so deep below the first of them.
const PRECEDENCES: u32 = 12;

/// A text that is too deep to be parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DepthError {
    /// Byte offset of the token that goes beyond the limit.
    pub offset: u32,
    /// What is too deep; plural, reads before "more than `limit` levels deep".
    pub what: &'static str,
    /// The limit.
    pub limit: u32,
}

impl fmt::Display for DepthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} more than {} levels deep; the file is not analysed", self.what, self.limit)
    }
}

impl std::error::Error for DepthError {}

/// Checks that `text` can be parsed, walked and dropped on a thread with [`PARSE_STACK`] bytes of stack.
///
/// # Errors
///
/// The first token beyond a limit.
pub fn check_depth(text: &str) -> Result<(), DepthError> {
    let mut scan = Scan::new(text);
    while let Some(token) = scan.tokens.next() {
        if scan.step(token) {
            scan.check(token.start)?;
        }
    }
    Ok(())
}

/// What is known of one open bracket (or of the file): the statement at hand, and the deepest one before it.
#[derive(Debug, Clone, Copy, Default)]
struct Frame {
    /// Levels that hold all that follows in the statement: closures, `return`, `if`, `=`, `else`.
    prefix: u32,
    /// Open `<`.
    angles: u32,
    /// Unary operators before the operand at hand.
    unary: u32,
    /// Height of the operand at hand: its postfix operators over the deepest bracket in it.
    operand: u32,
    /// Height of the binary operators so far.
    binary: u32,
    /// Number of binary operators so far.
    operators: u32,
    /// Height of the deepest finished statement.
    tallest: u32,
    /// Levels from the file down to this bracket.
    below: u32,
    /// Between the bars of a closure, where a `,` ends nothing.
    parameters: bool,
    /// The bracket of an attribute, after which an operand has yet to begin.
    attribute: bool,
}

impl Frame {
    /// Levels above the operand at hand, in this bracket.
    fn above(&self) -> u32 {
        self.prefix + self.angles + self.unary + self.operators.min(PRECEDENCES)
    }

    /// Height of the statement at hand.
    fn height(&self) -> u32 {
        let operand = self.operand + self.unary + self.operators.min(PRECEDENCES);
        self.prefix + self.angles + self.binary.max(operand)
    }

    fn end_statement(&mut self) {
        *self = Self {
            tallest: self.tallest.max(self.height()),
            below: self.below,
            attribute: self.attribute,
            ..Self::default()
        };
    }

    fn binary_operator(&mut self) {
        self.binary = self.binary.max(self.operand + self.unary) + 1;
        self.operators += 1;
        self.operand = 0;
        self.unary = 0;
    }
}

/// What the last token was, as far as the next one's meaning hangs on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    /// A word that an operand may end with.
    Word,
    /// A word after a `.`: a field, or a method whose `(` is no operator of its own.
    Member,
    /// The `>` of a type, which may be called (`collect::<T>()`), or of a closure's `for<'a>`.
    Type,
    /// A literal, `)`, `]` or `?`: an operand ends here.
    Operand,
    /// `}`: perhaps an operand, perhaps a statement ends here.
    Brace,
    /// Anything else: an operand begins.
    Other,
}

struct Scan<'a> {
    text: &'a str,
    tokens: Peekable<Lexer<'a>>,
    frame: Frame,
    outer: Vec<Frame>,
    last: Last,
    /// Segments of the path at hand; a `use` tree recurses on each.
    segments: u32,
    /// The last token was a `.`.
    dot: bool,
    /// The last token was a `#`, or `#!`.
    hash: bool,
}

impl<'a> Scan<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            tokens: Lexer::new(text).peekable(),
            frame: Frame::default(),
            outer: Vec::new(),
            last: Last::Other,
            segments: 0,
            dot: false,
            hash: false,
        }
    }

    fn check(&self, offset: usize) -> Result<(), DepthError> {
        let error = |what, limit| Err(DepthError { offset: u32::try_from(offset).unwrap_or(u32::MAX), what, limit });
        let frame = &self.frame;
        if self.outer.len() > MAX_BRACKETS as usize {
            return error("brackets are nested", MAX_BRACKETS);
        }
        if self.segments > MAX_BRACKETS {
            return error("the segments of a path are nested", MAX_BRACKETS);
        }
        if frame.below + frame.above().max(frame.height()) > MAX_LEVELS {
            let what = if frame.angles > MAX_LEVELS / 2 {
                "generic arguments are nested"
            } else if frame.binary.max(frame.operand) > MAX_LEVELS / 2 {
                "chained operators and calls are nested"
            } else {
                "expressions are nested"
            };
            return error(what, MAX_LEVELS);
        }
        Ok(())
    }

    /// Takes the next token's punctuation when it is one of `wanted` and nothing stands between.
    fn joint(&mut self, wanted: &[u8]) -> Option<u8> {
        let token =
            self.tokens.next_if(|token| matches!(token.kind, TokenKind::Punct(next) if wanted.contains(&next)))?;
        match token.kind {
            TokenKind::Punct(next) => Some(next),
            _ => None,
        }
    }

    /// Counts a token; whether a limit may have been passed by it.
    fn step(&mut self, token: Token) -> bool {
        if matches!(token.kind, TokenKind::Space | TokenKind::Comment { .. }) {
            return false;
        }
        if self.last == Last::Brace && self.begins_statement(token) {
            self.frame.end_statement();
            self.last = Last::Other;
        }
        let path = std::mem::take(&mut self.segments);
        let dot = std::mem::take(&mut self.dot);
        let hash = std::mem::take(&mut self.hash);
        match token.kind {
            TokenKind::Word if dot => self.last = Last::Member,
            TokenKind::Word => {
                self.segments = path;
                self.word(&self.text[token.start..token.end]);
            }
            TokenKind::Text | TokenKind::Number => self.last = Last::Operand,
            TokenKind::Punct(b'#') => {
                self.hash = true;
                self.last = Last::Other;
            }
            TokenKind::Punct(b'!') if hash => self.hash = true,
            TokenKind::Punct(byte) => {
                self.punctuation(byte, path);
                self.frame.attribute |= hash && byte == b'[';
            }
            _ => self.last = Last::Other,
        }
        true
    }

    /// Whether this token, after a `}`, begins a statement, an item or an arm. An operator may go on with the
    /// expression, so it is taken to do so; so is a `{`, before which all of `if if a {} else {}` is open.
    fn begins_statement(&self, token: Token) -> bool {
        match token.kind {
            TokenKind::Word => !matches!(&self.text[token.start..token.end], "else" | "as" | "in"),
            TokenKind::Punct(byte) => matches!(byte, b'#' | b'$' | b'!' | b'@' | b'~'),
            _ => true,
        }
    }

    fn word(&mut self, word: &str) {
        self.last = match word {
            "return" | "break" | "yield" | "become" | "if" | "while" | "match" | "for" => {
                self.frame.prefix += 1;
                Last::Other
            }
            "as" => {
                self.frame.operand += 1;
                Last::Other
            }
            "else" | "in" | "let" | "mut" | "move" | "const" | "static" | "ref" | "dyn" | "impl" | "where"
            | "unsafe" | "async" | "loop" | "do" | "box" | "gen" => Last::Other,
            _ => Last::Word,
        };
    }

    fn punctuation(&mut self, byte: u8, path: u32) {
        let after_operand = self.last != Last::Other;
        let last = std::mem::replace(&mut self.last, Last::Other);
        match byte {
            b'(' | b'[' | b'{' => {
                let part_of_last = byte == b'{' || (byte == b'(' && last == Last::Member);
                self.open(after_operand && !part_of_last);
            }
            b')' | b']' | b'}' => self.close(byte),
            b';' => self.frame.end_statement(),
            b',' if self.frame.angles == 0 && !self.frame.parameters => self.frame.end_statement(),
            b':' if self.joint(b":").is_some() => self.segments = path + 1,
            b'.' if self.joint(b".").is_some() => {
                let _ = self.joint(b".=");
                self.operator(after_operand);
            }
            b'.' => {
                self.frame.operand += 1;
                self.dot = true;
            }
            b'?' => {
                self.frame.operand += 1;
                self.last = Last::Operand;
            }
            b'<' => self.less(last),
            b'>' => self.greater(),
            b'=' => match self.joint(b"=>") {
                Some(b'>') => self.frame.end_statement(),
                Some(_) => self.frame.binary_operator(),
                None => self.assign(),
            },
            b'!' => match self.joint(b"=") {
                Some(_) => self.frame.binary_operator(),
                None => self.frame.unary += u32::from(!after_operand),
            },
            b'-' if self.joint(b">").is_some() => self.frame.prefix += 1,
            b'+' | b'-' | b'*' | b'/' | b'%' | b'^' | b'&' | b'|' => {
                let closure = byte == b'|' && last == Last::Type;
                self.arithmetic(byte, after_operand && !closure);
            }
            b'@' => self.frame.prefix += 1,
            _ => {}
        }
    }

    /// `=`, `+=` and the like hold their right side, and bind weaker than all before.
    fn assign(&mut self) {
        self.frame.binary_operator();
        self.frame.prefix += 1;
    }

    /// Binary after an operand, else unary.
    fn operator(&mut self, after_operand: bool) {
        if after_operand {
            self.frame.binary_operator();
        } else {
            self.frame.unary += 1;
        }
    }

    fn arithmetic(&mut self, byte: u8, after_operand: bool) {
        if after_operand && self.joint(b"=").is_some() {
            return self.assign();
        }
        let doubled = matches!(byte, b'&' | b'|') && self.joint(&[byte]).is_some();
        match byte {
            // A closure holds what follows; it does not end with its operand.
            b'|' if self.frame.parameters => self.frame.parameters = false,
            b'|' if !after_operand => {
                self.frame.prefix += 1;
                self.frame.parameters = !doubled;
            }
            // `&&x` are two references.
            b'&' if !after_operand && doubled => self.frame.unary += 2,
            _ => self.operator(after_operand),
        }
    }

    fn less(&mut self, last: Last) {
        // A type's arguments never follow a literal, a closing bracket or a field.
        let comparison = matches!(last, Last::Member | Last::Operand | Last::Brace);
        let shift = comparison && self.joint(b"<").is_some();
        match self.joint(b"=") {
            Some(_) if shift => self.assign(),
            None if !comparison => {
                self.frame.angles += 1;
                self.frame.operators += u32::from(matches!(last, Last::Word | Last::Type));
            }
            _ => self.frame.binary_operator(),
        }
    }

    fn greater(&mut self) {
        let signs = if self.joint(b">").is_some() { 2 } else { 1 };
        let closed = signs.min(self.frame.angles);
        self.frame.angles -= closed;
        match self.joint(b"=") {
            // `>>=`, or `=` after a type.
            Some(_) if signs == 2 || closed > 0 => self.assign(),
            None if closed == signs => self.last = Last::Type,
            _ => self.frame.binary_operator(),
        }
    }

    fn open(&mut self, postfix: bool) {
        self.frame.operand += u32::from(postfix);
        let below = self.frame.below + self.frame.above() + 1;
        self.outer.push(std::mem::replace(&mut self.frame, Frame { below, ..Frame::default() }));
    }

    fn close(&mut self, byte: u8) {
        self.last = match byte {
            b'}' => Last::Brace,
            _ if self.frame.attribute => Last::Other,
            _ => Last::Operand,
        };
        // A closing bracket too many is an error that the parser finds without recursion.
        if let Some(outer) = self.outer.pop() {
            self.frame.end_statement();
            let inner = self.frame.tallest + 1;
            self.frame = outer;
            self.frame.operand = self.frame.operand.max(inner);
        }
    }
}

#[cfg(test)]
mod tests;
