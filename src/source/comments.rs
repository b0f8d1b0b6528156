//! Suppression directives in comments: `// cache-lint: ignore[rule, rule] until=2027-03-01 -- reason`.
//!
//! A directive is the whole comment, `//` or `/* */`. Doc comments carry none, since they document the item for its
//! users: one that begins like a directive is given back as malformed, so that it can be reported and is not silently
//! without effect. What the words mean (is the rule known, the date past, the reason good enough) is judged elsewhere.

use super::lexer::{Lexer, Token, TokenKind};
use crate::text::Span;

/// The word that begins every directive.
const MARK: &str = "cache-lint";

/// A directive in a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// Which lines it is for.
    pub kind: DirectiveKind,
    /// The rules in brackets as written, each with its place; empty for a blanket directive.
    pub rules: Vec<(String, Span)>,
    /// What stands after `until=`, unchecked.
    pub until: Option<(String, Span)>,
    /// What stands after `--`, trimmed, white space joined; may be empty.
    pub reason: Option<(String, Span)>,
    /// The whole comment.
    pub span: Span,
    /// Nothing else stands on the comment's lines: it is for the statement or item that follows. Otherwise it is for
    /// its own line.
    pub own_line: bool,
    /// What is wrong with its form, and what to write; lower-case start, no final full stop. What was understood
    /// is given nevertheless.
    pub malformed: Option<String>,
}

/// The forms of a [`Directive`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DirectiveKind {
    /// `ignore`: one line, statement or item.
    Ignore,
    /// `ignore-file`: the whole file.
    IgnoreFile,
    /// `ignore-start`: from here to the next `ignore-end`.
    IgnoreStart,
    /// `ignore-end`.
    IgnoreEnd,
}

/// The words of the forms.
const KINDS: [(&str, DirectiveKind); 4] = [
    ("ignore", DirectiveKind::Ignore),
    ("ignore-file", DirectiveKind::IgnoreFile),
    ("ignore-start", DirectiveKind::IgnoreStart),
    ("ignore-end", DirectiveKind::IgnoreEnd),
];

/// The directives of a text, in order. Those in strings, and in comments that begin with something else, are none.
#[must_use]
pub fn directives(text: &str) -> Vec<Directive> {
    if memchr::memmem::find(text.as_bytes(), MARK.as_bytes()).is_none() {
        return Vec::new();
    }
    Lexer::new(text).filter_map(|token| directive(text, token)).collect()
}

fn directive(text: &str, token: Token) -> Option<Directive> {
    let TokenKind::Comment { doc, block } = token.kind else { return None };
    let mut content = text.get(token.start..token.end)?;
    if block {
        content = content.strip_suffix("*/").unwrap_or(content);
    }
    let end = token.start + content.len();
    let begin = token.start + if doc { 3 } else { 2 };
    let mut cursor = Cursor { text: text.get(..end)?, at: begin.min(end) };

    cursor.space();
    let form = Form::parse(&mut cursor)?;
    let doc_comment = "a doc comment carries no directive; begin the comment with `//`".to_owned();
    let malformed = if doc { Some(doc_comment) } else { form.malformed };
    Some(Directive {
        kind: form.kind,
        rules: form.rules,
        until: form.until,
        reason: form.reason,
        span: Span::new(token.start, token.end),
        own_line: stands_alone(text, token),
        malformed,
    })
}

/// Whether nothing but white space stands beside the token on its lines.
fn stands_alone(text: &str, token: Token) -> bool {
    let before = text.get(..token.start).unwrap_or("");
    let after = text.get(token.end..).unwrap_or("");
    let before = before.rsplit('\n').next().unwrap_or("");
    let after = after.split('\n').next().unwrap_or("");
    before.trim_start_matches('\u{feff}').trim().is_empty() && after.trim().is_empty()
}

/// What stands in a comment that begins with the mark.
struct Form {
    kind: DirectiveKind,
    rules: Vec<(String, Span)>,
    until: Option<(String, Span)>,
    reason: Option<(String, Span)>,
    malformed: Option<String>,
}

impl Form {
    /// `None` for a comment that is no directive and does not look meant as one.
    fn parse(cursor: &mut Cursor<'_>) -> Option<Self> {
        cursor.take(MARK).then_some(())?;
        let mut form =
            Self { kind: DirectiveKind::Ignore, rules: Vec::new(), until: None, reason: None, malformed: None };
        let space = cursor.space();
        let colon = cursor.take(":");
        if !colon && !space {
            return None; // `cache-linter`, `cache-lint.toml`
        }
        cursor.space();
        let word = cursor.word();
        match KINDS.iter().find(|(name, _)| *name == word) {
            Some(&(_, kind)) => form.kind = kind,
            None if colon => {
                form.malformed = Some(unknown_form(word));
                return Some(form);
            }
            // Prose: "cache-lint reports this because …".
            None => return None,
        }
        if !colon {
            // "cache-lint ignore lists are …" is prose as well.
            if !matches!(cursor.rest().trim_start().bytes().next(), None | Some(b'[' | b'-')) {
                return None;
            }
            form.blame("a colon is missing: write `cache-lint: …`");
        }
        cursor.space();
        if cursor.take("[") {
            form.bracket(cursor);
        }
        form.options(cursor);
        Some(form)
    }

    /// Keeps the first fault.
    fn blame(&mut self, fault: impl Into<String>) {
        self.malformed.get_or_insert_with(|| fault.into());
    }

    /// The rules up to `]`.
    fn bracket(&mut self, cursor: &mut Cursor<'_>) {
        let rest = cursor.rest();
        // Without a closing bracket the list ends where the reason begins, or with the line.
        let open_end = [rest.find(" --"), rest.find('\n')].into_iter().flatten().min().unwrap_or(rest.len());
        let end = match rest.find(']') {
            Some(end) if end <= open_end => end,
            _ => {
                self.blame("the list of rules is not closed: write `]` after it");
                open_end
            }
        };
        let list = &rest[..end];
        let mut at = cursor.at;
        let parts: Vec<&str> = list.split(',').collect();
        for part in &parts {
            let name = part.trim();
            let start = at + (part.len() - part.trim_start().len());
            if !name.is_empty() {
                self.rules.push((name.to_owned(), Span::new(start, start + name.len())));
            } else if parts.len() > 1 {
                self.blame("a rule's name is missing between commas");
            }
            at += part.len() + 1;
        }
        cursor.at += end;
        cursor.take("]");
    }

    /// `until=…` and `-- reason`, up to the end.
    fn options(&mut self, cursor: &mut Cursor<'_>) {
        loop {
            cursor.space();
            if cursor.take("--") {
                return self.reason(cursor);
            }
            let start = cursor.at;
            let part = cursor.part();
            if part.is_empty() {
                return;
            }
            if let Some(date) = part.strip_prefix("until=") {
                let span = Span::new(start + "until=".len(), cursor.at);
                if self.until.is_some() {
                    self.blame("`until` is given twice");
                } else if date.is_empty() {
                    self.blame("the date is missing: write `until=YYYY-MM-DD`, without space");
                }
                self.until = Some((date.to_owned(), span));
            } else if part.starts_with('[') {
                self.blame("the rules stand before `until`: write `ignore[rule] until=YYYY-MM-DD -- reason`");
            } else {
                self.blame(format!("`{part}` is not understood here: write ` -- ` before the reason"));
            }
        }
    }

    fn reason(&mut self, cursor: &mut Cursor<'_>) {
        cursor.space();
        let written = cursor.rest().trim_end();
        let words: Vec<&str> = written.split_whitespace().collect();
        self.reason = Some((words.join(" "), Span::new(cursor.at, cursor.at + written.len())));
    }
}

fn unknown_form(word: &str) -> String {
    let near = KINDS
        .iter()
        .map(|&(name, _)| (strsim::damerau_levenshtein(name, word), name))
        .min()
        .filter(|(distance, name)| *distance * 3 <= name.len());
    match near {
        Some((_, name)) => format!("`{word}` is no directive; did you mean `{name}`?"),
        None => {
            format!("`{word}` is no directive: write `ignore`, `ignore-file`, `ignore-start` or `ignore-end`")
        }
    }
}

/// A place in the text of a comment, which ends with `text`.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    /// Skips white space; whether there was any.
    fn space(&mut self) -> bool {
        let rest = self.rest();
        let skipped = rest.len() - rest.trim_start().len();
        self.at += skipped;
        skipped > 0
    }

    fn take(&mut self, wanted: &str) -> bool {
        let found = self.rest().starts_with(wanted);
        if found {
            self.at += wanted.len();
        }
        found
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let word = &rest[..rest.find(|c| !wanted(c)).unwrap_or(rest.len())];
        self.at += word.len();
        word
    }

    /// Letters and hyphens, but not a `--`.
    fn word(&mut self) -> &'a str {
        let start = self.at;
        let word = self.take_while(|c| c.is_alphanumeric() || c == '-' || c == '_');
        let word = word.split("--").next().unwrap_or("");
        self.at = start + word.len();
        word
    }

    /// Everything up to white space.
    fn part(&mut self) -> &'a str {
        self.take_while(|c| !c.is_whitespace())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn only(text: &str) -> Directive {
        let mut found = directives(text);
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    fn rules(directive: &Directive) -> Vec<&str> {
        directive.rules.iter().map(|(name, _)| name.as_str()).collect()
    }

    fn fault(text: &str) -> String {
        only(text).malformed.unwrap()
    }

    #[test]
    fn the_full_form_gives_all_parts_with_their_places() {
        let text = "let a = 1;\n  // cache-lint: ignore[missing-ttl, key-format] until=2027-03-01 -- filled by the  importer\nset();";
        let found = only(text);
        assert_eq!(found.kind, DirectiveKind::Ignore);
        assert_eq!(rules(&found), ["missing-ttl", "key-format"]);
        assert_eq!(found.rules[1].1.of(text), "key-format");
        let (until, span) = found.until.clone().unwrap();
        assert_eq!((until.as_str(), span.of(text)), ("2027-03-01", "2027-03-01"));
        let (reason, span) = found.reason.clone().unwrap();
        assert_eq!(reason, "filled by the importer");
        assert_eq!(span.of(text), "filled by the  importer");
        assert!(found.span.of(text).starts_with("// cache-lint") && found.span.of(text).ends_with("importer"));
        assert!(found.own_line);
        assert_eq!(found.malformed, None);
    }

    #[test]
    fn every_form_is_found_in_both_kinds_of_comments() {
        for (word, kind) in KINDS {
            for text in [
                format!("// cache-lint: {word}[a] -- b"),
                format!("/* cache-lint: {word}[a] -- b */"),
                format!("//cache-lint:{word}[a]-- b"),
                format!("/*\n  cache-lint: {word} [a]\n  -- b\n*/"),
            ] {
                let found = only(&text);
                assert_eq!((found.kind, found.malformed.as_deref()), (kind, None), "{text}");
                assert_eq!(rules(&found), ["a"]);
                assert_eq!(found.reason.unwrap().0, "b");
            }
        }
    }

    #[test]
    fn blanket_and_unexplained_directives_are_well_formed() {
        let found = only("// cache-lint: ignore");
        assert_eq!((found.rules, found.reason, found.malformed), (vec![], None, None));
        assert_eq!(only("// cache-lint: ignore[] --").reason.unwrap().0, "");
        assert_eq!(only("// cache-lint: ignore-file -- generated by hand").reason.unwrap().0, "generated by hand");
    }

    #[test]
    fn a_directive_beside_code_is_for_its_line() {
        assert!(!only("set(); // cache-lint: ignore[a] -- b\n").own_line);
        assert!(!only("/* cache-lint: ignore[a] -- b */ set();").own_line);
        assert!(only("\u{feff}// cache-lint: ignore-file[a] -- b\r\nset();\r\n").own_line);
        assert!(only("{\n\t/* cache-lint: ignore[a]\n -- b */\t\n}").own_line);
    }

    #[test]
    fn line_ends_of_windows_are_no_part_of_the_reason() {
        let text = "// cache-lint: ignore[a] -- b c\r\nset();\r\n";
        let (reason, span) = only(text).reason.unwrap();
        assert_eq!((reason.as_str(), span.of(text)), ("b c", "b c"));
    }

    #[test]
    fn strings_and_other_comments_are_none() {
        for text in [
            r#"let a = "// cache-lint: ignore[a] -- b";"#,
            "let a = r#\"\n// cache-lint: ignore[a] -- \"b\n\"#;",
            "let a = br\"// cache-lint: ignore\";",
            "let a = c\"// cache-lint: ignore\";",
            "/* outer /* cache-lint: ignore[a] -- b */ */",
            "// see cache-lint: ignore[a] -- b",
            "// cache-lint reports this because it is old",
            "// cache-lint ignore lists are read first",
            "// cache-lint.toml: ignore",
            "// cache-linter: ignore",
            "/// // cache-lint: ignore[a] -- b",
        ] {
            assert_eq!(directives(text), [], "{text}");
        }
    }

    #[test]
    fn a_quote_as_a_character_does_not_hide_a_directive() {
        assert_eq!(directives("f('\"', b'\\'', 'a'); // cache-lint: ignore[a] -- b \"").len(), 1);
        assert_eq!(directives("fn f<'a>(a: &'a str) {} // cache-lint: ignore[a] -- it's").len(), 1);
    }

    #[test]
    fn faults_of_form_say_what_to_write() {
        insta::assert_snapshot!(
            [
                "// cache-lint: ingore[a] -- b",
                "// cache-lint: see above",
                "// cache-lint:",
                "// cache-lint ignore[a] -- b",
                "// cache-lint: ignore[a -- b",
                "// cache-lint: ignore[a,,b] -- c",
                "// cache-lint: ignore[a] because of b",
                "// cache-lint: ignore until=2027-01-01 [a]",
                "// cache-lint: ignore[a] until= -- b",
                "// cache-lint: ignore[a] until=x until=y -- b",
                "/// cache-lint: ignore[a] -- b",
                "/*! cache-lint: ignore[a] -- b */",
            ]
            .map(|text| format!("{text}\n    {}", fault(text)))
            .join("\n"),
            @r"
        // cache-lint: ingore[a] -- b
            `ingore` is no directive; did you mean `ignore`?
        // cache-lint: see above
            `see` is no directive: write `ignore`, `ignore-file`, `ignore-start` or `ignore-end`
        // cache-lint:
            `` is no directive: write `ignore`, `ignore-file`, `ignore-start` or `ignore-end`
        // cache-lint ignore[a] -- b
            a colon is missing: write `cache-lint: …`
        // cache-lint: ignore[a -- b
            the list of rules is not closed: write `]` after it
        // cache-lint: ignore[a,,b] -- c
            a rule's name is missing between commas
        // cache-lint: ignore[a] because of b
            `because` is not understood here: write ` -- ` before the reason
        // cache-lint: ignore until=2027-01-01 [a]
            the rules stand before `until`: write `ignore[rule] until=YYYY-MM-DD -- reason`
        // cache-lint: ignore[a] until= -- b
            the date is missing: write `until=YYYY-MM-DD`, without space
        // cache-lint: ignore[a] until=x until=y -- b
            `until` is given twice
        /// cache-lint: ignore[a] -- b
            a doc comment carries no directive; begin the comment with `//`
        /*! cache-lint: ignore[a] -- b */
            a doc comment carries no directive; begin the comment with `//`
        "
        );
    }

    #[test]
    fn a_malformed_directive_keeps_what_was_understood() {
        let found = only("// cache-lint: ignore[a, b -- c d");
        assert_eq!(rules(&found), ["a", "b"]);
        assert_eq!(found.reason.unwrap().0, "c d");
    }

    proptest! {
        #[test]
        fn no_text_panics_and_all_places_lie_in_the_comment(
            parts in proptest::collection::vec(prop::sample::select(vec![
                "//", "/*", "*/", " ", "\n", "cache-lint", ":", "ignore", "-file", "[", "]", ",", "a", "é", "until=", "--", "\"", "!", "/",
            ]), 0..30)
        ) {
            let text = parts.concat();
            for found in directives(&text) {
                let places = found.rules.iter().chain(&found.until).chain(&found.reason);
                for (_, span) in places {
                    prop_assert!(found.span.contains(*span));
                    prop_assert!(text.get(span.start as usize..span.end as usize).is_some());
                }
            }
        }
    }
}
