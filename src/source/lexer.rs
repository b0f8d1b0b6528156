//! A small lexer that knows where code, strings and comments begin and end.
//!
//! It stands beside `proc_macro2`'s lexer because that one drops comments and refuses a text that is not wholly valid,
//! while this one must say something about any text. Its tokens partition the text: each starts where the one before
//! ended. It never recurses.

use memchr::{memchr, memchr2, memchr3};

/// A piece of text of one kind; byte offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    /// What it is.
    pub(crate) kind: TokenKind,
    /// First byte.
    pub(crate) start: usize,
    /// One past the last byte.
    pub(crate) end: usize,
}

/// The kinds of [`Token`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// White space, a byte order mark at the start, a shebang line.
    Space,
    /// A comment.
    Comment {
        /// `///`, `//!`, `/** */`, `/*! */`.
        doc: bool,
        /// `/* */`.
        block: bool,
    },
    /// A string, byte string, C string (raw or not), character or byte.
    Text,
    /// `'a`.
    Lifetime,
    /// An identifier (raw ones included) or keyword.
    Word,
    /// A number with its suffix.
    Number,
    /// One ASCII punctuation character: this one.
    Punct(u8),
    /// A character that stands in no Rust program outside of strings and comments.
    Other,
}

/// The tokens of a text, in order.
#[derive(Debug, Clone)]
pub(crate) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn byte(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.at + ahead).copied().unwrap_or(0)
    }

    fn character(&self, offset: usize) -> Option<char> {
        self.text.get(offset..).and_then(|rest| rest.chars().next())
    }

    fn rest(&self, from: usize) -> &'a [u8] {
        self.text.as_bytes().get(from..).unwrap_or_default()
    }

    /// One past the last character of the word that goes on at `from`.
    fn word_end(&self, from: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut at = from;
        while let Some(&byte) = bytes.get(at) {
            if byte.is_ascii_alphanumeric() || byte == b'_' {
                at += 1;
            } else if byte < 0x80 {
                break;
            } else {
                match self.character(at) {
                    Some(c) if c.is_alphanumeric() || is_mark(c) => at += c.len_utf8(),
                    _ => break,
                }
            }
        }
        at
    }

    /// One past the line that `from` lies in, its line feed left out.
    fn line_end(&self, from: usize) -> usize {
        memchr(b'\n', self.rest(from)).map_or(self.text.len(), |at| from + at)
    }

    /// One past a block comment whose `/*` begins at `start`; they nest. The end of the text when it is open.
    fn block_comment_end(&self, start: usize) -> usize {
        let mut at = start + 2;
        let mut depth = 1usize;
        while let Some(found) = memchr2(b'*', b'/', self.rest(at)) {
            at += found;
            match self.rest(at) {
                [b'*', b'/', ..] => {
                    depth -= 1;
                    at += 2;
                    if depth == 0 {
                        return at;
                    }
                }
                [b'/', b'*', ..] => {
                    depth += 1;
                    at += 2;
                }
                _ => at += 1,
            }
        }
        self.text.len()
    }

    /// One past a string with escapes whose first character after the quote is at `from`.
    fn quoted_end(&self, from: usize) -> usize {
        let mut at = from;
        while let Some(found) = memchr2(b'"', b'\\', self.rest(at)) {
            at += found;
            if self.rest(at).first() == Some(&b'"') {
                return at + 1;
            }
            at = self.after_escape(at);
        }
        self.text.len()
    }

    /// One past the character that follows the backslash at `at`.
    fn after_escape(&self, at: usize) -> usize {
        at + 1 + self.character(at + 1).map_or(0, char::len_utf8)
    }

    /// One past a raw string whose `#`s or quote begin at `from`; `None` when it is none (`r#type`).
    fn raw_end(&self, from: usize) -> Option<usize> {
        let hashes = self.rest(from).iter().take_while(|&&byte| byte == b'#').count();
        let mut at = from + hashes;
        if self.rest(at).first() != Some(&b'"') {
            return None;
        }
        at += 1;
        while let Some(found) = memchr(b'"', self.rest(at)) {
            at += found + 1;
            if self.rest(at).iter().take_while(|&&byte| byte == b'#').take(hashes).count() == hashes {
                return Some(at + hashes);
            }
        }
        Some(self.text.len())
    }

    /// One past a character literal whose first character after the quote is at `from`. An open one ends at its line.
    fn character_end(&self, from: usize) -> usize {
        let mut at = from;
        while let Some(found) = memchr3(b'\'', b'\\', b'\n', self.rest(at)) {
            at += found;
            match self.rest(at).first() {
                Some(b'\'') => return at + 1,
                Some(b'\\') => at = self.after_escape(at),
                _ => return at,
            }
        }
        self.text.len()
    }

    /// A character literal or a lifetime; `self.at` is at the quote.
    fn quote(&self) -> (TokenKind, usize) {
        let first = self.at + 1;
        let Some(c) = self.character(first) else { return (TokenKind::Punct(b'\''), first) };
        let second = first + c.len_utf8();
        if c != '\\' && self.rest(second).first() == Some(&b'\'') {
            return (TokenKind::Text, second + 1);
        }
        if !(c == '_' || c.is_alphanumeric()) {
            return match c {
                '\\' => (TokenKind::Text, self.character_end(first)),
                _ => (TokenKind::Punct(b'\''), first),
            };
        }
        let mut end = self.word_end(first);
        if &self.text.as_bytes()[first..end] == b"r" && self.rest(end).first() == Some(&b'#') {
            end = self.word_end(end + 1);
        }
        // `'ab'` is no lifetime followed by a quote but a faulty character literal.
        if self.rest(end).first() == Some(&b'\'') { (TokenKind::Text, end + 1) } else { (TokenKind::Lifetime, end) }
    }

    /// A word, or the literal that it is the prefix of.
    fn word(&self) -> (TokenKind, usize) {
        let end = self.word_end(self.at);
        let prefix = &self.text.as_bytes()[self.at..end];
        let next = self.rest(end).first().copied();
        let literal = match (prefix, next) {
            (b"r" | b"br" | b"cr", Some(b'"' | b'#')) => self.raw_end(end),
            (b"b" | b"c", Some(b'"')) => Some(self.quoted_end(end + 1)),
            (b"b", Some(b'\'')) => Some(self.character_end(end + 1)),
            _ => None,
        };
        match literal {
            Some(end) => (TokenKind::Text, end),
            None if prefix == b"r" && next == Some(b'#') => {
                let raw = self.word_end(end + 1);
                (TokenKind::Word, if raw > end + 1 { raw } else { end })
            }
            None => (TokenKind::Word, end),
        }
    }

    fn number(&self) -> usize {
        let mut end = self.word_end(self.at);
        // `1.5`, but neither `1..2` nor `1.max(2)`. A sign in an exponent stays punctuation: nothing here minds.
        if let [b'.', digit, ..] = self.rest(end)
            && digit.is_ascii_digit()
        {
            end = self.word_end(end + 1);
        }
        end
    }

    fn space_end(&self) -> usize {
        let mut at = self.at;
        while let Some(c) = self.character(at) {
            if !c.is_whitespace() {
                break;
            }
            at += c.len_utf8();
        }
        at
    }

    /// The end of a byte order mark and a shebang line at the start of the text; 0 when there are none.
    fn preamble_end(&self) -> usize {
        let start = if self.text.starts_with('\u{feff}') { 3 } else { 0 };
        if !self.text[start..].starts_with("#!") {
            return start;
        }
        // `#![…]` is an attribute, also with space or comments before the bracket.
        let after = Lexer { text: self.text, at: start + 2 }
            .find(|token| !matches!(token.kind, TokenKind::Space | TokenKind::Comment { doc: false, .. }));
        match after {
            Some(Token { kind: TokenKind::Punct(b'['), .. }) => start,
            _ => self.line_end(start),
        }
    }

    fn classify(&self, byte: u8) -> (TokenKind, usize) {
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => (TokenKind::Space, self.space_end()),
            b'/' if self.byte(1) == b'/' => {
                let doc = match self.byte(2) {
                    b'/' => self.byte(3) != b'/',
                    b'!' => true,
                    _ => false,
                };
                (TokenKind::Comment { doc, block: false }, self.line_end(self.at))
            }
            b'/' if self.byte(1) == b'*' => {
                let doc = match self.byte(2) {
                    b'*' => !matches!(self.byte(3), b'*' | b'/'),
                    b'!' => true,
                    _ => false,
                };
                (TokenKind::Comment { doc, block: true }, self.block_comment_end(self.at))
            }
            b'"' => (TokenKind::Text, self.quoted_end(self.at + 1)),
            b'\'' => self.quote(),
            b'0'..=b'9' => (TokenKind::Number, self.number()),
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => self.word(),
            0x00..=0x7f => {
                let kind = if byte.is_ascii_punctuation() { TokenKind::Punct(byte) } else { TokenKind::Other };
                (kind, self.at + 1)
            }
            _ => match self.character(self.at) {
                Some(c) if c.is_whitespace() => (TokenKind::Space, self.space_end()),
                Some(c) if c.is_alphabetic() => (TokenKind::Word, self.word_end(self.at)),
                other => (TokenKind::Other, self.at + other.map_or(1, char::len_utf8)),
            },
        }
    }
}

/// Combining marks and joiners that identifiers of many scripts contain; what exactly is of no importance here.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{200c}' | '\u{200d}' | '\u{900}'..='\u{dff}')
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let start = self.at;
        let &byte = self.text.as_bytes().get(start)?;
        let preamble = if start == 0 { self.preamble_end() } else { 0 };
        let (kind, end) = if preamble > 0 { (TokenKind::Space, preamble) } else { self.classify(byte) };
        self.at = end;
        Some(Token { kind, start, end })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The tokens other than space, written with a letter for their kind.
    fn lex(text: &str) -> Vec<(char, &str)> {
        Lexer::new(text)
            .filter_map(|token| {
                let letter = match token.kind {
                    TokenKind::Space => return None,
                    TokenKind::Comment { doc: true, .. } => 'd',
                    TokenKind::Comment { .. } => 'c',
                    TokenKind::Text => 't',
                    TokenKind::Lifetime => 'l',
                    TokenKind::Word => 'w',
                    TokenKind::Number => 'n',
                    TokenKind::Punct(_) => 'p',
                    TokenKind::Other => 'o',
                };
                Some((letter, &text[token.start..token.end]))
            })
            .collect()
    }

    #[test]
    fn strings_of_all_kinds_are_one_token_each() {
        for text in [
            r#""a // b""#,
            r#""\" /* ""#,
            "r\"\\\"",
            "r#\"a\" // \"#",
            "r##\"\"# \"##",
            "b\"x\\\"\"",
            "br#\"\"#",
            "c\"x\"",
            "cr#\"/*\"#",
            "'\"'",
            r"'\''",
            r"b'\''",
            "'\u{e9}'",
            r"'\u{1F600}'",
            "\"two\nlines\"",
        ] {
            assert_eq!(lex(text), [('t', text)]);
        }
    }

    #[test]
    fn lifetimes_are_not_characters_and_raw_words_are_not_strings() {
        assert_eq!(lex("&'a str"), [('p', "&"), ('l', "'a"), ('w', "str")]);
        assert_eq!(lex("'r#fn"), [('l', "'r#fn")]);
        assert_eq!(lex("f('a', 'b)"), [('w', "f"), ('p', "("), ('t', "'a'"), ('p', ","), ('l', "'b"), ('p', ")")]);
        assert_eq!(lex("r#type br"), [('w', "r#type"), ('w', "br")]);
    }

    #[test]
    fn block_comments_nest_and_doc_comments_are_told_apart() {
        assert_eq!(lex("/* a /* \" */ b */ x"), [('c', "/* a /* \" */ b */"), ('w', "x")]);
        for (text, kind) in [
            ("/// a", 'd'),
            ("//! a", 'd'),
            ("/** a */", 'd'),
            ("/*! a */", 'd'),
            ("//// a", 'c'),
            ("/***/", 'c'),
            ("/**/", 'c'),
            ("// a", 'c'),
        ] {
            assert_eq!(lex(text), [(kind, text)]);
        }
    }

    #[test]
    fn a_shebang_is_skipped_but_an_inner_attribute_is_not() {
        assert_eq!(lex("#!/usr/bin/env run \"\nx"), [('w', "x")]);
        assert_eq!(lex("\u{feff}#!/bin/x\nx"), [('w', "x")]);
        assert_eq!(lex("#! /* c */ [a]").len(), 6);
    }

    #[test]
    fn numbers_leave_ranges_and_methods_alone() {
        assert_eq!(lex("1.5f32"), [('n', "1.5f32")]);
        assert_eq!(lex("1..2"), [('n', "1"), ('p', "."), ('p', "."), ('n', "2")]);
        assert_eq!(lex("1.max"), [('n', "1"), ('p', "."), ('w', "max")]);
    }

    proptest! {
        #[test]
        fn tokens_partition_any_text(text in "(?s).{0,200}") {
            check_partition(&text);
        }

        #[test]
        fn tokens_partition_texts_full_of_quotes_and_comments(
            parts in proptest::collection::vec(prop::sample::select(vec![
                "\"", "'", "\\", "/*", "*/", "//", "\n", "r", "#", "b", "c", "br", "a", "é", "'a'", "1.", "{", "\u{feff}", "!", "[",
            ]), 0..40)
        ) {
            check_partition(&parts.concat());
        }
    }

    fn check_partition(text: &str) {
        let mut at = 0;
        for token in Lexer::new(text) {
            assert_eq!(token.start, at);
            assert!(token.end > token.start, "empty token at {at} in {text:?}");
            assert!(text.is_char_boundary(token.end));
            at = token.end;
        }
        assert_eq!(at, text.len());
    }

    #[test]
    fn it_agrees_with_proc_macro2_about_this_file() {
        let text = include_str!("lexer.rs");
        let expected: Vec<_> = literals(text.parse().unwrap());
        let ours: Vec<_> = Lexer::new(text)
            .filter(|token| token.kind == TokenKind::Text)
            .map(|token| text[token.start..token.end].to_owned())
            .collect();
        assert!(expected.len() > 50);
        assert_eq!(ours, expected);
    }

    fn literals(stream: proc_macro2::TokenStream) -> Vec<String> {
        let mut found = Vec::new();
        for tree in stream {
            match tree {
                proc_macro2::TokenTree::Group(group) => found.extend(literals(group.stream())),
                proc_macro2::TokenTree::Literal(literal) => {
                    let text = literal.span().source_text().unwrap();
                    // `proc_macro2` gives doc comments as literals, too.
                    if text.contains(['"', '\'']) && !text.starts_with('/') {
                        found.push(text);
                    }
                }
                _ => {}
            }
        }
        found
    }
}
