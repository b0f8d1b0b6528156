//! Which tables an SQL text reads and writes.
//!
//! The text is cut into tokens by `sqlparser`, whose lexer knows quotes and comments, and read by its key words. A full
//! parse would fail on pieces with holes, on placeholders and on dialects, and none of what it adds is asked for.

use sqlparser::dialect::GenericDialect;
use sqlparser::tokenizer::{Token as Lexed, Tokenizer};

use super::{Access, Verb, Write};
use crate::facts::Name;

/// A token as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A word, and whether it stood in quotes.
    Word(String, bool),
    Punct(char),
}

impl Token {
    pub(super) fn is(&self, word: &str) -> bool {
        matches!(self, Self::Word(text, false) if text.eq_ignore_ascii_case(word))
    }

    pub(super) fn is_one_of(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }
}

/// The tables and columns of a statement. A text that is no statement gives [`Verb::Other`] without tables.
#[must_use]
pub fn read(text: &str) -> Access {
    let tokens = tokens(text);
    let mut access = Access { verb: verb(&tokens), ..Access::default() };
    if access.verb == Verb::Other {
        return access;
    }
    tables(&tokens, &mut access);
    columns(&tokens, &mut access);
    access.shown = super::select::shown(&tokens);
    access
}

fn tokens(text: &str) -> Vec<Token> {
    match Tokenizer::new(&GenericDialect {}, text).tokenize() {
        Ok(lexed) => lexed.into_iter().filter_map(token).collect(),
        Err(_) => words(text),
    }
}

fn token(lexed: Lexed) -> Option<Token> {
    Some(match lexed {
        Lexed::Word(word) => Token::Word(word.value, word.quote_style.is_some()),
        Lexed::Comma => Token::Punct(','),
        Lexed::LParen => Token::Punct('('),
        Lexed::RParen => Token::Punct(')'),
        Lexed::Period => Token::Punct('.'),
        Lexed::Mul => Token::Punct('*'),
        Lexed::Eq => Token::Punct('='),
        Lexed::SemiColon => Token::Punct(';'),
        Lexed::Whitespace(_) => return None,
        _ => Token::Punct('?'),
    })
}

/// A text that is cut off in the middle of something: its words.
fn words(text: &str) -> Vec<Token> {
    let mut out = Vec::new();
    let mut word = String::new();
    for c in text.chars().chain([' ']) {
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            out.push(Token::Word(std::mem::take(&mut word), false));
        }
        if matches!(c, ',' | '(' | ')' | '.' | '*' | '=' | ';') {
            out.push(Token::Punct(c));
        }
    }
    out
}

const VERBS: [&str; 7] = ["select", "insert", "update", "delete", "replace", "merge", "truncate"];

fn verb(tokens: &[Token]) -> Verb {
    let Some(first) = tokens.iter().find(|token| **token != Token::Punct('(')) else { return Verb::Other };
    let word = if first.is("with") {
        let mut depth = 0_i32;
        tokens.iter().find(|token| {
            match token {
                Token::Punct('(') => depth += 1,
                Token::Punct(')') => depth -= 1,
                _ => {}
            }
            depth == 0 && token.is_one_of(&VERBS)
        })
    } else {
        Some(first)
    };
    let Some(Token::Word(word, false)) = word else { return Verb::Other };
    match word.to_ascii_lowercase().as_str() {
        "select" => Verb::Select,
        "insert" if upserts(tokens) => Verb::Upsert,
        "insert" => Verb::Insert,
        "replace" | "merge" => Verb::Upsert,
        "update" => Verb::Update,
        "delete" | "truncate" => Verb::Delete,
        _ => Verb::Other,
    }
}

fn upserts(tokens: &[Token]) -> bool {
    tokens.windows(2).any(|pair| {
        (pair[0].is("do") && pair[1].is("update"))
            || (pair[0].is("key") && pair[1].is("update"))
            || (pair[0].is("or") && pair[1].is("replace"))
    })
}

/// A possibly qualified name at `at`, and where it ends; none for a function or a sub-select.
pub(super) fn name_at(tokens: &[Token], mut at: usize) -> Option<(Name, usize)> {
    let mut name = None;
    while let Some(Token::Word(word, quoted)) = tokens.get(at) {
        if !quoted
            && ["select", "lateral", "unnest", "values", "where", "set"].iter().any(|k| word.eq_ignore_ascii_case(k))
        {
            break;
        }
        name = Some(Name::new(word));
        at += 1;
        if tokens.get(at) != Some(&Token::Punct('.')) {
            break;
        }
        at += 1;
    }
    name.map(|name| (name, at))
}

fn tables(tokens: &[Token], access: &mut Access) {
    // Names that the statement itself gives to sub-selects.
    let own: Vec<&str> = tokens
        .windows(3)
        .filter_map(|three| match three {
            [Token::Word(name, _), second, Token::Punct('(')] if second.is("as") => Some(name.as_str()),
            _ => None,
        })
        .collect();
    let is_own = |name: &str| tokens[0].is("with") && own.contains(&name);
    // For every parenthesis that is open: whether a statement stands in it.
    let mut inside = vec![true];
    let push = |list: &mut Vec<Name>, name: Name| {
        if !is_own(&name) && !list.contains(&name) {
            list.push(name);
        }
    };
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| tokens.get(at));
        match token {
            Token::Punct('(') => inside.push(false),
            Token::Punct(')') if inside.len() > 1 => drop(inside.pop()),
            _ => {}
        }
        if token.is_one_of(&VERBS)
            && let Some(last) = inside.last_mut()
        {
            *last = true;
        }
        let skip = usize::from(tokens.get(at + 1).is_some_and(|next| next.is_one_of(&["only", "table"])));
        if let Some(verb) = verb_of_write(tokens, at) {
            if let Some((table, end)) = name_at(tokens, at + 1 + skip)
                && !is_own(&table)
            {
                let mut write = Write::of(verb, table);
                if verb == Verb::Update {
                    write.columns = columns_set(rest_of_statement(tokens, end));
                    // Built piece by piece, or a list of columns in parentheses.
                    write.all_columns = write.columns.is_empty();
                }
                if !access.writes.contains(&write) {
                    access.writes.push(write);
                }
            }
        } else if token.is_one_of(&["from", "join"])
            && !before.is_some_and(|before| before.is("distinct"))
            && inside.last() == Some(&true)
        {
            let mut next = at + 1 + skip;
            while let Some((name, mut end)) = name_at(tokens, next) {
                if tokens.get(end) == Some(&Token::Punct('(')) {
                    break;
                }
                push(&mut access.reads, name);
                // `FROM a AS x, b y`
                if tokens.get(end).is_some_and(|token| token.is("as")) {
                    end += 1;
                }
                let is_alias =
                    matches!(tokens.get(end), Some(Token::Word(..))) && tokens.get(end + 1) == Some(&Token::Punct(','));
                end += usize::from(is_alias);
                if tokens.get(end) != Some(&Token::Punct(',')) || token.is("join") {
                    break;
                }
                next = end + 1;
            }
        }
    }
}

/// What is done with the table whose name follows the word at `at`.
fn verb_of_write(tokens: &[Token], at: usize) -> Option<Verb> {
    let token = tokens.get(at)?;
    let before = at.checked_sub(1).and_then(|at| tokens.get(at));
    let is_after = |words: &[&str]| before.is_some_and(|before| before.is_one_of(words));
    if token.is("update") && !is_after(&["do", "key", "for", "on"]) {
        Some(Verb::Update)
    } else if token.is("from") && is_after(&["delete"])
        || token.is("truncate") && before.is_none_or(|before| *before == Token::Punct(';'))
    {
        Some(Verb::Delete)
    } else if token.is("into") {
        // `INSERT OR IGNORE INTO`; a variable that rows are selected into is no table.
        let words = tokens[..at].iter().rev().take_while(|token| matches!(token, Token::Word(..)));
        match words.take(4).find(|token| token.is_one_of(&VERBS))? {
            word if word.is("insert") && upserts(rest_of_statement(tokens, at)) => Some(Verb::Upsert),
            word if word.is("insert") => Some(Verb::Insert),
            word if word.is_one_of(&["replace", "merge"]) => Some(Verb::Upsert),
            _ => None,
        }
    } else {
        None
    }
}

/// The tokens from `at` to the end of the statement that they stand in: the next `;`, or the end of its parenthesis.
fn rest_of_statement(tokens: &[Token], at: usize) -> &[Token] {
    let rest = tokens.get(at..).unwrap_or_default();
    let mut depth = 0_i32;
    let end = rest.iter().position(|token| {
        match token {
            Token::Punct('(') => depth += 1,
            Token::Punct(')') => depth -= 1,
            _ => {}
        }
        depth < 0 || (depth == 0 && *token == Token::Punct(';'))
    });
    &rest[..end.unwrap_or(rest.len())]
}

/// The columns that the rest of an update sets.
fn columns_set(rest: &[Token]) -> Vec<Name> {
    let set = rest.iter().position(|token| token.is("set")).unwrap_or(rest.len());
    let mut columns = Vec::new();
    let mut depth = 0_i32;
    for (at, token) in rest.iter().enumerate().skip(set + 1) {
        match token {
            Token::Punct('(') => depth += 1,
            Token::Punct(')') => depth -= 1,
            _ if depth == 0 && token.is_one_of(&["where", "from", "returning"]) => break,
            Token::Word(word, _) if depth == 0 && rest.get(at + 1) == Some(&Token::Punct('=')) => {
                columns.push(word.to_lowercase().into());
            }
            _ => {}
        }
    }
    columns
}

/// What a select names.
fn columns(tokens: &[Token], access: &mut Access) {
    if access.verb != Verb::Select {
        access.all_columns = true;
        return;
    }
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| tokens.get(at));
        match token {
            Token::Punct('*') => {
                access.all_columns |= before.is_some_and(|before| {
                    matches!(before, Token::Punct('.' | ',')) || before.is_one_of(&["select", "distinct"])
                });
            }
            Token::Word(word, _) => {
                let called = tokens.get(at + 1) == Some(&Token::Punct('('));
                let counts = ["count", "sum", "avg", "min", "max"].iter().any(|name| token.is(name));
                access.aggregate |= (called && counts) || token.is("group");
                access.columns.push(word.to_lowercase().into());
            }
            Token::Punct(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(text: &str) -> String {
        let access = read(text);
        let writes: Vec<String> =
            access.writes.iter().map(|write| format!("{} {}", write.verb.done(), write.table)).collect();
        format!("{:?} {} > {}", access.verb, access.reads.join(","), writes.join(", "))
    }

    #[test]
    fn tables_are_read_out_of_every_form() {
        let table = [
            ("SELECT * FROM users WHERE id = $1", "Select users > "),
            ("select u.name from public.\"users\" u join orders o on o.user_id = u.id", "Select users,orders > "),
            ("SELECT a.x FROM a AS q, b WHERE q.id = b.id", "Select a,b > "),
            ("SELECT EXTRACT(EPOCH FROM created_at) FROM events", "Select events > "),
            ("SELECT 1 FROM t WHERE a IS DISTINCT FROM b", "Select t > "),
            ("SELECT * FROM unnest($1::int[])", "Select  > "),
            ("SELECT id FROM jobs FOR UPDATE SKIP LOCKED", "Select jobs > "),
            ("INSERT INTO users (id) VALUES (?)", "Insert  > inserted into users"),
            ("INSERT INTO t (id) VALUES (?1) ON CONFLICT (id) DO UPDATE SET a = excluded.a", "Upsert  > updated t"),
            ("INSERT OR REPLACE INTO t VALUES (:id)", "Upsert  > updated t"),
            ("INSERT INTO archive SELECT * FROM users", "Insert users > inserted into archive"),
            ("UPDATE users SET name = $1 FROM teams WHERE users.team = teams.id", "Update teams > updated users"),
            ("UPDATE ONLY users SET a = 1", "Update  > updated users"),
            ("DELETE FROM users WHERE id IN (SELECT id FROM banned)", "Delete banned > deleted from users"),
            ("WITH gone AS (DELETE FROM a RETURNING id) SELECT * FROM gone", "Select  > deleted from a"),
            (
                "WITH gone AS (DELETE FROM a RETURNING id) INSERT INTO b (id) SELECT id FROM gone ON CONFLICT DO NOTHING",
                "Insert  > deleted from a, inserted into b",
            ),
            (
                "WITH x AS (INSERT INTO a (id) VALUES (1) RETURNING id) INSERT INTO b SELECT id FROM x \
                 ON CONFLICT (id) DO UPDATE SET n = 1",
                "Upsert  > inserted into a, updated b",
            ),
            ("UPDATE a SET x = 1; DELETE FROM b; TRUNCATE c", "Update  > updated a, deleted from b, deleted from c"),
            ("INSERT OR IGNORE INTO a VALUES (1)", "Insert  > inserted into a"),
            ("SELECT id INTO found FROM a", "Select a > "),
            ("-- a note\nTRUNCATE TABLE users", "Delete  > deleted from users"),
            ("CREATE TABLE users (id int)", "Other  > "),
            ("hello from users", "Other  > "),
            ("SELECT * FROM users WHERE name = 'unfinished", "Select users > "),
        ];
        for (text, expected) in table {
            assert_eq!(show(text), expected, "{text}");
        }
    }

    #[test]
    fn columns_tell_what_changes_and_what_is_read() {
        assert_eq!(read("UPDATE t SET a = $1, b = coalesce(c, d) WHERE e = 1").writes[0].columns, ["a", "b"]);
        let two = read("UPDATE t SET a = 1; UPDATE u SET b = 1 WHERE c = (SELECT d FROM e)");
        assert_eq!((&two.writes[0].columns[..], &two.writes[1].columns[..]), (&["a".into()][..], &["b".into()][..]));
        assert!(read("SELECT * FROM t").all_columns);
        assert!(!read("SELECT count(*) FROM t").all_columns);
        assert!(read("SELECT count(*) FROM t").aggregate);
        assert!(!read("SELECT account FROM t").aggregate);
    }
}
