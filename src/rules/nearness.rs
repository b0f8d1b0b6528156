//! Whether two keys look as if one was meant to be the other.

use super::copies::overlap;
use super::usage::is_open_ended;
use crate::template::{Piece, Template};

/// Shortest word in which one letter may be a slip; shorter ones are rather other words.
const SHORTEST_SLIP: usize = 5;

/// In what two keys differ that look alike; what tells most comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Difference {
    /// `user-profile:{id}` and `user:profile:{id}`.
    Separators,
    /// `User:{id}` and `user:{id}`.
    Case,
    /// `user:v1:{id}`, `user:v2:{id}` and `user:{id}`.
    Version,
    /// `{tenant}:user:{id}` and `user:{id}`.
    Part,
    /// `app:user:{id}` and `user:{id}`.
    Prefix,
    /// `profile:user:{id}` and `user:profile:{id}`.
    Order,
    /// `user:{id}:{tenant}` and `user:{tenant}:{id}`.
    Swapped,
    /// `users:{id}` and `user:{id}`.
    Spelling,
}

impl Difference {
    /// For a label: what is different.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Separators => "the separators differ",
            Self::Case => "upper and lower case differ",
            Self::Version => "the version differs",
            Self::Part => "a part that varies is missing in one of the two",
            Self::Prefix => "the prefix differs",
            Self::Order => "the segments stand in another order",
            Self::Swapped => "the parts that vary stand in another order",
            Self::Spelling => "one word is spelled differently",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Token {
    Word(String),
    Hole,
}

/// How two keys of different shape differ, if they look alike.
pub(super) fn difference(one: &Template, other: &Template) -> Option<Difference> {
    let (a, b) = (tokens(one), tokens(other));
    // One word is too little to tell by.
    if !a.iter().chain(&b).any(is_word) || one.shape() == other.shape() {
        return None;
    }
    if a == b {
        return Some(Difference::Separators);
    }
    if lower(&a) == lower(&b) {
        return Some(Difference::Case);
    }
    if unversioned(&a) == unversioned(&b) {
        return Some(Difference::Version);
    }
    let (short, long) = if a.len() < b.len() { (&a, &b) } else { (&b, &a) };
    let telling = short.iter().any(is_word) && short.len() >= 2;
    if telling && long.len() == short.len() + 1 {
        for at in 0..long.len() {
            let mut rest = long.clone();
            let cut = rest.remove(at);
            if &rest == short {
                match cut {
                    Token::Hole => return Some(Difference::Part),
                    Token::Word(_) if at == 0 => return Some(Difference::Prefix),
                    Token::Word(_) => {}
                }
            }
        }
    }
    if a.len() != b.len() {
        return None;
    }
    let sorted = |tokens: &[Token]| {
        let mut tokens = tokens.to_vec();
        tokens.sort();
        tokens
    };
    if sorted(&a) == sorted(&b) && a.iter().filter(|token| is_word(token)).count() >= 2 {
        return Some(Difference::Order);
    }
    let mut differing = a.iter().zip(&b).filter(|(one, other)| one != other);
    match (differing.next(), differing.next()) {
        (Some((Token::Word(one), Token::Word(other))), None) => is_slip(one, other).then_some(Difference::Spelling),
        _ => None,
    }
}

fn tokens(key: &Template) -> Vec<Token> {
    let mut tokens = Vec::new();
    for piece in key.pieces() {
        match piece {
            Piece::Text(text) => {
                let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
                tokens.extend(words.map(|word| Token::Word(word.to_owned())));
            }
            Piece::Hole(_) => tokens.push(Token::Hole),
        }
    }
    tokens
}

fn is_word(token: &Token) -> bool {
    matches!(token, Token::Word(_))
}

fn lower(tokens: &[Token]) -> Vec<Token> {
    let word = |token: &Token| match token {
        Token::Word(word) => Token::Word(word.to_ascii_lowercase()),
        Token::Hole => Token::Hole,
    };
    tokens.iter().map(word).collect()
}

fn unversioned(tokens: &[Token]) -> Vec<Token> {
    let version = |token: &&Token| {
        matches!(token, Token::Word(word)
            if word.strip_prefix('v').is_some_and(|n| !n.is_empty() && n.chars().all(|c| c.is_ascii_digit())))
    };
    tokens.iter().filter(|token| !version(token)).cloned().collect()
}

/// A plural, or one letter too many or two swapped in a word that is long enough.
fn is_slip(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() < other.len() { (one, other) } else { (other, one) };
    let plural = long.strip_suffix('s') == Some(short) && short.len() >= 3;
    let digits = |word: &str| word.chars().any(|c| c.is_ascii_digit());
    plural || (short.len() >= SHORTEST_SLIP && !digits(one) && !digits(other) && one_edit(short, long))
}

fn one_edit(short: &str, long: &str) -> bool {
    let (short, long): (Vec<char>, Vec<char>) = (short.chars().collect(), long.chars().collect());
    let same = short.iter().zip(&long).take_while(|(a, b)| a == b).count();
    let tail = |from: &[char], at: usize| from.get(at..).map(<[char]>::to_vec).unwrap_or_default();
    match long.len() - short.len() {
        // Two letters that changed places. One letter for another makes another word too often: floor, flour.
        0 => {
            same + 1 < short.len()
                && short[same] == long[same + 1]
                && short[same + 1] == long[same]
                && tail(&short, same + 2) == tail(&long, same + 2)
        }
        1 => tail(&short, same) == tail(&long, same + 1),
        _ => false,
    }
}

/// Whether two keys may be one: segment by segment, where a hole stands for any text of its segment; a part that is
/// called a key or the rest of one stands for any number of segments.
pub(super) fn may_be_one(one: &Template, other: &Template) -> bool {
    let open = |key: &Template| key.holes().any(is_open_ended) || key.shape().contains('*');
    if open(one) || open(other) {
        return overlap(&one.shape(), &other.shape());
    }
    let (a, b) = (one.segments(':'), other.segments(':'));
    a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| overlap(&a.shape(), &b.shape()))
}
