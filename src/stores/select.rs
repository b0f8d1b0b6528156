//! What a select shows of each table: the columns of its list, held against the names that it gives to its tables.

use super::Shown;
use super::sql::{Token, name_at};
use crate::facts::Name;

/// The clause of a select in which a token stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clause {
    None,
    List,
    From,
    /// `ON`, `WHERE` and what follows.
    Condition,
}

/// A parenthesis that is open, or the whole text.
#[derive(Debug, Clone, Copy)]
struct Frame {
    /// Which select its tokens belong to.
    select: Option<usize>,
    clause: Clause,
    /// Whether that select begins in it.
    own: bool,
    /// A select in it is no part of what is shown: it stands in a condition or in a `WITH`.
    aside: bool,
}

#[derive(Debug, Default)]
struct Select {
    aside: bool,
    /// Each table, and what it is called in this select.
    tables: Vec<(Name, Name)>,
    star: bool,
    /// Columns by clause; the qualifier is empty where there is none, the column is `*` for all.
    listed: Vec<(String, Name)>,
    asked: Vec<(String, Name)>,
}

/// The tables of which a text's selects show columns. A table that only stands in conditions is none.
pub(super) fn shown(tokens: &[Token]) -> Vec<Shown> {
    selects(tokens).iter().filter(|select| !select.aside).flat_map(Select::shown).collect()
}

fn selects(tokens: &[Token]) -> Vec<Select> {
    let mut selects: Vec<Select> = Vec::new();
    let mut frames = vec![Frame { select: None, clause: Clause::None, own: false, aside: false }];
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| tokens.get(at));
        let is_after = |words: &[&str]| before.is_some_and(|before| before.is_one_of(words));
        let Some(&(mut frame)) = frames.last() else { break };
        match token {
            Token::Punct('(') => {
                let aside = frame.aside || frame.clause == Clause::Condition || is_after(&["as", "materialized"]);
                frames.push(Frame { own: false, aside, ..frame });
                continue;
            }
            Token::Punct(')') if frames.len() > 1 => {
                frames.pop();
                continue;
            }
            _ => {}
        }
        if token.is("select") {
            frame = Frame { select: Some(selects.len()), clause: Clause::List, own: true, ..frame };
            selects.push(Select { aside: frame.aside, ..Select::default() });
        } else if frame.own {
            frame.clause = match token {
                _ if token.is("from") && !is_after(&["distinct"]) => Clause::From,
                _ if token.is("join") => Clause::From,
                _ if token.is_one_of(&["on", "using", "where", "group", "having", "order", "limit"]) => {
                    Clause::Condition
                }
                _ if token.is_one_of(&["union", "except", "intersect"]) => Clause::None,
                _ => frame.clause,
            };
        }
        let begins =
            frames.last().is_some_and(|last| last.clause != frame.clause) || token.is_one_of(&["select", "join"]);
        if let Some(last) = frames.last_mut() {
            *last = frame;
        }
        if begins {
            continue;
        }
        let Some(select) = frame.select.and_then(|select| selects.get_mut(select)) else { continue };
        match frame.clause {
            Clause::From if frame.own => {
                let begins = before == Some(&Token::Punct(',')) || is_after(&["from", "join", "only", "lateral"]);
                select.tables.extend(begins.then(|| table_at(tokens, at)).flatten());
            }
            Clause::List | Clause::Condition => {
                let listed = frame.clause == Clause::List;
                select.star |= listed
                    && *token == Token::Punct('*')
                    && (before == Some(&Token::Punct(',')) || is_after(&["select", "distinct", "all"]));
                if let Some(column) = column_at(tokens, at) {
                    if listed { &mut select.listed } else { &mut select.asked }.push(column);
                }
            }
            Clause::From | Clause::None => {}
        }
    }
    selects
}

/// The table that is named at `at`, and what it is called from here on.
fn table_at(tokens: &[Token], at: usize) -> Option<(Name, Name)> {
    let (table, mut end) = name_at(tokens, at)?;
    if tokens.get(end) == Some(&Token::Punct('(')) {
        return None;
    }
    end += usize::from(tokens.get(end).is_some_and(|token| token.is("as")));
    let called = match tokens.get(end) {
        Some(Token::Word(word, _)) if !tokens[end].is_one_of(&AFTER_TABLE) => Name::new(word),
        _ => table.clone(),
    };
    Some((table, called))
}

/// Words that follow a table and are no name for it.
const AFTER_TABLE: [&str; 17] = [
    "on", "using", "join", "inner", "left", "right", "full", "cross", "natural", "where", "group", "order", "having",
    "limit", "union", "for", "offset",
];

/// The column that is named at `at`, with its qualifier; none for a function, a name that the select gives, and the
/// qualifier itself.
fn column_at(tokens: &[Token], at: usize) -> Option<(String, Name)> {
    let before = |back: usize| at.checked_sub(back).and_then(|at| tokens.get(at));
    let qualifier = match (before(2), before(1)) {
        (Some(Token::Word(qualifier, _)), Some(Token::Punct('.'))) => qualifier.to_lowercase(),
        (_, Some(before)) if before.is("as") => return None,
        _ => String::new(),
    };
    match &tokens[at] {
        Token::Punct('*') if !qualifier.is_empty() => Some((qualifier, "*".into())),
        Token::Word(word, _) if !matches!(tokens.get(at + 1), Some(Token::Punct('(' | '.'))) => {
            Some((qualifier, word.to_lowercase().into()))
        }
        _ => None,
    }
}

impl Select {
    fn shown(&self) -> Vec<Shown> {
        self.tables.iter().filter_map(|(table, called)| self.shown_of(table, called)).collect()
    }

    fn shown_of(&self, table: &Name, called: &Name) -> Option<Shown> {
        let called = called.to_lowercase();
        let of_it = |(qualifier, _): &&(String, Name)| *qualifier == called;
        let plain = |(qualifier, _): &&(String, Name)| qualifier.is_empty();
        let columns = |part: &[(String, Name)], own: bool| -> Vec<Name> {
            let counts = |one: &&(String, Name)| plain(one) || (own && of_it(one));
            part.iter().filter(counts).map(|(_, column)| column.clone()).collect()
        };
        let all = self.star || self.listed.iter().filter(of_it).any(|(_, column)| column.as_str() == "*");
        let only = self.tables.len() == 1;
        let told = all || only || self.listed.iter().any(|one| of_it(&one));
        let mut shown = Shown { table: table.clone(), columns: columns(&self.listed, true), all, told };
        if told {
            shown.columns.extend(columns(&self.asked, true));
        }
        // `SELECT 1` shows nothing.
        (all || !columns(&self.listed, true).is_empty()).then_some(shown)
    }
}

#[cfg(test)]
mod tests {
    use crate::stores::read_sql;

    fn show(text: &str) -> String {
        let shown = read_sql(text).shown;
        let one = |one: &super::Shown| {
            let mark = if one.all { "*" } else { "" };
            format!("{}{}{mark}({})", if one.told { "" } else { "?" }, one.table, one.columns.join(" "))
        };
        shown.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn columns_belong_to_the_table_that_they_name() {
        let table = [
            ("SELECT id, name FROM users WHERE active", "users(id name active)"),
            (
                "SELECT l.id, p.name AS title FROM lines l JOIN products AS p ON p.id = l.product WHERE l.cart = $1",
                "lines(id as product where cart), products(name as id where)",
            ),
            ("SELECT p.* FROM lines l, products p WHERE l.id = $1", "products*(*)"),
            ("SELECT l.id FROM lines l JOIN members m ON m.id = l.member", "lines(id member)"),
            ("SELECT id, name FROM lines JOIN products USING (product)", "?lines(id name), ?products(id name)"),
            ("SELECT * FROM a NATURAL JOIN public.b", "a*(), b*()"),
            ("SELECT t.id FROM t WHERE EXISTS (SELECT m.id FROM m WHERE m.t = t.id)", "t(id)"),
            ("SELECT t.id FROM t WHERE t.id IN (SELECT t FROM m)", "t(id id)"),
            ("SELECT t.id, EXISTS (SELECT 1 FROM likes WHERE t = t.id) AS liked FROM t", "t(id as)"),
            ("SELECT t.id, (SELECT p.name FROM p WHERE p.id = t.p) FROM t", "t(id), p(name id)"),
            ("SELECT x.id FROM (SELECT a.id FROM a JOIN b ON b.id = a.b) x", "a(id b)"),
            ("WITH mine AS (SELECT m.t FROM m) SELECT t.id FROM t JOIN mine ON mine.t = t.id", "t(id id)"),
            ("SELECT id FROM a UNION ALL SELECT id FROM b", "a(id), b(id)"),
        ];
        for (text, expected) in table {
            assert_eq!(show(text), expected, "{text}");
        }
    }
}
